// SPDX-License-Identifier: Apache-2.0
#include "base/change_text.h"

#include "base/path.h"

namespace wasifs {

namespace {

/// By Kind.
constexpr std::string_view kLetters = "cwrd";

}  // namespace

std::string change_text(const UpperChanges& changes) {
  std::string text;
  for (const UpperChange& change : changes) {
    text += kLetters[static_cast<std::size_t>(change.kind)];
    text += change.name;
    text += '\0';
  }
  return text;
}

std::optional<UpperChanges> parse_changes(std::string_view text) {
  UpperChanges changes;
  while (!text.empty()) {
    const std::size_t letter = kLetters.find(text.front());
    const std::size_t end = text.find('\0');
    if (letter == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(1, end - 1);
    // Who tells it may be anybody: a name becomes a part of a path.
    if (!name.empty() && !check_name(name)) return std::nullopt;
    // In order, and so without any twice.
    if (!changes.empty() && !(changes.back().name < name)) return std::nullopt;
    changes.push_back({std::string(name), static_cast<UpperChange::Kind>(letter)});
    text.remove_prefix(end + 1);
  }
  return changes;
}

}  // namespace wasifs
