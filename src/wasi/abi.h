// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>

#include "wasifs/types.h"
#include "wasifs/wasi.h"

/// Numbers and layouts of WASI as its witx files define them: preview1 (snapshot 1),
/// wasi_unstable (snapshot 0) and wasix_32v1.
namespace wasifs::wasi {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// A value, or what the guest is told instead.
template <class T>
using Answer = std::expected<T, Errno>;

[[nodiscard]] inline std::unexpected<Errno> refuse(Errno error) { return std::unexpected(error); }

/// What a descriptor may be used for: a set of bits.
using RightSet = u64;

namespace right {
inline constexpr RightSet fd_datasync = 1ULL << 0;
inline constexpr RightSet fd_read = 1ULL << 1;
inline constexpr RightSet fd_seek = 1ULL << 2;
inline constexpr RightSet fd_fdstat_set_flags = 1ULL << 3;
inline constexpr RightSet fd_sync = 1ULL << 4;
inline constexpr RightSet fd_tell = 1ULL << 5;
inline constexpr RightSet fd_write = 1ULL << 6;
inline constexpr RightSet fd_advise = 1ULL << 7;
inline constexpr RightSet fd_allocate = 1ULL << 8;
inline constexpr RightSet path_create_directory = 1ULL << 9;
inline constexpr RightSet path_create_file = 1ULL << 10;
inline constexpr RightSet path_link_source = 1ULL << 11;
inline constexpr RightSet path_link_target = 1ULL << 12;
inline constexpr RightSet path_open = 1ULL << 13;
inline constexpr RightSet fd_readdir = 1ULL << 14;
inline constexpr RightSet path_readlink = 1ULL << 15;
inline constexpr RightSet path_rename_source = 1ULL << 16;
inline constexpr RightSet path_rename_target = 1ULL << 17;
inline constexpr RightSet path_filestat_get = 1ULL << 18;
inline constexpr RightSet path_filestat_set_size = 1ULL << 19;
inline constexpr RightSet path_filestat_set_times = 1ULL << 20;
inline constexpr RightSet fd_filestat_get = 1ULL << 21;
inline constexpr RightSet fd_filestat_set_size = 1ULL << 22;
inline constexpr RightSet fd_filestat_set_times = 1ULL << 23;
inline constexpr RightSet path_symlink = 1ULL << 24;
inline constexpr RightSet path_remove_directory = 1ULL << 25;
inline constexpr RightSet path_unlink_file = 1ULL << 26;
inline constexpr RightSet poll_fd_readwrite = 1ULL << 27;

/// What means something for a directory, ...
inline constexpr RightSet of_directories =
    fd_datasync | fd_fdstat_set_flags | fd_sync | path_create_directory | path_create_file |
    path_link_source | path_link_target | path_open | fd_readdir | path_readlink | path_rename_source |
    path_rename_target | path_filestat_get | path_filestat_set_size | path_filestat_set_times |
    fd_filestat_get | fd_filestat_set_times | path_symlink | path_remove_directory | path_unlink_file;
/// ... for a file, ...
inline constexpr RightSet of_files = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync |
                                     fd_tell | fd_write | fd_advise | fd_allocate | fd_filestat_get |
                                     fd_filestat_set_size | fd_filestat_set_times | poll_fd_readwrite;
/// ... and for a standard stream. Without seek and tell a character device is what
/// the C library takes for a terminal.
inline constexpr RightSet of_streams =
    fd_read | fd_write | fd_fdstat_set_flags | fd_filestat_get | poll_fd_readwrite;
}  // namespace right

/// The rights of a preopen and of all that is opened through it.
[[nodiscard]] RightSet rights_of(const Rights& rights);

namespace fdflag {
inline constexpr u32 append = 1;
inline constexpr u32 dsync = 2;
inline constexpr u32 nonblock = 4;
inline constexpr u32 rsync = 8;
inline constexpr u32 sync = 16;
inline constexpr u32 all = 31;
}  // namespace fdflag

namespace oflag {
inline constexpr u32 creat = 1;
inline constexpr u32 directory = 2;
inline constexpr u32 excl = 4;
inline constexpr u32 trunc = 8;
inline constexpr u32 all = 15;
}  // namespace oflag

namespace lookupflag {
inline constexpr u32 symlink_follow = 1;
}

namespace fstflag {
inline constexpr u32 atim = 1;
inline constexpr u32 atim_now = 2;
inline constexpr u32 mtim = 4;
inline constexpr u32 mtim_now = 8;
inline constexpr u32 all = 15;
}  // namespace fstflag

/// `filetype`. WASI has no word for a FIFO.
enum class Filetype : std::uint8_t {
  unknown = 0,
  block_device = 1,
  character_device = 2,
  directory = 3,
  regular_file = 4,
  socket_dgram = 5,
  socket_stream = 6,
  symbolic_link = 7,
};
[[nodiscard]] Filetype filetype_of(FileType type);

enum class Whence : std::uint8_t { set, cur, end };

/// Where the members of a struct lie that the ABIs have in different shapes. All
/// offsets and sizes are bytes.
struct Shape {
  Whence whence[3];  ///< by number

  struct {
    u32 size;
    u32 nlink;
    u32 nlink_size;
    u32 file_size;
    u32 times;  ///< atim, mtim, ctim: 8 bytes each
  } filestat;

  struct {
    u32 size;
    u32 clock_id;
    u32 timeout;
    u32 flags;
  } subscription;
};

inline constexpr Shape kSnapshot1{
    .whence = {Whence::set, Whence::cur, Whence::end},
    .filestat = {.size = 64, .nlink = 24, .nlink_size = 8, .file_size = 32, .times = 40},
    .subscription = {.size = 48, .clock_id = 16, .timeout = 24, .flags = 40}};
inline constexpr Shape kSnapshot0{
    .whence = {Whence::cur, Whence::end, Whence::set},
    .filestat = {.size = 56, .nlink = 20, .nlink_size = 4, .file_size = 24, .times = 32},
    .subscription = {.size = 56, .clock_id = 24, .timeout = 32, .flags = 48}};

/// The guest's number for an error of the tree.
[[nodiscard]] Errno errno_of(Errc error, ErrorNumbers numbers);

}  // namespace wasifs::wasi
