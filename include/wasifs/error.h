// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/export.h"

namespace wasifs {

/// Why a file-system operation was refused. One enumerator per errno that
/// POSIX (or Linux, where it says more) documents for the operation; the value
/// *is* the host's errno, so the FUSE adapter needs no table.
enum class Errc : int {
  eperm = EPERM,
  enoent = ENOENT,
  eintr = EINTR,
  eio = EIO,
  enxio = ENXIO,
  e2big = E2BIG,
  ebadf = EBADF,
  eagain = EAGAIN,
  enomem = ENOMEM,
  eacces = EACCES,
  ebusy = EBUSY,
  eexist = EEXIST,
  exdev = EXDEV,
  enodev = ENODEV,
  enotdir = ENOTDIR,
  eisdir = EISDIR,
  einval = EINVAL,
  enfile = ENFILE,
  emfile = EMFILE,
  enotty = ENOTTY,
  etxtbsy = ETXTBSY,
  efbig = EFBIG,
  enospc = ENOSPC,
  espipe = ESPIPE,
  erofs = EROFS,
  emlink = EMLINK,
  epipe = EPIPE,
  erange = ERANGE,
  enametoolong = ENAMETOOLONG,
  enosys = ENOSYS,
  enotempty = ENOTEMPTY,
  eloop = ELOOP,
  enodata = ENODATA,
  eoverflow = EOVERFLOW,
  enotsup = ENOTSUP,
  edquot = EDQUOT,
  estale = ESTALE,
};

/// The result of every operation on the hot path: a value or an errno. Never
/// allocates for the error and nothing is thrown.
template <class T>
using Result = std::expected<T, Errc>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Errc> fail(Errc error) { return std::unexpected(error); }

/// The errno that a failed system call left, as an Errc.
[[nodiscard]] inline std::unexpected<Errc> fail_errno(int error = errno) {
  return std::unexpected(static_cast<Errc>(error));
}

/// The host's text for `error`, e.g. "No such file or directory". Thread-safe.
[[nodiscard]] WASIFS_API std::string message(Errc error);

/// What kind of trouble a Diagnostic reports. The values are the exit statuses
/// of the command line (spec: "Exit status").
enum class Trouble : std::uint8_t {
  usage = 2,     ///< the command line
  manifest = 3,  ///< the manifest's text, keys or values
  conflict = 4,  ///< two mounts that may not share one path
  corrupt = 5,   ///< a package whose bytes are not what they must be
  source = 6,    ///< a source is missing or unreadable
  mount = 7,     ///< FUSE is unavailable or the mount point unusable
  bug = 70,      ///< a state that cannot arise
};

/// Where in a text file something stands. `line` and `column` count from 1;
/// 0 means that the place is the file as a whole.
struct SourceLocation {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool operator==(const SourceLocation&) const = default;
};

/// An error of the set-up path, for a person: what, where, and what to do next.
/// `causes` are what led to it, outermost first, each more specific.
struct Diagnostic {
  Trouble trouble = Trouble::bug;
  std::string message;
  SourceLocation where = {};
  std::string hint = {};
  std::vector<Diagnostic> causes = {};

  /// "site.toml:12:10: error: mount "/data": …", then the causes indented and
  /// the hint, a line each, without a trailing newline. `severity` is the word
  /// after the place.
  [[nodiscard]] WASIFS_API std::string text(std::string_view severity = "error") const;
};

/// The result of an operation of the set-up path.
template <class T>
using Outcome = std::expected<T, Diagnostic>;

[[nodiscard]] inline std::unexpected<Diagnostic> fail(Diagnostic diagnostic) {
  return std::unexpected(std::move(diagnostic));
}

}  // namespace wasifs
