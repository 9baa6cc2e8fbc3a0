// SPDX-License-Identifier: Apache-2.0

// What a mount's daemon answers through parsing and reporting.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "inspect/status_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wasifs::MountStatus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto tree = wasifs::TreeStatus::parse(text);
  if (!tree) return 0;
  const MountStatus mount{.point = "/",
                          .source = "fuzz",
                          .read_only = false,
                          .state = MountStatus::State::serving,
                          .tree = *std::move(tree)};
  std::ostringstream out;
  wasifs::print_status(out, {&mount, 1});
  for (const char c : out.view()) {
    if (c != '\n' && static_cast<unsigned char>(c) < ' ') std::abort();
  }
  wasifs::print_status_json(out, {&mount, 1});
  return 0;
}
