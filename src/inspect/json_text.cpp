// SPDX-License-Identifier: Apache-2.0
#include "inspect/json_text.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace wasifs {

std::string json_string(std::string_view bytes) {
  return nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8U) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kAlphabet[(bits >> (18U - 6U * i)) & 63U] : '=';
    }
  }
  return out;
}

JsonObject& JsonObject::add(std::string_view key, std::string_view bytes) {
  add_json(key, json_string(bytes));
  if (!is_utf8(bytes)) add_json(std::string(key) + "_base64", json_string(base64(bytes)));
  return *this;
}

JsonObject& JsonObject::add_json(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ",";
  members_.append(json_string(key)).append(":").append(json);
  return *this;
}

std::string json_array(std::span<const std::string> values) {
  std::string out = "[";
  for (const std::string& value : values) out.append(out.size() == 1 ? "" : ",").append(value);
  return out + "]";
}

}  // namespace wasifs
