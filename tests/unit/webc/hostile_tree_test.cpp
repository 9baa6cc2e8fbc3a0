// SPDX-License-Identifier: Apache-2.0
// Volume headers that no packer writes. Every one is refused with the offset of
// what is wrong.
#include "testing.h"

namespace wasifs::webc {
namespace {

/// Where the header of volume "v" starts in a package of package_with().
std::size_t header_at(unsigned version, const std::string& bytes, const WebcVolume& volume) {
  if (version == 1) return bytes.size() - volume.data.size() - volume.header.size();
  return bytes.size() - volume.data.size() - 8 - volume.header.size();
}

/// `what` is wrong `at` bytes into the header.
void expect_bad_header(unsigned version, const WebcVolume& volume, std::size_t at, std::string_view what) {
  const std::string bytes = package_with(version, volume);
  expect_corrupt(bytes, header_at(version, bytes, volume) + at, what);
}

std::string v1_entry(std::string_view name, char kind, std::uint64_t start, std::uint64_t end) {
  return webc_le(name.size(), 7) + kind + webc_le(start) + webc_le(end) + std::string(name);
}
std::string v1_block(const std::string& entries) { return webc_le(entries.size()) + entries; }

std::string v2_entry(std::uint64_t child, std::string_view name) {
  return webc_le(child) + webc_le(name.size()) + std::string(name);
}
std::string v2_dir(const std::string& entries) { return '\x1e' + webc_le(entries.size()) + entries; }
std::string v2_file(std::uint64_t start, std::uint64_t end) {
  return '\x1f' + webc_le(start) + webc_le(end) + std::string(32, 'h');
}

const std::string kTimes(24, '\0');
const std::string kHash(32, 'h');
std::string v3_entry(std::uint64_t child, std::string_view name) {
  return webc_le(child) + kHash + webc_le(name.size()) + std::string(name);
}
std::string v3_dir(const std::string& entries) {
  return '\x1e' + webc_le(56 + entries.size()) + kTimes + kHash + entries;
}
std::string v3_file(std::uint64_t start, std::uint64_t end, const std::string& times = kTimes) {
  return '\x1f' + webc_le(start) + webc_le(end) + kHash + times;
}
std::string v3_link(std::string_view text) {
  return '\x20' + webc_le(text.size()) + std::string(text) + kHash + kTimes;
}
/// A root with one entry "x" and the record behind it.
std::string v3_one(const std::string& record) { return v3_dir(v3_entry(65 + 49, "x")) + record; }
std::string v2_one(const std::string& record) { return v2_dir(v2_entry(9 + 17, "x")) + record; }
constexpr std::size_t kV3Child = 65 + 49;
constexpr std::size_t kV2Child = 9 + 17;

struct BadName {
  std::string name;
  std::string what;
  std::size_t at = 0;  ///< inside the name
};

class BadNames : public testing::TestWithParam<BadName> {};

TEST_P(BadNames, AreRefusedInVersion1) {
  const WebcVolume volume{v1_block(v1_entry(GetParam().name, 1, 0, 0)), ""};
  expect_bad_header(1, volume, 8 + 24 + GetParam().at, GetParam().what);
}
TEST_P(BadNames, AreRefusedInVersion2) {
  const std::string& name = GetParam().name;
  const WebcVolume volume{v2_dir(v2_entry(9 + 16 + name.size(), name)) + v2_file(0, 0), ""};
  expect_bad_header(2, volume, 9 + 16 + GetParam().at, GetParam().what);
}
TEST_P(BadNames, AreRefusedInVersion3) {
  const std::string& name = GetParam().name;
  const WebcVolume volume{v3_dir(v3_entry(65 + 48 + name.size(), name)) + v3_file(0, 0), ""};
  expect_bad_header(3, volume, 65 + 48 + GetParam().at, GetParam().what);
}

INSTANTIATE_TEST_SUITE_P(
    Webc, BadNames,
    testing::Values(BadName{"", "a directory entry has an empty name"},
                    BadName{".", "a directory entry is named \".\""},
                    BadName{"..", "a directory entry is named \"..\""},
                    BadName{"a/b", "the directory entry name \"a/b\" holds a '/'", 1},
                    BadName{"/", "the directory entry name \"/\" holds a '/'", 0},
                    BadName{std::string("ab\0", 3), "the directory entry name \"ab\\x00\" holds a NUL", 2},
                    BadName{"a\xff", "the directory entry name \"a\\xff\" is not UTF-8", 1},
                    BadName{"\xc0\xaf", "the directory entry name \"\\xc0\\xaf\" is not UTF-8", 0},
                    BadName{"\xed\xa0\x80", "the directory entry name \"\\xed\\xa0\\x80\" is not UTF-8", 0},
                    BadName{std::string(256, 'n'), "a directory entry's name has 256 bytes, more than 255"}));

TEST(HostileV1, DuplicateNamesAreRefused) {
  const std::string entries = v1_entry("a", 1, 0, 0) + v1_entry("b", 1, 0, 0) + v1_entry("a", 1, 0, 0);
  expect_bad_header(1, {v1_block(entries), ""}, 8 + 2 * 25 + 24,
                    "the name \"a\" appears twice in the directory \"/\"");
}

TEST(HostileV1, DuplicateInASubdirectoryNamesTheDirectory) {
  const std::string root = v1_block(v1_entry("d", 0, 33, 33 + 58));
  const std::string inner = v1_block(v1_entry("a", 1, 0, 0) + v1_entry("a", 1, 0, 0));
  expect_bad_header(1, {root + inner, ""}, 33 + 8 + 25 + 24,
                    "the name \"a\" appears twice in the directory \"/d\"");
}

TEST(HostileV1, AnUnknownKindIsRefused) {
  expect_bad_header(1, {v1_block(v1_entry("a", 2, 0, 0)), ""}, 8 + 7,
                    "the directory entry \"a\" is of the unknown kind 2");
}

TEST(HostileV1, AFileThatEndsBeforeItsStartIsRefused) {
  expect_bad_header(1, {v1_block(v1_entry("a", 1, 4, 3)), "data"}, 8 + 8,
                    "the directory entry \"a\" ends at 3, before its start at 4");
}

TEST(HostileV1, AFilePastTheDataIsRefused) {
  expect_bad_header(1, {v1_block(v1_entry("a", 1, 0, 5)), "data"}, 8 + 16,
                    "the directory entry \"a\" ends at 5, past the 4 bytes of the volume's data");
}

TEST(HostileV1, AFileThatEndsAt2To64IsRefused) {
  expect_bad_header(
      1, {v1_block(v1_entry("a", 1, 1, UINT64_MAX)), "data"}, 8 + 16,
      "the directory entry \"a\" ends at 18446744073709551615, past the 4 bytes of the volume's data");
}

TEST(HostileV1, ADirectoryPastTheHeaderIsRefused) {
  expect_bad_header(1, {v1_block(v1_entry("d", 0, 33, 34)), ""}, 8 + 16,
                    "the directory entry \"d\" ends at 34, past the 33 bytes of the volume's header");
}

TEST(HostileV1, ADirectoryThatIsItsOwnChildIsRefused) {
  const std::string bytes = package_with(1, {v1_block(v1_entry("d", 0, 0, 33)), ""});
  const std::size_t at = bytes.size() - 33;
  expect_corrupt(bytes, at + 8,
                 "the directory \"d\" leads back to byte " + std::to_string(at) +
                     "; it must lie behind its parent, which ends at byte " + std::to_string(at + 33));
}

TEST(HostileV1, ADirectoryWithTwoParentsIsRefused) {
  const std::string root = v1_block(v1_entry("a", 0, 58, 91) + v1_entry("b", 0, 58, 91));
  const std::string inner = v1_block(v1_entry("f", 1, 0, 0));
  const WebcVolume volume{root + inner, ""};
  const std::string bytes = package_with(1, volume);
  const std::size_t at = bytes.size() - volume.header.size();
  expect_corrupt(bytes, at + 8 + 25,
                 "the directory \"b\" at byte " + std::to_string(at + 58) + " has another parent already");
}

TEST(HostileV1, ABlockShorterThanItsEntrySaysIsRefused) {
  const std::string root = v1_block(v1_entry("d", 0, 33, 33 + 34));
  const std::string inner = v1_block(v1_entry("f", 1, 0, 0)) + "?";
  expect_bad_header(1, {root + inner, ""}, 33 + 33, "1 bytes too many at the end of the directory");
}

TEST(HostileV1, ABlockLongerThanItsEntrySaysIsRefused) {
  const std::string root = v1_block(v1_entry("d", 0, 33, 33 + 33));
  const std::string inner = webc_le(26) + v1_entry("f", 1, 0, 0);
  expect_bad_header(1, {root + inner, ""}, 33,
                    "the directory's length needs 26 bytes, but the directory has 25 left");
}

TEST(HostileV1, ARootBlockPastTheHeaderIsRefused) {
  expect_bad_header(
      1, {webc_le(UINT64_MAX), ""}, 0,
      "the root directory's length needs 18446744073709551615 bytes, but the volume's header has 0 left");
}

TEST(HostileV1, ANameLongerThanItsBlockIsRefused) {
  std::string entry = v1_entry("a", 1, 0, 0);
  entry.replace(0, 7, webc_le(0xff'ffff'ffff'ffff, 7));
  expect_bad_header(1, {v1_block(entry), ""}, 8,
                    "a directory entry's name needs 72057594037927935 bytes, but the directory has 1 left");
}

TEST(HostileV1, AnEntryCutOffIsRefused) {
  expect_bad_header(1, {v1_block("short"), ""}, 8,
                    "a directory entry needs 24 bytes, but the directory has 5 left");
}

TEST(HostileV1, DirectoriesAmongTheAtomsAreRefused) {
  const WebcVolume atoms{v1_block(v1_entry("d", 0, 33, 33)), ""};
  const std::string bytes = package_with(1, {}, atoms);
  expect_corrupt(bytes, offset_of(bytes, atoms.header) + 8 + 24, "the atom \"d\" is no file");
}

TEST(HostileV2, AnEmptyHeaderHasNoRoot) {
  expect_bad_header(2, {"", ""}, 0, "the root directory needs 1 bytes, but the volume's header has 0 left");
}

TEST(HostileV2, ARootThatIsNoDirectoryIsRefused) {
  expect_bad_header(2, {v2_file(0, 0), ""}, 0, "the volume's root has the tag 31, not a directory's 30");
}

TEST(HostileV2, SymlinksAreUnknown) {
  expect_bad_header(2, {v2_one(v3_link("x")), ""}, kV2Child,
                    "the directory entry \"x\" leads to a record with the unknown tag 32");
}

TEST(HostileV2, DuplicateNamesAreRefused) {
  const std::string header = v2_dir(v2_entry(43, "a") + v2_entry(43, "a")) + v2_file(0, 0);
  expect_bad_header(2, {header, ""}, 9 + 17 + 16, "the name \"a\" appears twice in the directory \"/\"");
}

TEST(HostileV2, AFileRecordCutOffIsRefused) {
  expect_bad_header(2, {v2_one(v2_file(0, 0).substr(0, 40)), ""}, kV2Child + 17,
                    "a record's hash needs 32 bytes, but the volume's header has 23 left");
}

TEST(HostileV2, AChildThatIsTheRootIsACycle) {
  const std::string bytes = package_with(2, {v2_dir(v2_entry(0, "x")), ""});
  const std::size_t at = bytes.size() - 8 - kV2Child;
  expect_corrupt(bytes, at + 9,
                 "the directory \"x\" leads back to byte " + std::to_string(at) +
                     "; it must lie behind its parent, which ends at byte " + std::to_string(at + kV2Child));
}

TEST(HostileV3, AnUnknownTagIsRefused) {
  expect_bad_header(3, {v3_one("!"), ""}, kV3Child,
                    "the directory entry \"x\" leads to a record with the unknown tag 33");
}

TEST(HostileV3, AnOffsetPastTheHeaderIsRefused) {
  expect_bad_header(3, {v3_dir(v3_entry(kV3Child, "x")), ""}, 65,
                    "the directory entry \"x\" leads to offset 114 of a header of 114 bytes");
  expect_bad_header(
      3, {v3_dir(v3_entry(UINT64_MAX, "x")), ""}, 65,
      "the directory entry \"x\" leads to offset 18446744073709551615 of a header of 114 bytes");
}

TEST(HostileV3, ADirectoryLongerThanTheHeaderIsRefused) {
  for (const std::uint64_t length : {std::uint64_t{57}, std::uint64_t{1} << 63U, UINT64_MAX}) {
    expect_bad_header(3, {'\x1e' + webc_le(length) + kTimes + kHash, ""}, 1,
                      "a directory's record needs " + std::to_string(length) +
                          " bytes, but the volume's header has 56 left");
  }
}

TEST(HostileV3, ADirectoryTooShortForItsHashIsRefused) {
  expect_bad_header(3, {'\x1e' + webc_le(30) + std::string(30, '\0'), ""}, 9 + 24,
                    "the directory's hash needs 32 bytes, but the directory's record has 6 left");
}

TEST(HostileV3, GarbageBehindTheEntriesIsRefused) {
  expect_bad_header(3, {v3_dir("junk"), ""}, 65,
                    "a directory entry's offset needs 8 bytes, but the directory's record has 4 left");
}

TEST(HostileV3, AFileThatEndsBeforeItsStartIsRefused) {
  expect_bad_header(3, {v3_one(v3_file(3, 1)), "data"}, kV3Child + 1,
                    "the file \"x\" ends at 1, before its start at 3");
}

TEST(HostileV3, AFilePastTheDataIsRefused) {
  expect_bad_header(3, {v3_one(v3_file(0, 5)), "data"}, kV3Child + 9,
                    "the file \"x\" ends at 5, past the 4 bytes of the volume's data");
  expect_bad_header(3, {v3_one(v3_file(1, std::uint64_t{1} << 63U)), "data"}, kV3Child + 9,
                    "the file \"x\" ends at 9223372036854775808, past the 4 bytes of the volume's data");
}

TEST(HostileV3, ATimePast2To63IsRefused) {
  const std::string times = webc_le(0) + webc_le(std::uint64_t{1} << 63U) + webc_le(0);
  expect_bad_header(3, {v3_one(v3_file(0, 0, times)), ""}, kV3Child + 17 + 32 + 8,
                    "the modification time 9223372036854775808 is past the end of time");
}

TEST(HostileV3, ALinkWithANulIsRefused) {
  expect_bad_header(3, {v3_one(v3_link(std::string("a\0", 2))), ""}, kV3Child + 10,
                    "the symlink \"x\" has a text with a NUL");
}

TEST(HostileV3, ALinkThatIsNoUtf8IsRefused) {
  expect_bad_header(3, {v3_one(v3_link("a\x80")), ""}, kV3Child + 10,
                    "the symlink \"x\" has a text that is not UTF-8");
}

TEST(HostileV3, ALinkLongerThanAPathIsRefused) {
  expect_bad_header(3, {v3_one(v3_link(std::string(4096, 'x'))), ""}, kV3Child + 9,
                    "the symlink \"x\" has a text of 4096 bytes, more than 4095");
  EXPECT_TRUE(parse(package_with(3, {v3_one(v3_link(std::string(4095, 'x'))), ""})));
}

TEST(HostileV3, ALinkTextPastTheHeaderIsRefused) {
  expect_bad_header(3, {v3_one('\x20' + webc_le(UINT64_MAX)), ""}, kV3Child + 1,
                    "a symlink's text needs 18446744073709551615 bytes, but the volume's header has 0 left");
}

TEST(HostileV3, ManyNamesForOneLongLinkDoNotMultiplyItsText) {
  std::string entries;
  const std::size_t count = 200;
  const std::size_t link_at = 65 + count * (48 + 4);
  for (std::size_t i = 0; i < count; ++i) entries += v3_entry(link_at, std::to_string(1000 + i));
  const WebcVolume volume{v3_dir(entries) + v3_link(std::string(4000, 'x')), ""};
  expect_bad_header(3, volume, link_at,
                    "the records from here on overlap others: together they are longer than the header");
}

TEST(HostileV3, ADirectoryWithTwoParentsIsRefused) {
  const std::string header = v3_dir(v3_entry(163, "a") + v3_entry(163, "b")) + v3_dir("");
  const std::string bytes = package_with(3, {header, ""});
  const std::size_t at = bytes.size() - 8 - header.size();
  expect_corrupt(bytes, at + 65 + 49,
                 "the directory \"b\" at byte " + std::to_string(at + 163) + " has another parent already");
}

TEST(HostileV3, ADirectoryThatPointsBackIsRefused) {
  // root -> d -> (its sibling's place is before d)
  std::string header = v3_dir(v3_entry(179, "d"));  // 0..114
  header += v3_dir("");                             // 114..179: what d points back to
  header += v3_dir(v3_entry(114, "back"));
  const std::string bytes = package_with(3, {header, ""});
  const std::size_t at = bytes.size() - 8 - header.size();
  expect_corrupt(bytes, at + 179 + 65,
                 "the directory \"back\" leads back to byte " + std::to_string(at + 114) +
                     "; it must lie behind its parent, which ends at byte " +
                     std::to_string(bytes.size() - 8));
}

TEST(HostileV3, DirectoryRecordsThatShareTheirTablesAreRefused) {
  // The head of directory "inner" hides in the hash and the name of the first
  // entry of "outer", so the other entries belong to both. Chains of such
  // records would make n entries look like n² ones.
  const std::size_t outer_at = 65 + 49 + 4 + 49 + 4;
  const std::size_t inner_at = outer_at + 65 + 8;
  const std::string hidden_head = '\x1e' + webc_le(56 + 49) + std::string(23, '\0');
  const std::string both = v3_entry(outer_at + 65 + 73 + 49, "f");
  const std::string outer =
      v3_dir(webc_le(outer_at + 65 + 73 + 49) + hidden_head + webc_le(25) + std::string(25, 'n') + both);
  const WebcVolume volume{
      v3_dir(v3_entry(inner_at, "inner") + v3_entry(outer_at, "outer")) + outer + v3_file(0, 0), ""};
  expect_bad_header(3, volume, outer_at,
                    "the records from here on overlap others: together they are longer than the header");
}

TEST(HostileV3, AtomsMustBeFiles) {
  const WebcVolume atoms = test::encode_webc_volume(3, {webc_dir("d")});
  const std::string bytes = package_with(3, test::encode_webc_volume(3, {}), atoms);
  expect_corrupt(bytes, offset_of(bytes, atoms.header) + 65 + 48, "the atom \"d\" is no file");
}

}  // namespace
}  // namespace wasifs::webc
