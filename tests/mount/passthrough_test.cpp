// SPDX-License-Identifier: Apache-2.0
// Host files that the kernel reads and writes itself (FOPEN_PASSTHROUGH), and who takes
// set-id bits and capabilities away from files that are written.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "compose/mount_table.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "fuse/unique_fd.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;
using nlohmann::json;

struct Bytes {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
};

/// How many read and write requests there were.
Bytes requests(const std::string& root) {
  const json counts = json::parse(view_status(root))["requests"];
  return {.read = counts.value("read", std::uint64_t{0}), .written = counts.value("write", std::uint64_t{0})};
}

std::string read_from(int fd, off_t offset, std::size_t length) {
  std::string text(length, '\0');
  const ssize_t got = ::pread(fd, text.data(), length, offset);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

class Passthrough : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    host_.write_file("f", "content");
  }
  void mount(TreeOptions options = {}, const std::string& view = "") {
    auto host = HostFilesystem::open(host_.string(), {});
    ASSERT_TRUE(host) << host.error().text();
    mount_.emplace(std::make_shared<const Tree>(MountTable(*host), std::move(options)), view);
  }
  /// Skips where the kernel or its owner do not allow it.
  [[nodiscard]] bool granted() const {
    const UniqueFd probe(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
    return json::parse(view_status(mount_->path()))["passthrough"] == "on" &&
           read_from(probe.get(), 0, 7) == "content" && requests(mount_->path()).read == 0;
  }
  [[nodiscard]] std::string at(std::string_view name) const { return *mount_ / name; }
  [[nodiscard]] UniqueFd open(std::string_view name, int flags) const {
    return UniqueFd(::open(at(name).c_str(), flags | O_CLOEXEC, 0644));
  }

  TempDir host_;
  std::optional<TreeMount> mount_;
};

#define WASIFS_NEED_PASSTHROUGH() \
  if (!granted())                 \
  GTEST_SKIP() << "PASSTHROUGH MISSING: needs Linux 6.9, CAP_SYS_ADMIN and a plain file system"

TEST_F(Passthrough, BytesOfHostFilesDoNotComeToUs) {
  mount();
  WASIFS_NEED_PASSTHROUGH();
  const UniqueFd file = open("f", O_RDWR);
  EXPECT_EQ(read_from(file.get(), 3, 100), "tent");
  EXPECT_EQ(::pwrite(file.get(), "CON", 3, 0), 3);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 7);
  const UniqueFd made = open("new", O_RDWR | O_CREAT | O_EXCL);
  EXPECT_EQ(::write(made.get(), "fresh", 5), 5);
  auto* const mapped =
      static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, made.get(), 0));
  ASSERT_NE(mapped, MAP_FAILED);
  mapped[0] = 'F';
  EXPECT_EQ(::msync(mapped, 4096, MS_SYNC), 0);
  ::munmap(mapped, 4096);
  EXPECT_EQ(requests(mount_->path()).read, 0U);
  EXPECT_EQ(requests(mount_->path()).written, 0U);
  EXPECT_EQ(read_file(host_ / "f"), "CONtent");
  EXPECT_EQ(read_file(host_ / "new"), "Fresh");
}

TEST_F(Passthrough, SizesAndTimesAreTheHostsAtOnce) {
  mount();
  WASIFS_NEED_PASSTHROUGH();
  const UniqueFd file = open("f", O_WRONLY | O_APPEND);
  struct stat before{};
  ASSERT_EQ(::stat(at("f").c_str(), &before), 0);
  ASSERT_EQ(::write(file.get(), "++", 2), 2);
  struct stat after{};
  struct stat on_host{};
  ASSERT_EQ(::stat(at("f").c_str(), &after), 0);
  ASSERT_EQ(::stat((host_ / "f").c_str(), &on_host), 0);
  EXPECT_EQ(after.st_size, 9);
  EXPECT_EQ(after.st_mtim.tv_nsec, on_host.st_mtim.tv_nsec);
  ASSERT_EQ(::ftruncate(file.get(), 4), 0);
  EXPECT_EQ(read_file(host_ / "f"), "cont");
}

TEST_F(Passthrough, ManyHandlesOfOneFileComeAndGo) {
  mount();
  WASIFS_NEED_PASSTHROUGH();
  for (int round = 0; round < 20; ++round) {
    const UniqueFd reader = open("f", O_RDONLY);
    const UniqueFd writer = open("f", O_RDWR);
    const UniqueFd appender = open("f", O_WRONLY | O_APPEND);
    ASSERT_TRUE(reader && writer && appender) << errno;
    ASSERT_EQ(::pwrite(writer.get(), std::to_string(round % 10).c_str(), 1, 0), 1);
    EXPECT_EQ(read_from(reader.get(), 0, 1), std::to_string(round % 10));
  }
  EXPECT_EQ(requests(mount_->path()).written, 0U);
}

TEST_F(Passthrough, AFileWithSetIdBitsIsOpenToReadersAndWritersAtATime) {
  ASSERT_EQ(::chmod((host_ / "f").c_str(), 06755), 0);
  mount();
  const UniqueFd reader = open("f", O_RDONLY);
  const UniqueFd writer = open("f", O_WRONLY | O_APPEND);
  ASSERT_TRUE(reader && writer) << errno;
  ASSERT_EQ(::write(writer.get(), "!", 1), 1);
  EXPECT_EQ(read_from(reader.get(), 0, 100), "content!");
}

TEST_F(Passthrough, PagesOfBeforeAreNotKept) {
  auto host = HostFilesystem::open(host_.string(), {});
  ASSERT_TRUE(host);
  mount_.emplace(std::make_shared<const Tree>(MountTable(*host, {.caching = Caching::forever})));
  // Through pages, since it has a set-id bit; past them; through them again.
  ASSERT_EQ(::chmod((host_ / "f").c_str(), 04755), 0);
  EXPECT_EQ(read_from(open("f", O_RDWR).get(), 0, 100), "content");
  ASSERT_EQ(::chmod(at("f").c_str(), 0755), 0);
  // As soon as we know that the first is closed. The kernel would notice a new time.
  struct stat status{};
  ASSERT_EQ(::stat(at("f").c_str(), &status), 0);
  ASSERT_TRUE(eventually([&] {
    const UniqueFd file = open("f", O_RDWR);
    const std::uint64_t before = requests(mount_->path()).read;
    EXPECT_EQ(read_from(file.get(), 0, 7), "content");
    if (requests(mount_->path()).read != before) return false;
    EXPECT_EQ(::pwrite(file.get(), "CON", 3, 0), 3);
    const std::array times{status.st_atim, status.st_mtim};
    EXPECT_EQ(::futimens(file.get(), times.data()), 0);
    return true;
  }));
  ASSERT_EQ(::chmod(at("f").c_str(), 04755), 0);
  // As soon as we know that that one is.
  ASSERT_TRUE(eventually([&] {
    const UniqueFd file = open("f", O_RDWR);
    const std::uint64_t before = requests(mount_->path()).read;
    EXPECT_EQ(read_from(file.get(), 0, 100), "CONtent");
    return requests(mount_->path()).read != before;
  }));
}

TEST_F(Passthrough, AFileThatMayNotGrowFreelyIsWrittenByUs) {
  mount({.limits = {.max_file_size = 10}});
  const UniqueFd file = open("f", O_RDWR);
  EXPECT_EQ(::pwrite(file.get(), "0123456789abc", 13, 0), 10);
  EXPECT_EQ(::pwrite(file.get(), "x", 1, 10), -1);
  EXPECT_EQ(errno, EFBIG);
  EXPECT_EQ(requests(mount_->path()).written, 2U);
}

TEST_F(Passthrough, IsPreferredToUnaskedOpensOnDemand) {
  for (const bool prefer : {false, true}) {
    auto host = HostFilesystem::open(host_.string(), {.read_only = true});
    ASSERT_TRUE(host);
    const auto tree =
        std::make_shared<const Tree>(MountTable(*host, {.read_only = true, .caching = Caching::forever}));
    mount_.reset();
    mount_.emplace(tree, prefer ? "passthrough" : "");
    EXPECT_EQ(read_from(open("f", O_RDONLY).get(), 0, 100), "content");
    const json status = json::parse(view_status(mount_->path()));
    EXPECT_EQ(status["asks_opens"].get<bool>(), prefer);
    if (prefer && granted()) {
      EXPECT_EQ(requests(mount_->path()).read, 0U);
    }
  }
}

TEST_F(Passthrough, IsLeftOutOnDemand) {
  mount({}, "no_passthrough");
  const UniqueFd file = open("f", O_RDWR);
  EXPECT_EQ(read_from(file.get(), 0, 7), "content");
  EXPECT_EQ(::pwrite(file.get(), "x", 1, 0), 1);
  EXPECT_EQ(requests(mount_->path()).written, 1U);
  EXPECT_EQ(json::parse(view_status(mount_->path()))["passthrough"], "off");
}

TEST_F(Passthrough, AnotherViewOfTheTreeIsToldOfWhatIsWritten) {
  auto host = HostFilesystem::open(host_.string(), {});
  ASSERT_TRUE(host);
  const auto tree = std::make_shared<const Tree>(MountTable(*host, {.caching = Caching::forever}));
  const TreeMount first(tree);
  const TreeMount second(tree);
  const auto content = [&] {
    const UniqueFd reader(::open((second / "f").c_str(), O_RDONLY | O_CLOEXEC));
    return read_from(reader.get(), 0, 100);
  };
  EXPECT_EQ(content(), "content");
  const UniqueFd writer(::open((first / "f").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(writer.get(), "CONTENT and more", 16, 0), 16);
  EXPECT_EQ(content(), "CONTENT and more");
  struct stat status{};
  EXPECT_EQ(::stat((second / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 16);
}

enum class Where : std::uint8_t { memory, host };

class Privileges : public testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    FilesystemPtr fs = std::make_shared<MemoryFilesystem>();
    if (GetParam() == Where::host) fs = HostFilesystem::open(host_.string(), {}).value();
    mount_.emplace(std::make_shared<const Tree>(MountTable(fs)), "suid");
    ::chmod(mount_->path().c_str(), 0755);
    const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
    ASSERT_EQ(::write(file.get(), "program", 7), 7);
  }
  [[nodiscard]] std::string path() const { return *mount_ / "f"; }
  [[nodiscard]] unsigned mode() const {
    struct stat status{};
    EXPECT_EQ(::stat(path().c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  /// The mode after `change` by somebody who is not privileged.
  unsigned after(unsigned before, const std::function<int()>& change) {
    EXPECT_EQ(::chmod(path().c_str(), before), 0);
    EXPECT_EQ(mode(), before);
    EXPECT_EQ(as_nobody(change), 0);
    return mode();
  }

  TempDir host_;
  std::optional<TreeMount> mount_;
};

TEST_P(Privileges, GoWhenSomebodyElseWrites) {
  const auto write = [&] {
    const int fd = ::open(path().c_str(), O_WRONLY);
    return fd >= 0 && ::write(fd, "x", 1) == 1 ? 0 : 1;
  };
  EXPECT_EQ(after(06777, write), 0777U);
  EXPECT_EQ(after(02766, write), 02766U) << "no program of the group";
}

TEST_P(Privileges, GoWhenSomebodyElseWritesWhoHadItOpenBefore) {
  const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(after(06777, [&] { return ::write(file.get(), "x", 1) == 1 ? 0 : 1; }), 0777U);
}

TEST_P(Privileges, GoWhenSomebodyElseCuts) {
  EXPECT_EQ(after(06777, [&] { return ::truncate(path().c_str(), 3); }), 0777U);
  EXPECT_EQ(after(06777, [&] { return ::open(path().c_str(), O_WRONLY | O_TRUNC) < 0; }), 0777U);
}

TEST_P(Privileges, StayWhenRootWrites) {
  ASSERT_EQ(::chmod(path().c_str(), 06755), 0);
  const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  EXPECT_EQ(mode(), 06755U);
}

TEST_P(Privileges, GoWhenTheFileIsGivenAway) {
  ASSERT_EQ(::chmod(path().c_str(), 06755), 0);
  ASSERT_EQ(::chown(path().c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(mode(), 0755U);
}

TEST_P(Privileges, CapabilitiesGoWithAnyWriteAndWhenTheFileIsGivenAway) {
  // Version 2, cap_net_raw+ep.
  const std::array<unsigned char, 20> capability{0x01, 0, 0, 0x02, 0, 0x20};
  const auto set = [&] {
    return ::setxattr(path().c_str(), "security.capability", capability.data(), capability.size(), 0);
  };
  const auto present = [&] { return ::getxattr(path().c_str(), "security.capability", nullptr, 0) > 0; };
  ASSERT_EQ(set(), 0);
  ASSERT_TRUE(present());
  const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  EXPECT_FALSE(present());
  ASSERT_EQ(set(), 0);
  ASSERT_EQ(::ftruncate(file.get(), 3), 0);
  EXPECT_FALSE(present());
  ASSERT_EQ(set(), 0);
  ASSERT_EQ(::chown(path().c_str(), kNobody, kNobody), 0);
  EXPECT_FALSE(present());
}

INSTANTIATE_TEST_SUITE_P(Of, Privileges, testing::Values(Where::memory, Where::host),
                         [](const auto& param) { return param.param == Where::memory ? "memory" : "host"; });

}  // namespace
}  // namespace wasifs::test
