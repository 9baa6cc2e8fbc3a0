// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "fs/host/host_fs.h"
#include "guest.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

constexpr u32 kOut = Guest::kOut;

class WasiPath : public ::testing::Test {
 protected:
  WasiPath() {
    mkdir("d");
    guest.make_file("d/f", "content");
    symlink("f", "d/link");
    symlink("missing", "d/dangling");
    // Which a guest of the strict policy cannot make.
    EXPECT_TRUE(guest.tree->symlink("/d/f", "/absolute"));
  }
  void mkdir(std::string_view path) {
    EXPECT_EQ(guest.path_call("path_create_directory", path), Errno::success);
  }
  void symlink(std::string_view target, std::string_view path) {
    EXPECT_EQ(make_symlink(target, path), Errno::success);
  }
  Errno make_symlink(std::string_view target, std::string_view path, u32 dir = 3) {
    return guest.call("path_symlink", {guest.put(target), target.size(), dir, guest.put(path), path.size()});
  }
  Errno rename(std::string_view from, std::string_view to) {
    return guest.call("path_rename", {3, guest.put(from), from.size(), 3, guest.put(to), to.size()});
  }
  Errno link(std::string_view from, std::string_view to, u32 flags = 0) {
    return guest.call("path_link", {3, flags, guest.put(from), from.size(), 3, guest.put(to), to.size()});
  }
  Errno stat(std::string_view path, u32 flags = 0, u32 dir = 3) {
    return guest.call("path_filestat_get", {dir, flags, guest.put(path), path.size(), kOut});
  }
  Errno open(std::string_view path, u32 oflags = 0, u64 rights = kFdRead, u32 dirflags = 0) {
    u32 fd = 0;
    const Errno opened = guest.open_into(&fd, path, oflags, rights, 0, 3, dirflags);
    if (opened == Errno::success) {
      EXPECT_EQ(guest.call("fd_close", {fd}), Errno::success);
    }
    return opened;
  }

  Guest guest;
};

TEST_F(WasiPath, OpenFindsMakesEmptiesAndRefuses) {
  EXPECT_EQ(open("d/f"), Errno::success);
  EXPECT_EQ(open("d/new"), Errno::noent);
  EXPECT_EQ(open("d/new", kCreat), Errno::success);
  EXPECT_EQ(open("d/new", kCreat), Errno::success);
  EXPECT_EQ(open("d/new", kCreat | kExcl), Errno::exist);
  EXPECT_EQ(open("d/f", kExcl), Errno::success) << "without creat it says nothing";
  EXPECT_EQ(open("d/f", kTrunc), Errno::success);
  EXPECT_EQ(guest.file("d/f"), "");
  EXPECT_EQ(open("d/f/x"), Errno::notdir);
  EXPECT_EQ(open("none/x", kCreat), Errno::noent);
  EXPECT_EQ(open(""), Errno::noent);
  EXPECT_EQ(open("d/new2", 16), Errno::inval);
  EXPECT_EQ(open("d/f", 0, kFdRead, 2), Errno::inval);
  EXPECT_EQ(open(std::string(300, 'n'), kCreat), Errno::nametoolong);
  EXPECT_EQ(open(std::string(5000, 'n'), kCreat), Errno::nametoolong);
  EXPECT_EQ(open(std::string_view("d/f\0x", 5)), Errno::inval);
}

TEST_F(WasiPath, OpenOfADirectory) {
  EXPECT_EQ(open("d"), Errno::success);
  EXPECT_EQ(open("d/"), Errno::success);
  EXPECT_EQ(open("."), Errno::success);
  EXPECT_EQ(open("d", kDirectory), Errno::success);
  EXPECT_EQ(open("d/f", kDirectory), Errno::notdir);
  EXPECT_EQ(open("d/f/"), Errno::notdir);
  EXPECT_EQ(open("d", 0, kFdRead | kFdWrite), Errno::isdir);
  EXPECT_EQ(open("d", kCreat), Errno::isdir);
  EXPECT_EQ(open("d", kTrunc), Errno::isdir);
  EXPECT_EQ(open("new", kCreat | kDirectory), Errno::inval);
  EXPECT_EQ(open("new/", kCreat), Errno::isdir);
  EXPECT_EQ(open("none", kDirectory), Errno::noent);
}

TEST_F(WasiPath, LinksAreFollowedOnDemand) {
  EXPECT_EQ(open("d/link"), Errno::loop);
  EXPECT_EQ(open("d/link", 0, kFdRead, kFollow), Errno::success);
  EXPECT_EQ(open("d/link", kCreat | kExcl, kFdRead, kFollow), Errno::exist);
  EXPECT_EQ(open("d/dangling", 0, kFdRead, kFollow), Errno::noent);
  EXPECT_EQ(open("d/dangling", kCreat, kFdRead, 0), Errno::loop);
  EXPECT_EQ(open("d/dangling", kCreat, kFdRead, kFollow), Errno::success);
  EXPECT_EQ(stat("d/missing"), Errno::success) << "what the link names was made";
  symlink("loop", "loop");
  EXPECT_EQ(open("loop", 0, kFdRead, kFollow), Errno::loop);
  EXPECT_EQ(stat("d/link"), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 7U);
  EXPECT_EQ(stat("d/link", kFollow), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 4U);
  EXPECT_EQ(stat("d/link", 2), Errno::inval);
}

TEST_F(WasiPath, NothingLeadsOutOfAPreopen) {
  const u32 dir = guest.open("d", kDirectory);
  symlink("../d/f", "d/up");
  EXPECT_EQ(stat("/d/f"), Errno::notcapable);
  EXPECT_EQ(stat(".."), Errno::notcapable);
  EXPECT_EQ(stat("d/../../d"), Errno::notcapable);
  EXPECT_EQ(stat("d/../d/f"), Errno::success);
  EXPECT_EQ(stat("../d/f", 0, dir), Errno::notcapable);
  EXPECT_EQ(stat("up", kFollow, dir), Errno::notcapable);
  EXPECT_EQ(stat("d/up", kFollow), Errno::success);
  EXPECT_EQ(make_symlink("x", "../y", dir), Errno::notcapable);
  EXPECT_EQ(guest.path_call("path_create_directory", "../y", dir), Errno::notcapable);
  EXPECT_EQ(guest.path_call("path_unlink_file", "../absolute", dir), Errno::notcapable);
}

TEST_F(WasiPath, AnAbsoluteLinkStartsAtTheRootAndIsFollowedWhereThatIsOpen) {
  EXPECT_EQ(stat("absolute", kFollow), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 32), 7U);
  EXPECT_EQ(make_symlink("/d/f", "d/absolute"), Errno::notcapable);
  EXPECT_TRUE(guest.tree->symlink("/d/f", "/d/absolute"));
  const u32 dir = guest.open("d", kDirectory);
  EXPECT_EQ(stat("absolute", kFollow, dir), Errno::notcapable);
  EXPECT_TRUE(guest.tree->symlink("/../d/f", "/clamped"));
  EXPECT_EQ(stat("clamped", kFollow), Errno::success);
}

TEST_F(WasiPath, DirectoriesAreMadeAndRemoved) {
  EXPECT_EQ(guest.path_call("path_create_directory", "d"), Errno::exist);
  EXPECT_EQ(guest.path_call("path_create_directory", "d/f"), Errno::exist);
  EXPECT_EQ(guest.path_call("path_create_directory", "d/link"), Errno::exist);
  EXPECT_EQ(guest.path_call("path_create_directory", "."), Errno::exist);
  EXPECT_EQ(guest.path_call("path_create_directory", "new/"), Errno::success);
  EXPECT_EQ(guest.tree->attr(*guest.tree->resolve("/new"))->mode, 0755);
  EXPECT_EQ(guest.path_call("path_remove_directory", "new/"), Errno::success);
  EXPECT_EQ(guest.path_call("path_remove_directory", "new"), Errno::noent);
  EXPECT_EQ(guest.path_call("path_remove_directory", "d"), Errno::notempty);
  EXPECT_EQ(guest.path_call("path_remove_directory", "d/f"), Errno::notdir);
  EXPECT_EQ(guest.path_call("path_remove_directory", "."), Errno::inval);
  mkdir("target");
  symlink("target", "to-target");
  EXPECT_EQ(guest.path_call("path_remove_directory", "to-target"), Errno::notdir);
  EXPECT_EQ(guest.path_call("path_remove_directory", "to-target/"), Errno::notdir);
  EXPECT_EQ(stat("target"), Errno::success) << "a slash does not make the link's target the victim";
}

TEST_F(WasiPath, FilesAreUnlinked) {
  EXPECT_EQ(guest.path_call("path_unlink_file", "d"), Errno::isdir);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/"), Errno::isdir);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/f/"), Errno::notdir);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/link/"), Errno::notdir);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/link"), Errno::success);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/link"), Errno::noent);
  EXPECT_EQ(guest.path_call("path_unlink_file", "d/f"), Errno::success);
}

TEST_F(WasiPath, Renaming) {
  EXPECT_EQ(rename("d/f", "g"), Errno::success);
  EXPECT_EQ(guest.file("g"), "content");
  EXPECT_EQ(rename("none", "x"), Errno::noent);
  EXPECT_EQ(rename("g", "d"), Errno::isdir);
  EXPECT_EQ(rename("g", "h/"), Errno::notdir);
  EXPECT_EQ(rename("g/", "h"), Errno::notdir);
  EXPECT_EQ(rename("d/", "e/"), Errno::success);
  EXPECT_EQ(rename("e", "e/inside"), Errno::inval);
  EXPECT_EQ(rename(".", "x"), Errno::busy);
  EXPECT_EQ(rename("e", "."), Errno::busy);
  EXPECT_EQ(rename("e/link", "renamed-link"), Errno::success);
  EXPECT_EQ(stat("renamed-link"), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 7U);
}

TEST_F(WasiPath, HardLinks) {
  EXPECT_EQ(link("d/f", "g"), Errno::success);
  EXPECT_EQ(stat("g"), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 24), 2U);
  EXPECT_EQ(link("d/f", "g"), Errno::exist);
  EXPECT_EQ(link("d", "e"), Errno::perm);
  EXPECT_EQ(link("none", "e"), Errno::noent);
  EXPECT_EQ(link("d/f", "e/"), Errno::noent);
  EXPECT_EQ(link("d/link", "l"), Errno::success);
  EXPECT_EQ(stat("l"), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 7U) << "the link itself";
  EXPECT_EQ(link("d/link", "m", kFollow), Errno::success);
  EXPECT_EQ(stat("m"), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 4U);
}

TEST_F(WasiPath, SymlinksAreMadeAndRead) {
  EXPECT_EQ(make_symlink("x", "d/link"), Errno::exist);
  EXPECT_EQ(make_symlink("x", "new/"), Errno::noent);
  EXPECT_EQ(make_symlink("", "new"), Errno::noent);
  EXPECT_EQ(make_symlink("x", "d/f/"), Errno::notdir);
  const auto readlink = [&](std::string_view path, u32 size) {
    return guest.call("path_readlink", {3, guest.put(path), path.size(), 2048, size, kOut});
  };
  EXPECT_EQ(readlink("d/dangling", 100), Errno::success);
  EXPECT_EQ(guest.text(2048, guest.get<u32>(kOut)), "missing");
  EXPECT_EQ(readlink("d/dangling", 4), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 4U);
  EXPECT_EQ(readlink("d/dangling", 0), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 0U);
  EXPECT_EQ(readlink("d/f", 10), Errno::inval);
  EXPECT_EQ(readlink("none", 10), Errno::noent);
}

TEST_F(WasiPath, TimesAreSetOfTheLinkOrOfWhatItNames) {
  const auto set_times = [&](std::string_view path, u32 flags) {
    return guest.call("path_filestat_set_times", {3, flags, guest.put(path), path.size(), 5, 6, 1 | 4});
  };
  EXPECT_EQ(set_times("d/link", 0), Errno::success);
  EXPECT_EQ(guest.tree->attr(*guest.tree->resolve("/d/link", Follow::no))->mtime,
            (Time{.sec = 0, .nsec = 6}));
  EXPECT_NE(guest.tree->attr(*guest.tree->resolve("/d/f"))->mtime, (Time{.sec = 0, .nsec = 6}));
  EXPECT_EQ(set_times("d/link", kFollow), Errno::success);
  EXPECT_EQ(guest.tree->attr(*guest.tree->resolve("/d/f"))->mtime, (Time{.sec = 0, .nsec = 6}));
  EXPECT_EQ(set_times("none", 0), Errno::noent);
}

TEST_F(WasiPath, PathsStartFromDirectoriesOnly) {
  const u32 file = guest.open("d/f");
  EXPECT_EQ(stat("x", 0, file), Errno::notdir);
  EXPECT_EQ(stat("x", 0, 0), Errno::notdir);
  EXPECT_EQ(stat("x", 0, 99), Errno::badf);
}

TEST_F(WasiPath, ThePathIsReadOnceAndNamesNeedNoEncoding) {
  guest.make_file("\xff\xfe", "raw");
  EXPECT_EQ(guest.file("\xff\xfe"), "raw");
}

TEST(WasiRights, APreopenGivesWhatItHasAndNoMore) {
  auto tree = memory_tree();
  {
    Guest writer(tree);
    writer.make_file("f", "content");
    EXPECT_EQ(writer.path_call("path_create_directory", "d"), Errno::success);
  }
  const auto preopen = [](Rights rights) {
    return wasi::ContextOptions{.preopens = {{.alias = "/", .path = "/", .rights = rights}}};
  };
  u32 fd = 0;
  Guest reader(tree, preopen({.read = true}));
  EXPECT_EQ(reader.file("f"), "content");
  EXPECT_EQ(reader.open_into(&fd, "f", 0, kEveryRight), Errno::notcapable);
  EXPECT_EQ(reader.open_into(&fd, "new", kCreat, kFdRead), Errno::notcapable);
  EXPECT_EQ(reader.open_into(&fd, "f", kTrunc, kFdRead), Errno::notcapable);
  for (const char* name : {"path_create_directory", "path_remove_directory", "path_unlink_file"}) {
    EXPECT_EQ(reader.path_call(name, "x"), Errno::notcapable) << name;
  }
  EXPECT_EQ(reader.call("path_rename", {3, reader.put("f"), 1, 3, reader.put("g"), 1}), Errno::notcapable);
  EXPECT_EQ(reader.call("path_link", {3, 0, reader.put("f"), 1, 3, reader.put("g"), 1}), Errno::notcapable);
  EXPECT_EQ(reader.call("path_symlink", {reader.put("f"), 1, 3, reader.put("g"), 1}), Errno::notcapable);
  EXPECT_EQ(reader.call("path_filestat_set_times", {3, 0, reader.put("f"), 1, 1, 1, 1}), Errno::notcapable);

  Guest writer(tree, preopen({.write = true}));
  EXPECT_EQ(writer.open_into(&fd, "f", 0, kFdWrite), Errno::success);
  EXPECT_EQ(writer.call("fd_read", {fd, 0, 0, kOut}), Errno::notcapable);
  EXPECT_EQ(writer.open_into(&fd, "new", kCreat, kFdWrite), Errno::notcapable);
  EXPECT_EQ(writer.call("fd_readdir", {3, 2048, 100, 0, kOut}), Errno::notcapable);

  Guest creator(tree, preopen({.create = true}));
  EXPECT_EQ(creator.open_into(&fd, "new", kCreat, kFdWrite), Errno::success) << "to create implies to write";
  const u32 dir = creator.open("d", kDirectory, 0);
  EXPECT_EQ(creator.open_into(&fd, "new", kCreat, kFdWrite, 0, dir), Errno::notcapable)
      << "of no rights none are handed on";
}

TEST(WasiRights, WhoAsksForTheSizeRightsOnlyReadsWhatCannotBeWritten) {
  // As Go does: all rights but fd_write, to read.
  auto memory = std::make_shared<MemoryFilesystem>();
  {
    Guest writer(std::make_shared<const Tree>(MountTable(memory)));
    writer.make_file("f", "content");
  }
  Guest guest(std::make_shared<const Tree>(MountTable(memory, {.read_only = true})));
  const u32 fd = guest.open("f", 0, kEveryRight & ~kFdWrite);
  EXPECT_EQ(guest.read(fd), "content");
  EXPECT_EQ(guest.call("fd_filestat_set_size", {fd, 0}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_allocate", {fd, 0, 1}), Errno::notcapable);
  u32 other = 0;
  EXPECT_EQ(guest.open_into(&other, "f", 0, kEveryRight), Errno::rofs) << "to write is another matter";
}

TEST(WasiPathOnHost, AGuestOfAnUnprivilegedProcessOwnsWhatItMakes) {
  if (::geteuid() != 0) GTEST_SKIP() << "ROOT MISSING: only root can become somebody else";
  const TempDir temp;
  temp.make_dirs("root");
  std::filesystem::permissions(temp.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(temp / "root", std::filesystem::perms{0777});
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  Errno made = Errno::io;
  {
    auto host = HostFilesystem::open(temp / "root", {});
    if (host)
      made = Guest(std::make_shared<const Tree>(MountTable(*host))).path_call("path_create_directory", "d");
  }
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(made, Errno::success);
  struct stat status{};
  ASSERT_EQ(::stat((temp / "root/d").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kNobody);
}

TEST(WasiPathOnHost, OwnersCanBeGiven) {
  wasi::ContextOptions options = Guest::whole_tree();
  options.uid = 12;
  options.gid = 34;
  Guest guest(memory_tree(), std::move(options));
  guest.make_file("f", "");
  const Attr attr = *guest.tree->attr(*guest.tree->resolve("/f"));
  EXPECT_EQ(attr.uid, 12U);
  EXPECT_EQ(attr.gid, 34U);
}

TEST(WasiPathOnHost, WhatAGuestMakesHasTheUmaskAndLiesInTheDirectory) {
  const TempDir temp;
  temp.make_dirs("root");
  temp.write_file("secret", "outside");
  temp.make_symlink("root/escape", "../secret");
  auto host = HostFilesystem::open(temp / "root", {});
  ASSERT_TRUE(host);
  wasi::ContextOptions options = Guest::whole_tree();
  options.umask = 027;
  Guest guest(std::make_shared<const Tree>(MountTable(*host)), std::move(options));
  guest.make_file("f", "content");
  EXPECT_EQ(temp.read_file("root/f"), "content");
  EXPECT_EQ(guest.path_call("path_create_directory", "d"), Errno::success);
  EXPECT_EQ(std::filesystem::status(temp / "root/f").permissions(), std::filesystem::perms{0640});
  EXPECT_EQ(std::filesystem::status(temp / "root/d").permissions(), std::filesystem::perms{0750});
  u32 fd = 0;
  EXPECT_EQ(guest.open_into(&fd, "escape"), Errno::notcapable);
}

}  // namespace
}  // namespace wasifs::test
