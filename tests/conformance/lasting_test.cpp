// SPDX-License-Identifier: Apache-2.0
// What an overlay with a lasting upper shows after it was closed and opened anew.
#include "lasting.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "conformance.h"
#include "model.h"
#include "support/acl.h"
#include "tree_vfs.h"

namespace wasifs::test {

namespace {

struct Where {
  std::string name;
  std::unique_ptr<LastingLayers> (*make)();
  friend void PrintTo(const Where& where, std::ostream* out) { *out << where.name; }
};

class Reopened : public testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs privileges: trusted attributes, owners";
    layers_ = GetParam().make();
    lower_ = std::make_unique<TreeVfs>(layers_->lowers().front());
  }
  Vfs& lower() { return *lower_; }
  /// The overlay; a new one after reopen().
  Vfs& fs() {
    if (fs_ == nullptr) fs_ = std::make_unique<TreeVfs>(layers_->open());
    return *fs_;
  }
  void reopen() { fs_.reset(); }
  /// Everything that shows, with times, is the same for the next one.
  void expect_kept() {
    const std::string before = dump(fs(), "/", true);
    reopen();
    EXPECT_EQ(dump(fs(), "/", true), before);
    EXPECT_EQ(audit(fs(), "/", false), "");
  }
  [[nodiscard]] std::string directory() const { return layers_->directory(); }
  /// How many files are kept together by the directory of hard links.
  [[nodiscard]] std::ptrdiff_t entries_of_links() const {
    if (directory().empty()) return 0;
    using Iterator = std::filesystem::directory_iterator;
    return std::distance(Iterator(directory() + "/upper.work/wasifs-links"), Iterator());
  }
  std::uint64_t ino(std::string_view path) { return fs().lstat(path)->ino; }

 private:
  std::unique_ptr<LastingLayers> layers_;
  std::unique_ptr<Vfs> lower_;
  std::unique_ptr<Vfs> fs_;
};

TEST_P(Reopened, ChangedFilesKeepEverything) {
  ASSERT_TRUE(lower().put("/f", "lower"));
  ASSERT_TRUE(lower().set_xattr("/f", "user.a", "b", XattrMode::any));
  ASSERT_TRUE(lower().set_times("/f", Time{1, 2}, Time{3, 4}));
  const std::uint64_t number = ino("/f");
  ASSERT_TRUE(fs().chmod("/f", 0640));
  ASSERT_TRUE(fs().chown("/f", 7, 8));
  EXPECT_EQ(*fs().content("/f"), "lower");
  EXPECT_EQ(fs().lstat("/f")->mtime, (Time{3, 4}));
  expect_kept();
  EXPECT_EQ(ino("/f"), number);
  EXPECT_EQ(*lower().content("/f"), "lower");
}

TEST_P(Reopened, RemovedNamesStayRemoved) {
  ASSERT_TRUE(lower().mkdir("/d"));
  ASSERT_TRUE(lower().put("/d/f", "x"));
  ASSERT_TRUE(lower().put("/f", "x"));
  ASSERT_TRUE(fs().unlink("/f"));
  ASSERT_TRUE(fs().unlink("/d/f"));
  expect_kept();
  EXPECT_EQ(fs().lstat("/f").error(), Errc::enoent);
  ASSERT_TRUE(fs().rmdir("/d"));
  expect_kept();
  EXPECT_EQ(fs().list("/")->size(), 0U);
}

TEST_P(Reopened, ADirectoryMadeAnewIsEmpty) {
  ASSERT_TRUE(lower().mkdir("/d"));
  ASSERT_TRUE(lower().put("/d/f", "x"));
  ASSERT_TRUE(remove_all(fs(), "/d"));
  ASSERT_TRUE(fs().mkdir("/d"));
  EXPECT_EQ(fs().list("/d")->size(), 0U);
  expect_kept();
  EXPECT_EQ(fs().lstat("/d/f").error(), Errc::enoent);
}

TEST_P(Reopened, NewThingsAtRemovedNames) {
  for (const char* const name : {"/a", "/b", "/c", "/d", "/e"}) ASSERT_TRUE(lower().put(name, "old"));
  for (const char* const name : {"/a", "/b", "/c", "/d", "/e"}) ASSERT_TRUE(fs().unlink(name));
  ASSERT_TRUE(fs().put("/a", "new"));
  ASSERT_TRUE(fs().mkdir("/b"));
  ASSERT_TRUE(fs().symlink("text", "/c"));
  ASSERT_TRUE(fs().link("/a", "/d"));
  ASSERT_TRUE(fs().make("/e", {.type = FileType::fifo, .mode = 0600}));
  expect_kept();
  EXPECT_EQ(*fs().content("/d"), "new");
}

TEST_P(Reopened, AMovedDirectoryKeepsWhatTheLowersHaveOfIt) {
  ASSERT_TRUE(lower().mkdir("/a"));
  ASSERT_TRUE(lower().mkdir("/a/b"));
  ASSERT_TRUE(lower().put("/a/b/f", "x"));
  ASSERT_TRUE(lower().mkdir("/other"));
  const std::uint64_t number = ino("/a/b");
  ASSERT_TRUE(fs().move("/a/b", "/a/c"));
  expect_kept();
  EXPECT_EQ(*fs().content("/a/c/f"), "x");
  EXPECT_EQ(ino("/a/c"), number);
  ASSERT_TRUE(fs().move("/a", "/other/a"));
  expect_kept();
  EXPECT_EQ(*fs().content("/other/a/c/f"), "x");
  ASSERT_TRUE(fs().move("/other/a/c", "/c"));
  expect_kept();
  EXPECT_EQ(*fs().content("/c/f"), "x");
  EXPECT_EQ(ino("/c"), number);
  EXPECT_EQ(fs().lstat("/a").error(), Errc::enoent);
}

TEST_P(Reopened, ANewDirectoryAtAMovedOnesNameShowsNothingOfIt) {
  ASSERT_TRUE(lower().mkdir("/a"));
  ASSERT_TRUE(lower().put("/a/f", "x"));
  ASSERT_TRUE(fs().move("/a", "/b"));
  ASSERT_TRUE(fs().mkdir("/a"));
  expect_kept();
  EXPECT_EQ(fs().list("/a")->size(), 0U);
  EXPECT_EQ(*fs().content("/b/f"), "x");
  // And that one in turn where a lower has something.
  ASSERT_TRUE(fs().mkdir("/new"));
  ASSERT_TRUE(fs().rename("/new", "/b", RenameMode::exchange));
  expect_kept();
  EXPECT_EQ(*fs().content("/new/f"), "x");
  EXPECT_EQ(fs().list("/b")->size(), 0U);
}

TEST_P(Reopened, AnEmptyMergedDirectoryCanBeReplaced) {
  ASSERT_TRUE(lower().mkdir("/to"));
  ASSERT_TRUE(lower().put("/to/f", "x"));
  ASSERT_TRUE(lower().mkdir("/from"));
  ASSERT_TRUE(lower().put("/from/g", "y"));
  ASSERT_TRUE(fs().unlink("/to/f"));
  ASSERT_TRUE(fs().move("/from", "/to"));
  expect_kept();
  EXPECT_EQ(*fs().content("/to/g"), "y");
  EXPECT_EQ(fs().lstat("/to/f").error(), Errc::enoent);
}

TEST_P(Reopened, HardLinksOfALowerStayOneFile) {
  ASSERT_TRUE(lower().put("/a", "old"));
  ASSERT_TRUE(lower().mkdir("/d"));
  ASSERT_TRUE(lower().link("/a", "/d/b"));
  ASSERT_TRUE(lower().link("/a", "/c"));
  const std::uint64_t number = ino("/a");
  ASSERT_TRUE(fs().put("/a", "new"));
  EXPECT_EQ(*fs().content("/d/b"), "new");
  expect_kept();
  EXPECT_EQ(*fs().content("/d/b"), "new");
  for (const char* const name : {"/a", "/d/b", "/c"}) {
    EXPECT_EQ(ino(name), number) << name;
    EXPECT_EQ(fs().lstat(name)->nlink, 3U) << name;
  }
  ASSERT_TRUE(fs().unlink("/a"));
  expect_kept();
  EXPECT_EQ(fs().lstat("/c")->nlink, 2U);
  ASSERT_TRUE(fs().move("/c", "/e"));
  ASSERT_TRUE(fs().link("/e", "/f"));
  expect_kept();
  EXPECT_EQ(fs().lstat("/d/b")->nlink, 3U);
  EXPECT_EQ(ino("/f"), number);
  for (const char* const name : {"/d/b", "/e", "/f"}) ASSERT_TRUE(fs().unlink(name));
  expect_kept();
}

TEST_P(Reopened, ANameOfALowerFileWithLinksGoesFirst) {
  ASSERT_TRUE(lower().put("/a", "old"));
  ASSERT_TRUE(lower().link("/a", "/b"));
  ASSERT_TRUE(fs().unlink("/a"));
  EXPECT_EQ(fs().lstat("/b")->nlink, 1U);
  expect_kept();
  EXPECT_EQ(fs().lstat("/b")->nlink, 1U);
}

TEST_P(Reopened, AReplacedNameOfAFileWithLinksIsNoNameOfItAnyMore) {
  ASSERT_TRUE(lower().put("/a", "old"));
  ASSERT_TRUE(lower().link("/a", "/b"));
  ASSERT_TRUE(lower().link("/a", "/c"));
  ASSERT_TRUE(fs().put("/a", "new"));
  ASSERT_TRUE(fs().put("/n", "other"));
  reopen();
  ASSERT_TRUE(fs().move("/n", "/b"));
  EXPECT_EQ(fs().lstat("/c")->nlink, 2U);
  expect_kept();
  ASSERT_TRUE(fs().unlink("/c"));
  EXPECT_EQ(*fs().content("/a"), "new");
  ASSERT_TRUE(fs().unlink("/a"));
  expect_kept();
  EXPECT_EQ(entries_of_links(), 0);
}

TEST_P(Reopened, AReplacedFileThatWasNeverCopiedUpLosesItsNameToo) {
  ASSERT_TRUE(lower().put("/a", "old"));
  ASSERT_TRUE(lower().link("/a", "/b"));
  ASSERT_TRUE(fs().put("/n", "other"));
  ASSERT_TRUE(fs().move("/n", "/a"));
  EXPECT_EQ(fs().lstat("/b")->nlink, 1U);
  expect_kept();
  EXPECT_EQ(fs().lstat("/b")->nlink, 1U);
  ASSERT_TRUE(fs().put("/b", "changed"));
  expect_kept();
  EXPECT_EQ(*fs().content("/b"), "changed");
  EXPECT_EQ(*fs().content("/a"), "other");
}

TEST_P(Reopened, ADirectoryWhoseMarksAreWrongIsListedAllTheSame) {
  if (directory().empty()) GTEST_SKIP() << "needs the upper itself";
  ASSERT_TRUE(lower().put("/f", "x"));
  ASSERT_TRUE(fs().mkdir("/d"));
  reopen();
  const std::string inside = directory() + "/upper/d";
  ASSERT_EQ(::setxattr(inside.c_str(), "trusted.overlay.redirect", "../../etc", 9, 0), 0);
  EXPECT_EQ(fs().list("/")->size(), 2U);
  EXPECT_EQ(fs().lstat("/d").error(), Errc::einval);
}

TEST_P(Reopened, NobodyGetsTheAccessListsOfWhereACopyIsMade) {
  if (directory().empty()) GTEST_SKIP() << "where the host's kernel gives them";
  ASSERT_TRUE(lower().mkdir("/d"));
  ASSERT_TRUE(lower().put("/d/secret", "x"));
  ASSERT_TRUE(lower().chmod("/d/secret", 0600));
  const std::string list = acl_of(7, 7, 5, 7, 0);
  ASSERT_TRUE(lower().set_xattr("/d", "system.posix_acl_default", list, XattrMode::any));
  ASSERT_TRUE(fs().put("/d/new", "x"));
  ASSERT_TRUE(fs().chmod("/d/secret", 0660));
  EXPECT_EQ(fs().get_xattr("/d/secret", "system.posix_acl_access").error(), Errc::enodata);
  EXPECT_TRUE(fs().get_xattr("/d/new", "system.posix_acl_access"));
  EXPECT_EQ(fs().lstat("/d/secret")->mode, 0660);
  expect_kept();
}

TEST_P(Reopened, WhatIsAWhiteoutCannotBeMade) {
  EXPECT_EQ(fs().make("/w", {.type = FileType::char_device, .mode = 0600}).error(), Errc::eperm);
  EXPECT_TRUE(fs().make("/null", {.type = FileType::char_device, .mode = 0600, .rdev = 0x103}));
  expect_kept();
}

TEST_P(Reopened, MarksAreNobodysBusiness) {
  ASSERT_TRUE(lower().mkdir("/d"));
  ASSERT_TRUE(fs().move("/d", "/e"));
  EXPECT_EQ(fs().list_xattrs("/e")->size(), 0U);
  EXPECT_EQ(fs().get_xattr("/e", "trusted.overlay.redirect").error(), Errc::enodata);
  EXPECT_EQ(fs().set_xattr("/e", "trusted.overlay.opaque", "y", XattrMode::any).error(), Errc::eperm);
  EXPECT_EQ(fs().remove_xattr("/e", "trusted.overlay.redirect").error(), Errc::enodata);
  EXPECT_TRUE(fs().set_xattr("/e", "trusted.mine", "y", XattrMode::any));
  expect_kept();
}

/// Random operations, closed and opened anew between rounds, give what the model says.
class ReopenedAgainstModel : public Reopened {
 protected:
  static std::string comparable(std::string text) {
    // Link counts of directories are not the model's business here.
    for (std::size_t at = text.find("type=1 "); at != std::string::npos; at = text.find("type=1 ", at + 1)) {
      const std::size_t word = text.find(" nlink=", at);
      const std::size_t end = text.find_first_of(" \n", word + 1);
      text.erase(word, end - word);
    }
    return text;
  }

  /// Files that are held open do not outlive the overlay.
  static Operation next(OperationSource& source) {
    Operation op = source.next();
    // Nor do overlays make whiteouts for others.
    while ((op.kind >= Operation::Kind::hold && op.kind <= Operation::Kind::drop) ||
           op.kind == Operation::Kind::rename_whiteout) {
      op = source.next();
    }
    return op;
  }

  void run(std::uint64_t seed) {
    constexpr int kRounds = 30;
    constexpr int kSteps = 60;
    Model model;
    OperationSource source(seed);
    {
      Caller caller(lower());
      for (int step = 0; step < 400; ++step) {
        const Operation op = next(source);
        static_cast<void>(caller.perform(op));
        static_cast<void>(model.perform(op));
      }
    }
    ASSERT_EQ(comparable(dump(fs())), comparable(model.dump())) << "seed " << seed;
    for (int round = 0; round < kRounds; ++round) {
      {
        Caller caller(fs());
        for (int step = 0; step < kSteps; ++step) {
          const Operation op = next(source);
          const std::string got = comparable(caller.perform(op));
          const std::string expected = comparable(model.perform(op));
          if (expected == "EPERM or EEXIST" && (got == "EPERM" || got == "EEXIST")) continue;
          ASSERT_EQ(got, expected) << "seed " << seed << ", round " << round << ": " << op.text();
        }
      }
      reopen();
      ASSERT_EQ(comparable(dump(fs())), comparable(model.dump())) << "seed " << seed << ", round " << round;
      ASSERT_EQ(audit(fs(), "/", false), "");
    }
  }
};

TEST_P(ReopenedAgainstModel, ShowsWhatWasLeft) {
  for (std::uint64_t seed = 1; seed <= 5 && !HasFailure(); ++seed) {
    SetUp();
    reopen();
    run(seed);
  }
}

const Where kPlaces[] = {{"Memory", lasting_in_memory}, {"Host", lasting_on_host}};
const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Lasting, Reopened, testing::ValuesIn(kPlaces), kName);
INSTANTIATE_TEST_SUITE_P(Lasting, ReopenedAgainstModel, testing::ValuesIn(kPlaces), kName);

}  // namespace

}  // namespace wasifs::test
