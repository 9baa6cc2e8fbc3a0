// SPDX-License-Identifier: Apache-2.0
// What archives of every kind show.
#include "fs/archive/archive_fs.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "archive_maker.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

const std::vector<ArchiveItem> kSite = {
    dir_item("site", 0750),
    {.path = "site/index.html", .data = "<h1>hello</h1>", .mode = 0640, .mtime = {.sec = 1'000'000'000}},
    {.path = "site/empty"},
    {.path = "site/deep/er/file", .data = std::string(100'000, 'x')},
    link_item("site/latest", "deep/er/file"),
};

constexpr std::string_view kSiteListing =
    "/: dir 0755\n"
    "/site: dir 0750\n"
    "/site/deep: dir 0755\n"
    "/site/deep/er: dir 0755\n"
    "/site/deep/er/file: file 0644 100000\n"
    "/site/empty: file 0644 0\n"
    "/site/index.html: file 0640 14\n"
    "/site/latest: link 0777 -> deep/er/file\n";

struct Way {
  std::string_view format;
  std::string_view filter = "none";
  std::string_view options = {};
  bool direct = false;  ///< content is served from where it lies
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.format << " " << way.filter << " " << way.options;
}

class OfEveryKind : public testing::TestWithParam<Way> {};

TEST_P(OfEveryKind, ShowsTheSameTree) {
  const Way way = GetParam();
  const auto fs = open_archive(make_archive(way.format, kSite, way.filter, way.options));
  EXPECT_EQ(listing(*fs), kSiteListing);
  EXPECT_EQ(content(*fs, "/site/index.html"), "<h1>hello</h1>");
  EXPECT_EQ(content(*fs, "/site/empty"), "");
  EXPECT_EQ(content(*fs, "/site/deep/er/file"), std::string(100'000, 'x'));
  EXPECT_EQ(fs->spooled() == 0, way.direct);
  EXPECT_EQ(node_at(*fs, "/site/index.html")->attr().value().mtime.sec, 1'000'000'000);
  // The content is memory, however it was packed.
  const FilePtr file = node_at(*fs, "/site/deep/er/file")->open({}).value();
  const std::optional<View> view = file->view(99'990, 100);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->bytes.size(), 10U);
}

INSTANTIATE_TEST_SUITE_P(
    Archives, OfEveryKind,
    testing::Values(Way{.format = "pax", .direct = true}, Way{.format = "gnutar", .direct = true},
                    Way{.format = "ustar", .direct = true}, Way{.format = "newc", .direct = true},
                    Way{.format = "odc", .direct = true},
                    Way{.format = "zip", .options = "zip:compression=store", .direct = true},
                    Way{.format = "zip", .options = "zip:compression=deflate"}, Way{.format = "7zip"},
                    Way{.format = "pax", .filter = "gzip"}, Way{.format = "pax", .filter = "bzip2"},
                    Way{.format = "pax", .filter = "xz"}, Way{.format = "pax", .filter = "zstd"},
                    Way{.format = "pax", .filter = "lz4"}, Way{.format = "newc", .filter = "gzip"}),
    [](const auto& test) {
      const Way& way = test.param;
      std::string name = std::string(way.format) + "_" + std::string(way.filter);
      if (way.options.ends_with("store")) name += "_stored";
      return name;
    });

TEST(ArchiveFs, AttributesAreThoseOfTheArchive) {
  const auto fs = open_archive(make_archive(
      "pax", {{.path = "f",
               .data = "1234567",
               .mode = 04751,
               .mtime = {.sec = -5, .nsec = 123'456'789},
               .xattrs = {{"user.a", std::string("\0\xff", 2)}, {"security.capability", "cap"}}},
              {.path = "null", .type = FileType::char_device, .mode = 0666, .rdev = makedev(1, 3)},
              {.path = "pipe", .type = FileType::fifo}}));
  const Attr f = node_at(*fs, "/f")->attr().value();
  EXPECT_EQ(f.mode, 04751);
  EXPECT_EQ(f.uid, 1000U);
  EXPECT_EQ(f.gid, 100U);
  EXPECT_EQ(f.size, 7U);
  EXPECT_EQ(f.blocks, 1U);
  EXPECT_EQ(f.nlink, 1U);
  EXPECT_EQ(f.mtime, (Time{.sec = -6, .nsec = 876'543'211})) << "libarchive makes it -5.123456789";
  EXPECT_EQ(f.ctime, f.mtime) << "where the archive does not tell";
  EXPECT_EQ(node_at(*fs, "/f")->get_xattr("user.a"), std::string("\0\xff", 2));
  EXPECT_EQ(node_at(*fs, "/f")->get_xattr("user.b").error(), Errc::enodata);
  EXPECT_EQ(node_at(*fs, "/f")->list_xattrs().value().size(), 2U);
  EXPECT_EQ(node_at(*fs, "/null")->attr().value().rdev, makedev(1, 3));
  EXPECT_EQ(node_at(*fs, "/null")->attr().value().size, 0U);
  EXPECT_EQ(node_at(*fs, "/pipe")->type(), FileType::fifo);
  EXPECT_EQ(fs->root()->attr().value().nlink, 2U);
}

void expect_three_names(Filesystem& fs) {
  EXPECT_EQ(listing(fs),
            "/: dir 0755\n/a: file 0644 3\n/b: file 0644 = /a\n/d: dir 0755\n/d/c: file 0644 = /a\n");
  EXPECT_EQ(node_at(fs, "/d/c")->attr().value().nlink, 3U);
  EXPECT_EQ(node_at(fs, "/a").get(), node_at(fs, "/d/c").get());
  EXPECT_EQ(content(fs, "/d/c"), "one");
}

TEST(ArchiveFs, HardLinksAreOneFile) {
  expect_three_names(*open_archive(make_archive(
      "pax", {{.path = "a", .data = "one"}, hard_link_item("b", "a"), hard_link_item("d/c", "./b")})));
}

TEST(ArchiveFs, TheLastNameOfACpioHasTheContent) {
  expect_three_names(*open_archive(make_archive(
      "newc", {{.path = "a", .ino = 7}, {.path = "b", .ino = 7}, {.path = "d/c", .data = "one", .ino = 7}})));
}

TEST(ArchiveFs, AnImageOfADiscIsAnArchive) {
  const auto fs = open_archive(make_archive("iso9660", kSite));
  EXPECT_EQ(fs->spooled(), 0U);
  EXPECT_EQ(content(*fs, "/site/deep/er/file"), std::string(100'000, 'x'));
  EXPECT_EQ(node_at(*fs, "/site/latest")->read_link().value().text, "deep/er/file");
  EXPECT_EQ(node_at(*fs, "/site")->attr().value().mode, 0555) << "what its writer has made of 0750";
}

TEST(ArchiveFs, HolesAreHoles) {
  std::string data(300'000, '\0');
  data.replace(100'000, 3, "abc");
  data.replace(200'000, 3, "def");
  const auto fs = open_archive(
      make_archive("pax", {{.path = "s", .data = data, .segments = {{100'000, 3}, {200'000, 3}}},
                           {.path = "hole", .data = std::string(70'000, '\0'), .segments = {{70'000, 0}}}}));
  EXPECT_EQ(content(*fs, "/s"), data);
  EXPECT_EQ(content(*fs, "/hole"), std::string(70'000, '\0'));
  const FilePtr file = node_at(*fs, "/s")->open({}).value();
  EXPECT_EQ(file->seek_data(0), 100'000U);
  EXPECT_EQ(file->seek_hole(0), 0U);
  EXPECT_EQ(file->seek_hole(100'001), 100'003U);
  EXPECT_EQ(file->seek_data(100'003), 200'000U);
  EXPECT_EQ(file->seek_data(250'000).error(), Errc::enxio);
  EXPECT_EQ(file->seek_hole(250'000), 250'000U);
  EXPECT_EQ(file->seek_hole(300'000).error(), Errc::enxio);
  EXPECT_FALSE(file->view(0, 10)) << "a hole is no memory";
  EXPECT_FALSE(file->view(100'001, 10)) << "nor is what ends in one";
  EXPECT_EQ(file->view(100'001, 2)->bytes.size(), 2U);
  EXPECT_TRUE(file->view(300'000, 10)->bytes.empty());
  EXPECT_EQ(node_at(*fs, "/s")->attr().value().blocks, 2U);
  std::string middle(8, '?');
  EXPECT_EQ(file->read_at(99'998, std::as_writable_bytes(std::span(middle))), 8U);
  EXPECT_EQ(middle, std::string("\0\0abc\0\0\0", 8));
  EXPECT_EQ(node_at(*fs, "/hole")->attr().value().blocks, 0U);
}

TEST(ArchiveFs, TheLastEntryOfANameCounts) {
  const auto fs = open_archive(make_archive("pax", {{.path = "f", .data = "old"},
                                                    {.path = "f", .data = "newer", .mode = 0600},
                                                    dir_item("d", 0700),
                                                    {.path = "d/x"},
                                                    dir_item("d", 0711),
                                                    dir_item("gone"),
                                                    {.path = "gone/below"},
                                                    {.path = "gone", .data = "file"},
                                                    {.path = "up", .data = "was a file"},
                                                    {.path = "up/x"}}));
  EXPECT_EQ(listing(*fs),
            "/: dir 0755\n"
            "/d: dir 0711\n"
            "/d/x: file 0644 0\n"
            "/f: file 0600 5\n"
            "/gone: file 0644 4\n"
            "/up: dir 0755\n"
            "/up/x: file 0644 0\n");
  EXPECT_EQ(fs->statfs().value().files, 7U) << "what was replaced is not kept";
}

TEST(ArchiveFs, ADirectoryThatComesBackIsEmpty) {
  const auto fs =
      open_archive(make_archive("pax", {{.path = "d/old"}, {.path = "d"}, dir_item("d"), {.path = "d/new"}}));
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/d: dir 0755\n/d/new: file 0644 0\n");
}

TEST(ArchiveFs, AReplacedNameLeavesTheFileToItsOtherNames) {
  const auto fs = open_archive(make_archive(
      "pax", {{.path = "a", .data = "kept"}, hard_link_item("b", "a"), {.path = "a", .data = "other"}}));
  EXPECT_EQ(content(*fs, "/a"), "other");
  EXPECT_EQ(content(*fs, "/b"), "kept");
  EXPECT_EQ(node_at(*fs, "/b")->attr().value().nlink, 1U);
}

TEST(ArchiveFs, PathsAreReadAsTarReadsThem) {
  const auto fs =
      open_archive(RawTar().entry("./", "", '5').entry("./a//b/./c", "x").entry("/etc/passwd", "y").finish());
  EXPECT_EQ(listing(*fs),
            "/: dir 0644\n/a: dir 0755\n/a/b: dir 0755\n/a/b/c: file 0644 1\n/etc: dir 0755\n"
            "/etc/passwd: file 0644 1\n");
}

TEST(ArchiveFs, NamesAreBytes) {
  const std::string latin = "caf\xe9", utf8 = "caf\xc3\xa9 \xe2\x82\xac", control = "a\nb\x7f";
  for (const std::string_view format : {"pax", "gnutar", "ustar", "newc"}) {
    const auto fs = open_archive(
        make_archive(format, {{.path = latin}, {.path = utf8}, {.path = control}, link_item("link", latin)}));
    for (const std::string& name : {latin, utf8, control})
      EXPECT_NO_THROW(node_at(*fs, name)) << format << name;
    EXPECT_EQ(node_at(*fs, "link")->read_link().value().text, latin) << format;
  }
  // Formats that store Unicode.
  EXPECT_NO_THROW(node_at(*open_archive(make_archive("pax", {{.path = utf8}}, "none", "")), utf8));
}

TEST(ArchiveFs, DirectoriesNobodyDescribesAreAsOldAsTheArchive) {
  const auto fs = open_archive(make_archive("pax", {{.path = "a/b"}}), {.stamp = {.sec = 77, .nsec = 5}});
  EXPECT_EQ(node_at(*fs, "/a")->attr().value().mtime, (Time{.sec = 77, .nsec = 5}));
  EXPECT_EQ(fs->root()->attr().value().mtime, (Time{.sec = 77, .nsec = 5}));
}

TEST(ArchiveFs, ManyNamesInOneDirectoryAreFound) {
  std::vector<ArchiveItem> items;
  for (int i = 0; i < 3000; ++i) items.push_back({.path = "d/" + std::to_string(i)});
  const auto fs = open_archive(make_archive("pax", items));
  const NodeRef d = node_at(*fs, "/d");
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(d->lookup(std::to_string(i))) << i;
  EXPECT_EQ(d->lookup("3000").error(), Errc::enoent);
  std::vector<std::string> names;
  std::uint64_t cookie = 0;
  // In pieces, each through a directory of its own.
  for (std::size_t before = 1; before != names.size();) {
    before = names.size();
    ASSERT_TRUE(d->open_dir().value()->read(cookie, [&](const DirEntry& entry) {
      if (names.size() == before + 700) return false;
      names.emplace_back(entry.name);
      cookie = entry.next;
      return true;
    }));
  }
  EXPECT_EQ(names.size(), 3000U);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(ArchiveFs, TellsWhereANodeIs) {
  const auto fs = open_archive(make_archive("pax", kSite));
  EXPECT_EQ(fs->describe(), "archive \"a.tar\"");
  EXPECT_EQ(fs->path_of(*fs->root()), "/");
  EXPECT_EQ(fs->path_of(*node_at(*fs, "/site/deep/er/file")), "/site/deep/er/file");
  const auto other = open_archive(make_archive("pax", kSite));
  EXPECT_EQ(fs->path_of(*node_at(*other, "/site")), "");
  EXPECT_TRUE(fs->traits().immutable);
  EXPECT_TRUE(fs->traits().lasting_cookies);
  EXPECT_FALSE(fs->traits().overlay_marks);
}

TEST(ArchiveFs, NothingCanBeChanged) {
  const auto fs = open_archive(make_archive("pax", kSite));
  EXPECT_EQ(fs->root()->create("x", {}).error(), Errc::erofs);
  EXPECT_EQ(node_at(*fs, "/site/empty")->open({.write = true}).error(), Errc::erofs);
  EXPECT_EQ(node_at(*fs, "/site/empty")->open({.truncate = true}).error(), Errc::erofs);
  EXPECT_EQ(node_at(*fs, "/site")->open({}).error(), Errc::eisdir);
  EXPECT_EQ(node_at(*fs, "/site/empty")->lookup("x").error(), Errc::enotdir);
  EXPECT_EQ(node_at(*fs, "/site")->read_link().error(), Errc::einval);
}

TEST(ArchiveFs, AViewOutlivesTheArchive) {
  std::optional<View> view;
  {
    const auto fs = open_archive(make_archive("pax", kSite, "gzip"));
    view = node_at(*fs, "/site/index.html")->open({}).value()->view(0, 100);
  }
  ASSERT_TRUE(view);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(view->bytes.data()), view->bytes.size()),
            "<h1>hello</h1>");
}

TEST(ArchiveFs, ProgressGoesForwardToTheEnd) {
  std::vector<std::uint64_t> told;
  std::string noise(500'000, '\0');
  std::uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  const std::string bytes = make_archive("pax", {{.path = "f", .data = noise}}, "gzip");
  archive::OpenOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, bytes.size());
    EXPECT_LE(done, total);
    told.push_back(done);
  };
  EXPECT_EQ(refusal(bytes, options), "");
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_GT(told.size(), 3U);
  EXPECT_GT(told.back(), bytes.size() / 2);
}

}  // namespace
}  // namespace wasifs::test
