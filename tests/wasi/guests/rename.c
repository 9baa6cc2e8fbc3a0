// SPDX-License-Identifier: Apache-2.0
#include "check.h"

static void files(void) {
  IS(rename_to("file.txt", "renamed"), OK);
  IS(exists("file.txt"), E(NOENT));
  CHECK(holds("renamed", "hello\n"));
  IS(rename_to("renamed", "dir/a"), OK);  // over another one
  CHECK(holds("dir/a", "hello\n"));
  IS(rename_to("none", "x"), E(NOENT));
  IS(rename_to("dir/a", "dir/a"), OK);
  IS(rename_to("dir/a", "none/x"), E(NOENT));
  IS(rename_to("dir/a", "file.txt"), OK);
}

static void directories(void) {
  // With what a lower layer has in it.
  IS(rename_to("dir", "moved"), OK);
  IS(exists("dir"), E(NOENT));
  CHECK(holds("moved/sub/c", "c\n"));
  CHECK(holds("moved/b", "b\n"));
  IS(rename_to("moved", "moved/inner"), E(INVAL));
  IS(rename_to("moved", "file.txt"), E(NOTDIR));
  IS(rename_to("file.txt", "moved"), E(ISDIR));
  IS(make_dir("full"), OK);
  write_whole("full/x", "x");
  IS(rename_to("moved", "full"), E(NOTEMPTY));
  IS(unlink_file("full/x"), OK);
  IS(rename_to("moved/", "full/"), OK);
  CHECK(holds("full/sub/c", "c\n"));
  IS(rename_to("file.txt/", "x"), E(NOTDIR));
  // The old name is free, and what is made there is new.
  IS(make_dir("dir"), OK);
  IS(exists("dir/b"), E(NOENT));
}

static void while_open(void) {
  const i32 dir = open_dir("full");
  const i32 fd = open_file("full/b", 0);
  IS(rename_to("full", "elsewhere"), OK);
  __wasi_filestat_t st;
  IS(path_filestat_get((u32)dir, 0, PATH("b"), AT(&st)), OK);
  IS(put((u32)fd, "B"), 1);
  CHECK(holds("elsewhere/b", "B\n"));
  // From one descriptor to another.
  IS(path_rename((u32)dir, PATH("b"), ROOT, PATH("b-outside")), OK);
  CHECK(holds("b-outside", "B\n"));
  IS(fd_close((u32)fd), OK);
  IS(fd_close((u32)dir), OK);
}

int main(void) {
  files();
  directories();
  while_open();
  return failed();
}
