// SPDX-License-Identifier: Apache-2.0
// The file-system part of wasix_32v1, run as wasmer runs its guests.
#include "check.h"

static void is_directory(const char* wanted) {
  char path[64];
  memset(path, '#', sizeof(path));
  u32 size = sizeof(path);
  IS(wasix_getcwd(AT(path), AT(&size)), OK);
  IS(size, strlen(wanted));
  CHECK(memcmp(path, wanted, strlen(wanted)) == 0);
}

static void working_directory(void) {
  is_directory("/");
  IS(wasix_chdir(PATH("dir")), OK);
  is_directory("/dir");
  IS(wasix_chdir(PATH("sub")), OK);
  is_directory("/dir/sub");
  IS(wasix_chdir(PATH("../../dir/./sub/..")), OK);
  is_directory("/dir");
  // Too small a buffer tells how large it has to be.
  char path[2];
  u32 size = 2;
  IS(wasix_getcwd(AT(path), AT(&size)), E(OVERFLOW));
  IS(size, 4);
  IS(wasix_chdir(PATH("none")), E(NOENT));
  IS(wasix_chdir(PATH("a")), E(NOTDIR));
  is_directory("/dir");
  // "./" from a preopen means the working directory.
  __wasi_filestat_t here, there;
  IS(wasix_path_filestat_get(ROOT, 0, PATH("./a"), AT(&here)), OK);
  IS(wasix_path_filestat_get(ROOT, 0, PATH("/dir/a"), AT(&there)), OK);
  IS(here.ino, there.ino);
  IS(wasix_chdir(PATH("/")), OK);
  is_directory("/");
}

static void duplicates(void) {
  const i32 fd = open_file("file.txt", 0);
  u32 copy = 0;
  u64 at = 0;
  IS(wasix_fd_dup((u32)fd, AT(&copy)), OK);
  CHECK(copy != (u32)fd && copy > ROOT);
  // They share the cursor.
  IS(fd_seek((u32)fd, 3, __WASI_WHENCE_SET, AT(&at)), OK);
  IS(fd_tell(copy, AT(&at)), OK);
  IS(at, 3);
  IS(fd_close((u32)fd), OK);
  IS(fd_tell(copy, AT(&at)), OK);
  u32 high = 0;
  IS(wasix_fd_dup2(copy, 50, 1, AT(&high)), OK);
  CHECK(high >= 50);
  uint16_t flags = 9;
  IS(wasix_fd_fdflags_get(high, AT(&flags)), OK);
  IS(flags, 1);
  IS(wasix_fd_fdflags_set(high, 0), OK);
  IS(wasix_fd_fdflags_get(high, AT(&flags)), OK);
  IS(flags, 0);
  IS(wasix_fd_fdflags_get(copy, AT(&flags)), OK);
  IS(flags, 0);
  IS(wasix_fd_fdflags_set(copy, 0x80), E(INVAL));
  IS(wasix_fd_dup(9999, AT(&copy)), E(BADF));
  IS(fd_close(copy), OK);
  IS(fd_close(high), OK);
}

static void opening(void) {
  u32 fd = 0;
  IS(wasix_path_open2(ROOT, FOLLOW, PATH("/dir/new"), CREAT | EXCL, kReadWrite, 0, 0, 1, AT(&fd)), OK);
  uint16_t flags = 9;
  IS(wasix_fd_fdflags_get(fd, AT(&flags)), OK);
  IS(flags, 1);
  IS(put(fd, "new"), 3);
  IS(wasix_fd_close(fd), OK);
  CHECK(holds("dir/new", "new"));
  IS(wasix_path_open2(ROOT, 0, PATH("/dir/new"), 0, kRead, 0, 0, 0x80, AT(&fd)), E(INVAL));
  // path_open of wasix, too, with preview1's layouts and numbers.
  IS(wasix_path_open(ROOT, 0, PATH("/dir/new"), 0, kRead, 0, 0, AT(&fd)), OK);
  u64 at = 0;
  IS(wasix_fd_seek(fd, 2, __WASI_WHENCE_SET, AT(&at)), OK);
  IS(at, 2);
  __wasi_filestat_t st;
  IS(wasix_fd_filestat_get(fd, AT(&st)), OK);
  IS(st.size, 3);
  IS(wasix_fd_close(fd), OK);
}

int main(void) {
  working_directory();
  duplicates();
  opening();
  return failed();
}
