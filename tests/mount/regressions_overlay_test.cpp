// SPDX-License-Identifier: Apache-2.0
// What was reported about layers that are shown as one: names that are removed,
// made again and moved.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "fuse/unique_fd.h"
#include "regressions.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

// virtual-fs 1
TEST_F(Regressions, ADirectoryWithLowerContentIsNotRemoved) {
  dir_.write_file("one/d/f", "f");
  dir_.write_file("two/d/g", "g");
  mount(kTwoLowers);
  EXPECT_EQ(error_of(::rmdir(at("d").c_str())), ENOTEMPTY);
  EXPECT_EQ(names("d"), "f\ng\n");
  ASSERT_EQ(::unlink(at("d/f").c_str()), 0);
  EXPECT_EQ(error_of(::rmdir(at("d").c_str())), ENOTEMPTY);
  ASSERT_EQ(::unlink(at("d/g").c_str()), 0);
  EXPECT_EQ(::rmdir(at("d").c_str()), 0);
  EXPECT_EQ(error_of(::access(at("d/g").c_str(), F_OK)), ENOENT);
}

// virtual-fs 2, fuse-overlayfs #425, #271
TEST_F(Regressions, ARecreatedDirectoryDoesNotShowWhatWasRemoved) {
  dir_.write_file("one/d/sub/f", "f");
  dir_.write_file("two/d/sub/deep/g", "g");
  mount(kTwoLowers);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(sh("rm -r d"), "");
    EXPECT_EQ(error_of(::access(at("d").c_str(), F_OK)), ENOENT);
    ASSERT_EQ(sh("mkdir d d/sub d/sub/deep"), "");
    EXPECT_EQ(names("d/sub"), "deep\n");
    for (const char* gone : {"d/sub/f", "d/sub/deep/g"}) {
      EXPECT_EQ(error_of(::access(at(gone).c_str(), F_OK)), ENOENT) << gone;
    }
    EXPECT_EQ(names("d/sub/deep"), "");
  }
}

// wasmer #5473, virtual-fs 3
TEST_F(Regressions, ADirectoryOfAPackageIsRemovedWithAllThatIsInIt) {
  std::vector<WebcEntry> entries;
  for (int i = 0; i < 50; ++i)
    entries.push_back(webc_file("lib/d" + std::to_string(i % 5) + "/" + std::to_string(i), "x"));
  dir_.write_file("p.webc", package("/app", entries));
  mount("[container]\nsource = \"p.webc\"\n");
  ASSERT_EQ(sh("touch app/lib/d1/new && rm app/lib/d2/2"), "");
  EXPECT_EQ(sh("rm -rf app/lib"), "");
  EXPECT_EQ(names("app"), "") << "nothing is left in its place";
  EXPECT_EQ(sh("rm -rf app/lib"), "");
}

// virtual-fs 4
TEST_F(Regressions, AnExclusiveCreationSeesLowerFiles) {
  dir_.write_file("one/f", "lower");
  mount(kOneLower);
  EXPECT_EQ(error_of(::open(at("f").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644)), EEXIST);
  EXPECT_EQ(content("f"), "lower");
}

// virtual-fs 5
TEST_F(Regressions, ATruncatingOpenOfALowerFileEmptiesIt) {
  dir_.write_file("one/f", "Hello, World!");
  mount(kOneLower);
  const UniqueFd fd(::open(at("f").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  ASSERT_TRUE(fd);
  EXPECT_EQ(stat("f").st_size, 0);
  ASSERT_EQ(::write(fd.get(), "Hi", 2), 2);
  EXPECT_EQ(content("f"), "Hi");
  EXPECT_EQ(dir_.read_file("one/f"), "Hello, World!");
}

// virtual-fs 6
TEST_F(Regressions, ATruncatedLowerFileKeepsItsBeginning) {
  dir_.write_file("one/f", "Hello, World!");
  mount(kOneLower);
  ASSERT_EQ(::truncate(at("f").c_str(), 5), 0);
  EXPECT_EQ(content("f"), "Hello");
}

// virtual-fs 7
TEST_F(Regressions, NamesInsideALowerDirectoryCanBeRenamed) {
  dir_.write_file("one/d/f", "f");
  dir_.make_dirs("one/other");
  dir_.write_file("one/top", "top");
  mount(kOneLower);
  ASSERT_EQ(::rename(at("d/f").c_str(), at("d/g").c_str()), 0);
  ASSERT_EQ(::rename(at("top").c_str(), at("other/in").c_str()), 0);
  ASSERT_EQ(::rename(at("d").c_str(), at("other/e").c_str()), 0);
  EXPECT_EQ(sh("find . -mindepth 1 | sort"), "./other\n./other/e\n./other/e/g\n./other/in\n");
  EXPECT_EQ(content("other/e/g"), "f");
}

// virtual-fs 8, unionfs-fuse #91
TEST_F(Regressions, ARenamedDirectoryKeepsTheFilesOfEveryLayer) {
  dir_.write_file("one/d/a", "1");
  dir_.write_file("two/d/a", "2");
  dir_.write_file("two/d/sub/b", "2");
  mount(kTwoLowers);
  ASSERT_EQ(sh("echo new > d/new"), "");
  ASSERT_EQ(::rename(at("d").c_str(), at("e").c_str()), 0);
  EXPECT_EQ(sh("find e | sort"), "e\ne/a\ne/new\ne/sub\ne/sub/b\n");
  EXPECT_EQ(sh("cat e/a e/new e/sub/b"), "1new\n2");
  EXPECT_EQ(error_of(::access(at("d").c_str(), F_OK)), ENOENT);
  ASSERT_EQ(sh("mkdir d"), "");
  EXPECT_EQ(names("d"), "") << "the old name starts anew";
}

// virtual-fs 9
TEST_F(Regressions, ARenameDoesNotBringBackWhatWasRemoved) {
  dir_.write_file("one/f", "first");
  dir_.write_file("two/f", "second");
  dir_.write_file("one/g", "g");
  mount(kTwoLowers);
  ASSERT_EQ(::unlink(at("f").c_str()), 0);
  EXPECT_EQ(error_of(::rename(at("f").c_str(), at("h").c_str())), ENOENT);
  ASSERT_EQ(::rename(at("g").c_str(), at("f").c_str()), 0);
  ASSERT_EQ(::rename(at("f").c_str(), at("h").c_str()), 0);
  EXPECT_EQ(names("."), "h\n");
  EXPECT_EQ(content("h"), "g");
}

// virtual-fs 10
TEST_F(Regressions, RemovingAndMakingKnowTheTypesOfLowerNames) {
  dir_.write_file("one/d/f", "f");
  dir_.make_dirs("one/empty");
  mount(kOneLower);
  EXPECT_EQ(error_of(::unlink(at("d").c_str())), EISDIR);
  EXPECT_EQ(error_of(::unlink(at("empty").c_str())), EISDIR);
  EXPECT_EQ(error_of(::rmdir(at("d/f").c_str())), ENOTDIR);
  EXPECT_EQ(error_of(::mkdir(at("d").c_str(), 0755)), EEXIST);
  EXPECT_EQ(error_of(::mkdir(at("d/f").c_str(), 0755)), EEXIST);
  EXPECT_EQ(content("d/f"), "f");
}

// virtual-fs 11
TEST_F(Regressions, HandlesOfALowerFileShareItsFirstWrite) {
  dir_.write_file("one/f", "........");
  mount(kOneLower);
  const UniqueFd reader(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd first(::open(at("f").c_str(), O_RDWR | O_CLOEXEC));
  const UniqueFd second(::open(at("f").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(reader && first && second);
  ASSERT_EQ(::pwrite(first.get(), "1", 1, 1), 1);
  ASSERT_EQ(::pwrite(second.get(), "2", 1, 2), 1);
  std::array<char, 8> seen{};
  ASSERT_EQ(::pread(reader.get(), seen.data(), seen.size(), 0), 8);
  EXPECT_EQ(std::string_view(seen.data(), seen.size()), ".12.....");
  EXPECT_EQ(content("f"), ".12.....");
}

// virtual-fs 12
TEST_F(Regressions, AFileHidesADirectoryOfALowerLayer) {
  dir_.write_file("one/x", "a file");
  dir_.write_file("two/x/child", "hidden");
  mount(kTwoLowers);
  EXPECT_EQ(error_of(::access(at("x/child").c_str(), F_OK)), ENOTDIR);
  EXPECT_EQ(content("x"), "a file");
  ASSERT_EQ(::unlink(at("x").c_str()), 0);
  EXPECT_EQ(error_of(::access(at("x").c_str(), F_OK)), ENOENT) << "the whiteout hides both";
}

// virtual-fs 13
TEST_F(Regressions, AWriteOnlyHandleWritesIntoALowerFile) {
  dir_.write_file("one/f", "0123456789");
  dir_.write_file("p.webc", package("/pkg", {webc_file("g", "0123456789")}));
  mount(std::string(kOneLower) + "[container]\nsource = \"p.webc\"\n");
  for (const char* name : {"f", "pkg/g"}) {
    const UniqueFd fd(::open(at(name).c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_TRUE(fd) << name;
    EXPECT_EQ(::pwrite(fd.get(), "XY", 2, 4), 2) << name;
    EXPECT_EQ(content(name), "0123XY6789") << name;
  }
}

// virtual-fs 14
TEST_F(Regressions, ACopyUpKeepsTheTimesThatNobodyChanged) {
  dir_.write_file("one/f", "x");
  const std::array old = {timespec{.tv_sec = 1'000'000'001, .tv_nsec = 123'456'789},
                          timespec{.tv_sec = 1'000'000'002, .tv_nsec = 987'654'321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir_ / "one/f").c_str(), old.data(), 0), 0);
  mount(kOneLower);
  struct statx before{};
  ASSERT_EQ(::statx(AT_FDCWD, at("f").c_str(), 0, STATX_ALL, &before), 0);
  ASSERT_EQ(::chmod(at("f").c_str(), 0600), 0);
  struct statx after{};
  ASSERT_EQ(::statx(AT_FDCWD, at("f").c_str(), 0, STATX_ALL, &after), 0);
  EXPECT_EQ(after.stx_mtime.tv_sec, 1'000'000'002);
  EXPECT_EQ(after.stx_mtime.tv_nsec, 987'654'321U);
  EXPECT_EQ(after.stx_atime.tv_sec, 1'000'000'001);
  EXPECT_EQ(after.stx_btime.tv_sec, before.stx_btime.tv_sec);
  EXPECT_EQ(after.stx_ino, before.stx_ino);
  ASSERT_EQ(sh("echo more >> f"), "");
  EXPECT_GT(stat("f").st_mtim.tv_sec, 1'000'000'002) << "a write is a change";
}

// virtual-fs 15
TEST_F(Regressions, ARenamedLowerFileIsReadAndWrittenByEachHandleOnItsOwn) {
  const std::string lower(20'000, 'l');
  dir_.write_file("one/f", lower);
  mount(kOneLower);
  ASSERT_EQ(::rename(at("f").c_str(), at("g").c_str()), 0);
  std::string read(lower.size(), '\0');
  for (int i = 0; i < 2; ++i) {
    const UniqueFd fd(::open(at("g").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::read(fd.get(), read.data(), read.size()), static_cast<ssize_t>(lower.size())) << i;
    EXPECT_TRUE(read == lower);
  }
  const UniqueFd fd(::open(at("g").c_str(), O_RDWR | O_CLOEXEC));
  const std::string written(16'384, 'w');
  ASSERT_EQ(::write(fd.get(), written.data(), written.size()), static_cast<ssize_t>(written.size()));
  EXPECT_TRUE(content("g") == written + lower.substr(written.size()));
}

// fuse-overlayfs #391, wasmer #3583, mergerfs #692
TEST_F(Regressions, ListedInodeNumbersAreThoseOfStatAndNeverTwo) {
  for (const char* layer : {"one", "two"}) {
    for (int i = 0; i < 20; ++i) dir_.write_file(std::string(layer) + "/d/" + layer + std::to_string(i), "x");
  }
  dir_.make_dirs("other");
  for (int i = 0; i < 20; ++i) dir_.write_file("other/" + std::to_string(i), "x");
  mount(std::string(kTwoLowers) + "\"/other\" = \"other\"\n");
  ASSERT_EQ(sh("echo x >> d/one3; mv d/two3 d/moved; touch d/new other/new; ln d/one4 d/hard"), "");
  std::vector<ino_t> seen;
  for (const char* directory : {"d", "other"}) {
    DIR* const listing = ::opendir(at(directory).c_str());
    ASSERT_NE(listing, nullptr);
    while (const dirent* entry = ::readdir(listing)) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || name == "hard") continue;
      EXPECT_NE(entry->d_ino, 0U) << name;
      EXPECT_EQ(entry->d_ino, stat(std::string(directory) + "/" + name).st_ino) << name;
      seen.push_back(entry->d_ino);
    }
    ::closedir(listing);
  }
  EXPECT_EQ(seen.size(), 62U);
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end()) << "two files have one number";
}

// fuse-overlayfs #435
TEST_F(Regressions, LinkCountsAreTheNumberOfNamesBeforeAndAfterTheyAreSeen) {
  dir_.write_file("one/a", "x");
  ASSERT_EQ(::link((dir_ / "one/a").c_str(), (dir_ / "one/b").c_str()), 0);
  dir_.make_dirs("one/d/sub");
  mount(kOneLower);
  EXPECT_EQ(stat("a").st_nlink, 2U);
  EXPECT_EQ(stat("b").st_nlink, 2U);
  const nlink_t unseen = stat("d").st_nlink;
  EXPECT_EQ(sh("ls -lR > /dev/null"), "");
  EXPECT_EQ(stat("d").st_nlink, unseen) << "looking changes nothing";
  ASSERT_EQ(::link(at("a").c_str(), at("c").c_str()), 0);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(stat(name).st_nlink, 3U) << name;
  ASSERT_EQ(::unlink(at("b").c_str()), 0);
  for (const char* name : {"a", "c"}) EXPECT_EQ(stat(name).st_nlink, 2U) << name;
}

// unionfs-fuse #27
TEST_F(Regressions, AFullRootNeitherBringsBackNorLosesWhatIsRemoved) {
  for (int i = 0; i < 30; ++i) dir_.write_file("one/d/" + std::to_string(i), "x");
  mount("[root]\nbase = \"empty\"\nmemory-limit = \"16KiB\"\ninode-limit = 3\n[fs]\n\"/\" = \"one\"\n");
  ASSERT_NE(sh("head -c 100000 /dev/zero > fill"), "") << "it is full now";
  int removed = 0;
  for (int i = 0; i < 30; ++i) {
    const std::string name = at("d/" + std::to_string(i));
    const int error = error_of(::unlink(name.c_str()));
    EXPECT_TRUE(error == 0 || error == ENOSPC) << error;
    EXPECT_EQ(::access(name.c_str(), F_OK) == 0, error != 0) << name;
    removed += error == 0 ? 1 : 0;
  }
  EXPECT_EQ(sh("ls d | wc -l"), std::to_string(30 - removed) + "\n");
  EXPECT_EQ(removed, 30) << "deletions need no room in a memory upper";
}

// unionfs-fuse #25
TEST_F(Regressions, ChangingTheModeOfADirectoryCopiesNothingBelowIt) {
  for (int i = 0; i < 100; ++i) dir_.write_file("one/d/sub/" + std::to_string(i), std::string(10'000, 'x'));
  mount(kOneLower);
  const auto [bytes, inodes] = used();
  ASSERT_EQ(::chmod(at("d").c_str(), 0700), 0);
  EXPECT_EQ(stat("d").st_mode & 07777U, 0700U);
  EXPECT_EQ(used(), std::pair(bytes, inodes + 1));
  EXPECT_EQ(sh("ls d/sub | wc -l"), "100\n");
}

// ratarmount #139
TEST_F(Regressions, WritingDeepInADirectoryThatOnlyALowerLayerHasLeavesEverythingReachable) {
  std::string path = "one";
  for (int i = 0; i < 40; ++i) path += "/d" + std::to_string(i);
  dir_.write_file(path + "/old", "old");
  mount(kOneLower);
  const std::string inside = path.substr(4);
  ASSERT_EQ(sh("mkdir -p " + inside + "/new/newer && echo new > " + inside + "/new/newer/f"), "");
  EXPECT_EQ(sh("find . -type f | wc -l"), "2\n");
  EXPECT_EQ(sh("find . -type d | wc -l"), "43\n");
  EXPECT_EQ(sh("rm -r d0 && ls -A"), "");
}

// wasmer #3575
TEST_F(Regressions, RemovingRecursivelySkipsNothing) {
  dir_.make_dirs("one/big");
  ASSERT_EQ(run_shell("seq -f 'a-file-with-a-long-name-%g' 3000 | xargs touch", dir_ / "one/big").status, 0);
  mount(kOneLower);
  ASSERT_EQ(sh("cd big && seq -f 'a-new-file-%g' 3000 | xargs touch && ls | wc -l"), "6000\n");
  EXPECT_EQ(sh("rm -r big"), "");
  EXPECT_EQ(names("."), "");
}

}  // namespace
}  // namespace wasifs::test
