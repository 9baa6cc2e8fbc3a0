// SPDX-License-Identifier: Apache-2.0

// Bytes as a WebAssembly module whose features are to be noted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "fs/webc/wasm_features.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto features = wasifs::webc::wasm_features(bytes);
  if (!features) return 0;
  if (size < 8 || features->size() < 5 || features->size() > 6) std::abort();
  if (features->size() == 6 && features->back() != "exception-handling") std::abort();
  return 0;
}
