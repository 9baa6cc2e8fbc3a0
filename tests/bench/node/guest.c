// SPDX-License-Identifier: Apache-2.0
// Loops over single calls of WASI, so that what is measured is the call. No C
// library: clang --target=wasm32-wasi -O2 -nostdlib -Wl,--no-entry.
#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))
typedef unsigned u32;
typedef unsigned long long u64;

IMPORT(path_open)
u32 path_open(u32 fd, u32 dirflags, const char *path, u32 length, u32 oflags, u64 base, u64 inheriting, u32 fdflags,
              u32 *out);
IMPORT(fd_close) u32 fd_close(u32 fd);
IMPORT(fd_pread) u32 fd_pread(u32 fd, const void *iovs, u32 count, u64 offset, u32 *out);
IMPORT(path_filestat_get) u32 path_filestat_get(u32 fd, u32 flags, const char *path, u32 length, void *out);
IMPORT(fd_readdir) u32 fd_readdir(u32 fd, void *buffer, u32 length, u64 cookie, u32 *out);

static const char kFile[] = "usr/lib/python/site/module.py";
static const u64 kReading = 1 << 1 | 1 << 2 | 1 << 14 | 1 << 21;
static char buffer[32768];
static u32 out;

static u32 open_path(const char *path, u32 length) {
  if (path_open(3, 0, path, length, 0, kReading, 0, 0, &out) != 0) __builtin_trap();
  return out;
}

// Each gives how many calls it has made.
EXPORT(open_close) u32 open_close(u32 rounds) {
  for (u32 i = 0; i < rounds; ++i)
    if (fd_close(open_path(kFile, sizeof kFile - 1)) != 0) __builtin_trap();
  return rounds;
}

EXPORT(pread_4k) u32 pread_4k(u32 rounds) {
  u32 fd = open_path(kFile, sizeof kFile - 1);
  struct {
    void *data;
    u32 size;
  } iov = {buffer, 4096};
  for (u32 i = 0; i < rounds; ++i)
    if (fd_pread(fd, &iov, 1, 8192, &out) != 0 || out != 4096) __builtin_trap();
  fd_close(fd);
  return rounds;
}

EXPORT(filestat_get) u32 filestat_get(u32 rounds) {
  for (u32 i = 0; i < rounds; ++i)
    if (path_filestat_get(3, 0, kFile, sizeof kFile - 1, buffer) != 0) __builtin_trap();
  return rounds;
}

// Lists a directory of 1,000 names until `rounds` of them were seen.
EXPORT(readdir) u32 readdir(u32 rounds) {
  u32 seen = 0;
  while (seen < rounds) {
    u32 fd = open_path("many", 4);
    for (u64 cookie = 0;;) {
      if (fd_readdir(fd, buffer, sizeof buffer, cookie, &out) != 0) __builtin_trap();
      for (u32 at = 0; at + 24 <= out; ++seen) {
        u32 length = *(u32 *)(buffer + at + 16);
        if (at + 24 + length > out) break;
        cookie = *(u64 *)(buffer + at);
        at += 24 + length;
      }
      if (out < sizeof buffer) break;
    }
    fd_close(fd);
  }
  return seen;
}
