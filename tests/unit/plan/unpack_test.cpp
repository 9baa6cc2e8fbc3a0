// SPDX-License-Identifier: Apache-2.0
// Packages as folders: what lies where, what is lost, and that pack() finds it again.
#include "plan/unpack.h"

#include <filesystem>
#include <limits>
#include <tuple>

#include "packing.h"
#include "plan/unpacked.h"
#include "support/fixtures.h"

namespace wasifs::plan {
namespace {

using Json = nlohmann::ordered_json;

TEST(VolumePlace, OfANameIsInTheFolder) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      // name, place, place of its own
      {"metadata", "metadata", "metadata"},
      {"/metadata", "volumes/metadata", "volumes/%2Fmetadata"},
      {"a", "volumes/a", "volumes/%61"},
      {"/a", "volumes/a", "volumes/%2Fa"},
      {"/a/b", "volumes/a/b", "volumes/%2Fa%2Fb"},
      {"a/b", "volumes/a/b", "volumes/a%2Fb"},
      {"/", "volumes/%2F", "volumes/%2F"},
      {"", "volumes/%", "volumes/%"},
      {".", "volumes/%2E", "volumes/%2E"},
      {"..", "volumes/%2E.", "volumes/%2E."},
      {"a/..", "volumes/a%2F..", "volumes/a%2F.."},
      {"../../x", "volumes/..%2F..%2Fx", "volumes/..%2F..%2Fx"},
      {"a//b", "volumes/a%2F%2Fb", "volumes/a%2F%2Fb"},
      {"a/", "volumes/a%2F", "volumes/a%2F"},
      {"//", "volumes/%2F%2F", "volumes/%2F%2F"},
      {"a%2Fb", "volumes/a%252Fb", "volumes/a%252Fb"},
      {"%", "volumes/%25", "volumes/%25"},
      {"%61", "volumes/%2561", "volumes/%2561"},
      {"\xc3\xbc/b", "volumes/\xc3\xbc/b", "volumes/\xc3\xbc%2Fb"},
  };
  for (const auto& [name, place, alone] : cases) {
    EXPECT_EQ(volume_place(name, false), place);
    EXPECT_EQ(volume_place(name, true), alone);
  }
}

class Unpack : public PackingTest {
 protected:
  /// A package of volumes that each have a file "f" with the volume's name in it.
  [[nodiscard]] static test::WebcSpec spec_of(const Strings& volumes, unsigned version = 3) {
    test::WebcSpec spec{.version = version};
    for (const std::string& name : volumes) {
      spec.volumes[name] = {test::webc_file("f", "in " + name)};
      if (name == "metadata") continue;
      spec.manifest["package"]["fs"].push_back({{"from", nullptr},
                                                {"volume_name", name},
                                                {"mount_path", "/" + std::to_string(spec.volumes.size())}});
    }
    return spec;
  }

  /// The text of each warning, the package's name left out.
  Strings unpack_spec(const test::WebcSpec& spec) {
    dir_.write_file("was.webc", test::write_webc(spec));
    Strings warnings;
    for (const Diagnostic& warning : test::unpack_to(dir_ / "was.webc", dir_ / "app")) {
      warnings.push_back(without_folder(warning.text("warning")));
    }
    return warnings;
  }
};

struct Names {
  const char* title;
  std::vector<std::string> volumes;
};
void PrintTo(const Names& names, std::ostream* out) { *out << names.title; }

class UnpackNames : public Unpack, public testing::WithParamInterface<Names> {};

TEST_P(UnpackNames, ArePackedAgainAsTheyWere) {
  test::WebcSpec spec = spec_of(GetParam().volumes);
  spec.volumes.try_emplace("metadata");
  EXPECT_EQ(unpack_spec(spec), Strings{});
  EXPECT_TRUE(packed() == test::write_webc(spec));
}

INSTANTIATE_TEST_SUITE_P(Packed, UnpackNames,
                         testing::Values(Names{"None", {}}, Names{"Plain", {"/a", "/b/c"}},
                                         Names{"Root", {"/"}}, Names{"RootAndOthers", {"/", "/a", "/a/b"}},
                                         Names{"InOneAnother", {"/a", "/a/b", "/a/b/c"}},
                                         Names{"InOneAnotherWithAnotherBetween",
                                               {"/a", "/a-b", "/a/b", "/a.c/d"}},
                                         Names{"WithAndWithoutASlash", {"a", "/a", "b", "/a/b", "a/b"}},
                                         Names{"Empty", {""}}, Names{"EmptyAndOthers", {"", "/", "//", "a"}},
                                         Names{"Dots", {".", "..", "/..", "a/../b"}},
                                         Names{"Percent", {"%", "%2F", "/", "%61", "a"}},
                                         Names{"Metadata", {"metadata", "/metadata", "/metadata/x"}},
                                         Names{"Spaces", {" ", "\n", "a b", "-o"}}),
                         [](const auto& named) { return named.param.title; });

TEST_F(Unpack, LaysOutWhatIsThere) {
  test::WebcSpec spec = spec_of({"/v"});
  spec.atoms["run"] = "program";
  spec.volumes["metadata"] = {test::webc_file("README.md", "text", 5)};
  EXPECT_EQ(unpack_spec(spec), Strings{});
  EXPECT_EQ(dir_.read_file("app/volumes/v/f"), "in /v");
  EXPECT_EQ(dir_.read_file("app/atoms/run"), "program");
  EXPECT_EQ(dir_.read_file("app/metadata/README.md"), "text");
  EXPECT_TRUE(dir_.read_file("app/manifest.json").starts_with("{\n  \"package\": {"));
  EXPECT_TRUE(packed() == test::write_webc(spec));
}

TEST_F(Unpack, KeepsTheTimesOfAllDirectories) {
  test::WebcSpec spec = spec_of({"/v"});
  spec.volumes["/v"] = {test::webc_dir("", 100), test::webc_dir("d", 200), test::webc_file("d/.f", "", 300),
                        test::webc_link("d/l", ".f", 400)};
  spec.volumes["metadata"] = {test::webc_dir("", 500)};
  EXPECT_EQ(unpack_spec(spec), Strings{});
  EXPECT_TRUE(packed() == test::write_webc(spec));
}

TEST_F(Unpack, WarnsOfVolumesThatAreShownNowhere) {
  test::WebcSpec spec = spec_of({"/v", "metadata"});
  spec.volumes["/other"] = {test::webc_file("f", "")};
  spec.manifest["package"]["fs"].push_back(
      {{"from", "dep"}, {"volume_name", "/other"}, {"mount_path", "/o"}});
  EXPECT_EQ(
      unpack_spec(spec),
      Strings{"warning: \"was.webc\": the volume \"/other\" is shown nowhere; packed again, it is left out"});
  EXPECT_EQ(dir_.read_file("app/volumes/other/f"), "");
  const auto again = package();
  EXPECT_EQ(again->volumes().size(), 2U);
  EXPECT_EQ(again->volume("/other"), nullptr);
}

TEST_F(Unpack, WarnsOfOlderVersions) {
  for (const unsigned version : {1U, 2U}) {
    std::filesystem::remove_all(dir_ / "app");
    test::WebcSpec spec{.version = version};
    spec.volumes["atom"] = {test::webc_file("f", "x")};
    spec.volumes["other"] = {test::webc_file("g", "y")};
    EXPECT_EQ(
        unpack_spec(spec),
        (Strings{"warning: \"was.webc\": version " + std::to_string(version) +
                     "; packed again, it is of version 3",
                 "warning: \"was.webc\": the volume \"other\" is shown nowhere; packed again, it is left "
                 "out"}));
    // What those versions do without being told, this one has to be told.
    EXPECT_EQ(package()->manifest_json(),
              R"({"package":{"fs":[{"from":null,"volume_name":"atom","mount_path":"/"}]}})");
    EXPECT_EQ(entries(*package(), "atom").size(), 1U);
  }
}

TEST_F(Unpack, AnOlderPackageWithMappingsKeepsThem) {
  const test::WebcSpec spec = spec_of({"atom", "b"}, 2);
  EXPECT_EQ(unpack_spec(spec), Strings{"warning: \"was.webc\": version 2; packed again, it is of version 3"});
  EXPECT_EQ(Json::parse(package()->manifest_json()), spec.manifest);
}

TEST_F(Unpack, WarnsOfAManifestThatJsonCannotSay) {
  test::WebcSpec spec;
  spec.manifest["own"] = Json::binary({1, 2, 3});
  const Strings refused{
      "warning: \"was.webc\": JSON cannot say all that its manifest says; packed again, it is another "
      "package"};
  EXPECT_EQ(unpack_spec(spec), refused);
  std::filesystem::remove_all(dir_ / "app");
  spec.manifest["own"] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(unpack_spec(spec), refused);
}

TEST_F(Unpack, NamesThatNoFolderCanHaveAreRefused) {
  const auto refused = [&](const std::string& volume) {
    dir_.write_file("was.webc", test::write_webc(spec_of({volume})));
    const auto unpacked = unpack(dir_ / "was.webc");
    return unpacked ? "no error" : without_folder(unpacked.error().text());
  };
  const std::string name(256, 'x');
  EXPECT_EQ(refused("/" + name),
            "error: \"was.webc\": \"volumes/%2F" + name + "\" cannot be shown: File name too long");
  using namespace std::string_literals;
  EXPECT_EQ(refused("a\0b"s), "error: \"was.webc\": \"volumes/%61\\x00b\" cannot be shown: Invalid argument");
}

TEST_F(Unpack, WhatIsNoPackageIsRefused) {
  dir_.write_file("was.webc", "no package");
  EXPECT_EQ(unpack(dir_ / "was.webc").error().trouble, Trouble::corrupt);
  EXPECT_EQ(unpack(dir_ / "none.webc").error().trouble, Trouble::source);
}

TEST_F(Unpack, EveryFixtureIsPackedAgain) {
  const Strings fixtures = test::all_fixtures();
  if (fixtures.empty()) GTEST_SKIP() << "FIXTURE MISSING: set WASIFS_FIXTURES to the folder of webc fixtures";
  for (const std::string& fixture : fixtures) {
    const test::TempDir dir;
    (void)test::unpack_to(fixture, dir / "app");
    ASSERT_TRUE(pack(dir / "app", dir / "p.webc", {})) << fixture;
    const auto was = webc::Package::open(fixture).value();
    const auto is = webc::Package::open(dir / "p.webc").value();
    EXPECT_TRUE(is->verify()) << fixture;
    EXPECT_EQ(is->manifest().atoms.size(), was->manifest().atoms.size());
    EXPECT_EQ(is->manifest().commands.size(), was->manifest().commands.size());
  }
}

}  // namespace
}  // namespace wasifs::plan
