// SPDX-License-Identifier: Apache-2.0
// Making, removing and listing directories; "many" holds 200 files.
#include "check.h"

static void making_and_removing(void) {
  IS(make_dir("new"), OK);
  IS(make_dir("new"), E(EXIST));
  IS(make_dir("none/new"), E(NOENT));
  IS(make_dir("file.txt/new"), E(NOTDIR));
  IS(make_dir("new/inner/"), OK);
  IS(remove_dir("new"), E(NOTEMPTY));
  IS(remove_dir("new/inner/"), OK);
  IS(remove_dir("file.txt"), E(NOTDIR));
  IS(unlink_file("new"), E(ISDIR));
  IS(remove_dir("new"), OK);
  IS(remove_dir("new"), E(NOENT));
}

static void listing_in_any_piece(void) {
  int all = 0;
  // A dirent has 24 bytes and these names have 4: some of the pieces cut them.
  for (u32 piece = 28; piece <= 4096; piece = piece * 2 + 1) {
    IS(listed("many", "f000", piece, &all), 1);
    IS(all, 202);  // with "." and ".."
    IS(listed("many", "f199", piece, &all), 1);
  }
  IS(listed("empty", ".", 64, &all), 1);
  IS(all, 2);
}

static void cookies_continue(void) {
  const i32 fd = open_dir("many");
  static char buffer[512];
  u32 used = 0;
  IS(fd_readdir((u32)fd, AT(buffer), sizeof(buffer), 0, AT(&used)), OK);
  IS(used, sizeof(buffer));
  __wasi_dirent_t first, second;
  memcpy(&first, buffer, sizeof(first));
  memcpy(&second, buffer + sizeof(first) + first.d_namlen, sizeof(second));
  IS(first.d_type, __WASI_FILETYPE_DIRECTORY);
  char again[64];
  IS(fd_readdir((u32)fd, AT(again), sizeof(again), first.d_next, AT(&used)), OK);
  CHECK(memcmp(again, &second, sizeof(second)) == 0);
  // A buffer that holds no entry at all is filled with the part that fits.
  IS(fd_readdir((u32)fd, AT(again), 10, 0, AT(&used)), OK);
  IS(used, 10);
  IS(fd_readdir((u32)fd, AT(again), 0, 0, AT(&used)), OK);
  IS(used, 0);
  IS(fd_close((u32)fd), OK);
}

static void numbers_agree_with_stat(void) {
  const i32 fd = open_dir("dir");
  char buffer[512];
  u32 used = 0;
  IS(fd_readdir((u32)fd, AT(buffer), sizeof(buffer), 0, AT(&used)), OK);
  int seen = 0;
  for (u32 at = 0; at < used; ++seen) {
    __wasi_dirent_t entry;
    memcpy(&entry, buffer + at, sizeof(entry));
    char name[64] = "";
    memcpy(name, buffer + at + sizeof(entry), entry.d_namlen);
    at += (u32)sizeof(entry) + entry.d_namlen;
    if (strcmp(name, "..") == 0) continue;
    __wasi_filestat_t st;
    IS(path_filestat_get((u32)fd, 0, PATH(name), AT(&st)), OK);
    IS(entry.d_ino, st.ino);
    IS(entry.d_type, st.filetype);
  }
  IS(seen, 5);
  IS(fd_close((u32)fd), OK);
}

/// Whoever removes what was listed sees the rest once.
static void removing_while_listing(void) {
  const i32 fd = open_dir("many");
  char buffer[100];
  u32 used = 0;
  u64 cookie = 0;
  int removed = 0;
  do {
    IS(fd_readdir((u32)fd, AT(buffer), sizeof(buffer), cookie, AT(&used)), OK);
    for (u32 at = 0; used - at >= sizeof(__wasi_dirent_t);) {
      __wasi_dirent_t entry;
      memcpy(&entry, buffer + at, sizeof(entry));
      at += (u32)sizeof(entry);
      if (used - at < entry.d_namlen) break;
      if (entry.d_type == __WASI_FILETYPE_REGULAR_FILE) {
        IS(path_unlink_file((u32)fd, AT(buffer + at), entry.d_namlen), OK);
        ++removed;
      }
      at += entry.d_namlen;
      cookie = entry.d_next;
    }
  } while (used == sizeof(buffer));
  IS(removed, 200);
  IS(fd_close((u32)fd), OK);
  int all = 0;
  listed("many", ".", 4096, &all);
  IS(all, 2);
  IS(remove_dir("many"), OK);
}

static void what_is_no_directory(void) {
  char buffer[64];
  u32 used = 0;
  const i32 file = open_file("file.txt", 0);
  IS(fd_readdir((u32)file, AT(buffer), sizeof(buffer), 0, AT(&used)), E(NOTDIR));
  u32 out = 0;
  IS(path_open((u32)file, 0, PATH("x"), 0, kRead, 0, 0, AT(&out)), E(NOTDIR));
  IS(fd_close((u32)file), OK);
  IS(open_dir("file.txt"), NO(NOTDIR));
  IS(open_dir("link"), NO(NOTDIR));
  // Of a link that is not followed both are true.
  const i32 link = open_at(ROOT, 0, "link", DIRECTORY, kRead, 0);
  CHECK(link == NO(LOOP) || link == NO(NOTDIR));
  const i32 dir = open_dir("empty");
  const __wasi_iovec_t iov = {(uint8_t*)buffer, sizeof(buffer)};
  const i32 error = fd_read((u32)dir, AT(&iov), 1, AT(&used));
  CHECK(error == E(ISDIR) || error == E(BADF) || error == E(NOTCAPABLE));
  IS(open_file("empty", 0), NO(ISDIR));
  IS(fd_close((u32)dir), OK);
}

int main(void) {
  making_and_removing();
  listing_in_any_piece();
  cookies_continue();
  numbers_agree_with_stat();
  removing_while_listing();
  what_is_no_directory();
  return failed();
}
