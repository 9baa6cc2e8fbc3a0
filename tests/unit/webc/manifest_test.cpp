// SPDX-License-Identifier: Apache-2.0
#include "testing.h"

namespace wasifs::webc {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const Package> with_manifest(const std::string& json, unsigned version = 3) {
  return must_write({.version = version, .manifest = Json::parse(json), .sign_atoms = false});
}

void expect_refused(const std::string& json, const std::string& what) {
  const std::string bytes = write_webc({.version = 1, .manifest = Json::parse(json)});
  const std::size_t length_bytes = (bytes[1308] & 0x80) != 0 ? 2 : 1;  // LEB128
  expect_corrupt(bytes, 1308 + length_bytes, "the manifest: " + what);
}

TEST(Manifest, AnEmptyOneIsAllDefaults) {
  const PackageManifest manifest = with_manifest("{}")->manifest();
  EXPECT_EQ(manifest.name, "");
  EXPECT_TRUE(manifest.dependencies.empty());
  EXPECT_TRUE(manifest.atoms.empty());
  EXPECT_TRUE(manifest.commands.empty());
  EXPECT_TRUE(manifest.fs.empty());
  EXPECT_FALSE(manifest.has_fs);
  EXPECT_EQ(manifest.entrypoint, "");
}

TEST(Manifest, ReadsNameVersionAndDescription) {
  const PackageManifest manifest =
      with_manifest(R"({"package":{"wapm":{"name":"a/b","version":"1.2.3","description":"text","x":[1]}},
                        "entrypoint":"run"})")
          ->manifest();
  EXPECT_EQ(manifest.name, "a/b");
  EXPECT_EQ(manifest.version, "1.2.3");
  EXPECT_EQ(manifest.description, "text");
  EXPECT_EQ(manifest.entrypoint, "run");
}

TEST(Manifest, NullsAndUnknownKeysAreAccepted) {
  const PackageManifest manifest =
      with_manifest(R"({"use":null,"package":{"wapm":null,"fs":null},"atoms":null,"commands":null,
                        "entrypoint":null,"bindings":[],"future":{"x":[1.5,true]}})")
          ->manifest();
  EXPECT_FALSE(manifest.has_fs);
  EXPECT_EQ(with_manifest(R"({"package":null})")->manifest().name, "");
  EXPECT_EQ(with_manifest(R"({"package":{"wapm":{"name":null}}})")->manifest().name, "");
}

TEST(Manifest, DependenciesKeepTheirOrderAndForm) {
  const PackageManifest manifest =
      with_manifest(R"({"use":{"z":"https://x/y","a":"ns/name@^1","vendored":{"atoms":{}}}})")->manifest();
  ASSERT_EQ(manifest.dependencies.size(), 3U);
  EXPECT_EQ(manifest.dependencies[0].alias, "z");
  EXPECT_EQ(manifest.dependencies[0].specifier, "https://x/y");
  EXPECT_EQ(manifest.dependencies[1].specifier, "ns/name@^1");
  EXPECT_EQ(manifest.dependencies[2].specifier, "");
}

TEST(Manifest, AtomsHaveTheSizeOfTheirBytes) {
  const auto package =
      must_write({.manifest = Json::parse(R"({"atoms":{"z":{"kind":"k","signature":"s"},"gone":null}})"),
                  .atoms = {{"a", "12"}, {"z", "123"}},
                  .sign_atoms = false});
  const auto& atoms = package->manifest().atoms;
  ASSERT_EQ(atoms.size(), 3U) << "the manifest's in its order, then those it does not mention";
  EXPECT_EQ(atoms[0].name, "z");
  EXPECT_EQ(atoms[0].kind, "k");
  EXPECT_EQ(atoms[0].signature, "s");
  EXPECT_EQ(atoms[0].size, 3U);
  EXPECT_EQ(atoms[1].name, "gone");
  EXPECT_EQ(atoms[1].size, 0U);
  EXPECT_EQ(atoms[2].name, "a");
  EXPECT_EQ(atoms[2].size, 2U);
}

Command command(const std::string& json, const std::string& atoms = R"({"first":{},"second":{}})") {
  const auto package = with_manifest(R"({"atoms":)" + atoms + R"(,"commands":{"c":)" + json + "}}");
  return package->manifest().commands.at(0);
}

TEST(ManifestCommands, TheAtomAnnotationNamesTheAtomAndItsPackage) {
  const Command c = command(R"({"runner":"https://webc.org/runner/wasi","annotations":
    {"atom":{"name":"n","dependency":"d"},"wasi":{"atom":"other"}}})");
  EXPECT_EQ(c.name, "c");
  EXPECT_EQ(c.runner, "https://webc.org/runner/wasi");
  EXPECT_EQ(c.atom, "n");
  EXPECT_EQ(c.dependency, "d");
}

TEST(ManifestCommands, ANullDependencyIsThePackageItself) {
  EXPECT_EQ(command(R"({"annotations":{"atom":{"name":"n","dependency":null}}})").dependency, "");
}

TEST(ManifestCommands, TheWasiAnnotationIsTheOlderForm) {
  const Command own = command(R"({"annotations":{"wasi":{"atom":"n","main_args":null}}})");
  EXPECT_EQ(own.atom, "n");
  EXPECT_EQ(own.dependency, "");
  const Command package = command(R"({"annotations":{"wasi":{"atom":"n","package":"p"}}})");
  EXPECT_EQ(package.dependency, "p");
  const Command joined = command(R"({"annotations":{"wasi":{"atom":"ns/dep:n"}}})");
  EXPECT_EQ(joined.atom, "n");
  EXPECT_EQ(joined.dependency, "ns/dep");
}

TEST(ManifestCommands, EmscriptenNamesItsAtomAlike) {
  EXPECT_EQ(command(R"({"annotations":{"emscripten":{"atom":"e"}}})").atom, "e");
}

TEST(ManifestCommands, TheWasiAnnotationSaysHowToStart) {
  const Command c = command(R"({"annotations":{"atom":{"name":"n"},"wasi":{"exec-name":"py",
    "main-args":["-c",""],"env":["A=1","B","C=x=y"],"cwd":"/app"}}})");
  EXPECT_EQ(c.exec_name, "py");
  EXPECT_EQ(c.main_args, (std::vector<std::string>{"-c", ""}));
  EXPECT_EQ(c.env, (std::vector<std::string>{"A=1", "B", "C=x=y"}));
  EXPECT_EQ(c.cwd, "/app");
}

TEST(ManifestCommands, HowToStartMayBeSpelledWithUnderscores) {
  const Command c = command(R"({"annotations":{"wasi":{"exec_name":"py","main_args":["x"]}}})");
  EXPECT_EQ(c.exec_name, "py");
  EXPECT_EQ(c.main_args, std::vector<std::string>{"x"});
}

TEST(ManifestCommands, HowToStartMayBeNullOrAbsent) {
  for (
      const char* json :
      {R"({"annotations":{"wasi":{"exec-name":null,"main-args":null,"main_args":null,"env":null,"cwd":null}}})",
       R"({"annotations":{"wasi":{}}})", R"({"annotations":{"emscripten":{"env":["A=1"]}}})", "{}"}) {
    const Command c = command(json);
    EXPECT_EQ(c.exec_name, "") << json;
    EXPECT_TRUE(c.main_args.empty()) << json;
    EXPECT_TRUE(c.env.empty()) << json;
    EXPECT_EQ(c.cwd, "") << json;
  }
}

TEST(ManifestCommands, ARunnerOfAnotherKindStartsAsItsWasiAnnotationSays) {
  EXPECT_EQ(command(R"({"runner":"https://webc.org/runner/wcgi","annotations":
    {"wcgi":{"dialect":"rfc-3875"},"wasi":{"env":["A=1"]}}})")
                .env,
            std::vector<std::string>{"A=1"});
}

TEST(ManifestCommands, WithoutAnnotationsTheFirstAtomIsMeant) {
  EXPECT_EQ(command(R"({"runner":"r"})").atom, "first");
  EXPECT_EQ(command(R"({"runner":"r","annotations":{}})").atom, "first");
  EXPECT_EQ(command(R"({"annotations":{"wasi":null}})").atom, "first");
  EXPECT_EQ(command("null").atom, "first");
  EXPECT_EQ(command(R"({"runner":"r"})", "{}").atom, "");
}

TEST(ManifestCommands, KeepTheirOrder) {
  const auto package = with_manifest(R"({"commands":{"z":{},"a":{},"m":{}}})");
  std::string names;
  for (const Command& c : package->manifest().commands) names += c.name;
  EXPECT_EQ(names, "zam");
}

TEST(ManifestFs, MappingsKeepTheirOrderAndText) {
  const PackageManifest manifest = with_manifest(R"({"package":{"fs":[
    {"from":null,"volume_name":"/v","host_path":"/sub","mount_path":"/x/../y"},
    {"from":"dep","volume_name":"atom","original_path":"/old","mount_path":"rel"},
    {"volume_name":"w","host_path":null,"mount_path":"/"}]}})",
                                                 2)
                                       ->manifest();
  EXPECT_TRUE(manifest.has_fs);
  ASSERT_EQ(manifest.fs.size(), 3U);
  EXPECT_EQ(manifest.fs[0].from, "");
  EXPECT_EQ(manifest.fs[0].volume, "/v");
  EXPECT_EQ(manifest.fs[0].host_path, "/sub");
  EXPECT_EQ(manifest.fs[0].mount_path, "/x/../y");
  EXPECT_EQ(manifest.fs[1].from, "dep");
  EXPECT_EQ(manifest.fs[1].host_path, "/old");
  EXPECT_EQ(manifest.fs[2].host_path, "");
}

TEST(ManifestFs, AnEmptyListIsPresent) {
  EXPECT_TRUE(with_manifest(R"({"package":{"fs":[]}})")->manifest().has_fs);
}

TEST(HostileManifest, WrongTypesAreNamedWithTheirPath) {
  expect_refused(R"({"use":5})", "use is no map");
  expect_refused(R"({"use":{"a":5}})", "use.\"a\" is no text or map");
  expect_refused(R"({"package":[]})", "package is no map");
  expect_refused(R"({"package":{"wapm":"x"}})", "package.wapm is no map");
  expect_refused(R"({"package":{"wapm":{"version":1}}})", "package.wapm.version is no text");
  expect_refused(R"({"atoms":[]})", "atoms is no map");
  expect_refused(R"({"atoms":{"a":1}})", "atoms.\"a\" is no map");
  expect_refused(R"({"atoms":{"a":{"signature":1}}})", "atoms.\"a\".signature is no text");
  expect_refused(R"({"commands":1})", "commands is no map");
  expect_refused(R"({"commands":{"c":"x"}})", "commands.\"c\" is no map");
  expect_refused(R"({"commands":{"c":{"runner":7}}})", "commands.\"c\".runner is no text");
  expect_refused(R"({"commands":{"c":{"annotations":7}}})", "commands.\"c\".annotations is no map");
  expect_refused(R"({"commands":{"c":{"annotations":{"wasi":{"atom":7}}}}})",
                 "commands.\"c\".annotations.wasi.atom is no text");
  const std::string wasi = "commands.\"c\".annotations.wasi";
  const auto expect_wasi = [&](const std::string& json, const std::string& what) {
    expect_refused(R"({"commands":{"c":{"annotations":{"wasi":)" + json + "}}}}", wasi + what);
  };
  expect_wasi("7", " is no map");
  expect_wasi(R"({"env":"A=1"})", ".env is no list");
  expect_wasi(R"({"env":{"A":"1"}})", ".env is no list");
  expect_wasi(R"({"env":["A=1",2]})", ".env[1] is no text");
  expect_wasi(R"({"env":[null]})", ".env[0] is missing, it must be text");
  expect_wasi(R"({"main-args":true})", ".main-args is no list");
  expect_wasi(R"({"main_args":[[]]})", ".main_args[0] is no text");
  expect_wasi(R"({"exec-name":1})", ".exec-name is no text");
  expect_wasi(R"({"exec_name":1})", ".exec_name is no text");
  expect_wasi(R"({"cwd":["/"]})", ".cwd is no text");
  expect_refused(R"({"entrypoint":{}})", "entrypoint is no text");
  expect_refused(R"({"package":{"fs":{}}})", "package.fs is no list");
  expect_refused(R"({"package":{"fs":["x"]}})", "package.fs[0] is no map");
  expect_refused(R"({"package":{"fs":[{"mount_path":"/"}]}})",
                 "package.fs[0].volume_name is missing, it must be a text");
  expect_refused(R"({"package":{"fs":[{"volume_name":"v"}]}})",
                 "package.fs[0].mount_path is missing, it must be a text");
  expect_refused(R"({"package":{"fs":[{"volume_name":1,"mount_path":"/"}]}})",
                 "package.fs[0].volume_name is no text");
}

TEST(HostileManifest, OneThatIsNoMapIsRefused) {
  expect_corrupt(test::assemble_webc(1, "\x80", {}, {}), 1309, "the manifest is no map");
}

TEST(ManifestJson, KeepsTheOrderOfKeysAndShowsByteStringsAsHex) {
  Json manifest = Json::parse(R"({"z":1,"a":[true,null,"t"]})");
  manifest["bytes"] = Json::binary({0x00, 0xab, 0xff});
  const auto package = must_write({.manifest = manifest});
  EXPECT_EQ(package->manifest_json(), R"({"z":1,"a":[true,null,"t"],"bytes":"00abff"})");
}

TEST(ManifestFixtures, BashRunsItsFirstAtomAndDependsOnCoreutils) {
  WASIFS_NEED_FIXTURE(path, "bash-1.0.16");
  const PackageManifest manifest = Package::open(path).value()->manifest();
  EXPECT_EQ(manifest.name, "sharrattj/bash");
  EXPECT_EQ(manifest.entrypoint, "bash");
  ASSERT_EQ(manifest.commands.size(), 1U);
  EXPECT_EQ(manifest.commands[0].atom, "bash");
  EXPECT_EQ(manifest.commands[0].runner, "https://webc.org/runner/wasi@unstable_");
  ASSERT_EQ(manifest.dependencies.size(), 1U);
  EXPECT_EQ(manifest.dependencies[0].specifier, "sharrattj/coreutils@1.0.16");
  EXPECT_EQ(manifest.atoms.at(0).size, 1'847'052U);
}

TEST(ManifestFixtures, TheVolumePackageRunsAnAtomOfItsDependency) {
  WASIFS_NEED_FIXTURE(path, "wasmer-tests--volume");
  const PackageManifest manifest = Package::open(path).value()->manifest();
  ASSERT_EQ(manifest.commands.size(), 1U);
  EXPECT_EQ(manifest.commands[0].atom, "webserver");
  EXPECT_EQ(manifest.commands[0].dependency, "wasmer/static-web-server");
  ASSERT_EQ(manifest.fs.size(), 1U);
  EXPECT_EQ(manifest.fs[0].volume, "/settings");
  EXPECT_EQ(manifest.fs[0].mount_path, "/settings");
}

TEST(ManifestFixtures, HostPathsOfVersion2AreRead) {
  WASIFS_NEED_FIXTURE(path, "gen-py-v2");
  const PackageManifest manifest = Package::open(path).value()->manifest();
  ASSERT_EQ(manifest.fs.size(), 2U);
  EXPECT_EQ(manifest.fs[0].host_path, "/sub");
  EXPECT_EQ(manifest.fs[0].mount_path, "/m");
}

}  // namespace
}  // namespace wasifs::webc
