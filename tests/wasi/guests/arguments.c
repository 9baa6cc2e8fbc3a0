// SPDX-License-Identifier: Apache-2.0
// Run with the arguments "arguments.wasm", "two words", "" and the variables A=1, EMPTY=.
#include "check.h"

static void sizes_and_texts(void) {
  u32 count = 0, size = 0;
  IS(args_sizes_get(AT(&count), AT(&size)), OK);
  IS(count, 3);
  IS(size, sizeof("arguments.wasm") + sizeof("two words") + sizeof(""));
  char* argv[3];
  char texts[64];
  memset(texts, '#', sizeof(texts));
  IS(args_get(AT(argv), AT(texts)), OK);
  CHECK(strcmp(argv[0], "arguments.wasm") == 0);
  CHECK(strcmp(argv[1], "two words") == 0);
  CHECK(strcmp(argv[2], "") == 0);
  // They lie one behind the other, and nothing is written past them.
  CHECK(argv[0] == texts && argv[1] == texts + sizeof("arguments.wasm"));
  CHECK(texts[size] == '#');
}

static void environment(void) {
  u32 count = 0, size = 0;
  IS(environ_sizes_get(AT(&count), AT(&size)), OK);
  IS(count, 2);
  IS(size, sizeof("A=1") + sizeof("EMPTY="));
  char* variables[2];
  char texts[64];
  IS(environ_get(AT(variables), AT(texts)), OK);
  CHECK(strcmp(variables[0], "A=1") == 0);
  CHECK(strcmp(variables[1], "EMPTY=") == 0);
}

static void bad_addresses(void) {
  char* argv[3];
  char texts[64];
  const u32 outside = 0xfffffff0;
  IS(args_sizes_get(outside, AT(texts)), E(FAULT));
  IS(args_sizes_get(AT(texts), outside), E(FAULT));
  IS(args_get(outside, AT(texts)), E(FAULT));
  IS(args_get(AT(argv), outside), E(FAULT));
  IS(environ_sizes_get(outside, outside), E(FAULT));
  IS(environ_get(AT(argv), outside), E(FAULT));
}

int main(void) {
  sizes_and_texts();
  environment();
  bad_addresses();
  return failed();
}
