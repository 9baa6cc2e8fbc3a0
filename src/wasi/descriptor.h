// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wasi/abi.h"
#include "wasifs/tree.h"
#include "wasifs/wasi_host.h"

namespace wasifs::wasi {

/// What one or more descriptors refer to: POSIX's open file description. It has the
/// cursor and the flags; the rights are the descriptor's.
struct OpenFile {
  enum class Kind : std::uint8_t { stream, file, directory };

  Kind kind = Kind::file;
  VNode node;        ///< of a file or directory
  VNode parent;      ///< of a directory: what ".." tells the number of
  StreamPtr stream;  ///< of a stream

  /// Guards all that follows. Held while a file is read or written, so that the
  /// cursor moves by what was done; not while a stream is. Taken after the table's
  /// lock was given back, and nothing but the tree's locks is taken under it.
  std::mutex mutex;
  FilePtr file;  ///< of a file
  DirPtr dir;    ///< of a directory; null until it is read first
  u64 offset = 0;
  u32 flags = 0;  ///< fdflag

  [[nodiscard]] Filetype filetype() const {
    if (kind != Kind::stream) return filetype_of(node.type());
    return stream->is_terminal() ? Filetype::character_device : Filetype::unknown;
  }
};
using OpenFilePtr = std::shared_ptr<OpenFile>;

struct Descriptor {
  OpenFilePtr open;
  RightSet base = 0;
  RightSet inheriting = 0;
  /// The name that the guest finds a preopened directory under.
  std::optional<std::string> preopen = std::nullopt;
  bool close_on_exec = false;
};

/// The descriptors of a guest: small numbers, the lowest free one first.
/// Thread-safe.
class FdTable {
 public:
  explicit FdTable(std::size_t max) : max_(max) {}

  /// The lowest free number from `from` on. mfile.
  [[nodiscard]] Answer<u32> add(Descriptor descriptor, u32 from = 0);
  /// True if add() has room, unless another thread is faster.
  [[nodiscard]] bool has_room() const;
  /// A copy. badf; notcapable if it lacks one of `needed`.
  [[nodiscard]] Answer<Descriptor> get(u32 fd, RightSet needed = 0) const;
  /// The same without the name of a preopen, which costs a copy.
  struct Use {
    OpenFilePtr open;
    RightSet base = 0;
    RightSet inheriting = 0;
    bool from_preopen = false;  ///< the descriptor is a preopen
  };
  [[nodiscard]] Answer<Use> use(u32 fd, RightSet needed) const;
  [[nodiscard]] Errno close(u32 fd);
  /// `from` becomes `to`; what `to` was is closed. badf: either is not open.
  [[nodiscard]] Errno renumber(u32 from, u32 to);
  /// Takes rights away. notcapable: some of them were not there.
  [[nodiscard]] Errno restrict_to(u32 fd, RightSet base, RightSet inheriting);
  [[nodiscard]] Errno set_close_on_exec(u32 fd, bool on);

 private:
  [[nodiscard]] const Descriptor* find(u32 fd) const {
    return fd < slots_.size() && slots_[fd].open != nullptr ? &slots_[fd] : nullptr;
  }
  [[nodiscard]] Descriptor* find(u32 fd) {
    return const_cast<Descriptor*>(static_cast<const FdTable*>(this)->find(fd));
  }

  const std::size_t max_;
  mutable std::mutex mutex_;
  std::vector<Descriptor> slots_;  ///< by number; free ones have nothing open
  std::size_t used_ = 0;
  u32 lowest_ = 0;  ///< nothing below is free
};

}  // namespace wasifs::wasi
