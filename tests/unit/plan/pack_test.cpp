// SPDX-License-Identifier: Apache-2.0
// Packages of folders, byte for byte: as the reference writes them, and the same each time.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "base/sha256.h"
#include "packing.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"

namespace wasifs::plan {
namespace {

using Json = nlohmann::ordered_json;

std::string digest(const std::string& bytes) { return to_hex(sha256(std::as_bytes(std::span(bytes)))); }

std::string data(const std::string& name) { return std::string(WASIFS_TEST_DATA) + "/packed/" + name; }

/// Packages of the reference writer, and what it made them of: oracle/writer makes more.
class PackGolden : public PackingTest, public testing::WithParamInterface<int> {
 protected:
  PackGolden()
      : described_(Json::parse(test::read_file(data("cases.json")))[static_cast<std::size_t>(GetParam())]),
        file_(data(described_["name"].get<std::string>() + ".webc")),
        wanted_(test::read_file(file_)) {}

  const Json described_;
  const std::string file_;
  const std::string wanted_;
};

TEST_P(PackGolden, OfAFolder) {
  dir_.make_dirs("app");
  test::write_pack_case(described_, dir_ / "app");
  // Some names begin with a dot.
  EXPECT_EQ(digest(packed({.include_ignored = true})), digest(wanted_));
}

TEST_P(PackGolden, OfWhatItIsUnpackedTo) {
  EXPECT_TRUE(test::unpack_to(file_, dir_ / "app").empty());
  EXPECT_EQ(digest(packed()), digest(wanted_));
}

INSTANTIATE_TEST_SUITE_P(Packed, PackGolden, testing::Range(0, 6));

TEST(PackGoldenData, HasNoOtherCases) {
  EXPECT_EQ(Json::parse(test::read_file(data("cases.json"))).size(), 6U);
}

class PackFixture : public PackingTest, public testing::WithParamInterface<const char*> {};

TEST_P(PackFixture, IsPackedAgainAsItWas) {
  WASIFS_NEED_FIXTURE(path, GetParam());
  EXPECT_TRUE(test::unpack_to(path, dir_ / "app").empty());
  EXPECT_EQ(digest(packed()), digest(test::read_file(path)));
}

INSTANTIATE_TEST_SUITE_P(Packed, PackFixture,
                         testing::Values("gen-sdk010-v3-simple", "wasmer-tests--volume-static-webserver"));

class Pack : public PackingTest {};

TEST_F(Pack, APublishedPackageFromAFolderWrittenByHand) {
  WASIFS_NEED_FIXTURE(path, "wasmer-tests--volume-static-webserver");
  const auto published = webc::Package::open(path, webc::Times::recorded).value();
  const NodeRef config = published->volume("/settings")->root()->lookup("config.toml").value();
  const View content = config->open({}).value()->view(0, SIZE_MAX).value();
  dir_.write_file("app/settings/config.toml",
                  {reinterpret_cast<const char*>(content.bytes.data()), content.bytes.size()});
  set_time("app/settings/config.toml", 1725977743);
  dir_.write_file("app/wasmer.toml", R"(
[package]
name = "wasmer-tests/volume-static-webserver"
version = "0.1.0"
description = "none of these is in the package"

[dependencies]
"wasmer/static-web-server" = "1"

[fs]
"/settings" = "settings"

[[command]]
name = "script"
module = "wasmer/static-web-server:webserver"
runner = "https://webc.org/runner/wasi"
[command.annotations.wasi]
main-args = ["-w", "/settings/config.toml"]
)");
  EXPECT_EQ(digest(packed()), digest(test::read_file(path)));
}

TEST_F(Pack, AFolderAloneIsOneVolumeAndTheRoot) {
  dir_.write_file("app/bin/sh", "x");
  dir_.write_file("app/.hidden", "");
  dir_.write_file("app/.wasmerignore", "*.o\n");
  dir_.write_file("app/a.o", "");
  dir_.make_symlink("app/link", "/bin/sh");
  for (const char* path : {"app/bin/sh", "app/bin", "app/link"}) set_time(path, 1700000000);
  const auto made = package();
  EXPECT_EQ(made->manifest_json(),
            R"({"package":{"fs":[{"from":null,"volume_name":"/","mount_path":"/"}]}})");
  EXPECT_EQ(entries(*made, "/"),
            (Strings{"bin/ 1700000000", "bin/sh 1700000000 1", "link 1700000000 -> /bin/sh"}));
  EXPECT_EQ(entries(*made, "metadata"), Strings{});
  EXPECT_TRUE(made->verify());
  EXPECT_EQ(entries(*package({.include_ignored = true}), "/").size(), 6U);
}

TEST_F(Pack, AnEmptyFolderIsAPackage) {
  dir_.make_dirs("app");
  EXPECT_EQ(entries(*package(), "/"), Strings{});
}

TEST_F(Pack, AVolumeMayBeOneFile) {
  dir_.write_file("app/data/only", "x");
  dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"data/only\"\n");
  set_time("app/data/only", 5);
  EXPECT_EQ(entries(*package(), "/data/only"), Strings{"only 5 1"});
}

TEST_F(Pack, TwoPlacesOfOneFolderAreOneVolume) {
  dir_.write_file("app/data/f", "x");
  dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"data\"\n\"/w\" = \"./x/../data/\"\n");
  EXPECT_EQ(manifest()["package"]["fs"].size(), 2U);
  EXPECT_EQ(package()->volumes().size(), 2U) << "it and \"metadata\"";
}

TEST_F(Pack, TheSourceIsAFolderOrTheFileThatDescribesIt) {
  dir_.write_file("app/wasmer.toml", "[package]\n");
  const std::string bytes = packed();
  ASSERT_TRUE(pack(dir_ / "app/wasmer.toml", dir_ / "p.webc", {}));
  EXPECT_EQ(dir_.read_file("p.webc"), bytes);
  test::unpack_to(dir_ / "p.webc", dir_ / "again");
  ASSERT_TRUE(pack(dir_ / "again/manifest.json", dir_ / "q.webc", {}));
  EXPECT_EQ(dir_.read_file("q.webc"), bytes);
  // A folder that has both is its author's.
  dir_.write_file("app/manifest.json", "{\"entrypoint\":\"x\"}");
  EXPECT_EQ(packed(), bytes);
  ASSERT_TRUE(pack(dir_ / "app/manifest.json", dir_ / "p.webc", {}));
  EXPECT_NE(dir_.read_file("p.webc"), bytes);
}

TEST_F(Pack, AnAtomThatWasChangedIsSignedAnew) {
  test::WebcSpec spec;
  spec.atoms["run"] = std::string(kEmptyModule);
  dir_.write_file("was.webc", test::write_webc(spec));
  test::unpack_to(dir_ / "was.webc", dir_ / "app");
  dir_.write_file("app/atoms/run", "changed");
  const auto made = package();
  EXPECT_EQ(made->manifest().atoms.at(0).signature, test::webc_signature("changed"));
  EXPECT_TRUE(made->verify());
}

/// The same files in a folder "app", made in that order.
void write_files(const test::TempDir& dir, const std::vector<std::string>& names) {
  for (const std::string& name : names) dir.write_file("app/" + name, name);
  dir.write_file("app/wasmer.toml",
                 "[fs]\n\"/v\" = \"v\"\n[[module]]\nname = \"m\"\nsource = \"m\"\n[[command]]\nname = \"c\"\n"
                 "module = \"m\"\n");
  for (const std::string& name : names) {
    const timespec times[] = {{.tv_sec = 1'700'000'000, .tv_nsec = 0},
                              {.tv_sec = 1'700'000'000, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (dir / ("app/" + name)).c_str(), times, 0), 0);
  }
}

TEST_F(Pack, TheSameFilesAreTheSamePackage) {
  std::vector<std::string> names{"m"};
  for (int i = 0; i < 100; ++i) names.push_back("v/file" + std::to_string(i * 7919 % 101));
  write_files(dir_, names);
  const std::string bytes = packed();
  EXPECT_EQ(packed(), bytes);
  // In the other order, by a process with another umask and another zone.
  const test::TempDir other;
  const pid_t child = ::fork();
  if (child == 0) {
    ::umask(077);
    ::setenv("TZ", "Asia/Tokyo", 1);
    std::reverse(names.begin(), names.end());
    write_files(other, names);
    ::_exit(pack(other / "app", other / "p.webc", {}) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(digest(other.read_file("p.webc")), digest(bytes));
}

TEST_F(Pack, NoTimeLiesBehindTheNewest) {
  dir_.write_file("app/v/old", "");
  dir_.write_file("app/v/d/new", "");
  dir_.write_file("app/README.md", "");
  dir_.write_file("app/wasmer.toml", "[package]\nreadme = \"README.md\"\n[fs]\n\"/v\" = \"v\"\n");
  set_time("app/v/old", 1000);
  set_time("app/v/d/new", 3000);
  set_time("app/v/d", 2000);
  set_time("app/README.md", 4000);
  const auto made = package({.newest = 1500});
  EXPECT_EQ(entries(*made, "/v"), (Strings{"d/ 1500", "d/new 1500 0", "old 1000 0"}));
  EXPECT_EQ(entries(*made, "metadata"), Strings{"README.md 1500 0"});
  EXPECT_EQ(entries(*package({.newest = 0}), "/v"), (Strings{"d/ 0", "d/new 0 0", "old 0 0"}));
  EXPECT_EQ(entries(*package(), "/v"), (Strings{"d/ 2000", "d/new 3000 0", "old 1000 0"}));
}

TEST_F(Pack, TimesBefore1970AreItsFirstSecond) {
  dir_.write_file("app/f", "");
  set_time("app/f", -5);
  EXPECT_EQ(entries(*package(), "/"), Strings{"f 0 0"});
}

}  // namespace
}  // namespace wasifs::plan
