// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace wasifs::test {

/// Why no guest can be built or run here; "" where they can.
[[nodiscard]] std::string no_guests();

/// The file of a guest that was built: `ending` is ".wasm", or ".o" for what the
/// guest's own code imports.
[[nodiscard]] std::string guest_file(std::string_view name, std::string_view ending);

}  // namespace wasifs::test
