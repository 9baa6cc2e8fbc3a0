// SPDX-License-Identifier: Apache-2.0
// Run as wasmer runs its guests: absolute paths start at the root whatever the
// descriptor, ".." stays there, and descriptors 0 to 2 have empty preopen names.
#include "check.h"

static void absolute_paths(void) {
  const i32 dir = open_dir("dir/sub");
  __wasi_filestat_t a, b;
  IS(path_filestat_get((u32)dir, 0, PATH("/file.txt"), AT(&a)), OK);
  IS(stat_of("file.txt", &b), OK);
  IS(a.ino, b.ino);
  IS(path_filestat_get((u32)dir, 0, PATH("../a"), AT(&a)), OK);
  IS(path_filestat_get((u32)dir, 0, PATH("../../../../../file.txt"), AT(&a)), OK);
  IS(a.ino, b.ino);
  IS(path_filestat_get((u32)dir, 0, PATH("/../.."), AT(&a)), OK);
  IS(path_filestat_get(ROOT, 0, PATH("."), AT(&b)), OK);
  IS(a.ino, b.ino);
  IS(fd_close((u32)dir), OK);
  CHECK(holds("/dir/sub/c", "c\n"));
  write_whole("/dir/new", "new");
  CHECK(holds("dir/new", "new"));
  IS(path_symlink(PATH("/file.txt"), ROOT, PATH("/dir/absolute")), OK);
  CHECK(holds("/dir/absolute", "hello\n"));
  IS(unlink_file("/dir/new"), OK);
  IS(rename_to("/dir/a", "/renamed"), OK);
  CHECK(holds("renamed", "a\n"));
}

/// What the rights of a descriptor do not give, no path gives.
static void rights_hold(void) {
  u32 dir = 0, fd = 0;
  IS(path_open(ROOT, 0, PATH("dir"), DIRECTORY, RIGHT(PATH_OPEN), kRead, 0, AT(&dir)), OK);
  IS(path_open(dir, 0, PATH("/file.txt"), 0, RIGHT(FD_WRITE), 0, 0, AT(&fd)), E(NOTCAPABLE));
  IS(path_unlink_file(dir, PATH("/file.txt")), E(NOTCAPABLE));
  IS(fd_close(dir), OK);
}

static void layout(void) {
  for (u32 fd = 0; fd < 3; ++fd) {
    __wasi_prestat_t st;
    memset(&st, 0xee, sizeof(st));
    IS(fd_prestat_get(fd, AT(&st)), OK);
    IS(st.tag, __WASI_PREOPENTYPE_DIR);
    IS(st.u.dir.pr_name_len, 0);
    char name = '#';
    IS(fd_prestat_dir_name(fd, AT(&name), 0), OK);
    IS(name, '#');
  }
}

int main(void) {
  absolute_paths();
  rights_hold();
  layout();
  return failed();
}
