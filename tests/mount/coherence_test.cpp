// SPDX-License-Identifier: Apache-2.0
// A tree that is mounted and changed in-process at the same time: what the kernel
// keeps of it is never older than the last change.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
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

// kSecondLook: the kernel takes the answer to a question about attributes up in steps,
// first that they hold and then what they are (fuse_change_attributes_i, Linux 6.18). Who
// looks between the two while another client is being answered sees what was there before,
// for less than a microsecond. So what is old counts if it is there at a second look.

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
    struct stat seen = stat_of(name);
    if (seen.st_size != 6) seen = stat_of(name);  // see kSecondLook
    EXPECT_NE(seen.st_ino, 0U) << number << ": " << std::strerror(errno);
    EXPECT_EQ(seen.st_size, 6) << number;
    EXPECT_EQ(mounted(name), "hello\n") << number;
    if (HasFailure()) break;
  }
  over = true;
  for (std::thread& looker : lookers) looker.join();
}

/// What eight clients may have seen at a moment: nothing older than what the writer's
/// last call that has returned has made.
class Generations {
 public:
  /// Calls `check` in eight threads with the generation that was complete before, until
  /// `write` has made `count` of them. Whatever `check` gives must not be older.
  void run(int count, const std::function<void(int)>& write, const std::function<int(int)>& check) {
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        while (!over_) {
          const int before = done_;
          const int seen = check(before);
          if (seen < before && check(before) < before) note(seen, before);  // see kSecondLook
        }
      });
    }
    for (int generation = 1; generation <= count && stale_.empty(); ++generation) {
      begun_ = generation;
      write(generation);
      done_ = generation;
    }
    over_ = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(stale_, "");
  }
  /// The generation that is being made, or was the last.
  [[nodiscard]] int begun() const { return begun_; }

 private:
  void note(int seen, int before) {
    const std::scoped_lock hold(lock_);
    stale_ = "saw " + std::to_string(seen) + " after " + std::to_string(before);
  }

  std::atomic<int> begun_{0};
  std::atomic<int> done_{0};
  std::atomic<bool> over_{false};
  std::mutex lock_;
  std::string stale_;
};

constexpr int kGenerations = 4000;

/// The generation that a whole line at the start and one at the end tell, the older of
/// them; a reader may come between the steps of one that is under way, and see a part, or
/// zeros where the kernel has an old size and is given no bytes.
int oldest_line(const std::string& text) {
  const std::size_t first = text.find('\n');
  if (first == std::string::npos || text.front() == '\0') return INT_MAX;
  int oldest = std::atoi(text.c_str());
  const std::size_t last = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (text.back() == '\n' && last != std::string::npos && last > first)
    oldest = std::min(oldest, std::atoi(text.c_str() + last + 1));
  return oldest;
}

TEST_P(Coherence, EightClientsNeverSeeBytesOfBefore) {
  // Several pages, each time more of them.
  const auto text = [](int generation) {
    const std::string line = std::to_string(generation) + "\n";
    return line + std::string(static_cast<std::size_t>(generation) * 5, '.') + "\n" + line;
  };
  Generations().run(
      kGenerations / 2, [&](int generation) { write("f", text(generation)); },
      [&](int) { return oldest_line(mounted("f")); });
  EXPECT_TRUE(mounted("f") == text(kGenerations / 2)) << "of the last nothing is a part";
}

TEST_P(Coherence, EightClientsNeverSeeSizesOfBefore) {
  const FilePtr file = must(tree_->open(at("/f"), kReadWrite));
  Generations().run(
      kGenerations, [&](int generation) { must(file->truncate(static_cast<std::uint64_t>(generation) + 3)); },
      [&](int) { return static_cast<int>(stat_of("f").st_size) - 3; });
}

TEST_P(Coherence, EightClientsNeverSeeNamesOfBefore) {
  Generations generations;
  const auto name = [](int generation) { return "name" + std::to_string(generation); };
  must(tree_->create(tree_->root(), name(0), {}));
  generations.run(
      kGenerations,
      [&](int generation) {
        must(tree_->rename(tree_->root(), name(generation - 1), tree_->root(), name(generation),
                           RenameMode::replace));
      },
      [&](int before) {
        if (before > 0 && stat_of(name(before - 1)).st_ino != 0) return before - 1;
        // A missing name is remembered, and here it is the next.
        static_cast<void>(stat_of(name(before + 1)));
        if (stat_of(name(before)).st_ino == 0 && generations.begun() == before) return before - 1;
        return before;
      });
}

TEST_P(Coherence, EightClientsNeverSeeListingsOfBefore) {
  must(tree_->create(tree_->root(), "list", {.type = FileType::directory, .mode = 0755}));
  const VNode dir = at("/list");
  Generations().run(
      kGenerations / 8, [&](int generation) { must(tree_->create(dir, std::to_string(generation), {})); },
      [&](int) {
        int last = 0;
        for (const auto& entry : std::filesystem::directory_iterator(*mount_ / "list"))
          last = std::max(last, std::atoi(entry.path().filename().c_str()));
        return last;
      });
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
