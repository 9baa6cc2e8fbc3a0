// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace wasifs {

/// The version of every JSON output; grows when a reader would have to change.
inline constexpr int kJsonSchema = 1;

/// `bytes` as a JSON string with its quotes. Bytes that are no UTF-8 come as
/// U+FFFD each, so this alone is lossy for them: see JsonObject::add.
[[nodiscard]] std::string json_string(std::string_view bytes);

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

/// Builds one object on one line, members in the order they are added. Meant
/// for reports that are written entry by entry: nothing is kept but the text.
class JsonObject {
 public:
  /// Text or bytes. Where they are no UTF-8, a second member KEY_base64 holds
  /// them exactly.
  JsonObject& add(std::string_view key, std::string_view bytes);
  JsonObject& add(std::string_view key, const char* text) { return add(key, std::string_view(text)); }
  JsonObject& add(std::string_view key, bool value) { return add_json(key, value ? "true" : "false"); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  JsonObject& add(std::string_view key, T value) {
    return add_json(key, std::to_string(value));
  }
  /// A member whose value is JSON already.
  JsonObject& add_json(std::string_view key, std::string_view json);

  [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

/// "[a,b,…]" of values that are JSON already.
[[nodiscard]] std::string json_array(std::span<const std::string> values);

}  // namespace wasifs
