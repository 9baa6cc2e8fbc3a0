// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wasifs/node.h"

namespace wasifs {

/// A device of the default root: its name in /dev and the Linux number that
/// stat shows (and that a host kernel opens, where the mount allows devices).
struct Device {
  std::string_view name;
  std::uint64_t rdev;
  std::uint16_t mode;
};

/// null, zero, urandom, stdin, stdout, stderr, tty.
[[nodiscard]] std::span<const Device> standard_devices();

/// Opens the device of that number in this process: null, zero and urandom are
/// served by wasifs itself; tty and the standard streams, which belong to a
/// guest's context, read as empty and swallow what is written. enxio: a number
/// that wasifs does not serve.
[[nodiscard]] Result<FilePtr> open_device(std::uint64_t rdev, OpenFlags flags);

}  // namespace wasifs
