// SPDX-License-Identifier: Apache-2.0
// Lowers that never change are merged once: what is asked of them, and that what
// comes out is what it is without.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>

#include "compose/overlay.h"
#include "layers.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

/// Counts what a layer is asked for, and says that it never changes.
class CountingLayer final : public FilesystemWrapper {
 public:
  explicit CountingLayer(FilesystemPtr inner, Traits traits = {.immutable = true})
      : FilesystemWrapper(std::move(inner)), traits_(traits) {}

  [[nodiscard]] Traits traits() const override { return traits_; }
  [[nodiscard]] int lookups() const { return lookups_; }
  [[nodiscard]] int listings() const { return listings_; }
  void forget() { lookups_ = listings_ = 0; }
  /// From now on nobody can read its directories.
  void refuse_listings() { refuses_ = true; }

 private:
  Status before(const Call& call) override {
    if (call.operation == Operation::lookup) ++lookups_;
    if (call.operation != Operation::open_dir) return {};
    ++listings_;
    return refuses_ ? fail(Errc::eio) : Status{};
  }

  const Traits traits_;
  std::atomic<int> lookups_{0};
  std::atomic<int> listings_{0};
  std::atomic<bool> refuses_{false};
};

/// Over nothing, and under a memory upper.
class MergedLowers : public testing::TestWithParam<bool> {
 protected:
  static constexpr std::size_t kLayers = 6;

  MergedLowers() {
    for (std::size_t i = 0; i < kLayers; ++i) memory_.push_back(std::make_shared<MemoryFilesystem>());
  }

  FilesystemPtr overlay() {
    std::vector<FilesystemPtr> lowers;
    for (const auto& memory : memory_) lowers.push_back(counting_.emplace_back(make_counting(memory)));
    const FilesystemPtr upper = GetParam() ? std::make_shared<MemoryFilesystem>() : nullptr;
    return std::make_shared<Overlay>(upper, std::move(lowers));
  }
  static std::shared_ptr<CountingLayer> make_counting(FilesystemPtr memory) {
    return std::make_shared<CountingLayer>(std::move(memory));
  }
  [[nodiscard]] int lookups() const {
    int all = 0;
    for (const auto& layer : counting_) all += layer->lookups();
    return all;
  }
  [[nodiscard]] int listings() const {
    int all = 0;
    for (const auto& layer : counting_) all += layer->listings();
    return all;
  }
  void forget() const {
    for (const auto& layer : counting_) layer->forget();
  }

  std::vector<std::shared_ptr<MemoryFilesystem>> memory_;
  std::vector<std::shared_ptr<CountingLayer>> counting_;
};

TEST_P(MergedLowers, AMissingNameAsksNoLayerOnceTheDirectoryIsKnown) {
  for (const auto& layer : memory_) dir_in(*layer, "/d");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  EXPECT_EQ(listings(), static_cast<int>(2 * kLayers)) << "the root and /d, each layer once";
  forget();
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  EXPECT_EQ(dir->lookup("another").error(), Errc::enoent);
  EXPECT_EQ(lookups() + listings(), 0);
}

TEST_P(MergedLowers, AFileAsksTheLayerThatHasIt) {
  for (const auto& layer : memory_) file_in(*layer, "/d/every", "");
  file_in(*memory_.back(), "/d/last", "");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  forget();
  EXPECT_TRUE(dir->lookup("every"));
  EXPECT_EQ(lookups(), 1);
  EXPECT_EQ(counting_.front()->lookups(), 1);
  EXPECT_TRUE(dir->lookup("last"));
  EXPECT_EQ(lookups(), 2);
  EXPECT_EQ(counting_.back()->lookups(), 1);
  EXPECT_EQ(listings(), 0);
}

TEST_P(MergedLowers, ADirectoryAsksTheLayersThatMerge) {
  dir_in(*memory_[1], "/d/sub");
  dir_in(*memory_[4], "/d/sub");
  for (const auto& layer : memory_) dir_in(*layer, "/d");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  forget();
  const NodeRef sub = ok(dir->lookup("sub"));
  EXPECT_EQ(lookups(), 2);
  forget();
  EXPECT_EQ(ok(dir->lookup("sub")), sub);
  EXPECT_LE(lookups(), 1) << "what is held is known by its topmost layer";
}

TEST_P(MergedLowers, ListingsAndLinkCountsReadEachLayerOnce) {
  for (std::size_t i = 0; i < kLayers; ++i) {
    dir_in(*memory_[i], "/d/sub" + std::to_string(i));
    file_in(*memory_[i], "/d/file", "");
  }
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  forget();
  EXPECT_EQ(ok(dir->attr()).nlink, 2 + kLayers);
  EXPECT_EQ(names(*dir), "file sub0 sub1 sub2 sub3 sub4 sub5");
  EXPECT_EQ(names(*dir), "file sub0 sub1 sub2 sub3 sub4 sub5");
  EXPECT_EQ(ok(dir->attr()).nlink, 2 + kLayers);
  EXPECT_EQ(listings(), static_cast<int>(kLayers));
  EXPECT_EQ(lookups(), 0);
}

TEST_P(MergedLowers, TheMergeIsKeptWhenNobodyHoldsTheDirectory) {
  for (const auto& layer : memory_) file_in(*layer, "/a/b/f", "");
  const auto fs = overlay();
  EXPECT_TRUE(find(*fs, "/a/b/f"));
  forget();
  EXPECT_TRUE(find(*fs, "/a/b/f"));
  EXPECT_EQ(find(*fs, "/a/b/g").error(), Errc::enoent);
  EXPECT_EQ(listings(), 0);
}

TEST_P(MergedLowers, ADirectoryOfOneLayerIsNotIndexed) {
  for (int i = 0; i < 100; ++i) file_in(*memory_[3], "/d/" + std::to_string(i), "");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  forget();
  EXPECT_TRUE(dir->lookup("7"));
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  EXPECT_EQ(listings(), 0);
  EXPECT_EQ(counting_[3]->lookups(), lookups());
}

TEST_P(MergedLowers, ALayerThatCannotBeListedIsAskedByName) {
  for (const auto& layer : memory_) dir_in(*layer, "/d");
  file_in(*memory_[0], "/d/first", "");
  file_in(*memory_[5], "/d/last", "");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  counting_[2]->refuse_listings();
  EXPECT_TRUE(dir->lookup("first"));
  EXPECT_TRUE(dir->lookup("last"));
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  EXPECT_EQ(dir->attr().error(), Errc::eio);
}

TEST_P(MergedLowers, WhatEndsAMergeEndsItHere) {
  file_in(*memory_[0], "/x/first", "");
  file_in(*memory_[2], "/x", "a file between");
  file_in(*memory_[4], "/x/last", "");
  file_in(*memory_[1], "/y", "a file on top");
  file_in(*memory_[3], "/y/below", "");
  const auto fs = overlay();
  EXPECT_EQ(names(*ok(find(*fs, "/x"))), "first");
  EXPECT_EQ(content(*ok(find(*fs, "/y"))), "a file on top");
  EXPECT_EQ(names(*fs->root()), "x y");
  EXPECT_EQ(ok(fs->root()->attr()).nlink, 3U);
}

TEST_P(MergedLowers, NumbersOfListingsAreThoseOfNodes) {
  for (std::size_t i = 0; i < kLayers; ++i) {
    dir_in(*memory_[i], "/d");
    for (std::size_t j = 0; j <= i; ++j) file_in(*memory_[i], "/f" + std::to_string(j), "");
  }
  const auto fs = overlay();
  std::map<std::string, std::uint64_t, std::less<>> listed;
  ok(ok(fs->root()->open_dir())->read(0, [&](const DirEntry& entry) {
    EXPECT_TRUE(listed.emplace(entry.name, entry.ino).second) << entry.name;
    return true;
  }));
  EXPECT_EQ(listed.size(), 1 + kLayers);
  for (const auto& [name, ino] : listed) EXPECT_EQ(ok(ok(fs->root()->lookup(name))->attr()).ino, ino) << name;
}

TEST_P(MergedLowers, ReadingADirectoryGoesOnFromEveryCookie) {
  for (int i = 0; i < 9; ++i) {
    file_in(*memory_[static_cast<std::size_t>(i) % kLayers], "/" + std::to_string(i), "");
  }
  const auto fs = overlay();
  const DirPtr dir = ok(fs->root()->open_dir());
  std::vector<std::string> seen;
  for (std::uint64_t cookie = 0, before = 1; before != cookie;) {
    before = cookie;
    ok(dir->read(cookie, [&](const DirEntry& entry) {
      seen.emplace_back(entry.name);
      cookie = entry.next;
      return false;
    }));
  }
  std::ranges::sort(seen);
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8"}));
}

TEST_P(MergedLowers, HardLinksOfALowerAreOneNode) {
  const NodeRef file = file_in(*memory_[2], "/a", "x");
  dir_in(*memory_[0], "/d");
  ok(dir_in(*memory_[2], "/d")->link("b", *file));
  const auto fs = overlay();
  const NodeRef a = ok(find(*fs, "/a"));
  EXPECT_EQ(ok(find(*fs, "/d/b")), a);
  EXPECT_EQ(ok(find(*fs, "/d/b")), a);
  EXPECT_EQ(ok(a->attr()).nlink, 2U);
}

TEST_P(MergedLowers, ManyNamesInOneDirectory) {
  constexpr int kNames = 5'000;
  for (const auto& layer : memory_) dir_in(*layer, "/d");
  for (int i = 0; i < kNames; ++i) {
    NodeRef dir = ok(find(*memory_[static_cast<std::size_t>(i) % kLayers], "/d"));
    ok(dir->create("file" + std::to_string(i), {}));
  }
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  std::vector<NodeRef> held;
  for (int i = 0; i < kNames; ++i) held.push_back(ok(dir->lookup("file" + std::to_string(i))));
  for (int i = 0; i < kNames; ++i) {
    EXPECT_EQ(ok(dir->lookup("file" + std::to_string(i))), held[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(dir->lookup("file5000").error(), Errc::enoent);
}

TEST_P(MergedLowers, ThreadsComeToTheSameNodes) {
  constexpr int kNames = 300;
  for (const auto& layer : memory_) {
    for (int i = 0; i < kNames; ++i) file_in(*layer, "/a/b/" + std::to_string(i), "");
  }
  const auto fs = overlay();
  std::array<std::vector<NodeRef>, 4> found;
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < kNames; ++i) mine.push_back(ok(find(*fs, "/a/b/" + std::to_string(i))));
      EXPECT_EQ(names(*ok(find(*fs, "/a"))), "b");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, found.front());
}

TEST_P(MergedLowers, ThousandsOfLevelsAreDestroyedWithoutRecursion) {
  for (std::size_t i = 0; i < 2; ++i) {
    NodeRef at = memory_[i]->root();
    for (int level = 0; level < 20'000; ++level) at = ok(at->create("d", kDirectory));
  }
  auto fs = overlay();
  NodeRef deepest = fs->root();
  for (int level = 0; level < 20'000; ++level) deepest = ok(deepest->lookup("d"));
  EXPECT_EQ(fs->path_of(*deepest).size(), 40'000U);
  deepest = nullptr;
  fs.reset();
  SUCCEED();
}

INSTANTIATE_TEST_SUITE_P(, MergedLowers, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "UnderAMemoryUpper" : "Alone"; });

/// What changes is looked at each time, whatever lies below it.
TEST(MixedLowers, ChangesAboveFixedLowersShowUp) {
  const auto changing = std::make_shared<MemoryFilesystem>();
  const auto first = std::make_shared<MemoryFilesystem>();
  const auto second = std::make_shared<MemoryFilesystem>();
  for (const auto& layer : {changing, first, second}) dir_in(*layer, "/d");
  file_in(*first, "/d/f", "first");
  file_in(*second, "/d/s", "second");
  const auto shared = std::make_shared<LayerWithTraits>(changing, Traits{.shared = true});
  const auto fixed_first = std::make_shared<CountingLayer>(first);
  const auto fixed_second = std::make_shared<CountingLayer>(second);
  Overlay fs(std::make_shared<MemoryFilesystem>(), {shared, fixed_first, fixed_second});
  const NodeRef dir = ok(find(fs, "/d"));
  EXPECT_EQ(names(*dir), "f s");
  EXPECT_EQ(content(*ok(dir->lookup("s"))), "second");
  file_in(*changing, "/d/s", "changed");
  file_in(*changing, "/d/n", "new");
  EXPECT_EQ(names(*dir), "f n s");
  EXPECT_EQ(content(*ok(dir->lookup("s"))), "changed");
  fixed_first->forget();
  fixed_second->forget();
  EXPECT_EQ(content(*ok(dir->lookup("n"))), "new");
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  EXPECT_EQ(fixed_first->lookups() + fixed_second->lookups(), 0);
}

TEST(MixedLowers, AMergeKeepsNothingOfALowerThatCanChange) {
  const auto changing = std::make_shared<MemoryFilesystem>();
  const auto first = std::make_shared<MemoryFilesystem>();
  const auto second = std::make_shared<MemoryFilesystem>();
  for (const auto& layer : {first, second}) file_in(*layer, "/d/f", "");
  NodeRef dir = dir_in(*changing, "/d");
  Overlay fs(std::make_shared<MemoryFilesystem>(),
             {std::make_shared<LayerWithTraits>(changing, Traits{.shared = true}),
              std::make_shared<CountingLayer>(first), std::make_shared<CountingLayer>(second)});
  EXPECT_EQ(find(fs, "/d/absent").error(), Errc::enoent);
  EXPECT_EQ(names(*ok(find(fs, "/d"))), "f");
  ok(changing->root()->rmdir("d"));
  EXPECT_TRUE(dir->unique());
  EXPECT_EQ(names(*ok(find(fs, "/d"))), "f");
}

TEST(MixedLowers, ChangesInTheUpperCountAboveAnIndex) {
  const auto first = std::make_shared<MemoryFilesystem>();
  const auto second = std::make_shared<MemoryFilesystem>();
  for (const auto& layer : {first, second}) {
    file_in(*layer, "/d/f", "lower");
    dir_in(*layer, "/d/sub/below");
  }
  Overlay fs(std::make_shared<MemoryFilesystem>(),
             {std::make_shared<CountingLayer>(first), std::make_shared<CountingLayer>(second)});
  const NodeRef dir = ok(find(fs, "/d"));
  EXPECT_EQ(names(*dir), "f sub");
  ok(dir->unlink("f"));
  EXPECT_EQ(names(*dir), "sub");
  EXPECT_EQ(dir->lookup("f").error(), Errc::enoent);
  ok(dir->create("f", kDirectory));
  EXPECT_EQ(names(*ok(dir->lookup("f"))), "");
  EXPECT_EQ(ok(dir->attr()).nlink, 4U);
  ok(dir->rename("sub", *fs.root(), "moved", RenameMode::replace));
  EXPECT_EQ(names(*ok(find(fs, "/moved"))), "below");
  EXPECT_EQ(names(*dir), "f");
  EXPECT_EQ(ok(dir->attr()).nlink, 3U);
}

/// What an overlay of layers that can change answers, one of fixed layers does too.
class WithoutAnUpper : public testing::Test {
 protected:
  WithoutAnUpper() {
    file_in(*first_, "/d/f", "x");
    file_in(*second_, "/d/g", "y");
    file_in(*second_, "/h", "z");
    const auto fixed = [](const FilesystemPtr& layer) {
      return std::make_shared<LayerWithTraits>(layer, Traits{.immutable = true});
    };
    fixed_ = std::make_shared<Overlay>(nullptr, std::vector<FilesystemPtr>{fixed(first_), fixed(second_)});
    changing_ = std::make_shared<Overlay>(nullptr, std::vector<FilesystemPtr>{first_, second_});
  }

  /// Of both.
  void expect_equal(FunctionRef<Status(Filesystem&)> what) {
    const Status fixed = what(*fixed_);
    const Status changing = what(*changing_);
    EXPECT_EQ(fixed.has_value(), changing.has_value());
    if (!fixed && !changing) {
      EXPECT_EQ(message(fixed.error()), message(changing.error()));
    }
  }
  template <class T>
  static Status status(const Result<T>& result) {
    return result ? Status{} : Status(fail(result.error()));
  }

  std::shared_ptr<MemoryFilesystem> first_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> second_ = std::make_shared<MemoryFilesystem>();
  FilesystemPtr fixed_;
  FilesystemPtr changing_;
};

TEST_F(WithoutAnUpper, EveryChangeIsRefusedWithTheSameError) {
  for (const char* const dir : {"/d", "/h"}) {
    for (const char* const name : {"f", "d", "absent"}) {
      SCOPED_TRACE(std::string(dir) + " " + name);
      const auto at = [dir](Filesystem& fs) { return ok(find(fs, dir)); };
      expect_equal([&](Filesystem& fs) { return status(at(fs)->create(name, {})); });
      expect_equal([&](Filesystem& fs) { return status(at(fs)->create_anonymous({})); });
      expect_equal([&](Filesystem& fs) { return at(fs)->unlink(name); });
      expect_equal([&](Filesystem& fs) { return at(fs)->rmdir(name); });
      expect_equal([&](Filesystem& fs) { return at(fs)->link(name, *ok(find(fs, "/h"))); });
      expect_equal([&](Filesystem& fs) { return at(fs)->link(name, *ok(find(fs, "/d"))); });
      expect_equal([&](Filesystem& fs) { return at(fs)->link(name, *first_->root()); });
      expect_equal([&](Filesystem& fs) { return at(fs)->set_attr({}); });
      expect_equal([&](Filesystem& fs) { return at(fs)->set_xattr("user.k", "v", XattrMode::any); });
      expect_equal([&](Filesystem& fs) { return at(fs)->remove_xattr("user.k"); });
      for (const RenameMode mode : {RenameMode::replace, RenameMode::exchange, RenameMode::whiteout}) {
        expect_equal([&](Filesystem& fs) { return at(fs)->rename(name, *fs.root(), "new", mode); });
        expect_equal([&](Filesystem& fs) { return at(fs)->rename(name, *first_->root(), "new", mode); });
      }
    }
  }
}

TEST_F(WithoutAnUpper, OpeningAndLookingAnswerTheSame) {
  for (const char* const path : {"/d", "/h", "/d/f", "/d/g"}) {
    SCOPED_TRACE(path);
    const auto at = [path](Filesystem& fs) { return ok(find(fs, path)); };
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open({})); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open({.read = false})); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open(kReadWrite)); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open({.read = true, .truncate = true})); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open({.read = true, .append = true})); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->read_link()); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->open_dir()); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->lookup("f")); });
    expect_equal([&](Filesystem& fs) { return status(at(fs)->get_xattr("user.k")); });
    expect_equal([&](Filesystem& fs) { return at(fs)->share_content({}); });
    EXPECT_EQ(ok(at(*fixed_)->attr()).ino, ok(at(*changing_)->attr()).ino);
    EXPECT_EQ(ok(at(*fixed_)->attr()).nlink, ok(at(*changing_)->attr()).nlink);
    EXPECT_EQ(fixed_->path_of(*at(*fixed_)), path);
  }
}

}  // namespace
}  // namespace wasifs::test
