// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/manifest_cbor.h"

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/path.h"
#include "fs/webc/bytes.h"
#include "fs/webc/cbor_check.h"

namespace wasifs::webc {

namespace {

using Json = nlohmann::ordered_json;

/// RFC 8949, section 3: the upper three bits of an item's first byte.
enum class Major : std::uint8_t { natural, negative, bytes, text, array, map, tag, simple };

constexpr unsigned kFalse = 20;
constexpr unsigned kTrue = 21;
constexpr unsigned kNull = 22;
constexpr unsigned kHalf = 25;
constexpr unsigned kSingle = 26;
constexpr unsigned kDouble = 27;

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned left = bytes; left-- > 0;) out += static_cast<char>(value >> (8 * left) & 0xffU);
}

void append_first(std::string& out, Major major, unsigned additional) {
  out += static_cast<char>(static_cast<unsigned>(major) << 5U | additional);
}

/// An item's first bytes, `value` in as few of them as hold it.
void append_head(std::string& out, Major major, std::uint64_t value) {
  if (value < 24) return append_first(out, major, static_cast<unsigned>(value));
  const unsigned power = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffff'ffff ? 2 : 3;
  append_first(out, major, 24 + power);
  append_big_endian(out, value, 1U << power);
}

/// IEEE 754 binary16 of a number that it can hold: nullopt for any other. Those that
/// nothing of a number's bits may be cut off from.
std::optional<std::uint16_t> as_half(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  const auto sign = static_cast<std::uint16_t>(bits >> 16U & 0x8000U);
  if (number == 0) return sign;
  const int exponent = static_cast<int>(bits >> 23U & 0xffU) - 127;
  const std::uint32_t fraction = bits & 0x7f'ffffU;
  if (exponent > 15 || exponent < -24) return std::nullopt;
  // Below 2^-14 the leading one is written, and the exponent is not.
  const unsigned cut = exponent >= -14 ? 13U : static_cast<unsigned>(-1 - exponent);
  const std::uint32_t significand = exponent >= -14 ? fraction : fraction | 0x80'0000U;
  if ((significand & ((1U << cut) - 1)) != 0) return std::nullopt;
  const std::uint32_t biased = exponent >= -14 ? static_cast<std::uint32_t>(exponent + 15) << 10U : 0;
  return static_cast<std::uint16_t>(sign | biased | significand >> cut);
}

void append_integer(std::string& out, std::int64_t number) {
  // JSON knows "-0", CBOR does not.
  if (number >= 0) return append_head(out, Major::natural, static_cast<std::uint64_t>(number));
  append_head(out, Major::negative, static_cast<std::uint64_t>(-1 - number));
}

void append_number(std::string& out, double number) {
  const auto single = static_cast<float>(number);
  if (static_cast<double>(single) != number) {
    append_first(out, Major::simple, kDouble);
    return append_big_endian(out, std::bit_cast<std::uint64_t>(number), 8);
  }
  if (const auto half = as_half(single)) {
    append_first(out, Major::simple, kHalf);
    return append_big_endian(out, *half, 2);
  }
  append_first(out, Major::simple, kSingle);
  append_big_endian(out, std::bit_cast<std::uint32_t>(single), 4);
}

void append_text(std::string& out, const std::string& text) {
  append_head(out, Major::text, text.size());
  out += text;
}

/// Check has bounded the depth.
void append(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
    case Json::value_t::array:
      append_head(out, value.is_object() ? Major::map : Major::array, value.size());
      for (const auto& [key, child] : value.items()) {
        if (value.is_object()) append_text(out, key);
        append(out, child);
      }
      break;
    case Json::value_t::string:
      append_text(out, value.get_ref<const std::string&>());
      break;
    case Json::value_t::boolean:
      append_first(out, Major::simple, value.get<bool>() ? kTrue : kFalse);
      break;
    case Json::value_t::number_unsigned:
      append_head(out, Major::natural, value.get<std::uint64_t>());
      break;
    case Json::value_t::number_integer:
      append_integer(out, value.get<std::int64_t>());
      break;
    case Json::value_t::number_float:
      append_number(out, value.get<double>());
      break;
    default:
      append_first(out, Major::simple, kNull);
  }
}

/// Finds what is no JSON, and what no package can hold: check_cbor() has the same limits.
/// Integers of more than 64 bits a parser makes numbers with a fraction of, less some
/// digits; of two values of one key it drops the first.
// NOLINTBEGIN(readability-identifier-naming): the names are the library's
class Check final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return item(); }
  bool boolean(bool) override { return item(); }
  bool number_integer(number_integer_t) override { return item(); }
  bool number_unsigned(number_unsigned_t) override { return item(); }
  bool number_float(number_float_t, const string_t& text) override {
    if (text.find_first_of(".eE") != std::string::npos) return item();
    return refuse("the number " + text + " has more than 64 bits");
  }
  bool string(string_t&) override { return item(); }
  bool binary(binary_t&) override { return item(); }
  bool start_object(std::size_t) override { return open(); }
  bool key(string_t& text) override {
    std::set<std::string>& keys = keys_.back();
    if (keys.size() == kMaxCborMapKeys)
      return refuse(concat("a map has more than ", kMaxCborMapKeys, " keys"));
    if (keys.insert(text).second) return item();
    return refuse("the key " + wasifs::quoted(text) + " is there twice in one map");
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    // The other error there is: more than a double holds.
    const bool syntax = dynamic_cast<const Json::parse_error*>(&error) != nullptr;
    return refuse(concat(syntax ? "no JSON" : "a number is too large", " at byte ", position));
  }

  std::string trouble;

 private:
  bool refuse(std::string what) {
    trouble = std::move(what);
    return false;
  }
  bool item() {
    if (++items_ <= kMaxCborItems) return true;
    return refuse(concat("there are more than ", kMaxCborItems, " values"));
  }
  bool open() {
    if (keys_.size() == kMaxCborDepth)
      return refuse(concat("values are nested more than ", kMaxCborDepth, " deep"));
    keys_.emplace_back();
    return item();
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;  ///< of each map that is open; none of a list
  std::uint64_t items_ = 0;
};
// NOLINTEND(readability-identifier-naming)

}  // namespace

Outcome<void> check_manifest_json(std::string_view json, const std::string& name) {
  Check check;
  if (Json::sax_parse(json, &check)) return {};
  return fail(Diagnostic{.trouble = Trouble::manifest, .message = name + ": " + check.trouble});
}

Outcome<std::string> manifest_cbor(std::string_view json, const std::string& name) {
  if (auto checked = check_manifest_json(json, name); !checked) return fail(std::move(checked.error()));
  const Json root = Json::parse(json);
  if (!root.is_object()) {
    return fail(Diagnostic{.trouble = Trouble::manifest, .message = name + ": no JSON object"});
  }
  std::string out;
  append(out, root);
  return out;
}

}  // namespace wasifs::webc
