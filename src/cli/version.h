// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace wasifs::cli {

/// "wasifs 0.1.0", and with `verbose` a line for the compiler and for each
/// library the program was built with. Ends with a newline.
[[nodiscard]] std::string version_text(bool verbose);

}  // namespace wasifs::cli
