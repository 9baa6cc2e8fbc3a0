// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "fs/host/copy_content.h"
#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using host::CopyCalls;
using host::kKernelCopies;

class HostCopy : public HostTest {
 protected:
  [[nodiscard]] FilePtr open(std::string_view name, OpenFlags flags) const {
    return must(at(name)->open(flags));
  }
  /// A new file to copy into.
  [[nodiscard]] FilePtr target(std::string_view name = "to") const {
    return must(make(name)->open({.read = true, .write = true}));
  }
  [[nodiscard]] std::uint64_t blocks(std::string_view name) const { return must(at(name)->attr()).blocks; }
};

TEST_F(HostCopy, TakesTheContentOfAnotherFileOfTheHost) {
  temp_.write_file("root/from", std::string(300'000, 'x') + "end");
  const FilePtr from = open("from", {.read = true});
  const FilePtr to = target();
  must(to->copy_from(*from, 300'003));
  EXPECT_EQ(temp_.read_file("root/to"), temp_.read_file("root/from"));
}

TEST_F(HostCopy, TakesNoMoreThanIsAskedFor) {
  temp_.write_file("root/from", "beginning and rest");
  must(target()->copy_from(*open("from", {.read = true}), 9));
  EXPECT_EQ(temp_.read_file("root/to"), "beginning");
}

TEST_F(HostCopy, HolesStayHoles) {
  constexpr std::uint64_t kSize = 8U << 20U;
  const FilePtr from = must(make("from")->open({.read = true, .write = true}));
  must(from->write_at(3U << 20U, bytes_of("middle")));
  must(from->truncate(kSize));
  must(target()->copy_from(*from, kSize));
  const FilePtr to = open("to", {.read = true});
  EXPECT_EQ(must(at("to")->attr()).size, kSize);
  EXPECT_EQ(read_text(*to, 3U << 20U, 6), "middle");
  EXPECT_EQ(read_text(*to, kSize - 2), std::string(2, '\0'));
  EXPECT_LE(blocks("to"), blocks("from"));
}

TEST_F(HostCopy, AFileOfNothingButAHoleIsCopied) {
  const FilePtr from = must(make("from")->open({.read = true, .write = true}));
  must(from->truncate(1U << 20U));
  must(target()->copy_from(*from, 1U << 20U));
  EXPECT_EQ(must(at("to")->attr()).size, 1U << 20U);
  EXPECT_EQ(blocks("to"), 0U);
}

TEST_F(HostCopy, BothMustBeOpenForIt) {
  temp_.write_file("root/from", "text");
  const FilePtr to = target();
  EXPECT_EQ(error_of(to->copy_from(*open("from", {.read = false, .write = true}), 4)), Errc::ebadf);
  EXPECT_EQ(error_of(open("to", {.read = true})->copy_from(*open("from", {.read = true}), 4)), Errc::ebadf);
}

TEST_F(HostCopy, WhatEndsEarlyEndsInZeros) {
  temp_.write_file("root/from", "short");
  must(target()->copy_from(*open("from", {.read = true}), 8));
  EXPECT_EQ(temp_.read_file("root/to"), std::string("short\0\0\0", 8));
}

TEST_F(HostCopy, WhatOnlyReadingGetsIsLeftToIt) {
  const auto proc = open_host("/proc/self");
  const FilePtr status = must(must(proc->root()->lookup("status"))->open({.read = true}));
  EXPECT_EQ(error_of(target()->copy_from(*status, 100)), Errc::enotsup);
}

TEST_F(HostCopy, AFileOfAnotherFileSystemIsCopiedOrLeftToReading) {
  WASIFS_NEEDS_ROOT();
  temp_.make_dirs("root/m");
  const ScopedTmpfs other(temp_ / "root/m");
  if (!other.mounted()) GTEST_SKIP() << "PRIVILEGES MISSING: tmpfs cannot be mounted";
  temp_.write_file("root/m/from", "text");
  const FilePtr from = must(must(at("m")->lookup("from"))->open({.read = true}));
  const Status copied = target()->copy_from(*from, 4);
  if (copied) {
    EXPECT_EQ(temp_.read_file("root/to"), "text");
  } else {
    EXPECT_EQ(copied.error(), Errc::enotsup);
  }
}

/// What the kernel refuses, and in which words.
class HostCopyRefusals : public HostCopy, public testing::WithParamInterface<int> {};

thread_local int refusal = 0;

int refuse_clone(int, int) {
  errno = refusal;
  return -1;
}
ssize_t refuse_range(int, off_t*, int, off_t*, std::size_t) {
  errno = refusal;
  return -1;
}

TEST_P(HostCopyRefusals, WithoutSharingItIsCopied) {
  temp_.write_file("root/from", "text");
  const FilePtr from = open("from", {.read = true});
  const FilePtr to = target();
  refusal = GetParam();
  const CopyCalls calls{.clone = refuse_clone, .copy_range = kKernelCopies.copy_range};
  must(host::copy_content(*from->native_range(), to->native_range()->fd, 4, calls));
  EXPECT_EQ(temp_.read_file("root/to"), "text");
}

TEST_P(HostCopyRefusals, WithoutEitherTheCallerIsTold) {
  temp_.write_file("root/from", "text");
  const FilePtr from = open("from", {.read = true});
  const FilePtr to = target();
  refusal = GetParam();
  const CopyCalls calls{.clone = refuse_clone, .copy_range = refuse_range};
  EXPECT_EQ(error_of(host::copy_content(*from->native_range(), to->native_range()->fd, 4, calls)),
            Errc::enotsup);
}

INSTANTIATE_TEST_SUITE_P(Errno, HostCopyRefusals, testing::Values(EOPNOTSUPP, EXDEV, EINVAL, ENOSYS, ETXTBSY),
                         [](const auto& tested) { return std::string(::strerrorname_np(tested.param)); });

TEST_F(HostCopy, TroubleIsNoRefusal) {
  temp_.write_file("root/from", "text");
  const FilePtr from = open("from", {.read = true});
  const FilePtr to = target();
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    refusal = error;
    const CopyCalls calls{.clone = refuse_clone, .copy_range = refuse_range};
    EXPECT_EQ(error_of(host::copy_content(*from->native_range(), to->native_range()->fd, 4, calls)),
              static_cast<Errc>(error));
  }
}

TEST_F(HostCopy, APartOfAFileIsCopiedFromWhereItLies) {
  temp_.write_file("root/from", "head, then content, then tail");
  const FilePtr from = open("from", {.read = true});
  const FilePtr to = target();
  const NativeRange part{.fd = from->native_range()->fd, .offset = 11};
  must(host::copy_content(part, to->native_range()->fd, 7));
  EXPECT_EQ(temp_.read_file("root/to"), "content");
}

/// A file system that shares blocks, in a file of its own, for a scope.
class ReflinkMount {
 public:
  ReflinkMount(const std::string& image, const std::string& where) : where_(where) {
    for (const char* make : {"mkfs.btrfs -q", "mkfs.xfs -q -m reflink=1"}) {
      const std::string name(make, std::string_view(make).find(' '));
      if (run("command -v " + name) != 0) continue;
      if (run("truncate -s 400M " + image) != 0 || run(std::string(make) + " " + image) != 0) continue;
      mounted_ = run("mount -o loop " + image + " " + where) == 0;
      if (mounted_) return;
      ::unlink(image.c_str());
    }
  }
  ~ReflinkMount() {
    if (mounted_) ::umount2(where_.c_str(), 0);
  }
  ReflinkMount(const ReflinkMount&) = delete;
  ReflinkMount& operator=(const ReflinkMount&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  static int run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }
  std::string where_;
  bool mounted_ = false;
};

/// True if every extent of the file is shared with another.
bool is_shared(int fd) {
  std::vector<std::byte> buffer(sizeof(fiemap) + 64 * sizeof(fiemap_extent));
  auto& map = *reinterpret_cast<fiemap*>(buffer.data());
  map.fm_length = FIEMAP_MAX_OFFSET;
  map.fm_flags = FIEMAP_FLAG_SYNC;
  map.fm_extent_count = 64;
  if (::ioctl(fd, FS_IOC_FIEMAP, &map) != 0 || map.fm_mapped_extents == 0) return false;
  for (unsigned i = 0; i < map.fm_mapped_extents; ++i) {
    if ((map.fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED) == 0) return false;
  }
  return true;
}

TEST_F(HostCopy, BlocksAreSharedWhereTheFileSystemCan) {
  WASIFS_NEEDS_ROOT();
  temp_.make_dirs("root/m");
  const ReflinkMount mount(temp_ / "image", temp_ / "root/m");
  if (!mount.mounted()) {
    GTEST_SKIP() << "REFLINKS MISSING: needs mkfs.btrfs or mkfs.xfs, a loop device and that file system";
  }
  temp_.write_file("root/m/from", std::string(4U << 20U, 'x'));
  const NodeRef dir = at("m");
  const FilePtr from = must(must(dir->lookup("from"))->open({.read = true}));
  const FilePtr to = must(must(dir->create("to", mine({})))->open({.read = true, .write = true}));
  must(to->copy_from(*from, 4U << 20U));
  EXPECT_TRUE(is_shared(to->native_range()->fd));
  EXPECT_EQ(temp_.read_file("root/m/to"), temp_.read_file("root/m/from"));
}

}  // namespace
}  // namespace wasifs::test
