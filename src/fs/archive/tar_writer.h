// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "wasifs/node.h"

namespace wasifs::archive {

/// True for names that TarWriter takes: *.tar, and with .gz, .bz2, .xz, .zst or .lz4
/// behind it, or their short forms (*.tgz and so on).
[[nodiscard]] bool has_tar_name(std::string_view path);

/// Writes a tar in pax format: numbers, names and texts of any size as they are, times
/// to the nanosecond (but see fits_tar()), extended attributes, access control lists,
/// holes. Nothing in it depends on when, where or by whom it is written. Not thread-safe.
class TarWriter {
 public:
  /// An entry. Paths are relative, without "." and "..", of any bytes.
  struct Item {
    std::string_view path;
    /// Type, mode, owner, mtime, rdev, and the size of a file.
    Attr attr;
    std::string_view link = {};  ///< text of a symlink; of a hard link the path it is one to
    bool hard_link = false;      ///< a further name of what `link` names, an entry before it
    std::span<const std::pair<std::string, std::string>> xattrs = {};
    /// The other times as well. Not for what others look at meanwhile: to be read may
    /// change when a file was last read.
    bool all_times = false;
  };

  /// Creates `path`, compressed as its name says (has_tar_name()). The file has its name
  /// once finish() has succeeded, and takes the place of another one then.
  /// Trouble::source: it cannot be written; usage: no such name.
  [[nodiscard]] static Outcome<std::unique_ptr<TarWriter>> create(const std::string& path);
  /// Writes a plain tar to `stream`, which must outlive it. What that throws passes through
  /// add() and finish(). Without finish() the tar has no end, so that nobody takes it for a
  /// whole one.
  [[nodiscard]] static Outcome<std::unique_ptr<TarWriter>> to_stream(std::ostream& stream);
  virtual ~TarWriter() = default;

  /// `content`: of a regular file, open for reading; null will do for one without bytes.
  /// source: the file cannot be written, or `content` not be read, or it ends before the
  /// size that `attr` has.
  [[nodiscard]] virtual Outcome<void> add(const Item& item, File* content) = 0;
  [[nodiscard]] virtual Outcome<void> finish() = 0;
};

}  // namespace wasifs::archive
