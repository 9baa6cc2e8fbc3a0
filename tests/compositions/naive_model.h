// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a composition must look like, said once more and as simply as possible: maps
// from paths to entries, copied and searched as a whole. It shares nothing with what
// it is compared with, so it includes nothing of it.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace wasifs::test {

struct NaiveEntry {
  enum class Kind : std::uint8_t { directory, file, link };

  Kind kind = Kind::directory;
  std::string text = {};  ///< content of a file, target of a link

  bool operator==(const NaiveEntry&) const = default;
};

/// The root is "", what is in it "/a", and so on; every parent is in the map.
using NaiveTree = std::map<std::string, NaiveEntry>;

/// The errno values that hold against an operation, each reason enough to refuse it;
/// empty: it is done. Which of several is told is not the model's business.
using Refusals = std::set<int>;

[[nodiscard]] bool naive_at_or_below(const std::string& path, const std::string& above);
[[nodiscard]] std::string naive_parent(const std::string& path);
/// One line an entry.
[[nodiscard]] std::string naive_text(const NaiveTree& tree);
/// What is at `path` and below it, as a tree of its own.
[[nodiscard]] NaiveTree naive_subtree(const NaiveTree& tree, const std::string& path);

/// Layers as one, the first on top: directories of one name merge, anything else
/// hides what lies below it.
[[nodiscard]] NaiveTree naive_merge(const std::vector<NaiveTree>& layers);

/// A random change, as data.
struct NaiveChange {
  enum class Kind : std::uint8_t {
    make_directory,
    put,  ///< creates a file or replaces its content
    append,
    make_link,
    unlink,
    rmdir,
    remove_all,
    rename,
    exchange,
    last = exchange
  };
  Kind kind = Kind::put;
  std::string path;
  std::string other = {};  ///< the new name
  std::string text = {};   ///< content or target

  [[nodiscard]] std::string describe() const;
};

/// A root and what is mounted in it. Paths name real directories on the way: the
/// model follows no links.
class NaiveWorld {
 public:
  struct Mount {
    std::string guest;
    NaiveTree tree;
    bool read_only = false;
    /// Directories missing on the way to an inner mount are made in place; elsewhere
    /// they come in a writable mount of their own.
    bool takes_directories = true;
    std::string source = {};  ///< what it is of, for held()
  };

  explicit NaiveWorld(Mount root) { mounts_.push_back(std::move(root)); }
  [[nodiscard]] Refusals mount(Mount mount);
  [[nodiscard]] Refusals change(const NaiveChange& change);

  /// All that can be seen.
  [[nodiscard]] NaiveTree visible() const;
  /// What the mount of that source holds itself, be it covered or not.
  [[nodiscard]] const NaiveTree& held(const std::string& source) const;
  [[nodiscard]] bool mounted_at(const std::string& path) const;
  /// Where the mount that shows `path` is.
  [[nodiscard]] std::string mount_of(const std::string& path) const;
  /// True if something is mounted below `path`.
  [[nodiscard]] bool mounts_below(const std::string& path) const;

 private:
  struct Place {
    Mount& mount;
    std::string inside;  ///< the path in its tree
  };
  [[nodiscard]] Place place_of(const std::string& path);
  [[nodiscard]] bool empty_directory(const std::string& path) const;
  void check_new_name(const std::string& path, Refusals& refusals);
  [[nodiscard]] Refusals put(const NaiveChange& change);
  [[nodiscard]] Refusals remove(const NaiveChange& change);
  [[nodiscard]] Refusals rename(const NaiveChange& change);
  [[nodiscard]] Refusals exchange(const NaiveChange& change);
  /// Takes `path` with all below out and gives it the new name.
  void move(const std::string& from, const std::string& to);

  std::vector<Mount> mounts_;
};

}  // namespace wasifs::test
