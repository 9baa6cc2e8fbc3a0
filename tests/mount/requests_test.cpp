// SPDX-License-Identifier: Apache-2.0
// What the adapter itself is answerable for: lookup counts, listings, handles,
// caches. The rules of the file systems are the conformance suite's.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <set>

#include "compose/mount_table.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "fuse/unique_fd.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

std::shared_ptr<const Tree> tree_of(FilesystemPtr fs) {
  return std::make_shared<const Tree>(MountTable(std::move(fs)));
}

struct stat stat_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

std::vector<std::pair<std::string, ino_t>> list(const std::string& path) {
  std::vector<std::pair<std::string, ino_t>> found;
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return found;
  while (const dirent* entry = ::readdir(dir)) found.emplace_back(entry->d_name, entry->d_ino);
  ::closedir(dir);
  return found;
}

void write_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  ASSERT_TRUE(fd) << path;
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string read_all(const std::string& path) { return run_program({"cat", path}).out; }

class Requests : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    mount_.emplace(tree_of(std::make_shared<MemoryFilesystem>()));
  }
  [[nodiscard]] std::string at(std::string_view name) const { return *mount_ / name; }

  std::optional<TreeMount> mount_;
};

TEST_F(Requests, StoppingTheSessionUnmounts) {
  mount_->stop();
  EXPECT_EQ(mount_->join(), 0);
  EXPECT_FALSE(is_mounted(mount_->path()));
}

TEST_F(Requests, AnUnmountFromOutsideEndsTheSession) {
  ASSERT_TRUE(eventually([this] { return ::access(mount_->path().c_str(), F_OK) == 0; }));
  // Busy as long as the session's own first look at it is under way.
  ASSERT_TRUE(eventually([this] { return run_program({"umount", mount_->path()}).status == 0; }));
  EXPECT_EQ(mount_->join(), 0);
}

TEST_F(Requests, ListingsNameDotAndDotDotWithTheirNumbers) {
  ASSERT_EQ(::mkdir(at("a").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("a/b").c_str(), 0755), 0);
  const auto inner = list(at("a/b"));
  ASSERT_EQ(inner.size(), 2U);
  EXPECT_EQ(inner[0], (std::pair<std::string, ino_t>{".", stat_of(at("a/b")).st_ino}));
  EXPECT_EQ(inner[1], (std::pair<std::string, ino_t>{"..", stat_of(at("a")).st_ino}));
  const auto root = list(mount_->path());
  EXPECT_EQ(root[0].second, root[1].second) << "the root is its own parent";
}

TEST_F(Requests, AMovedDirectoryListsItsNewParent) {
  for (const char* name : {"a", "b", "a/dir", "b/other"}) ASSERT_EQ(::mkdir(at(name).c_str(), 0755), 0);
  ASSERT_EQ(::rename(at("a/dir").c_str(), at("b/dir").c_str()), 0);
  EXPECT_EQ(list(at("b/dir"))[1].second, stat_of(at("b")).st_ino);
  ASSERT_EQ(::renameat2(AT_FDCWD, at("b/dir").c_str(), AT_FDCWD, at("a").c_str(), RENAME_EXCHANGE), 0);
  EXPECT_EQ(list(at("a"))[1].second, stat_of(mount_->path()).st_ino);
}

TEST_F(Requests, AListingOf16000NamesIsWholeAndNumbersAgreeWithStat) {
  constexpr int kCount = 16000;
  for (int i = 0; i < kCount; ++i) {
    const UniqueFd fd(::open(at("a-file-with-a-name-" + std::to_string(i)).c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    ASSERT_TRUE(fd);
  }
  std::set<std::string> names;
  for (const auto& [name, ino] : list(mount_->path())) {
    EXPECT_TRUE(names.insert(name).second) << name << " came twice";
    if (ino % 1000 != 0) continue;
    EXPECT_EQ(ino, stat_of(at(name)).st_ino) << name;
  }
  EXPECT_EQ(names.size(), kCount + 2U);
}

TEST_F(Requests, HardLinksShowOneInodeWithItsLinkCount) {
  write_file(at("a"), "x");
  ASSERT_EQ(::link(at("a").c_str(), at("b").c_str()), 0);
  EXPECT_EQ(stat_of(at("a")).st_ino, stat_of(at("b")).st_ino);
  EXPECT_EQ(stat_of(at("a")).st_nlink, 2U);
  ASSERT_EQ(::unlink(at("a").c_str()), 0);
  EXPECT_EQ(stat_of(at("b")).st_nlink, 1U) << "through the long-lived attribute cache";
  write_file(at("c"), "y");
  ASSERT_EQ(::link(at("c").c_str(), at("d").c_str()), 0);
  ASSERT_EQ(::rename(at("b").c_str(), at("d").c_str()), 0);
  EXPECT_EQ(stat_of(at("c")).st_nlink, 1U) << "one of its names was replaced";
}

TEST_F(Requests, AnUnlinkedFileStaysUsableWhileItIsOpen) {
  const UniqueFd fd(::open(at("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_TRUE(fd);
  ASSERT_EQ(::unlink(at("f").c_str()), 0);
  EXPECT_EQ(list(mount_->path()).size(), 2U) << "nothing is left in its place";
  ASSERT_EQ(::pwrite(fd.get(), "hello", 5, 0), 5);
  std::array<char, 5> bytes{};
  EXPECT_EQ(::pread(fd.get(), bytes.data(), 5, 0), 5);
  struct stat status{};
  ASSERT_EQ(::fstat(fd.get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 0U);
}

TEST_F(Requests, ANameThatWasLookedForInVainAppearsWhenItIsMade) {
  EXPECT_EQ(::access(at("late").c_str(), F_OK), -1);
  write_file(at("late"), "");
  EXPECT_EQ(::access(at("late").c_str(), F_OK), 0);
  ASSERT_EQ(::rename(at("late").c_str(), at("later").c_str()), 0);
  EXPECT_EQ(::access(at("late").c_str(), F_OK), -1);
  EXPECT_EQ(::access(at("later").c_str(), F_OK), 0);
}

TEST_F(Requests, PagesMappedThroughAnAppendingDescriptorGoWhereTheyBelong) {
  write_file(at("f"), std::string(8192, 'a'));
  const UniqueFd fd(::open(at("f").c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  ASSERT_TRUE(fd);
  void* const mapped = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  static_cast<char*>(mapped)[0] = 'X';
  static_cast<char*>(mapped)[5000] = 'Y';
  EXPECT_EQ(::msync(mapped, 8192, MS_SYNC), 0);
  ::munmap(mapped, 8192);
  std::string expected(8192, 'a');
  expected[0] = 'X';
  expected[5000] = 'Y';
  EXPECT_EQ(read_all(at("f")), expected);
  EXPECT_EQ(stat_of(at("f")).st_size, 8192);
}

TEST_F(Requests, TheCallerOwnsWhatItMakes) {
  ASSERT_EQ(::chmod(mount_->path().c_str(), 01777), 0);
  const Finished run = run_program({"setpriv", "--reuid=12345", "--regid=23456", "--clear-groups", "sh", "-c",
                                    "umask 027; cd \"$0\" && : > f && mkdir d && ln -s x l", mount_->path()});
  ASSERT_EQ(run.status, 0) << run.err;
  for (const char* name : {"f", "d", "l"}) {
    EXPECT_EQ(stat_of(at(name)).st_uid, 12345U) << name;
    EXPECT_EQ(stat_of(at(name)).st_gid, 23456U) << name;
  }
  EXPECT_EQ(stat_of(at("f")).st_mode & 07777, 0640U);
  EXPECT_EQ(stat_of(at("d")).st_mode & 07777, 0750U);
}

TEST_F(Requests, ThePermissionsOfOthersAreEnforced) {
  write_file(at("secret"), "s");
  write_file(at("open"), "o");
  ASSERT_EQ(::chmod(at("secret").c_str(), 0600), 0);
  const auto cat_as_other = [this](std::string_view name) {
    return run_program({"setpriv", "--reuid=12345", "--regid=23456", "--clear-groups", "cat", at(name)});
  };
  EXPECT_EQ(cat_as_other("open").out, "o");
  const Finished refused = cat_as_other("secret");
  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.err.find("Permission denied"), std::string::npos) << refused.err;
}

TEST_F(Requests, ThreadsThatMakeAndRemoveTheSameNamesAgreeInTheEnd) {
  constexpr int kThreads = 4;
  std::atomic<int> surprises = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string name = at("n" + std::to_string((i * (t + 1)) % 7));
        const UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        if (!fd || ::write(fd.get(), "x", 1) != 1) ++surprises;
        if (::unlink(name.c_str()) != 0 && errno != ENOENT) ++surprises;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(surprises, 0);
  for (const auto& [name, ino] : list(mount_->path())) {
    if (name == "." || name == "..") continue;
    EXPECT_EQ(::unlink(at(name).c_str()), 0) << name;
  }
  EXPECT_EQ(list(mount_->path()).size(), 2U);
}

/// A file of 8 KiB whose second page cannot be read: what is left of the mapping
/// of a package that somebody cut short.
class CutFile final : public File {
 public:
  CutFile() : File({.read = true}) {
    path_ = dir_ / "package";
    dir_.write_file("package", std::string(8192, 'p'));
    const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    mapping_ = ::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd.get(), 0);
    static_cast<void>(::truncate(path_.c_str(), 4096));
  }
  ~CutFile() override { ::munmap(mapping_, 8192); }
  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    const std::span all(static_cast<const std::byte*>(mapping_), 8192);
    if (offset >= all.size()) return View{};
    return View{.bytes = all.subspan(offset, std::min(length, all.size() - offset)), .owner = nullptr};
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t, std::span<std::byte>) override { return fail(Errc::eio); }
  Result<std::uint64_t> do_seek(std::uint64_t, bool) override { return fail(Errc::enxio); }

 private:
  TempDir dir_;
  std::string path_;
  void* mapping_ = nullptr;
};

class CutNode final : public Node {
 public:
  CutNode() : Node(FileType::regular) {}
  Result<Attr> attr() override {
    Attr attr;
    attr.ino = 2;
    attr.mode = 0644;
    attr.size = 8192;
    return attr;
  }
  Result<FilePtr> open(OpenFlags) override { return std::make_unique<CutFile>(); }
};

/// A root with the file "cut", and "boom", a name that throws.
class CutRoot final : public Node {
 public:
  CutRoot() : Node(FileType::directory) {}
  Result<Attr> attr() override {
    Attr attr;
    attr.ino = 1;
    attr.type = FileType::directory;
    attr.mode = 0755;
    return attr;
  }
  Result<NodeRef> lookup(std::string_view name) override {
    if (name == "boom") throw std::runtime_error("boom");
    if (name == "cut") return cut_;
    return fail(Errc::enoent);
  }

 private:
  NodeRef cut_ = make_ref<CutNode>();
};

class CutFilesystem final : public Filesystem {
 public:
  NodeRef root() override { return root_; }
  Traits traits() const override { return {.immutable = true}; }
  Result<StatFs> statfs() override { return StatFs{}; }
  std::string describe() const override { return "cut"; }

 private:
  NodeRef root_ = make_ref<CutRoot>();
};

TEST(BrokenLayers, AMappingThatCannotBeReadAnswersEioAndTheMountGoesOn) {
  WASIFS_NEED_FUSE();
  const TreeMount mount(tree_of(std::make_shared<CutFilesystem>()));
  for (int i = 0; i < 2; ++i) {
    const UniqueFd fd(::open((mount / "cut").c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    ASSERT_TRUE(fd);
    alignas(4096) std::array<char, 8192> bytes{};
    EXPECT_EQ(::pread(fd.get(), bytes.data(), 4096, 4096), -1);
    EXPECT_EQ(errno, EIO);
    EXPECT_EQ(::pread(fd.get(), bytes.data(), 4096, 0), 4096);
    EXPECT_EQ(bytes[0], 'p');
  }
}

TEST(BrokenLayers, AnExceptionAnswersEioAndTheMountGoesOn) {
  WASIFS_NEED_FUSE();
  const TreeMount mount(tree_of(std::make_shared<CutFilesystem>()));
  EXPECT_EQ(::access((mount / "boom").c_str(), F_OK), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(::access((mount / "cut").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace wasifs::test
