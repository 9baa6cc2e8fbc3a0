// SPDX-License-Identifier: Apache-2.0
// Folders that mean harm, and packages that would be in themselves.
#include <sys/mount.h>

#include <filesystem>

#include "packing.h"

namespace wasifs::plan {
namespace {

class PackHostile : public PackingTest {
 protected:
  PackHostile() {
    dir_.write_file("secret", "secret");
    dir_.make_dirs("app");
  }

  [[nodiscard]] std::string error_of_toml(const std::string& toml) const {
    dir_.write_file("app/wasmer.toml", toml);
    return error();
  }
  [[nodiscard]] std::string error_of_json(const std::string& json) const {
    dir_.write_file("app/manifest.json", json);
    return error();
  }
};

constexpr std::string_view kOutside =
    "\nhint: a package holds all of its files: nothing outside of its directory is read";

TEST_F(PackHostile, PathsThatClimbAreInsideOfTheFolder) {
  EXPECT_EQ(
      error_of_toml("[fs]\n\"/v\" = \"../secret\"\n"),
      "app/wasmer.toml:2:8: error: [fs] \"/v\": \"../secret\" does not exist in the package's directory" +
          std::string(kOutside));
  EXPECT_EQ(error_of_toml("[fs]\n\"/v\" = \"" + (dir_ / "secret") + "\"\n"),
            "app/wasmer.toml:2:8: error: [fs] \"/v\": \"secret\" does not exist in the package's directory" +
                std::string(kOutside));
  EXPECT_EQ(error_of_toml("[[module]]\nname = \"m\"\nsource = \"a/../../secret\"\n"),
            "app/wasmer.toml:3:10: error: module \"m\": \"a/../../secret\" does not exist in the package's "
            "directory" +
                std::string(kOutside));
  EXPECT_EQ(error_of_toml("[package]\nreadme = \"../secret\"\n"),
            "app/wasmer.toml:2:10: error: readme: \"../secret\" does not exist in the package's directory" +
                std::string(kOutside));
  // What has the name inside is what is meant.
  dir_.write_file("app/secret", "ours");
  dir_.write_file("app/wasmer.toml", "[[module]]\nname = \"m\"\nsource = \"../secret\"\n");
  EXPECT_FALSE(packed().contains("secret"));
  EXPECT_TRUE(packed().contains("ours"));
}

TEST_F(PackHostile, SymlinksThatLeaveTheFolderStayInIt) {
  dir_.make_symlink("app/out", "../secret");
  dir_.make_symlink("app/dir", "..");
  for (const char* path : {"out", "dir/secret"}) {
    const std::string quoted = "\"" + std::string(path) + "\"";
    EXPECT_EQ(error_of_toml("[[module]]\nname = \"m\"\nsource = " + quoted + "\n"),
              "app/wasmer.toml:3:10: error: module \"m\": " + quoted +
                  " does not exist in the package's directory");
    EXPECT_EQ(
        error_of_toml("[fs]\n\"/v\" = " + quoted + "\n"),
        "app/wasmer.toml:2:8: error: [fs] \"/v\": " + quoted + " does not exist in the package's directory");
  }
  // ".." of the folder is the folder.
  dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"dir\"\n");
  EXPECT_FALSE(packed().contains("secret\""));
  EXPECT_EQ(entries(*package(), "/dir").size(), 3U) << "dir, out and wasmer.toml";
}

TEST_F(PackHostile, ADescriptionIsInTheFolder) {
  dir_.write_file("wasmer.toml", "[package]\n");
  dir_.make_symlink("app/wasmer.toml", "../wasmer.toml");
  EXPECT_TRUE(package()->volume("/")) << "a link that leads nowhere inside describes nothing";
  std::filesystem::remove(dir_ / "p.webc");
  const Outcome<void> by_name = pack(dir_ / "app/wasmer.toml", dir_ / "p.webc", {});
  EXPECT_EQ(without_folder(by_name.error().text()),
            "error: package directory: \"wasmer.toml\": Too many levels of symbolic links");
  // One that is absolute starts at the folder.
  std::filesystem::remove(dir_ / "app/wasmer.toml");
  dir_.write_file("app" + (dir_ / "real.toml"), "[package]\n");
  dir_.write_file("real.toml", "no TOML");
  dir_.make_symlink("app/wasmer.toml", dir_ / "real.toml");
  EXPECT_EQ(package()->manifest_json(), R"({"package":{"wapm":{}}})");
}

TEST_F(PackHostile, ADescriptionIsARegularFile) {
  ASSERT_EQ(::mkfifo((dir_ / "app/wasmer.toml").c_str(), 0600), 0);
  const Outcome<void> by_name = pack(dir_ / "app/wasmer.toml", dir_ / "p.webc", {});
  EXPECT_EQ(without_folder(by_name.error().text()),
            "error: package directory: \"wasmer.toml\" is no regular file");
  EXPECT_EQ(error(), "error: volume \"/\": \"/wasmer.toml\" is a special file, which a package cannot hold");
}

TEST_F(PackHostile, NamesOfModulesAreNamesOfFiles) {
  dir_.write_file("app/m", "");
  const std::string kHint = "\nhint: atoms of a package are files: give it a name of one";
  for (const char* name : {"..", ".", "a/b", "/etc"}) {
    EXPECT_EQ(error_of_toml("[[module]]\nname = \"" + std::string(name) + "\"\nsource = \"m\"\n"),
              "app/wasmer.toml:2:8: error: the module \"" + std::string(name) +
                  "\" has a name that no file can have" + kHint);
  }
  const std::string long_name(256, 'x');
  EXPECT_EQ(error_of_toml("[[module]]\nname = \"" + long_name + "\"\nsource = \"m\"\n"),
            "app/wasmer.toml:2:8: error: the module \"" + long_name + "\" has a name that no file can have" +
                kHint);
}

TEST_F(PackHostile, NulsAreRefused) {
  EXPECT_EQ(error_of_toml("[fs]\n\"/v\" = \"a\\u0000b\"\n"),
            "app/wasmer.toml:2:8: error: \"/v\" must not contain a NUL byte");
  EXPECT_EQ(error_of_toml("[[module]]\nname = \"m\"\nsource = \"a\\u0000\"\n"),
            "app/wasmer.toml:3:10: error: \"source\" must not contain a NUL byte");
  std::filesystem::remove(dir_ / "app/wasmer.toml");
  EXPECT_EQ(error_of_json(R"({"package":{"fs":[{"volume_name":"a\u0000b"}]}})"),
            "app/manifest.json: error: the name of the volume \"a\\x00b\" has a NUL byte");
  EXPECT_EQ(error_of_json(R"({"atoms":{"a\u0000":{}}})"),
            "app/manifest.json: error: the atom \"a\\x00\" has a name that no file can have");
}

TEST_F(PackHostile, AManifestIsWhatUnpackWrites) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "the manifest: no JSON at byte 1"},
      {"{\"package\":}", "the manifest: no JSON at byte 12"},
      {"[]", "the manifest is no JSON object"},
      {R"({"package":1})", "\"package\" is no object"},
      {R"({"package":{"fs":{}}})", "\"package.fs\" is no list"},
      {R"({"package":{"fs":[{"volume_name":1}]}})", "an entry of \"package.fs\" has no \"volume_name\""},
      {R"({"package":{"fs":["/v"]}})", "an entry of \"package.fs\" has no \"volume_name\""},
      {R"({"atoms":[]})", "\"atoms\" is no object"},
      {R"({"atoms":{"a":"b"}})", "the atom \"a\" is no object"},
      {R"({"atoms":{"..":{}}})", "the atom \"..\" has a name that no file can have"},
      {R"({"atoms":{"a/b":{}}})", "the atom \"a/b\" has a name that no file can have"},
      {R"({"atoms":{},"atoms":{}})", "the manifest: the key \"atoms\" is there twice in one map"},
      {R"({"entrypoint":1e999})", "the manifest: a number is too large at byte 19"},
      {R"({"atoms":{"a":{}}})", "atom \"a\": \"atoms/a\" does not exist in the package's directory"},
      {R"({"package":{"fs":[{"volume_name":"/v"}]}})",
       "volume \"/v\": \"volumes/v\" does not exist in the package's directory"},
  };
  for (const auto& [json, wanted] : cases) {
    EXPECT_EQ(error_of_json(json), "app/manifest.json: error: " + std::string(wanted)) << json;
  }
}

TEST_F(PackHostile, ManifestsOfManyKeysTakeNoTime) {
  std::string json = "{";
  for (int i = 0; i < 100'000; ++i) json += "\"" + std::to_string(i) + "\":0,";
  json.back() = '}';
  EXPECT_EQ(error_of_json(json), "app/manifest.json: error: the manifest: a map has more than 4096 keys");
}

TEST_F(PackHostile, DescriptionsOfManyKeysTakeNoTime) {
  dir_.write_file("app/m", "");
  const std::string module = "[[module]]\nname = \"m\"\nsource = \"m\"\n";
  const std::string command = "[[command]]\nmodule = \"m\"\nrunner = \"wasi\"\nname = \"";
  std::string annotations = module + command + "c\"\n[command.annotations]\n";
  for (int i = 0; i < 100'000; ++i) annotations += std::to_string(i) + "=0\n";
  const std::string refused = "error: app/wasmer.toml: a map has more than 4096 keys";
  EXPECT_EQ(error_of_toml(annotations), refused);
  std::string commands = module;
  for (int i = 0; i < 15'000; ++i) commands += command + std::to_string(i) + "\"\n";
  EXPECT_EQ(error_of_toml(commands), refused);
}

TEST_F(PackHostile, NullIsNothing) {
  dir_.write_file("app/manifest.json", R"({"package":null,"atoms":null,"use":null})");
  EXPECT_EQ(package()->manifest_json(), R"({"package":null,"atoms":null,"use":null})");
  dir_.write_file("app/manifest.json", R"({"package":{"fs":null},"atoms":{"a":null}})");
  dir_.write_file("app/atoms/a", "x");
  EXPECT_EQ(package()->manifest_json(), R"({"package":{"fs":null},"atoms":{"a":null}})");
}

TEST_F(PackHostile, NamesOfVolumesLeadNowhereElse) {
  dir_.write_file("volumes/secret", "secret");
  for (const char* name : {"..", "../..", "a/../../secret", "/../secret", "./secret"}) {
    const std::string json = R"({"package":{"fs":[{"volume_name":")" + std::string(name) + R"("}]}})";
    const std::string text = error_of_json(json);
    EXPECT_TRUE(
        text.starts_with("app/manifest.json: error: volume \"" + std::string(name) + "\": \"volumes/"))
        << text;
    EXPECT_TRUE(text.ends_with("does not exist in the package's directory")) << text;
  }
  // Nor does a folder of the volumes that is a link.
  dir_.make_symlink("app/volumes", "../volumes");
  EXPECT_EQ(
      error_of_json(R"({"package":{"fs":[{"volume_name":"secret"}]}})"),
      "app/manifest.json: error: volume \"secret\": \"volumes/secret\": Too many levels of symbolic links");
}

TEST_F(PackHostile, APackageIsNotInItself) {
  dir_.write_file("app/data/f", "x");
  const std::string inside = dir_ / "app/data/p.webc";
  dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"data\"\n");
  ASSERT_TRUE(pack(dir_ / "app", inside, {}));
  const std::string bytes = dir_.read_file("app/data/p.webc");
  EXPECT_EQ(entries(*webc::Package::open(inside).value(), "/data").size(), 1U);
  // The second time it would be.
  const Outcome<void> again = pack(dir_ / "app", inside, {});
  EXPECT_EQ(
      without_folder(again.error().text()),
      "error: \"app/data/p.webc\" would be packed into itself\nhint: write it outside of \"app/data\", or "
      "name it in a .wasmerignore");
  EXPECT_EQ(dir_.read_file("app/data/p.webc"), bytes);
  dir_.write_file("app/.wasmerignore", "*.webc\n");
  ASSERT_TRUE(pack(dir_ / "app", inside, {}));
  EXPECT_EQ(dir_.read_file("app/data/p.webc"), bytes);
  EXPECT_FALSE(pack(dir_ / "app", inside, {.include_ignored = true}));
  // By another way, too.
  dir_.make_symlink("way", "app/data");
  std::filesystem::remove(dir_ / "app/.wasmerignore");
  EXPECT_FALSE(pack(dir_ / "app", dir_ / "way/p.webc", {}));
  // Beside what is packed it is in nobody's way.
  EXPECT_TRUE(pack(dir_ / "app", dir_ / "app/p.webc", {}));
  EXPECT_TRUE(pack(dir_ / "app", dir_ / "app/p.webc", {}));
}

TEST_F(PackHostile, APackageIsNotInItselfThroughAnotherMount) {
  dir_.write_file("app/data/p.webc", "x");
  dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"data\"\n");
  dir_.make_dirs("mounted");
  if (::mount((dir_ / "app/data").c_str(), (dir_ / "mounted").c_str(), "", MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const Outcome<void> done = pack(dir_ / "app", dir_ / "mounted/p.webc", {});
  EXPECT_EQ(::umount((dir_ / "mounted").c_str()), 0);
  EXPECT_FALSE(done);
  EXPECT_EQ(dir_.read_file("app/data/p.webc"), "x");
}

TEST_F(PackHostile, APackageDoesNotReplaceWhatItIsMadeOf) {
  dir_.write_file("app/m.wasm", "program");
  dir_.write_file("app/README", "text");
  dir_.write_file("app/one", "volume");
  dir_.write_file("app/wasmer.toml",
                  "[package]\nreadme = \"README\"\n[fs]\n\"/v\" = \"one\"\n[[module]]\nname = \"m\"\n"
                  "source = \"m.wasm\"\n");
  for (const char* file : {"wasmer.toml", "m.wasm", "README", "one"}) {
    const std::string path = dir_ / ("app/" + std::string(file));
    const Outcome<void> done = pack(dir_ / "app", path, {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().text(), "error: \"" + path +
                                       "\" is a file that the package is made of\nhint: write the package to "
                                       "another file");
  }
  EXPECT_EQ(dir_.read_file("app/m.wasm"), "program");
}

}  // namespace
}  // namespace wasifs::plan
