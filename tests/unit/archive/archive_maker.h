// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/archive/archive_fs.h"

namespace wasifs::test {

/// An entry of an archive that libarchive writes.
struct ArchiveItem {
  std::string path;
  FileType type = FileType::regular;
  std::string data = {};  ///< content, text of a symlink; of a hard link what it is one to
  bool hard_link = false;
  std::uint16_t mode = 0644;
  Time mtime = {};
  std::uint64_t rdev = 0;
  std::int64_t ino = 0;  ///< by which cpio knows hard links; 0: none
  std::vector<std::pair<std::string, std::string>> xattrs = {};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> segments = {};  ///< offset and length; none: no holes
};

[[nodiscard]] ArchiveItem dir_item(std::string path, std::uint16_t mode = 0755);
[[nodiscard]] ArchiveItem link_item(std::string path, std::string text);
[[nodiscard]] ArchiveItem hard_link_item(std::string path, std::string target);

/// `format` and `filter` as libarchive names them: "pax", "zip", "7zip", "cpio"…, "gzip",
/// "xz"…, "none"; `options` for both, such as "zip:compression=store". Throws
/// std::runtime_error.
[[nodiscard]] std::string make_archive(std::string_view format, const std::vector<ArchiveItem>& items,
                                       std::string_view filter = "none", std::string_view options = {});

/// A tar by hand, for what no writer would write.
class RawTar {
 public:
  /// A header block, with the checksum as it must be, and the data padded to blocks.
  RawTar& entry(std::string_view name, std::string_view data = {}, char type = '0',
                std::string_view link = {});
  /// With a size that is not that of the data.
  RawTar& lying(std::string_view name, std::string_view size_in_octal, std::string_view data = {});
  [[nodiscard]] std::string finish();

 private:
  void header(std::string_view name, std::string_view size, char type, std::string_view link);
  void pad();
  std::string bytes_;
};

/// `bytes` opened, with what was decompressed in memory. Throws with the Diagnostic's text.
[[nodiscard]] std::shared_ptr<archive::ArchiveFilesystem> open_archive(std::string bytes,
                                                                       archive::OpenOptions options = {});
/// Why it is refused; "" where it is not.
[[nodiscard]] std::string refusal(std::string bytes, archive::OpenOptions options = {});

/// What is in it, a line each: path, type and mode, links, text or content.
[[nodiscard]] std::string listing(Filesystem& fs);

/// The content of a file.
[[nodiscard]] std::string content(Filesystem& fs, std::string_view path);
/// Throws where nothing is there.
[[nodiscard]] NodeRef node_at(Filesystem& fs, std::string_view path);

}  // namespace wasifs::test
