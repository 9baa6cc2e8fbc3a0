// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    /// Into a directory that is not empty: files that look the same (type, size, mode,
    /// time) are left as they are, others are replaced. Without it such a directory is
    /// refused.
    bool overwrite = false;
  };

  /// Makes `path` where it is missing, not the folder it lies in. Trouble::source: it
  /// cannot be used; conflict: it is not empty.
  [[nodiscard]] static Outcome<std::unique_ptr<FolderSink>> create(const std::string& path,
                                                                   const Options& options);
  ~FolderSink() override;

  /// source: `cannot write "PATH": …`. A directory in the place of something else, and
  /// the other way round, is an error unless it can be removed: nothing is emptied.
  [[nodiscard]] Outcome<void> put(const CopiedEntry& entry) override;
  /// The directories that are still open get their attributes.
  [[nodiscard]] Outcome<void> finish();

  /// What could not be kept, by what it is.
  [[nodiscard]] const std::vector<CopyLoss>& losses() const { return losses_; }

 private:
  struct Frame;

  FolderSink(std::string path, FilesystemPtr target, const Options& options);

  [[nodiscard]] Outcome<void> enter_parent_of(std::string_view path);
  [[nodiscard]] Outcome<void> leave();
  [[nodiscard]] Result<NodeRef> node_of(std::size_t depth);
  [[nodiscard]] Result<NodeRef> find(std::string_view path);

  [[nodiscard]] Status put_directory(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_file(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_hard_link(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status put_other(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] bool is_there(const CopiedEntry& entry, Node& parent, std::string_view name);
  [[nodiscard]] Status link_over(Node& parent, std::string_view name, Node& target);
  [[nodiscard]] Status dress(const CopiedEntry& entry, Node& node, bool with_mode);
  [[nodiscard]] std::unexpected<Diagnostic> trouble(std::string_view path, Errc error) const;

  const std::string path_;
  const FilesystemPtr target_;
  const Options options_;
  std::vector<Frame> open_;  ///< the directories from the target to where the copy is
  std::vector<CopyLoss> losses_;
};

}  // namespace wasifs
