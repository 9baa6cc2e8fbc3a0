// SPDX-License-Identifier: Apache-2.0
// What a lasting upper holds where a step of a change fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <semaphore>
#include <thread>

#include "compose/lasting_upper.h"
#include "compose/overlay.h"
#include "compose/subtree.h"
#include "layers.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

enum class When : std::uint8_t { before, after };

/// Refuses one operation on one name; "" is every name. Or does something in the
/// middle of another thread's work.
class Refusing final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  void refuse(Operation operation, std::string name) {
    refused_ = operation;
    name_ = std::move(name);
  }
  void allow() { refused_ = std::nullopt; }
  /// Before or after the next `operation` in the directory of that name, in its thread, once.
  void interrupt(When when, Operation operation, const std::string& directory, std::function<void()> action) {
    const std::scoped_lock held(lock_);
    interrupts_.push_back({when, operation, "/" + directory, std::move(action)});
  }
  [[nodiscard]] bool all_met() {
    const std::scoped_lock held(lock_);
    return interrupts_.empty();
  }

 private:
  struct Interrupt {
    When when;
    Operation operation;
    std::string end_of_path;
    std::function<void()> action;
  };

  Status before(const Call& call) override {
    meet(When::before, call);
    const bool hit = refused_ == call.operation && (name_.empty() || name_ == call.name);
    return hit ? fail(Errc::enospc) : Status{};
  }
  void after(const Call& call, Status) override { meet(When::after, call); }
  void meet(When when, const Call& call) {
    std::function<void()> action;
    {
      const std::scoped_lock held(lock_);
      const auto met = std::ranges::find_if(interrupts_, [&](const Interrupt& each) {
        return each.when == when && each.operation == call.operation &&
               path_of(*call.node).ends_with(each.end_of_path);
      });
      if (met == interrupts_.end()) return;
      action = std::move(met->action);
      interrupts_.erase(met);
    }
    action();
  }

  std::optional<Operation> refused_;
  std::string name_;
  std::mutex lock_;
  std::vector<Interrupt> interrupts_;
};

class OverlayLasting : public testing::Test {
 protected:
  OverlayLasting() {
    for (const char* const name : {"upper", "work"}) dir_in(*disk_, name);
    file_in(*lower_, "/a", "old");
    const NodeRef node = ok(lower_->root()->lookup("a"));
    for (const char* const name : {"b", "c"}) ok(lower_->root()->link(name, *node));
  }
  FilesystemPtr open() {
    auto names = ok(LastingUpper::open(ok(disk_->root()->lookup("work")), OverlayMarks(MarkSpace::trusted)));
    return std::make_shared<Overlay>(ok(Subtree::open(disk_, "upper")), std::vector<FilesystemPtr>{lower_},
                                     OverlayOptions{}, std::move(names));
  }
  static Status write(Filesystem& fs, std::string_view path, std::string_view text) {
    const Result<FilePtr> file = ok(find(fs, path))->open({.write = true, .truncate = true});
    if (!file) return fail(file.error());
    ok((*file)->write_at(0, bytes_of(text)));
    return {};
  }
  static std::uint32_t links(Filesystem& fs, std::string_view path) {
    return ok(ok(find(fs, path))->attr()).nlink;
  }

  std::shared_ptr<Refusing> disk_ = std::make_shared<Refusing>(std::make_shared<MemoryFilesystem>());
  std::shared_ptr<MemoryFilesystem> lower_ = std::make_shared<MemoryFilesystem>();
};

TEST_F(OverlayLasting, ANameThatCouldNotGoIsCountedStill) {
  FilesystemPtr fs = open();
  ok(write(*fs, "/a", "new"));
  disk_->refuse(Operation::create, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fs->root()->unlink("b").error(), Errc::enospc);
  disk_->allow();
  fs = open();
  EXPECT_EQ(links(*fs, "/b"), 3U);
  ok(fs->root()->unlink("a"));
  fs = open();
  EXPECT_EQ(content(*ok(find(*fs, "/b"))), "new");
  EXPECT_EQ(links(*fs, "/c"), 2U);
}

TEST_F(OverlayLasting, ACopyThatGetsNoNameShowsUnderNone) {
  FilesystemPtr fs = open();
  disk_->refuse(Operation::link, "a");
  EXPECT_EQ(write(*fs, "/a", "new").error(), Errc::enospc);
  disk_->allow();
  for (const FilesystemPtr& each : {fs, open()}) {
    for (const char* const name : {"/a", "/b", "/c"}) {
      EXPECT_EQ(content(*ok(find(*each, name))), "old") << name;
      EXPECT_EQ(links(*each, name), 3U) << name;
    }
  }
  ok(write(*fs, "/b", "new"));
  EXPECT_EQ(content(*ok(find(*fs, "/a"))), "new");
  EXPECT_EQ(links(*fs, "/a"), 3U);
}

TEST_F(OverlayLasting, EntriesOfHardLinksThatNobodyNamesGoAtTheNextStart) {
  FilesystemPtr fs = open();
  ok(write(*fs, "/a", "new"));
  disk_->refuse(Operation::unlink, std::string(names(*ok(find(*disk_, "/work/wasifs-links")))));
  for (const char* const name : {"a", "b", "c"}) ok(fs->root()->unlink(name));
  disk_->allow();
  EXPECT_NE(names(*ok(find(*disk_, "/work/wasifs-links"))), "") << "it could not be removed";
  fs = open();
  EXPECT_EQ(names(*ok(find(*disk_, "/work/wasifs-links"))), "");
}

/// A file of a lower that has names in two directories, and two threads that come to it
/// by one each.
class OverlayLastingMeeting : public OverlayLasting {
 protected:
  OverlayLastingMeeting() {
    file_in(*lower_, "/one/f", "old");
    dir_in(*lower_, "/two");
    ok(ok(find(*lower_, "/two"))->link("f", *ok(find(*lower_, "/one/f"))));
    fs_ = open();
    // These have an upper, so that nothing else is copied up later.
    for (const char* const name : {"/one", "/two"}) ok(ok(find(*fs_, name))->set_attr({.mode = 0700}));
  }
  static constexpr const char* kLinks = "wasifs-links";
  /// How long one thread waits for the other, which may have to wait for it.
  static constexpr std::chrono::milliseconds kPatience{100};

  FilesystemPtr fs_;
};

TEST_F(OverlayLastingMeeting, WhoFoundNoCopyFindsTheOneThatWasMadeSince) {
  std::binary_semaphore done(0);
  std::jthread other;
  disk_->interrupt(When::after, Operation::lookup, kLinks, [&] {
    other = std::jthread([&] {
      ok(write(*fs_, "/one/f", "new"));
      done.release();
    });
    static_cast<void>(done.try_acquire_for(kPatience));
  });
  ok(write(*fs_, "/two/f", "newer"));
  other.join();
  ASSERT_TRUE(disk_->all_met());
  EXPECT_EQ(content(*ok(find(*fs_, "/one/f"))), content(*ok(find(*fs_, "/two/f"))));
  EXPECT_EQ(links(*fs_, "/one/f"), 2U);
}

TEST_F(OverlayLastingMeeting, ACopyThatIsAboutToAppearIsOneNodeUnderBothNames) {
  std::binary_semaphore entered(0);
  std::binary_semaphore found(0);
  std::jthread other;
  disk_->interrupt(When::before, Operation::lookup, kLinks, [&] {
    other = std::jthread([&] { ok(write(*fs_, "/one/f", "new")); });
    static_cast<void>(entered.try_acquire_for(kPatience));
  });
  disk_->interrupt(When::after, Operation::link, kLinks, [&] {
    entered.release();
    static_cast<void>(found.try_acquire_for(kPatience));
  });
  const NodeRef two = ok(find(*fs_, "/two/f"));
  found.release();
  other.join();
  ASSERT_TRUE(disk_->all_met());
  EXPECT_EQ(ok(find(*fs_, "/one/f")).get(), two.get());
  EXPECT_EQ(ok(two->attr()).nlink, 2U);
}

TEST_F(OverlayLasting, AnUpperWithoutRoomCanBeOpenedToDelete) {
  static_cast<void>(open());
  disk_->refuse(Operation::create, "");
  EXPECT_TRUE(LastingUpper::open(ok(disk_->root()->lookup("work")), OverlayMarks(MarkSpace::trusted)));
}

}  // namespace
}  // namespace wasifs::test
