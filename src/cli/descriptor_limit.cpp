// SPDX-License-Identifier: Apache-2.0
#include "cli/descriptor_limit.h"

#include <sys/resource.h>

#include <fstream>

namespace wasifs::cli {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  // As far as the kernel goes, for who may; else as far as we may.
  rlim_t most = 0;
  if (std::ifstream("/proc/sys/fs/nr_open") >> most && most > limit.rlim_max) {
    const rlimit all{.rlim_cur = most, .rlim_max = most};
    if (::setrlimit(RLIMIT_NOFILE, &all) == 0) return;
  }
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace wasifs::cli
