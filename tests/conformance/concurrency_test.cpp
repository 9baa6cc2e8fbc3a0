// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <thread>

#include "conformance.h"
#include "operation.h"
#include "support/fuse_mount.h"

namespace wasifs::test {

/// Several threads at one tree. What the tree looks like afterwards is checked by
/// the audit that ends every case; races are for the thread sanitizer to see.
class Concurrency : public Conformance {
 protected:
  static constexpr int kThreads = 4;

  /// Runs `body(thread number)` in every thread, all starting together.
  static void in_threads(const std::function<void(int)>& body) {
    std::latch start(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        body(i);
      });
    }
  }
  /// Scales the work to how dear an operation is.
  [[nodiscard]] int rounds(int in_process) const { return GetParam().kernel ? in_process / 4 : in_process; }
  /// For each thread.
  [[nodiscard]] int random_operations() const {
    return test::random_operations(rounds(2000) * kThreads) / kThreads;
  }

  struct Used {
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    bool operator==(const Used&) const = default;
  };
  /// What the stage holds in memory.
  [[nodiscard]] Used used() const {
    if (quota() == nullptr) return {};
    return {.bytes = quota()->bytes_used(), .inodes = quota()->inodes_used()};
  }
  [[nodiscard]] Used used_when_empty() {
    Vfs& fs = given();
    // Where the cases run in a directory of a lower layer, it is copied up for ever.
    ok(fs.chmod("/", 0755));
    return used();
  }
  /// Removes everything. Then nothing is held any more that the empty stage did not
  /// hold; the kernel gives up what it held in its own time.
  static void remove_everything(Vfs& fs) {
    for (const Listed& entry : ok(fs.list("/"))) {
      const std::string path = join("/", entry.name);
      ok(entry.type == FileType::directory ? remove_all(fs, path) : fs.unlink(path));
    }
    EXPECT_EQ(names(ok(fs.list("/"))), "");
  }
};
WASIFS_ON_EVERY_BACKEND(Concurrency);

TEST_P(Concurrency, RandomOperationsLeaveATreeThatIsConsistentAndCanBeRemoved) {
  const Used empty = used_when_empty();
  Vfs& fs = given(
      Fixture().file("/a/b/c", "x").file("/a/c/d", "y").file("/b/a", "z").link("/c", "/b/a").dir("/d/e/a"));
  in_threads([&](int thread) {
    OperationSource source(static_cast<std::uint64_t>(thread) + 77);
    Caller caller(fs);
    for (int i = 0; i < random_operations(); ++i) std::ignore = caller.perform(source.next());
  });
  EXPECT_EQ(audit(fs, "/", GetParam().counts_subdirectories), "");
  remove_everything(fs);
  EXPECT_TRUE(eventually([&] { return used() == empty; }))
      << used().bytes << " bytes and " << used().inodes << " inodes are left, not " << empty.bytes << " and "
      << empty.inodes;
}

TEST_P(Concurrency, DirectoryRenamesLeaveNoCycleAndNoOrphan) {
  Vfs& fs = given(Fixture().file("/a/b/f", "1").file("/c/d/g", "2").dir("/e"));
  in_threads([&](int thread) {
    OperationSource source(static_cast<std::uint64_t>(thread) + 177);
    Caller caller(fs);
    for (int i = 0; i < random_operations(); ++i) {
      Operation op = source.next();
      op.kind = i % 8 == 0   ? Operation::Kind::make_dir
                : i % 8 == 1 ? Operation::Kind::rename_exchange
                             : Operation::Kind::rename;
      if (op.other.empty()) op.other = source.next().path;
      std::ignore = caller.perform(op);
    }
  });
}

TEST_P(Concurrency, AppendsOfSeveralThreadsAllArrive) {
  Vfs& fs = given(Fixture().file("/log", "start\n"));
  const int lines = rounds(400);
  in_threads([&](int thread) {
    const HandlePtr file = ok(fs.open("/log", kAppend));
    for (int i = 0; i < lines; ++i)
      ok(file->write(0, std::string(20, static_cast<char>('a' + thread)) + "\n"));
  });
  const std::string log = ok(fs.content("/log"));
  ASSERT_EQ(log.size(), 6U + static_cast<std::size_t>(kThreads * lines) * 21);
  for (std::size_t at = 6; at < log.size(); at += 21) {
    EXPECT_EQ(log.substr(at, 21), std::string(20, log[at]) + "\n");
  }
}

TEST_P(Concurrency, TheFirstWritesOfSeveralThreadsMeetInOneFile) {
  for (int round = 0; round < 5; ++round) {
    Vfs& fs = given(Fixture().file("/f", "........").link("/g", "/f"));
    in_threads([&](int thread) {
      const HandlePtr file = ok(fs.open(thread % 2 == 0 ? "/f" : "/g", kReadWrite));
      ok(file->write(static_cast<std::uint64_t>(thread), std::to_string(thread)));
    });
    EXPECT_EQ(ok(fs.content("/f")), "0123....");
    EXPECT_EQ(ok(fs.content("/g")), "0123....");
  }
}

TEST_P(Concurrency, OneOfSeveralExclusiveCreationsSucceeds) {
  Vfs& fs = given(Fixture().dir("/d"));
  for (int i = 0; i < rounds(100); ++i) {
    std::atomic<int> made{0};
    in_threads([&](int) {
      const Errc got = error(fs.open("/d/f" + std::to_string(i), kCreateNew));
      if (got == kOk) ++made;
      EXPECT_TRUE(got == kOk || got == Errc::eexist);
    });
    EXPECT_EQ(made, 1);
  }
}

TEST_P(Concurrency, AFileReplacedByRenameIsNeverAbsent) {
  Vfs& fs = given(Fixture().file("/f", "old"));
  std::atomic<bool> done{false};
  std::atomic<int> absent{0};
  {
    const std::jthread reader([&] {
      while (!done) absent += fs.content("/f") ? 0 : 1;
    });
    for (int i = 0; i < rounds(1000); ++i) {
      ok(fs.put("/new", "new"));
      ok(fs.move("/new", "/f"));
    }
    done = true;
  }
  EXPECT_EQ(absent, 0);
}

TEST_P(Concurrency, WhatStaysIsListedOnceWhileNeighboursComeAndGo) {
  Fixture fixture;
  for (int i = 0; i < 200; ++i) fixture.file("/d/stays-" + std::to_string(i));
  Vfs& fs = given(fixture);
  std::atomic<bool> done{false};
  {
    const std::jthread churn([&] {
      for (int i = 0; !done; ++i) {
        const std::string path = "/d/goes-" + std::to_string(i % 50);
        std::ignore = i % 100 < 50 ? fs.put(path, "") : fs.unlink(path);
      }
    });
    for (int round = 0; round < rounds(40); ++round) {
      std::map<std::string, int> seen;
      for (const Listed& entry : ok(fs.list("/d"))) ++seen[entry.name];
      for (int i = 0; i < 200; ++i) EXPECT_EQ(seen["stays-" + std::to_string(i)], 1);
    }
    done = true;
  }
}

}  // namespace wasifs::test
