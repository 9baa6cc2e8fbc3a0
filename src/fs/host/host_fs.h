// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "wasifs/node.h"

namespace wasifs {

/// A directory (or single file) of the host as a layer. Every step is one
/// component opened relative to a held descriptor with openat2(RESOLVE_BENEATH
/// | RESOLVE_NO_MAGICLINKS) and O_NOFOLLOW, so no "..", symlink or race leaves
/// the mapped directory. Changed by others at any time; nothing is cached but
/// the identity of nodes somebody holds.
class HostFilesystem final : public Filesystem {
 public:
  enum class Symlinks : std::uint8_t {
    contain,  ///< shown; an absolute text starts at the mapped directory
    deny,     ///< shown by lookup and stat, but read_link answers eacces
  };
  struct Options {
    bool read_only = false;
    Symlinks symlinks = Symlinks::contain;
    /// A directory beside the one that is shown, on the same file system: work(). ""
    /// is none. Nobody else may use it at the same time.
    std::string work = {};
  };

  /// `path` must exist; a trailing symlink is followed once, here. The
  /// Diagnostic says what is wrong with the path (Trouble::source) and has no
  /// place: the caller knows the manifest line.
  [[nodiscard]] static Outcome<std::shared_ptr<HostFilesystem>> open(const std::string& path,
                                                                     Options options);
  ~HostFilesystem() override;

  [[nodiscard]] NodeRef root() override;
  /// Options::work: nodes can be moved and linked between it and what root() shows.
  /// Null: none was asked for.
  [[nodiscard]] NodeRef work() const;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] std::string describe() const override;
  /// As the kernel knows it (/proc/self/fd): right after renames by others too.
  [[nodiscard]] std::string path_of(Node& node) override;

 private:
  struct State;
  explicit HostFilesystem(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wasifs
