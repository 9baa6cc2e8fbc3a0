// SPDX-License-Identifier: Apache-2.0
#include "plan/capabilities_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "base/path.h"  // wasifs::quoted, named in full: std::quoted would be found too

namespace wasifs::plan {

namespace {

/// What a capability may be set to.
enum class Shape : std::uint8_t { boolean, count, size, period, hosts };

struct KnownKey {
  std::string_view name;
  Shape shape;
};

/// A capability of the runtime: a switch, a table of settings, or either.
struct KnownCapability {
  std::string_view name;
  std::optional<Shape> shape;  ///< nullopt: a table only
  std::span<const KnownKey> keys = {};
};

// The names are those of the reference's `Capabilities`, with hyphens.
constexpr KnownKey kThreading[] = {{"max-threads", Shape::count},
                                   {"enable-asynchronous-threading", Shape::boolean},
                                   {"enable-deep-sleep", Shape::boolean},
                                   {"enable-exponential-cpu-backoff", Shape::period},
                                   {"enable-blocking-sleep", Shape::boolean}};
constexpr KnownKey kHttpClient[] = {{"allow-all", Shape::boolean}, {"allowed-hosts", Shape::hosts}};
constexpr KnownKey kPolling[] = {{"max-poll-subscriptions", Shape::count}};
constexpr KnownCapability kCapabilities[] = {{"insecure-allow-all", Shape::boolean},
                                             {"http-client", Shape::boolean, kHttpClient},
                                             {"polling", std::nullopt, kPolling},
                                             {"max-sock-recv-size", Shape::size},
                                             {"threading", Shape::boolean, kThreading}};
constexpr std::string_view kFs = "fs";

/// Milliseconds of a whole number with a unit, "500ms" or "10s".
std::optional<std::uint64_t> parse_period(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::uint64_t kSecond = 1000;
  if (unit == "ms") return number;
  if (unit == "s" && number <= std::numeric_limits<std::uint64_t>::max() / kSecond) return number * kSecond;
  return std::nullopt;
}

class CapabilitiesReader {
 public:
  CapabilitiesReader(const Value& table, Errors& errors)
      : table_(table), errors_(errors), reader_(table, "[capabilities]", errors) {}

  CapabilitiesSection read() {
    if (const Value* fs = reader_.find(kFs)) read_fs(*fs);
    for (const KnownCapability& known : kCapabilities) static_cast<void>(reader_.find(known.name));
    for (const Entry& entry : table_.entries) {
      const auto known = std::ranges::find(kCapabilities, entry.key, &KnownCapability::name);
      if (known != std::ranges::end(kCapabilities)) read_capability(*known, entry);
    }
    reader_.finish();
    return std::move(section_);
  }

 private:
  void read_fs(const Value& value) {
    if (value.kind != ValueKind::table) {
      errors_.add(value.where, "[capabilities.fs] must be a table, not " + kind_of(value));
      return;
    }
    TableReader reader(value, "[capabilities.fs]", errors_);
    FsLimits& limits = section_.fs;
    if (const auto bytes = reader.size("max-bytes")) limits.max_bytes = bytes->value;
    if (const auto inodes = reader.count("max-inodes")) limits.max_inodes = inodes->value;
    if (const auto size = reader.size("max-file-size")) limits.max_file_size = size->value;
    if (const auto open = reader.count("max-open")) limits.max_open = open->value;
    if (const auto allowed = reader.boolean("special-files")) limits.special_files = allowed->value;
    reader.finish();
  }

  void read_capability(const KnownCapability& known, const Entry& entry) {
    if (entry.value.kind == ValueKind::table && !known.keys.empty()) return read_table(known, entry.value);
    if (!known.shape) {
      errors_.add(entry.value.where,
                  wasifs::quoted(entry.key) + " must be a table, not " + kind_of(entry.value));
    } else if (!known.keys.empty() && entry.value.kind != ValueKind::boolean) {
      errors_.add(entry.value.where,
                  wasifs::quoted(entry.key) + " must be true, false or a table, not " + kind_of(entry.value));
    } else {
      add(reader_, entry.key, entry.key, *known.shape);
    }
  }

  void read_table(const KnownCapability& known, const Value& table) {
    const std::string name(known.name);
    TableReader reader(table, "[capabilities." + name + "]", errors_);
    for (const KnownKey& key : known.keys) static_cast<void>(reader.find(key.name));
    for (const Entry& entry : table.entries) {
      const auto key = std::ranges::find(known.keys, entry.key, &KnownKey::name);
      if (key != known.keys.end()) add(reader, entry.key, name + "." + entry.key, key->shape);
    }
    reader.finish();
  }

  /// Reads `key` of a table and passes it on as `name`.
  void add(TableReader& reader, const std::string& key, std::string name, Shape shape) {
    switch (shape) {
      case Shape::boolean:
        return pass(reader.boolean(key), std::move(name));
      case Shape::count:
        return pass(reader.count(key), std::move(name));
      case Shape::size:
        return pass(reader.size(key), std::move(name));
      case Shape::period:
        return pass(read_period(reader, key), std::move(name));
      case Shape::hosts:
        return pass(read_hosts(reader, key), std::move(name));
    }
  }

  template <class T>
  void pass(const std::optional<Located<T>>& value, std::string name) {
    if (!value) return;
    const nlohmann::json json(value->value);
    section_.others.push_back({.name = std::move(name),
                               .json = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                               .where = value->where});
  }

  std::optional<Located<std::uint64_t>> read_period(TableReader& reader, std::string_view key) {
    const auto text = reader.text(key);
    if (!text) return std::nullopt;
    if (const auto period = parse_period(text->value)) return Located<std::uint64_t>{*period, text->where};
    errors_.add(text->where, wasifs::quoted(key) + ": " + wasifs::quoted(text->value) + " is not a period",
                "a period is a whole number with a unit: ms or s");
    return std::nullopt;
  }

  std::optional<Located<std::vector<std::string>>> read_hosts(TableReader& reader, std::string_view key) {
    const Value* array = reader.array(key);
    if (array == nullptr) return std::nullopt;
    Located<std::vector<std::string>> hosts{{}, array->where};
    for (const Value& item : array->items) {
      if (item.kind != ValueKind::string) {
        errors_.add(item.where, "each of " + wasifs::quoted(key) + " must be a string, not " + kind_of(item));
      } else if (check_text(key, item, errors_)) {
        hosts.value.push_back(item.text);
      }
    }
    return hosts;
  }

  static std::string kind_of(const Value& value) {
    return value.kind == ValueKind::boolean ? "a boolean" : std::string(value.kind_name);
  }

  const Value& table_;
  Errors& errors_;
  TableReader reader_;
  CapabilitiesSection section_;
};

}  // namespace

CapabilitiesSection read_capabilities(const Value& table, Errors& errors) {
  return CapabilitiesReader(table, errors).read();
}

}  // namespace wasifs::plan
