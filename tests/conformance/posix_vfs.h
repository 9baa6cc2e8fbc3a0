// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vfs.h"

namespace wasifs::test {

/// A directory of the host seen through system calls: a mount of ours, or a
/// plain directory that shows what the host's own file system answers. Sets the
/// umask of the process to 0.
class PosixVfs final : public Vfs {
 public:
  explicit PosixVfs(std::string directory);

  Result<Attr> stat(std::string_view path) override;
  Result<Attr> lstat(std::string_view path) override;
  Result<HandlePtr> open(std::string_view path, OpenMode mode) override;
  Result<HandlePtr> open_anonymous(std::string_view dir, std::uint16_t mode) override;
  Status name_anonymous(Handle& handle, std::string_view path) override;
  Result<ListingPtr> open_dir(std::string_view path) override;
  Result<std::string> read_link(std::string_view path) override;
  Status make(std::string_view path, const NewNode& what) override;
  Status link(std::string_view existing, std::string_view path) override;
  Status unlink(std::string_view path) override;
  Status rmdir(std::string_view path) override;
  Status rename(std::string_view from, std::string_view to, RenameMode mode) override;
  Status set_attr(std::string_view path, const SetAttr& change) override;
  Result<std::string> get_xattr(std::string_view path, std::string_view name) override;
  Result<std::vector<std::string>> list_xattrs(std::string_view path) override;
  Status set_xattr(std::string_view path, std::string_view name, std::string_view value,
                   XattrMode mode) override;
  Status remove_xattr(std::string_view path, std::string_view name) override;
  Result<StatFs> statfs(std::string_view path) override;

 private:
  [[nodiscard]] std::string at(std::string_view path) const { return directory_ + std::string(path); }
  [[nodiscard]] Result<Attr> attr_of(std::string_view path, int flags) const;

  std::string directory_;
};

}  // namespace wasifs::test
