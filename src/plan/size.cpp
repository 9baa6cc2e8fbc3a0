// SPDX-License-Identifier: Apache-2.0
#include "plan/size.h"

#include <charconv>
#include <limits>

#include "base/path.h"

namespace wasifs::plan {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::uint64_t kKilo = 1000;
constexpr std::uint64_t kKibi = 1024;
constexpr Unit kUnits[] = {
    {"", 1},
    {"KiB", kKibi},
    {"MiB", kKibi* kKibi},
    {"GiB", kKibi* kKibi* kKibi},
    {"TiB", kKibi* kKibi* kKibi* kKibi},
    {"KB", kKilo},
    {"MB", kKilo* kKilo},
    {"GB", kKilo* kKilo* kKilo},
};

Diagnostic bad_size(std::string_view text, std::string_view why) {
  return {.trouble = Trouble::manifest,
          .message = quoted(text) + " " + std::string(why),
          .hint = "a size is a whole number of bytes, or one with a unit: KiB, MiB, GiB, TiB, KB, MB, GB"};
}

}  // namespace

Outcome<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return fail(bad_size(text, "does not fit in 64 bits"));
  if (error != std::errc()) return fail(bad_size(text, "is not a size"));
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (unit.name != suffix) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / unit.bytes) {
      return fail(bad_size(text, "does not fit in 64 bits"));
    }
    return number * unit.bytes;
  }
  return fail(bad_size(text, "is not a size"));
}

}  // namespace wasifs::plan
