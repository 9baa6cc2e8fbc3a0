// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <algorithm>
#include <string_view>

namespace wasifs::cli {

std::string version_text(bool verbose) {
  // Both macros come from the build: it is what found the libraries.
  std::string text = "wasifs " WASIFS_VERSION "\n";
  if (!verbose) return text;
#if defined(__clang__)
  text += "compiler: clang " __clang_version__ "\n";
#else
  text += "compiler: gcc " __VERSION__ "\n";
#endif
  for (std::string_view rest = WASIFS_LIBRARIES; !rest.empty();) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    text.append("library: ").append(rest.substr(0, end)).append("\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

}  // namespace wasifs::cli
