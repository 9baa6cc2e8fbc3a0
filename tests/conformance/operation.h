// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "vfs.h"

namespace wasifs::test {

/// One call of a random test: plain data, so that it can be done to a file system
/// and to the model, and printed when they disagree.
struct Operation {
  enum class Kind : std::uint8_t {
    make_dir,
    create,
    create_new,
    put,
    write_at,
    append,
    truncate,
    punch,
    read,
    stat,
    list,
    symlink,
    link,
    unlink,
    rmdir,
    rename,
    rename_no_replace,
    rename_exchange,
    rename_whiteout,  ///< and the whiteout is removed
    chmod,
    set_xattr,
    remove_xattr,
    set_owner,
    set_mtime,
    name_anonymous,  ///< makes a file without a name, writes to it and names it
    hold,            ///< opens a file and keeps it open, whatever becomes of its name
    held_write,
    held_read,
    held_stat,
    drop,
    last = drop
  };
  Kind kind = Kind::stat;
  std::string path;
  std::string other = {};  ///< the second path of link and rename
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string bytes = {};
  std::uint16_t mode = 0;
  std::uint32_t owner = 0;  ///< user and group
  std::size_t slot = 0;     ///< which of the held files

  /// How many files can be held at once.
  static constexpr std::size_t kSlots = 4;
  /// Times that set_mtime sets are below, those of the clock above.
  static constexpr std::int64_t kOldEnough = 1'000'000;

  [[nodiscard]] std::string text() const;
};

/// Operations on a small set of names, so that they often meet: paths of up to
/// four components below `dir`, sizes up to a few pages. The same seed gives the
/// same sequence.
class OperationSource {
 public:
  explicit OperationSource(std::uint64_t seed, std::string dir = "") : random_(seed), dir_(std::move(dir)) {}
  [[nodiscard]] Operation next();

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }
  [[nodiscard]] std::string path();

  std::mt19937_64 random_;
  std::string dir_;
};

/// A program that does operations and may keep files open between them. Not
/// thread-safe; each thread has its own.
class Caller {
 public:
  explicit Caller(Vfs& fs) : fs_(fs) {}
  /// Does it and says what came of it: "ok", what was read, or the errno's name.
  [[nodiscard]] std::string perform(const Operation& operation);

 private:
  [[nodiscard]] std::string perform_on_file(const Operation& operation);
  [[nodiscard]] std::string perform_held(const Operation& operation);
  [[nodiscard]] std::string name_anonymous(const Operation& operation);

  Vfs& fs_;
  std::array<HandlePtr, Operation::kSlots> held_;
};

/// "ENOENT" and the like.
[[nodiscard]] std::string name_of(Errc error);

}  // namespace wasifs::test
