// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/document.h"
#include "plan/manifest.h"

namespace wasifs::plan {

/// Collects the errors of one manifest, so that a person sees all of them at
/// once. After kMax it stops listing and only counts.
class Errors {
 public:
  static constexpr std::size_t kMax = 50;

  void add(SourceLocation where, std::string message, std::string hint = {});
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// Nothing that is added now will be listed.
  [[nodiscard]] bool full() const { return count_ >= kMax; }
  /// The only error, or one that has all of them as causes, in the order of the
  /// document. Not for an empty collection.
  [[nodiscard]] Diagnostic diagnostic(const std::string& file) &&;

 private:
  std::size_t count_ = 0;
  std::vector<Diagnostic> listed_;
};

/// Reads one table of a manifest key by key. What is wrong goes to the Errors
/// and reads as absent; finish() then reports every key that nobody asked for.
class TableReader {
 public:
  /// `name` is the table as messages show it, e.g. "[[mount]]".
  TableReader(const Value& table, std::string name, Errors& errors)
      : table_(table), name_(std::move(name)), errors_(errors) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const SourceLocation& where() const { return table_.where; }

  /// The value of `key` if it is there, whatever its type. Makes the key known.
  const Value* find(std::string_view key);
  /// The place of the key (not of its value), for errors about its presence.
  [[nodiscard]] std::optional<SourceLocation> place_of(std::string_view key) const;

  /// A string that is not empty and holds no NUL byte.
  std::optional<Located<std::string>> text(std::string_view key);
  /// A string of any bytes.
  std::optional<Located<std::string>> content(std::string_view key);
  /// As text(); its absence is an error.
  std::optional<Located<std::string>> required_text(std::string_view key);
  std::optional<Located<bool>> boolean(std::string_view key);
  /// An integer that is not negative.
  std::optional<Located<std::uint64_t>> count(std::string_view key);
  /// An integer or a string with a unit, see parse_size().
  std::optional<Located<std::uint64_t>> size(std::string_view key);
  /// An array (of any length); null where absent or wrong.
  const Value* array(std::string_view key);
  /// A table; null where absent or wrong. `name` is the table in messages.
  const Value* table(std::string_view key, const std::string& name);
  /// The tables in an array; `name` is one of them in messages.
  std::vector<const Value*> tables(std::string_view key, const std::string& name);
  /// The strings in an array, none of which may hold a NUL byte.
  std::vector<Located<std::string>> texts(std::string_view key);

  template <class T>
  using Names = std::initializer_list<std::pair<std::string_view, T>>;
  /// One of a few words.
  template <class T>
  std::optional<Located<T>> word(std::string_view key, Names<T> allowed) {
    const auto found = text(key);
    if (!found) return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : allowed) {
      if (name == found->value) return Located<T>{value, found->where};
      names.push_back(name);
    }
    report_bad_word(key, *found, names);
    return std::nullopt;
  }

  /// Reports `key`, if present, as something this version does not do; `what`
  /// completes `… is not supported by this version of wasifs`.
  void unsupported(std::string_view key, const std::string& what);

  /// Reports unknown keys, each with the nearest known one.
  void finish();
  /// Reports only those unknown keys that look like slips of known ones.
  void report_slips();

 private:
  void report_bad_word(std::string_view key, const Located<std::string>& found,
                       std::span<const std::string_view> allowed);
  void report_not_table(const Value& value, const std::string& name);
  const Value* string_value(std::string_view key);
  void report_type(std::string_view key, const Value& value, std::string_view wanted);

  const Value& table_;
  std::string name_;
  Errors& errors_;
  std::vector<std::string_view> known_;
};

/// Reports a string that is empty or holds a NUL byte, as `"key" must not be …`.
bool check_text(std::string_view key, const Value& string, Errors& errors);

/// `"a", "b" or "c"`.
[[nodiscard]] std::string list_of(std::span<const std::string_view> names, std::string_view conjunction);

}  // namespace wasifs::plan
