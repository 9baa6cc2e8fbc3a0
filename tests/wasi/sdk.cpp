// SPDX-License-Identifier: Apache-2.0
#include "wasi/sdk.h"

#include "engine/engine.h"

namespace wasifs::test {

std::string no_guests() {
  if (engine::engine_name().empty()) return "WABT MISSING: install wabt and configure the build anew";
  if (std::string_view(WASIFS_GUESTS).empty()) {
    return "WASI SDK MISSING: install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 and configure the "
           "build anew";
  }
  return "";
}

std::string guest_file(std::string_view name, std::string_view ending) {
  return std::string(WASIFS_GUESTS).append("/").append(name).append(ending);
}

}  // namespace wasifs::test
