// SPDX-License-Identifier: Apache-2.0
// The path operations against the system calls that they are named after: every
// shape of path, one operation on an untouched fixture, and the same errors and the
// same directory afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "layers.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

// Below "w", so that ".." has somewhere to go in both worlds.
constexpr std::array kDirectories = {"w", "w/d", "w/d/in", "w/empty"};
constexpr std::array kFiles = {"w/f", "w/d/g"};
constexpr std::array<std::pair<const char*, const char*>, 6> kLinks = {{{"w/lf", "f"},
                                                                        {"w/ld", "d"},
                                                                        {"w/dangling", "new"},
                                                                        {"w/slashed", "new/"},
                                                                        {"w/dotted", "d/in/.."},
                                                                        {"w/loop", "loop"}}};
constexpr std::array kPaths = {
    "d",       "d/",       "d//",      "d/.",      "d/..",    "d/./",      "empty",     "empty/",
    "empty/.", "empty/..", "f",        "f/",       "f/.",     "f/x",       "lf",        "lf/",
    "ld",      "ld/",      "ld/.",     "ld/g",     "ld/new",  "dangling",  "dangling/", "slashed",
    "dotted",  "dotted/g", "loop",     "loop/",    "new",     "new/",      "new/.",     "new/..",
    "new/x",   "d/g",      "d/in",     "d/in/",    "d/in/..", "d/in/../g", "none/../f", ".",
    "./",      "",         "d/in/new", "d/in/new/"};

/// Those of them that are taken in pairs.
constexpr std::array kPairs = {"d",        "d/",        "d/.",     "d/..",     "empty", "empty/", "f",
                               "f/",       "f/x",       "lf",      "lf/",      "ld",    "ld/",    "ld/new",
                               "dangling", "dangling/", "slashed", "loop",     "loop/", "new",    "new/",
                               "new/.",    "new/x",     "d/in",    "d/in/new", "."};

Errc called(long result) { return result < 0 ? static_cast<Errc>(errno) : Errc{}; }
template <class T>
Errc error(const Result<T>& result) {
  return result ? Errc{} : result.error();
}

/// The fixture on the host.
class HostWorld {
 public:
  HostWorld() {
    for (const char* path : kDirectories) std::filesystem::create_directory(dir_ / path);
    for (const char* path : kFiles) dir_.write_file(path, "text");
    for (const auto& [path, text] : kLinks) dir_.make_symlink(path, text);
  }
  [[nodiscard]] std::string at(std::string_view path) const {
    return path.empty() ? "" : dir_ / "w" + "/" + std::string(path);
  }
  /// Every name with its type and the text of a link, sorted.
  [[nodiscard]] std::vector<std::string> listing() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      const std::string path = entry.path().string().substr(dir_.string().size());
      const bool link = entry.is_symlink();
      out.push_back(path + (link                   ? " -> " + std::filesystem::read_symlink(entry).string()
                            : entry.is_directory() ? "/"
                                                   : ""));
    }
    std::ranges::sort(out);
    return out;
  }

 private:
  TempDir dir_;
};

/// The same in a tree.
class TreeWorld {
 public:
  TreeWorld() {
    for (const char* path : kDirectories) ok(tree_.make_dir(path));
    for (const char* path : kFiles) ok(tree_.write_file(path, "text"));
    for (const auto& [path, text] : kLinks) ok(tree_.symlink(text, path));
  }
  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] static std::string at(std::string_view path) {
    return path.empty() ? "" : "/w/" + std::string(path);
  }
  [[nodiscard]] std::vector<std::string> listing() const {
    std::vector<std::string> out;
    ok(tree_.walk("/", [&](const Visited& visited) {
      if (visited.depth == 0) return WalkNext::on;
      const bool link = visited.node.type() == FileType::symlink;
      out.push_back(std::string(visited.path) + (link ? " -> " + ok(tree_.read_link(visited.node)).text
                                                 : visited.node.is_directory() ? "/"
                                                                               : ""));
      return WalkNext::on;
    }));
    std::ranges::sort(out);
    return out;
  }

 private:
  Tree tree_{MountTable(std::make_shared<MemoryFilesystem>())};
};

/// A fixture that is made again only when an operation has changed it.
template <class World>
class Fresh {
 public:
  /// The error of one operation and all that is there afterwards, as text.
  template <class Call>
  std::string outcome(const Call& call) {
    if (!world_) {
      world_ = std::make_unique<World>();
      pristine_ = world_->listing();
    }
    const Errc error = call(*world_);
    const std::vector<std::string> now = world_->listing();
    std::string out = error == Errc{} ? "done" : message(error);
    for (const std::string& line : now) out += "\n" + line;
    if (error == Errc{} || now != pristine_) world_.reset();
    return out;
  }

 private:
  std::unique_ptr<World> world_;
  std::vector<std::string> pristine_;
};

/// Runs one operation in both worlds.
class Worlds {
 public:
  template <class HostCall, class TreeCall>
  void expect_same(const std::string& what, const HostCall& host, const TreeCall& tree) {
    EXPECT_EQ(tree_.outcome(tree), host_.outcome(host)) << what;
  }

 private:
  Fresh<HostWorld> host_;
  Fresh<TreeWorld> tree_;
};

/// One operation, for every path.
void for_all_paths(const std::string& what, const std::function<Errc(const std::string&)>& host,
                   const std::function<Errc(const Tree&, const std::string&)>& tree) {
  Worlds worlds;
  for (const char* path : kPaths) {
    worlds.expect_same(
        what + " \"" + path + "\"", [&](const HostWorld& world) { return host(world.at(path)); },
        [&](const TreeWorld& world) { return tree(world.tree(), world.at(path)); });
  }
}

/// One operation, for every pair of paths.
void for_all_pairs(const std::string& what,
                   const std::function<Errc(const std::string&, const std::string&)>& host,
                   const std::function<Errc(const Tree&, const std::string&, const std::string&)>& tree) {
  Worlds worlds;
  for (const char* from : kPairs) {
    for (const char* to : kPairs) {
      worlds.expect_same(
          what + " \"" + from + "\" \"" + to + "\"",
          [&](const HostWorld& world) { return host(world.at(from), world.at(to)); },
          [&](const TreeWorld& world) { return tree(world.tree(), world.at(from), world.at(to)); });
    }
  }
}

TEST(TreePathsAsTheKernel, Stat) {
  for (const Follow follow : {Follow::yes, Follow::no}) {
    for_all_paths(
        follow == Follow::yes ? "stat" : "lstat",
        [&](const std::string& path) {
          struct stat found{};
          return called(
              ::fstatat(AT_FDCWD, path.c_str(), &found, follow == Follow::no ? AT_SYMLINK_NOFOLLOW : 0));
        },
        [&](const Tree& tree, const std::string& path) { return error(tree.stat(path, follow)); });
  }
}

TEST(TreePathsAsTheKernel, Open) {
  struct Way {
    int flags;
    OpenHow how;
  };
  const std::array ways = {
      Way{O_RDONLY, {}},
      Way{O_RDWR, {.flags = kReadWrite}},
      Way{O_RDWR | O_NOFOLLOW, {.flags = kReadWrite, .follow = Follow::no}},
      Way{O_RDWR | O_CREAT, {.flags = kReadWrite, .create = true}},
      Way{O_RDONLY | O_CREAT, {.create = true}},
      Way{O_RDWR | O_CREAT | O_EXCL, {.flags = kReadWrite, .create = true, .exclusive = true}},
      Way{O_RDWR | O_CREAT | O_NOFOLLOW, {.flags = kReadWrite, .create = true, .follow = Follow::no}}};
  for (const Way& way : ways) {
    for_all_paths(
        "open " + std::to_string(way.flags),
        [&](const std::string& path) {
          const int fd = ::open(path.c_str(), way.flags | O_CLOEXEC, 0644);
          if (fd < 0) return called(fd);
          struct stat found{};
          ::fstat(fd, &found);
          ::close(fd);
          // There is no File of a directory.
          return S_ISDIR(found.st_mode) ? Errc::eisdir : Errc{};
        },
        [&](const Tree& tree, const std::string& path) { return error(tree.open(path, way.how)); });
  }
}

TEST(TreePathsAsTheKernel, MakeAndRemove) {
  for_all_paths(
      "mkdir", [](const std::string& path) { return called(::mkdir(path.c_str(), 0755)); },
      [](const Tree& tree, const std::string& path) { return error(tree.make_dir(path)); });
  for_all_paths(
      "rmdir", [](const std::string& path) { return called(::rmdir(path.c_str())); },
      [](const Tree& tree, const std::string& path) { return error(tree.remove_dir(path)); });
  for_all_paths(
      "unlink", [](const std::string& path) { return called(::unlink(path.c_str())); },
      [](const Tree& tree, const std::string& path) { return error(tree.unlink(path)); });
}

TEST(TreePathsAsTheKernel, Symlinks) {
  for_all_paths(
      "symlink", [](const std::string& path) { return called(::symlink("text", path.c_str())); },
      [](const Tree& tree, const std::string& path) { return error(tree.symlink("text", path)); });
  for_all_paths(
      "readlink",
      [](const std::string& path) {
        std::array<char, 100> text{};
        return called(::readlink(path.c_str(), text.data(), text.size()));
      },
      [](const Tree& tree, const std::string& path) { return error(tree.read_link(path)); });
}

TEST(TreePathsAsTheKernel, Truncate) {
  for_all_paths(
      "truncate", [](const std::string& path) { return called(::truncate(path.c_str(), 2)); },
      [](const Tree& tree, const std::string& path) { return error(tree.set_attr(path, {.size = 2})); });
}

TEST(TreePathsAsTheKernel, Link) {
  for_all_pairs(
      "link",
      [](const std::string& from, const std::string& to) { return called(::link(from.c_str(), to.c_str())); },
      [](const Tree& tree, const std::string& from, const std::string& to) {
        return error(tree.link(from, to));
      });
}

TEST(TreePathsAsTheKernel, Rename) {
  const std::array<std::pair<unsigned, RenameMode>, 3> modes = {{{0, RenameMode::replace},
                                                                 {RENAME_NOREPLACE, RenameMode::no_replace},
                                                                 {RENAME_EXCHANGE, RenameMode::exchange}}};
  for (const auto& [flags, mode] : modes) {
    for_all_pairs(
        "rename " + std::to_string(flags),
        [&, flags = flags](const std::string& from, const std::string& to) {
          return called(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
        },
        [&, mode = mode](const Tree& tree, const std::string& from, const std::string& to) {
          return error(tree.rename(from, to, mode));
        });
  }
}

}  // namespace
}  // namespace wasifs::test
