// SPDX-License-Identifier: Apache-2.0
// A tree that is mounted and changed in-process at the same time: what the kernel
// keeps of it is never older than the last change.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "support/fuse_mount.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

constexpr OpenFlags kReadWrite{.read = true, .write = true};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(message(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "(" + std::string(std::strerror(errno)) + ")";
  return {std::istreambuf_iterator<char>(in), {}};
}

class Coherence : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    auto memory = std::make_shared<MemoryFilesystem>();
    FilesystemPtr root = memory;
    if (GetParam())
      root =
          std::make_shared<Overlay>(memory, std::vector<FilesystemPtr>{std::make_shared<MemoryFilesystem>()});
    tree_ = std::make_shared<const Tree>(MountTable(root));
    write("f", "old");
    mount_.emplace(tree_);
  }

  void write(std::string_view name, std::string_view content) {
    const Result<VNode> there = tree_->lookup(tree_->root(), name);
    const VNode node = there ? *there : must(tree_->create(tree_->root(), name, {}));
    const FilePtr file = must(tree_->open(node, {.read = true, .write = true, .truncate = true}));
    must(file->write_at(0, bytes(content)));
  }
  VNode at(std::string_view path) { return must(tree_->resolve(path, Follow::no)); }
  std::string mounted(std::string_view name) { return slurp(*mount_ / name); }
  struct stat stat_of(std::string_view name) {
    struct stat status{};
    if (::lstat((*mount_ / name).c_str(), &status) != 0) status.st_ino = 0;
    return status;
  }

  std::shared_ptr<const Tree> tree_;
  std::optional<TreeMount> mount_;
};

TEST_P(Coherence, ContentAndSizeAreTheNewOnes) {
  EXPECT_EQ(mounted("f"), "old");
  EXPECT_EQ(stat_of("f").st_size, 3);
  write("f", "newer content");
  EXPECT_EQ(mounted("f"), "newer content");
  EXPECT_EQ(stat_of("f").st_size, 13);
  const FilePtr file = must(tree_->open(at("/f"), kReadWrite));
  must(file->write_at(2, bytes("WER")));
  EXPECT_EQ(mounted("f"), "neWER content") << "a part in the middle";
}

TEST_P(Coherence, AnOpenDescriptorAndAMappingSeeChanges) {
  write("f", std::string(8192, 'a'));
  const int fd = ::open((*mount_ / "f").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto* const mapped = static_cast<const char*>(::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 0));
  ASSERT_NE(mapped, MAP_FAILED);
  const volatile char* const seen = mapped;
  EXPECT_EQ(seen[0], 'a');
  EXPECT_EQ(seen[5000], 'a');
  const FilePtr file = must(tree_->open(at("/f"), kReadWrite));
  must(file->write_at(5000, bytes("b")));
  EXPECT_EQ(seen[5000], 'b');
  char byte = 0;
  EXPECT_EQ(::pread(fd, &byte, 1, 5000), 1);
  EXPECT_EQ(byte, 'b');
  must(file->truncate(100));
  struct stat status{};
  EXPECT_EQ(::fstat(fd, &status), 0);
  EXPECT_EQ(status.st_size, 100);
  must(file->truncate(6000));
  EXPECT_EQ(::pread(fd, &byte, 1, 5000), 1);
  EXPECT_EQ(byte, '\0');
  ::munmap(const_cast<char*>(mapped), 8192);
  ::close(fd);
}

TEST_P(Coherence, AppendingAndAllocatingAreSeen) {
  EXPECT_EQ(mounted("f"), "old");
  must(must(tree_->open(at("/f"), {.read = true, .write = true, .append = true}))->write_at(0, bytes("er")));
  EXPECT_EQ(mounted("f"), "older");
  must(must(tree_->open(at("/f"), kReadWrite))->allocate(AllocateMode::zero, 1, 2));
  EXPECT_EQ(mounted("f"), std::string("o\0\0er", 5));
}

TEST_P(Coherence, ANameThatWasMissingIsFoundAndOneThatIsGoneIsNot) {
  EXPECT_EQ(stat_of("new").st_ino, 0U);
  write("new", "here");
  EXPECT_EQ(mounted("new"), "here");
  must(tree_->unlink(tree_->root(), "new"));
  EXPECT_EQ(stat_of("new").st_ino, 0U);
  EXPECT_EQ(mounted("new"), "(No such file or directory)");
  must(tree_->create(tree_->root(), "d", {.type = FileType::directory, .mode = 0700}));
  EXPECT_EQ(stat_of("d").st_mode, mode_t{S_IFDIR | 0700});
  EXPECT_EQ(stat_of(".").st_nlink, 3U);
  must(tree_->rmdir(tree_->root(), "d"));
  EXPECT_EQ(stat_of("d").st_ino, 0U);
  EXPECT_EQ(stat_of(".").st_nlink, 2U);
}

TEST_P(Coherence, RenamingIsSeenAtBothNames) {
  write("g", "other");
  EXPECT_EQ(mounted("f"), "old");
  EXPECT_EQ(mounted("g"), "other");
  must(tree_->rename(tree_->root(), "f", tree_->root(), "g", RenameMode::replace));
  EXPECT_EQ(stat_of("f").st_ino, 0U);
  EXPECT_EQ(mounted("g"), "old");
  write("f", "third");
  EXPECT_EQ(mounted("f"), "third");
  must(tree_->rename(tree_->root(), "f", tree_->root(), "g", RenameMode::exchange));
  EXPECT_EQ(mounted("f"), "old");
  EXPECT_EQ(mounted("g"), "third");
}

TEST_P(Coherence, LinksCountAndAttributesAreTheNewOnes) {
  EXPECT_EQ(stat_of("f").st_nlink, 1U);
  must(tree_->link(tree_->root(), "g", at("/f")));
  EXPECT_EQ(stat_of("f").st_nlink, 2U);
  EXPECT_EQ(stat_of("g").st_ino, stat_of("f").st_ino);
  must(tree_->unlink(tree_->root(), "f"));
  EXPECT_EQ(stat_of("g").st_nlink, 1U);
  SetAttr change;
  change.mode = 0600;
  change.mtime = Time{.sec = 5, .nsec = 6};
  must(tree_->set_attr(at("/g"), change));
  EXPECT_EQ(stat_of("g").st_mode, mode_t{S_IFREG | 0600});
  EXPECT_EQ(stat_of("g").st_mtim.tv_nsec, 6);
  change = {};
  change.size = 1;
  must(tree_->set_attr(at("/g"), change));
  EXPECT_EQ(mounted("g"), "o");
  const struct stat before = stat_of("g");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  must(tree_->set_xattr(at("/g"), "user.x", "y", XattrMode::any));
  EXPECT_NE(stat_of("g").st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  const struct stat between = stat_of("g");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  must(tree_->remove_xattr(at("/g"), "user.x"));
  EXPECT_NE(stat_of("g").st_ctim.tv_nsec, between.st_ctim.tv_nsec);
}

TEST_P(Coherence, WhatTheMountWritesIsSeenInProcess) {
  std::ofstream(*mount_ / "f") << "through the kernel";
  std::string content(18, '\0');
  EXPECT_EQ(must(tree_->open(at("/f"), {}))->read_at(0, std::as_writable_bytes(std::span(content))), 18U);
  EXPECT_EQ(content, "through the kernel");
}

TEST_P(Coherence, TwoMountsOfOneTreeSeeEachOther) {
  TreeMount second(tree_);
  EXPECT_EQ(slurp(second / "f"), "old");
  std::ofstream(*mount_ / "f") << "changed";
  EXPECT_EQ(slurp(second / "f"), "changed");
  std::ofstream(second / "f") << "changed back";
  EXPECT_EQ(mounted("f"), "changed back");
  EXPECT_EQ(::unlink((second / "f").c_str()), 0);
  EXPECT_EQ(stat_of("f").st_ino, 0U);
}

TEST_P(Coherence, AMountThatIsGoneIsToldNothing) {
  EXPECT_EQ(mounted("f"), "old");
  mount_.reset();
  write("f", "without a mount");
  mount_.emplace(tree_);
  EXPECT_EQ(mounted("f"), "without a mount");
}

TEST_P(Coherence, ReadersNeverSeeWhatIsOlderThanTheLastWrite) {
  // The writer publishes a number after its call has returned; whoever reads then
  // must find at least that one.
  std::atomic<int> published{0};
  std::atomic<bool> over{false};
  write("f", "00000000");
  std::vector<std::thread> readers;
  std::atomic<int> reads{0};
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        const int at_least = published;
        const std::string seen = slurp(*mount_ / "f");
        EXPECT_EQ(seen.size(), 8U);
        EXPECT_GE(std::atoi(seen.c_str()), at_least);
        ++reads;
      }
    });
  }
  const FilePtr file = must(tree_->open(at("/f"), kReadWrite));
  for (int number = 1; number <= 500 || reads < 500; ++number) {
    char text[16];
    std::snprintf(text, sizeof text, "%08d", number);
    must(file->write_at(0, bytes({text, 8})));
    published = number;
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_P(Coherence, AFileThatIsFoundWhileItIsWrittenIsNotKeptAsItWas) {
  // Somebody looks for each name before it is there, and so as soon as it is.
  std::atomic<int> wanted{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> lookers;
  for (int i = 0; i < 2; ++i) {
    lookers.emplace_back([&] {
      while (!over) static_cast<void>(stat_of("f" + std::to_string(wanted)));
    });
  }
  for (int number = 0; number < 2000; ++number) {
    wanted = number;
    const std::string name = "f" + std::to_string(number);
    write(name, "hello\n");
    EXPECT_EQ(stat_of(name).st_size, 6) << number;
    EXPECT_EQ(mounted(name), "hello\n") << number;
    if (HasFailure()) break;
  }
  over = true;
  for (std::thread& looker : lookers) looker.join();
}

/// Holds an answer back between its last look at the attributes of a file and its way
/// to the kernel.
class HeldBack final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  std::atomic<bool> armed{false};
  std::atomic<bool> reached{false};
  std::atomic<bool> released{false};

 private:
  void after(const Call& call, Status) override {
    if (!armed || call.operation != Operation::attr || call.node->is_directory()) return;
    if (reached.exchange(true)) return;
    while (!released) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

TEST(CoherenceOfASlowAnswer, WhatItSaysIsNotKeptIfItIsOlderThanAChange) {
  WASIFS_NEED_FUSE();
  const auto slow = std::make_shared<HeldBack>(std::make_shared<MemoryFilesystem>());
  const auto tree = std::make_shared<const Tree>(MountTable(slow));
  must(tree->write_file("/f", "old"));
  const FilePtr file = must(tree->open(must(tree->resolve("/f")), kReadWrite));
  const TreeMount mount(tree);
  slow->armed = true;
  struct stat status{};
  std::thread looker([&] { EXPECT_EQ(::stat((mount / "f").c_str(), &status), 0); });
  EXPECT_TRUE(eventually([&] { return slow->reached.load(); }));
  // Far longer than any writer would wait that hopes instead of knowing.
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    slow->released = true;
  });
  must(file->write_at(0, bytes("newer")));
  looker.join();
  releaser.join();
  EXPECT_EQ(status.st_size, 3);  // else this is no test
  ASSERT_EQ(::stat((mount / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 5);
}

TEST(CoherenceOfTwoPlaces, OneFileSystemAtTwoPlacesIsNotRememberedForLong) {
  WASIFS_NEED_FUSE();
  auto twice = std::make_shared<MemoryFilesystem>();
  MountTable table(std::make_shared<MemoryFilesystem>());
  const auto synthetic = []() -> FilesystemPtr { return std::make_shared<MemoryFilesystem>(); };
  must(table.mount("/a", twice, "", {}, synthetic));
  must(table.mount("/b", twice, "", {}, synthetic));
  const auto tree = std::make_shared<const Tree>(std::move(table));
  must(tree->write_file("/a/f", "old"));
  const TreeMount mount(tree);
  EXPECT_EQ(slurp(mount / "a/f"), "old");
  EXPECT_EQ(slurp(mount / "b/f"), "old");
  must(tree->write_file("/a/f", "newer"));
  EXPECT_EQ(slurp(mount / "a/f"), "newer");
  EXPECT_TRUE(eventually([&] { return slurp(mount / "b/f") == "newer"; }));
  EXPECT_TRUE(tree->traits(must(tree->resolve("/b"))).shared);
  EXPECT_FALSE(tree->traits(tree->root()).shared);
}

TEST(CoherenceWithoutAnObserver, NobodyIsTold) {
  const auto tree = std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>()));
  const auto handle = tree->observed_by(nullptr);
  EXPECT_TRUE(tree->write_file("/f", "x"));
  EXPECT_TRUE(handle->write_file("/f", "y"));
}

INSTANTIATE_TEST_SUITE_P(Roots, Coherence, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Overlay" : "Memory"; });

}  // namespace
}  // namespace wasifs::test
