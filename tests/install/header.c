/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles as C11 and as C++17. Twice: the second time tests the guard. */
#include "wasifs/wasifs.h"

static uint64_t size_of_root(const wasifs_root* root) {
  wasifs_stat attributes = WASIFS_INIT(wasifs_stat);
  return wasifs_stat_path(root, "/", WASIFS_NUL, 1, &attributes) == 0 ? attributes.size : 0;
}

int main(void) { return size_of_root(NULL) == 0 ? 0 : 1; }
