// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wasifs/error.h"

namespace wasifs {

/// The folder that `path` lies in, "." and "/" too, also where slashes end it.
[[nodiscard]] std::string containing_folder(std::string_view path);

/// The next step for who cannot make `path` for that reason: to make the folder that it is
/// to lie in; "" where that is not it.
[[nodiscard]] std::string missing_folder_hint(const std::string& path, Errc error);

/// A file that appears under its name when it is complete, or not at all. Until then it
/// has no name where the file system can do that, so that nothing is left behind by
/// whatever ends the process. A device, pipe or socket is written to as it is, and keeps
/// its name. Movable, not thread-safe.
class OutputFile {
 public:
  /// In the folder of `path`, which must exist; what is at `path` stays until commit().
  /// Trouble::source: `cannot write "PATH": …`.
  [[nodiscard]] static Outcome<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  /// Without commit() all that was written is gone.
  ~OutputFile();

  /// Adds all of `bytes`.
  [[nodiscard]] Outcome<void> write(std::span<const std::byte> bytes);
  /// The same at a place of its own. Not for what cannot be sought in: `Illegal seek`.
  [[nodiscard]] Outcome<void> write_at(std::uint64_t at, std::span<const std::byte> bytes);
  /// What was written there; at least a byte.
  [[nodiscard]] Outcome<std::size_t> read_at(std::uint64_t at, std::span<std::byte> out) const;
  /// Makes it durable and gives it its name, in the place of what had that before.
  [[nodiscard]] Outcome<void> commit();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Open for reading and writing; its position is behind what was written.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  /// How what is written gets its name.
  enum class Naming : std::uint8_t {
    link,    ///< it has none yet
    rename,  ///< from `temporary`
    none,    ///< it is no file that could be replaced
  };
  OutputFile(std::string path, int fd, Naming naming, std::string temporary = {});
  [[nodiscard]] std::unexpected<Diagnostic> trouble(int error) const;
  [[nodiscard]] Outcome<void> give_temporary_name();

  std::string path_;
  int fd_;
  Naming naming_;
  std::string temporary_;  ///< the name that it has until commit(); "": none
};

}  // namespace wasifs
