// SPDX-License-Identifier: Apache-2.0
// What every guest of the tests includes: checks that go on after a failure, and
// short ways to call the host. A guest ends with `return failed();`.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { ROOT = 3, FOLLOW = __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW };

#define CREAT __WASI_OFLAGS_CREAT
#define EXCL __WASI_OFLAGS_EXCL
#define TRUNC __WASI_OFLAGS_TRUNC
#define DIRECTORY __WASI_OFLAGS_DIRECTORY

#define OK __WASI_ERRNO_SUCCESS
#define E(name) __WASI_ERRNO_##name
#define RIGHT(name) __WASI_RIGHTS_##name

static const u64 kAll = 0x1fffffff;
static const u64 kRead = RIGHT(FD_READ) | RIGHT(FD_SEEK) | RIGHT(FD_TELL) | RIGHT(FD_FILESTAT_GET);
static const u64 kReadWrite = kRead | RIGHT(FD_WRITE) | RIGHT(FD_SYNC) | RIGHT(FD_DATASYNC) |
                              RIGHT(FD_ALLOCATE) | RIGHT(FD_ADVISE) | RIGHT(FD_FILESTAT_SET_SIZE) |
                              RIGHT(FD_FILESTAT_SET_TIMES) | RIGHT(FD_FDSTAT_SET_FLAGS) |
                              RIGHT(POLL_FD_READWRITE);

/// An address as the host gets it.
#define AT(object) ((u32)(uintptr_t)(object))
/// A path as two parameters.
#define PATH(text) AT(text), (u32)strlen(text)

static int failures;

static inline int failed(void) {
  if (failures != 0) printf("%d checks failed\n", failures);
  return failures != 0;
}

static inline void check_number(const char* file, int line, const char* what, long long got, long long want) {
  if (got == want) return;
  ++failures;
  printf("%s:%d: %s is %lld, wanted %lld\n", file, line, what, got, want);
}

/// Goes on after a failure.
#define IS(got, want) check_number(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define CHECK(condition) check_number(__FILE__, __LINE__, #condition, !!(condition), 1)

/// The descriptor, or -1 - errno.
static inline i32 open_at(u32 dir, u32 dirflags, const char* path, u32 oflags, u64 rights, u32 fdflags) {
  u32 fd = 0;
  const u64 inheriting = (oflags & DIRECTORY) != 0 ? kAll : 0;
  const i32 error = path_open(dir, dirflags, PATH(path), oflags, rights, inheriting, fdflags, AT(&fd));
  return error == OK ? (i32)fd : -1 - error;
}
static inline i32 open_file(const char* path, u32 oflags) {
  return open_at(ROOT, FOLLOW, path, oflags, kReadWrite, 0);
}
static inline i32 open_read(const char* path) { return open_at(ROOT, FOLLOW, path, 0, kRead, 0); }
static inline i32 open_dir(const char* path) {
  return open_at(ROOT, FOLLOW, path, DIRECTORY,
                 kAll & ~(RIGHT(FD_WRITE) | RIGHT(FD_READ) | RIGHT(FD_SEEK) | RIGHT(FD_ALLOCATE)), 0);
}
/// What open_at() gives for an errno.
#define NO(name) (-1 - E(name))

static inline u32 put(u32 fd, const char* text) {
  const __wasi_ciovec_t iov = {(const uint8_t*)text, strlen(text)};
  u32 done = 0;
  IS(fd_write(fd, AT(&iov), 1, AT(&done)), OK);
  return done;
}

static inline void write_whole(const char* path, const char* text) {
  const i32 fd = open_file(path, CREAT | TRUNC);
  CHECK(fd > ROOT);
  if (fd < 0) return;
  IS(put((u32)fd, text), strlen(text));
  IS(fd_close((u32)fd), OK);
}

/// True if the file holds exactly `text`.
static inline int holds(const char* path, const char* text) {
  static char buffer[4096];
  const i32 fd = open_read(path);
  if (fd < 0) return 0;
  const __wasi_iovec_t iov = {(uint8_t*)buffer, sizeof(buffer)};
  u32 done = 0;
  const i32 error = fd_read((u32)fd, AT(&iov), 1, AT(&done));
  IS(fd_close((u32)fd), OK);
  return error == OK && done == strlen(text) && memcmp(buffer, text, done) == 0;
}

static inline i32 stat_of(const char* path, __wasi_filestat_t* out) {
  return path_filestat_get(ROOT, 0, PATH(path), AT(out));
}
static inline i32 exists(const char* path) {
  __wasi_filestat_t st;
  return stat_of(path, &st);
}
static inline i32 make_dir(const char* path) { return path_create_directory(ROOT, PATH(path)); }
static inline i32 remove_dir(const char* path) { return path_remove_directory(ROOT, PATH(path)); }
static inline i32 unlink_file(const char* path) { return path_unlink_file(ROOT, PATH(path)); }
static inline i32 rename_to(const char* from, const char* to) {
  return path_rename(ROOT, PATH(from), ROOT, PATH(to));
}

/// How often `name` is listed in the directory, of which all entries are counted in
/// *all; read in pieces of `piece` bytes.
static inline int listed(const char* path, const char* name, u32 piece, int* all) {
  const i32 fd = open_dir(path);
  CHECK(fd > ROOT);
  char* const buffer = malloc(piece);
  int found = 0;
  u64 cookie = 0;
  *all = 0;
  for (;;) {
    u32 used = 0;
    const i32 error = fd_readdir((u32)fd, AT(buffer), piece, cookie, AT(&used));
    IS(error, OK);
    if (error != OK) break;
    u32 at = 0;
    while (used - at >= sizeof(__wasi_dirent_t)) {
      __wasi_dirent_t entry;
      memcpy(&entry, buffer + at, sizeof(entry));
      if (used - at - sizeof(entry) < entry.d_namlen) break;
      const char* const its = buffer + at + sizeof(entry);
      found += entry.d_namlen == strlen(name) && memcmp(its, name, entry.d_namlen) == 0;
      ++*all;
      cookie = entry.d_next;
      at += (u32)sizeof(entry) + entry.d_namlen;
    }
    if (used < piece) break;
    CHECK(at > 0);  // an entry that never fits would be read for ever
    if (at == 0) break;
  }
  free(buffer);
  IS(fd_close((u32)fd), OK);
  return found;
}
