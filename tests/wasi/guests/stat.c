// SPDX-License-Identifier: Apache-2.0
// Attributes: layouts by their bytes, times, links, inode numbers.
#include "check.h"

static void layout(void) {
  IS(sizeof(__wasi_filestat_t), 64);
  uint8_t raw[65];
  memset(raw, 0xee, sizeof(raw));
  IS(path_filestat_get(ROOT, 0, PATH("file.txt"), AT(raw)), OK);
  IS(raw[64], 0xee);
  IS(raw[16], __WASI_FILETYPE_REGULAR_FILE);
  u64 nlink = 0, size = 0;
  memcpy(&nlink, raw + 24, 8);
  memcpy(&size, raw + 32, 8);
  IS(nlink, 1);
  IS(size, 6);
}

static void same_by_name_and_descriptor(void) {
  __wasi_filestat_t by_name, by_fd;
  const i32 fd = open_file("dir/a", 0);
  IS(stat_of("dir/a", &by_name), OK);
  IS(fd_filestat_get((u32)fd, AT(&by_fd)), OK);
  CHECK(by_name.ino != 0 && by_name.ino == by_fd.ino && by_name.dev == by_fd.dev);
  // Writing copies the file up where it lay below; its number stays.
  IS(put((u32)fd, "changed"), 7);
  IS(stat_of("dir/a", &by_name), OK);
  IS(by_name.ino, by_fd.ino);
  IS(by_name.size, 7);
  IS(fd_close((u32)fd), OK);
}

static void links_are_followed_or_not(void) {
  __wasi_filestat_t link, target;
  IS(path_filestat_get(ROOT, 0, PATH("link"), AT(&link)), OK);
  IS(link.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
  IS(path_filestat_get(ROOT, FOLLOW, PATH("link"), AT(&target)), OK);
  IS(target.filetype, __WASI_FILETYPE_REGULAR_FILE);
  CHECK(link.ino != target.ino);
  IS(path_filestat_get(ROOT, FOLLOW, PATH("dangling"), AT(&target)), E(NOENT));
  IS(path_filestat_get(ROOT, 0, PATH("dangling"), AT(&target)), OK);
  IS(path_filestat_get(ROOT, 2, PATH("link"), AT(&target)), E(INVAL));
}

static void times(void) {
  __wasi_filestat_t st;
  const u64 a = 1000000000123456789u, m = 1100000000987654321u;
  const u32 both = __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
  IS(path_filestat_set_times(ROOT, 0, PATH("dir/b"), a, m, both), OK);
  IS(stat_of("dir/b", &st), OK);
  IS(st.atim, a);
  IS(st.mtim, m);
  const i32 fd = open_file("dir/b", 0);
  IS(fd_filestat_set_times((u32)fd, 5, 7, __WASI_FSTFLAGS_MTIM), OK);
  IS(fd_filestat_get((u32)fd, AT(&st)), OK);
  IS(st.atim, a);
  IS(st.mtim, 7);
  IS(fd_filestat_set_times((u32)fd, 0, 0, __WASI_FSTFLAGS_ATIM_NOW), OK);
  IS(fd_filestat_get((u32)fd, AT(&st)), OK);
  CHECK(st.atim > m);
  IS(st.mtim, 7);
  // Both at once say two things.
  IS(fd_filestat_set_times((u32)fd, 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW), E(INVAL));
  IS(fd_filestat_set_times((u32)fd, 0, 0, 0x10), E(INVAL));
  IS(fd_close((u32)fd), OK);
}

static void standard_streams(void) {
  __wasi_fdstat_t st;
  for (u32 fd = 0; fd < 3; ++fd) {
    IS(fd_fdstat_get(fd, AT(&st)), OK);
    CHECK(st.fs_filetype != __WASI_FILETYPE_REGULAR_FILE && st.fs_filetype != __WASI_FILETYPE_DIRECTORY);
    // isatty() of wasi-libc: a character device that cannot seek.
    CHECK((st.fs_rights_base & (RIGHT(FD_SEEK) | RIGHT(FD_TELL))) == 0);
  }
}

int main(void) {
  layout();
  same_by_name_and_descriptor();
  links_are_followed_or_not();
  times();
  standard_streams();
  return failed();
}
