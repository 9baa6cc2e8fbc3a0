// SPDX-License-Identifier: Apache-2.0
#include "plan/wasmer_toml.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wasifs::plan {
namespace {

using Strings = std::vector<std::string>;

WasmerToml toml(std::string_view text) {
  const Outcome<WasmerToml> parsed = parse_wasmer_toml(text, "wasmer.toml");
  if (!parsed) ADD_FAILURE() << parsed.error().text();
  return parsed ? *parsed : WasmerToml{};
}

std::string error(std::string_view text) {
  const Outcome<WasmerToml> parsed = parse_wasmer_toml(text, "wasmer.toml");
  if (parsed) return "no error";
  EXPECT_EQ(parsed.error().trouble, Trouble::manifest);
  return parsed.error().text();
}

constexpr std::string_view kWhole = R"([package]
name = "ns/app"
version = "1.2.3"
description = ""
license = "MIT"
readme = "README.md"
entrypoint = "serve"
wasmer-extra-flags = "--x"
private = true

[dependencies]
"ns/dep" = "^1"
"wasmer/python" = ">=3, <4"

[fs]
"/public" = "./static/"
"config/../etc" = "z/../w"
"../up" = "../y"

[[module]]
name = "server"
source = "target/server.wasm"
abi = "wasi"

[[module]]
name = "helper"
source = "helper.wasm"
kind = "https://example.org/kind"
[module.interfaces]
wasi = "0.1.0"

[[command]]
name = "serve"
module = "server"
runner = "wcgi"
[command.annotations.wasi]
exec-name = "srv"
main-args = ["--port", "80"]
env = ["A=1", "B"]
cwd = "/public"
[command.annotations.wcgi]
dialect = "cgi"

[[command]]
name = "python"
module = "wasmer/python:python"
runner = "https://webc.org/runner/wasi"

[anything]
else = true
)";

TEST(WasmerToml, BecomesThePackageThatIsMadeFromIt) {
  const webc::PackageManifest manifest = package_manifest(toml(kWhole));
  EXPECT_EQ(manifest.name, "ns/app");
  EXPECT_EQ(manifest.version, "1.2.3");
  EXPECT_EQ(manifest.entrypoint, "serve");
  ASSERT_EQ(manifest.dependencies.size(), 2U);
  EXPECT_EQ(manifest.dependencies[1].alias, "wasmer/python");
  EXPECT_EQ(manifest.dependencies[1].specifier, "wasmer/python@>=3, <4");
  EXPECT_TRUE(manifest.has_fs);
  Strings fs;
  for (const webc::FsMapping& mapping : manifest.fs) fs.push_back(mapping.mount_path + "=" + mapping.volume);
  EXPECT_EQ(fs, (Strings{"/public=/static", "/etc=/w", "/up=/y"}));
  ASSERT_EQ(manifest.atoms.size(), 2U);
  EXPECT_EQ(manifest.atoms[0].name, "helper");
  EXPECT_EQ(manifest.atoms[0].kind, "https://example.org/kind");
  EXPECT_EQ(manifest.atoms[1].name, "server");
  EXPECT_EQ(manifest.atoms[1].kind, "https://webc.org/kind/wasm");
  ASSERT_EQ(manifest.commands.size(), 2U);
  const webc::Command& serve = manifest.commands[0];
  EXPECT_EQ(serve.name, "serve");
  EXPECT_EQ(serve.runner, "https://webc.org/runner/wcgi");
  EXPECT_EQ(serve.atom, "server");
  EXPECT_EQ(serve.exec_name, "srv");
  EXPECT_EQ(serve.main_args, (Strings{"--port", "80"}));
  EXPECT_EQ(serve.env, (Strings{"A=1", "B"}));
  EXPECT_EQ(serve.cwd, "/public");
  EXPECT_EQ(manifest.commands[1].atom, "python");
  EXPECT_EQ(manifest.commands[1].dependency, "wasmer/python");
  EXPECT_EQ(manifest.commands[1].runner, "https://webc.org/runner/wasi");
}

TEST(WasmerToml, MayBeEmpty) {
  const webc::PackageManifest manifest = package_manifest(toml(""));
  EXPECT_EQ(manifest.name, "");
  EXPECT_FALSE(manifest.has_fs);
  EXPECT_EQ(manifest.entrypoint, "");
}

TEST(WasmerToml, HasTheOldFormOfCommands) {
  const std::string module = "[[module]]\nname = \"m\"\nsource = \"m.wasm\"\nabi = \"";
  const std::string command =
      "\"\n[[command]]\nname = \"c\"\nmodule = \"m\"\nmain_args = \" -c\\t'a  b' \"\npackage = \"x\"\n";
  const webc::PackageManifest manifest = package_manifest(toml(module + "emscripten" + command));
  ASSERT_EQ(manifest.commands.size(), 1U);
  EXPECT_EQ(manifest.commands[0].runner, "https://webc.org/runner/emscripten");
  EXPECT_EQ(manifest.commands[0].main_args, (Strings{"-c", "'a", "b'"}));
  EXPECT_EQ(manifest.commands[0].dependency, "");
  EXPECT_EQ(manifest.entrypoint, "c");
  for (const std::string abi : {"wasi", "none"}) {
    EXPECT_EQ(toml(module + abi + command).commands[0].runner, "https://webc.org/runner/wasi");
  }
}

TEST(WasmerToml, HasNoEntrypointWhereThereIsAChoice) {
  const std::string both =
      "[[module]]\nname = \"m\"\nsource = \"m\"\n[[command]]\nname = \"a\"\nmodule = \"m\"\n"
      "[[command]]\nname = \"b\"\nmodule = \"m\"\n";
  EXPECT_EQ(package_manifest(toml(both)).entrypoint, "");
}

TEST(SanitizePath, IsAbsoluteAndStopsAtTheRoot) {
  const std::pair<std::string, std::string> cases[] = {
      {"./x", "/x"}, {"z/../w", "/w"}, {"../y", "/y"},       {"a//b/./c/", "/a/b/c"}, {".", "/"},
      {"", "/"},     {"/", "/"},       {"/../../a/..", "/"}, {"..a", "/..a"},
  };
  for (const auto& [path, clean] : cases) EXPECT_EQ(sanitize_path(path), clean) << path;
}

TEST(WasmerTomlError, HasItsTextAndPlace) {
  const std::string module = "[[module]]\nname = \"m\"\nsource = \"m\"\n";
  const std::pair<std::string, std::string> cases[] = {
      {"[package\n", "wasmer.toml:1:9: error: Error while parsing table header: expected ']', saw '\\n'"},
      {"[packge]\nname = \"x\"\n",
       "wasmer.toml:1:2: error: unknown key \"packge\" in wasmer.toml\nhint: did you mean \"package\"?"},
      {"[[commands]]\n",
       "wasmer.toml:1:3: error: unknown key \"commands\" in wasmer.toml\nhint: did you mean \"command\"?"},
      {"package = 1\n", "wasmer.toml:1:11: error: [package] must be a table, not an integer"},
      {"fs = []\n", "wasmer.toml:1:6: error: [fs] must be a table, not an array"},
      {"[module]\n", "wasmer.toml:1:1: error: \"module\" must be an array, not a table"},
      {"command = [1]\n", "wasmer.toml:1:12: error: [[command]] must be a table, not an integer"},
      {"[package]\nname = 1\n", "wasmer.toml:2:8: error: \"name\" must be a string, not an integer"},
      {"[package]\nversion = \"1.0\"\n",
       "wasmer.toml:2:11: error: \"1.0\" is no version: the patch number is missing"},
      {"[package]\nentrypoint = \"x\"\n",
       "wasmer.toml:2:14: error: the entrypoint \"x\" is no command\nhint: there are no commands"},
      {"[fs]\n\"/a\" = 1\n", "wasmer.toml:2:8: error: [fs] \"/a\" must be a string, not an integer"},
      {"[fs]\n\"/a\" = \"\"\n", "wasmer.toml:2:8: error: \"/a\" must not be empty"},
      {"[fs]\n\"\\u0000\" = \"a\"\n", "wasmer.toml:2:1: error: a path of [fs] must not contain a NUL byte"},
      {"[fs]\n\"/a\" = \"\\u0000\"\n", "wasmer.toml:2:8: error: \"/a\" must not contain a NUL byte"},
      {"[[module]]\nname = \"m\"\n", "wasmer.toml:1:1: error: [[module]] has no \"source\""},
      {"[[module]]\nsource = \"m\"\n", "wasmer.toml:1:1: error: [[module]] has no \"name\""},
      {module + "abi = \"wasy\"\n",
       "wasmer.toml:4:7: error: \"abi\" must be \"wasi\", \"emscripten\", \"wasm4\" or \"none\", not "
       "\"wasy\"\n"
       "hint: did you mean \"wasi\"?"},
      {module + module, "wasmer.toml:5:8: error: the module \"m\" is there twice"},
      {"[dependencies]\ndep = \"1\"\n",
       "wasmer.toml:2:1: error: the dependency \"dep\" is not named namespace/name"},
      {"[dependencies]\n\"a/b\" = 1\n",
       "wasmer.toml:2:9: error: the dependency \"a/b\" must be a version range, not an integer"},
      {"[dependencies]\n\"a/b\" = \"one\"\n",
       "wasmer.toml:2:9: error: the dependency \"a/b\": \"one\" is no version range: the major number is "
       "missing "
       "before \"one\""},
      {"[[command]]\nname = \"c\"\n", "wasmer.toml:1:1: error: [[command]] has no \"module\""},
      {"[[command]]\nname = \"c\"\nmodule = \"m\"\n",
       "wasmer.toml:3:10: error: there is no module \"m\"\nhint: add a [[module]] with that name"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"n\"\n",
       "wasmer.toml:6:10: error: there is no module \"n\"\nhint: the modules are \"m\""},
      {"[[command]]\nname = \"c\"\nmodule = \"d:m\"\n",
       "wasmer.toml:3:10: error: there is no dependency \"d\"\nhint: add it to [dependencies]"},
      {"[[command]]\nname = \"c\"\nmodule = \"d:m:x\"\n",
       "wasmer.toml:3:10: error: \"d:m:x\" is neither the name of a module nor DEPENDENCY:MODULE"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\n[[command]]\nname = \"c\"\nmodule = \"m\"\n",
       "wasmer.toml:8:8: error: the command \"c\" is there twice"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\nannotations = {}\n",
       "wasmer.toml:4:1: error: [[command]] has no \"runner\", which \"annotations\" is for\n"
       "hint: add runner = \"wasi\""},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\nannotations = { file = \"a\", "
                "kind = "
                "\"json\" }\n",
       "wasmer.toml:8:15: error: annotations in a file of their own are not supported\n"
       "hint: write them into wasmer.toml"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\nannotations.wasi.env = [1]\n",
       "wasmer.toml:8:25: error: \"env\" must hold strings only, not an integer"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\nannotations.wasi.main-args = "
                "[\"\\u0000\"]\n",
       "wasmer.toml:8:31: error: \"main-args\" must not contain a NUL byte"},
      {module + "[[command]]\nname = \"c\"\nmodule = \"m\"\nrunner = \"wasi\"\nannotations.wasi = 1\n",
       "wasmer.toml:8:20: error: \"annotations.wasi\" must be a table, not an integer"},
      {"[fs]\n\"/a\" = 1\n\"/b\" = 2\n",
       "wasmer.toml: error: the manifest has 2 errors\n"
       "  wasmer.toml:2:8: cause: [fs] \"/a\" must be a string, not an integer\n"
       "  wasmer.toml:3:8: cause: [fs] \"/b\" must be a string, not an integer"},
      {std::string((1U << 20U) + 1, '#'), "wasmer.toml: error: the manifest is longer than 1 MiB"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(error(text), expected) << text.substr(0, 200);
}

}  // namespace
}  // namespace wasifs::plan
