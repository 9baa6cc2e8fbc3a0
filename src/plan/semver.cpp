// SPDX-License-Identifier: Apache-2.0
#include "plan/semver.h"

#include <algorithm>
#include <charconv>

#include "base/path.h"

namespace wasifs::plan {

namespace {

using Op = VersionRange::Op;
using Condition = VersionRange::Condition;
using Identifiers = std::vector<std::string>;

constexpr std::size_t kMaxConditions = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_number(std::string_view identifier) { return std::ranges::all_of(identifier, is_digit); }

/// What is wrong with a text; the caller says which text.
using Problem = std::string;
template <class T>
using Read = std::expected<T, Problem>;

std::unexpected<Problem> problem(std::string text) { return std::unexpected(std::move(text)); }

/// Walks over a text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool take_wildcard() { return take("*") || take("x") || take("X"); }

  /// `name` is the number's place, "major" and so on.
  Read<std::uint64_t> number(std::string_view name) {
    const std::string label = "the " + std::string(name) + " number";
    const auto end = std::ranges::find_if_not(rest_, is_digit);
    const std::string_view digits = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    if (digits.empty()) {
      return problem(at_end() ? label + " is missing" : label + " is missing before " + quoted(rest_));
    }
    if (digits.size() > 1 && digits.front() == '0') return problem(label + " has a leading zero");
    std::uint64_t value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) {
      return problem(label + " is too large");
    }
    rest_.remove_prefix(digits.size());
    return value;
  }

  /// Identifiers separated by dots; `name` is what they are together.
  Read<Identifiers> identifiers(std::string_view name, bool zeros_may_lead) {
    Identifiers found;
    do {
      const auto end = std::ranges::find_if_not(rest_, is_identifier_char);
      const std::string_view one = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
      if (one.empty()) return problem("the " + std::string(name) + " has an empty part");
      if (!zeros_may_lead && one.size() > 1 && one.front() == '0' && is_number(one)) {
        return problem("the " + std::string(name) + " part " + quoted(one) + " has a leading zero");
      }
      found.emplace_back(one);
      rest_.remove_prefix(one.size());
    } while (take("."));
    return found;
  }

 private:
  std::string_view rest_;
};

/// `-PRE` and `+BUILD`, each where it is there.
Read<void> read_suffixes(Scanner& scanner, Identifiers& pre, Identifiers& build) {
  if (scanner.take("-")) {
    auto found = scanner.identifiers("pre-release", false);
    if (!found) return problem(found.error());
    pre = *std::move(found);
  }
  if (scanner.take("+")) {
    auto found = scanner.identifiers("build metadata", true);
    if (!found) return problem(found.error());
    build = *std::move(found);
  }
  return {};
}

Read<Version> read_version(std::string_view text) {
  Scanner scanner(text);
  Version version;
  const std::pair<std::string_view, std::uint64_t*> numbers[] = {
      {"major", &version.major}, {"minor", &version.minor}, {"patch", &version.patch}};
  for (const auto& [name, number] : numbers) {
    if (name != "major" && !scanner.at_end() && !scanner.take(".")) {
      return problem("a dot is missing before " + quoted(scanner.rest()));
    }
    const auto value = scanner.number(name);
    if (!value) return problem(value.error());
    *number = *value;
  }
  if (auto read = read_suffixes(scanner, version.pre, version.build); !read) return problem(read.error());
  if (!scanner.at_end()) return problem("it must end before " + quoted(scanner.rest()));
  return version;
}

Op read_op(Scanner& scanner) {
  constexpr std::pair<std::string_view, Op> kOps[] = {
      {">=", Op::greater_equal}, {"<=", Op::less_equal}, {"=", Op::exact}, {">", Op::greater},
      {"<", Op::less},           {"~", Op::tilde},       {"^", Op::caret}};
  for (const auto& [token, op] : kOps) {
    if (scanner.take(token)) return op;
  }
  return Op::caret;
}

/// The parts behind the major number. Sets `wildcard` where one of them is open.
Read<void> read_minor_and_patch(Scanner& scanner, Condition& condition, bool& wildcard) {
  const std::pair<std::string_view, std::optional<std::uint64_t>*> numbers[] = {{"minor", &condition.minor},
                                                                                {"patch", &condition.patch}};
  for (const auto& [name, number] : numbers) {
    if (!scanner.take(".")) return {};
    if (scanner.take_wildcard()) {
      wildcard = true;
      continue;
    }
    if (wildcard) return problem("only a wildcard can follow a wildcard");
    const auto value = scanner.number(name);
    if (!value) return problem(value.error());
    *number = *value;
  }
  return {};
}

Read<Condition> read_condition(Scanner& scanner) {
  Condition condition;
  const std::size_t before = scanner.rest().size();
  condition.op = read_op(scanner);
  const bool stated = scanner.rest().size() != before;
  scanner.skip_spaces();
  if (Scanner copy = scanner; copy.take_wildcard()) return problem("a lone wildcard must be all there is");
  const auto major = scanner.number("major");
  if (!major) return problem(major.error());
  condition.major = *major;
  bool wildcard = false;
  if (auto read = read_minor_and_patch(scanner, condition, wildcard); !read) return problem(read.error());
  if (wildcard && !stated) condition.op = Op::wildcard;
  if (condition.patch) {
    Identifiers build;
    if (auto read = read_suffixes(scanner, condition.pre, build); !read) return problem(read.error());
    if (!build.empty()) return problem("build metadata is for a single whole version");
  }
  return condition;
}

Read<std::vector<Condition>> read_conditions(std::string_view text) {
  Scanner scanner(text);
  scanner.skip_spaces();
  if (scanner.at_end()) return problem("it is empty");
  if (Scanner lone = scanner; lone.take_wildcard()) {
    lone.skip_spaces();
    if (lone.at_end()) return std::vector<Condition>();
  }
  std::vector<Condition> conditions;
  for (;;) {
    if (conditions.size() == kMaxConditions) {
      return problem("it has more than " + std::to_string(kMaxConditions) + " conditions");
    }
    auto condition = read_condition(scanner);
    if (!condition) return problem(condition.error());
    conditions.push_back(*std::move(condition));
    scanner.skip_spaces();
    if (scanner.at_end()) return conditions;
    if (scanner.rest().starts_with("||")) return problem("a choice of ranges (\"||\") is not known here");
    if (!scanner.take(",")) return problem("a comma is missing before " + quoted(scanner.rest()));
    scanner.skip_spaces();
  }
}

Diagnostic refused(std::string_view text, std::string_view what, const Problem& why) {
  return {.trouble = Trouble::manifest, .message = quoted(text) + " is no " + std::string(what) + ": " + why};
}

Diagnostic too_long(std::string_view what) {
  return {.trouble = Trouble::manifest,
          .message = "a " + std::string(what) + " must not be longer than " +
                     std::to_string(kMaxVersionBytes) + " bytes"};
}

std::string joined(const Identifiers& identifiers) {
  std::string text;
  for (const std::string& one : identifiers) text += (text.empty() ? "" : ".") + one;
  return text;
}

/// Numbers by value and before words, words by their bytes.
std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
  const bool a_number = is_number(a);
  if (a_number != is_number(b)) return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  if (!a_number) return a <=> b;
  // Of any length, so by their digits; zeros may lead those of a build.
  const auto digits = [](std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    return text;
  };
  const std::string_view left = digits(a);
  const std::string_view right = digits(b);
  if (left.size() != right.size()) return left.size() <=> right.size();
  if (left != right) return left <=> right;
  return a.size() <=> b.size();
}

std::strong_ordering compare_lists(const Identifiers& a, const Identifiers& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), compare_identifiers);
}

/// A pre-release comes before the version that it leads to.
std::strong_ordering compare_pre(const Identifiers& a, const Identifiers& b) {
  if (a.empty() != b.empty()) return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  return compare_lists(a, b);
}

bool is_exactly(const Condition& wanted, const Version& version) {
  return version.major == wanted.major && version.minor == wanted.minor.value_or(version.minor) &&
         version.patch == wanted.patch.value_or(version.patch) && version.pre == wanted.pre;
}

/// How the version compares to the condition's as far as that goes; equal where
/// the condition leaves the rest open.
std::strong_ordering compare(const Version& version, const Condition& wanted) {
  if (version.major != wanted.major) return version.major <=> wanted.major;
  if (!wanted.minor) return std::strong_ordering::equal;
  if (version.minor != *wanted.minor) return version.minor <=> *wanted.minor;
  if (!wanted.patch) return std::strong_ordering::equal;
  if (version.patch != *wanted.patch) return version.patch <=> *wanted.patch;
  return compare_pre(version.pre, wanted.pre);
}

bool is_tilde(const Condition& wanted, const Version& version) {
  if (version.major != wanted.major || version.minor != wanted.minor.value_or(version.minor)) return false;
  return !wanted.patch || compare(version, wanted) >= 0;
}

/// Nothing left of and nothing at the first number that is not zero may change.
bool is_caret(const Condition& wanted, const Version& version) {
  if (version.major != wanted.major) return false;
  if (!wanted.minor) return true;
  if (!wanted.patch) {
    return wanted.major > 0 ? version.minor >= *wanted.minor : version.minor == *wanted.minor;
  }
  if (wanted.major == 0 && version.minor != *wanted.minor) return false;
  if (wanted.major == 0 && *wanted.minor == 0 && version.patch != *wanted.patch) return false;
  return compare(version, wanted) >= 0;
}

bool holds(const Condition& wanted, const Version& version) {
  switch (wanted.op) {
    case Op::exact:
    case Op::wildcard:
      return is_exactly(wanted, version);
    case Op::greater:
      return compare(version, wanted) > 0;
    case Op::greater_equal:
      return is_exactly(wanted, version) || compare(version, wanted) > 0;
    case Op::less:
      return compare(version, wanted) < 0;
    case Op::less_equal:
      return is_exactly(wanted, version) || compare(version, wanted) < 0;
    case Op::tilde:
      return is_tilde(wanted, version);
    case Op::caret:
      return is_caret(wanted, version);
  }
  return false;
}

std::string_view sign_of(Op op) {
  switch (op) {
    case Op::exact:
      return "=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::tilde:
      return "~";
    case Op::caret:
      return "^";
    case Op::wildcard:
      return "";
  }
  return "";
}

std::string text_of(const Condition& condition) {
  std::string out(sign_of(condition.op));
  out += std::to_string(condition.major);
  if (condition.minor) out += "." + std::to_string(*condition.minor);
  if (condition.patch) out += "." + std::to_string(*condition.patch);
  if (condition.op == Op::wildcard) out += ".*";
  if (!condition.pre.empty()) out += "-" + joined(condition.pre);
  return out;
}

bool names_pre_release_of(const Condition& wanted, const Version& version) {
  return !wanted.pre.empty() && wanted.major == version.major && wanted.minor == version.minor &&
         wanted.patch == version.patch;
}

}  // namespace

std::string Version::text() const {
  std::string out = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (!pre.empty()) out += "-" + joined(pre);
  if (!build.empty()) out += "+" + joined(build);
  return out;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (major != other.major) return major <=> other.major;
  if (minor != other.minor) return minor <=> other.minor;
  if (patch != other.patch) return patch <=> other.patch;
  if (const auto order = compare_pre(pre, other.pre); order != 0) return order;
  return compare_lists(build, other.build);
}

Outcome<Version> parse_version(std::string_view text) {
  if (text.size() > kMaxVersionBytes) return fail(too_long("version"));
  auto version = read_version(text);
  if (!version) return fail(refused(text, "version", version.error()));
  return *std::move(version);
}

Outcome<VersionRange> VersionRange::parse(std::string_view text) {
  if (text.size() > kMaxVersionBytes) return fail(too_long("version range"));
  VersionRange range;
  range.text_ = text;
  if (auto whole = read_version(text); whole && !whole->build.empty()) {
    range.build_ = *std::move(whole);
    return range;
  }
  auto conditions = read_conditions(text);
  if (!conditions) return fail(refused(text, "version range", conditions.error()));
  range.conditions_ = *std::move(conditions);
  return range;
}

std::string VersionRange::canonical() const {
  if (build_) {
    Version whole = *build_;
    whole.build.clear();
    return "^" + whole.text();
  }
  std::string out;
  for (const Condition& one : conditions_) out += (out.empty() ? "" : ", ") + text_of(one);
  return out.empty() ? "*" : out;
}

bool VersionRange::matches(const Version& version) const {
  if (build_) return version == *build_;
  if (!std::ranges::all_of(conditions_, [&](const Condition& one) { return holds(one, version); })) {
    return false;
  }
  return version.pre.empty() || std::ranges::any_of(conditions_, [&](const Condition& one) {
           return names_pre_release_of(one, version);
         });
}

}  // namespace wasifs::plan
