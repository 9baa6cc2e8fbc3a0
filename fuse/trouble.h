// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/error.h"

namespace wasifs::fuse {

/// `text` in double quotes, control characters as \xNN.
[[nodiscard]] std::string quote(std::string_view text);

/// A Diagnostic of Trouble::mount, ready to be returned.
[[nodiscard]] std::unexpected<Diagnostic> mount_trouble(std::string message, std::string hint = {});

}  // namespace wasifs::fuse
