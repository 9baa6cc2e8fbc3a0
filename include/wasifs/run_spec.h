// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wasifs/error.h"

namespace wasifs {

/// One variable of the guest's environment. The name holds no '=' and is not
/// empty; neither part holds a NUL.
struct EnvVar {
  std::string name;
  std::string value;

  bool operator==(const EnvVar&) const = default;
};

/// What a guest may do through a preopened directory and all that it opens
/// through it. At least one is true; `create` implies `write`.
struct Rights {
  bool read = false;
  bool write = false;
  bool create = false;

  bool operator==(const Rights&) const = default;
};

/// A directory that the guest finds open when it starts.
struct Preopen {
  std::string alias;  ///< what the guest sees as its name
  std::string path;   ///< in the tree, normalised and absolute
  Rights rights;
  SourceLocation where = {};
};

/// Quirks of the reference implementation to keep (manifest: run.compat). What
/// is off behaves as POSIX or as users expect.
struct Compat {
  /// A variable given several times stays there several times, the package's
  /// first, so that a guest that takes the first match sees the package's.
  bool env_duplicates = false;
  /// The package's working directory beats the user's.
  bool cwd_package_wins = false;
  /// Creating a file exclusively over one that only a lower layer has makes an
  /// empty one instead of failing. In-process only: a kernel that knows the name
  /// refuses before it asks.
  bool create_new_over_lower = false;

  bool operator==(const Compat&) const = default;
};

/// Limits that the tree itself enforces (manifest: [capabilities.fs]).
struct FsLimits {
  std::optional<std::uint64_t> max_bytes = {};      ///< of all memory layers; ENOSPC
  std::optional<std::uint64_t> max_inodes = {};     ///< likewise
  std::optional<std::uint64_t> max_file_size = {};  ///< bytes; growing past it is EFBIG
  std::optional<std::uint64_t> max_open = {};       ///< open files and directories; ENFILE
  bool special_files = true;                        ///< devices, FIFOs and sockets may be made; else EPERM

  bool operator==(const FsLimits&) const = default;
};

/// A capability that the tree has no part in: passed on to whoever runs the
/// guest, with sizes in bytes and times in milliseconds.
struct Capability {
  std::string name;  ///< dotted, e.g. "threading" or "http-client.allow-all"
  std::string json;  ///< the value as JSON
  SourceLocation where = {};
};

/// Everything beside the tree that a runtime has to know to start the guest.
struct RunSpec {
  /// The command that is run; "" where there is none.
  std::string command;
  /// The commands that one would have to be chosen from, where none was; in the
  /// order of the package.
  std::vector<std::string> choices;
  std::string entry_function = "_start";
  std::vector<std::string> argv;  ///< the program's name first, where there is a command
  std::vector<EnvVar> env;        ///< in order
  std::string cwd = "/";          ///< normalised and absolute
  SourceLocation cwd_where;       ///< who asked for it; no line where nobody did
  std::vector<Preopen> preopens;  ///< in the order of their descriptors, from 3 on
  std::vector<Capability> capabilities;
  Compat compat;
};

}  // namespace wasifs
