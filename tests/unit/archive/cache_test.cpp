// SPDX-License-Identifier: Apache-2.0
// What was decompressed once is kept.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>

#include "archive_maker.h"
#include "base/sha256.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

class ArchiveCache : public testing::Test {
 protected:
  archive::OpenOptions options() {
    archive::OpenOptions options;
    options.cache = dir_ / "cache";
    options.spool = dir_ / "spool";
    return options;
  }
  ArchiveCache() { std::filesystem::create_directory(dir_ / "spool"); }

  std::vector<std::filesystem::path> kept() {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(dir_ / "cache")) return files;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ / "cache"))
      files.push_back(entry.path());
    return files;
  }

  TempDir dir_;
};

const std::vector<ArchiveItem> kAll = {
    dir_item("d", 01711),
    {.path = "d/f",
     .data = "content",
     .mode = 04755,
     .mtime = {.sec = 1'000'000'000, .nsec = 123},
     .xattrs = {{"user.a", "1"}}},
    hard_link_item("a-name-before-it", "d/f"),
    link_item("l", "d/f"),
    {.path = "null", .type = FileType::char_device, .rdev = makedev(1, 3)},
    {.path = "caf\xe9"},
    {.path = "s", .data = std::string(200'000, '\0') + "end", .segments = {{200'000, 3}}},
    {.path = ".wh.gone"},
};

TEST_F(ArchiveCache, TheSecondTimeNothingIsDecompressed) {
  const std::string bytes = make_archive("pax", kAll, "gzip");
  const auto without = open_archive(bytes);
  EXPECT_GT(without->spooled(), 0U);
  for (int time = 0; time < 2; ++time) {
    const auto fs = open_archive(bytes, options());
    EXPECT_EQ(fs->spooled(), 0U) << time;
    EXPECT_EQ(listing(*fs), listing(*without)) << time;
    EXPECT_EQ(fs->describe(), "archive \"a.tar\"");
    EXPECT_EQ(content(*fs, "/d/f"), "content");
    EXPECT_EQ(content(*fs, "/s"), content(*without, "/s"));
    for (const std::string path : {"/d", "/d/f", "/l", "/null", "/s"}) {
      const Attr was = node_at(*without, path)->attr().value();
      const Attr is = node_at(*fs, path)->attr().value();
      EXPECT_EQ(is.mtime, was.mtime) << path;
      EXPECT_EQ(is.atime, was.atime) << path;
      EXPECT_EQ(is.mode, was.mode) << path;
      EXPECT_EQ(is.uid, was.uid) << path;
      EXPECT_EQ(is.rdev, was.rdev) << path;
      EXPECT_EQ(is.nlink, was.nlink) << path;
      EXPECT_EQ(is.blocks, was.blocks) << path;
    }
    EXPECT_EQ(node_at(*fs, "/d/f")->get_xattr("user.a"), "1");
  }
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().front().filename(), to_hex(sha256(std::as_bytes(std::span(bytes)))) + ".tar");
  struct stat folder{};
  ASSERT_EQ(::stat((dir_ / "cache").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777U, 0700U);
}

TEST_F(ArchiveCache, OneServesWhateverWhiteoutsMean) {
  const std::string bytes = make_archive("pax", kAll, "xz");
  archive::OpenOptions oci = options();
  oci.whiteouts = Whiteouts::oci;
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(node_at(*open_archive(bytes, oci), "/gone")->type(), FileType::char_device);
    EXPECT_EQ(node_at(*open_archive(bytes, options()), "/.wh.gone")->type(), FileType::regular);
  }
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(ArchiveCache, WhatIsServedAsItLiesIsNotKept) {
  open_archive(make_archive("pax", kAll), options()).reset();
  open_archive(make_archive("zip", {{.path = "f", .data = "x"}}, "none", "zip:compression=store"), options())
      .reset();
  EXPECT_TRUE(kept().empty());
  open_archive(make_archive("zip", {{.path = "f", .data = "x"}}), options()).reset();
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(ArchiveCache, ADamagedOneIsMadeAnew) {
  const std::string bytes = make_archive("pax", kAll, "gzip");
  open_archive(bytes, options()).reset();
  const auto size = std::filesystem::file_size(kept().front());
  for (const std::string damage : {"", "no tar"}) {
    std::ofstream(kept().front(), std::ios::binary | std::ios::trunc) << damage << std::flush;
    EXPECT_EQ(content(*open_archive(bytes, options()), "/d/f"), "content");
    EXPECT_EQ(std::filesystem::file_size(kept().front()), size);
  }
}

TEST_F(ArchiveCache, OneThatWasCutOffBetweenEntriesIsMadeAnew) {
  const std::string bytes =
      make_archive("pax", {{.path = "a", .data = "1"}, {.path = "b", .data = "2"}}, "gzip");
  open_archive(bytes, options()).reset();
  const auto size = std::filesystem::file_size(kept().front());
  for (std::uintmax_t cut = 512; cut < size; cut += 512) {
    std::filesystem::resize_file(kept().front(), cut);
    const auto fs = open_archive(bytes, options());
    EXPECT_EQ(content(*fs, "/a") + content(*fs, "/b"), "12") << cut;
    EXPECT_EQ(std::filesystem::file_size(kept().front()), size) << cut;
  }
}

TEST_F(ArchiveCache, WhatNoTarCanHoldIsNotKept) {
  const std::string bytes = make_archive(
      "newc", {{.path = "f", .data = "content"}, {.path = "s", .type = FileType::socket}}, "gzip");
  EXPECT_EQ(listing(*open_archive(bytes, options())), "/: dir 0755\n/f: file 0644 7\n/s: socket 0644\n");
  EXPECT_TRUE(kept().empty());
}

TEST_F(ArchiveCache, AFolderThatCannotBeMadeIsAnError) {
  archive::OpenOptions nowhere = options();
  nowhere.cache = "/nowhere/at/all";
  EXPECT_EQ(refusal(make_archive("pax", kAll, "gzip"), nowhere),
            "error: what archive \"a.tar\" holds cannot be kept in \"/nowhere/at/all\": No such file or "
            "directory\nhint: name another --cache, or none");
  dir_.write_file("cache", "a file");
  const std::string text = refusal(make_archive("pax", kAll, "gzip"), options());
  EXPECT_NE(text.find("\n  cause: cannot write "), std::string::npos) << text;
}

}  // namespace
}  // namespace wasifs::test
