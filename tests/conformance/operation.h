// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    chmod,
    set_xattr,
    remove_xattr,
    last = remove_xattr
  };
  Kind kind = Kind::stat;
  std::string path;
  std::string other = {};  ///< the second path of link and rename
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string bytes = {};
  std::uint16_t mode = 0;

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

/// Does it and says what came of it: "ok", what was read, or the errno's name.
[[nodiscard]] std::string perform(Vfs& fs, const Operation& operation);

/// "ENOENT" and the like.
[[nodiscard]] std::string name_of(Errc error);

}  // namespace wasifs::test
