// SPDX-License-Identifier: Apache-2.0
#include "plan/reader.h"

#include <algorithm>
#include <tuple>

#include "base/path.h"
#include "base/suggest.h"
#include "plan/size.h"

namespace wasifs::plan {

void Errors::add(SourceLocation where, std::string message, std::string hint) {
  ++count_;
  if (listed_.size() >= kMax) return;
  listed_.push_back({.trouble = Trouble::manifest,
                     .message = std::move(message),
                     .where = std::move(where),
                     .hint = std::move(hint)});
}

Diagnostic Errors::diagnostic(const std::string& file) && {
  if (count_ == 1) return std::move(listed_.front());
  std::ranges::sort(listed_, {}, [](const Diagnostic& error) {
    return std::tie(error.where.line, error.where.column, error.message);
  });
  Diagnostic all{.trouble = Trouble::manifest,
                 .message = "the manifest has " + std::to_string(count_) + " errors",
                 .where = {.file = file},
                 .causes = std::move(listed_)};
  if (count_ > kMax) all.message += ", " + std::to_string(kMax) + " of which follow";
  return all;
}

const Value* TableReader::find(std::string_view key) {
  known_.push_back(key);
  const auto entry = std::ranges::find(table_.entries, key, &Entry::key);
  return entry == table_.entries.end() ? nullptr : &entry->value;
}

std::optional<SourceLocation> TableReader::place_of(std::string_view key) const {
  const auto entry = std::ranges::find(table_.entries, key, &Entry::key);
  if (entry == table_.entries.end()) return std::nullopt;
  return entry->where;
}

void TableReader::report_type(std::string_view key, const Value& value, std::string_view wanted) {
  errors_.add(value.where, quoted(key) + " must be " + std::string(wanted) + ", not " +
                               std::string(value.kind == ValueKind::boolean ? "a boolean" : value.kind_name));
}

const Value* TableReader::string_value(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr || value->kind == ValueKind::string) return value;
  report_type(key, *value, "a string");
  return nullptr;
}

std::optional<Located<std::string>> TableReader::text(std::string_view key) {
  const Value* value = string_value(key);
  if (value == nullptr || !check_text(key, *value, errors_)) return std::nullopt;
  return Located<std::string>{value->text, value->where};
}

std::optional<Located<std::string>> TableReader::content(std::string_view key) {
  const Value* value = string_value(key);
  if (value == nullptr) return std::nullopt;
  return Located<std::string>{value->text, value->where};
}

std::optional<Located<std::string>> TableReader::required_text(std::string_view key) {
  if (!place_of(key)) errors_.add(where(), name_ + " has no " + quoted(key));
  return text(key);
}

std::optional<Located<bool>> TableReader::boolean(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == ValueKind::boolean) return Located<bool>{value->boolean, value->where};
  report_type(key, *value, "true or false");
  return std::nullopt;
}

std::optional<Located<std::uint64_t>> TableReader::count(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != ValueKind::integer) {
    report_type(key, *value, "an integer");
  } else if (value->integer < 0) {
    errors_.add(value->where, quoted(key) + " must not be negative");
  } else {
    return Located<std::uint64_t>{static_cast<std::uint64_t>(value->integer), value->where};
  }
  return std::nullopt;
}

std::optional<Located<std::uint64_t>> TableReader::size(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == ValueKind::integer) return count(key);
  if (value->kind != ValueKind::string) {
    report_type(key, *value, "a size (an integer or a string with a unit)");
    return std::nullopt;
  }
  const Outcome<std::uint64_t> bytes = parse_size(value->text);
  if (bytes) return Located<std::uint64_t>{*bytes, value->where};
  errors_.add(value->where, quoted(key) + ": " + bytes.error().message, bytes.error().hint);
  return std::nullopt;
}

const Value* TableReader::array(std::string_view key) {
  const Value* value = find(key);
  if (value == nullptr || value->kind == ValueKind::array) return value;
  report_type(key, *value, "an array");
  return nullptr;
}

const Value* TableReader::table(std::string_view key, const std::string& name) {
  const Value* value = find(key);
  if (value == nullptr || value->kind == ValueKind::table) return value;
  report_not_table(*value, name);
  return nullptr;
}

std::vector<const Value*> TableReader::tables(std::string_view key, const std::string& name) {
  std::vector<const Value*> found;
  const Value* list = array(key);
  if (list == nullptr) return found;
  for (const Value& item : list->items) {
    if (item.kind == ValueKind::table) {
      found.push_back(&item);
    } else {
      report_not_table(item, name);
    }
  }
  return found;
}

std::vector<Located<std::string>> TableReader::texts(std::string_view key) {
  std::vector<Located<std::string>> found;
  const Value* list = array(key);
  if (list == nullptr) return found;
  for (const Value& item : list->items) {
    if (item.kind != ValueKind::string) {
      errors_.add(item.where, quoted(key) + " must hold strings only, not " + std::string(item.kind_name));
    } else if (item.text.find('\0') != std::string::npos) {
      errors_.add(item.where, quoted(key) + " must not contain a NUL byte");
    } else {
      found.push_back({item.text, item.where});
    }
  }
  return found;
}

void TableReader::report_not_table(const Value& value, const std::string& name) {
  errors_.add(value.where, name + " must be a table, not " + std::string(value.kind_name));
}

void TableReader::report_bad_word(std::string_view key, const Located<std::string>& found,
                                  std::span<const std::string_view> allowed) {
  errors_.add(found.where,
              quoted(key) + " must be " + list_of(allowed, "or") + ", not " + quoted(found.value),
              suggest(found.value, allowed));
}

void TableReader::unsupported(std::string_view key, const std::string& what) {
  if (find(key) == nullptr) return;
  errors_.add(*place_of(key), what + " is not supported by this version of wasifs");
}

void TableReader::finish() {
  for (const Entry& entry : table_.entries) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    errors_.add(entry.where, "unknown key " + quoted(entry.key) + " in " + name_,
                errors_.full() ? std::string() : suggest(entry.key, known_));
  }
}

void TableReader::report_slips() {
  for (const Entry& entry : table_.entries) {
    if (errors_.full() || std::ranges::find(known_, entry.key) != known_.end()) continue;
    std::string hint = suggest(entry.key, known_);
    if (!hint.empty()) {
      errors_.add(entry.where, "unknown key " + quoted(entry.key) + " in " + name_, std::move(hint));
    }
  }
}

bool check_text(std::string_view key, const Value& string, Errors& errors) {
  if (string.text.empty()) {
    errors.add(string.where, quoted(key) + " must not be empty");
  } else if (string.text.find('\0') != std::string::npos) {
    errors.add(string.where, quoted(key) + " must not contain a NUL byte");
  } else {
    return true;
  }
  return false;
}

std::string list_of(std::span<const std::string_view> names, std::string_view conjunction) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " " + std::string(conjunction) + " " : ", ";
    out += quoted(names[i]);
  }
  return out;
}

}  // namespace wasifs::plan
