// SPDX-License-Identifier: Apache-2.0
// What is deleted is gone, whichever layer had it, and no name is reserved.
#include "check.h"

static void gone(const char* dir, const char* name) {
  char path[128];
  snprintf(path, sizeof(path), "%s/%s", dir, name);
  int all = 0;
  IS(exists(path), E(NOENT));
  IS(open_read(path), NO(NOENT));
  IS(listed(dir, name, 4096, &all), 0);
  IS(unlink_file(path), E(NOENT));
}

static void files(void) {
  int all = 0;
  IS(listed("dir", "a", 4096, &all), 1);
  IS(all, 5);
  IS(unlink_file("dir/a"), OK);
  gone("dir", "a");
  listed("dir", "a", 4096, &all);
  IS(all, 4);
  // A new file of the name is empty, and can be deleted like the old one.
  IS(open_file("dir/a", TRUNC), NO(NOENT));
  const i32 fd = open_file("dir/a", CREAT | EXCL);
  CHECK(fd > ROOT);
  IS(fd_close((u32)fd), OK);
  CHECK(holds("dir/a", ""));
  IS(listed("dir", "a", 4096, &all), 1);
  IS(unlink_file("dir/a"), OK);
  gone("dir", "a");
}

static void directories(void) {
  IS(remove_dir("dir/sub"), E(NOTEMPTY));
  IS(unlink_file("dir/sub/c"), OK);
  IS(remove_dir("dir/sub"), OK);
  gone("dir", "sub");
  IS(make_dir("dir/sub"), OK);
  IS(exists("dir/sub/c"), E(NOENT));
  int all = 0;
  listed("dir/sub", "c", 4096, &all);
  IS(all, 2);
}

static void links(void) {
  IS(unlink_file("link"), OK);
  IS(exists("link"), E(NOENT));
  CHECK(holds("file.txt", "hello\n"));
  IS(unlink_file("dangling"), OK);
  IS(exists("dangling"), E(NOENT));
}

/// Names that image layers use for deletions are names like any other.
static void whiteout_names(void) {
  int all = 0;
  write_whole("dir/.wh.b", "plain");
  CHECK(holds("dir/.wh.b", "plain"));
  CHECK(holds("dir/b", "b\n"));
  IS(listed("dir", ".wh.b", 4096, &all), 1);
  IS(rename_to("dir/.wh.b", "dir/.wh..wh..opq"), OK);
  CHECK(holds("dir/.wh..wh..opq", "plain"));
  CHECK(holds("dir/b", "b\n"));
  IS(unlink_file("dir/.wh..wh..opq"), OK);
  gone("dir", ".wh..wh..opq");
}

int main(void) {
  files();
  directories();
  links();
  whiteout_names();
  return failed();
}
