// SPDX-License-Identifier: Apache-2.0
#include "plan/specifier.h"

#include <algorithm>

#include "base/path.h"
#include "plan/layer_source.h"

namespace wasifs::plan {

namespace {

constexpr std::size_t kMaxSpecifierBytes = 1024;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kHashDigits = 64;
constexpr std::string_view kHashPrefix = "sha256:";

Diagnostic refused(std::string_view text, const std::string& why) {
  return {.trouble = Trouble::corrupt, .message = quoted(text) + " names no package: " + why};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && text != "." && text != ".." &&
         std::ranges::all_of(text, is_name_char);
}

/// The digits in lower case; "" if `text` is no hash.
std::string read_hash(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= 'A' && c <= 'F') {
      digits += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
      digits += c;
    } else {
      return {};
    }
  }
  return digits.size() == kHashDigits ? digits : std::string();
}

/// The part of a URL that names the package, "" if it has none.
std::string_view package_part(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t path = url.find('/');
  if (path == std::string_view::npos) return {};
  url.remove_prefix(path + 1);
  // The name is the last component, the namespace the one before it. A range
  // holds no slash.
  const std::size_t name = url.rfind('/');
  if (name == std::string_view::npos || name == 0) return url.substr(name == 0 ? 1 : 0);
  const std::size_t before = url.rfind('/', name - 1);
  return before == std::string_view::npos ? url : url.substr(before + 1);
}

/// `NAME.webc` of a URL: a package by its hash.
std::string hash_of_file(std::string_view part) {
  part.remove_prefix(part.rfind('/') + 1);
  if (!has_package_name(part)) return {};
  return read_hash(part.substr(0, part.rfind('.')));
}

Outcome<PackageSpecifier> read_name(std::string_view text, std::string_view part) {
  PackageSpecifier specifier{.text = std::string(text)};
  const std::size_t at = part.rfind('@');
  const std::string_view range = at == std::string_view::npos ? std::string_view() : part.substr(at + 1);
  std::string_view name = part.substr(0, at);
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
    specifier.name_space = name.substr(0, slash);
    name.remove_prefix(slash + 1);
    if (!is_name(specifier.name_space)) {
      return fail(refused(text, quoted(specifier.name_space) + " is no name of a namespace"));
    }
  }
  if (!is_name(name)) return fail(refused(text, quoted(name) + " is no name of a package"));
  specifier.name = name;
  if (range.empty() || range == "latest") return specifier;
  Outcome<VersionRange> parsed = VersionRange::parse(range);
  if (!parsed) return fail(refused(text, parsed.error().message));
  specifier.range = *std::move(parsed);
  return specifier;
}

}  // namespace

std::string full_package_name(std::string_view name_space, std::string_view name) {
  if (name_space.empty()) return std::string(name);
  return std::string(name_space).append("/").append(name);
}

std::string PackageSpecifier::full_name() const { return full_package_name(name_space, name); }

Outcome<PackageSpecifier> parse_specifier(std::string_view text) {
  if (text.size() > kMaxSpecifierBytes) {
    return fail(refused(text.substr(0, kMaxNameBytes),
                        "it is longer than " + std::to_string(kMaxSpecifierBytes) + " bytes"));
  }
  if (text.starts_with(kHashPrefix)) {
    std::string hash = read_hash(text.substr(kHashPrefix.size()));
    if (hash.empty()) return fail(refused(text, "a sha256 has 64 hexadecimal digits"));
    return PackageSpecifier{.text = std::string(text), .sha256 = std::move(hash)};
  }
  std::string_view part = text;
  if (text.find("://") != std::string_view::npos) {
    part = package_part(text);
    if (std::string hash = hash_of_file(part); !hash.empty()) {
      return PackageSpecifier{.text = std::string(text), .sha256 = std::move(hash)};
    }
  } else if (text.starts_with('.') || text.starts_with('/')) {
    return fail(refused(text, "a package cannot depend on a path"));
  } else if (const std::size_t colon = text.find(':'); colon < text.find('/') && colon < text.find('@')) {
    part = text.substr(colon + 1);
  }
  return read_name(text, part);
}

}  // namespace wasifs::plan
