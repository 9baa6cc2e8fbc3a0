// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wasifs::test {

/// The folder of real packages: $WASIFS_FIXTURES, else ../shared/fixtures
/// beside the source tree; nullopt where there is none.
[[nodiscard]] std::optional<std::string> fixtures_directory();

/// The path of the fixture whose file name starts with `prefix`, e.g.
/// "bash-1.0.16"; nullopt where the folder or the file is missing.
[[nodiscard]] std::optional<std::string> find_fixture(std::string_view prefix);

/// Every *.webc of the folder, sorted.
[[nodiscard]] std::vector<std::string> all_fixtures();

/// The content of a file; throws std::runtime_error if it cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace wasifs::test

/// Skips the running test, and says how to run it, where a fixture is missing.
#define WASIFS_NEED_FIXTURE(variable, prefix)                                                      \
  const auto variable##_found = ::wasifs::test::find_fixture(prefix);                              \
  if (!variable##_found) {                                                                         \
    GTEST_SKIP() << "FIXTURE MISSING: no file " << (prefix)                                        \
                 << "*.webc; set WASIFS_FIXTURES to the folder of webc fixtures to run this test"; \
  }                                                                                                \
  const std::string& variable = *variable##_found
