// SPDX-License-Identifier: Apache-2.0
#include "testing.h"

namespace wasifs::webc {
namespace {

std::string hex(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

/// The messages of what verify() finds, the summary first.
std::vector<std::string> findings(const std::string& bytes) {
  const auto verified = must_parse(bytes)->verify();
  if (verified) return {};
  EXPECT_EQ(verified.error().trouble, Trouble::corrupt);
  EXPECT_NE(verified.error().hint, "");
  std::vector<std::string> out{verified.error().message};
  for (const Diagnostic& cause : verified.error().causes) out.push_back(cause.message);
  return out;
}

bool mentions(const std::vector<std::string>& lines, std::string_view text) {
  return std::ranges::any_of(lines,
                             [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

WebcSpec spec(unsigned version) {
  return {.version = version,
          .volumes = {{"v", {webc_file("d/file", "content"), webc_file("z", "")}}},
          .atoms = {{"m", "code!"}}};
}

TEST(Verify, CountsTheHashesOfVersion3) {
  const auto result = must_write(spec(3))->verify().value();
  // Sections: 3 in headers and 3 in the index. Atoms: a file, its entry, the
  // directory. Volume: 2 files, 2 directories, 3 entries. One signature.
  EXPECT_EQ(result.hashes, 3U + 3U + 3U + 7U + 1U);
  EXPECT_GT(result.bytes, 0U);
}

TEST(Verify, CountsTheHashesOfVersion2) {
  EXPECT_EQ(must_write(spec(2))->verify().value().hashes, 3U + 3U + 1U);
}

TEST(Verify, CountsTheHashesOfVersion1) { EXPECT_EQ(must_write(spec(1))->verify().value().hashes, 2U); }

TEST(Verify, AChangedFileBreaksItsHashAndItsSectionsHash) {
  std::string bytes = write_webc(spec(3));
  bytes[offset_of(bytes, "content")] = 'X';
  const std::size_t stored = offset_of(bytes, test::webc_sha256("content"));
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "package \"p.webc\" is corrupt: 2 checksums do not match");
  EXPECT_TRUE(lines[1].find(": volume \"v\": stored sha256 ") != std::string::npos) << lines[1];
  // The first copy of the hash is the parent's, the second the record's own.
  const std::size_t record = offset_of(bytes, test::webc_sha256("content"), stored + 1);
  EXPECT_EQ(lines[2],
            "byte " + std::to_string(record) + ": the file \"/d/file\" in volume \"v\": stored sha256 " +
                hex(test::webc_sha256("content")) + ", computed " + hex(test::webc_sha256("Xontent")));
}

TEST(Verify, AChangedFileOfVersion2BreaksTheSameHashes) {
  std::string bytes = write_webc(spec(2));
  bytes[offset_of(bytes, "content")] = 'X';
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(mentions(lines, "the file \"/d/file\" in volume \"v\""));
  EXPECT_TRUE(mentions(lines, ": volume \"v\": stored sha256"));
}

TEST(Verify, AnyChangedByteOfVersion1BreaksTheWholeFilesHash) {
  std::string bytes = write_webc(spec(1));
  bytes[offset_of(bytes, "content")] = 'X';
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "package \"p.webc\" is corrupt: 1 checksum does not match");
  EXPECT_TRUE(lines[1].starts_with("byte 24: the whole file: stored sha256 ")) << lines[1];
}

TEST(Verify, TheSignatureOfVersion1IsNotPartOfItsHash) {
  const std::string bytes = write_webc(spec(1));
  EXPECT_EQ(findings(patched(bytes, 284, "signed")), std::vector<std::string>{});
  EXPECT_EQ(findings(patched(bytes, 280, webc_le(6, 4))), std::vector<std::string>{});
}

TEST(Verify, AChangedAtomBreaksItsSignature) {
  std::string bytes = write_webc(spec(3));
  bytes[offset_of(bytes, "code!")] = 'X';
  const auto lines = findings(bytes);
  EXPECT_TRUE(mentions(lines, "the signature of atom \"m\": stored sha256 " +
                                  hex(test::webc_sha256("code!")) + ", computed " +
                                  hex(test::webc_sha256("Xode!"))));
  EXPECT_TRUE(mentions(lines, "the file \"/m\" in the atoms"));
  EXPECT_TRUE(mentions(lines, ": the atoms section: stored sha256"));
}

TEST(Verify, AChangedDirectoryHashIsFoundInItAndInItsParent) {
  std::string bytes = write_webc(spec(3));
  const std::string dir_hash = test::webc_sha256(test::webc_sha256("content"));
  const std::size_t in_parent = offset_of(bytes, dir_hash);
  const std::size_t own = offset_of(bytes, dir_hash, in_parent + 1);
  bytes[own] = static_cast<char>(bytes[own] ^ 1);
  const auto lines = findings(bytes);
  EXPECT_TRUE(
      mentions(lines, "byte " + std::to_string(own) + ": the directory \"/d\" in volume \"v\": stored"));
  EXPECT_TRUE(mentions(
      lines, "byte " + std::to_string(in_parent) + ": the entry for \"/d\" in volume \"v\": stored"));
  EXPECT_TRUE(mentions(lines, ": the directory \"/\" in volume \"v\": stored"));
}

TEST(Verify, AChangedChecksumInTheIndexIsFound) {
  std::string bytes = write_webc(spec(3));
  bytes[offset_of(bytes, "evalueX ") + 8] ^= 1;
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(mentions(lines, ": the index's checksum of the manifest section: stored sha256 ")) << lines[1];
}

TEST(Verify, ASymlinksOwnHashMayBeAnythingButCountsForItsDirectory) {
  std::string bytes = write_webc({.volumes = {{"v", {webc_link("l", "target")}}}});
  const std::string hash = test::webc_sha256("target");
  const std::string root = test::webc_sha256(hash);
  const std::string other(32, 'o');
  // All copies changed alike: only what is above them no longer fits.
  bytes.replace(offset_of(bytes, hash), 32, other);
  bytes.replace(offset_of(bytes, hash), 32, other);
  bytes.replace(offset_of(bytes, root), 32, test::webc_sha256(other));
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 2U) << "the section's hash only";
  EXPECT_TRUE(mentions(lines, ": volume \"v\": stored sha256"));
}

TEST(Verify, SignaturesThatAreNoneAndAtomsThatAreNotThereAreFound) {
  using Json = nlohmann::ordered_json;
  const std::string bytes = write_webc(
      {.manifest = Json::parse(
           R"({"atoms":{"m":{"signature":"md5:abc"},"gone":{"signature":"sha256:x"},"unsigned":{}}})"),
       .atoms = {{"m", "1"}}});
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(mentions(
      lines, "the signature of atom \"m\": \"md5:abc\" is not \"sha256:\" and the base64 of 32 bytes"));
  EXPECT_TRUE(mentions(lines, "the signature of atom \"gone\": the package has no such atom"));
}

TEST(Verify, ListsTwentyMismatchesAndCountsTheRest) {
  std::vector<test::WebcEntry> files;
  for (int i = 0; i < 30; ++i) files.push_back(webc_file("f" + std::to_string(i), "same"));
  std::string bytes = write_webc({.version = 2, .volumes = {{"v", files}}});
  for (std::size_t at = bytes.find("same"); at != std::string::npos; at = bytes.find("same")) bytes[at] = 'X';
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 1U + 20U + 1U);
  EXPECT_EQ(lines.front(), "package \"p.webc\" is corrupt: 31 checksums do not match");
  EXPECT_EQ(lines.back(), "and 11 more");
}

TEST(Verify, LargePackagesAreHashedByAllThreadsWithTheSameResult) {
  std::vector<test::WebcEntry> files;
  for (int i = 0; i < 64; ++i)
    files.push_back(webc_file(std::to_string(i), std::string(100'000, static_cast<char>(i))));
  std::string bytes = write_webc({.volumes = {{"v", files}}});
  EXPECT_EQ(findings(bytes), std::vector<std::string>{});
  bytes.back() ^= 1;
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(mentions(lines, "the file \"/9\" in volume \"v\""));
}

/// A package of `count` small files "00000", "00001", … whose contents are "content 00000" and so on.
std::string package_of_small_files(int count, std::vector<test::WebcEntry> others = {}) {
  for (int i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    name.insert(0, 5 - name.size(), '0');
    others.push_back(webc_file(name, "content " + name));
  }
  return write_webc({.volumes = {{"v", std::move(others)}}});
}

TEST(Verify, WrongFilesAmongThousandsAreAllFoundAndListedInOrder) {
  // Threads are dealt so many nodes at once; the root is node 0.
  constexpr int kBatch = 4096;
  std::string bytes = package_of_small_files(3 * kBatch, {webc_file("large", std::string(3 << 20, 'L'))});
  EXPECT_EQ(findings(bytes), std::vector<std::string>{});
  const std::vector<std::string> wrong = {"00000", "04094", "04095", "04096", "08191", "12287"};
  for (const std::string& name : wrong) bytes[offset_of(bytes, "content " + name)] = 'X';
  bytes[offset_of(bytes, std::string(3 << 20, 'L')) + (2 << 20)] = 'X';
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 1 + 1 + 1 + wrong.size());  // the summary, the section, the large file, these
  EXPECT_NE(lines[2].find("the file \"/large\""), std::string::npos) << lines[2];
  for (std::size_t i = 0; i < wrong.size(); ++i)
    EXPECT_NE(lines[3 + i].find("the file \"/" + wrong[i] + "\""), std::string::npos) << lines[3 + i];
}

TEST(Verify, OfThousandsOfWrongFilesTheFirstInTheOrderOfThePackageAreListed) {
  constexpr int kFiles = 20'000;
  std::string bytes = package_of_small_files(kFiles);
  for (std::size_t at = bytes.find("content "); at != std::string::npos; at = bytes.find("content ", at))
    bytes[at] = 'X';
  const auto lines = findings(bytes);
  ASSERT_EQ(lines.size(), 1U + 20U + 1U);
  EXPECT_EQ(lines.front(), "package \"p.webc\" is corrupt: 20001 checksums do not match");
  for (std::size_t i = 0; i < 19; ++i) {
    const std::string name = (i < 10 ? "0000" : "000") + std::to_string(i);
    EXPECT_NE(lines[2 + i].find("the file \"/" + name + "\""), std::string::npos) << lines[2 + i];
  }
  EXPECT_EQ(lines.back(), "and 19981 more");
}

TEST(VerifyFixtures, BashIsSignedByItsManifest) {
  WASIFS_NEED_FIXTURE(path, "bash-1.0.16");
  const auto package = Package::open(path).value();
  EXPECT_EQ(package->manifest().atoms.at(0).signature, "sha256:+Pffy0/WVVId8pHng6gD2+GNx2Ov9B0bHanU6yrt0CI=");
  EXPECT_EQ(test::webc_signature(text_of_view(package->atom("bash").value())),
            package->manifest().atoms[0].signature);
  EXPECT_EQ(package->verify().value().hashes, 1U);
}

}  // namespace
}  // namespace wasifs::webc
