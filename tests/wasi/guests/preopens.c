// SPDX-License-Identifier: Apache-2.0
// The directory that is open at the start, "/" as descriptor 3, and no other.
#include "check.h"

static void of_the_root(void) {
  __wasi_prestat_t st;
  memset(&st, 0xee, sizeof(st));
  IS(sizeof(st), 8);
  IS(fd_prestat_get(ROOT, AT(&st)), OK);
  IS(st.tag, __WASI_PREOPENTYPE_DIR);
  IS(st.u.dir.pr_name_len, 1);
  char name[4] = "####";
  IS(fd_prestat_dir_name(ROOT, AT(name), 1), OK);
  CHECK(memcmp(name, "/###", 4) == 0);  // no NUL
  IS(fd_prestat_dir_name(ROOT, AT(name), 0), E(NAMETOOLONG));
  IS(fd_prestat_dir_name(ROOT, 0xffffffff, 1), E(FAULT));
}

static void of_others(void) {
  __wasi_prestat_t st;
  for (u32 fd = 0; fd < 3; ++fd) IS(fd_prestat_get(fd, AT(&st)), E(BADF));
  IS(fd_prestat_get(4, AT(&st)), E(BADF));
  // A directory that was opened later is none.
  const i32 dir = open_dir("dir");
  IS(fd_prestat_get((u32)dir, AT(&st)), E(BADF));
  char name[4];
  IS(fd_prestat_dir_name((u32)dir, AT(name), sizeof(name)), E(BADF));
  IS(fd_close((u32)dir), OK);
}

static void through_the_c_library(void) {
  FILE* file = fopen("/file.txt", "r");
  CHECK(file != NULL);
  char line[16];
  CHECK(file != NULL && fgets(line, sizeof(line), file) != NULL && strcmp(line, "hello\n") == 0);
  if (file != NULL) fclose(file);
}

static void can_be_closed(void) {
  IS(fd_close(ROOT), OK);
  __wasi_prestat_t st;
  IS(fd_prestat_get(ROOT, AT(&st)), E(BADF));
  IS(exists("file.txt"), E(BADF));
}

int main(void) {
  of_the_root();
  of_others();
  through_the_c_library();
  can_be_closed();
  return failed();
}
