// SPDX-License-Identifier: Apache-2.0
// What is wrong with an archive although its entries can be read.
#include "fs/archive/verify.h"

#include <gtest/gtest.h>

#include "archive_maker.h"

namespace wasifs::test {
namespace {

using Strings = std::vector<std::string>;

Outcome<archive::ScanNotes> verify(const std::string& bytes, Whiteouts whiteouts = Whiteouts::none) {
  return archive::verify_archive({.bytes = std::as_bytes(std::span(bytes)), .owner = nullptr}, "a.tar",
                                 whiteouts);
}

/// Why it is corrupt; "" where it is not.
std::string fault(const std::string& bytes) {
  const auto notes = verify(bytes);
  return notes ? "" : notes.error().text();
}

std::string flipped(std::string bytes, std::size_t from_end) {
  char& byte = bytes[bytes.size() - from_end];
  byte = static_cast<char>(byte ^ 1);
  return bytes;
}

const std::vector<ArchiveItem>& items() {
  static const std::vector<ArchiveItem> kItems = {
      dir_item("d"), {.path = "d/a", .data = std::string(100'000, 'a')}, {.path = "d/b", .data = "bytes"}};
  return kItems;
}

std::string tar_with(std::string_view filter) { return make_archive("pax", items(), filter); }

TEST(VerifyArchive, CountsWhatItHasRead) {
  for (const std::string_view filter : {"none", "gzip", "bzip2", "xz", "zstd", "lz4"}) {
    const auto notes = verify(tar_with(filter));
    ASSERT_TRUE(notes) << notes.error().text();
    EXPECT_EQ(notes->entries, 3U);
    EXPECT_EQ(notes->bytes, 100'005U);
    EXPECT_EQ(notes->ending.trailing, 0U) << filter;
    EXPECT_FALSE(notes->ending.tar_continues) << filter;
    EXPECT_FALSE(notes->ending.unmarked) << filter;
  }
  for (const std::string_view format : {"zip", "7zip", "newc", "iso9660"}) {
    const auto notes = verify(make_archive(format, items()));
    ASSERT_TRUE(notes) << notes.error().text();
    EXPECT_EQ(notes->bytes, 100'005U) << format;
    EXPECT_EQ(notes->ending.trailing, 0U) << format;
  }
}

TEST(VerifyArchive, FindsOneWrongByteInAChecksum) {
  // gzip ends with the CRC and the length, four bytes each; the others with a checksum.
  const std::string gzip = tar_with("gzip");
  EXPECT_EQ(fault(flipped(gzip, 1)),
            "error: archive \"a.tar\": after entry 3 \"d/b\" (byte 103424): gzip: incorrect length check");
  EXPECT_EQ(fault(flipped(gzip, 8)),
            "error: archive \"a.tar\": after entry 3 \"d/b\" (byte 103424): gzip: incorrect data check");
  for (const std::string_view filter : {"bzip2", "xz", "lz4"}) {
    EXPECT_NE(fault(flipped(tar_with(filter), 4)), "") << filter;
  }
  const std::string stored = make_archive("zip", items(), "none", "zip:compression=store");
  std::string damaged = stored;
  damaged[stored.find("bytes")] = 'B';
  EXPECT_NE(fault(damaged).find("CRC"), std::string::npos) << fault(damaged);
  const std::string seven = make_archive("7zip", items(), "none", "7zip:compression=store");
  damaged = seven;
  damaged[seven.find("bytes")] = 'B';
  EXPECT_NE(fault(damaged).find("CRC"), std::string::npos) << fault(damaged);
}

TEST(VerifyArchive, FindsWhatTheEndOfATarHides) {
  // A tar ends before its compressed form does, and nothing behind is needed to mount it.
  const std::string tar = make_archive("pax", items());
  const std::string long_end =
      make_archive("raw", {{.path = "x", .data = tar + std::string(3'000'000, '\0')}}, "lz4");
  EXPECT_EQ(fault(long_end), "");
  EXPECT_NE(fault(flipped(long_end, 1)), "");
}

TEST(VerifyArchive, FindsWhatWasCutOff) {
  for (const std::string_view filter : {"gzip", "bzip2", "xz", "zstd", "lz4"}) {
    const std::string whole = tar_with(filter);
    EXPECT_NE(fault(whole.substr(0, whole.size() - 4)), "") << filter;
  }
  const std::string zip = make_archive("zip", items());
  EXPECT_EQ(fault(zip.substr(0, zip.size() - 4)),
            "error: archive \"a.tar\": the directory that every zip has at its end is missing\n"
            "hint: it was cut off; fetch or make it again");
  EXPECT_NE(fault(make_archive("7zip", items()).substr(0, 200)), "");
}

TEST(VerifyArchive, TellsWhatFollowsTheEnd) {
  for (const std::string_view filter : {"gzip", "bzip2"}) {
    const auto notes = verify(tar_with(filter) + "garbage");
    ASSERT_TRUE(notes) << notes.error().text();
    EXPECT_EQ(notes->ending.trailing, 7U) << filter;
    EXPECT_EQ(verify(tar_with(filter) + std::string(100, '\0'))->ending.trailing, 0U)
        << "zeros fill tapes up";
  }
  EXPECT_EQ(verify(make_archive("zip", items()) + "garbage")->ending.trailing, 7U);
  EXPECT_EQ(verify(make_archive("7zip", items()) + "garbage")->ending.trailing, 7U);
  const std::string tar = RawTar().entry("a").finish();
  const std::string two = tar + std::string(1024, '\0') + RawTar().entry("b").finish();
  EXPECT_TRUE(verify(two)->ending.tar_continues);
  EXPECT_TRUE(verify(make_archive("raw", {{.path = "x", .data = two}}, "zstd"))->ending.tar_continues);
  EXPECT_FALSE(verify(tar + std::string(8192, '\0'))->ending.tar_continues);
}

TEST(VerifyArchive, MembersOfGzipAreOneStream) {
  const std::string tar = make_archive("pax", items());
  const auto half = [&](std::size_t from, std::size_t size) {
    return make_archive("raw", {{.path = "x", .data = tar.substr(from, size)}}, "gzip");
  };
  const std::string both = half(0, 5000) + half(5000, std::string::npos);
  EXPECT_EQ(fault(both), "");
  EXPECT_EQ(content(*open_archive(both), "/d/b"), "bytes");
  EXPECT_NE(fault(half(0, 5000)), "");
}

TEST(VerifyArchive, WhatIsCompressedTwiceIsRefused) {
  const auto again = [](std::string_view inner, std::string_view outer) {
    return fault(make_archive("raw", {{.path = "x", .data = tar_with(inner)}}, outer));
  };
  EXPECT_EQ(again("gzip", "gzip"),
            "error: archive \"a.tar\": Unrecognized archive format\n"
            "hint: it is compressed twice; decompress it once");
  EXPECT_EQ(again("gzip", "xz"), "error: archive \"a.tar\": it is compressed twice; decompress it once");
  EXPECT_EQ(fault(make_archive("pax", {{.path = "BZh1"}}, "gzip")), "") << "that is a name";
}

TEST(VerifyArchive, NoticesATarWithoutAMarkOfItsEnd) {
  const std::string tar = RawTar().entry("a", "x").entry("b").finish();
  EXPECT_FALSE(verify(tar)->ending.unmarked);
  EXPECT_TRUE(verify(tar.substr(0, 1024))->ending.unmarked) << "between two entries";
  EXPECT_FALSE(verify(make_archive("newc", items()))->ending.unmarked) << "of a tar only";
}

TEST(VerifyArchive, NamesTheEntriesThatAreOdd) {
  const auto notes = verify(RawTar()
                                .entry("/etc/x")
                                .entry("caf\xe9")
                                .entry("twice", "1")
                                .entry("twice", "2")
                                .entry("dir/", {}, '5')
                                .entry("./dir", {}, '5')
                                .entry("a/b")
                                .entry("a", {}, '5')
                                .entry("file")
                                .entry("file", {}, '5')
                                .entry("hard", {}, '1', "twice")
                                .entry("hard", {}, '1', "a/b")
                                .finish());
  ASSERT_TRUE(notes) << notes.error().text();
  EXPECT_EQ(notes->absolute.first, Strings{"/etc/x"});
  EXPECT_EQ(notes->encoding.first, Strings{"caf\xe9"});
  EXPECT_EQ(notes->repeated.first, (Strings{"twice", "file", "hard"}))
      << "a directory keeps what is in it, and may come again";
  EXPECT_EQ(notes->repeated.count, 3U);
}

TEST(VerifyArchive, OfManyOddEntriesTheFirstAreNamed) {
  RawTar tar;
  for (int i = 0; i < 50; ++i) tar.entry("/" + std::to_string(i));
  const auto notes = verify(tar.finish());
  EXPECT_EQ(notes->absolute.count, 50U);
  EXPECT_EQ(notes->absolute.first.size(), archive::ScanNotes::Entries::kMost);
}

TEST(VerifyArchive, ABombOfWhatFollowsTheEndIsBounded) {
  // 1.5 GiB of zeros behind the end, in a file of some kilobytes.
  const std::string tar = RawTar().entry("a").finish();
  std::string zeros(64U << 20U, '\0');
  std::string bomb = make_archive("raw", {{.path = "x", .data = tar}}, "zstd");
  const std::string more = make_archive("raw", {{.path = "x", .data = zeros}}, "zstd");
  for (int i = 0; i < 24; ++i) bomb += more;
  EXPECT_LT(bomb.size(), 1'000'000U);
  EXPECT_NE(fault(bomb).find("more than a gibibyte follows its end"), std::string::npos) << fault(bomb);
}

}  // namespace
}  // namespace wasifs::test
