// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "fs/host/host_node.h"
#include "fs/host/inode_numbers.h"
#include "fs/host/layer.h"
#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostIdentity = HostTest;
using host::InodeNumbers;
using host::ObjectId;

TEST_F(HostIdentity, OneNodeForAnObjectWhileItIsHeld) {
  const NodeRef created = make("f");
  EXPECT_EQ(at("f"), created);
  EXPECT_EQ(at("f"), at("f"));
  EXPECT_NE(at("f"), make("g"));
}

TEST_F(HostIdentity, ANameThatIsReplacedIsAnotherNode) {
  const NodeRef first = make("f");
  const std::uint64_t number = must(first->attr()).ino;
  must(root_->unlink("f"));
  const NodeRef second = make("f");
  EXPECT_NE(first, second);
  // The held node pins its inode, so the number cannot have come back.
  EXPECT_NE(must(second->attr()).ino, number);
}

TEST_F(HostIdentity, ForgettingANodeKeepsItsNumber) {
  const std::uint64_t number = must(make("f")->attr()).ino;
  EXPECT_EQ(must(at("f")->attr()).ino, number);
}

/// The layer's inside: a table of nodes without a HostFilesystem around it.
class HostTable : public HostTest {
 protected:
  [[nodiscard]] Ref<host::HostNode> get(const std::string& name) {
    const int fd = ::open((temp_ / ("root/" + name)).c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW);
    return must(host::HostNode::from_fd(layer_, host::UniqueFd(fd)));
  }
  host::Layer layer_{"root", {}, host_stat("root").st_dev};
};

TEST_F(HostTable, HoldsExactlyTheNodesThatAreHeld) {
  temp_.write_file("root/f", "");
  temp_.write_file("root/g", "");
  EXPECT_EQ(layer_.nodes.size(), 0U);
  {
    const auto f = get("f");
    const auto again = get("f");
    const auto g = get("g");
    EXPECT_EQ(f, again);
    EXPECT_EQ(layer_.nodes.size(), 2U);
  }
  EXPECT_EQ(layer_.nodes.size(), 0U);
}

TEST_F(HostTable, ADyingNodeIsReplacedAndLeavesItsSuccessorAlone) {
  temp_.write_file("root/f", "");
  constexpr int kRounds = 3000;
  std::atomic<bool> go{true};
  const auto work = [&] {
    for (int i = 0; i < kRounds && go; ++i) {
      const auto one = get("f");
      const auto two = get("f");
      if (one != two) go = false;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(go) << "two nodes of one file at once";
  EXPECT_EQ(layer_.nodes.size(), 0U);
}

TEST_F(HostTable, ANumberThatIsReusedForAnotherTypeIsAnotherNode) {
  temp_.write_file("root/f", "");
  auto file = get("f");
  const struct stat stat = host_stat("root/f");
  const ObjectId id{.dev = stat.st_dev, .ino = stat.st_ino};
  const auto fd = ::open((temp_ / "root").c_str(), O_PATH | O_CLOEXEC);
  const auto dir = layer_.nodes.intern(id, FileType::directory, [&] {
    return new host::HostNode(layer_, host::UniqueFd(fd), id, FileType::directory);
  });
  EXPECT_NE(file, dir);
  EXPECT_EQ(dir->type(), FileType::directory);
  // The node that was replaced takes itself out of the table, and only itself.
  file = nullptr;
  EXPECT_EQ(layer_.nodes.size(), 1U);
}

TEST(InodeNumbers, TheRootsDeviceKeepsItsNumbers) {
  InodeNumbers numbers(5);
  EXPECT_EQ(numbers.number({.dev = 5, .ino = 2}), 2U);
  EXPECT_EQ(numbers.number({.dev = 5, .ino = InodeNumbers::kForeign - 1}), InodeNumbers::kForeign - 1);
}

TEST(InodeNumbers, OtherDevicesHaveARangeEach) {
  InodeNumbers numbers(5);
  EXPECT_EQ(numbers.number({.dev = 6, .ino = 2}), InodeNumbers::kForeign + 2);
  EXPECT_EQ(numbers.number({.dev = 7, .ino = 2}), InodeNumbers::kForeign + InodeNumbers::kPerDevice + 2);
  EXPECT_EQ(numbers.number({.dev = 6, .ino = 3}), InodeNumbers::kForeign + 3);
}

TEST(InodeNumbers, StayUniqueStableAndBelowTheLimitWhateverTheHostHas) {
  InodeNumbers numbers(5);
  std::vector<ObjectId> ids;
  for (dev_t dev = 5; dev < 5 + 2 * InodeNumbers::kDevices; ++dev) {
    for (const std::uint64_t ino :
         {std::uint64_t{0}, std::uint64_t{1}, InodeNumbers::kPerDevice - 1, InodeNumbers::kPerDevice,
          InodeNumbers::kForeign, InodeNumbers::kCounted, ~std::uint64_t{0}}) {
      ids.push_back({.dev = dev, .ino = ino});
    }
  }
  std::vector<std::uint64_t> first;
  for (const ObjectId& id : ids) first.push_back(numbers.number(id));
  EXPECT_EQ(std::set<std::uint64_t>(first.begin(), first.end()).size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(numbers.number(ids[i]), first[i]);
    EXPECT_LT(first[i], std::uint64_t{1} << 48U);
  }
}

/// Everything at once on a few names; only the errors of losing a race may come.
class HostStress : public HostTest {
 protected:
  void work(unsigned seed) {
    std::mt19937 random(seed);
    const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
    const auto pick = [&]() -> const std::string& { return names[random() % names.size()]; };
    for (int i = 0; i < 1500; ++i) step(static_cast<unsigned>(random() % 9), pick(), pick());
  }

  static void allow(const Status& status) {
    if (status) return;
    const Errc error = status.error();
    EXPECT_TRUE(error == Errc::enoent || error == Errc::eexist) << message(error);
  }
  template <class T>
  static void allow(const Result<T>& result) {
    allow(result ? Status{} : Status(fail(result.error())));
  }

  void step(unsigned what, const std::string& name, const std::string& other) {
    switch (what) {
      case 0:
        return allow(root_->create(name, mine({.mode = 0644})));
      case 1:
        return allow(root_->unlink(name));
      case 2:
        return allow(root_->rename(name, *root_, other, RenameMode::replace));
      case 3:
        return allow(root_->rename(name, *root_, other, RenameMode::exchange));
      case 4:
        EXPECT_LE(list(*root_).size(), 5U);
        return;
      default:
        break;
    }
    const auto node = root_->lookup(name);
    if (!node) return allow(node);
    if (what == 5) return allow(root_->link(other, **node));
    if (what == 6) return allow((*node)->set_attr({.mode = 0600, .mtime = Time{.sec = 1}}));
    const FilePtr file = must((*node)->open({.read = true, .write = true, .append = what == 7}));
    EXPECT_EQ(must(file->write_at(0, bytes_of("xyz"))), 3U);
    EXPECT_EQ(read_text(*file, 0, 3), "xyz");
    EXPECT_EQ(must((*node)->attr()).type, FileType::regular);
  }
};

TEST_F(HostStress, FourThreadsOnFiveNames) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) threads.emplace_back([this, t] { work(t); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& [name, entry] : list(*root_)) EXPECT_EQ(must(at(name)->attr()).ino, entry.ino);
}

TEST_F(HostStress, OneOpenDirectoryReadByFourThreads) {
  for (int i = 0; i < 50; ++i) temp_.write_file("root/f" + std::to_string(i), "");
  const DirPtr dir = must(root_->open_dir());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        std::size_t count = 0;
        must(dir->read(0, [&](const DirEntry&) { return ++count > 0; }));
        EXPECT_EQ(count, 50U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace wasifs::test
