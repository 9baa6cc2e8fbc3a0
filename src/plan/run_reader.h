// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/manifest.h"
#include "plan/reader.h"

namespace wasifs::plan {

/// Reads [run]. What is wrong goes to `errors`; the result then is not complete.
[[nodiscard]] RunSection read_run(const Value& table, Errors& errors);

/// Reads the tables of [[preopen]]: paths normalised, aliases without leading
/// slashes, `create` with `write`. An alias that is not given is the path, rights
/// that are not given are all three.
[[nodiscard]] std::vector<Preopen> read_preopens(std::span<const Value* const> tables, Errors& errors);

/// Reads [map-commands]; targets resolve against `folder`.
[[nodiscard]] std::vector<MappedCommand> read_map_commands(const Value& table, const std::string& folder,
                                                           Errors& errors);

// The checks that hold wherever such a value comes from. Each reports to
// `errors`, at the value's place, and says whether the value is good.

bool check_argument(const Located<std::string>& argument, Errors& errors);
bool check_env(const Located<EnvVar>& variable, Errors& errors);
bool check_cwd(const Located<std::string>& cwd, Errors& errors);
bool check_command_alias(const Located<std::string>& alias, Errors& errors);

/// What is wrong with a variable, as `its name must not be empty`; "" if nothing.
[[nodiscard]] std::string env_problem(const EnvVar& variable);

/// An absolute path of the guest, normalised (see normalize_guest_path). The
/// message of the error, which has no place, starts with `Invalid WHAT "PATH"`.
[[nodiscard]] Outcome<std::string> normalize_absolute(std::string_view path, std::string_view what);

/// The name that a preopen shows: without leading slashes, "/" where it has nothing
/// else. The error has no place.
[[nodiscard]] Outcome<std::string> normalize_alias(std::string_view alias);

/// What `run.compat` calls the quirks that are kept, in the order of Compat.
[[nodiscard]] std::vector<std::string_view> compat_names(const Compat& compat);

}  // namespace wasifs::plan
