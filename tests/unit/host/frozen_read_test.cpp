// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <vector>

#include "fs/host/frozen_node.h"
#include "fs/host/inode_numbers.h"
#include "unit/host/frozen_test.h"

namespace wasifs::test {
namespace {

class FrozenRead : public FrozenTest {
 protected:
  void expect_same(Node& live, Node& frozen, const std::string& path) {
    SCOPED_TRACE(path);
    ASSERT_EQ(frozen.type(), live.type());
    expect_same_attributes(must(live.attr()), must(frozen.attr()));
    EXPECT_EQ(frozen_->path_of(frozen), path.empty() ? "/" : path);
    EXPECT_EQ(must(frozen.list_xattrs()), must(live.list_xattrs()));
    for (const std::string& name : must(live.list_xattrs())) {
      EXPECT_EQ(must(frozen.get_xattr(name)), must(live.get_xattr(name))) << name;
    }
    EXPECT_EQ(error_of(frozen.get_xattr("user.none")), error_of(live.get_xattr("user.none")));
    EXPECT_EQ(error_of(frozen.get_xattr("")), error_of(live.get_xattr("")));
    if (live.type() == FileType::symlink) {
      EXPECT_EQ(must(frozen.read_link()).text, must(live.read_link()).text);
      EXPECT_EQ(must(frozen.read_link()).layer_rooted, must(live.read_link()).layer_rooted);
    } else {
      EXPECT_EQ(error_of(frozen.read_link()), error_of(live.read_link()));
    }
    if (live.is_directory()) return expect_same_entries(live, frozen, path);
    EXPECT_EQ(error_of(frozen.open_dir()), error_of(live.open_dir()));
    EXPECT_EQ(error_of(frozen.lookup("x")), error_of(live.lookup("x")));
    if (live.type() == FileType::regular) {
      EXPECT_EQ(content_of(frozen), content_of(live));
    } else {
      EXPECT_EQ(error_of(frozen.open({.read = true})), error_of(live.open({.read = true})));
    }
  }

  static void expect_same_attributes(const Attr& live, const Attr& frozen) {
    EXPECT_EQ(frozen.ino, live.ino);
    EXPECT_EQ(frozen.type, live.type);
    EXPECT_EQ(frozen.mode, live.mode);
    EXPECT_EQ(frozen.nlink, live.nlink);
    EXPECT_EQ(frozen.uid, live.uid);
    EXPECT_EQ(frozen.gid, live.gid);
    EXPECT_EQ(frozen.rdev, live.rdev);
    EXPECT_EQ(frozen.size, live.size);
    EXPECT_EQ(frozen.blocks, live.blocks);
    // Reading the text of a symlink is an access.
    if (live.type != FileType::symlink) {
      EXPECT_EQ(frozen.atime, live.atime);
    }
    EXPECT_EQ(frozen.mtime, live.mtime);
    EXPECT_EQ(frozen.ctime, live.ctime);
    EXPECT_EQ(frozen.btime, live.btime);
  }

  void expect_same_entries(Node& live, Node& frozen, const std::string& path) {
    const auto expected = list(live);
    const auto found = list(frozen);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, entry] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_EQ(found.at(name).ino, entry.ino) << name;
      EXPECT_EQ(found.at(name).type, entry.type) << name;
      expect_same(*must(live.lookup(name)), *must(frozen.lookup(name)), std::string(path) + "/" + name);
    }
    EXPECT_EQ(error_of(frozen.lookup("no such name")), Errc::enoent);
    EXPECT_EQ(error_of(frozen.open({.read = true})), error_of(live.open({.read = true})));
  }
};

TEST_F(FrozenRead, TellsWhatTheLiveLayerTells) {
  temp_.write_file("root/file", "text", 0640);
  temp_.write_file("root/empty", "");
  temp_.write_file("root/a/b/c/deep", "deep");
  temp_.write_file("root/a/z", "z");
  temp_.make_dirs("root/none");
  temp_.make_symlink("root/link", "/etc/passwd");
  temp_.make_symlink("root/a/up", "../file");
  temp_.make_symlink("root/a/long", std::string(4000, 'x'));
  ASSERT_EQ(::mkfifo((temp_ / "root/fifo").c_str(), 0600), 0);
  ::setxattr((temp_ / "root/a").c_str(), "user.directory", "d", 1, 0);
  ::setxattr((temp_ / "root/file").c_str(), "user.file", "value", 5, 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod((temp_ / "root/null").c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
    ASSERT_EQ(::chown((temp_ / "root/a/z").c_str(), 12, 34), 0);
    ASSERT_EQ(::chmod((temp_ / "root/a/z").c_str(), 06755), 0);
  }
  const timespec stamps[] = {{.tv_sec = 5, .tv_nsec = 999'999'999}, {.tv_sec = -7, .tv_nsec = 1}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (temp_ / "root/empty").c_str(), stamps, 0), 0);
  freeze();
  expect_same(*root_, *top_, "");
  EXPECT_EQ(frozen_->describe(), fs_->describe());
  EXPECT_EQ(must(frozen_->statfs()).blocks, must(fs_->statfs()).blocks);
}

TEST_F(FrozenRead, IsImmutableAndKeepsTheKernelsMarks) {
  freeze();
  EXPECT_TRUE(frozen_->traits().immutable);
  EXPECT_FALSE(frozen_->traits().shared);
  EXPECT_EQ(frozen_->traits().overlay_marks, fs_->traits().overlay_marks);
  EXPECT_EQ(frozen_->traits().persistent, fs_->traits().persistent);
}

TEST_F(FrozenRead, AnEntryIsSmall) { EXPECT_LE(sizeof(host::FrozenNode), 120U); }

TEST_F(FrozenRead, EveryChangeIsRefused) {
  temp_.write_file("root/f", "text");
  temp_.make_dirs("root/d");
  freeze();
  const NodeRef file = in("f");
  EXPECT_EQ(error_of(file->set_attr({.mode = 0})), Errc::erofs);
  EXPECT_EQ(error_of(file->open({.read = true, .write = true})), Errc::erofs);
  EXPECT_EQ(error_of(file->open({.read = true, .truncate = true})), Errc::erofs);
  EXPECT_EQ(error_of(file->set_xattr("user.x", "v", XattrMode::any)), Errc::erofs);
  EXPECT_EQ(error_of(file->remove_xattr("user.x")), Errc::erofs);
  EXPECT_EQ(error_of(top_->create("x", mine({}))), Errc::erofs);
  EXPECT_EQ(error_of(top_->create_anonymous(mine({}))), Errc::erofs);
  EXPECT_EQ(error_of(top_->link("x", *file)), Errc::erofs);
  EXPECT_EQ(error_of(top_->unlink("f")), Errc::erofs);
  EXPECT_EQ(error_of(top_->rmdir("d")), Errc::erofs);
  EXPECT_EQ(error_of(top_->rename("f", *top_, "g", RenameMode::replace)), Errc::erofs);
  EXPECT_EQ(error_of(must(file->open({.read = true}))->write_at(0, bytes_of("x"))), Errc::ebadf);
  EXPECT_EQ(temp_.read_file("root/f"), "text");
}

TEST_F(FrozenRead, ADirectoryIsReadWhenItIsFirstAskedForAndNeverAgain) {
  temp_.make_dirs("root/seen");
  temp_.make_dirs("root/later");
  freeze();
  EXPECT_EQ(list(*in("seen")).size(), 0U);
  temp_.write_file("root/seen/new", "");
  temp_.write_file("root/later/new", "");
  EXPECT_EQ(list(*in("seen")).size(), 0U);
  EXPECT_EQ(error_of(in("seen")->lookup("new")), Errc::enoent);
  EXPECT_EQ(list(*in("later")).size(), 1U);
}

TEST_F(FrozenRead, AttributesStayWhatTheyWere) {
  temp_.write_file("root/f", "text", 0644);
  freeze();
  const Attr before = must(in("f")->attr());
  ASSERT_EQ(::chmod((temp_ / "root/f").c_str(), 0600), 0);
  EXPECT_EQ(must(in("f")->attr()).mode, before.mode);
}

TEST_F(FrozenRead, NamesOfOneFileAreOneNode) {
  temp_.write_file("root/first/f", "text");
  temp_.make_dirs("root/second");
  ASSERT_EQ(::link((temp_ / "root/first/f").c_str(), (temp_ / "root/second/g").c_str()), 0);
  ASSERT_EQ(::link((temp_ / "root/first/f").c_str(), (temp_ / "root/second/h").c_str()), 0);
  temp_.write_file("root/second/other", "text");
  freeze();
  const NodeRef node = in("second/h");
  EXPECT_EQ(in("second/g"), node);
  EXPECT_EQ(in("first/f"), node);
  EXPECT_NE(in("second/other"), node);
  EXPECT_EQ(list(*in("first")).at("f").ino, must(node->attr()).ino);
  EXPECT_EQ(list(*in("second")).at("g").ino, must(node->attr()).ino);
  EXPECT_EQ(frozen_->path_of(*node), "/second/g");
  EXPECT_EQ(content_of(*node), "text");
}

TEST_F(FrozenRead, ANodeStaysTheSame) {
  temp_.write_file("root/d/f", "");
  freeze();
  EXPECT_EQ(in("d"), in("d"));
  EXPECT_EQ(in("d/f"), in("d/f"));
  EXPECT_EQ(frozen_->root(), top_);
}

TEST_F(FrozenRead, AListingGoesOnBehindAnyEntry) {
  std::vector<std::string> all;
  for (char name = 'a'; name <= 'g'; ++name) {
    all.emplace_back(1, name);
    temp_.write_file("root/" + all.back(), "");
  }
  freeze();
  const DirPtr dir = must(top_->open_dir());
  std::vector<std::uint64_t> cookies = {0};
  must(dir->read(0, [&](const DirEntry& entry) {
    cookies.push_back(entry.next);
    return true;
  }));
  ASSERT_EQ(cookies.size(), all.size() + 1);
  for (std::size_t from = 0; from < cookies.size(); ++from) {
    std::vector<std::string> rest;
    must(dir->read(cookies[from], [&](const DirEntry& entry) {
      rest.emplace_back(entry.name);
      return rest.size() < 3;
    }));
    const std::size_t to = std::min(from + 3, all.size());
    EXPECT_EQ(rest, std::vector(all.begin() + static_cast<std::ptrdiff_t>(from),
                                all.begin() + static_cast<std::ptrdiff_t>(to)));
  }
  must(dir->read(std::uint64_t{1} << 61U, [](const DirEntry&) -> bool { throw std::logic_error("entry"); }));
}

TEST_F(FrozenRead, AFileIsWhereTheKernelCanReadIt) {
  temp_.write_file("root/d/f", "text");
  freeze();
  const FilePtr file = must(in("d/f")->open({.read = true}));
  const auto native = file->native_range();
  ASSERT_TRUE(native);
  EXPECT_EQ(native->offset, 0U);
  char text[5] = {};
  EXPECT_EQ(::pread(native->fd, text, 4, 0), 4);
  EXPECT_STREQ(text, "text");
  EXPECT_EQ(must(file->seek_hole(0)), 4U);
}

TEST_F(FrozenRead, DeniedSymlinksAreStillListed) {
  temp_.make_symlink("root/l", "/etc/passwd");
  freeze({.symlinks = HostFilesystem::Symlinks::deny});
  EXPECT_EQ(must(in("l")->attr()).size, 11U);
  EXPECT_EQ(list(*top_).at("l").type, FileType::symlink);
  EXPECT_EQ(error_of(in("l")->read_link()), Errc::eacces);
  EXPECT_EQ(error_of(top_->read_link()), Errc::einval);
}

TEST_F(FrozenRead, ASingleFileIsALayer) {
  temp_.write_file("root/f", "text");
  const auto fs = open_frozen(temp_ / "root/f");
  const NodeRef file = fs->root();
  EXPECT_EQ(file->type(), FileType::regular);
  EXPECT_EQ(content_of(*file), "text");
  EXPECT_EQ(must(file->attr()).ino, must(open_host(temp_ / "root/f")->root()->attr()).ino);
  EXPECT_EQ(fs->path_of(*file), "/");
  EXPECT_EQ(fs->path_of(*root_), "");
}

TEST_F(FrozenRead, WhatCannotBeOpenedIsSaidAsByTheLiveLayer) {
  ASSERT_EQ(::mkfifo((temp_ / "root/fifo").c_str(), 0600), 0);
  for (const std::string path : {"missing", "root/fifo"}) {
    const auto live = HostFilesystem::open(temp_ / path, {});
    const auto frozen = FrozenFilesystem::open(temp_ / path, {});
    ASSERT_FALSE(live || frozen) << path;
    EXPECT_EQ(frozen.error().text(), live.error().text());
  }
}

TEST_F(FrozenRead, WhatIsMountedInsideShows) {
  WASIFS_NEEDS_ROOT();
  temp_.make_dirs("root/m");
  const ScopedTmpfs mounted(temp_ / "root/m");
  if (!mounted.mounted()) GTEST_SKIP() << "PRIVILEGES MISSING: tmpfs cannot be mounted";
  temp_.write_file("root/m/f", "text");
  freeze();
  expect_same(*root_, *top_, "");
  EXPECT_GE(must(in("m/f")->attr()).ino, host::InodeNumbers::kForeign);
}

TEST_F(FrozenRead, WhatAUserMayNotLookAtIsListedOnly) {
  WASIFS_NEEDS_ROOT();
  temp_.write_file("root/d/f", "text");
  temp_.make_symlink("root/d/l", "f");
  ASSERT_EQ(::chmod((temp_ / "root").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((temp_ / "root/d").c_str(), 0744), 0);
  auto user = std::make_unique<ScopedUser>();
  freeze();
  const auto live = list(*at("d"));
  const auto found = list(*in("d"));
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at("f").ino, live.at("f").ino);
  EXPECT_EQ(found.at("l").type, live.at("l").type);
  EXPECT_EQ(error_of(in("d")->lookup("f")), Errc::eacces);
  EXPECT_EQ(error_of(at("d")->lookup("f")), Errc::eacces);
  // Trouble is not remembered, what is found is.
  user.reset();
  EXPECT_EQ(content_of(*in("d/f")), "text");
  EXPECT_EQ(in("d/f"), in("d/f"));
}

TEST_F(FrozenRead, WhatAUserMayOnlyPassThroughIsSearched) {
  WASIFS_NEEDS_ROOT();
  temp_.write_file("root/d/f", "text", 0644);
  temp_.write_file("root/d/sub/g", "below", 0644);
  temp_.make_symlink("root/d/l", "f");
  ASSERT_EQ(::link((temp_ / "root/d/f").c_str(), (temp_ / "root/d/again").c_str()), 0);
  ASSERT_EQ(::chmod((temp_ / "root").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((temp_ / "root/d").c_str(), 0711), 0);
  const ScopedUser user;
  freeze();
  EXPECT_EQ(error_of(in("d")->open_dir()), Errc::eacces);
  EXPECT_EQ(content_of(*in("d/f")), "text");
  EXPECT_EQ(in("d/f"), in("d/f"));
  EXPECT_EQ(in("d/again"), in("d/f"));
  EXPECT_EQ(must(in("d/l")->read_link()).text, "f");
  EXPECT_EQ(content_of(*in("d/sub/g")), "below");
  EXPECT_EQ(frozen_->path_of(*in("d/sub/g")), "/d/sub/g");
  EXPECT_EQ(error_of(in("d")->lookup("none")), Errc::enoent);
  EXPECT_EQ(error_of(in("d")->lookup("..")), Errc::einval);
}

TEST_F(FrozenRead, WhatCouldNotBeReadIsAskedForAgain) {
  WASIFS_NEEDS_ROOT();
  temp_.write_file("root/d/f", "");
  ASSERT_EQ(::chmod((temp_ / "root/d").c_str(), 0700), 0);
  {
    const ScopedUser user;
    freeze();
    EXPECT_EQ(error_of(in("d")->open_dir()), Errc::eacces);
    EXPECT_EQ(error_of(in("d")->lookup("f")), Errc::eacces);
  }
  EXPECT_EQ(list(*in("d")).size(), 1U);
}

TEST_F(FrozenRead, AttributesAreReadWhereTheyAreAndNotLookedForTwice) {
  temp_.write_file("root/with", "");
  temp_.write_file("root/without", "");
  if (::setxattr((temp_ / "root/with").c_str(), "user.a", "v", 1, 0) != 0) {
    GTEST_SKIP() << "the file system keeps no extended attributes";
  }
  freeze();
  EXPECT_EQ(must(in("with")->get_xattr("user.a")), "v");
  EXPECT_EQ(error_of(in("with")->get_xattr("user.b")), Errc::enodata);
  EXPECT_EQ(must(in("with")->get_xattr("user.a")), "v");
  EXPECT_EQ(error_of(in("without")->get_xattr("user.a")), Errc::enodata);
  EXPECT_EQ(error_of(in("without")->get_xattr(std::string(300, 'x'))), Errc::erange);
  // It is known to have none, so that the host is not asked any more.
  ::setxattr((temp_ / "root/without").c_str(), "user.a", "v", 1, 0);
  EXPECT_EQ(error_of(in("without")->get_xattr("user.a")), Errc::enodata);
  EXPECT_TRUE(must(in("without")->list_xattrs()).empty());
}

}  // namespace
}  // namespace wasifs::test
