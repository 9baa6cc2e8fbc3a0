// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs {

/// einval for "", ".", "..", a '/' or a NUL; enametoolong past 255 bytes.
[[nodiscard]] Status check_name(std::string_view name);

/// The components of a path, without empty ones; "." and ".." are kept.
[[nodiscard]] std::vector<std::string_view> split_path(std::string_view path);
/// `path` with `name` below it.
[[nodiscard]] std::string join_path(std::string_view path, std::string_view name);

/// Normalises where a mount appears in the guest (spec: composition rule 1): a
/// relative path gets a leading '/', "." and empty components go, ".." pops.
/// The error is the reference's text, `Invalid guest mount path "/../x": parent
/// traversal escapes the virtual root`, as the message of a Diagnostic without
/// a place; the empty string and a NUL are refused as well. `what` stands for
/// "guest mount path" where the path is another one.
[[nodiscard]] Outcome<std::string> normalize_guest_path(std::string_view guest,
                                                        std::string_view what = "guest mount path");

/// True if `path` is `ancestor` or lies below it; both normalised, absolute.
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view ancestor);

/// `text` in double quotes for a message: control characters, quotes,
/// backslashes and bytes that are no UTF-8 come as \xNN or \n, \t, \", \\.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace wasifs
