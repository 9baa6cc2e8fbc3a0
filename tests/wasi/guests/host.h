// SPDX-License-Identifier: Apache-2.0
// The functions of the host by their import modules, each parameter as the number
// that is handed over: a guest that tests may pass addresses which are none.
#pragma once

#include <stdint.h>
#include <wasi/api.h>  // for its numbers and layouts; nothing of it is called

typedef int32_t i32;
typedef uint32_t u32;
typedef uint64_t u64;

#define P1_FUNCTIONS(X)                                                                                    \
  X(args_get, (u32 argv, u32 buffer))                                                                      \
  X(args_sizes_get, (u32 count, u32 size))                                                                 \
  X(environ_get, (u32 environ, u32 buffer))                                                                \
  X(environ_sizes_get, (u32 count, u32 size))                                                              \
  X(clock_res_get, (u32 id, u32 out))                                                                      \
  X(clock_time_get, (u32 id, u64 precision, u32 out))                                                      \
  X(fd_advise, (u32 fd, u64 offset, u64 length, u32 advice))                                               \
  X(fd_allocate, (u32 fd, u64 offset, u64 length))                                                         \
  X(fd_close, (u32 fd))                                                                                    \
  X(fd_datasync, (u32 fd))                                                                                 \
  X(fd_fdstat_get, (u32 fd, u32 out))                                                                      \
  X(fd_fdstat_set_flags, (u32 fd, u32 flags))                                                              \
  X(fd_fdstat_set_rights, (u32 fd, u64 base, u64 inheriting))                                              \
  X(fd_filestat_get, (u32 fd, u32 out))                                                                    \
  X(fd_filestat_set_size, (u32 fd, u64 size))                                                              \
  X(fd_filestat_set_times, (u32 fd, u64 atim, u64 mtim, u32 flags))                                        \
  X(fd_pread, (u32 fd, u32 iovs, u32 count, u64 offset, u32 done))                                         \
  X(fd_prestat_get, (u32 fd, u32 out))                                                                     \
  X(fd_prestat_dir_name, (u32 fd, u32 path, u32 length))                                                   \
  X(fd_pwrite, (u32 fd, u32 iovs, u32 count, u64 offset, u32 done))                                        \
  X(fd_read, (u32 fd, u32 iovs, u32 count, u32 done))                                                      \
  X(fd_readdir, (u32 fd, u32 buffer, u32 length, u64 cookie, u32 used))                                    \
  X(fd_renumber, (u32 fd, u32 to))                                                                         \
  X(fd_seek, (u32 fd, u64 offset, u32 whence, u32 out))                                                    \
  X(fd_sync, (u32 fd))                                                                                     \
  X(fd_tell, (u32 fd, u32 out))                                                                            \
  X(fd_write, (u32 fd, u32 iovs, u32 count, u32 done))                                                     \
  X(path_create_directory, (u32 fd, u32 path, u32 length))                                                 \
  X(path_filestat_get, (u32 fd, u32 flags, u32 path, u32 length, u32 out))                                 \
  X(path_filestat_set_times, (u32 fd, u32 flags, u32 path, u32 length, u64 atim, u64 mtim, u32 fst_flags)) \
  X(path_link, (u32 from_fd, u32 flags, u32 from, u32 from_length, u32 to_fd, u32 to, u32 to_length))      \
  X(path_open, (u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,          \
                u32 fdflags, u32 out))                                                                     \
  X(path_readlink, (u32 fd, u32 path, u32 length, u32 buffer, u32 size, u32 used))                         \
  X(path_remove_directory, (u32 fd, u32 path, u32 length))                                                 \
  X(path_rename, (u32 from_fd, u32 from, u32 from_length, u32 to_fd, u32 to, u32 to_length))               \
  X(path_symlink, (u32 text, u32 text_length, u32 fd, u32 path, u32 length))                               \
  X(path_unlink_file, (u32 fd, u32 path, u32 length))                                                      \
  X(poll_oneoff, (u32 in, u32 out, u32 count, u32 events))                                                 \
  X(proc_raise, (u32 signal))                                                                              \
  X(sched_yield, (void))                                                                                   \
  X(random_get, (u32 buffer, u32 length))                                                                  \
  X(sock_accept, (u32 fd, u32 flags, u32 out))                                                             \
  X(sock_recv, (u32 fd, u32 data, u32 count, u32 flags, u32 size, u32 out_flags))                          \
  X(sock_send, (u32 fd, u32 data, u32 count, u32 flags, u32 size))                                         \
  X(sock_shutdown, (u32 fd, u32 how))

#define IMPORT(module, name) __attribute__((import_module(module), import_name(#name)))
#define P1(name, parameters) IMPORT("wasi_snapshot_preview1", name) i32 name parameters;
#define UNSTABLE(name, parameters) IMPORT("wasi_unstable", name) i32 unstable_##name parameters;
#define WASIX(name, parameters) IMPORT("wasix_32v1", name) i32 wasix_##name parameters;

P1_FUNCTIONS(P1)
P1_FUNCTIONS(UNSTABLE)
P1_FUNCTIONS(WASIX)
IMPORT("wasi_snapshot_preview1", proc_exit) _Noreturn void proc_exit(u32 code);
WASIX(getcwd, (u32 buffer, u32 size_inout))
WASIX(chdir, (u32 path, u32 length))
WASIX(fd_dup, (u32 fd, u32 out))
WASIX(fd_dup2, (u32 fd, u32 lowest, u32 close_on_exec, u32 out))
WASIX(fd_fdflags_get, (u32 fd, u32 out))
WASIX(fd_fdflags_set, (u32 fd, u32 flags))
WASIX(path_open2, (u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,
                   u32 fdflags, u32 fdflagsext, u32 out))
