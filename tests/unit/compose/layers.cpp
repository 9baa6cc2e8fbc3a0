// SPDX-License-Identifier: Apache-2.0
#include "layers.h"

#include <algorithm>

namespace wasifs::test {

std::string names(Dir& dir) {
  std::vector<std::string> all;
  ok(dir.read(0, [&](const DirEntry& entry) {
    all.emplace_back(entry.name);
    return true;
  }));
  std::ranges::sort(all);
  std::string joined;
  for (const std::string& name : all) joined += (joined.empty() ? "" : " ") + name;
  return joined;
}

}  // namespace wasifs::test
