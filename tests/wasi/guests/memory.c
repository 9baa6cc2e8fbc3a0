// SPDX-License-Identifier: Apache-2.0
// Addresses: no sum of two of them wraps around, nothing is written where a call is
// refused, and the memory may move between two calls.
#include "check.h"

static const u32 kLast = 0xffffffff;

static void addresses_near_the_top(void) {
  const i32 fd = open_file("file.txt", 0);
  u32 done = 77;
  for (u32 back = 0; back < 32; ++back) {
    IS(fd_read((u32)fd, kLast - back, 1, AT(&done)), E(FAULT));
    IS(fd_write((u32)fd, kLast - back, 1, AT(&done)), E(FAULT));
    IS(fd_filestat_get((u32)fd, kLast - back), E(FAULT));
    IS(fd_fdstat_get((u32)fd, kLast - back), E(FAULT));
    IS(path_filestat_get(ROOT, 0, kLast - back, 64, AT(&done)), E(FAULT));
    IS(random_get(kLast - back, 64), E(FAULT));
  }
  const __wasi_iovec_t wraps = {(uint8_t*)(uintptr_t)(kLast - 1), 16};
  IS(fd_read((u32)fd, AT(&wraps), 1, AT(&done)), E(FAULT));
  const __wasi_iovec_t huge = {(uint8_t*)16, kLast};
  IS(fd_read((u32)fd, AT(&huge), 1, AT(&done)), E(FAULT));
  IS(fd_write((u32)fd, AT(&huge), 1, AT(&done)), E(FAULT));
  // So many vectors that their size does not fit into 32 bits: the first ones are bad.
  IS(fd_read((u32)fd, AT(&huge), 0x20000001, AT(&done)), E(FAULT));
  IS(done, 77);
  u64 at = 99;
  IS(fd_tell((u32)fd, AT(&at)), OK);
  IS(at, 0);
  IS(fd_close((u32)fd), OK);
  CHECK(holds("file.txt", "hello\n"));
}

/// Of several buffers one is bad: none is used.
static void all_or_nothing(void) {
  const i32 fd = open_file("file.txt", 0);
  char good[2] = "##";
  u32 done = 77;
  const __wasi_iovec_t lists[2] = {{(uint8_t*)good, 2}, {(uint8_t*)(uintptr_t)(kLast - 3), 4096}};
  IS(fd_read((u32)fd, AT(lists), 2, AT(&done)), E(FAULT));
  CHECK(memcmp(good, "##", 2) == 0);
  IS(fd_pread((u32)fd, AT(lists), 2, 0, AT(&done)), E(FAULT));
  IS(fd_write((u32)fd, AT(lists), 2, AT(&done)), E(FAULT));
  IS(fd_pwrite((u32)fd, AT(lists), 2, 0, AT(&done)), E(FAULT));
  IS(fd_close((u32)fd), OK);
  CHECK(holds("file.txt", "hello\n"));
}

/// Where the answer cannot be stored, nothing is opened or made.
static void no_place_for_the_answer(void) {
  IS(path_open(ROOT, 0, PATH("made"), CREAT, kReadWrite, 0, 0, kLast - 2), E(FAULT));
  IS(exists("made"), E(NOENT));
  const i32 first = open_read("file.txt");
  IS(path_open(ROOT, 0, PATH("file.txt"), 0, kRead, 0, 0, kLast - 2), E(FAULT));
  const i32 second = open_read("file.txt");
  IS(second, first + 1);  // no descriptor was used up
  IS(fd_close((u32)first), OK);
  IS(fd_close((u32)second), OK);
}

static void at_the_very_end(void) {
  const u32 end = (u32)__builtin_wasm_memory_size(0) * 65536u;
  IS(random_get(end - 16, 16), OK);
  IS(random_get(end - 16, 17), E(FAULT));
  IS(random_get(end, 0), OK);
  IS(clock_time_get(0, 0, end - 8), OK);
  IS(clock_time_get(0, 0, end - 7), E(FAULT));
}

static void growing_between_calls(void) {
  const i32 fd = open_file("grow", CREAT);
  CHECK(fd > ROOT);
  u32 done = 0;
  u32 last = 0;
  for (int round = 0; round < 40; ++round) {
    const u32 pages = (u32)__builtin_wasm_memory_grow(0, 16);
    CHECK(pages != kLast);
    if (pages == kLast) break;
    // Memory that the call before could not have known.
    char* const fresh = (char*)(uintptr_t)(pages * 65536u);
    memset(fresh, 'a' + round % 26, 65536);
    const __wasi_ciovec_t out = {(uint8_t*)fresh, 65536};
    IS(fd_write((u32)fd, AT(&out), 1, AT(&done)), OK);
    IS(done, 65536);
    char* const target = fresh + 15 * 65536;
    const __wasi_iovec_t in = {(uint8_t*)target, 65536};
    IS(fd_pread((u32)fd, AT(&in), 1, (u64)round * 65536, AT(&done)), OK);
    IS(done, 65536);
    CHECK(memcmp(fresh, target, 65536) == 0);
    last = (u32)round;
  }
  IS(last, 39);
  IS(fd_close((u32)fd), OK);
}

int main(void) {
  addresses_near_the_top();
  all_or_nothing();
  no_place_for_the_answer();
  at_the_very_end();
  growing_between_calls();
  return failed();
}
