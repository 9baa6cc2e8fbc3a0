// SPDX-License-Identifier: Apache-2.0
#include "wasifs/filesystem_wrapper.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "layers.h"

namespace wasifs::test {
namespace {

/// Counts what it is asked and how that ends; refuses what it is told to.
class Watched final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;

  std::map<Operation, int> asked;
  std::vector<std::string> ended;
  std::set<Operation> broken;
  std::function<void(const Call&)> look;

 private:
  Status before(const Call& call) override {
    ++asked[call.operation];
    if (look) look(call);
    return broken.contains(call.operation) ? fail(Errc::eio) : Status{};
  }
  void after(const Call& call, Status result) override {
    ended.push_back(std::string(name_of(call.operation)) + (result ? "" : " " + message(result.error())));
  }
};

class FilesystemWrapperTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> inner_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<Watched> fs_ = std::make_shared<Watched>(inner_);
};

TEST_F(FilesystemWrapperTest, EveryOperationHasAName) {
  EXPECT_EQ(name_of(Operation::attr), "attr");
  EXPECT_EQ(name_of(Operation::create_anonymous), "create_anonymous");
  EXPECT_EQ(name_of(Operation::read_dir), "read_dir");
  EXPECT_EQ(name_of(Operation::room_for), "room_for");
}

TEST_F(FilesystemWrapperTest, ANodeIsTheSameAsLongAsItIsHeld) {
  file_in(*inner_, "/d/f", "x");
  ok(dir_in(*inner_, "/d")->link("again", *ok(find(*inner_, "/d/f"))));
  const NodeRef d = ok(fs_->root()->lookup("d"));
  EXPECT_EQ(ok(fs_->root()->lookup("d")), d);
  const NodeRef f = ok(d->lookup("f"));
  EXPECT_EQ(ok(d->lookup("again")), f);
  EXPECT_NE(f, ok(find(*inner_, "/d/f")));
  EXPECT_EQ(f->type(), FileType::regular);
}

TEST_F(FilesystemWrapperTest, ANodeThatNobodyHoldsIsMadeAnew) {
  file_in(*inner_, "/f", "x");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(content(*ok(fs_->root()->lookup("f"))), "x");
}

TEST_F(FilesystemWrapperTest, OperationsAreCounted) {
  const NodeRef root = fs_->root();
  const NodeRef f = ok(root->create("f", {}));
  const FilePtr file = ok(f->open(kReadWrite));
  ok(file->write_at(0, bytes_of("abc")));
  ok(file->write_at(3, bytes_of("def")));
  EXPECT_EQ(read(*file), "abcdef");
  EXPECT_EQ(names(*root), "f");
  EXPECT_FALSE(root->lookup("none"));
  EXPECT_EQ(fs_->asked[Operation::create], 1);
  EXPECT_EQ(fs_->asked[Operation::open], 1);
  EXPECT_EQ(fs_->asked[Operation::write], 2);
  EXPECT_EQ(fs_->asked[Operation::read], 1);
  EXPECT_EQ(fs_->asked[Operation::read_dir], 1);
  EXPECT_EQ(fs_->ended, (std::vector<std::string>{"create", "open", "write", "write", "read", "open_dir",
                                                  "read_dir", "lookup " + message(Errc::enoent)}));
}

TEST_F(FilesystemWrapperTest, AHookIsToldWhatIsAsked) {
  std::vector<std::string> seen;
  fs_->look = [&](const FilesystemWrapper::Call& call) {
    seen.push_back(std::string(name_of(call.operation)) + " " +
                   (call.node != nullptr ? fs_->path_of(*call.node) : "-") + " " + std::string(call.name) +
                   " " + std::string(call.new_name) + " " + std::to_string(call.offset) + " " +
                   std::to_string(call.size));
  };
  const NodeRef root = fs_->root();
  const NodeRef d = ok(root->create("d", kDirectory));
  const NodeRef f = ok(d->create("f", {}));
  const FilePtr file = ok(f->open({.read = true, .write = true, .append = true}));
  ok(file->write_at(77, bytes_of("abc")));
  ok(file->truncate(5));
  (void)read(*file, 1, 8);
  ok(d->rename("f", *root, "g", RenameMode::replace));
  ok(fs_->room_for(9, 1));
  EXPECT_EQ(seen, (std::vector<std::string>{"create / d  0 0", "create /d f  0 0", "open /d/f   0 0",
                                            "append /d/f   0 3", "truncate /d/f   0 5", "read /d/f   1 8",
                                            "rename /d f g 0 0", "room_for -   0 9"}));
}

/// A layer with something for every operation to act on, and each operation.
class FaultTest : public FilesystemWrapperTest {
 protected:
  void SetUp() override {
    file_in(*inner_, "/f", "text");
    file_in(*inner_, "/g", "text");
    dir_in(*inner_, "/d");
    ok(inner_->root()->create("l", {.type = FileType::symlink, .mode = 0777, .target = "f"}));
    root_ = fs_->root();
    f_ = ok(root_->lookup("f"));
    l_ = ok(root_->lookup("l"));
    file_ = ok(f_->open(kReadWrite));
    appending_ = ok(f_->open({.read = true, .write = true, .append = true}));
    dir_ = ok(root_->open_dir());
  }

  template <class T>
  static Errc error(const Result<T>& result) {
    return result ? Errc{} : result.error();
  }
  /// What the operation gives; the ones that cannot fail give enodata for nothing.
  Errc perform(Operation operation) {
    const NewNode file;
    switch (operation) {
      case Operation::attr:
        return error(f_->attr());
      case Operation::set_attr:
        return error(f_->set_attr({.mode = 0600}));
      case Operation::lookup:
        return error(root_->lookup("f"));
      case Operation::open_dir:
        return error(root_->open_dir());
      case Operation::open:
        return error(f_->open({}));
      case Operation::read_link:
        return error(l_->read_link());
      case Operation::share_content:
        return error(ok(root_->create("shared", file))->share_content({}));
      case Operation::create:
        return error(root_->create("new", file));
      case Operation::create_anonymous:
        return error(root_->create_anonymous(file));
      case Operation::link:
        return error(root_->link("linked", *f_));
      case Operation::unlink:
        return error(root_->unlink("g"));
      case Operation::rmdir:
        return error(root_->rmdir("d"));
      case Operation::rename:
        return error(root_->rename("l", *root_, "m", RenameMode::replace));
      case Operation::get_xattr:
        return error(f_->get_xattr("user.x"));
      case Operation::list_xattrs:
        return error(f_->list_xattrs());
      case Operation::set_xattr:
        return error(f_->set_xattr("user.x", "1", XattrMode::any));
      case Operation::remove_xattr:
        return error(f_->remove_xattr("user.x"));
      case Operation::sync:
        return error(root_->sync());
      case Operation::read_dir:
        return error(dir_->read(0, [](const DirEntry&) { return true; }));
      case Operation::read:
        return error(file_->read_at(0, buffer_));
      case Operation::write:
        return error(file_->write_at(0, buffer_));
      case Operation::append:
        return error(appending_->write_at(0, buffer_));
      case Operation::truncate:
        return error(file_->truncate(3));
      case Operation::allocate:
        return error(file_->allocate(AllocateMode::extend, 0, 10));
      case Operation::sync_file:
        return error(file_->sync(true));
      case Operation::seek:
        return error(file_->seek_data(0));
      case Operation::view:
        return file_->view(0, 1) ? Errc{} : Errc::enodata;
      case Operation::native_range:
        return file_->native_range() ? Errc{} : Errc::enodata;
      case Operation::statfs:
        return error(fs_->statfs());
      case Operation::room_for:
        return error(fs_->room_for(1, 1));
    }
    return Errc::enosys;
  }

  NodeRef root_, f_, l_;
  FilePtr file_, appending_;
  DirPtr dir_;
  std::array<std::byte, 2> buffer_{};
};

std::vector<Operation> all_operations() {
  std::vector<Operation> all;
  for (int i = 0; i <= static_cast<int>(Operation::room_for); ++i) all.push_back(static_cast<Operation>(i));
  return all;
}

TEST_F(FaultTest, EveryOperationFailsWhenToldToAndChangesNothing) {
  for (const Operation operation : all_operations()) {
    fs_->broken = {operation};
    fs_->ended.clear();
    const bool silent = operation == Operation::view || operation == Operation::native_range;
    EXPECT_EQ(perform(operation), silent ? Errc::enodata : Errc::eio) << name_of(operation);
    // It was not handed on. One of them makes the file it works on first.
    const bool prepared = operation == Operation::share_content;
    EXPECT_EQ(fs_->ended.size(), prepared ? 1U : 0U) << name_of(operation);
  }
  EXPECT_EQ(names(*inner_->root()), "d f g l shared");
  EXPECT_EQ(content(*ok(find(*inner_, "/f"))), "text");
}

TEST_F(FaultTest, EveryOperationIsHandedOnElse) {
  for (const Operation operation : all_operations()) {
    fs_->ended.clear();
    const Errc mine = perform(operation);
    ASSERT_FALSE(fs_->ended.empty()) << name_of(operation);
    std::string expected(name_of(operation));
    const bool silent = operation == Operation::view || operation == Operation::native_range;
    if (mine != Errc{} && !silent) expected += " " + message(mine);
    EXPECT_EQ(fs_->ended.back(), expected);
  }
  EXPECT_EQ(names(*inner_->root()), "f linked m new shared");
}

TEST_F(FilesystemWrapperTest, ANodeOfAnotherFileSystemIsExdev) {
  file_in(*inner_, "/f", "x");
  const auto other = std::make_shared<Watched>(inner_);
  const NodeRef theirs = ok(other->root()->lookup("f"));
  EXPECT_EQ(fs_->root()->link("g", *theirs).error(), Errc::exdev);
  EXPECT_EQ(fs_->root()->link("g", *ok(find(*inner_, "/f"))).error(), Errc::exdev);
  EXPECT_EQ(fs_->root()->rename("f", *other->root(), "g", RenameMode::replace).error(), Errc::exdev);
  EXPECT_EQ(fs_->path_of(*theirs), "");
  EXPECT_TRUE(fs_->trace_node(*theirs).empty());
}

TEST_F(FilesystemWrapperTest, DescriptionsTraitsAndProvenanceAreTheInnerOnes) {
  file_in(*inner_, "/d/f", "x");
  const NodeRef f = ok(find(*fs_, "/d/f"));
  EXPECT_EQ(fs_->describe(), inner_->describe());
  EXPECT_EQ(fs_->path_of(*f), "/d/f");
  EXPECT_EQ(fs_->path_of(*fs_->root()), "/");
  EXPECT_EQ(fs_->origin(*f), inner_->origin(*ok(find(*inner_, "/d/f"))));
  EXPECT_EQ(fs_->trace_node(*f).size(), 1U);
  EXPECT_EQ(fs_->trace_path("/d/f"), inner_->trace_path("/d/f"));
  EXPECT_EQ(ok(f->attr()).ino, ok(ok(find(*inner_, "/d/f"))->attr()).ino);
  EXPECT_EQ(fs_->inner(), inner_);
}

TEST_F(FilesystemWrapperTest, SealedFilesStaySealedAndAreViewed) {
  const auto text = std::make_shared<const std::string>("sealed");
  ok(inner_->create_sealed(*inner_->root(), "s", {}, {.bytes = bytes_of(*text), .owner = text}));
  const NodeRef s = ok(fs_->root()->lookup("s"));
  EXPECT_TRUE(s->sealed());
  EXPECT_EQ(s->open(kReadWrite).error(), Errc::eperm);
  const auto view = ok(s->open({}))->view(0, 100);
  ASSERT_TRUE(view);
  EXPECT_EQ(static_cast<const void*>(view->bytes.data()), text->data());
}

TEST_F(FilesystemWrapperTest, AnOverlayOverWrappedLayersWorksAndIsSeen) {
  file_in(*inner_, "/d/f", "lower");
  const auto upper = std::make_shared<Watched>(std::make_shared<MemoryFilesystem>());
  const Tree tree{
      MountTable(std::make_shared<Overlay>(upper, std::vector<FilesystemPtr>{FilesystemPtr(fs_)}))};
  EXPECT_EQ(ok(tree.read_file("/d/f")), "lower");
  ok(tree.write_file("/d/f", "changed"));
  ok(tree.write_file("/d/new", "new"));
  ok(tree.rename("/d", "/e"));
  ok(tree.link("/e/f", "/hard"));
  EXPECT_EQ(ok(tree.read_file("/hard")), "changed");
  EXPECT_EQ(ok(tree.stat("/e/f")).nlink, 2U);
  EXPECT_EQ(content(*ok(find(*inner_, "/d/f"))), "lower");
  EXPECT_GT(upper->asked[Operation::create], 0);
  EXPECT_GT(fs_->asked[Operation::open], 0);
  EXPECT_EQ(fs_->asked[Operation::create], 0);
}

TEST_F(FilesystemWrapperTest, ACopyUpThatFailsChangesNothing) {
  file_in(*inner_, "/f", "lower");
  const auto upper = std::make_shared<Watched>(std::make_shared<MemoryFilesystem>());
  const Tree tree{
      MountTable(std::make_shared<Overlay>(upper, std::vector<FilesystemPtr>{FilesystemPtr(fs_)}))};
  for (const Operation step : {Operation::create_anonymous, Operation::link, Operation::set_attr}) {
    upper->broken = {step};
    const Status changed = tree.set_attr("/f", {.mode = 0600});
    EXPECT_TRUE(changed || changed.error() == Errc::eio) << name_of(step);
    upper->broken.clear();
    EXPECT_EQ(ok(tree.read_file("/f")), "lower") << name_of(step);
    EXPECT_EQ(ok(tree.read_dir("/")).size(), 1U) << name_of(step);
  }
}

}  // namespace
}  // namespace wasifs::test
