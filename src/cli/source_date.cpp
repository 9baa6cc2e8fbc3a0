// SPDX-License-Identifier: Apache-2.0
#include "cli/source_date.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/path.h"
#include "cli/verb.h"

namespace wasifs::cli {

Outcome<std::optional<std::uint64_t>> source_date_epoch(std::string_view verb, const Io& io) {
  constexpr std::string_view kName = "SOURCE_DATE_EPOCH=";
  const auto found = std::ranges::find_if(
      io.environment, [&](const std::string& variable) { return variable.starts_with(kName); });
  if (found == io.environment.end()) return std::nullopt;
  const std::string_view text = std::string_view(*found).substr(kName.size());
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(usage_error(verb, "SOURCE_DATE_EPOCH: " + wasifs::quoted(text) + " is no number of seconds",
                            "unset it, or set it to seconds since 1970"));
  }
  return seconds;
}

}  // namespace wasifs::cli
