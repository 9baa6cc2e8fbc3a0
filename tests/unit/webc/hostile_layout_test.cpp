// SPDX-License-Identifier: Apache-2.0
// Files whose top level is not what it must be: magic, sections, index, spans.
#include "testing.h"

namespace wasifs::webc {
namespace {

using Json = nlohmann::ordered_json;

std::string v1(const std::string& behind_the_header) {
  return std::string("\0webc001", 8) + "----------------" + std::string(256 + 4 + 1024, '\0') +
         behind_the_header;
}
constexpr std::size_t kV1Head = 1308;

TEST(HostileFile, BadMagicIsRefusedAtByteZero) {
  expect_corrupt("PK\x03\x04 something", 0,
                 "this is no webc package: it starts with \"PK\\x03\\x04 \" instead of \"\\x00webc\"");
  expect_corrupt("x", 0, "this is no webc package: it starts with \"x\" instead of \"\\x00webc\"");
}

TEST(HostileFile, AnUnknownVersionIsRefused) {
  expect_corrupt(std::string("\0webc004", 8), 5,
                 "the format version is \"004\", known are \"001\", \"002\" and \"003\"");
  expect_corrupt(std::string("\0webc0", 6), 5,
                 "the format version is \"0\", known are \"001\", \"002\" and \"003\"");
}

TEST(HostileV1Layout, AFileShorterThanItsFixedHeaderIsRefused) {
  expect_corrupt(v1("").substr(0, 1000), 1000, "the file ends inside its fixed header of 1308 bytes");
}

TEST(HostileV1Layout, AnUnknownChecksumTypeIsRefused) {
  expect_corrupt(patched(v1("\x01\xa0\x01\x00"), 8, "md5"), 8,
                 "the checksum type \"md5-------------\" is unknown");
}

TEST(HostileV1Layout, ASignatureLongerThanItsRoomIsRefused) {
  expect_corrupt(patched(v1("\x01\xa0"), 280, webc_le(1025, 4)), 280,
                 "the signature has 1025 bytes, but there is room for 1024");
}

TEST(HostileV1Layout, AManifestPastTheFileIsRefused) {
  expect_corrupt(v1("\x02\xa0"), kV1Head, "the manifest needs 2 bytes, but the file has 1 left");
  expect_corrupt(v1(webc_leb128(UINT64_MAX) + "\xa0"), kV1Head,
                 "the manifest needs 18446744073709551615 bytes, but the file has 1 left");
}

TEST(HostileV1Layout, ALengthOfMoreThan64BitsIsRefused) {
  expect_corrupt(v1(std::string(9, '\xff') + "\x02"), kV1Head, "the manifest does not fit in 64 bits");
  expect_corrupt(v1(std::string(20, '\x80')), kV1Head, "the manifest does not fit in 64 bits");
}

TEST(HostileV1Layout, ALengthCutOffIsRefused) {
  expect_corrupt(v1("\x80"), kV1Head + 1, "the manifest needs 1 bytes, but the file has 0 left");
}

TEST(HostileV1Layout, MissingAtomsAreRefused) {
  expect_corrupt(v1("\x01\xa0"), kV1Head + 2, "the atoms needs 1 bytes, but the file has 0 left");
}

TEST(HostileV1Layout, EmptyAtomsAreAccepted) { EXPECT_TRUE(parse(v1(std::string("\x01\xa0\x00", 3)))); }

TEST(HostileV1Layout, AHeaderLongerThanItsVolumeIsRefused) {
  expect_corrupt(v1("\x01\xa0\x01\x05"), kV1Head + 3,
                 "the volume's header needs 5 bytes, but the volume has 0 left");
}

TEST(HostileV1Layout, AVolumeWithoutContentBehindItsNameIsRefused) {
  expect_corrupt(v1(std::string("\x01\xa0\x00\x01v", 5)), kV1Head + 5,
                 "a volume needs 1 bytes, but the file has 0 left");
}

TEST(HostileV1Layout, AVolumeNameThatIsNoUtf8IsRefused) {
  expect_corrupt(v1(std::string("\x01\xa0\x00\x02v\xff\x00", 7)), kV1Head + 5,
                 "the volume name \"v\\xff\" is not UTF-8");
}

TEST(HostileV1Layout, TwoVolumesOfOneNameAreRefused) {
  expect_corrupt(v1(std::string("\x01\xa0\x00\x01v\x00\x01v\x00", 9)), kV1Head + 9,
                 "there are two volumes named \"v\"");
}

TEST(HostileV1Layout, AManifestWithBytesBehindItIsRefused) {
  expect_corrupt(v1(std::string("\x02\xa0\xa0\x00", 4)), kV1Head + 2,
                 "1 bytes too many at the end of the manifest");
}

/// A version 3 file of which the index can be changed.
struct IndexCase {
  std::string manifest = section(1, "\xa0");
  std::string atoms = section(3, volume_data(test::encode_webc_volume(3, {})));
  std::string volume =
      section(4, webc_le(1) + "v" + volume_data(test::encode_webc_volume(3, {webc_file("f", "x")})));
  std::size_t index_size = 600;  ///< of the section's data, padded
  Json index = build();

  static std::string section(char tag, const std::string& data) {
    return tag + test::webc_sha256(data) + webc_le(data.size()) + data;
  }
  static std::string volume_data(const WebcVolume& volume) {
    return webc_le(volume.header.size()) + volume.header + webc_le(volume.data.size()) + volume.data;
  }
  [[nodiscard]] std::size_t first() const { return 17 + index_size; }

  [[nodiscard]] Json build() const {
    std::size_t start = first();
    const auto entry = [&start](const std::string& bytes) {
      const std::string sum = test::webc_sha256(std::string_view(bytes).substr(41));
      Json out = {
          {"span", {{"start", start}, {"len", bytes.size()}}},
          {"checksum", {{"tag", "checksum-sha256"}, {"value", Json::binary({sum.begin(), sum.end()})}}}};
      start += bytes.size();
      return out;
    };
    Json out = Json::object();
    out["manifest"] = entry(manifest);
    out["atoms"] = entry(atoms);
    out["volumes"]["v"] = entry(volume);
    return out;
  }
  [[nodiscard]] std::string bytes() const {
    std::string cbor;
    Json::to_cbor(index, cbor);
    return test::webc_index_section(3, cbor, index_size - cbor.size()) + manifest + atoms + volume;
  }
  void expect(std::string_view what) const { expect_corrupt(bytes(), 17, "the index: " + std::string(what)); }
};

TEST(HostileIndex, TheUnchangedOneIsAccepted) { EXPECT_TRUE(must_parse(IndexCase().bytes())->verify()); }

TEST(HostileIndex, ABadTagIsRefused) {
  expect_corrupt(patched(IndexCase().bytes(), 8, "\x07"), 8, "the index has the tag 0x07 instead of 0x02");
}

TEST(HostileIndex, ALengthPastTheFileIsRefused) {
  const std::string bytes = IndexCase().bytes();
  const std::string left = std::to_string(bytes.size() - 17);
  for (const std::uint64_t length : {std::uint64_t{1} << 63U, UINT64_MAX}) {
    expect_corrupt(
        patched(bytes, 9, webc_le(length)), 9,
        "the index needs " + std::to_string(length) + " bytes, but the file has " + left + " left");
  }
}

TEST(HostileIndex, NothingBehindTheVersionIsRefused) {
  expect_corrupt(std::string("\0webc003", 8), 8, "the index's tag needs 1 bytes, but the file has 0 left");
}

TEST(HostileIndex, AnIndexThatIsNoMapIsRefused) {
  IndexCase c;
  c.index = Json::array();
  c.expect("it is no map");
}

TEST(HostileIndex, MissingKeysAreNamed) {
  const auto without = [](const std::vector<std::string>& path) {
    IndexCase c;
    Json* at = &c.index;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) at = &(*at)[path[i]];
    at->erase(path.back());
    return c;
  };
  without({"manifest"}).expect("the key \"manifest\" is missing");
  without({"atoms"}).expect("the key \"atoms\" is missing");
  without({"volumes"}).expect("the key \"volumes\" is missing");
  without({"manifest", "span"}).expect("the key \"span\" of the manifest section is missing");
  without({"atoms", "span", "start"}).expect("the key \"start\" of the span of the atoms section is missing");
  without({"volumes", "v", "span", "len"}).expect("the key \"len\" of the span of volume \"v\" is missing");
  without({"volumes", "v", "checksum"}).expect("the key \"checksum\" of volume \"v\" is missing");
  without({"manifest", "checksum", "tag"})
      .expect("the key \"tag\" of the checksum of the manifest section is missing");
  without({"manifest", "checksum", "value"})
      .expect("the key \"value\" of the checksum of the manifest section is missing");
}

TEST(HostileIndex, WrongTypesAreNamed) {
  const auto with = [](const Json::json_pointer& at, const Json& value) {
    IndexCase c;
    c.index[at] = value;
    return c;
  };
  using Pointer = Json::json_pointer;
  with(Pointer("/manifest"), 5).expect("the manifest section is no map");
  with(Pointer("/volumes"), "x").expect("\"volumes\" is no map");
  with(Pointer("/manifest/span/start"), -1)
      .expect("\"start\" of the span of the manifest section is no unsigned number");
  with(Pointer("/manifest/span/len"), "x")
      .expect("\"len\" of the span of the manifest section is no unsigned number");
  with(Pointer("/atoms/checksum/tag"), 1).expect("\"tag\" of the checksum of the atoms section is no text");
  with(Pointer("/atoms/checksum/tag"), "md5")
      .expect("the checksum of the atoms section is of the unknown kind \"md5\"");
  with(Pointer("/atoms/checksum/value"), Json::binary({1, 2}))
      .expect("\"value\" of the checksum of the atoms section is no byte string of 32 bytes");
}

TEST(HostileIndex, SpansPastTheFileAreRefused) {
  for (const std::uint64_t length : {std::uint64_t{1} << 63U, UINT64_MAX}) {
    IndexCase c;
    c.index["volumes"]["v"]["span"]["len"] = length;
    const std::uint64_t start = c.index["volumes"]["v"]["span"]["start"];
    c.expect("volume \"v\" has " + std::to_string(length) + " bytes from byte " + std::to_string(start) +
             " on, past the end of the file of " + std::to_string(c.bytes().size()) + " bytes");
  }
  IndexCase c;
  c.index["volumes"]["v"]["span"]["start"] = UINT64_MAX;
  const std::uint64_t length = c.index["volumes"]["v"]["span"]["len"];
  c.expect("volume \"v\" has " + std::to_string(length) +
           " bytes from byte 18446744073709551615 on, past the end of the file of " +
           std::to_string(c.bytes().size()) + " bytes");
}

TEST(HostileIndex, ASectionInsideTheIndexIsRefused) {
  IndexCase c;
  c.index["atoms"]["span"]["start"] = 3;
  c.expect("the atoms section starts at byte 3, inside the index, which ends at byte 617");
}

TEST(HostileIndex, SectionsThatOverlapAreRefused) {
  IndexCase c;
  c.index["volumes"]["w"] = c.index["volumes"]["v"];
  const std::uint64_t at = c.index["volumes"]["v"]["span"]["start"];
  expect_corrupt(c.bytes(), at, "volume \"v\" and volume \"w\" overlap");
}

TEST(HostileIndex, AVolumeThatCallsItselfOtherwiseIsRefused) {
  IndexCase c;
  c.index["volumes"]["w"] = c.index["volumes"]["v"];
  c.index["volumes"].erase("v");
  const std::uint64_t at = c.index["volumes"]["w"]["span"]["start"];
  expect_corrupt(c.bytes(), at + 41 + 8, "volume \"w\" calls itself \"v\"");
}

TEST(HostileIndex, ABadSectionTagIsRefused) {
  const IndexCase c;
  expect_corrupt(patched(c.bytes(), c.first(), "\x04"), c.first(),
                 "the manifest section has the tag 0x04 instead of 0x01");
}

TEST(HostileIndex, ASectionShorterThanItsSpanIsRefused) {
  IndexCase c;
  c.manifest += "??";
  c.index = c.build();
  expect_corrupt(c.bytes(), c.first() + c.manifest.size() - 2,
                 "2 bytes too many at the end of the manifest section");
}

TEST(HostileIndex, ASectionLongerThanItsSpanIsRefused) {
  const IndexCase c;
  expect_corrupt(patched(c.bytes(), c.first() + 33, webc_le(UINT64_MAX)), c.first() + 33,
                 "its data needs 18446744073709551615 bytes, but the manifest section has 1 left");
}

TEST(HostileIndex, BytesBehindAVolumesFilesAreRefused) {
  IndexCase c;
  c.volume =
      IndexCase::section(4, webc_le(1) + "v" + IndexCase::volume_data(test::encode_webc_volume(3, {})) + "!");
  c.index = c.build();
  expect_corrupt(c.bytes(), c.bytes().size() - 1, "1 bytes too many at the end of volume \"v\"");
}

TEST(HostileIndex, AVolumeHeaderPastItsSectionIsRefused) {
  IndexCase c;
  c.volume = IndexCase::section(4, webc_le(1) + "v" + webc_le(99));
  c.index = c.build();
  expect_corrupt(c.bytes(), c.bytes().size() - 8, "its header needs 99 bytes, but volume \"v\" has 0 left");
}

TEST(HostileIndex, AVolumeNamePast4096BytesIsRefused) {
  IndexCase c;
  c.index_size = 6000;
  c.index = c.build();
  c.index["volumes"][std::string(4097, 'n')] = c.index["volumes"]["v"];
  expect_corrupt(c.bytes(), 17, "a volume's name has 4097 bytes, more than 4096");
}

}  // namespace
}  // namespace wasifs::webc
