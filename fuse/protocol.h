// SPDX-License-Identifier: Apache-2.0
#pragma once

// What of the kernel's FUSE protocol is younger than libfuse 3.14 or the headers of
// Debian bookworm, or hidden by libfuse. Source: <linux/fuse.h> of Linux 6.9. For
// .cpp files only.
#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace wasifs::fuse {

/// Protocol 7.39, Linux 6.6.
constexpr std::uint32_t kStatx = 52;

/// Our half of the answer to it: how long the attributes hold, and they themselves,
/// which the protocol lays out as statx(2) does.
struct StatxAnswer {
  fuse_out_header header;
  std::uint64_t valid_sec;
  std::uint32_t valid_nsec;
  std::uint32_t flags;
  std::array<std::uint64_t, 2> spare;
  struct statx attributes;
};
static_assert(offsetof(StatxAnswer, attributes) == 48 && sizeof(struct statx) == 256);

// Protocol 7.40, Linux 6.9: reads and writes of a file that go past us to a host file.
constexpr std::uint32_t kOpenPassthrough = 1U << 7U;   ///< in the answer to an open
constexpr std::uint32_t kPassthroughFlag2 = 1U << 5U;  ///< of flags2 in INIT, bit 37 of both
constexpr std::uint32_t kDepthOfOne = 1;               ///< the host file's file system stacks on none

/// The answer to an open.
struct OpenAnswer {
  std::uint64_t handle = 0;
  std::uint32_t flags = 0;
  std::int32_t backing = 0;
};
static_assert(sizeof(OpenAnswer) == sizeof(fuse_open_out));

struct BackingMap {
  std::int32_t fd = -1;
  std::uint32_t flags = 0;
  std::uint64_t padding = 0;
};
constexpr unsigned long kBackingOpen = _IOW(229, 1, BackingMap);
constexpr unsigned long kBackingClose = _IOW(229, 2, std::uint32_t);

/// The answer to INIT as far as we look at it; the kernel reads what is there.
struct InitAnswer {
  std::uint32_t major;
  std::uint32_t minor;
  std::uint32_t max_readahead;
  std::uint32_t flags;
  std::uint16_t max_background;
  std::uint16_t congestion_threshold;
  std::uint32_t max_write;
  std::uint32_t time_gran;
  std::uint16_t max_pages;
  std::uint16_t map_alignment;
  std::uint32_t flags2;
  std::uint32_t max_stack_depth;
};
static_assert(offsetof(InitAnswer, flags2) == offsetof(fuse_init_out, flags2) &&
              sizeof(InitAnswer) <= sizeof(fuse_init_out));

}  // namespace wasifs::fuse
