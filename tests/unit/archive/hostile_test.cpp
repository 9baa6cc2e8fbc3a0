// SPDX-License-Identifier: Apache-2.0
// Archives that lie, lead out of themselves, or want to take the machine down.
#include <gtest/gtest.h>

#include <filesystem>

#include "archive_maker.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

TEST(HostileArchive, PathsThatLeadOutAreRefused) {
  EXPECT_EQ(refusal(RawTar().entry("ok").entry("../evil", "x").finish()),
            "error: archive \"a.tar\": entry 2 \"../evil\" (byte 512): \"..\" in a path may lead out of the "
            "archive\nhint: nothing of it is used; if you trust it, unpack it and name the directory");
  EXPECT_NE(refusal(RawTar().entry("a/b/../../../evil").finish()), "");
  EXPECT_NE(refusal(RawTar().entry("a/..").finish()), "");
  EXPECT_NE(refusal(RawTar().entry("h", "", '1', "../../etc/passwd").finish()), "");
}

TEST(HostileArchive, SymlinksAreTextsOnly) {
  const auto fs = open_archive(RawTar()
                                   .entry("out", "", '2', "/etc")
                                   .entry("out/passwd", "mine")
                                   .entry("loop", "", '2', "loop")
                                   .finish());
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/loop: link 0644 -> loop\n/out: dir 0755\n/out/passwd: file 0644 4\n")
      << "what is below a link's name makes that a directory";
}

TEST(HostileArchive, HardLinksLeadToWhatIsThere) {
  EXPECT_EQ(
      refusal(RawTar().entry("h", "", '1', "later").entry("later").finish()),
      "error: archive \"a.tar\": entry 1 \"h\" (byte 0): it is a hard link to \"later\", which no entry "
      "before it has made");
  EXPECT_NE(refusal(RawTar().entry("h", "", '1', "h").finish()), "") << "to itself";
  EXPECT_NE(refusal(RawTar().entry("a", "", '1', "b").entry("b", "", '1', "a").finish()), "")
      << "in a circle";
  EXPECT_EQ(refusal(RawTar().entry("d/", "", '5').entry("h", "", '1', "d").finish()),
            "error: archive \"a.tar\": entry 2 \"h\" (byte 512): it is a hard link to the directory \"d\"");
  // One that names itself again once it is there.
  const auto fs = open_archive(RawTar().entry("a", "x").entry("a", "", '1', "a").finish());
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/a: file 0644 1\n");
}

TEST(HostileArchive, NamesHaveALimit) {
  const std::string name(256, 'n');
  EXPECT_EQ(
      refusal(make_archive("pax", {{.path = "d/" + name}})),
      "error: archive \"a.tar\": entry 1 \"d/" + name + "\" (byte 0): a name of 256 bytes; 255 is the most");
  EXPECT_EQ(refusal(make_archive("pax", {{.path = std::string(255, 'n')}})), "");
  EXPECT_EQ(
      refusal(make_archive("pax", {link_item("l", std::string(4096, 'x'))})),
      "error: archive \"a.tar\": entry 1 \"l\" (byte 0): a symlink's text has 1 to 4095 bytes, not 4096");
}

TEST(HostileArchive, DeepTreesCostNoStack) {
  std::string path = "d";
  for (int i = 1; i < 10'000; ++i) path += "/d";
  const auto fs = open_archive(make_archive("pax", {{.path = path, .data = "deep"}}));
  EXPECT_EQ(fs->statfs().value().files, 10'001U);
  NodeRef at = fs->root();
  while (at->is_directory()) at = at->lookup("d").value();
  EXPECT_EQ(fs->path_of(*at), "/" + path);
}

TEST(HostileArchive, SizesThatLieAreNoticed) {
  // 2^60 bytes, of which there are three; in base 256, as GNU tar has it.
  const std::string huge("\x80\0\0\0\x10\0\0\0\0\0\0\0", 12);
  EXPECT_NE(refusal(RawTar().lying("big", huge, "abc").finish()), "");
  const std::string text = refusal(RawTar().lying("big", "77777777777", "abc").finish());
  EXPECT_TRUE(text.starts_with("error: archive \"a.tar\": entry 1 \"big\" (byte 0): ")) << text;
  EXPECT_NE(
      refusal(RawTar()
                  .lying("negative", std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12))
                  .finish()),
      "");
}

TEST(HostileArchive, AFileThatIsOneLargeHoleTakesNoMemory) {
  // 2^60 bytes without any: POSIX and GNU tar can say that in a few blocks.
  std::string pax;
  for (const std::string_view record :
       {"22 GNU.sparse.major=1\n", "22 GNU.sparse.minor=0\n", "26 GNU.sparse.name=sparse\n",
        "43 GNU.sparse.realsize=1152921504606846976\n"}) {
    pax += record;
  }
  const std::string map = "1\n1152921504606846976\n0\n";
  const auto fs = open_archive(RawTar()
                                   .entry("PaxHeader", pax, 'x')
                                   .entry("GNUSparseFile.0/sparse", map + std::string(512 - map.size(), '\0'))
                                   .finish());
  EXPECT_EQ(node_at(*fs, "/sparse")->attr().value().size, std::uint64_t{1} << 60U);
  std::string end(4, '?');
  const FilePtr file = node_at(*fs, "/sparse")->open({}).value();
  EXPECT_EQ(file->read_at((std::uint64_t{1} << 60U) - 2, std::as_writable_bytes(std::span(end))), 2U);
  EXPECT_EQ(end, std::string("\0\0??", 4));
}

TEST(HostileArchive, TruncatedOnesAreRefused) {
  const std::vector<ArchiveItem> items = {{.path = "a", .data = std::string(5000, 'a')},
                                          {.path = "b", .data = std::string(5000, 'b')}};
  for (const auto& [format, filter] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"pax", "none"},
                                                                  {"pax", "gzip"},
                                                                  {"pax", "xz"},
                                                                  {"pax", "zstd"},
                                                                  {"zip", "none"},
                                                                  {"7zip", "none"},
                                                                  {"newc", "none"}}) {
    const std::string whole = make_archive(format, items, filter);
    EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)), "") << format << " " << filter;
  }
}

TEST(HostileArchive, DamageIsNoticedWhereTheFormatCan) {
  std::string zip = make_archive("zip", {{.path = "f", .data = "content"}}, "none", "zip:compression=store");
  zip[zip.find("content")] ^= 1;
  EXPECT_NE(refusal(zip), "") << "a wrong CRC";
  std::string tar = RawTar().entry("a").entry("b").finish();
  tar[512 + 3] ^= 1;
  EXPECT_NE(refusal(tar), "") << "a wrong header checksum";
}

TEST(HostileArchive, ABombMeetsTheLimit) {
  const std::string bomb =
      make_archive("pax", {{.path = "zeros", .data = std::string(20'000'000, '\0')}}, "gzip");
  EXPECT_LT(bomb.size(), 50'000U);
  archive::OpenOptions options;
  options.max_spool = 1'000'000;
  EXPECT_EQ(
      refusal(bomb, options),
      "error: archive \"a.tar\": it holds more than the 1000000 bytes that may be decompressed\nhint: if "
      "you trust it, unpack it and name the directory");
  EXPECT_EQ(refusal(bomb), "");
}

TEST(HostileArchive, ImpliedDirectoriesAreLimited) {
  // Each path of 60,000 bytes implies 30,000 directories, and packs to next to nothing.
  std::vector<ArchiveItem> items;
  std::string below;
  for (int i = 0; i < 30'000; ++i) below += "/d";
  for (int i = 0; i < 40; ++i) items.push_back({.path = std::to_string(i) + below});
  const std::string text = refusal(make_archive("pax", items, "gzip"));
  EXPECT_NE(text.find(" files and directories are too many for an archive of this size"), std::string::npos)
      << text.substr(text.size() - 200);
  EXPECT_NE(refusal(make_archive("pax", {{.path = "x" + below + below}})).find("; 65535 is the most"),
            std::string::npos);
}

TEST(HostileArchive, ExtendedAttributesAreLimited) {
  std::vector<ArchiveItem> items;
  for (int i = 0; i < 1200; ++i) {
    items.push_back({.path = std::to_string(i), .xattrs = {{"user.a", std::string(60'000, 'x')}}});
  }
  const std::string text = refusal(make_archive("pax", items, "gzip"));
  EXPECT_NE(text.find(" bytes of names and attributes are too many for an archive of this size"),
            std::string::npos)
      << text;
  EXPECT_EQ(
      refusal(make_archive("pax", {{.path = "f", .xattrs = {{"user.a", std::string(65'537, 'x')}}}})),
      "error: archive \"a.tar\": entry 1 \"f\" (byte 0): the extended attribute \"user.a\" has 65537 bytes; "
      "65536 is the most");
}

TEST(HostileArchive, ManyExtentsAreCountedOnce) {
  constexpr std::uint64_t kSegments = 2000;
  std::string data(kSegments * 4096, '\0');
  std::vector<std::pair<std::uint64_t, std::uint64_t>> segments;
  for (std::uint64_t i = 0; i < kSegments; ++i) {
    data[static_cast<std::size_t>(i * 4096)] = 'x';
    segments.emplace_back(i * 4096, 1);
  }
  const auto fs = open_archive(make_archive("pax", {{.path = "f", .data = data, .segments = segments}}));
  EXPECT_EQ(node_at(*fs, "/f")->attr().value().blocks, kSegments);
  EXPECT_EQ(content(*fs, "/f"), data);
}

TEST(HostileArchive, WhatIsNoArchiveSaysWhatWouldBe) {
  EXPECT_EQ(
      refusal("this is no archive, whatever its name says\n"),
      "error: archive \"a.tar\": Unrecognized archive format\nhint: wasifs reads tar and cpio (plain, or "
      "with gzip, bzip2, xz, zstd or lz4), zip, 7z and ISO 9660");
  EXPECT_EQ(refusal(""), "error: archive \"a.tar\": it is empty");
}

TEST(HostileArchive, TheSpoolNeedsADirectory) {
  archive::OpenOptions options;
  options.spool = "/nowhere/at/all";
  EXPECT_EQ(
      refusal(make_archive("pax", {{.path = "f", .data = "x"}}, "gzip"), options),
      "error: archive \"a.tar\": no file for what it holds can be made in \"/nowhere/at/all\": No such file "
      "or directory\nhint: let TMPDIR name a directory that can be written");
  EXPECT_EQ(refusal(make_archive("pax", {{.path = "f", .data = "x"}}), options), "")
      << "which needs no spool";
  EXPECT_EQ(refusal(make_archive("pax", {{.path = "f"}}, "gzip"), options), "")
      << "nor does one without content";
}

TEST(HostileArchive, AMissingFileIsASource) {
  const auto opened = archive::ArchiveFilesystem::open("/nowhere/x.tar");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().text(),
            "error: cannot open archive \"/nowhere/x.tar\": No such file or directory");
  EXPECT_EQ(opened.error().trouble, Trouble::source);
}

TEST(HostileArchive, TheSpoolLeavesNothingBehind) {
  const TempDir folder;
  archive::OpenOptions options;
  options.spool = folder.string();
  const auto fs = open_archive(make_archive("pax", {{.path = "f", .data = "x"}}, "gzip"), options);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(content(*fs, "/f"), "x");
}

}  // namespace
}  // namespace wasifs::test
