// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/volume_fs.h"

#include <unistd.h>

#include <map>
#include <set>
#include <thread>

#include "testing.h"

namespace wasifs::webc {
namespace {

class Volume : public testing::Test {
 protected:
  static WebcSpec spec() {
    return {
        .volumes = {{"/v",
                     {webc_dir("", 5), webc_file("file", std::string(1000, 'x'), 77), webc_file("old", "", 0),
                      webc_dir("dir", 99), webc_dir("dir/one"), webc_dir("dir/two"),
                      webc_link("link", "/file", 42), webc_link("dir/rel", "../file", 0)}}}};
  }
  Volume() : bytes_(write_webc(spec())), view_(view_of(bytes_)) {
    package_ = Package::parse(view_, "p.webc").value();
    fs_ = package_->volume("/v");
    root_ = fs_->root();
  }
  Attr attr(std::string_view name) { return root_->lookup(name).value()->attr().value(); }

  std::string bytes_;
  View view_;
  std::shared_ptr<const Package> package_;
  FilesystemPtr fs_;
  NodeRef root_;
};

TEST_F(Volume, FilesHaveMode0644AndTheirSizeAndTime) {
  const Attr file = attr("file");
  EXPECT_EQ(file.type, FileType::regular);
  EXPECT_EQ(file.mode, 0644);
  EXPECT_EQ(file.size, 1000U);
  EXPECT_EQ(file.blocks, 2U);
  EXPECT_EQ(file.nlink, 1U);
  EXPECT_EQ(file.uid, ::geteuid());
  EXPECT_EQ(file.gid, ::getegid());
  const Time time{.sec = 77};
  EXPECT_EQ(file.mtime, time);
  EXPECT_EQ(file.atime, time);
  EXPECT_EQ(file.ctime, time);
  EXPECT_EQ(file.btime, time);
}

TEST_F(Volume, WhatHasNoTimeShowsTheFirstSecond) { EXPECT_EQ(attr("old").mtime, Time{.sec = 1}); }

TEST_F(Volume, DirectoriesHaveMode0755SizeZeroAndALinkPerSubdirectory) {
  const Attr dir = attr("dir");
  EXPECT_EQ(dir.mode, 0755);
  EXPECT_EQ(dir.size, 0U);
  EXPECT_EQ(dir.nlink, 4U);
  EXPECT_EQ(dir.mtime, Time{.sec = 99});
  const Attr root = root_->attr().value();
  EXPECT_EQ(root.nlink, 3U);
  EXPECT_EQ(root.mtime, Time{.sec = 5});
  EXPECT_EQ(root.ino, 1U);
}

TEST_F(Volume, SymlinksHaveMode0777TheLengthOfTheirTextAndStartAtTheVolumesRoot) {
  const NodeRef link = root_->lookup("link").value();
  EXPECT_EQ(link->type(), FileType::symlink);
  const Attr attributes = link->attr().value();
  EXPECT_EQ(attributes.mode, 0777);
  EXPECT_EQ(attributes.size, 5U);
  EXPECT_EQ(attributes.mtime, Time{.sec = 42});
  const Link text = link->read_link().value();
  EXPECT_EQ(text.text, "/file");
  EXPECT_TRUE(text.layer_rooted);
  EXPECT_EQ(link->open({}).error(), Errc::enxio);
  EXPECT_EQ(link->lookup("x").error(), Errc::enotdir);
}

TEST_F(Volume, InodeNumbersAreDistinctAndEqualInStatAndReaddir) {
  std::set<std::uint64_t> seen{root_->attr().value().ino};
  const DirPtr dir = root_->open_dir().value();
  ASSERT_TRUE(dir->read(0, [&](const DirEntry& entry) {
    EXPECT_EQ(entry.ino, attr(entry.name).ino);
    EXPECT_EQ(entry.type, attr(entry.name).type);
    EXPECT_TRUE(seen.insert(entry.ino).second);
    return true;
  }));
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(Volume, LookupsThatDoNotFitAnswerAsPosixSays) {
  EXPECT_EQ(root_->lookup("nothing").error(), Errc::enoent);
  EXPECT_EQ(root_->lookup("one").error(), Errc::enoent);
  EXPECT_EQ(root_->lookup("fil").error(), Errc::enoent);
  EXPECT_EQ(root_->lookup("file2").error(), Errc::enoent);
  const NodeRef file = root_->lookup("file").value();
  EXPECT_EQ(file->lookup("x").error(), Errc::enotdir);
  EXPECT_EQ(file->open_dir().error(), Errc::enotdir);
  EXPECT_EQ(file->read_link().error(), Errc::einval);
  EXPECT_EQ(root_->open({}).error(), Errc::eisdir);
}

TEST_F(Volume, TheSameNodeComesBackForTheSameName) {
  EXPECT_EQ(root_->lookup("file").value(), root_->lookup("file").value());
}

TEST_F(Volume, OpeningForAnyKindOfChangeIsErofs) {
  const NodeRef file = root_->lookup("file").value();
  EXPECT_EQ(file->open({.write = true}).error(), Errc::erofs);
  EXPECT_EQ(file->open({.append = true}).error(), Errc::erofs);
  EXPECT_EQ(file->open({.truncate = true}).error(), Errc::erofs);
}

TEST_F(Volume, EveryChangeIsErofs) {
  EXPECT_EQ(root_->set_attr({.mode = 0600}).error(), Errc::erofs);
  EXPECT_EQ(root_->create("new", {}).error(), Errc::erofs);
  EXPECT_EQ(root_->unlink("file").error(), Errc::erofs);
  EXPECT_EQ(root_->rmdir("dir").error(), Errc::erofs);
  EXPECT_EQ(root_->rename("file", *root_, "x", RenameMode::replace).error(), Errc::erofs);
}

TEST_F(Volume, ReadsStopAtTheEndOfTheFile) {
  const FilePtr file = root_->lookup("file").value()->open({}).value();
  std::vector<std::byte> buffer(600);
  EXPECT_EQ(file->read_at(0, buffer).value(), 600U);
  EXPECT_EQ(buffer[0], std::byte{'x'});
  EXPECT_EQ(file->read_at(600, buffer).value(), 400U);
  EXPECT_EQ(file->read_at(1000, buffer).value(), 0U);
  EXPECT_EQ(file->read_at(File::kMaxSize, buffer).value(), 0U);
  std::vector<std::byte> none;
  EXPECT_EQ(file->read_at(0, none).value(), 0U);
  EXPECT_EQ(file->write_at(0, buffer).error(), Errc::ebadf);
}

TEST_F(Volume, ViewsAreTheMappingsOwnBytes) {
  const FilePtr file = root_->lookup("file").value()->open({}).value();
  const View view = file->view(10, 20).value();
  ASSERT_EQ(view.bytes.size(), 20U);
  const std::size_t at = offset_of(bytes_, std::string(1000, 'x'));
  EXPECT_EQ(view.bytes.data(), view_.bytes.data() + at + 10);
  EXPECT_EQ(file->view(999, 20).value().bytes.size(), 1U);
  EXPECT_TRUE(file->view(1000, 1).value().bytes.empty());
  EXPECT_TRUE(file->view(UINT64_MAX, SIZE_MAX).value().bytes.empty());
}

TEST_F(Volume, ContentIsOneExtentOfData) {
  const FilePtr file = root_->lookup("file").value()->open({}).value();
  EXPECT_EQ(file->seek_data(7).value(), 7U);
  EXPECT_EQ(file->seek_hole(7).value(), 1000U);
  EXPECT_EQ(file->seek_data(1000).error(), Errc::enxio);
  EXPECT_EQ(file->seek_hole(1000).error(), Errc::enxio);
}

TEST_F(Volume, ADirectoryReadContinuesFromACookie) {
  const DirPtr dir = root_->open_dir().value();
  std::vector<std::string> names;
  std::uint64_t cookie = 0;
  for (int round = 0; round < 10; ++round) {
    int taken = 0;
    ASSERT_TRUE(dir->read(cookie, [&](const DirEntry& entry) {
      if (taken++ == 1) return false;  // refused: must come again
      names.emplace_back(entry.name);
      cookie = entry.next;
      return true;
    }));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"dir", "file", "link", "old"}));
  ASSERT_TRUE(dir->read(1'000'000, [&](const DirEntry&) {
    ADD_FAILURE() << "an entry behind the end";
    return true;
  }));
}

TEST_F(Volume, TellsItsTraitsNameAndSize) {
  EXPECT_TRUE(fs_->traits().immutable);
  EXPECT_FALSE(fs_->traits().shared);
  EXPECT_EQ(fs_->describe(), "webc \"p.webc\" volume \"/v\"");
  const StatFs stat = fs_->statfs().value();
  EXPECT_EQ(stat.files, 8U);
  EXPECT_EQ(stat.blocks, 1U);
  EXPECT_EQ(stat.files_free, 0U);
  EXPECT_EQ(stat.blocks_free, 0U);
}

/// Goes through the whole volume and compares each node's path with the way that
/// led to it.
void expect_paths(Filesystem& fs, std::size_t nodes) {
  std::vector<std::pair<NodeRef, std::string>> left{{fs.root(), ""}};
  std::size_t seen = 0;
  while (!left.empty()) {
    const auto [node, path] = left.back();
    left.pop_back();
    ++seen;
    EXPECT_EQ(fs.path_of(*node), path.empty() ? "/" : path);
    if (!node->is_directory()) continue;
    ASSERT_TRUE(node->open_dir().value()->read(0, [&](const DirEntry& entry) {
      left.emplace_back(node->lookup(entry.name).value(), path + "/" + std::string(entry.name));
      return true;
    }));
  }
  EXPECT_EQ(seen, nodes);
}

TEST_F(Volume, KnowsThePathOfEveryNode) { expect_paths(*fs_, 8); }

TEST_F(Volume, KnowsPathsAmongEmptyDirectoriesAndFiles) {
  WebcSpec spec;
  auto& entries = spec.volumes["/v"];
  std::size_t count = 1;
  const auto add = [&](auto entry) {
    entries.push_back(std::move(entry));
    ++count;
  };
  for (const std::string top : {"a", "b", "c", "d", "e"}) {
    add(webc_dir(top));
    if (top == "b" || top == "e") continue;  // stay empty
    for (const std::string sub : {"1", "2", "3"}) {
      add(webc_dir(top + "/" + sub));
      if (sub != "2") add(webc_file(top + "/" + sub + "/f", "x"));
    }
    add(webc_file(top + "/0", "x"));
    add(webc_link(top + "/9", "0"));
  }
  expect_paths(*must_write(spec)->volume("/v"), count);
}

TEST_F(Volume, HasNoPathForAnotherVolumesNode) {
  EXPECT_EQ(Package::parse(view_, "p.webc").value()->volume("/v")->path_of(*root_), "");
}

TEST_F(Volume, OriginsNamePackageVolumeAndPath) {
  EXPECT_EQ(fs_->origin(*root_->lookup("dir").value()->lookup("rel").value()).text(),
            "webc \"p.webc\" volume \"/v\" path \"/dir/rel\"");
}

TEST(VolumeLifetime, AVolumeOutlivesItsPackage) {
  auto package = must_write({.volumes = {{"/v", {webc_file("a", "text"), webc_link("l", "a")}}}});
  const FilesystemPtr fs = package->volume("/v");
  package.reset();
  EXPECT_EQ(content(*fs, "a"), "text");
  EXPECT_EQ(fs->root()->lookup("l").value()->read_link().value().text, "a");
}

TEST(VolumeLifetime, ViewsOutliveVolumeAndPackage) {
  auto package = must_write({.volumes = {{"/v", {webc_file("a", "text")}}}, .atoms = {{"m", "code"}}});
  FilesystemPtr fs = package->volume("/v");
  const View atom = package->atom("m").value();
  const View file = fs->root()->lookup("a").value()->open({}).value()->view(0, 4).value();
  package.reset();
  fs.reset();
  EXPECT_EQ(text_of_view(atom), "code");
  EXPECT_EQ(text_of_view(file), "text");
}

class Large : public testing::TestWithParam<unsigned> {};

TEST_P(Large, FindsEachOf50000Entries) {
  std::vector<test::WebcEntry> entries;
  std::map<std::string, std::string> wanted;
  for (int i = 0; i < 50'000; ++i) {
    // A wide directory and many small ones with the same names.
    const std::string path = i % 2 == 0 ? "wide/f" + std::to_string(i)
                                        : "d" + std::to_string(i % 500) + "/" + std::to_string(i / 500);
    wanted[path] = std::to_string(i);
    entries.push_back(webc_file(path, std::to_string(i)));
  }
  const auto package = must_write({.version = GetParam(), .volumes = {{"v", entries}}});
  const FilesystemPtr fs = package->volume("v");
  for (const auto& [path, text] : wanted) ASSERT_EQ(content(*fs, path), text) << path;
  const NodeRef wide = fs->root()->lookup("wide").value();
  for (int i = 1; i < 50'000; i += 2) ASSERT_EQ(wide->lookup("f" + std::to_string(i)).error(), Errc::enoent);
  const auto* volume = dynamic_cast<VolumeFs*>(fs.get());
  ASSERT_NE(volume, nullptr);
  const std::uint64_t nodes = fs->statfs().value().files;
  EXPECT_LE(volume->memory(), nodes * 120) << "the index takes more than 120 bytes per entry";
}

INSTANTIATE_TEST_SUITE_P(Webc, Large, testing::Values(1U, 2U, 3U));

TEST(VolumeDepth, TenThousandLevelsNeedNoStack) {
  // Nested by hand: version 2 records, each with one child right behind it.
  std::string header;
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t record = header.size();
    header += '\x1e' + webc_le(17) + webc_le(record + 26) + webc_le(1) + "d";
  }
  header += '\x1e' + webc_le(0);
  const auto package = must_parse(package_with(2, {header, ""}));
  EXPECT_EQ(package->volumes()[0].directories, 10'000U);
  const FilesystemPtr fs = package->volume("v");
  NodeRef node = fs->root();
  for (int i = 0; i < 10'000; ++i) node = node->lookup("d").value();
  EXPECT_EQ(node->attr().value().ino, 10'001U);
  EXPECT_TRUE(package->verify());
}

TEST(VolumeThreads, ManyReadersSeeTheSame) {
  const auto package = must_write({.volumes = {{"/v", {webc_file("d/a", "1"), webc_file("d/b", "2")}}}});
  const FilesystemPtr fs = package->volume("/v");
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) {
        EXPECT_EQ(content(*fs, "d/a"), "1");
        EXPECT_EQ(content(*fs, "d/b"), "2");
      }
    });
  }
}

TEST(VolumeFs, AnEmptyLinkIsShownWithItsEmptyText) {
  const auto package =
      must_parse(write_webc({.version = 3, .volumes = {{"/v", {test::webc_link("empty", "")}}}}));
  const auto link = package->volume("v")->root()->lookup("empty").value();
  EXPECT_EQ(link->type(), FileType::symlink);
  EXPECT_EQ(link->attr()->size, 0U);
  EXPECT_EQ(link->read_link()->text, "");
}

}  // namespace
}  // namespace wasifs::webc
