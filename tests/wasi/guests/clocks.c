// SPDX-License-Identifier: Apache-2.0
// Clocks, random numbers, waiting, and what no guest has: signals and sockets.
#include "check.h"

static void clocks(void) {
  for (u32 id = 0; id < 4; ++id) {
    u64 resolution = 0, first = 0, second = 0;
    IS(clock_res_get(id, AT(&resolution)), OK);
    CHECK(resolution > 0);
    IS(clock_time_get(id, 1, AT(&first)), OK);
    IS(clock_time_get(id, 0, AT(&second)), OK);
    CHECK(second >= first);
  }
  u64 time = 0;
  IS(clock_time_get(0, 0, AT(&time)), OK);
  CHECK(time > 1500000000000000000u);  // nanoseconds since 1970
  IS(clock_time_get(99, 0, AT(&time)), E(INVAL));
  IS(clock_res_get(99, AT(&time)), E(INVAL));
  IS(clock_time_get(0, 0, 0xfffffffe), E(FAULT));
}

static void random_numbers(void) {
  static uint8_t first[300], second[300];
  IS(random_get(AT(first), sizeof(first)), OK);
  IS(random_get(AT(second), sizeof(second)), OK);
  CHECK(memcmp(first, second, sizeof(first)) != 0);
  IS(random_get(AT(first), 0), OK);
  IS(random_get(AT(first), 0xffffffff), E(FAULT));
}

static __wasi_subscription_t timer(u64 user, u64 timeout, __wasi_subclockflags_t flags) {
  __wasi_subscription_t wanted;
  memset(&wanted, 0, sizeof(wanted));
  wanted.userdata = user;
  wanted.u.tag = __WASI_EVENTTYPE_CLOCK;
  wanted.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  wanted.u.u.clock.timeout = timeout;
  wanted.u.u.clock.flags = flags;
  return wanted;
}

static void timers(void) {
  IS(sizeof(__wasi_subscription_t), 48);
  __wasi_event_t events[2];
  u32 count = 0;
  u64 before = 0, after = 0;
  IS(clock_time_get(1, 0, AT(&before)), OK);
  __wasi_subscription_t wanted[2] = {timer(7, 60000000000u, 0), timer(8, 3000000, 0)};
  IS(poll_oneoff(AT(wanted), AT(events), 2, AT(&count)), OK);
  IS(clock_time_get(1, 0, AT(&after)), OK);
  IS(count, 1);
  IS(events[0].userdata, 8);
  IS(events[0].error, OK);
  IS(events[0].type, __WASI_EVENTTYPE_CLOCK);
  CHECK(after - before >= 3000000);
  // A point of time that has passed.
  wanted[0] = timer(9, before, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
  IS(poll_oneoff(AT(wanted), AT(events), 1, AT(&count)), OK);
  IS(count, 1);
  IS(events[0].userdata, 9);
}

static void files_are_ready(void) {
  const i32 fd = open_file("file.txt", 0);
  CHECK(fd > ROOT);
  __wasi_subscription_t wanted[3] = {timer(1, 60000000000u, 0)};
  wanted[1].userdata = 2;
  wanted[1].u.tag = __WASI_EVENTTYPE_FD_READ;
  wanted[1].u.u.fd_read.file_descriptor = fd;
  wanted[2].userdata = 3;
  wanted[2].u.tag = __WASI_EVENTTYPE_FD_WRITE;
  wanted[2].u.u.fd_write.file_descriptor = 77;  // none
  __wasi_event_t events[3];
  u32 count = 0;
  IS(poll_oneoff(AT(wanted), AT(events), 3, AT(&count)), OK);
  IS(count, 2);
  int ready = 0, bad = 0;
  for (u32 i = 0; i < count; ++i) {
    ready += events[i].userdata == 2 && events[i].error == OK && events[i].fd_readwrite.nbytes == 6;
    bad += events[i].userdata == 3 && events[i].error == E(BADF);
  }
  IS(ready, 1);
  IS(bad, 1);
  IS(poll_oneoff(AT(wanted), AT(events), 0, AT(&count)), E(INVAL));
  IS(poll_oneoff(0xffffffe0, AT(events), 1, AT(&count)), E(FAULT));
  // The number of subscriptions times their size is more than 32 bits.
  IS(poll_oneoff(AT(wanted), AT(events), 0x20000000, AT(&count)), E(INVAL));
  IS(fd_close((u32)fd), OK);
}

static void what_there_is_not(void) {
  IS(sched_yield(), OK);
  IS(proc_raise(9), E(NOSYS));
  u32 out = 0;
  const i32 fd = open_file("file.txt", 0);
  IS(sock_accept((u32)fd, 0, AT(&out)), E(NOTSOCK));
  IS(sock_recv((u32)fd, 0, 0, 0, AT(&out), AT(&out)), E(NOTSOCK));
  IS(sock_send((u32)fd, 0, 0, 0, AT(&out)), E(NOTSOCK));
  IS(sock_shutdown((u32)fd, 1), E(NOTSOCK));
  IS(sock_shutdown(77, 1), E(BADF));
  IS(fd_close((u32)fd), OK);
}

int main(void) {
  clocks();
  random_numbers();
  timers();
  files_are_ready();
  what_there_is_not();
  return failed();
}
