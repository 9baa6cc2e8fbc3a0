// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "inspect/package_details.h"
#include "inspect/package_report.h"
#include "support/webc_writer.h"

namespace wasifs {
namespace {

using test::webc_file;
using test::WebcSpec;
using Json = nlohmann::ordered_json;

std::shared_ptr<const webc::Package> package_of(const WebcSpec& spec) {
  auto owner = std::make_shared<const std::string>(test::write_webc(spec));
  auto package = webc::Package::parse({std::as_bytes(std::span(*owner)), owner}, "p.webc");
  if (!package) throw std::runtime_error(package.error().text());
  return *package;
}

/// What is printed from the name on.
std::string info(const WebcSpec& spec) {
  std::ostringstream out;
  print_package_info(out, *package_of(spec), "00");
  const std::string text = out.str();
  return text.substr(text.find('\n', text.find("webc version")) + 1);
}

std::string info(Json manifest) { return info(WebcSpec{.manifest = std::move(manifest)}); }

WebcSpec full_package() {
  WebcSpec spec;
  spec.manifest = Json::parse(R"({
    "package": {
      "wapm": {"name": "me/app", "version": "1.2.3",
               "description": "Serves what lies in a folder to whoever asks for it,\nand writes down who that was.",
               "license": "MIT", "license-file": {"path": "LICENSE", "volume": "metadata"},
               "readme": {"path": "README.md", "volume": "metadata"},
               "homepage": "https://example.com", "repository": "https://example.com/git", "private": true},
      "fs": [{"from": null, "volume_name": "/v", "mount_path": "/srv"},
             {"from": "python", "volume_name": "atom", "host_path": "/lib", "mount_path": "/opt/py"}]},
    "use": {"python": "wasmer/python@^3.12", "url": "https://example.com/x@1", "part": {}, "any": "a/b"},
    "atoms": {"app": {"kind": "https://webc.org/kind/wasm",
                      "annotations": {"wasm": {"features": ["simd", "threads"]}}}},
    "commands": {
      "app": {"runner": "https://webc.org/runner/wasi",
              "annotations": {"atom": {"name": "app"},
                              "wasi": {"atom": "app", "exec-name": "server", "main-args": ["--port", "80 80"],
                                       "env": ["LANG=C.UTF-8", "EMPTY"], "cwd": "/srv"}}},
      "py": {"runner": "wasi", "annotations": {"wasi": {"atom": "python:python"}}}},
    "entrypoint": "app"})");
  spec.atoms["app"] = "12345";
  spec.sign_atoms = false;
  spec.volumes["/v"] = {webc_file("file", "x")};
  return spec;
}

TEST(PackageInfo, TellsAPersonAllThatTheManifestSays) {
  EXPECT_EQ(info(full_package()),
            "name:         me/app\n"
            "version:      1.2.3\n"
            "description:  Serves what lies in a folder to whoever asks for it, and writes\n"
            "              down who that was.\n"
            "licence:      MIT\n"
            "licence file: LICENSE in volume metadata\n"
            "readme:       README.md in volume metadata\n"
            "homepage:     https://example.com\n"
            "repository:   https://example.com/git\n"
            "private:      yes\n"
            "entrypoint:   app\n"
            "commands:\n"
            "  app: atom \"app\", runner https://webc.org/runner/wasi\n"
            "    argv[0]: server\n"
            "    arguments: --port 80 80\n"
            "    environment: LANG=C.UTF-8 EMPTY\n"
            "    working directory: /srv\n"
            "  py: atom \"python\" of dependency \"python\", runner wasi\n"
            "atoms:\n"
            "  app: 5 bytes, kind https://webc.org/kind/wasm\n"
            "    features: simd threads\n"
            "dependencies:\n"
            "  python: wasmer/python, version ^3.12\n"
            "  url: https://example.com/x@1\n"
            "  part: its manifest is part of this one\n"
            "  any: a/b\n"
            "volumes:\n"
            "  /v: 1 file, 0 directories, 0 symlinks, 1 byte\n"
            "mounts:\n"
            "  /srv <- volume \"/v\"\n"
            "  /opt/py <- \"/lib\" in volume \"atom\" of dependency \"python\"\n");
}

TEST(PackageInfo, KeepsTo80Columns) {
  Json manifest = full_package().manifest;
  std::string prose;
  for (int i = 0; i < 60; ++i) prose += "words ";
  manifest["package"]["wapm"]["description"] = prose;
  manifest["commands"]["app"]["annotations"]["wasi"]["main-args"] =
      Json(std::vector<std::string>(60, "--arg"));
  WebcSpec spec = full_package();
  spec.manifest = manifest;
  std::istringstream lines(info(spec));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(PackageInfo, NamesWhatIsNotUnderstood) {
  EXPECT_EQ(info(Json::parse(R"({
    "package": {"wapm": {"x": 1}, "other": {}, "fs": [{"volume_name": "v", "mount_path": "/", "mode": 7}]},
    "atoms": {"a b": {"annotations": {"wasm": {"more": 0}, "else": 1}}},
    "commands": {"c": {"annotations": {"fastcgi": {}, "wasi": {"atom": "a", "x y": 1}}}},
    "bindings": [], "origin": null})")),
            "commands:\n"
            "  c: atom \"a\"\n"
            "atoms:\n"
            "  a b: 0 bytes\n"
            "mounts:\n"
            "  / <- volume \"v\"\n"
            "other keys (--json has their values):\n"
            "  bindings\n"
            "  origin\n"
            "  package.other\n"
            "  package.wapm.x\n"
            "  package.fs[0].mode\n"
            "  atoms.\"a b\".annotations.else\n"
            "  atoms.\"a b\".annotations.wasm.more\n"
            "  commands.\"c\".annotations.fastcgi\n"
            "  commands.\"c\".annotations.wasi.\"x y\"\n");
}

TEST(PackageInfo, ValuesOfAnotherKindAreNamed) {
  EXPECT_EQ(info(Json::parse(R"({
    "package": {"wapm": {"license": 5, "license-file": ["x"], "readme": {"path": 1}, "homepage": {},
                         "repository": true, "private": "no"}},
    "atoms": {"a": {"annotations": []}, "b": {"annotations": {"wasm": {"features": ["x", 1]}}},
              "c": {"annotations": {"wasm": "x"}}}})")),
            "atoms:\n"
            "  a: 0 bytes\n"
            "  b: 0 bytes\n"
            "  c: 0 bytes\n"
            "other keys (--json has their values):\n"
            "  package.wapm.license\n"
            "  package.wapm.license-file\n"
            "  package.wapm.readme\n"
            "  package.wapm.homepage\n"
            "  package.wapm.repository\n"
            "  package.wapm.private\n"
            "  atoms.\"a\".annotations\n"
            "  atoms.\"b\".annotations.wasm.features\n"
            "  atoms.\"c\".annotations.wasm\n");
}

TEST(PackageInfo, HostileTextsAreHarmless) {
  const std::string huge(1'000'000, 'h');
  WebcSpec spec;
  spec.manifest = {
      {"package",
       {{"wapm", {{"name", "\x1b[31mred"}, {"description", huge}, {"license", "a\rb"}}},
        {"fs", {{{"volume_name", "\x07"}, {"mount_path", "/\n/x"}}}}}},
      {"use", {{"\x1b]0;title", "a/b@\x08"}}},
      {"commands", {{"c\td", {{"runner", huge}, {"annotations", {{"wasi", {{"env", {"X=\x1b"}}}}}}}}}},
      {"k\x1b", 1},
      {std::string(1000, 'k'), 1}};
  EXPECT_EQ(info(spec),
            "name:         \"\\x1b[31mred\"\n"
            "description:  \"" +
                std::string(512, 'h') +
                "\"\n"
                "              and 999488 more bytes\n"
                "licence:      \"a\\x0db\"\n"
                "commands:\n"
                "  \"c\\td\", runner\n"
                "    \"" +
                std::string(512, 'h') +
                "\"\n"
                "    and 999488 more bytes\n"
                "    environment: \"X=\\x1b\"\n"
                "dependencies:\n"
                "  \"\\x1b]0;title\": a/b, version \"\\x08\"\n"
                "mounts:\n"
                "  \"/\\n/x\" <- volume \"\\x07\"\n"
                "other keys (--json has their values):\n"
                "  \"k\\x1b\"\n"
                "  " +
                std::string(239, 'k') + "~\n");
}

TEST(PackageInfo, ManyUnknownKeysAreCounted) {
  Json manifest = Json::object();
  for (int i = 0; i < 30; ++i) manifest["key" + std::to_string(i)] = i;
  const std::string text = info(manifest);
  EXPECT_TRUE(text.ends_with("  key19\n  and 10 more\n")) << text;
}

TEST(PackageInfo, JsonHasTheWholeManifestAndIsTheSameEveryTime) {
  const auto package = package_of(full_package());
  std::ostringstream once;
  std::ostringstream again;
  print_package_info_json(once, *package, "00");
  print_package_info_json(again, *package, "00");
  EXPECT_EQ(once.str(), again.str());
  EXPECT_EQ(Json::parse(once.str())["manifest"], full_package().manifest);
}

TEST(BriefName, ShowsTheBeginningOfATextWithoutEnd) {
  EXPECT_EQ(brief_name("plain"), "plain");
  EXPECT_EQ(brief_name(std::string(512, 'x')), std::string(512, 'x'));
  EXPECT_EQ(brief_name(std::string(513, 'x')), "\"" + std::string(512, 'x') + "\" and 1 more byte");
  EXPECT_EQ(brief_name(std::string(511, 'x') + "äx"), "\"" + std::string(511, 'x') + "\" and 3 more bytes")
      << "no half character";
}

}  // namespace
}  // namespace wasifs
