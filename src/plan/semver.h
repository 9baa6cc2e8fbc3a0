// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::plan {

/// Versions and ranges longer than this are refused.
inline constexpr std::size_t kMaxVersionBytes = 256;

/// A version of a package (semver.org 2.0.0).
struct Version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::vector<std::string> pre = {};    ///< the identifiers of a pre-release
  std::vector<std::string> build = {};  ///< the identifiers of the build metadata

  [[nodiscard]] std::string text() const;
  bool operator==(const Version&) const = default;
  /// The precedence of semver.org. Versions that differ in their build only have
  /// the same there and are put in order here, so that "the highest" is one.
  std::strong_ordering operator<=>(const Version& other) const;
};

/// Reads `MAJOR.MINOR.PATCH[-PRE][+BUILD]`. The Diagnostic has no place.
[[nodiscard]] Outcome<Version> parse_version(std::string_view text);

/// Which versions of a package will do, as the registry and Cargo write it:
/// conditions separated by commas, all of which hold. A condition is a version
/// of one to three parts behind one of `= > >= < <= ~ ^` (none means `^`), where
/// the last parts may be `*`, `x` or `X`.
///
/// A pre-release matches only where a condition names a pre-release of the same
/// three numbers. A whole version with build metadata means that very build.
class VersionRange {
 public:
  /// Any version that is no pre-release.
  VersionRange() = default;
  /// Trouble::manifest, without a place.
  [[nodiscard]] static Outcome<VersionRange> parse(std::string_view text);

  [[nodiscard]] bool matches(const Version& version) const;
  /// As it was written, "*" for any.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// As the reference writes it into packages: "^1" for "1", "1.*" for "1.x". The build
  /// of a version is not part of that.
  [[nodiscard]] std::string canonical() const;

  enum class Op : std::uint8_t { exact, greater, greater_equal, less, less_equal, tilde, caret, wildcard };
  struct Condition {
    Op op = Op::caret;
    std::uint64_t major = 0;
    std::optional<std::uint64_t> minor = {};
    std::optional<std::uint64_t> patch = {};
    std::vector<std::string> pre = {};
  };

 private:
  std::vector<Condition> conditions_;  ///< none: any
  std::optional<Version> build_;       ///< the one build that is meant
  std::string text_ = "*";
};

}  // namespace wasifs::plan
