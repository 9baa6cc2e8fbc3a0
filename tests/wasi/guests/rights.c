// SPDX-License-Identifier: Apache-2.0
// Rights, flags and numbers of descriptors.
#include "check.h"

static __wasi_fdstat_t stat_fd(i32 fd) {
  __wasi_fdstat_t st;
  memset(&st, 0, sizeof(st));
  IS(fd_fdstat_get((u32)fd, AT(&st)), OK);
  return st;
}

static void of_what_is_opened(void) {
  IS(sizeof(__wasi_fdstat_t), 24);
  const __wasi_fdstat_t root = stat_fd(ROOT);
  IS(root.fs_filetype, __WASI_FILETYPE_DIRECTORY);
  CHECK((root.fs_rights_base & RIGHT(PATH_OPEN)) != 0);
  CHECK((root.fs_rights_inheriting & RIGHT(FD_WRITE)) != 0);
  const i32 fd = open_read("file.txt");
  IS(stat_fd(fd).fs_filetype, __WASI_FILETYPE_REGULAR_FILE);
  IS(stat_fd(fd).fs_rights_base & ~kRead, 0);
  const __wasi_ciovec_t iov = {(const uint8_t*)"x", 1};
  u32 done = 0;
  // A file that was opened to be read is not written to.
  const i32 error = fd_write((u32)fd, AT(&iov), 1, AT(&done));
  CHECK(error == E(BADF) || error == E(NOTCAPABLE));
  IS(fd_close((u32)fd), OK);
  CHECK(holds("file.txt", "hello\n"));
}

static void can_be_given_up_only(void) {
  const i32 fd = open_file("file.txt", 0);
  IS(fd_fdstat_set_rights((u32)fd, RIGHT(FD_READ), 0), OK);
  IS(stat_fd(fd).fs_rights_base, RIGHT(FD_READ));
  IS(fd_fdstat_set_rights((u32)fd, RIGHT(FD_READ) | RIGHT(FD_WRITE), 0), E(NOTCAPABLE));
  u64 at = 0;
  IS(fd_seek((u32)fd, 1, __WASI_WHENCE_SET, AT(&at)), E(NOTCAPABLE));
  __wasi_filestat_t st;
  IS(fd_filestat_get((u32)fd, AT(&st)), E(NOTCAPABLE));
  IS(fd_filestat_set_size((u32)fd, 0), E(NOTCAPABLE));
  IS(fd_close((u32)fd), OK);
}

/// What a directory does not pass on, no file below it has.
static void are_inherited(void) {
  u32 dir = 0, fd = 0;
  const u64 base = RIGHT(PATH_OPEN) | RIGHT(PATH_FILESTAT_GET) | RIGHT(FD_READDIR);
  IS(path_open(ROOT, 0, PATH("dir"), DIRECTORY, base, kRead, 0, AT(&dir)), OK);
  IS(path_open(dir, 0, PATH("a"), 0, kRead, 0, 0, AT(&fd)), OK);
  IS(stat_fd((i32)fd).fs_rights_base, kRead);
  IS(fd_close(fd), OK);
  IS(path_open(dir, 0, PATH("a"), 0, RIGHT(FD_WRITE), 0, 0, AT(&fd)), E(NOTCAPABLE));
  IS(path_open(dir, 0, PATH("new"), CREAT, kRead, 0, 0, AT(&fd)), E(NOTCAPABLE));
  IS(path_unlink_file(dir, PATH("a")), E(NOTCAPABLE));
  IS(path_create_directory(dir, PATH("d")), E(NOTCAPABLE));
  IS(path_symlink(PATH("a"), dir, PATH("l")), E(NOTCAPABLE));
  IS(path_rename(dir, PATH("a"), dir, PATH("z")), E(NOTCAPABLE));
  IS(path_rename(ROOT, PATH("file.txt"), dir, PATH("z")), E(NOTCAPABLE));
  IS(path_link(ROOT, 0, PATH("file.txt"), dir, PATH("z")), E(NOTCAPABLE));
  IS(path_remove_directory(dir, PATH("sub")), E(NOTCAPABLE));
  IS(path_filestat_set_times(dir, 0, PATH("a"), 0, 0, __WASI_FSTFLAGS_MTIM), E(NOTCAPABLE));
  IS(fd_close(dir), OK);
  CHECK(holds("dir/a", "a\n"));
}

static void flags(void) {
  const i32 fd = open_file("file.txt", 0);
  IS(fd_fdstat_set_flags((u32)fd, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK), OK);
  IS(stat_fd(fd).fs_flags, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK);
  IS(fd_fdstat_set_flags((u32)fd, 0x8000), E(INVAL));
  IS(fd_close((u32)fd), OK);
  u32 out = 0;
  IS(path_open(ROOT, 0, PATH("file.txt"), 0x100, kRead, 0, 0, AT(&out)), E(INVAL));
  IS(path_open(ROOT, 0x10, PATH("file.txt"), 0, kRead, 0, 0, AT(&out)), E(INVAL));
  IS(path_open(ROOT, 0, PATH("file.txt"), 0, kRead, 0, 0x100, AT(&out)), E(INVAL));
  IS(path_open(ROOT, 0, PATH("d"), CREAT | DIRECTORY, kRead, 0, 0, AT(&out)), E(INVAL));
}

static void numbers(void) {
  const i32 a = open_read("dir/a"), b = open_read("dir/b");
  CHECK(a != b);
  IS(fd_renumber((u32)a, (u32)b), OK);  // b is closed, and a is b now
  IS(fd_close((u32)a), E(BADF));
  char byte = 0;
  const __wasi_iovec_t one = {(uint8_t*)&byte, 1};
  u32 done = 0;
  IS(fd_read((u32)b, AT(&one), 1, AT(&done)), OK);
  IS(byte, 'a');
  IS(fd_renumber((u32)b, 9999), E(BADF));
  IS(fd_renumber(9999, (u32)b), E(BADF));
  IS(fd_renumber((u32)b, (u32)b), OK);
  // The lowest number that is free is the next.
  IS(open_read("dir/b"), a);
  IS(fd_close((u32)a), OK);
  IS(fd_close((u32)b), OK);
  IS(fd_close((u32)b), E(BADF));
  IS(fd_close(0xffffffff), E(BADF));
}

static void too_many(void) {
  int count = 0;
  i32 fd;
  static i32 all[5000];
  while (count < 5000 && (fd = open_read("file.txt")) >= 0) all[count++] = fd;
  CHECK(count > 100 && count < 5000);
  IS(fd, NO(MFILE));
  // What could not be opened was not made either.
  IS(open_file("made", CREAT), NO(MFILE));
  IS(exists("made"), E(NOENT));
  while (count > 0) IS(fd_close((u32)all[--count]), OK);
  CHECK(holds("file.txt", "hello\n"));
}

int main(void) {
  of_what_is_opened();
  can_be_given_up_only();
  are_inherited();
  flags();
  numbers();
  too_many();
  return failed();
}
