// SPDX-License-Identifier: Apache-2.0
// Ends itself deep in a recursion: nothing after it runs, and the status is 42.
#include "check.h"

static u32 descend(u32 depth) {
  if (depth == 0) proc_exit(42);
  const u32 below = descend(depth - 1);
  put(1, "the guest went on\n");
  return below + 1;
}

int main(void) {
  write_whole("before-exit", "written");
  put(1, "last words\n");
  volatile u32 depth = 50;
  return (int)descend(depth);
}
