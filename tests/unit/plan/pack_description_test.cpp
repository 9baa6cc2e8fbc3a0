// SPDX-License-Identifier: Apache-2.0
// What of a wasmer.toml is in the package: metadata, bindings, commands, dependencies. The
// manifests here are what the reference writer (npm @wasmer/sdk 0.10.0) makes of the same.
#include "packing.h"

namespace wasifs::plan {
namespace {

using Json = nlohmann::ordered_json;

class PackDescription : public PackingTest {
 protected:
  PackDescription() { dir_.write_file("app/m.wasm", kEmptyModule); }

  void describe(const std::string& toml) const { dir_.write_file("app/wasmer.toml", toml); }

  /// A command's annotations in the manifest.
  [[nodiscard]] std::string annotations(const std::string& toml) const {
    describe(kModule + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\n" + toml);
    return manifest()["commands"]["c"]["annotations"].dump();
  }

  const std::string kModule = "[[module]]\nname = \"m\"\nsource = \"m.wasm\"\n";
};

TEST_F(PackDescription, NothingIsAnEmptyManifest) {
  describe("");
  EXPECT_EQ(manifest().dump(), "{}");
  describe("[package]\n");
  EXPECT_EQ(manifest().dump(), R"({"package":{"wapm":{}}})");
}

TEST_F(PackDescription, ThePackageIsItsMetadataWithoutItsName) {
  describe(
      "[package]\nname = \"a/b\"\nversion = \"1.0.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n"
      "license-file = \"./docs/../LICENSE\"\nreadme = \"docs/README.md\"\nrepository = "
      "\"https://r.invalid\"\n"
      "homepage = \"https://h.invalid\"\nprivate = true\n");
  dir_.write_file("app/LICENSE", "license");
  dir_.write_file("app/docs/README.md", "read me");
  dir_.write_file("app/docs/.ignore", "*");
  set_time("app/LICENSE", 100);
  set_time("app/docs/README.md", 200);
  EXPECT_EQ(manifest().dump(),
            R"({"package":{"wapm":{"license":"MIT","license-file":{"volume":"metadata","path":"/LICENSE"},)"
            R"("readme":{"volume":"metadata","path":"/docs/README.md"},"repository":"https://r.invalid",)"
            R"("homepage":"https://h.invalid","private":true}}})");
  EXPECT_EQ(entries(*package(), "metadata"), (Strings{"LICENSE 100 7", "docs/ 0", "docs/README.md 200 7"}));
}

TEST_F(PackDescription, PrivateIsSaidWhereItIs) {
  describe("[package]\nprivate = false\n");
  EXPECT_EQ(manifest().dump(), R"({"package":{"wapm":{}}})");
}

TEST_F(PackDescription, OneFileMayBeNamedTwice) {
  describe("[package]\nreadme = \"R\"\nlicense-file = \"./R\"\n");
  dir_.write_file("app/R", "x");
  EXPECT_EQ(entries(*package(), "metadata").size(), 1U);
}

TEST_F(PackDescription, BindingsOfWit) {
  describe(kModule + "[module.bindings]\nwit-bindgen = \"0.1.0\"\nwit-exports = \"x.wit\"\n");
  dir_.write_file("app/x.wit", "w");
  EXPECT_EQ(manifest()["bindings"].dump(),
            R"([{"name":"library-bindings","kind":"wit@0.1.0","annotations":{"wit":{"exports":)"
            R"("metadata://x.wit","module":"m"}}}])");
  EXPECT_EQ(entries(*package(), "metadata").size(), 1U);
}

TEST_F(PackDescription, BindingsOfWai) {
  dir_.write_file("app/x.wai", "");
  dir_.write_file("app/a.wai", "");
  dir_.write_file("app/b/c.wai", "");
  for (const char* path : {"app/x.wai", "app/a.wai", "app/b/c.wai"}) set_time(path, 7);
  const std::string bindings = "[module.bindings]\nwai-version = \"0.2.0\"\n";
  const auto wai = [&] { return manifest()["bindings"][0].dump(); };
  describe(kModule + bindings + "exports = \"x.wai\"\nimports = []\n");
  EXPECT_EQ(wai(), R"({"name":"library-bindings","kind":"wai@0.2.0","annotations":{"wai":{"exports":)"
                   R"("metadata://x.wai","module":"m","imports":[]}}})");
  // What is not exported is null rather than left out.
  describe(kModule + bindings + "imports = [\"a.wai\", \"./b/c.wai\"]\n");
  EXPECT_EQ(wai(), R"({"name":"library-bindings","kind":"wai@0.2.0","annotations":{"wai":{"exports":null,)"
                   R"("module":"m","imports":["metadata://a.wai","metadata://b/c.wai"]}}})");
  EXPECT_EQ(entries(*package(), "metadata"), (Strings{"a.wai 7 0", "b/ 0", "b/c.wai 7 0"}));
}

TEST_F(PackDescription, DependenciesAsTheReferenceWritesThem) {
  describe(
      "[dependencies]\n\"z/z\" = \"1\"\n\"a/a\" = \"1.x, <1.5\"\n\"m/m\" = \"*\"\n\"b/b\" = "
      "\"=1.2.3-rc.1\"\n");
  EXPECT_EQ(manifest().dump(),
            R"({"use":{"z/z":"z/z@^1","a/a":"a/a@1.*, <1.5","m/m":"m/m@*","b/b":"b/b@=1.2.3-rc.1"}})");
}

TEST_F(PackDescription, FeaturesAreOfModulesAlone) {
  dir_.write_file("app/data", "no module");
  dir_.write_file("app/nothing", "");
  describe(kModule +
           "[[module]]\nname = \"d\"\nsource = \"data\"\nkind = \"https://k.invalid/\"\n"
           "[[module]]\nname = \"e\"\nsource = \"nothing\"\n");
  EXPECT_EQ(manifest()["atoms"].dump(),
            R"({"d":{"kind":"https://k.invalid/"},"e":{"kind":"https://webc.org/kind/wasm"},)"
            R"("m":{"kind":"https://webc.org/kind/wasm","annotations":{"wasm":{"features":)"
            R"(["simd","bulk-memory","reference-types","multi-value","threads"]}}}})");
}

TEST_F(PackDescription, AnnotationsJoinThoseThatFollow) {
  const std::string atom = R"({"atom":{"name":"m"},"wasi":{"atom":"m")";
  EXPECT_EQ(annotations(""), atom + "}}");
  EXPECT_EQ(annotations("[command.annotations.wasi]\nenv = [\"A=B\"]\nmain-args = [\"x\"]\ncwd = \"/v\"\n"),
            atom + R"(,"env":["A=B"],"main-args":["x"],"cwd":"/v"}})");
  EXPECT_EQ(annotations("[command.annotations.own]\nz = 1\na = [true, \"x\", 0.5, {k = -1}]\n"),
            atom + R"(},"own":{"z":1,"a":[true,"x",0.5,{"k":-1}]}})");
  EXPECT_EQ(annotations("[command.annotations.atom]\nname = \"m\"\nmore = 1\n"),
            R"({"atom":{"name":"m","more":1},"wasi":{"atom":"m"}})");
}

TEST_F(PackDescription, DatesInAnnotationsAreTexts) {
  EXPECT_EQ(annotations("[command.annotations.own]\na = 1979-05-27\nb = 07:32:00\nc = 1979-05-27T07:32:00\n"
                        "d = 1979-05-27T07:32:00Z\ne = 1979-05-27 07:32:00.25-07:30\n"),
            R"({"atom":{"name":"m"},"wasi":{"atom":"m"},"own":{"a":"1979-05-27","b":"07:32:00",)"
            R"("c":"1979-05-27T07:32:00","d":"1979-05-27T07:32:00Z","e":"1979-05-27T07:32:00.25-07:30"}})");
}

TEST_F(PackDescription, AnnotationsThatContradictTheModuleHaveAPlace) {
  const std::string command = kModule + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\n";
  const std::string refused =
      "app/wasmer.toml:4:1: error: the annotations of the command \"c\" contradict its module\n"
      "hint: leave \"atom\" out of the annotations: it follows from \"module\"";
  for (const char* own :
       {"[command.annotations.atom]\nname = \"n\"\n", "[command.annotations.wasi]\natom = \"n\"\n",
        "[command.annotations]\natom = \"m\"\n", "[command.annotations.atom]\nname = [\"m\"]\n"}) {
    describe(command + own);
    EXPECT_EQ(error(), refused) << own;
  }
}

TEST_F(PackDescription, ANumberThatIsNotFiniteHasAPlace) {
  const std::string command = kModule + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\n";
  const auto refused = [](const char* place) {
    return "app/wasmer.toml:" + std::string(place) +
           ": error: the annotations of the command \"c\" have a number that is not finite\n"
           "hint: write a finite number, or a text";
  };
  describe(command + "[command.annotations.own]\na = 1\nb = inf\n");
  EXPECT_EQ(error(), refused("10:5"));
  describe(command + "[command.annotations.own]\na = [1.5, {x = -inf}]\n");
  EXPECT_EQ(error(), refused("9:16"));
  describe(command + "annotations = {own = nan}\n");
  EXPECT_EQ(error(), refused("8:22"));
}

TEST_F(PackDescription, WhatIsMissingHasAPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"[fs]\n\"/v\" = \"none\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/v\": \"none\" does not exist in the package's directory"},
      {"[[module]]\nname = \"n\"\nsource = \"none\"\n",
       "app/wasmer.toml:3:10: error: module \"n\": \"none\" does not exist in the package's directory"},
      {"[package]\nreadme = \"none\"\n",
       "app/wasmer.toml:2:10: error: readme: \"none\" does not exist in the package's directory"},
      {"[package]\nlicense-file = \"docs\"\n",
       "app/wasmer.toml:2:16: error: license-file: \"docs\" is no regular file"},
      {kModule + "[module.bindings]\nwai-version = \"0.2.0\"\nimports = [\"none\"]\n",
       "app/wasmer.toml:6:12: error: bindings of \"m\": \"none\" does not exist in the package's directory"},
      {kModule + "[module.bindings]\nwit-bindgen = \"0.1.0\"\n",
       "app/wasmer.toml:4:1: error: \"bindings\" has no \"wit-exports\""},
      {kModule + "[module.bindings]\nimports = []\n",
       "app/wasmer.toml:4:1: error: \"bindings\" has no \"wai-version\""},
  };
  dir_.make_dirs("app/docs");
  for (const auto& [toml, wanted] : cases) {
    describe(toml);
    EXPECT_EQ(error(), wanted);
  }
}

}  // namespace
}  // namespace wasifs::plan
