// SPDX-License-Identifier: Apache-2.0
// Copies into directories that have something in them, and what a run that was ended leaves.
#include <csignal>

#include <sys/wait.h>

#include "folder_sink_test.h"

namespace wasifs::test {
namespace {

/// A file that ends the process by force once a part of it was read.
class KillingFile final : public File {
 public:
  explicit KillingFile(File& file) : File({}), file_(file) {}

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset != 0) ::raise(SIGKILL);
    return file_.read_at(offset, out.first(std::min<std::size_t>(out.size(), 100)));
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    return data ? file_.seek_data(offset) : file_.seek_hole(offset);
  }

 private:
  File& file_;
};

/// Hands on what it gets, and is killed in the middle of the file at `path`.
class KilledSink final : public CopySink {
 public:
  KilledSink(CopySink& sink, std::string_view path) : sink_(sink), path_(path) {}
  Outcome<void> put(const CopiedEntry& entry) override {
    if (entry.path != path_) return sink_.put(entry);
    KillingFile file(*entry.content);
    CopiedEntry killing = entry;
    killing.content = &file;
    return sink_.put(killing);
  }

 private:
  CopySink& sink_;
  const std::string_view path_;
};

class FolderResume : public FolderSinkTest {
 protected:
  /// A copy to "out" that is killed in the middle of the file at `path`.
  void copy_until(std::string_view path) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto sink = FolderSink::create(dir_ / "out", {});
      if (!sink) ::_exit(1);
      KilledSink killed(**sink, path);
      (void)copy_tree(tree_, "/", killed);
      ::_exit(2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
  }
};

TEST_F(FolderResume, ARunThatWasKilledLeavesWholeFilesAndTheNextOneGoesOn) {
  ASSERT_TRUE(tree_.make_dirs("/d"));
  write("/d/a", "first");
  write("/d/b", std::string(300'000, 'b'));
  ASSERT_TRUE(tree_.link("/d/a", "/d/z"));
  ASSERT_TRUE(tree_.set_attr("/d", {.mode = 0555}));
  copy_until("d/b");
  EXPECT_EQ(dir_.read_file("out/d/a"), "first");
  EXPECT_FALSE(dir_.exists("out/d/b"));
  const auto a = stat_of("out/d/a").st_ino;
  ASSERT_TRUE(copy("out", true));
  EXPECT_EQ(stat_of("out/d/a").st_ino, a) << "it was whole";
  EXPECT_EQ(stat_of("out/d/z").st_ino, a) << "its further name was missing";
  EXPECT_EQ(dir_.read_file("out/d/b"), std::string(300'000, 'b'));
  EXPECT_EQ(stat_of("out/d").st_mode, S_IFDIR | 0555U);
}

TEST_F(FolderResume, WhatAKilledRunHasLeftHiddenIsRemoved) {
  ASSERT_TRUE(tree_.make_dirs("/d"));
  write("/d/f", "x");
  // Of the source, whatever it is called.
  write("/d/.wasifs-extract-7", "mine");
  for (const char* folder : {"out", "out/d"}) {
    dir_.write_file(std::string(folder) + "/.wasifs-extract-123", "part");
    dir_.make_symlink(std::string(folder) + "/.wasifs-extract-124", "nowhere");
    dir_.write_file(std::string(folder) + "/.wasifs-extract-x", "yours");
    dir_.write_file(std::string(folder) + "/.wasifs-extract-125/f", "yours");
  }
  ASSERT_TRUE(copy("out", true));
  for (const std::string folder : {"out", "out/d"}) {
    EXPECT_FALSE(dir_.exists(folder + "/.wasifs-extract-123"));
    EXPECT_FALSE(dir_.exists(folder + "/.wasifs-extract-124"));
    EXPECT_EQ(dir_.read_file(folder + "/.wasifs-extract-x"), "yours");
    EXPECT_EQ(dir_.read_file(folder + "/.wasifs-extract-125/f"), "yours");
  }
  EXPECT_EQ(dir_.read_file("out/d/.wasifs-extract-7"), "mine");
}

TEST_F(FolderResume, AFurtherNameThatIsAnotherFileNowIsLinkedAgain) {
  write("/a", "text");
  ASSERT_TRUE(tree_.link("/a", "/b"));
  ASSERT_TRUE(tree_.link("/a", "/c"));
  ASSERT_TRUE(copy("out"));
  const auto first = stat_of("out/a").st_ino;
  fs::remove(dir_ / "out/b");
  fs::remove(dir_ / "out/c");
  dir_.write_file("out/c", "text");
  ASSERT_TRUE(copy("out", true));
  for (const char* path : {"out/a", "out/b", "out/c"}) EXPECT_EQ(stat_of(path).st_ino, first) << path;
  EXPECT_EQ(stat_of("out/a").st_nlink, 3U);
}

TEST_F(FolderResume, WhatHasOneNameIsNotLeftAsAnotherNameOfSomething) {
  write("/a", "text");
  ASSERT_TRUE(copy("out"));
  fs::create_hard_link(dir_ / "out/a", dir_ / "elsewhere");
  ASSERT_TRUE(copy("out", true));
  EXPECT_EQ(stat_of("out/a").st_nlink, 1U);
  EXPECT_EQ(dir_.read_file("elsewhere"), "text");
}

TEST_F(FolderResume, WhatIsOfAnotherTypeIsReplaced) {
  write("/file", "file");
  ASSERT_TRUE(tree_.link("/file", "/further"));
  ASSERT_TRUE(tree_.symlink("text", "/link"));
  ASSERT_TRUE(tree_.create(tree_.root(), "pipe", {.type = FileType::fifo}));
  ASSERT_TRUE(tree_.make_dirs("/sub"));
  write("/sub/f", "in it");
  const auto expect_right = [&](const std::string& out) {
    EXPECT_EQ(dir_.read_file(out + "/file"), "file");
    EXPECT_EQ(stat_of(out + "/further").st_ino, stat_of(out + "/file").st_ino);
    EXPECT_EQ(fs::read_symlink(dir_ / (out + "/link")), "text");
    EXPECT_TRUE(S_ISFIFO(stat_of(out + "/pipe").st_mode));
    EXPECT_EQ(dir_.read_file(out + "/sub/f"), "in it");
  };
  dir_.make_dirs("symlinks");
  for (const std::string name : {"file", "further", "link", "pipe", "sub"}) {
    if (name != "sub") dir_.make_dirs("directories/" + name);
    dir_.write_file("files/" + name, "old");
    dir_.make_symlink("symlinks/" + name, "../files");
  }
  for (const char* out : {"directories", "files", "symlinks"}) {
    ASSERT_TRUE(copy(out, true)) << error_of(out, true);
    expect_right(out);
  }
  EXPECT_TRUE(nothing_temporary());
}

TEST_F(FolderResume, ADirectoryThatIsNotEmptyIsNotReplaced) {
  write("/d", "a file");
  dir_.write_file("out/d/precious", "kept");
  EXPECT_EQ(error_of("out", true),
            "error: cannot write \"out/d\": Is a directory\n"
            "hint: a directory that is not empty is in its place: move that away");
  EXPECT_EQ(dir_.read_file("out/d/precious"), "kept");
  EXPECT_TRUE(nothing_temporary());
}

TEST_F(FolderResume, ATargetThatIsOnlyPutIntoKeepsItsMode) {
  write("/f", "x");
  dir_.write_file("out/old", "old");
  fs::permissions(dir_ / "out", static_cast<fs::perms>(0755));
  ASSERT_TRUE(copy("out", true, "/f"));
  EXPECT_EQ(stat_of("out").st_mode, S_IFDIR | 0755U);
}

}  // namespace
}  // namespace wasifs::test
