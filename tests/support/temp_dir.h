// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace wasifs::test {

/// A new empty directory below $TMPDIR (or /tmp) that is removed, with all that
/// is in it, at the end of the scope. Paths given to the helpers are relative to
/// it. A failing helper throws std::system_error, which fails the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string string() const { return path_.string(); }
  /// The full path of `relative`.
  [[nodiscard]] std::string operator/(std::string_view relative) const { return (path_ / relative).string(); }

  /// Writes a file with exactly that mode (whatever the umask), replacing the
  /// content of one that exists; makes the directories above it.
  void write_file(std::string_view relative, std::string_view content, mode_t mode = 0644) const;
  [[nodiscard]] std::string read_file(std::string_view relative) const;
  /// Makes the directory and those above it.
  void make_dirs(std::string_view relative) const;
  /// Makes a symlink `relative` with that text, verbatim.
  void make_symlink(std::string_view relative, std::string_view text) const;
  /// True if the name is there, whatever it is (a dangling symlink counts).
  [[nodiscard]] bool exists(std::string_view relative) const;

 private:
  std::filesystem::path path_;
};

}  // namespace wasifs::test
