// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/cbor_check.h"

#include "testing.h"

namespace wasifs::webc {
namespace {

std::string bytes(std::initializer_list<unsigned> values) {
  std::string out;
  for (const unsigned value : values) out += static_cast<char>(value);
  return out;
}

std::string check(const std::string& cbor) {
  const auto size = check_cbor(std::as_bytes(std::span(cbor)), {0, cbor.size()}, "it");
  return size ? "ok " + std::to_string(*size)
              : std::to_string(size.error().offset) + ": " + size.error().what;
}

std::string repeated(std::size_t count, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(CborCheck, AcceptsEveryKindThatPackagesUse) {
  EXPECT_EQ(check(bytes({0x00})), "ok 1");
  EXPECT_EQ(check(bytes({0x1b, 1, 2, 3, 4, 5, 6, 7, 8})), "ok 9");
  EXPECT_EQ(check(bytes({0x20})), "ok 1");
  EXPECT_EQ(check(bytes({0x43, 1, 2, 3})), "ok 4");
  EXPECT_EQ(check(bytes({0x62, 'a', 'b'})), "ok 3");
  EXPECT_EQ(check(bytes({0x82, 0xf4, 0xf5})), "ok 3");
  EXPECT_EQ(check(bytes({0xa1, 0x61, 'k', 0xf6})), "ok 4");
  EXPECT_EQ(check(bytes({0xf9, 0x3c, 0})), "ok 3");
  EXPECT_EQ(check(bytes({0x80})), "ok 1");
  EXPECT_EQ(check(bytes({0xa0})), "ok 1");
}

TEST(CborCheck, AcceptsIndefiniteLengths) {
  EXPECT_EQ(check(bytes({0x9f, 1, 2, 0xff})), "ok 4");
  EXPECT_EQ(check(bytes({0xbf, 0x61, 'k', 1, 0xff})), "ok 5");
  EXPECT_EQ(check(bytes({0x7f, 0x61, 'a', 0x60, 0xff})), "ok 5");
  EXPECT_EQ(check(bytes({0x5f, 0x41, 'a', 0xff})), "ok 4");
  EXPECT_EQ(check(bytes({0x9f, 0xff})), "ok 2");
}

TEST(CborCheck, StopsBehindTheFirstItem) { EXPECT_EQ(check(bytes({0xa0, 0, 0, 0})), "ok 1"); }

TEST(CborCheck, RefusesWhatIsCutOff) {
  EXPECT_EQ(check(""), "0: a CBOR item needs 1 bytes, but it has 0 left");
  EXPECT_EQ(check(bytes({0x1b, 1})), "2: a CBOR item's head needs 1 bytes, but it has 0 left");
  EXPECT_EQ(check(bytes({0x62, 'a'})), "0: a CBOR text needs 2 bytes, but it has 1 left");
  EXPECT_EQ(check(bytes({0x81})), "0: it: a CBOR container of 1 items, but only 0 bytes are left");
  EXPECT_EQ(check(bytes({0x9f, 1})), "2: a CBOR item needs 1 bytes, but it has 0 left");
  EXPECT_EQ(check(bytes({0xbf, 0x61, 'k'})), "3: a CBOR item needs 1 bytes, but it has 0 left");
  EXPECT_EQ(check(bytes({0x7f, 0x61, 'a'})), "3: a CBOR item needs 1 bytes, but it has 0 left");
}

TEST(CborCheck, RefusesLengthsThatTheFileCannotHold) {
  EXPECT_EQ(check(bytes({0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
            "0: a CBOR byte string needs 18446744073709551615 bytes, but it has 0 left");
  EXPECT_EQ(check(bytes({0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0, 1})),
            "0: it: a CBOR container of 9223372036854775808 items, but only 1 bytes are left");
  EXPECT_EQ(check(bytes({0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
            "0: it: a CBOR container of 18446744073709551615 items, but only 0 bytes are left");
}

TEST(CborCheck, RefusesNestingPast64Levels) {
  EXPECT_EQ(check(repeated(64, "\x81") + "\xf6"), "ok 65");
  EXPECT_EQ(check(repeated(65, "\x81") + "\xf6"), "64: it: CBOR nested more than 64 levels deep");
  EXPECT_EQ(check(repeated(100'000, "\x9f")), "64: it: CBOR nested more than 64 levels deep");
}

TEST(CborCheck, RefusesTagsAndUnknownSimpleValues) {
  EXPECT_EQ(check(bytes({0xc0, 0x60})), "0: it: a CBOR tag, which packages have no use for");
  EXPECT_EQ(check(bytes({0x81, 0xf7})), "1: it: a CBOR simple value other than false, true and null");
  EXPECT_EQ(check(bytes({0xf8, 0x20})), "0: it: a CBOR simple value other than false, true and null");
  EXPECT_EQ(check(bytes({0xe0})), "0: it: a CBOR simple value other than false, true and null");
}

TEST(CborCheck, RefusesReservedHeads) {
  EXPECT_EQ(check(bytes({0x1c})), "0: it: bytes that are no CBOR item");
  EXPECT_EQ(check(bytes({0x1f})), "0: it: bytes that are no CBOR item");
  EXPECT_EQ(check(bytes({0x5e})), "0: it: bytes that are no CBOR item");
  EXPECT_EQ(check(bytes({0xdf})), "0: it: bytes that are no CBOR item");
}

TEST(CborCheck, RefusesABreakWhereNoneMayBe) {
  EXPECT_EQ(check(bytes({0xff})), "0: it: a CBOR break where none may be");
  EXPECT_EQ(check(bytes({0x82, 1, 0xff})), "2: it: a CBOR break where none may be");
  EXPECT_EQ(check(bytes({0xbf, 0x61, 'k', 0xff})), "3: it: a CBOR break where none may be");
}

TEST(CborCheck, RefusesTextThatIsNoUtf8) {
  EXPECT_EQ(check(bytes({0x63, 'a', 0xff, 'b'})), "2: it: a text that is not UTF-8");
  EXPECT_EQ(check(bytes({0xa1, 0x61, 0x80, 0})), "2: it: a text that is not UTF-8");
}

TEST(CborCheck, RefusesMapKeysThatAreNoText) {
  EXPECT_EQ(check(bytes({0xa1, 1, 1})), "1: it: a map key that is no text");
  EXPECT_EQ(check(bytes({0xa1, 0x7f, 0x61, 'a', 0xff, 1})), "1: it: a map key that is no text");
}

TEST(CborCheck, RefusesAKeyThatAppearsTwice) {
  EXPECT_EQ(check(bytes({0xa2, 0x61, 'k', 1, 0x61, 'k', 2})), "4: it: the map key \"k\" appears twice");
  EXPECT_EQ(check(bytes({0xa2, 0x61, 'a', 0xa1, 0x61, 'a', 1, 0x61, 'b', 2})), "ok 10");
}

TEST(CborCheck, RefusesStringPartsOfAnotherKind) {
  EXPECT_EQ(check(bytes({0x7f, 0x41, 'a', 0xff})),
            "1: it: a CBOR string with a part that is no string of its kind");
  EXPECT_EQ(check(bytes({0x7f, 0x7f, 0xff, 0xff})),
            "1: it: a CBOR string with a part that is no string of its kind");
}

TEST(CborCheck, RefusesNumbersBelowMinus2To63) {
  EXPECT_EQ(check(bytes({0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), "ok 9");
  EXPECT_EQ(check(bytes({0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0})), "0: it: a negative number below -2^63");
}

TEST(CborCheck, LimitsTheKeysOfAMap) {
  std::string map = "\xbf";
  for (int i = 0; i < 4097; ++i) map += "\x64" + std::to_string(1000 + i) + "\x01";
  EXPECT_EQ(check(map + "\xff"), "24577: it: a map of more than 4096 keys");
}

TEST(CborCheck, LimitsTheItems) {
  EXPECT_EQ(check("\x9f" + repeated(65'535, "\x01") + "\xff"), "ok 65537");
  EXPECT_EQ(check("\x9f" + repeated(65'536, "\x01") + "\xff"), "65536: it: more than 65536 CBOR items");
  EXPECT_EQ(check("\x7f" + repeated(65'536, "\x60") + "\xff"), "65536: it: more than 65536 CBOR items");
}

TEST(CborInPackages, FaultsAreAtTheFilesOffset) {
  const std::string good = package_with(1, {});
  expect_corrupt(patched(good, 1309, "\xc0"), 1309,
                 "the manifest: a CBOR tag, which packages have no use for");
  const std::string deep = test::assemble_webc(1, repeated(70, "\x81") + "\xf6", {}, {});
  expect_corrupt(deep, 1309 + 64, "the manifest: CBOR nested more than 64 levels deep");
  const std::string deep_index = test::webc_index_section(3, repeated(70, "\x81") + "\xf6", 0);
  expect_corrupt(deep_index, 17 + 64, "the index: CBOR nested more than 64 levels deep");
}

}  // namespace
}  // namespace wasifs::webc
