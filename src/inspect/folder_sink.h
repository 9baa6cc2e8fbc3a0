// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/dresser.h"
#include "inspect/open_folders.h"
#include "inspect/tree_copy.h"
#include "wasifs/node.h"

namespace wasifs {

/// A copy of a tree as a directory of the host. Every step goes from a held directory to
/// one name in it, so neither a symlink nor a race in the target leads out of it. A file
/// has its name when it is whole, and directories get their attributes after what is in
/// them. Not thread-safe.
class FolderSink final : public CopySink {
 public:
  struct Options {
    /// Into a directory that is not empty: files that look the same (type, size, owner,
    /// mode, time) are left as they are, others are replaced, and what a run that was
    /// killed has left is removed. Without it such a directory is refused.
    bool overwrite = false;
  };

  /// Makes `path` where it is missing, not the folder it lies in. Trouble::source: it
  /// cannot be used; conflict: it is not empty.
  [[nodiscard]] static Outcome<std::unique_ptr<FolderSink>> create(const std::string& path,
                                                                   const Options& options);
  /// source: `cannot write "PATH": …`. What is in the place of something of another type
  /// is removed; for a directory that is not empty that is an error: nothing is emptied.
  [[nodiscard]] Outcome<void> put(const CopiedEntry& entry) override;
  /// The directories that are still open get their attributes.
  [[nodiscard]] Outcome<void> finish();

  /// What could not be kept, by what it is.
  [[nodiscard]] const std::vector<CopyLoss>& losses() const { return dresser_.losses(); }

 private:
  /// What the target has no place for.
  struct Loss {
    std::string what;
    Errc error;
  };

  FolderSink(std::string path, FilesystemPtr target, const Options& options);

  [[nodiscard]] Outcome<void> enter_parent_of(std::string_view path);
  [[nodiscard]] Outcome<void> leave();

  [[nodiscard]] Status put_directory(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_file(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_hard_link(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_other(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status leave_out(const CopiedEntry& entry, const std::string& what, Errc error);
  [[nodiscard]] bool is_there(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status link_over(Node& parent, std::string_view name, Node& target);
  [[nodiscard]] Status move_over(Node& parent, const std::string& temporary, std::string_view name);
  [[nodiscard]] static Status drop(Node& parent, const std::string& temporary, Status result);
  [[nodiscard]] std::unexpected<Diagnostic> trouble(std::string_view path, Errc error) const;

  const std::string path_;
  const FilesystemPtr target_;
  const Options options_;
  OpenFolders folders_;  ///< from the target to where the copy is
  /// What each of those is to have; nullopt: it stays as it is.
  std::vector<std::optional<Dresser::Last>> ends_;
  Dresser dresser_;
  /// By path, of what has further names.
  std::map<std::string, Loss, std::less<>> left_out_;
};

}  // namespace wasifs
