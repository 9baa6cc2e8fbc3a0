// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <thread>

#include "conformance.h"
#include "operation.h"

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
};
WASIFS_ON_EVERY_BACKEND(Concurrency);

TEST_P(Concurrency, RandomOperationsLeaveAConsistentTree) {
  Vfs& fs = given(
      Fixture().file("/a/b/c", "x").file("/a/c/d", "y").file("/b/a", "z").link("/c", "/b/a").dir("/d/e/a"));
  in_threads([&](int thread) {
    OperationSource source(static_cast<std::uint64_t>(thread) + 77);
    for (int i = 0; i < rounds(2000); ++i) std::ignore = perform(fs, source.next());
  });
}

TEST_P(Concurrency, DirectoryRenamesLeaveNoCycleAndNoOrphan) {
  Vfs& fs = given(Fixture().file("/a/b/f", "1").file("/c/d/g", "2").dir("/e"));
  in_threads([&](int thread) {
    OperationSource source(static_cast<std::uint64_t>(thread) + 177);
    for (int i = 0; i < rounds(2000); ++i) {
      Operation op = source.next();
      op.kind = i % 8 == 0   ? Operation::Kind::make_dir
                : i % 8 == 1 ? Operation::Kind::rename_exchange
                             : Operation::Kind::rename;
      if (op.other.empty()) op.other = source.next().path;
      std::ignore = perform(fs, op);
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
