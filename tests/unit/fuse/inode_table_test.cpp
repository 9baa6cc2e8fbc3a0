// SPDX-License-Identifier: Apache-2.0
#include "fuse/inode_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "fuse/handles.h"

namespace wasifs::fuse {
namespace {

std::shared_ptr<const Tree> memory_tree() {
  return std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>()));
}

class InodeTableTest : public testing::Test {
 protected:
  VNode make(std::string_view name, FileType type = FileType::regular) {
    return tree_->create(tree_->root(), name, {.type = type}).value();
  }
  std::uint64_t ino(const VNode& vnode) { return tree_->attr(vnode)->ino; }

  std::shared_ptr<const Tree> tree_ = memory_tree();
  InodeTable table_{tree_->root(), tree_->attr(tree_->root())->ino};
  Inode& root_ = table_.at(InodeTable::kRootId);
};

TEST_F(InodeTableTest, TheRootHasIdOneAndIsItsOwnParent) {
  EXPECT_EQ(root_.vnode, tree_->root());
  EXPECT_EQ(table_.id_of(root_), 1U);
  EXPECT_EQ(root_.parent_ino(), root_.ino());
  table_.forget(InodeTable::kRootId, 1000);
  EXPECT_EQ(table_.at(InodeTable::kRootId).vnode, tree_->root()) << "the root is never forgotten";
}

TEST_F(InodeTableTest, OneNodeHasOneInodeWhateverItsName) {
  const VNode file = make("a");
  ASSERT_TRUE(tree_->link(tree_->root(), "b", file));
  const VNode other_name = tree_->lookup(tree_->root(), "b").value();
  Inode& first = table_.acquire(file, root_);
  Inode& second = table_.acquire(other_name, root_);
  EXPECT_EQ(&first, &second);
  EXPECT_EQ(table_.size(), 2U);
  EXPECT_EQ(&table_.at(table_.id_of(first)), &first);
}

TEST_F(InodeTableTest, AnInodeLivesUntilEveryLookupIsForgotten) {
  const VNode file = make("a");
  Inode& inode = table_.acquire(file, root_);
  static_cast<void>(table_.acquire(file, root_));
  const std::uint64_t id = table_.id_of(inode);
  table_.forget(id, 1);
  EXPECT_EQ(table_.size(), 2U);
  table_.forget(id, 1);
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(InodeTableTest, AForgottenNodeIsLetGo) {
  const VNode file = make("a");
  const std::uint64_t id = table_.id_of(table_.acquire(file, root_));
  ASSERT_TRUE(tree_->unlink(tree_->root(), "a"));
  table_.forget(id, 5);  // more than there are: an untrue kernel must not underflow the count
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(InodeTableTest, GenerationsAreNeverUsedTwice) {
  const VNode file = make("a");
  Inode& first = table_.acquire(file, root_);
  const std::uint64_t generation = first.generation;
  table_.forget(table_.id_of(first), 1);
  EXPECT_NE(table_.acquire(file, root_).generation, generation);
}

TEST_F(InodeTableTest, AMovedDirectoryHasANewParent) {
  const VNode from = make("from", FileType::directory);
  const VNode dir = make("dir", FileType::directory);
  Inode& parent = table_.acquire(from, root_);
  parent.set_ino(ino(from));
  Inode& child = table_.acquire(dir, root_);
  EXPECT_EQ(child.parent_ino(), root_.ino());
  table_.note_parent(dir, parent);
  EXPECT_EQ(child.parent_ino(), ino(from));
}

TEST_F(InodeTableTest, LookupsAndForgetsOfManyThreadsBalance) {
  std::vector<VNode> nodes;
  for (int i = 0; i < 8; ++i) nodes.push_back(make("n" + std::to_string(i)));
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 5000; ++i) {
        const VNode& vnode = nodes[(i * (t + 1)) % nodes.size()];
        Inode& inode = table_.acquire(vnode, root_);
        if (inode.vnode != vnode) std::abort();
        table_.forget(table_.id_of(inode), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(InodeTableTest, UnchangedMeansSizeAndTimeOfTheLastOpen) {
  const VNode file = make("a");
  Inode& inode = table_.acquire(file, root_);
  Attr attr;
  attr.size = 5;
  attr.mtime = {1, 2};
  EXPECT_FALSE(inode.unchanged_since_last_open(attr)) << "the first open knows nothing";
  EXPECT_TRUE(inode.unchanged_since_last_open(attr));
  attr.size = 6;
  EXPECT_FALSE(inode.unchanged_since_last_open(attr));
  EXPECT_TRUE(inode.unchanged_since_last_open(attr));
  attr.mtime.nsec = 3;
  EXPECT_FALSE(inode.unchanged_since_last_open(attr));
}

class FileHandleTest : public InodeTableTest {
 protected:
  static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
  std::string content(const VNode& vnode) {
    const FilePtr file = tree_->open(vnode, {.read = true}).value();
    std::string text(64, '\0');
    text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))).value());
    return text;
  }
};

TEST_F(FileHandleTest, AnAppendingDescriptorWritesBackMappedPagesInPlace) {
  const VNode file = make("a");
  FileHandle handle(*tree_, table_.acquire(file, root_),
                    tree_->open(file, {.read = true, .write = true, .append = true}).value());
  ASSERT_TRUE(handle.writer(true).value()->write_at(0, bytes("abc")));
  ASSERT_TRUE(handle.writer(true).value()->write_at(0, bytes("def")));
  EXPECT_EQ(content(file), "abcdef");
  ASSERT_TRUE(handle.writer(false).value()->write_at(1, bytes("X")));
  EXPECT_EQ(content(file), "aXcdef");
}

TEST_F(FileHandleTest, ADescriptorThatBecameAppendingAppends) {
  const VNode file = make("a");
  FileHandle handle(*tree_, table_.acquire(file, root_),
                    tree_->open(file, {.read = false, .write = true}).value());
  ASSERT_TRUE(handle.writer(false).value()->write_at(0, bytes("abc")));
  ASSERT_TRUE(handle.writer(true).value()->write_at(0, bytes("def")));
  EXPECT_EQ(content(file), "abcdef");
}

TEST_F(FileHandleTest, AReadOnlyDescriptorStaysReadOnly) {
  const VNode file = make("a");
  FileHandle handle(*tree_, table_.acquire(file, root_), tree_->open(file, {.read = true}).value());
  EXPECT_EQ(handle.writer(true).value()->write_at(0, bytes("x")).error(), Errc::ebadf);
  EXPECT_EQ(handle.writer(false).value()->write_at(0, bytes("x")).error(), Errc::ebadf);
}

struct Counted {
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() { --alive_; }
  Counted* previous = nullptr;
  Counted* next = nullptr;

 private:
  int& alive_;
};

TEST(HandleTable, ReleasesInAnyOrderAndTheRestWithTheTable) {
  int alive = 0;
  {
    HandleTable<Counted> table;
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 5; ++i) numbers.push_back(table.adopt(std::make_unique<Counted>(alive)));
    EXPECT_EQ(alive, 5);
    for (const std::size_t i : {2U, 4U, 0U}) table.release(numbers[i]);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace wasifs::fuse
