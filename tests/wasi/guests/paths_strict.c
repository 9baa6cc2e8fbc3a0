// SPDX-License-Identifier: Apache-2.0
// A descriptor is a capability: no path leads out of the directory it starts from.
#include "check.h"

static void outside_is_refused(void) {
  static const char* const kOutside[] = {"/",           "/file.txt",          "..",
                                         "../file.txt", "dir/../../file.txt", "dir/sub/../../../x"};
  for (unsigned i = 0; i < sizeof(kOutside) / sizeof(*kOutside); ++i) {
    IS(exists(kOutside[i]), E(NOTCAPABLE));
    IS(open_read(kOutside[i]), NO(NOTCAPABLE));
    IS(open_file(kOutside[i], CREAT), NO(NOTCAPABLE));
    IS(make_dir(kOutside[i]), E(NOTCAPABLE));
    IS(unlink_file(kOutside[i]), E(NOTCAPABLE));
    IS(rename_to("file.txt", kOutside[i]), E(NOTCAPABLE));
    IS(path_link(ROOT, 0, PATH("file.txt"), ROOT, PATH(kOutside[i])), E(NOTCAPABLE));
    IS(path_symlink(PATH("x"), ROOT, PATH(kOutside[i])), E(NOTCAPABLE));
  }
  CHECK(holds("file.txt", "hello\n"));
}

static void by_links_too(void) {
  __wasi_filestat_t st;
  // A link may say what it wants, but is not followed there.
  IS(path_symlink(PATH("../../outside"), ROOT, PATH("dir/out")), OK);
  IS(open_read("dir/out"), NO(NOTCAPABLE));
  IS(path_filestat_get(ROOT, FOLLOW, PATH("dir/out"), AT(&st)), E(NOTCAPABLE));
  IS(path_filestat_get(ROOT, 0, PATH("dir/out"), AT(&st)), OK);
  IS(path_symlink(PATH("/file.txt"), ROOT, PATH("absolute")), E(NOTCAPABLE));
  IS(exists("absolute"), E(NOENT));
}

static void below_a_directory(void) {
  const i32 dir = open_dir("dir");
  __wasi_filestat_t st;
  IS(path_filestat_get((u32)dir, 0, PATH("sub/../a"), AT(&st)), OK);
  IS(path_filestat_get((u32)dir, 0, PATH("."), AT(&st)), OK);
  IS(path_filestat_get((u32)dir, 0, PATH("../dir/a"), AT(&st)), E(NOTCAPABLE));
  IS(path_filestat_get((u32)dir, 0, PATH("sub/../.."), AT(&st)), E(NOTCAPABLE));
  IS(fd_close((u32)dir), OK);
}

static void odd_ones(void) {
  CHECK(holds(".//dir/./sub///../sub/c", "c\n"));
  IS(exists(""), E(NOENT));
  IS(open_read(""), NO(NOENT));
  IS(exists("none/../file.txt"), E(NOENT));
  IS(exists("file.txt/../file.txt"), E(NOTDIR));
  IS(exists("file.txt/"), E(NOTDIR));
  IS(open_read("file.txt/"), NO(NOTDIR));
  IS(exists("dir/"), OK);
  IS(unlink_file("file.txt/"), E(NOTDIR));
  __wasi_filestat_t st;
  IS(path_filestat_get(ROOT, 0, AT("file\0.txt"), 9, AT(&st)), E(INVAL));
  static char name[300];
  memset(name, 'n', 256);
  IS(exists(name), E(NAMETOOLONG));
  IS(open_file(name, CREAT), NO(NAMETOOLONG));
  name[255] = 0;
  write_whole(name, "255");
  CHECK(holds(name, "255"));
  static char path[9000];
  for (unsigned i = 0; i + 2 < sizeof(path); i += 2) memcpy(path + i, "d/", 2);
  IS(exists(path), E(NAMETOOLONG));
}

/// Bytes that are no UTF-8 are a name like any other.
static void any_bytes(void) {
  static const char kName[] = "\xff\xfe name\n";
  int all = 0;
  write_whole(kName, "bytes");
  CHECK(holds(kName, "bytes"));
  IS(listed(".", kName, 4096, &all), 1);
  IS(unlink_file(kName), OK);
}

int main(void) {
  outside_is_refused();
  by_links_too();
  below_a_directory();
  odd_ones();
  any_bytes();
  return failed();
}
