// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/manifest_cbor.h"

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

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

/// False where values are nested too deeply for a reader.
bool append(std::string& out, const Json& value, std::size_t depth);

bool append_children(std::string& out, const Json& value, std::size_t depth) {
  if (depth >= kMaxCborDepth) return false;
  append_head(out, value.is_object() ? Major::map : Major::array, value.size());
  for (const auto& [key, child] : value.items()) {
    if (value.is_object()) append_text(out, key);
    if (!append(out, child, depth + 1)) return false;
  }
  return true;
}

bool append(std::string& out, const Json& value, std::size_t depth) {
  switch (value.type()) {
    case Json::value_t::object:
    case Json::value_t::array:
      return append_children(out, value, depth);
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
      append_head(out, Major::negative, static_cast<std::uint64_t>(-1 - value.get<std::int64_t>()));
      break;
    case Json::value_t::number_float:
      append_number(out, value.get<double>());
      break;
    default:
      append_first(out, Major::simple, kNull);
  }
  return true;
}

/// Finds what is no JSON, and integers of more than 64 bits, which a parser makes numbers
/// with a fraction of, less some digits.
// NOLINTBEGIN(readability-identifier-naming): the names are the library's
class Check final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t& text) override {
    if (text.find_first_of(".eE") != std::string::npos) return true;
    trouble = "the number " + text + " has more than 64 bits";
    return false;
  }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    // The other error there is: more than a double holds.
    const bool syntax = dynamic_cast<const Json::parse_error*>(&error) != nullptr;
    trouble = concat(syntax ? "no JSON" : "a number is too large", " at byte ", position);
    return false;
  }

  std::string trouble;
};
// NOLINTEND(readability-identifier-naming)

}  // namespace

Outcome<std::string> manifest_cbor(std::string_view json, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    return fail(Diagnostic{.trouble = Trouble::manifest, .message = name + ": " + what});
  };
  Check check;
  if (!Json::sax_parse(json, &check)) return refuse(check.trouble);
  const Json root = Json::parse(json);
  if (!root.is_object()) return refuse("no JSON object");
  std::string out;
  if (!append(out, root, 0)) return refuse(concat("values are nested more than ", kMaxCborDepth, " deep"));
  return out;
}

}  // namespace wasifs::webc
