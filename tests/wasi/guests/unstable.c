// SPDX-License-Identifier: Apache-2.0
// wasi_unstable is no other name of preview1: whence has other numbers, a filestat 56
// bytes, a subscription 56. Taken for each other they ruin files silently.
#include "check.h"

enum { UNSTABLE_CUR = 0, UNSTABLE_END = 1, UNSTABLE_SET = 2 };

static u64 u64_at(const uint8_t* raw, u32 offset) {
  u64 value = 0;
  memcpy(&value, raw + offset, 8);
  return value;
}

static u32 u32_at(const uint8_t* raw, u32 offset) {
  u32 value = 0;
  memcpy(&value, raw + offset, 4);
  return value;
}

static u32 open_unstable(const char* path, u32 oflags) {
  u32 fd = 0;
  IS(unstable_path_open(ROOT, FOLLOW, PATH(path), oflags, kReadWrite, 0, 0, AT(&fd)), OK);
  return fd;
}

static void whence(void) {
  const u32 fd = open_unstable("seek", CREAT);
  const __wasi_ciovec_t text = {(const uint8_t*)"0123456789", 10};
  u32 done = 0;
  u64 at = 0;
  IS(unstable_fd_write(fd, AT(&text), 1, AT(&done)), OK);
  IS(unstable_fd_seek(fd, (u64)-3, UNSTABLE_CUR, AT(&at)), OK);
  IS(at, 7);
  IS(unstable_fd_seek(fd, (u64)-1, UNSTABLE_END, AT(&at)), OK);
  IS(at, 9);
  IS(unstable_fd_seek(fd, 4, UNSTABLE_SET, AT(&at)), OK);
  IS(at, 4);
  IS(unstable_fd_tell(fd, AT(&at)), OK);
  IS(at, 4);
  IS(unstable_fd_seek(fd, 0, 3, AT(&at)), E(INVAL));
  // How a program learns the size of a file, and reads it from the start.
  IS(unstable_fd_seek(fd, 0, UNSTABLE_END, AT(&at)), OK);
  IS(at, 10);
  IS(unstable_fd_seek(fd, 0, UNSTABLE_SET, AT(&at)), OK);
  char buffer[16];
  const __wasi_iovec_t into = {(uint8_t*)buffer, sizeof(buffer)};
  IS(unstable_fd_read(fd, AT(&into), 1, AT(&done)), OK);
  IS(done, 10);
  CHECK(memcmp(buffer, "0123456789", 10) == 0);
  IS(unstable_fd_close(fd), OK);
}

static void check_filestat(const uint8_t* raw, const __wasi_filestat_t* st) {
  IS(u64_at(raw, 0), st->dev);
  IS(u64_at(raw, 8), st->ino);
  IS(raw[16], st->filetype);
  IS(u32_at(raw, 20), st->nlink);
  IS(u64_at(raw, 24), st->size);
  IS(u64_at(raw, 32), st->atim);
  IS(u64_at(raw, 40), st->mtim);
  IS(u64_at(raw, 48), st->ctim);
  IS(raw[56], 0xee);  // not one byte more
}

static void filestat(void) {
  uint8_t raw[64];
  __wasi_filestat_t st;
  memset(raw, 0xee, sizeof(raw));
  IS(unstable_path_filestat_get(ROOT, FOLLOW, PATH("dir/b"), AT(raw)), OK);
  IS(stat_of("dir/b", &st), OK);
  check_filestat(raw, &st);
  const u32 fd = open_unstable("dir/b", 0);
  memset(raw, 0xee, sizeof(raw));
  IS(unstable_fd_filestat_get(fd, AT(raw)), OK);
  check_filestat(raw, &st);
  IS(unstable_fd_close(fd), OK);
}

/// userdata 0, tag 8, identifier 16, clock 24, timeout 32, precision 40, flags 48.
static void subscription(void) {
  uint8_t wanted[2 * 56];
  memset(wanted, 0, sizeof(wanted));
  const u64 users[2] = {0x1111, 0x2222}, timeouts[2] = {60000000000u, 2000000};
  for (u32 i = 0; i < 2; ++i) {
    uint8_t* const one = wanted + 56 * i;
    const u32 monotonic = 1;
    memcpy(one, &users[i], 8);
    one[8] = 0;  // a clock
    memcpy(one + 24, &monotonic, 4);
    memcpy(one + 32, &timeouts[i], 8);
  }
  uint8_t events[2 * 32];
  u32 count = 0;
  IS(unstable_poll_oneoff(AT(wanted), AT(events), 2, AT(&count)), OK);
  IS(count, 1);
  IS(u64_at(events, 0), 0x2222);
  IS(events[10], 0);  // a clock
}

static void the_rest(void) {
  u32 count = 0, size = 0, used = 0;
  IS(unstable_args_sizes_get(AT(&count), AT(&size)), OK);
  char buffer[256];
  __wasi_prestat_t st;
  IS(unstable_fd_prestat_get(ROOT, AT(&st)), OK);
  IS(unstable_fd_prestat_dir_name(ROOT, AT(buffer), st.u.dir.pr_name_len), OK);
  u32 dir = 0;
  IS(unstable_path_open(ROOT, 0, PATH("dir"), DIRECTORY, RIGHT(FD_READDIR), 0, 0, AT(&dir)), OK);
  IS(unstable_fd_readdir(dir, AT(buffer), sizeof(buffer), 0, AT(&used)), OK);
  CHECK(used > 3 * 24);
  IS(unstable_fd_close(dir), OK);
}

int main(void) {
  whence();
  filestat();
  subscription();
  the_rest();
  return failed();
}
