// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wasifs/types.h"

namespace wasifs::plan {

/// A directory of the default root.
struct BaseDirectory {
  std::string_view name;
  std::uint16_t mode;
};
/// In the order in which they are made.
[[nodiscard]] std::span<const BaseDirectory> base_directories();

/// True for what the default root has at that path: one of its devices.
[[nodiscard]] bool is_base_device(std::string_view path, const Attr& attr);

}  // namespace wasifs::plan
