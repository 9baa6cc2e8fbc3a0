// SPDX-License-Identifier: Apache-2.0
#include "fuse/trouble.h"

#include <utility>

namespace wasifs::fuse {

std::string quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += "\\x";
      result += kHex[byte >> 4U];
      result += kHex[byte & 0xFU];
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

std::unexpected<Diagnostic> mount_trouble(std::string message, std::string hint) {
  return fail(Diagnostic{.trouble = Trouble::mount, .message = std::move(message), .hint = std::move(hint)});
}

}  // namespace wasifs::fuse
