// SPDX-License-Identifier: Apache-2.0
// Where files come from, asked for through the kernel, and links whose texts the
// kernel follows to where the tree does.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "support/webc_writer.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

/// The value, or the error's text in angle brackets.
std::string xattr(const std::string& path, const std::string& name) {
  std::array<char, 1000> value{};
  const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
  if (length < 0) return std::string("<") + std::strerror(errno) + ">";
  return {value.data(), static_cast<std::size_t>(length)};
}

/// The names, each with a NUL, as listxattr(2) gives them.
std::string listed(const std::string& path) {
  std::array<char, 1000> names{};
  const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  if (length < 0) return std::string("<") + std::strerror(errno) + ">";
  return {names.data(), static_cast<std::size_t>(length)};
}

std::string link_text(const std::string& path) {
  std::array<char, 4096> text{};
  const ssize_t length = ::readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return std::string("<") + std::strerror(errno) + ">";
  return {text.data(), static_cast<std::size_t>(length)};
}

off_t size_of(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_size : -1;
}

class MountedRoot : public testing::Test {
 protected:
  void SetUp() override { WASIFS_NEED_FUSE(); }

  void mount(const std::string& manifest) {
    dir_.write_file("site.toml", manifest);
    Outcome<PreparedRoot> root = PreparedRoot::open(dir_ / "site.toml");
    ASSERT_TRUE(root) << root.error().text();
    tree_ = root->tree;
    mount_.emplace(tree_);
  }
  static bool missing(const std::string& program) {
    return run_program({"sh", "-c", "command -v \"$0\" >/dev/null", program}).status != 0;
  }

  TempDir dir_;
  std::shared_ptr<const Tree> tree_;
  std::optional<TreeMount> mount_;
};

TEST_F(MountedRoot, GetxattrTellsWhereAFileComesFrom) {
  dir_.write_file("site/f", "mine");
  dir_.write_file("theme/f", "theirs");
  dir_.make_dirs("theme/d");
  mount("[[mount]]\nguest = \"/srv\"\ntype = \"overlay\"\nlayers = [\"./site\", \"./theme\"]\n");
  const std::string file = *mount_ / "srv/f";
  EXPECT_EQ(xattr(file, "user.wasifs.layer"), "host \"./site\"");
  EXPECT_EQ(xattr(file, "user.wasifs.origin"), "host \"./site\" path \"/f\"");
  EXPECT_EQ(xattr(file, "user.wasifs.shadows"), "host \"./theme\" path \"/f\"\n");
  EXPECT_TRUE(xattr(file, "user.wasifs.mount").starts_with("\"/srv\" from manifest ("));
  EXPECT_TRUE(xattr(file, "user.wasifs.mount").ends_with("site.toml:1:1)"));
  EXPECT_EQ(xattr(*mount_ / "srv/d", "user.wasifs.origin"), "host \"./theme\" path \"/d\"");
  EXPECT_EQ(xattr(*mount_ / "srv/d", "user.wasifs.shadows"), "");
  EXPECT_EQ(xattr(file, "user.wasifs.nothing"), std::string("<") + std::strerror(ENODATA) + ">");
}

TEST_F(MountedRoot, TheAnswersFollowChangesAtOnce) {
  dir_.write_file("site/a/f", "mine");
  mount("[[mount]]\nguest = \"/srv\"\ntype = \"host\"\nsource = \"./site\"\naccess = \"cow\"\n");
  EXPECT_EQ(xattr(*mount_ / "srv/a/f", "user.wasifs.origin"), "host \"./site\" path \"/a/f\"");
  ASSERT_EQ(::rename((*mount_ / "srv/a").c_str(), (*mount_ / "srv/b").c_str()), 0);
  EXPECT_EQ(xattr(*mount_ / "srv/b/f", "user.wasifs.origin"), "host \"./site\" path \"/a/f\"");
  std::ofstream(*mount_ / "srv/b/f", std::ios::app) << "more";
  EXPECT_EQ(xattr(*mount_ / "srv/b/f", "user.wasifs.layer"), "memory");
  EXPECT_EQ(xattr(*mount_ / "srv/b/f", "user.wasifs.shadows"), "host \"./site\" path \"/a/f\"\n");
}

TEST_F(MountedRoot, TheAttributesCannotBeSetRemovedOrListed) {
  dir_.write_file("site/f", "mine");
  mount("[[mount]]\nguest = \"/srv\"\ntype = \"host\"\nsource = \"./site\"\naccess = \"cow\"\n");
  const std::string file = *mount_ / "srv/f";
  EXPECT_EQ(::setxattr(file.c_str(), "user.wasifs.layer", "x", 1, 0), -1);
  EXPECT_EQ(errno, ENOTSUP);
  EXPECT_EQ(::removexattr(file.c_str(), "user.wasifs.layer"), -1);
  EXPECT_EQ(errno, ENOTSUP);
  EXPECT_EQ(::setxattr(file.c_str(), "user.own", "x", 1, 0), 0);
  EXPECT_EQ(listed(file), std::string("user.own\0", 9));
}

TEST_F(MountedRoot, NoToolCopiesTheAttributes) {
  dir_.write_file("site/d/f", "mine");
  mount(
      "[[mount]]\nguest = \"/srv\"\ntype = \"host\"\nsource = \"./site\"\naccess = \"cow\"\n"
      "[[mount]]\nguest = \"/to\"\ntype = \"memory\"\n");
  ASSERT_EQ(::setxattr((*mount_ / "srv/d/f").c_str(), "user.own", "x", 1, 0), 0);
  // Out of the mount and to another place in it.
  const std::string outside = dir_ / "out";
  const std::string inside = *mount_ / "to";
  dir_.make_dirs("out");
  if (::setxattr(outside.c_str(), "user.own", "x", 1, 0) != 0) {
    GTEST_SKIP() << "no extended attributes on the host: " << std::strerror(errno);
  }
  const auto copies = [&](const std::string& script, const std::string& name) {
    for (const std::string& to : {outside, inside}) {
      const Finished run = run_shell(script + " '" + to + "/" + name + "'", *mount_ / "srv");
      ASSERT_EQ(run.status, 0) << script << "\n" << run.err;
      EXPECT_EQ(run.err, "") << script;
      EXPECT_EQ(listed(to + "/" + name + "/f"), std::string("user.own\0", 9)) << script;
      EXPECT_EQ(listed(to + "/" + name), "") << script;
    }
  };
  copies("cp -a d", "cp");
  copies("cp -r --preserve=xattr d", "cp-xattr");
  if (!missing("rsync")) copies("rsync -aX d/", "rsync");
  copies(
      "untar() { mkdir \"$1\" && tar --xattrs --xattrs-include='*' -C d -cf - . |"
      " tar --xattrs --xattrs-include='*' -C \"$1\" -xf -; }; untar",
      "tar");
}

class RebasedLinks : public MountedRoot {
 protected:
  void mount_package(const std::string& symlink_text) {
    dir_.write_file(
        "p.webc", write_webc({.volumes = {{"/v",
                                           {webc_dir("lib"), webc_file("lib/x", "the file"), webc_dir("bin"),
                                            webc_dir("bin/deep"), webc_link("bin/deep/l", "/lib/x", 0),
                                            webc_link("top", "/lib/x", 0),
                                            webc_link("bin/out", "/../../lib/x", 0)}}}}));
    mount("[[mount]]\nguest = \"/opt/p\"\ntype = \"webc\"\nsource = \"p.webc\"\nsymlink-text = \"" +
          symlink_text + "\"\n");
  }
  /// The kernel and the tree find the same content behind a link, and the text's
  /// length is the size that stat tells.
  void expect_link(const std::string& path, const std::string& text) {
    EXPECT_EQ(link_text(*mount_ / path), text) << path;
    EXPECT_EQ(size_of(*mount_ / path), static_cast<off_t>(text.size())) << path;
    EXPECT_EQ(read_file(*mount_ / path), "the file") << path;
    const Result<VNode> found = tree_->resolve("/" + path);
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(tree_->provenance(*found).path, "/opt/p/lib/x") << path;
  }
};

TEST_F(RebasedLinks, LeadTheKernelToTheSameFile) {
  mount_package("rebase");
  expect_link("opt/p/bin/deep/l", "../../lib/x");
  expect_link("opt/p/top", "lib/x");
  expect_link("opt/p/bin/out", "../../../opt/p/lib/x");
}

TEST_F(RebasedLinks, AreNeverServedStaleAfterARename) {
  mount_package("rebase");
  expect_link("opt/p/bin/deep/l", "../../lib/x");
  ASSERT_EQ(::rename((*mount_ / "opt/p/bin/deep").c_str(), (*mount_ / "opt/p/up").c_str()), 0);
  expect_link("opt/p/up/l", "../lib/x");
  ASSERT_EQ(::rename((*mount_ / "opt/p/up/l").c_str(), (*mount_ / "opt/p/l").c_str()), 0);
  expect_link("opt/p/l", "lib/x");
  ASSERT_EQ(::lchown((*mount_ / "opt/p/l").c_str(), 7, 7), 0);
  expect_link("opt/p/l", "lib/x");
}

TEST_F(RebasedLinks, VerbatimTextsAreTheLayers) {
  mount_package("verbatim");
  EXPECT_EQ(link_text(*mount_ / "opt/p/bin/deep/l"), "/lib/x");
  EXPECT_EQ(size_of(*mount_ / "opt/p/bin/deep/l"), 6);
}

TEST_F(RebasedLinks, AtTheRootLeadNowhereOutsideTheMount) {
  dir_.write_file("top/etc/passwd", "ours");
  dir_.make_symlink("top/up", "/../../../etc/passwd");
  dir_.make_symlink("top/etc/abs", "/etc/passwd");
  mount(
      "[root]\nbase = \"empty\"\n[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"./top\"\n"
      "symlink-text = \"rebase\"\n");
  EXPECT_EQ(read_file(*mount_ / "up"), "ours");
  EXPECT_EQ(read_file(*mount_ / "etc/abs"), "ours");
}

}  // namespace
}  // namespace wasifs::test
