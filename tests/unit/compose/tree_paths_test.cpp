// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "layers.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

/// A memory root with another writable file system at /m and a read-only one at
/// /ro/sub.
class TreePathsTest : public testing::Test {
 protected:
  static std::shared_ptr<MemoryFilesystem> memory() { return std::make_shared<MemoryFilesystem>(); }

  void SetUp() override {
    file_in(*read_only_, "/f", "locked");
    file_in(*read_only_, "/d/g", "locked");
    MountTable table(root_);
    const auto synthetic = []() -> FilesystemPtr { return memory(); };
    ok(table.mount("/m", mounted_, "", {}, synthetic));
    ok(table.mount("/ro/sub", read_only_, "", {.read_only = true}, synthetic));
    tree_.emplace(std::move(table));
  }

  template <class T>
  static Errc error(const Result<T>& result) {
    return result ? Errc{} : result.error();
  }
  std::string names_in(std::string_view path) {
    std::vector<std::string> names;
    for (const DirItem& item : ok(tree_->read_dir(path))) names.push_back(item.name);
    std::ranges::sort(names);
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
  }

  std::shared_ptr<MemoryFilesystem> root_ = memory();
  std::shared_ptr<MemoryFilesystem> mounted_ = memory();
  std::shared_ptr<MemoryFilesystem> read_only_ = memory();
  std::optional<Tree> tree_;
};

TEST_F(TreePathsTest, AFileIsWrittenAndRead) {
  ok(tree_->write_file("/a", "first"));
  EXPECT_EQ(ok(tree_->read_file("/a")), "first");
  ok(tree_->write_file("a", "2"));
  EXPECT_EQ(ok(tree_->read_file("a")), "2");
  const Attr attr = ok(tree_->stat("/a"));
  EXPECT_EQ(attr.size, 1U);
  EXPECT_EQ(attr.mode, 0644);
  EXPECT_EQ(attr.uid, ::geteuid());
  EXPECT_EQ(attr.gid, ::getegid());
}

TEST_F(TreePathsTest, LargeAndEmptyFilesAreReadWhole) {
  const std::string large(300'000, 'x');
  ok(tree_->write_file("/large", large, 0600));
  ok(tree_->write_file("/empty", ""));
  EXPECT_EQ(ok(tree_->read_file("/large")), large);
  EXPECT_EQ(ok(tree_->read_file("/empty")), "");
  EXPECT_EQ(ok(tree_->stat("/large")).mode, 0600);
}

TEST_F(TreePathsTest, ReadingWhatIsNoFileFails) {
  EXPECT_EQ(error(tree_->read_file("/")), Errc::eisdir);
  EXPECT_EQ(error(tree_->read_file("/none")), Errc::enoent);
  EXPECT_EQ(error(tree_->write_file("/m", "x")), Errc::eisdir);
  EXPECT_EQ(error(tree_->write_file("/none/f", "x")), Errc::enoent);
}

TEST_F(TreePathsTest, WritingPastTheQuotaIsEnospc) {
  const auto small = std::make_shared<MemoryFilesystem>(
      MemoryFilesystem::Options{.quota = std::make_shared<Quota>(8192, 10)});
  const Tree tree{MountTable(small)};
  EXPECT_EQ(error(tree.write_file("/f", std::string(20'000, 'x'))), Errc::enospc);
  EXPECT_LE(ok(tree.stat("/f")).size, 8192U);
}

TEST_F(TreePathsTest, OpenTellsWhetherItMadeTheFile) {
  const OpenHow how{.flags = kReadWrite, .create = true, .mode = 0640};
  Tree::Opened made = ok(tree_->open("/f", how));
  EXPECT_TRUE(made.created);
  EXPECT_EQ(ok(tree_->attr(made.node)).mode, 0640);
  ok(made.file->write_at(0, bytes_of("abc")));
  const Tree::Opened again = ok(tree_->open("/f", how));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.node, made.node);
  EXPECT_EQ(read(*again.file), "abc");
}

TEST_F(TreePathsTest, OpenAtStartsAtADirectoryAndStaysBeneathIt) {
  ok(tree_->make_dirs("/d/in"));
  ok(tree_->write_file("/out", "x"));
  ok(tree_->symlink("/out", "/d/abs"));
  const VNode d = ok(tree_->resolve("/d"));
  const OpenHow create{.flags = kReadWrite, .create = true};
  EXPECT_TRUE(ok(tree_->open_at(d, "in/new", create, Scope::beneath)).created);
  EXPECT_EQ(names_in("/d/in"), "new");
  EXPECT_EQ(error(tree_->open_at(d, "../out", {}, Scope::beneath)), Errc::exdev);
  EXPECT_EQ(error(tree_->open_at(d, "abs", {}, Scope::beneath)), Errc::exdev);
  EXPECT_EQ(error(tree_->open_at(d, "../out/", create, Scope::beneath)), Errc::exdev);
  EXPECT_EQ(read(*ok(tree_->open_at(d, "abs")).file), "x");
  EXPECT_EQ(error(tree_->open_at(ok(tree_->resolve("/out")), "x")), Errc::enotdir);
}

TEST_F(TreePathsTest, CreatingFollowsADanglingLinkUnlessItIsExclusive) {
  ok(tree_->symlink("m/target", "/l"));
  const OpenHow create{.flags = kReadWrite, .create = true};
  OpenHow exclusive = create;
  exclusive.exclusive = true;
  EXPECT_EQ(error(tree_->open("/l", exclusive)), Errc::eexist);
  EXPECT_EQ(names_in("/m"), "");
  EXPECT_TRUE(ok(tree_->open("/l", create)).created);
  EXPECT_EQ(names_in("/m"), "target");
  OpenHow still = create;
  still.follow = Follow::no;
  EXPECT_EQ(error(tree_->open("/l", still)), Errc::eloop);
}

TEST_F(TreePathsTest, AReadOnlyMountRefusesEveryChange) {
  EXPECT_EQ(ok(tree_->read_file("/ro/sub/d/g")), "locked");
  EXPECT_EQ(error(tree_->write_file("/ro/sub/f", "x")), Errc::erofs);
  EXPECT_EQ(error(tree_->write_file("/ro/sub/new", "x")), Errc::erofs);
  EXPECT_EQ(error(tree_->make_dir("/ro/sub/new")), Errc::erofs);
  EXPECT_EQ(error(tree_->make_dir("/ro/sub/d")), Errc::eexist);
  EXPECT_EQ(error(tree_->make_dirs("/ro/sub/d")), Errc{});
  EXPECT_EQ(error(tree_->make_dirs("/ro/sub/d/new/x")), Errc::erofs);
  EXPECT_EQ(error(tree_->unlink("/ro/sub/f")), Errc::erofs);
  EXPECT_EQ(error(tree_->unlink("/ro/sub/none")), Errc::erofs);
  EXPECT_EQ(error(tree_->remove_dir("/ro/sub/d")), Errc::erofs);
  EXPECT_EQ(error(tree_->rename("/ro/sub/f", "/ro/sub/x")), Errc::erofs);
  EXPECT_EQ(error(tree_->rename("/ro/sub/none", "/ro/sub/x")), Errc::erofs);
  EXPECT_EQ(error(tree_->link("/ro/sub/f", "/ro/sub/x")), Errc::erofs);
  EXPECT_EQ(error(tree_->symlink("x", "/ro/sub/x")), Errc::erofs);
  EXPECT_EQ(error(tree_->set_attr("/ro/sub/f", {.mode = 0600})), Errc::erofs);
}

TEST_F(TreePathsTest, MountPointsAreBusyAndNoNameCrossesThem) {
  ok(tree_->write_file("/f", "x"));
  ok(tree_->make_dir("/d"));
  EXPECT_EQ(error(tree_->remove_dir("/m")), Errc::ebusy);
  EXPECT_EQ(error(tree_->unlink("/m")), Errc::ebusy);
  EXPECT_EQ(error(tree_->rename("/m", "/n")), Errc::ebusy);
  EXPECT_EQ(error(tree_->rename("/d", "/m")), Errc::ebusy);
  EXPECT_EQ(error(tree_->remove_dir("/ro")), Errc::enotempty);
  EXPECT_EQ(error(tree_->rename("/f", "/m/f")), Errc::exdev);
  EXPECT_EQ(error(tree_->link("/f", "/m/f")), Errc::exdev);
  EXPECT_EQ(error(tree_->rename("/f", "/m/.")), Errc::exdev);
}

TEST_F(TreePathsTest, AttributesAreSetThroughLinksOrOnThem) {
  ok(tree_->write_file("/f", "12345"));
  ok(tree_->symlink("f", "/l"));
  ok(tree_->set_attr("/l", {.mode = 0600, .size = 2}));
  EXPECT_EQ(ok(tree_->read_file("/f")), "12");
  EXPECT_EQ(ok(tree_->stat("/f")).mode, 0600);
  ok(tree_->set_attr("/l", {.mtime = Time{.sec = 7, .nsec = 0}}, Follow::no));
  EXPECT_EQ(ok(tree_->stat("/l", Follow::no)).mtime.sec, 7);
  EXPECT_NE(ok(tree_->stat("/l")).mtime.sec, 7);
}

TEST_F(TreePathsTest, ADirectoryListsItsNamesAndMounts) {
  ok(tree_->write_file("/m/f", "x"));
  ok(tree_->symlink("f", "/m/l"));
  ok(tree_->make_dir("/m/d"));
  std::vector<DirItem> items = ok(tree_->read_dir("/m"));
  std::ranges::sort(items, {}, &DirItem::name);
  const std::vector<DirItem> expected = {
      {.name = "d", .ino = ok(tree_->stat("/m/d")).ino, .type = FileType::directory},
      {.name = "f", .ino = ok(tree_->stat("/m/f")).ino, .type = FileType::regular},
      {.name = "l", .ino = ok(tree_->stat("/m/l", Follow::no)).ino, .type = FileType::symlink}};
  EXPECT_EQ(items, expected);
  EXPECT_EQ(names_in("/"), "m ro");
  EXPECT_EQ(error(tree_->read_dir("/m/f")), Errc::enotdir);
  EXPECT_EQ(error(tree_->open_dir("/m/none")), Errc::enoent);
  EXPECT_EQ(names(*ok(tree_->open_dir("/m"))), "d f l");
}

TEST_F(TreePathsTest, DirectoriesAreMadeWithThoseOnTheWay) {
  ok(tree_->make_dirs("/a/b//c/", 0700));
  EXPECT_EQ(ok(tree_->stat("/a/b/c")).mode, 0700);
  EXPECT_EQ(ok(tree_->stat("/a")).mode, 0700);
  ok(tree_->make_dirs("/a/b/c"));
  ok(tree_->make_dirs("/"));
  ok(tree_->make_dirs("a/./d/../e"));
  EXPECT_EQ(names_in("/a"), "b d e");
  ok(tree_->symlink("../m", "/a/link"));
  ok(tree_->make_dirs("/a/link/x/../y"));
  EXPECT_EQ(names_in("/m"), "x y");
  ok(tree_->write_file("/f", "x"));
  EXPECT_EQ(error(tree_->make_dirs("/f")), Errc::eexist);
  EXPECT_EQ(error(tree_->make_dirs("/f/x")), Errc::enotdir);
  EXPECT_EQ(error(tree_->make_dirs("")), Errc::enoent);
  ok(tree_->symlink("none", "/dangling"));
  EXPECT_EQ(error(tree_->make_dirs("/dangling/x")), Errc::eexist);
  EXPECT_EQ(error(tree_->make_dirs(std::string(Tree::kMaxPath, 'x'))), Errc::enametoolong);
}

TEST_F(TreePathsTest, LinksAreMadeAndRead) {
  ok(tree_->symlink("some/text", "/l"));
  EXPECT_EQ(ok(tree_->read_link("/l")).text, "some/text");
  EXPECT_EQ(error(tree_->read_link("/m")), Errc::einval);
  EXPECT_EQ(error(tree_->symlink("", "/e")), Errc::enoent);
  EXPECT_EQ(error(tree_->symlink(std::string(4096, 'x'), "/e")), Errc::enametoolong);
  ok(tree_->symlink(std::string(4095, 'x'), "/e"));
  ok(tree_->link("/l", "/l2"));
  EXPECT_EQ(ok(tree_->stat("/l", Follow::no)).nlink, 2U);
  EXPECT_EQ(ok(tree_->read_link("/l2")).text, "some/text");
}

TEST_F(TreePathsTest, ImmutableBytesAreSeenWithoutCopying) {
  const auto text = std::make_shared<const std::string>("immutable");
  const View content{.bytes = bytes_of(*text), .owner = text};
  ok(root_->create_sealed(*root_->root(), "sealed", {}, content));
  const std::optional<View> all = ok(tree_->view("/sealed"));
  ASSERT_TRUE(all);
  EXPECT_EQ(static_cast<const void*>(all->bytes.data()), text->data());
  EXPECT_EQ(all->bytes.size(), 9U);
  EXPECT_EQ(ok(tree_->view("/sealed", 2, 3))->bytes.size(), 3U);
  EXPECT_EQ(ok(tree_->view("/sealed", 20))->bytes.size(), 0U);
  EXPECT_FALSE(ok(tree_->view("/ro/sub/f")));
  EXPECT_EQ(error(tree_->view("/m")), Errc::eisdir);
}

// ---- Walking ------------------------------------------------------------------

class TreeWalkTest : public TreePathsTest {
 protected:
  void SetUp() override {
    TreePathsTest::SetUp();
    ok(tree_->make_dirs("/m/b/c"));
    ok(tree_->write_file("/m/b/c/deep", "x"));
    ok(tree_->write_file("/m/b-file", "x"));
    ok(tree_->symlink("b", "/m/a"));
  }
  std::vector<std::string> walked(std::string_view path, std::string_view skip = {},
                                  std::string_view stop = {}) {
    std::vector<std::string> seen;
    ok(tree_->walk(path, [&](const Visited& visited) {
      seen.push_back(std::to_string(visited.depth) + " " + std::string(visited.path));
      EXPECT_TRUE(visited.path.ends_with(visited.name));
      EXPECT_FALSE(visited.error);
      return visited.name == skip ? WalkNext::skip : visited.name == stop ? WalkNext::stop : WalkNext::on;
    }));
    return seen;
  }
};

using Strings = std::vector<std::string>;

TEST_F(TreeWalkTest, DirectoriesComeBeforeWhatIsInThemAndCrossMounts) {
  EXPECT_EQ(walked("/"),
            (Strings{"0 /", "1 /m", "2 /m/a", "2 /m/b", "3 /m/b/c", "4 /m/b/c/deep", "2 /m/b-file", "1 /ro",
                     "2 /ro/sub", "3 /ro/sub/d", "4 /ro/sub/d/g", "3 /ro/sub/f"}));
}

TEST_F(TreeWalkTest, PathsBeginWithWhatTheWalkWasGiven) {
  EXPECT_EQ(walked("m/b/"), (Strings{"0 m/b", "1 m/b/c", "2 m/b/c/deep"}));
  EXPECT_EQ(walked("/m/b-file"), (Strings{"0 /m/b-file"}));
  EXPECT_EQ(walked("."), walked("./"));
  EXPECT_EQ(walked("./").front(), "0 .");
}

TEST_F(TreeWalkTest, LinksAreNotFollowed) {
  EXPECT_EQ(walked("/m/a"), (Strings{"0 /m/a"}));
  EXPECT_EQ(walked("/m/a/"), (Strings{"0 /m/a", "1 /m/a/c", "2 /m/a/c/deep"}));
}

TEST_F(TreeWalkTest, TheVisitorSkipsAndStops) {
  EXPECT_EQ(walked("/m", "c"), (Strings{"0 /m", "1 /m/a", "1 /m/b", "2 /m/b/c", "1 /m/b-file"}));
  EXPECT_EQ(walked("/m", "b-file", "c"), (Strings{"0 /m", "1 /m/a", "1 /m/b", "2 /m/b/c"}));
  EXPECT_EQ(walked("/m", {}, "m"), (Strings{"0 /m"}));
}

TEST_F(TreeWalkTest, WhatVanishesIsLeftOut) {
  Strings seen;
  ok(tree_->walk("/m", [&](const Visited& visited) {
    seen.emplace_back(visited.path);
    if (visited.name == "a") {
      ok(tree_->unlink("/m/b/c/deep"));
      ok(tree_->unlink("/m/b-file"));
    }
    return WalkNext::on;
  }));
  EXPECT_EQ(seen, (Strings{"/m", "/m/a", "/m/b", "/m/b/c"}));
}

TEST_F(TreeWalkTest, AMissingStartIsTheError) {
  EXPECT_EQ(error(tree_->walk("/none", [](const Visited&) { return WalkNext::on; })), Errc::enoent);
}

TEST_F(TreeWalkTest, ADeepTreeCostsNoStack) {
  NodeRef at = mounted_->root();
  for (int i = 0; i < 20'000; ++i) at = ok(at->create("d", kDirectory));
  std::size_t deepest = 0;
  ok(tree_->walk("/m", [&](const Visited& visited) {
    deepest = std::max(deepest, visited.depth);
    return WalkNext::on;
  }));
  EXPECT_EQ(deepest, 20'000U);
}

// ---- Faults and races ---------------------------------------------------------

/// A layer with something to be done before or after an operation.
class Meddler final : public FilesystemWrapper {
 public:
  using Hook = std::function<Status(const Call&)>;
  Meddler(FilesystemPtr inner, Hook first, Hook then = {})
      : FilesystemWrapper(std::move(inner)), first_(std::move(first)), then_(std::move(then)) {}

 private:
  Status before(const Call& call) override { return first_(call); }
  void after(const Call& call, Status) override {
    if (!then_) return;
    EXPECT_TRUE(then_(call));
  }
  Hook first_;
  Hook then_;
};

TEST(TreePathRaces, AFileThatAppearsMeanwhileIsOpened) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  const auto meddle = [&](const FilesystemWrapper::Call& call) {
    if (call.operation == Operation::create) file_in(*memory, "/f", "theirs");
    return Status{};
  };
  const Tree tree{MountTable(std::make_shared<Meddler>(memory, meddle))};
  const Tree::Opened opened = ok(tree.open("/f", {.flags = kReadWrite, .create = true}));
  EXPECT_FALSE(opened.created);
  EXPECT_EQ(read(*opened.file), "theirs");
}

TEST(TreePathRaces, AnExclusiveCreatorLoses) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  const auto meddle = [&](const FilesystemWrapper::Call& call) {
    if (call.operation == Operation::create) file_in(*memory, "/f", "theirs");
    return Status{};
  };
  const Tree tree{MountTable(std::make_shared<Meddler>(memory, meddle))};
  const OpenHow exclusive{.flags = kReadWrite, .create = true, .exclusive = true};
  EXPECT_EQ(tree.open("/f", exclusive).error(), Errc::eexist);
}

TEST(TreePathRaces, ANameThatComesAndGoesEndsTheTries) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  int tries = 0;
  const auto appear = [&](const FilesystemWrapper::Call& call) {
    if (call.operation == Operation::create) file_in(*memory, "/f", "theirs");
    return Status{};
  };
  const auto vanish = [&](const FilesystemWrapper::Call& call) {
    if (call.operation != Operation::create) return Status{};
    ++tries;
    return memory->root()->unlink("f");
  };
  const Tree tree{MountTable(std::make_shared<Meddler>(memory, appear, vanish))};
  EXPECT_EQ(tree.open("/f", {.flags = kReadWrite, .create = true}).error(), Errc::eexist);
  EXPECT_GT(tries, 1);
  EXPECT_LT(tries, 100);
}

TEST(TreePathRaces, AFileThatVanishesMeanwhileIsMadeAgain) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  file_in(*memory, "/f", "old");
  bool once = true;
  const auto meddle = [&](const FilesystemWrapper::Call& call) {
    if (call.operation != Operation::open || !std::exchange(once, false)) return Status{};
    ok(memory->root()->unlink("f"));
    return Status(fail(Errc::enoent));
  };
  const Tree tree{MountTable(std::make_shared<Meddler>(memory, meddle))};
  EXPECT_TRUE(ok(tree.open("/f", {.flags = kReadWrite, .create = true})).created);
}

TEST(TreePathFaults, AWalkTellsWhatItCannotReadAndGoesOn) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  file_in(*memory, "/bad/hidden", "x");
  file_in(*memory, "/good/shown", "x");
  Filesystem* layer = nullptr;
  const auto meddle = [&](const FilesystemWrapper::Call& call) {
    const bool bad = call.operation == Operation::read_dir && layer->path_of(*call.node) == "/bad";
    return bad ? Status(fail(Errc::eio)) : Status{};
  };
  const auto wrapper = std::make_shared<Meddler>(memory, meddle);
  layer = wrapper.get();
  const Tree tree{MountTable(wrapper)};
  std::vector<std::string> seen;
  ok(tree.walk("/", [&](const Visited& visited) {
    seen.push_back(std::string(visited.path) + (visited.error ? " " + message(*visited.error) : ""));
    return WalkNext::on;
  }));
  EXPECT_EQ(seen,
            (std::vector<std::string>{"/", "/bad", "/bad " + message(Errc::eio), "/good", "/good/shown"}));
}

TEST(TreePathFaults, AWriteThatFailsIsTold) {
  const auto memory = std::make_shared<MemoryFilesystem>();
  const auto broken = [](const FilesystemWrapper::Call& call) {
    return call.operation == Operation::write ? Status(fail(Errc::eio)) : Status{};
  };
  const Tree tree{MountTable(std::make_shared<Meddler>(memory, broken))};
  EXPECT_EQ(tree.write_file("/f", "x").error(), Errc::eio);
}

}  // namespace
}  // namespace wasifs::test
