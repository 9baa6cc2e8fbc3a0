// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <algorithm>

#include "base/utf8.h"

namespace wasifs {

namespace {

constexpr std::size_t kMaxName = 255;

Diagnostic invalid(std::string_view what, std::string_view path, std::string_view why) {
  return {.trouble = Trouble::manifest,
          .message = "Invalid " + std::string(what) + " " + quoted(path) + ": " + std::string(why)};
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.size() > kMaxName) return fail(Errc::enametoolong);
  if (name.empty() || name == "." || name == "..") return fail(Errc::einval);
  if (name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
    return fail(Errc::einval);
  }
  return {};
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string join_path(std::string_view path, std::string_view name) {
  return std::string(path).append(path.ends_with('/') ? "" : "/").append(name);
}

Outcome<std::string> normalize_guest_path(std::string_view guest, std::string_view what) {
  if (guest.empty()) return fail(invalid(what, guest, "it is empty; use \"/\" for the root"));
  if (guest.find('\0') != std::string_view::npos) {
    return fail(invalid(what, guest, "it contains a NUL byte"));
  }
  // The reference names the path with the '/' that it put in front.
  const std::string shown = guest.front() == '/' ? std::string(guest) : "/" + std::string(guest);
  std::vector<std::string_view> kept;
  for (const std::string_view part : split_path(guest)) {
    if (part == ".") continue;
    if (part != "..") {
      if (part.size() > kMaxName) return fail(invalid(what, shown, "a component is longer than 255 bytes"));
      kept.push_back(part);
    } else if (!kept.empty()) {
      kept.pop_back();
    } else {
      return fail(invalid(what, shown, "parent traversal escapes the virtual root"));
    }
  }
  std::string normal;
  for (const std::string_view part : kept) normal.append("/").append(part);
  return normal.empty() ? "/" : normal;
}

bool is_at_or_below(std::string_view path, std::string_view ancestor) {
  if (ancestor == "/") return true;
  return path.starts_with(ancestor) && (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte == '"' || byte == '\\') {
      out.append({'\\', text.front()});
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
      out.append({'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]});
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + "\"";
}

}  // namespace wasifs
