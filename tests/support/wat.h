// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace wasifs::test {

/// True where wabt's assembler was found when the tests were configured.
[[nodiscard]] bool can_assemble();

/// The bytes of a WebAssembly module, from its text. Throws std::runtime_error with
/// the assembler's message.
[[nodiscard]] std::string assemble(std::string_view wat);

}  // namespace wasifs::test

/// Skips the running test, loudly, where modules cannot be assembled or run.
#define WASIFS_NEED_ENGINE()                                                                          \
  if (!::wasifs::test::can_assemble() || ::wasifs::engine::engine_name().empty()) {                   \
    GTEST_SKIP() << "WABT MISSING: install wabt (library and wat2wasm) and configure the build anew"; \
  }                                                                                                   \
  static_assert(true)
