// SPDX-License-Identifier: Apache-2.0
// Reading, writing, cursors, sizes and lists of buffers.
#include "check.h"

static u64 size_of(i32 fd) {
  __wasi_filestat_t st;
  IS(fd_filestat_get((u32)fd, AT(&st)), OK);
  return st.size;
}

static void cursors(void) {
  const i32 fd = open_file("cursor", CREAT | EXCL);
  CHECK(fd > ROOT);
  u64 at = 99;
  IS(put((u32)fd, "0123456789"), 10);
  IS(fd_tell((u32)fd, AT(&at)), OK);
  IS(at, 10);
  IS(fd_seek((u32)fd, 2, __WASI_WHENCE_SET, AT(&at)), OK);
  IS(at, 2);
  IS(fd_seek((u32)fd, (u64)3, __WASI_WHENCE_CUR, AT(&at)), OK);
  IS(at, 5);
  IS(fd_seek((u32)fd, (u64)-1, __WASI_WHENCE_END, AT(&at)), OK);
  IS(at, 9);
  IS(fd_seek((u32)fd, (u64)-10, __WASI_WHENCE_CUR, AT(&at)), E(INVAL));
  IS(fd_seek((u32)fd, 1, __WASI_WHENCE_CUR, AT(&at)), OK);
  IS(at, 10);  // what failed has moved nothing
  IS(fd_seek((u32)fd, 0, 3, AT(&at)), E(INVAL));
  IS(fd_seek((u32)fd, 0x7fffffffffffffff, __WASI_WHENCE_CUR, AT(&at)), E(INVAL));
  // Behind the end there is nothing to read, and writing there leaves a hole.
  IS(fd_seek((u32)fd, 20, __WASI_WHENCE_SET, AT(&at)), OK);
  char byte = '#';
  const __wasi_iovec_t one = {(uint8_t*)&byte, 1};
  u32 done = 9;
  IS(fd_read((u32)fd, AT(&one), 1, AT(&done)), OK);
  IS(done, 0);
  IS(put((u32)fd, "z"), 1);
  IS(size_of(fd), 21);
  IS(fd_pread((u32)fd, AT(&one), 1, 15, AT(&done)), OK);
  IS(done, 1);
  IS(byte, 0);
  IS(fd_close((u32)fd), OK);
  IS(fd_tell((u32)fd, AT(&at)), E(BADF));
}

static void positions(void) {
  const i32 fd = open_file("positions", CREAT);
  CHECK(fd > ROOT);
  const __wasi_ciovec_t text = {(const uint8_t*)"abcdef", 6};
  u32 done = 0;
  IS(fd_pwrite((u32)fd, AT(&text), 1, 4, AT(&done)), OK);
  IS(done, 6);
  u64 at = 99;
  IS(fd_tell((u32)fd, AT(&at)), OK);
  IS(at, 0);
  char a[3], b[2];
  memset(a, '#', sizeof(a));
  const __wasi_iovec_t lists[3] = {{(uint8_t*)a, sizeof(a)}, {(uint8_t*)a, 0}, {(uint8_t*)b, sizeof(b)}};
  IS(fd_pread((u32)fd, AT(lists), 3, 4, AT(&done)), OK);
  IS(done, 5);
  CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "de", 2) == 0);
  IS(fd_pread((u32)fd, AT(lists), 3, 8, AT(&done)), OK);
  IS(done, 2);
  CHECK(memcmp(a, "efc", 3) == 0);
  IS(fd_pread((u32)fd, AT(lists), 3, 0xffffffffffffffff, AT(&done)), E(INVAL));
  IS(fd_pwrite((u32)fd, AT(&text), 1, 0xffffffffffffffff, AT(&done)), E(INVAL));
  IS(fd_read((u32)fd, AT(lists), 0, AT(&done)), OK);
  IS(done, 0);
  IS(fd_close((u32)fd), OK);
}

/// A list of buffers that the read itself overwrites has been read before.
static void lists_over_themselves(void) {
  write_whole("lists", "................ABCD");
  const i32 fd = open_read("lists");
  static char second[4];
  static __wasi_iovec_t lists[2];
  lists[0] = (__wasi_iovec_t){(uint8_t*)lists, sizeof(lists)};
  lists[1] = (__wasi_iovec_t){(uint8_t*)second, sizeof(second)};
  u32 done = 0;
  IS(fd_read((u32)fd, AT(lists), 2, AT(&done)), OK);
  IS(done, 20);
  CHECK(memcmp(second, "ABCD", 4) == 0);
  CHECK(memcmp(lists, "................", 16) == 0);
  IS(fd_close((u32)fd), OK);
}

static void appending(void) {
  write_whole("append", "start");
  const i32 fd = open_at(ROOT, FOLLOW, "append", 0, kReadWrite, __WASI_FDFLAGS_APPEND);
  u64 at = 0;
  IS(fd_seek((u32)fd, 0, __WASI_WHENCE_SET, AT(&at)), OK);
  IS(put((u32)fd, "+1"), 2);
  IS(fd_tell((u32)fd, AT(&at)), OK);
  IS(at, 7);
  __wasi_fdstat_t st;
  IS(fd_fdstat_get((u32)fd, AT(&st)), OK);
  IS(st.fs_flags, __WASI_FDFLAGS_APPEND);
  IS(fd_fdstat_set_flags((u32)fd, 0), OK);
  IS(fd_seek((u32)fd, 0, __WASI_WHENCE_SET, AT(&at)), OK);
  IS(put((u32)fd, "S"), 1);
  IS(fd_close((u32)fd), OK);
  CHECK(holds("append", "Start+1"));
}

static void sizes(void) {
  const i32 fd = open_file("sizes", CREAT);
  IS(put((u32)fd, "0123456789"), 10);
  IS(fd_filestat_set_size((u32)fd, 4), OK);
  IS(size_of(fd), 4);
  IS(fd_filestat_set_size((u32)fd, 6), OK);
  IS(fd_allocate((u32)fd, 0, 5), OK);  // never makes it smaller
  IS(size_of(fd), 6);
  IS(fd_allocate((u32)fd, 10, 10), OK);
  IS(size_of(fd), 20);
  IS(fd_allocate((u32)fd, 0, 0), E(INVAL));
  IS(fd_filestat_set_size((u32)fd, 0xffffffffffffffff), E(FBIG));
  IS(fd_advise((u32)fd, 0, 20, __WASI_ADVICE_SEQUENTIAL), OK);
  IS(fd_advise((u32)fd, 0, 20, 77), E(INVAL));
  IS(fd_datasync((u32)fd), OK);
  IS(fd_sync((u32)fd), OK);
  IS(fd_close((u32)fd), OK);
  const i32 again = open_file("sizes", TRUNC);
  IS(size_of(again), 0);
  IS(fd_close((u32)again), OK);
}

/// What a lower layer has is copied up by the first write and seen by who had it open.
static void shared_content(void) {
  const i32 reader = open_read("file.txt");
  const i32 writer = open_file("file.txt", 0);
  CHECK(reader > ROOT && writer > ROOT);
  IS(put((u32)writer, "HE"), 2);
  char text[6];
  const __wasi_iovec_t whole = {(uint8_t*)text, sizeof(text)};
  u32 done = 0;
  IS(fd_read((u32)reader, AT(&whole), 1, AT(&done)), OK);
  IS(done, 6);
  CHECK(memcmp(text, "HEllo\n", 6) == 0);
  // Open and without a name.
  IS(unlink_file("file.txt"), OK);
  IS(exists("file.txt"), E(NOENT));
  IS(fd_pread((u32)reader, AT(&whole), 1, 0, AT(&done)), OK);
  IS(done, 6);
  IS(fd_close((u32)reader), OK);
  IS(fd_close((u32)writer), OK);
}

static void standard_streams(void) {
  u32 done = 0;
  const __wasi_ciovec_t pieces[2] = {{(const uint8_t*)"out", 3}, {(const uint8_t*)"put\n", 4}};
  IS(fd_write(1, AT(pieces), 2, AT(&done)), OK);
  IS(done, 7);
  u64 at = 0;
  IS(fd_seek(1, 1, __WASI_WHENCE_SET, AT(&at)), E(SPIPE));
  char text[8];
  const __wasi_iovec_t in = {(uint8_t*)text, sizeof(text)};
  IS(fd_read(0, AT(&in), 1, AT(&done)), OK);  // the driver gives "in"
  IS(done, 2);
  CHECK(memcmp(text, "in", 2) == 0);
  IS(fd_read(0, AT(&in), 1, AT(&done)), OK);
  IS(done, 0);
}

int main(void) {
  cursors();
  positions();
  lists_over_themselves();
  appending();
  sizes();
  shared_content();
  standard_streams();
  return failed();
}
