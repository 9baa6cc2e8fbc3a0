// SPDX-License-Identifier: Apache-2.0
// Symbolic and hard links.
#include "check.h"

static void reading(void) {
  char text[16];
  u32 used = 0;
  memset(text, '#', sizeof(text));
  IS(path_readlink(ROOT, PATH("link"), AT(text), sizeof(text), AT(&used)), OK);
  IS(used, 8);
  CHECK(memcmp(text, "file.txt#", 9) == 0);  // no NUL
  // Cut off where the buffer ends.
  IS(path_readlink(ROOT, PATH("link"), AT(text), 4, AT(&used)), OK);
  IS(used, 4);
  IS(path_readlink(ROOT, PATH("file.txt"), AT(text), sizeof(text), AT(&used)), E(INVAL));
  IS(path_readlink(ROOT, PATH("none"), AT(text), sizeof(text), AT(&used)), E(NOENT));
}

static void symlinks(void) {
  IS(path_symlink(PATH("dir/a"), ROOT, PATH("new-link")), OK);
  IS(path_symlink(PATH("dir/a"), ROOT, PATH("new-link")), E(EXIST));
  CHECK(holds("new-link", "a\n"));
  IS(path_symlink(PATH("../file.txt"), ROOT, PATH("dir/up")), OK);
  CHECK(holds("dir/up", "hello\n"));
  IS(open_at(ROOT, 0, "new-link", 0, kRead, 0), NO(LOOP));
  IS(unlink_file("new-link"), OK);
  CHECK(holds("dir/a", "a\n"));
  IS(path_symlink(PATH("x"), ROOT, PATH("trailing/")), E(NOENT));
}

static void loops(void) {
  IS(path_symlink(PATH("loop-b"), ROOT, PATH("loop-a")), OK);
  IS(path_symlink(PATH("loop-a"), ROOT, PATH("loop-b")), OK);
  IS(open_read("loop-a"), NO(LOOP));
  IS(open_read("loop-a/x"), NO(LOOP));
  IS(exists("loop-a"), OK);
}

static void dangling(void) {
  IS(open_read("dangling"), NO(NOENT));
  // Made through the link, unless that is refused.
  const i32 fd = open_file("dangling", CREAT);
  CHECK(fd > ROOT);
  IS(put((u32)fd, "made"), 4);
  IS(fd_close((u32)fd), OK);
  CHECK(holds("nowhere", "made"));
  IS(open_file("dangling", CREAT | EXCL), NO(EXIST));
}

static void hard_links(void) {
  __wasi_filestat_t first, second;
  IS(path_link(ROOT, 0, PATH("dir/a"), ROOT, PATH("hard")), OK);
  IS(stat_of("dir/a", &first), OK);
  IS(stat_of("hard", &second), OK);
  IS(first.ino, second.ino);
  IS(second.nlink, 2);
  const i32 fd = open_file("hard", 0);
  IS(put((u32)fd, "A"), 1);
  IS(fd_close((u32)fd), OK);
  CHECK(holds("dir/a", "A\n"));
  IS(unlink_file("dir/a"), OK);
  IS(stat_of("hard", &second), OK);
  IS(second.nlink, 1);
  CHECK(holds("hard", "A\n"));
  IS(path_link(ROOT, 0, PATH("hard"), ROOT, PATH("hard")), E(EXIST));
  IS(path_link(ROOT, 0, PATH("none"), ROOT, PATH("x")), E(NOENT));
  IS(path_link(ROOT, 0, PATH("dir"), ROOT, PATH("x")), E(PERM));
}

int main(void) {
  reading();
  symlinks();
  loops();
  dangling();
  hard_links();
  return failed();
}
