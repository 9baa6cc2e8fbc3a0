// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fs/host/layer.h"
#include "wasifs/node.h"

namespace wasifs::host {

/// The names of a directory, as they were at one moment.
struct Names {
  struct Entry {
    std::size_t at;  ///< in `text`
    std::uint64_t ino;
    FileType type;      ///< as the directory tells; regular where it does not
    std::uint8_t size;  ///< of the name, without its NUL
  };
  std::string text;  ///< the names, each with a NUL
  std::vector<Entry> entries;
};

/// What the directory `fd`, which is at its start, has now.
[[nodiscard]] Result<std::shared_ptr<Names>> read_names(int fd);

/// An open directory of the host. Cookie n continues behind the n-th name of the
/// snapshot that the read from cookie 0 took. (The host's own offsets would not
/// do: they do not promise each name exactly once while others come and go.)
///
/// What is told of a name besides is found out when it is delivered, by a statx
/// of each: the number in the directory is that of the covered directory for a
/// mount point, and another one than stat's in btrfs subvolumes, overlayfs and
/// some FUSE file systems, and there is no cheaper question that tells a
/// directory where this cannot happen. A name that has gone meanwhile is left
/// out; one that may not be looked at is told as the directory has it.
class HostDir final : public Dir {
 public:
  HostDir(Layer& layer, UniqueFd fd) : layer_(layer), fd_(std::move(fd)) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override;

 private:
  [[nodiscard]] Result<std::shared_ptr<const Names>> names(bool fresh);
  [[nodiscard]] bool describe(const char* name, DirEntry& entry) const;

  Layer& layer_;
  const UniqueFd fd_;
  std::mutex mutex_;  ///< guards names_ and the descriptor's position; held for no callback
  std::shared_ptr<const Names> names_;
};

}  // namespace wasifs::host
