// SPDX-License-Identifier: Apache-2.0

// A file of ignore rules up to a NUL byte, and a path behind that.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plan/ignore_rules.h"

namespace {

using namespace wasifs;
using Verdict = plan::IgnoreRules::Verdict;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A pattern alone: its automaton is no larger than it is itself.
void check_glob(std::string_view pattern, std::string_view path) {
  const auto glob = plan::Glob::parse(pattern);
  if (!glob) return require(!glob.error().message.empty());
  require(glob->states() <= 4 * pattern.size() + 1);
  (void)glob->matches(path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  const std::string_view path = all.substr(std::min(text.size() + 1, all.size()));
  check_glob(text.substr(0, text.find('\n')), path);
  const auto rules = plan::IgnoreRules::parse(text, ".gitignore");
  if (!rules) {
    const Diagnostic& error = rules.error();
    require(error.trouble == Trouble::manifest && error.where.file == ".gitignore" && error.where.line > 0);
    return 0;
  }
  const Verdict of_file = rules->match(path, false);
  const Verdict of_directory = rules->match(path, true);
  // A directory is what a file is, and more: only a line that says so tells them apart.
  require(of_file == of_directory || of_directory != Verdict::none);
  return 0;
}
