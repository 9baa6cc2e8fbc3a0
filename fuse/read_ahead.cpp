// SPDX-License-Identifier: Apache-2.0
#include "fuse/read_ahead.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "fuse/handler.h"
#include "fuse/unique_fd.h"

namespace wasifs::fuse {

bool read_ahead(dev_t device) {
  const std::string table = "/sys/class/bdi/" + std::to_string(major(device)) + ":" +
                            std::to_string(minor(device)) + "/read_ahead_kb";
  const UniqueFd setting(::open(table.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string wanted = std::to_string(kMaxTransfer >> 10U);
  return setting && ::write(setting.get(), wanted.data(), wanted.size()) > 0;
}

}  // namespace wasifs::fuse
