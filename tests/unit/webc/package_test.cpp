// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/package.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/temp_dir.h"
#include "testing.h"

namespace wasifs::webc {
namespace {

using Lines = std::vector<std::string>;

std::string refusal(const std::string& path) {
  const auto package = Package::open(path);
  if (package) return "opened";
  EXPECT_EQ(package.error().trouble, Trouble::source);
  return package.error().message;
}

TEST(PackageOpen, MissingFileIsNamedWithTheSystemsReason) {
  EXPECT_EQ(refusal("/nonexistent/a.webc"),
            "cannot open package \"/nonexistent/a.webc\": No such file or directory");
}

TEST(PackageOpen, DirectoryIsRefusedAsSuch) {
  EXPECT_EQ(refusal("/"), "cannot open package \"/\": it is a directory");
}

TEST(PackageOpen, DeviceIsRefusedAsSuch) {
  EXPECT_EQ(refusal("/dev/null"), "cannot open package \"/dev/null\": it is not a regular file");
}

TEST(PackageOpen, PathWithNulIsRefused) {
  EXPECT_EQ(refusal(std::string("a\0b", 3)), "cannot open package \"a\\x00b\": the path holds a NUL");
}

class PackageFile : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_.path() / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  test::TempDir folder_;
};

TEST_F(PackageFile, EmptyFileIsACorruptPackage) {
  const std::string path = write("empty.webc", "");
  const auto package = Package::open(path);
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().trouble, Trouble::corrupt);
  EXPECT_EQ(package.error().message, "package \"" + path + "\" is corrupt at byte 0: the file is empty");
}

TEST_F(PackageFile, FifoIsRefusedWithoutWaitingForAWriter) {
  const std::string path = (folder_.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(refusal(path), "cannot open package \"" + path + "\": it is not a regular file");
}

TEST_F(PackageFile, UnreadableFileIsRefusedWithTheSystemsReason) {
  const std::string path = write("secret.webc", "x");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  if (::access(path.c_str(), R_OK) == 0) GTEST_SKIP() << "this user may read everything";
  EXPECT_EQ(refusal(path), "cannot open package \"" + path + "\": Permission denied");
}

TEST_F(PackageFile, TextFileIsNoPackage) {
  const auto package = Package::open(write("a.webc", "[package]\n"));
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().trouble, Trouble::corrupt);
  EXPECT_NE(package.error().message.find("at byte 0: this is no webc package: it starts with \"[pack\""),
            std::string::npos);
}

TEST_F(PackageFile, OpenedPackageOutlivesItsNameAndKnowsItsPathAndSize) {
  const std::string bytes = write_webc({.volumes = {{"/v", {webc_file("a", "text")}}}});
  const std::string path = write("a.webc", bytes);
  const auto package = Package::open(path).value();
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(package->path(), path);
  EXPECT_EQ(package->file_size(), bytes.size());
  EXPECT_EQ(content(*package->volume("/v"), "a"), "text");
}

class EveryVersion : public testing::TestWithParam<unsigned> {};

TEST_P(EveryVersion, ListsVolumesAtomsAndTrees) {
  const auto package = must_write({.version = GetParam(),
                                   .volumes = {{"b", {}},
                                               {"a",
                                                {webc_file("dir/sub/deep", "12345"), webc_file("z", ""),
                                                 webc_dir("dir/empty"), webc_file("dir.txt", "xy")}}},
                                   .atoms = {{"one", "wasm"}, {"two", ""}}});
  EXPECT_EQ(package->version(), GetParam());
  ASSERT_EQ(package->volumes().size(), 2U);
  const VolumeInfo& a = package->volumes()[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.files, 3U);
  EXPECT_EQ(a.directories, 3U);
  EXPECT_EQ(a.symlinks, 0U);
  EXPECT_EQ(a.bytes, 7U);
  EXPECT_EQ(package->volumes()[1].name, "b");
  EXPECT_EQ(listing(*package, "a"),
            (Lines{"dir d 0", "dir/empty d 0", "dir/sub d 0", "dir/sub/deep f 5", "dir.txt f 2", "z f 0"}));
  EXPECT_EQ(listing(*package, "b"), Lines{});
  EXPECT_EQ(text_of_view(package->atom("one").value()), "wasm");
  EXPECT_EQ(package->atom("two").value().bytes.size(), 0U);
  EXPECT_FALSE(package->atom("three"));
  EXPECT_FALSE(package->atom(""));
  EXPECT_TRUE(package->verify());
}

TEST_P(EveryVersion, AnUnknownVolumeIsNull) {
  const auto package = must_write({.version = GetParam(), .volumes = {{"a", {}}}});
  EXPECT_EQ(package->volume("b"), nullptr);
  EXPECT_EQ(package->volume(""), nullptr);
}

TEST_P(EveryVersion, NamesMayBe255BytesOfAnyUtf8) {
  const std::string longest(255, 'n');
  const auto package = must_write(
      {.version = GetParam(), .volumes = {{"v", {webc_file(longest, "1"), webc_file("ünï\\:\n", "2")}}}});
  EXPECT_EQ(content(*package->volume("v"), longest), "1");
  EXPECT_EQ(content(*package->volume("v"), "ünï\\:\n"), "2");
}

TEST_P(EveryVersion, VolumesAreTheSameObjectEachTime) {
  const auto package = must_write({.version = GetParam(), .volumes = {{"a", {}}}});
  EXPECT_EQ(package->volume("a"), package->volume("a"));
}

INSTANTIATE_TEST_SUITE_P(Webc, EveryVersion, testing::Values(1U, 2U, 3U));

TEST(PackageVolumes, AreFoundWithAndWithoutTheLeadingSlash) {
  const auto package = must_write({.volumes = {{"/settings", {}}, {"metadata", {}}}});
  EXPECT_NE(package->volume("/settings"), nullptr);
  EXPECT_EQ(package->volume("settings"), package->volume("/settings"));
  EXPECT_EQ(package->volume("/metadata"), package->volume("metadata"));
  EXPECT_EQ(package->volume("//settings"), nullptr);
}

TEST(PackageVolumes, AnExactNameBeatsOneThatDiffersByTheSlash) {
  const auto package =
      must_write({.volumes = {{"/x", {webc_file("slash", "")}}, {"x", {webc_file("bare", "")}}}});
  EXPECT_EQ(listing(*package, "x"), Lines{"bare f 0"});
  EXPECT_EQ(listing(*package, "/x"), Lines{"slash f 0"});
}

TEST(PackageVolumes, VendoredNamesAreJustNames) {
  const auto package = must_write({.version = 1, .volumes = {{"user/package@1.0.0", {webc_file("f", "x")}}}});
  EXPECT_EQ(content(*package->volume("user/package@1.0.0"), "f"), "x");
}

TEST(PackageV3, BytesBehindTheLastSectionAreTolerated) {
  const std::string bytes = write_webc({.volumes = {{"/v", {webc_file("a", "1")}}}});
  EXPECT_TRUE(must_parse(bytes + "trailing")->verify());
}

TEST(PackageV1, SortsDirectoriesThatAreNotSorted) {
  std::string header = webc_le(2 * 25);
  for (const char* name : {"b", "a"}) header += webc_le(1, 7) + '\1' + webc_le(0) + webc_le(1) + name;
  const auto package = must_parse(package_with(1, {header, "x"}));
  EXPECT_EQ(listing(*package, "v"), (Lines{"a f 1", "b f 1"}));
}

TEST(PackageV3, FilesMayShareARecordAndContent) {
  WebcVolume volume = test::encode_webc_volume(3, {webc_file("a", "same"), webc_file("b", "same")});
  const std::size_t first = volume.header.find('a') - 8 - 32 - 8;
  const std::size_t second = volume.header.find('b', first) - 8 - 32 - 8;
  volume.header.replace(second, 8, volume.header, first, 8);
  const auto package = must_parse(package_with(3, volume));
  EXPECT_EQ(content(*package->volume("v"), "a"), "same");
  EXPECT_EQ(content(*package->volume("v"), "b"), "same");
}

TEST(PackageV1, ChecksumTypeNoneAndSignedAreAccepted) {
  const std::string bytes = write_webc({.version = 1, .v1_checksum = false});
  EXPECT_EQ(must_parse(bytes)->verify().value().hashes, 0U);
  const std::string with_hash = write_webc({.version = 1});
  EXPECT_EQ(must_parse(with_hash)->verify().value().hashes, 1U);
  EXPECT_TRUE(parse(patched(bytes, 8, "sha256-signed---")));
}

TEST(Fixtures, AllOpenAndVerify) {
  const auto paths = test::all_fixtures();
  if (paths.empty()) GTEST_SKIP() << "FIXTURES MISSING: set WASIFS_FIXTURES to the folder of webc fixtures";
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const auto package = Package::open(path);
    ASSERT_TRUE(package) << package.error().text();
    const auto verified = (*package)->verify();
    EXPECT_TRUE(verified) << verified.error().text();
    for (const VolumeInfo& volume : (*package)->volumes()) {
      EXPECT_EQ(listing(**package, volume.name).size(), volume.files + volume.directories + volume.symlinks);
    }
  }
}

struct Expected {
  const char* file;
  unsigned version;
  std::vector<VolumeInfo> volumes;
  std::size_t atoms;
};

TEST(Fixtures, HoldWhatTheirIndexSays) {
  const std::vector<Expected> expected = {
      {"bash-1.0.16", 1, {{"atom", 0, 0, 0, 0}, {"metadata", 0, 0, 0, 0}}, 1},
      {"dash-1.0.18", 1, {{"atom", 1, 2, 0, 1675}, {"metadata", 0, 0, 0, 0}}, 1},
      {"hello-0.1.0", 1, {{"atom", 1, 1, 0, 1099}, {"metadata", 0, 0, 0, 0}}, 0},
      {"staticserver", 1, {{"atom", 3, 1, 0, 932}, {"metadata", 1, 0, 0, 378}}, 1},
      {"gen-py-v2", 2, {{"atom", 3, 2, 0, 6}, {"metadata", 0, 0, 0, 0}}, 1},
      {"gen-sdk010", 3, {{"/other", 1, 0, 0, 1}, {"/public", 4, 2, 0, 9}, {"metadata", 0, 0, 0, 0}}, 0},
      {"wasmer-tests--volume", 3, {{"/settings", 1, 0, 0, 3139}, {"metadata", 0, 0, 0, 0}}, 0},
  };
  for (const Expected& want : expected) {
    WASIFS_NEED_FIXTURE(path, want.file);
    const auto package = Package::open(path).value();
    EXPECT_EQ(package->version(), want.version) << path;
    EXPECT_EQ(package->manifest().atoms.size(), want.atoms) << path;
    ASSERT_EQ(package->volumes().size(), want.volumes.size()) << path;
    for (std::size_t i = 0; i < want.volumes.size(); ++i) {
      const VolumeInfo& got = package->volumes()[i];
      EXPECT_EQ(got.name, want.volumes[i].name);
      EXPECT_EQ(got.files, want.volumes[i].files) << path << got.name;
      EXPECT_EQ(got.directories, want.volumes[i].directories) << path << got.name;
      EXPECT_EQ(got.bytes, want.volumes[i].bytes) << path << got.name;
    }
  }
}

TEST(Fixtures, TheVolumePackageShowsItsFileWithItsTime) {
  WASIFS_NEED_FIXTURE(path, "wasmer-tests--volume");
  const auto package = Package::open(path).value();
  const FilesystemPtr settings = package->volume("settings");
  const Attr attr = settings->root()->lookup("config.toml").value()->attr().value();
  EXPECT_EQ(attr.mtime.sec, 1'725'977'743);
  EXPECT_EQ(attr.size, 3139U);
  EXPECT_EQ(content(*settings, "config.toml").size(), 3139U);
}

TEST(Fixtures, HelloServesItsPage) {
  WASIFS_NEED_FIXTURE(path, "hello-0.1.0");
  const auto package = Package::open(path).value();
  EXPECT_TRUE(content(*package->volume("atom"), "public/index.html").starts_with("<!DOCTYPE html>"));
}

}  // namespace
}  // namespace wasifs::webc
