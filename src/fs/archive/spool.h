// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "wasifs/node.h"

namespace wasifs::archive {

/// A file without a name that takes what was decompressed, from its start on, and is
/// then mapped: its content lies in the system's page cache and on a disk, never in
/// this process's memory. Zeros take no room, where the file system can do that. Not
/// thread-safe.
class Spool {
 public:
  /// In the directory `folder`, where it is made when the first byte comes. No more than
  /// `limit` bytes, nor than nine tenths of what is free there; `archive` is whom messages
  /// speak of.
  Spool(std::string archive, std::string folder, std::uint64_t limit);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  /// Adds bytes; where they begin. Trouble::source: no directory, no room in it;
  /// corrupt: more than the limit.
  [[nodiscard]] Outcome<std::uint64_t> add(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// All that was added, for ever. The spool is of no use afterwards.
  [[nodiscard]] Outcome<View> finish();

 private:
  [[nodiscard]] Outcome<void> open();
  [[nodiscard]] Outcome<void> flush();
  [[nodiscard]] Diagnostic trouble(const std::string& what, int error) const;

  const std::string archive_;
  const std::string folder_;
  std::uint64_t limit_;
  int fd_ = -1;
  bool leaves_holes_ = false;  ///< zeros are not written
  std::uint64_t size_ = 0;
  std::unique_ptr<std::byte[]> buffer_;  ///< small pieces on their way to the file
  std::size_t buffered_ = 0;
};

}  // namespace wasifs::archive
