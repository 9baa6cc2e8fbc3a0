// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/wasifs.h"

/// What every function of the C ABI does at its border, in one place: nothing is
/// thrown past it, and what comes in is checked before it is used.
namespace wasifs::capi {

/// What a caller did wrong with the argument `name`, e.g. "must not be NULL".
[[nodiscard]] std::unexpected<Diagnostic> bad_argument(std::string_view name, std::string_view why);

/// The errno that stands for a Diagnostic of this kind.
[[nodiscard]] int errno_of(Trouble trouble);

/// Gives the caller an error object, where one is wanted, and the errno of it. A
/// Diagnostic of a bug that stands for a lack of memory has no object.
[[nodiscard]] int report(const Diagnostic& diagnostic, wasifs_error** error) noexcept;
/// The same for something that was thrown; called from a handler.
[[nodiscard]] int report_thrown(wasifs_error** error) noexcept;

/// What an operation of a user's callback answered: 0 or an errno. Anything below
/// zero is no errno, and eio.
[[nodiscard]] inline Status status_of(int error) {
  if (error == 0) return {};
  return fail(error > 0 ? static_cast<Errc>(error) : Errc::eio);
}
[[nodiscard]] inline int number(const Status& status) {
  return status ? 0 : static_cast<int>(status.error());
}

/// Runs `body`, which gives a Status; the result is its errno.
template <class Body>
[[nodiscard]] int guarded(Body&& body) noexcept {
  try {
    return number(std::forward<Body>(body)());
  } catch (...) {
    return report_thrown(nullptr);
  }
}

/// Runs `body`, which gives an Outcome<void>; tells what went wrong in `*error`.
template <class Body>
[[nodiscard]] int guarded(wasifs_error** error, Body&& body) noexcept {
  try {
    const Outcome<void> outcome = std::forward<Body>(body)();
    return outcome ? 0 : report(outcome.error(), error);
  } catch (...) {
    return report_thrown(error);
  }
}

/// Runs `body` for its value; `otherwise` where something is thrown.
template <class T, class Body>
[[nodiscard]] T guarded_value(T otherwise, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return otherwise;
  }
}

/// A text that came as a pointer and a length; absent where it is NULL and has bytes.
[[nodiscard]] inline std::optional<std::string_view> text_of(const char* text, std::size_t length) {
  if (text != nullptr) return length == WASIFS_NUL ? std::string_view(text) : std::string_view(text, length);
  if (length == 0) return std::string_view();
  return std::nullopt;
}

/// Hands out a text: what of it fits `buffer`, without a NUL, and all its length.
[[nodiscard]] inline Status give_text(std::string_view text, char* buffer, std::size_t size,
                                      std::size_t* length) {
  if (length == nullptr || (buffer == nullptr && size != 0)) return fail(Errc::einval);
  std::copy_n(text.data(), std::min(size, text.size()), buffer);
  *length = text.size();
  return {};
}

/// Bytes that came as a pointer and a size; absent where they are NULL and some.
template <class Byte, class Pointer>
[[nodiscard]] std::optional<std::span<Byte>> bytes_of(Pointer* bytes, std::size_t size) {
  if (bytes == nullptr && size != 0) return std::nullopt;
  return std::span<Byte>(static_cast<Byte*>(bytes), size);
}

/// An array of NUL-ended texts; `name` is told in the Diagnostic.
[[nodiscard]] Outcome<std::vector<std::string>> texts_of(const char* const* texts, std::size_t count,
                                                         std::string_view name);

/// The members of a struct that its struct_size says are there; the others are
/// zero. Absent: NULL, or not even struct_size is there.
template <class Struct>
[[nodiscard]] std::optional<Struct> read_sized(const Struct* given) {
  if (given == nullptr || given->struct_size < sizeof(given->struct_size)) return std::nullopt;
  Struct value{};
  std::memcpy(&value, given, std::min(given->struct_size, sizeof(Struct)));
  return value;
}

/// The same for options. A newer program's that this library does not know must be
/// zero: what is asked for is done or refused, never left out in silence.
template <class Struct>
[[nodiscard]] Outcome<Struct> read_options(const Struct* given) {
  const std::optional<Struct> value = read_sized(given);
  if (!value) return bad_argument("options", "must have its struct_size set, as WASIFS_INIT does");
  if (given->struct_size > sizeof(Struct)) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    const auto is_set = [](unsigned char byte) { return byte != 0; };
    if (std::any_of(bytes + sizeof(Struct), bytes + given->struct_size, is_set)) {
      return bad_argument("options", "asks for something that this version of the library does not know");
    }
  }
  return *value;
}

/// Writes as much of `value` as the caller's struct has room for. False: NULL, or
/// its struct_size is not set.
template <class Struct>
[[nodiscard]] bool write_sized(Struct* out, Struct value) {
  if (out == nullptr || out->struct_size < sizeof(out->struct_size)) return false;
  value.struct_size = out->struct_size;
  std::memcpy(out, &value, std::min(out->struct_size, sizeof(Struct)));
  return true;
}

}  // namespace wasifs::capi
