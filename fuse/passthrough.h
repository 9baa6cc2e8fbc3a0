// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "wasifs/node.h"

namespace wasifs::fuse {

class Inode;

/// The way that the bytes of an open file take.
enum class DataWay : std::uint8_t {
  cached,       ///< through us, and the kernel's pages
  passthrough,  ///< from the host file that holds them, without us
};

/// The host files that the kernel reads and writes itself for files of ours. Those are
/// the files whose content a host file is, as it is (File::native_range).
///
/// The kernel wants all opens of an inode that are alive at a time to go one way: past
/// us, or through its pages. So an inode that was opened before it had a host file (a
/// copy-up has given it one) keeps to its pages until all of those are closed.
///
/// Writes that do not come to us take set-id bits away all the same, whoever writes:
/// the host does it, for whom we ask to be no one that may keep them. A file that has
/// such bits when it is opened for writing, and by nobody else, goes through us, who can
/// tell.
///
/// Thread-safe. What an open file adds is taken back by leave().
class Passthrough {
 public:
  Passthrough() = default;
  Passthrough(const Passthrough&) = delete;
  Passthrough& operator=(const Passthrough&) = delete;

  /// `device`: /dev/fuse of the session that has agreed to it. Without this call
  /// nothing goes past us.
  void attach(int device) noexcept { device_ = device; }

  /// `file` is open for `inode` from now on: which way, and `backing` is what the
  /// kernel calls its host file then. `set_ids`: it is written, and has such bits.
  [[nodiscard]] DataWay enter(const Inode& inode, File& file, bool set_ids, std::int32_t& backing);
  void leave(const Inode& inode, DataWay way) noexcept;

  /// "off", "on", or "refused": the kernel grants it to the privileged only.
  [[nodiscard]] std::string_view state() const noexcept;

 private:
  /// The open files of an inode.
  struct Use {
    std::int32_t backing = 0;  ///< 0: none
    unsigned passing = 0;
    unsigned cached = 0;
  };
  /// 0: it cannot have one.
  [[nodiscard]] std::int32_t make_backing(File& file) noexcept;

  std::atomic<int> device_{-1};
  std::atomic<bool> refused_{false};
  std::mutex lock_;
  std::unordered_map<const Inode*, Use> uses_;
};

}  // namespace wasifs::fuse
