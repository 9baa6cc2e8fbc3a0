// SPDX-License-Identifier: Apache-2.0
// What was reported about mounts that are slow, as counts of what a layer is asked
// for; and about mounts that are made while a machine starts.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "fuse/unique_fd.h"
#include "regressions.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

/// Counts what a layer is asked for, every byte of its files included.
class Counted final : public FilesystemWrapper {
 public:
  /// `immutable`: what is in the layer by now stays.
  explicit Counted(FilesystemPtr layer, bool immutable = false)
      : FilesystemWrapper(std::move(layer)), immutable_(immutable) {}
  [[nodiscard]] Traits traits() const override {
    return immutable_ ? Traits{.immutable = true} : inner()->traits();
  }

  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> lookups{0};
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> bytes_read{0};

 private:
  Status before(const Call& call) override {
    if (call.operation == Operation::view || call.operation == Operation::native_range)
      return fail(Errc::enotsup);
    ++calls;
    if (call.operation == Operation::lookup) ++lookups;
    if (call.operation == Operation::read) {
      ++reads;
      bytes_read += call.size;
    }
    return {};
  }

  bool immutable_;
};

/// A file system in memory with these files.
std::shared_ptr<MemoryFilesystem> memory_with(const std::vector<std::pair<std::string, std::string>>& files) {
  auto memory = std::make_shared<MemoryFilesystem>();
  const Tree tree{MountTable(memory)};
  for (const auto& [path, text] : files) {
    const std::string dir = path.substr(0, path.rfind('/'));
    EXPECT_TRUE(dir.empty() || tree.make_dirs(dir));
    EXPECT_TRUE(tree.write_file(path, text));
  }
  return memory;
}

std::vector<std::pair<std::string, std::string>> many_files(int count) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < count; ++i) files.emplace_back("/d/" + std::to_string(i), "content");
  return files;
}

// fuse-overlayfs #390
TEST_F(Regressions, ASecondLookAtFilesAsksNothing) {
  const auto counted = std::make_shared<Counted>(memory_with(many_files(50)));
  serve(std::make_shared<const Tree>(MountTable(
      std::make_shared<Overlay>(std::make_shared<MemoryFilesystem>(), std::vector<FilesystemPtr>{counted}))));
  const std::string look = "cd d && for i in $(seq 0 49); do test -s $i && read -r line < $i; done; true";
  ASSERT_EQ(sh(look), "");
  const std::uint64_t reads = counted->reads;
  const std::uint64_t lookups = counted->lookups;
  const std::uint64_t calls = counted->calls;
  EXPECT_GE(lookups, 50U);
  ASSERT_EQ(sh(look), "");
  EXPECT_EQ(counted->reads, reads) << "the content is in the kernel";
  EXPECT_EQ(counted->lookups, lookups) << "so are the names";
  EXPECT_LE(counted->calls, calls + 100U) << "an open and a look at the size, nothing else";
}

// ratarmount #71
TEST_F(Regressions, AHundredLayersAreProbedOnceForEveryName) {
  constexpr int kLayers = 100;
  std::vector<std::shared_ptr<Counted>> layers;
  for (int i = 0; i < kLayers; ++i) {
    layers.push_back(std::make_shared<Counted>(
        memory_with({{"/d/f" + std::to_string(i), "x"}, {"/d/both", std::to_string(i)}}), true));
  }
  serve(std::make_shared<const Tree>(MountTable(std::make_shared<Overlay>(
      std::make_shared<MemoryFilesystem>(), std::vector<FilesystemPtr>(layers.begin(), layers.end())))));
  const auto calls = [&] {
    std::uint64_t sum = 0;
    for (const auto& layer : layers) sum += layer->calls;
    return sum;
  };
  const auto look = [&] {
    EXPECT_EQ(sh("cd d && for i in $(seq 100); do test -e none$i && echo found; done; cat both"), "0");
    EXPECT_EQ(sh("cd d && for i in $(seq 0 99); do test -s f$i || echo missing; done"), "");
  };
  EXPECT_EQ(sh("ls d | wc -l"), "101\n");
  look();
  const std::uint64_t first = calls();
  look();
  EXPECT_LE(calls(), first + 2U) << "what is there and what is not is in the kernel; one file was opened";
}

// archivemount #21, #24
TEST_F(Regressions, AFileReadInSmallPiecesIsReadOnce) {
  constexpr std::size_t kSize = std::size_t{4} << 20U;
  const auto counted = std::make_shared<Counted>(memory_with({{"/f", std::string(kSize, 'x')}}));
  serve(std::make_shared<const Tree>(MountTable(counted)));
  EXPECT_EQ(sh("dd if=f bs=512 status=none | wc -c"), std::to_string(kSize) + "\n");
  EXPECT_GE(counted->bytes_read, kSize);
  EXPECT_LE(counted->bytes_read, kSize + kSize / 8);
  EXPECT_LE(counted->reads, kSize / 4096) << "not a request for every piece";
}

/// Holds back whoever reads until it is told to let go.
class Held final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  std::atomic<bool> reached{false};
  std::atomic<bool> released{false};

 private:
  Status before(const Call& call) override {
    if (call.operation == Operation::view || call.operation == Operation::native_range)
      return fail(Errc::enotsup);
    if (call.operation != Operation::read) return {};
    reached = true;
    while (!released) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  }
};

// squashfuse #66
TEST_F(Regressions, ASlowFileHoldsUpNobodyElse) {
  const auto held = std::make_shared<Held>(memory_with({{"/slow", "at last"}}));
  serve(std::make_shared<const Tree>(
      MountTable(std::make_shared<Overlay>(memory_with(many_files(20)), std::vector<FilesystemPtr>{held}))));
  std::string slow;
  std::thread reader([&] { slow = content("slow"); });
  EXPECT_TRUE(eventually([&] { return held->reached.load(); }));
  EXPECT_EQ(sh("cat d/1 && echo new > d/new && rm d/2 && mkdir e && ls d | wc -l"), "content20\n");
  held->released = true;
  reader.join();
  EXPECT_EQ(slow, "at last");
}

// mergerfs #1300, #364, #600
TEST_F(Regressions, ALineOfFstabMountsAndAMissingSourceFailsByItself) {
  dir_.write_file("one/f", "from fstab\n");
  dir_.write_file("site.toml", kOneLower);
  dir_.make_dirs("mnt");
  dir_.make_dirs("broken");
  dir_.make_dirs("sbin");
  dir_.write_file("fstab", (dir_ / "nowhere.toml") + " " + (dir_ / "broken") + " wasifs nofail 0 0\n" +
                               (dir_ / "site.toml") + " " + (dir_ / "mnt") +
                               " wasifs ro,nofail,_netdev,x-systemd.automount 0 0\n");
  // In mounts of its own, where /sbin has the helper as well.
  const Finished run = run_program(
      {"unshare", "-m", "sh", "-c",
       "mount -t tmpfs none \"$1/sbin\" && mkdir \"$1/sbin/u\" \"$1/sbin/w\" && cd /usr/sbin || exit 77\n"
       "mount -t overlay -o \"lowerdir=/usr/sbin,upperdir=$1/sbin/u,workdir=$1/sbin/w\" none /usr/sbin || "
       "exit 77\n"
       "ln -s \"$2\" /usr/sbin/mount.wasifs || exit 77\n"
       "mount -a -T \"$1/fstab\"\necho status $?\ncat \"$1/mnt/f\"\n"
       "touch \"$1/mnt/g\" 2> /dev/null || echo read-only\nls -A \"$1/broken\"\numount \"$1/mnt\"\n",
       "sh", dir_.string(), WASIFS_PROGRAM});
  if (run.status == 77) GTEST_SKIP() << "OVERLAY MISSING: no helper can be put into /sbin: " << run.err;
  EXPECT_EQ(run.out, "status 64\nfrom fstab\nread-only\n") << run.err;
  EXPECT_NE(run.err.find("nowhere.toml"), std::string::npos) << run.err;
  EXPECT_TRUE(eventually([&] { return processes_with(dir_ / "mnt").empty(); }));
}

}  // namespace
}  // namespace wasifs::test
