// SPDX-License-Identifier: Apache-2.0
// What a lasting upper holds where a step of a change fails.
#include <gtest/gtest.h>

#include "compose/lasting_upper.h"
#include "compose/overlay.h"
#include "compose/subtree.h"
#include "layers.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

/// Refuses one operation on one name; "" is every name.
class Refusing final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  void refuse(Operation operation, std::string name) {
    refused_ = operation;
    name_ = std::move(name);
  }
  void allow() { refused_ = std::nullopt; }

 private:
  Status before(const Call& call) override {
    const bool hit = refused_ == call.operation && (name_.empty() || name_ == call.name);
    return hit ? fail(Errc::enospc) : Status{};
  }
  std::optional<Operation> refused_;
  std::string name_;
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

TEST_F(OverlayLasting, AnUpperWithoutRoomCanBeOpenedToDelete) {
  static_cast<void>(open());
  disk_->refuse(Operation::create, "");
  EXPECT_TRUE(LastingUpper::open(ok(disk_->root()->lookup("work")), OverlayMarks(MarkSpace::trusted)));
}

}  // namespace
}  // namespace wasifs::test
