// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "fs/host/syscalls.h"
#include "support/descriptor_limit.h"
#include "unit/host/frozen_test.h"

// Trees that are deep, wide or large, and threads that read one for the first time.
namespace wasifs::test {
namespace {

/// In memory where that is permitted, since disks take their time with so many files.
class FrozenSize : public FrozenTest {
 private:
  ScopedTmpfs memory_{temp_ / "root"};
};

void touch(const std::string& path) {
  const host::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_TRUE(file) << path;
}

/// Makes `levels` directories "n" in one another, the last one with a file "f".
void make_chain(const std::string& top, int levels) {
  host::UniqueFd at(::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), "n", 0755), 0);
    at = must(host::open_child(at.get(), "n"));
  }
  const host::UniqueFd file(::openat(at.get(), "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::write(file.get(), "deep", 4), 4);
}

/// Takes it down from the top, since no path reaches the bottom.
void remove_chain(const std::string& top) {
  const std::string first = top + "/n";
  const std::string rest = top + "/rest";
  while (::rename((first + "/n").c_str(), rest.c_str()) == 0) {
    ::rmdir(first.c_str());
    ::rename(rest.c_str(), first.c_str());
  }
}

TEST_F(FrozenSize, ATreeMayBeTenThousandDirectoriesDeep) {
  constexpr int kLevels = 10'000;
  make_chain(temp_ / "root", kLevels);
  freeze();
  NodeRef at = top_;
  for (int i = 0; i < kLevels; ++i) at = must(at->lookup("n"));
  const NodeRef file = must(at->lookup("f"));
  EXPECT_EQ(content_of(*file), "deep");
  EXPECT_EQ(frozen_->path_of(*file).size(), 2U * kLevels + 2);
  remove_chain(temp_ / "root");
}

TEST_F(FrozenSize, LongNamesMakeLongPaths) {
  const std::string name(255, 'x');
  host::UniqueFd at(::open((temp_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0755), 0);
    at = must(host::open_child(at.get(), name.c_str()));
  }
  freeze();
  NodeRef node = top_;
  for (int i = 0; i < 40; ++i) node = must(node->lookup(name));
  EXPECT_TRUE(list(*node).empty());
}

/// Holds every node of a tree.
void hold_all(const NodeRef& dir, std::vector<NodeRef>& held) {
  for (const auto& [name, entry] : list(*dir)) {
    held.push_back(must(dir->lookup(name)));
    if (entry.type == FileType::directory) hold_all(NodeRef(held.back()), held);
  }
}

TEST_F(FrozenSize, HeldNodesTakeNoDescriptors) {
  for (int d = 0; d < 100; ++d) {
    const std::string dir = "root/d" + std::to_string(d);
    temp_.make_dirs(dir);
    for (int f = 0; f < 100; ++f) {
      touch(temp_ / (dir + "/f" + std::to_string(f)));
    }
  }
  const ScopedDescriptorLimit limit(64);
  freeze();
  std::vector<NodeRef> held;
  hold_all(top_, held);
  EXPECT_EQ(held.size(), 10'100U);
  EXPECT_EQ(content_of(*in("d99/f99")), "");
}

TEST_F(FrozenSize, ADirectoryMayHaveAHundredThousandEntries) {
  constexpr int kEntries = 100'000;
  for (int i = 0; i < kEntries; ++i) touch(temp_ / ("root/" + std::to_string(i)));
  freeze();
  EXPECT_EQ(list(*top_).size(), static_cast<std::size_t>(kEntries));
  for (int i = 0; i < kEntries; i += 997) {
    EXPECT_EQ(must(in(std::to_string(i))->attr()).ino, host_stat("root/" + std::to_string(i)).st_ino);
  }
  EXPECT_EQ(error_of(top_->lookup("100000")), Errc::enoent);
}

TEST_F(FrozenSize, ThreadsThatReadATreeFirstAgree) {
  for (int d = 0; d < 20; ++d) {
    const std::string dir = "root/d" + std::to_string(d);
    temp_.make_dirs(dir);
    for (int f = 0; f < 20; ++f) temp_.write_file(dir + "/f" + std::to_string(f), "");
    ASSERT_EQ(::link((temp_ / (dir + "/f0")).c_str(), (temp_ / ("root/l" + std::to_string(d))).c_str()), 0);
  }
  for (int round = 0; round < 20; ++round) {
    freeze();
    std::vector<std::vector<NodeRef>> held(4);
    std::vector<std::thread> threads;
    for (auto& mine : held) threads.emplace_back([&] { hold_all(top_, mine); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(held[0].size(), 440U);
    for (const auto& others : held) EXPECT_EQ(others, held[0]);
    for (int d = 0; d < 20; ++d) {
      EXPECT_EQ(in("l" + std::to_string(d)), in("d" + std::to_string(d) + "/f0"));
    }
  }
}

}  // namespace
}  // namespace wasifs::test
