// SPDX-License-Identifier: Apache-2.0
#include "inspect/check.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "inspect/check_report.h"
#include "unit/plan/prepared.h"

namespace wasifs {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

class Check : public plan::PrepareTest {
 protected:
  [[nodiscard]] CheckReport check(std::string_view manifest, const ComposeOptions& options = {}) const {
    dir_.write_file("site.toml", manifest);
    return check_root(must(PreparedRoot::open(dir_ / "site.toml", options)));
  }

  /// The findings with that code as a person reads them, without the folder.
  [[nodiscard]] Strings found(std::string_view code, std::string_view manifest,
                              const ComposeOptions& options = {}) const {
    Strings texts;
    for (const Finding& finding : check(manifest, options).findings) {
      if (finding.code == code) texts.push_back(text_of(finding));
    }
    return texts;
  }

  [[nodiscard]] std::string text_of(const Finding& finding) const {
    std::string text = short_text(finding.what.text("warning"));
    for (const std::string& example : finding.examples) text += "\n" + example;
    return text;
  }

  [[nodiscard]] std::string short_text(std::string text) const {
    const std::string prefix = dir_.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  /// The codes of all findings.
  [[nodiscard]] Strings codes(std::string_view manifest, const ComposeOptions& options = {}) const {
    Strings codes;
    for (const Finding& finding : check(manifest, options).findings) codes.push_back(finding.code);
    return codes;
  }

  /// A package that shows one volume at each of those paths.
  void package_at(std::string_view name, const Strings& guests,
                  std::vector<test::WebcEntry> entries = {test::webc_file("file", "x")}) const {
    test::WebcSpec spec = spec_of(guests);
    spec.volumes["/v"] = std::move(entries);
    write_package(name, spec);
  }

  static test::WebcSpec spec_of(const Strings& guests) {
    test::WebcSpec spec;
    json fs = json::array();
    for (const std::string& guest : guests) {
      fs.push_back({{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", guest}});
    }
    spec.manifest = {{"package", {{"fs", std::move(fs)}}}};
    return spec;
  }

  /// A package with a command, and one more volume shown at "/".
  void package_with_command(std::string_view name, const std::string& command,
                            std::vector<test::WebcEntry> root = {}, const Strings& env = {}) const {
    test::WebcSpec spec = root.empty() ? spec_of({}) : spec_of({"/"});
    spec.atoms["prog"] = "program";
    spec.manifest["atoms"] = {{"prog", {{"kind", "wasm"}, {"signature", test::webc_signature("program")}}}};
    spec.manifest["commands"] = {
        {command, {{"runner", "wasi"}, {"annotations", {{"wasi", {{"atom", "prog"}, {"env", env}}}}}}}};
    spec.volumes["/v"] = root.empty() ? std::vector{test::webc_file("file", "x")} : std::move(root);
    write_package(name, spec);
  }
};

std::string host(std::string_view guest, std::string_view source, std::string_view more = "") {
  return "[[mount]]\nguest = \"" + std::string(guest) + "\"\ntype = \"host\"\nsource = \"" +
         std::string(source) + "\"\n" + std::string(more) + "\n";
}

const std::string kContainer = "[container]\nsource = \"p.webc\"\n";

TEST_F(Check, FindsNothingInAPlainComposition) {
  package_at("p.webc", {"/pkg", "/pkg/in"});
  dir_.write_file("data/f", "x");
  EXPECT_EQ(codes(kContainer + host("/data", "data") + host("/data/in", "data")), Strings{});
  EXPECT_EQ(codes(""), Strings{});
}

TEST_F(Check, FindsAPackageInsideAUsersMount) {
  package_at("p.webc", {"/a/b", "/c", "/c/d"});
  dir_.make_dirs("data");
  EXPECT_EQ(found("package-inside-mount", kContainer + host("/a", "data")),
            Strings{"site.toml:3:1: warning: what package \"p.webc\" mounts at \"/a/b\" shows inside the "
                    "mount at \"/a\"\nhint: opaque = true on the mount keeps packages out of it"});
  EXPECT_EQ(
      found("package-inside-mount", kContainer, {.volumes = {dir_ / "data:/a"}}),
      Strings{"--volume \"data:/a\": warning: what package \"p.webc\" mounts at \"/a/b\" shows inside the "
              "mount at \"/a\"\nhint: a mount of a manifest with opaque = true shows nothing of packages"});
}

TEST_F(Check, FindsNoPackageInsideAnOpaqueMountOrARootLayer) {
  package_at("p.webc", {"/a/b"});
  dir_.make_dirs("data");
  EXPECT_EQ(found("package-inside-mount", kContainer + host("/a", "data", "opaque = true")), Strings{});
  EXPECT_EQ(found("package-inside-mount", kContainer + host("/", "data") + host("/aa", "data")), Strings{});
}

TEST_F(Check, FindsCommandsInsideAUsersMount) {
  package_with_command("p.webc", "run");
  dir_.make_dirs("data");
  EXPECT_EQ(found("package-inside-mount", kContainer + host("/usr", "data", "access = \"cow\"")),
            Strings{"site.toml:3:1: warning: the commands of packages show inside the mount at "
                    "\"/usr\"\nhint: access = \"ro\" on the mount keeps them out of it\n/usr/bin/run"});
  EXPECT_EQ(found("package-inside-mount", kContainer + host("/usr/lib", "data", "access = \"cow\"")),
            Strings{});
}

TEST_F(Check, FindsAMountThatADecisionDropped) {
  package_at("p.webc", {"/x", "/x/y"});
  dir_.make_dirs("one");
  dir_.make_dirs("two");
  EXPECT_EQ(
      found("mount-dropped", kContainer + host("/x", "one") + host("/x", "two")),
      (Strings{"site.toml:8:1: warning: host \"one\" does not show at \"/x\", in favour of host \"two\": of "
               "two mounts at one path the later wins (conflict \"override\"); what is mounted below stays",
               "site.toml:8:1: warning: webc \"p.webc\" volume \"/v\" does not show at \"/x\", in favour of "
               "host \"two\": a mount of the manifest stays where a package would mount at the same path "
               "(conflict \"override\")",
               "site.toml:8:1: warning: webc \"p.webc\" volume \"/v\" does not show at \"/x/y\", in favour "
               "of host \"two\": the package's mount at \"/x\" was left out, and what the package mounts "
               "below goes with it"}));
  EXPECT_EQ(found("mount-dropped", host("/x", "one"), {.volumes = {dir_ / "two:/x"}}),
            Strings{"site.toml:1:1: warning: host \"one\" does not show at \"/x\", in favour of host "
                    "\"two\": a volume of the command line replaces the manifest's mount at the same path"});
  EXPECT_EQ(found("mount-dropped", kContainer + host("/w", "one")), Strings{});
  // What an opaque mount keeps out was to be kept out.
  package_at("p.webc", {"/w/in"});
  EXPECT_EQ(codes(kContainer + host("/w", "one", "opaque = true")), Strings{});
}

TEST_F(Check, FindsALayerBelowAnOpaqueRoot) {
  dir_.write_file("one/a", "");
  dir_.write_file("two/b", "");
  EXPECT_EQ(found("layer-dropped", host("/", "one", "opaque = true") + host("/", "two")),
            Strings{"site.toml:1:1: warning: host \"two\" does not show at \"/\", in favour of the layers "
                    "before it: a mount at \"/\" before it is opaque: no later layer shows below it"});
  EXPECT_EQ(found("layer-dropped", host("/", "one") + host("/", "two", "opaque = true")), Strings{});
}

TEST_F(Check, FindsALayerThatIsThereTwice) {
  dir_.write_file("one/a", "");
  EXPECT_EQ(found("layer-repeated", host("/", "one") + host("/", "one")),
            Strings{"site.toml:9:10: warning: host \"one\" is a layer of the root twice\nhint: leave the "
                    "second one out"});
  package_at("p.webc", {});
  const auto overlay = [](std::string_view second) {
    return "[[mount]]\nguest = \"/o\"\ntype = \"overlay\"\nlayers = [\"p.webc\", \"" + std::string(second) +
           "\"]\n";
  };
  EXPECT_EQ(found("layer-repeated", overlay("p.webc")),
            Strings{"site.toml:4:21: warning: webc \"p.webc\" volume \"/v\" is a layer of the mount at "
                    "\"/o\" twice\nhint: leave the second one out"});
  EXPECT_EQ(found("layer-repeated", overlay("one")), Strings{});
}

TEST_F(Check, FindsALayerOfWhichNothingShows) {
  dir_.write_file("one/a", "");
  dir_.write_file("one/in/b", "");
  dir_.write_file("two/a", "");
  dir_.write_file("two/in/b", "");
  dir_.make_dirs("two/tmp");
  const Strings covered{
      "site.toml:9:10: warning: host \"two\" shows nothing in the root: layers above it, or mounts, hide all "
      "of it\nhint: put it first, or leave it out"};
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "two")), covered);
  // A directory where the layer above has a file counts, and so does a mount.
  dir_.write_file("two/a2/deep/c", "");
  dir_.write_file("one/a2", "");
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "two")), covered);
  dir_.write_file("two/mnt/c", "");
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "two")), Strings{});
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "two") + host("/mnt", "one")), covered);
}

TEST_F(Check, FindsNothingCoveredWhereOneNameShows) {
  dir_.write_file("one/in/b", "");
  dir_.write_file("two/in/b", "");
  dir_.make_dirs("two/in/empty");
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "two")), Strings{});
  // An empty layer has nothing that could be covered.
  dir_.make_dirs("three");
  EXPECT_EQ(found("layer-covered", host("/", "one") + host("/", "three")), Strings{});
}

TEST_F(Check, FindsALayerThatOnlyTwoTogetherCover) {
  dir_.write_file("one/a", "");
  dir_.write_file("two/b", "");
  dir_.write_file("three/a", "");
  dir_.write_file("three/b", "");
  const std::string first = host("/", "one") + host("/", "two");
  EXPECT_EQ(found("layer-covered", first + host("/", "three")).size(), 1U);
  EXPECT_EQ(found("layer-covered", host("/", "three") + host("/", "one")).size(), 1U);
  EXPECT_EQ(found("layer-covered", first), Strings{});
}

TEST_F(Check, FindsWhatAMountHides) {
  package_at(
      "p.webc", {"/"},
      {test::webc_dir("d"), test::webc_file("d/x", ""), test::webc_dir("empty"), test::webc_file("f", "")});
  dir_.write_file("root/d/y", "");
  dir_.write_file("data/z", "");
  const std::string base = kContainer + host("/", "root");
  EXPECT_EQ(found("mount-hides-content", base + host("/d", "data")),
            Strings{"site.toml:8:1: warning: the mount at \"/d\" hides what host \"root\" and webc "
                    "\"p.webc\" volume \"/v\" has there"});
  EXPECT_EQ(found("mount-hides-content", base + host("/f", "data")).size(), 1U);
  EXPECT_EQ(found("mount-hides-content", base + host("/dev", "data")),
            Strings{"site.toml:8:1: warning: the mount at \"/dev\" hides what base root has there"});
  EXPECT_EQ(found("mount-hides-content", base + host("/empty", "data") + host("/new", "data") +
                                             host("/new/er", "data") + host("/f2", "data")),
            Strings{});
  EXPECT_EQ(found("mount-hides-content", host("/out", "data") + host("/out/z", "data/z")).size(), 1U);
}

TEST_F(Check, FindsCommandsOfOneName) {
  package_with_command("p.webc", "run");
  package_with_command("q.webc", "run");
  package_with_command("r.webc", "walk");
  EXPECT_EQ(found("command-collision", kContainer + "[[use]]\nsource = \"q.webc\"\n"),
            Strings{"site.toml:4:10: warning: package \"q.webc\" does not show at \"/bin/run\", in favour of "
                    "package \"p.webc\": the first package that has a command of a name provides it"});
  EXPECT_EQ(found("command-collision", kContainer + "[[use]]\nsource = \"r.webc\"\n"), Strings{});
}

TEST_F(Check, FindsAFileThatACommandHides) {
  package_with_command(
      "p.webc", "run",
      {test::webc_dir("bin"), test::webc_file("bin/run", "x"), test::webc_file("bin/other", "x")});
  EXPECT_EQ(
      found("command-hides-file", kContainer),
      Strings{
          "site.toml:2:10: warning: command \"run\" hides \"/bin/run\" of webc \"p.webc\" volume \"/v\""});
  dir_.write_file("usr/bin/run", "x");
  EXPECT_EQ(found("command-hides-file", kContainer + host("/usr", "usr", "access = \"cow\"")).size(), 2U);
  package_with_command(
      "p.webc", "run2",
      {test::webc_dir("bin"), test::webc_file("bin/run", "x"), test::webc_file("bin/other", "x")});
  EXPECT_EQ(found("command-hides-file", kContainer), Strings{});
}

TEST_F(Check, FindsACommandThatIsHidden) {
  package_with_command("p.webc", "run");
  dir_.write_file("root/bin/run", "x");
  dir_.make_dirs("data");
  EXPECT_EQ(found("command-hidden", kContainer + host("/", "root", "write-through = true")),
            Strings{"site.toml:6:10: warning: command \"run\" does not show at \"/bin/run\": host \"root\" "
                    "has that name above it"});
  EXPECT_EQ(found("command-hidden", kContainer + host("/usr/bin/run", "data")),
            Strings{"site.toml:3:1: warning: command \"run\" does not show at \"/usr/bin/run\": the mount at "
                    "\"/usr/bin/run\" hides it"});
  EXPECT_EQ(found("command-hidden", kContainer + host("/", "root") + host("/usr/lib", "data")), Strings{});
}

TEST_F(Check, FindsVariablesOfSeveralValues) {
  package_with_command("p.webc", "run");
  const std::string run = kContainer + "[run]\nenv = { A = \"2\", B = \"1\" }\n";
  EXPECT_EQ(found("env-repeated", run), Strings{});
  package_with_command("p.webc", "run", {}, {"A=1", "B=1"});
  EXPECT_EQ(
      found("env-repeated", run),
      Strings{"site.toml:4:9: warning: \"1\" of package \"p.webc\" does not count for \"$A\", in favour of "
              "\"2\" of run.env: of several values for a variable the last wins: the package's come first, "
              "then the host's, then the user's"});
  EXPECT_EQ(
      found("env-repeated", run + "compat = [\"env-duplicates\"]\n"),
      (Strings{"warning: the variable \"A\" is there twice: a guest that takes the first sees \"1\", not "
               "\"2\"\nhint: without \"env-duplicates\" in run.compat the last is the only one",
               "warning: the variable \"B\" is there twice: a guest that takes the first sees \"1\", not "
               "\"1\"\nhint: without \"env-duplicates\" in run.compat the last is the only one"}));
  package_with_command("p.webc", "run");
  EXPECT_EQ(
      found("env-repeated", run, {.env = {"A=3", "A=4"}}),
      (Strings{
          "site.toml:4:9: warning: \"2\" of run.env does not count for \"$A\", in favour of --env "
          "\"A=3\": of two that set the same the last wins, and the command line comes after the manifest",
          "--env \"A=3\": warning: --env \"A=3\" does not count for \"$A\", in favour of --env "
          "\"A=4\": of two that set the same the last wins, and the command line comes after the "
          "manifest"}));
}

TEST_F(Check, FindsNoVariableWhereTheUserChangesTheHosts) {
  EXPECT_EQ(codes("", {.env = {"A=1"}, .forward_host_env = true, .host_env = {"A=0"}}), Strings{});
}

TEST_F(Check, FindsDirectoriesThatAGuestNeedsAndLacks) {
  dir_.write_file("data/f", "");
  const std::string base = host("/data", "data", "access = \"ro\"");
  EXPECT_EQ(found("guest-directory", base + "[run]\ncwd = \"/data/none\"\n[[preopen]]\npath = \"/data/f\"\n"),
            (Strings{"site.toml:7:7: warning: working directory \"/data/none\": it does not exist\n"
                     "hint: a missing one is made only where changes are kept in memory",
                     "site.toml:9:8: warning: preopen \"/data/f\": it is not a directory"}));
  EXPECT_EQ(found("guest-directory", base + "[run]\ncwd = \"/data\"\n[[preopen]]\npath = \"/data\"\n"),
            Strings{});
}

TEST_F(Check, FindsAMappedCommandOverAPackages) {
  package_with_command("p.webc", "run");
  dir_.write_file("tool", "x");
  const std::string map = "[map-commands]\n";
  EXPECT_EQ(found("command-collision", kContainer + map + "run = \"tool\"\n"),
            Strings{"site.toml:2:10: warning: package \"p.webc\" does not show at \"/bin/run\", in favour of "
                    "map-commands: a mapped command beats a package's of the same name"});
  EXPECT_EQ(found("command-collision", kContainer + map + "tool = \"tool\"\n"), Strings{});
  // What the user maps may show in the user's mount.
  dir_.make_dirs("data");
  EXPECT_EQ(
      found("package-inside-mount", host("/usr", "data", "access = \"cow\"") + map + "run = \"tool\"\n"),
      Strings{});
}

TEST_F(Check, FindsAbsoluteLinksAndListsTheFirst) {
  std::vector<test::WebcEntry> links{test::webc_file("file", "x"), test::webc_link("relative", "file")};
  for (int i = 10; i < 25; ++i) links.push_back(test::webc_link("link" + std::to_string(i), "/file"));
  package_at("p.webc", {"/pkg"}, links);
  dir_.make_dirs("data");
  dir_.make_symlink("data/l", "/else");
  const CheckReport report = check(kContainer + host("/", "data"));
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(text_of(report.findings[0]),
            "warning: the root has symlinks to absolute paths: wasifs starts them at the root of the tree, "
            "the host's kernel at its own root\nhint: symlink-text = \"rebase\" on a mount at \"/\" shows "
            "them as relative ones\n/l -> /else");
  EXPECT_EQ(report.findings[1].what.text(),
            (dir_ / "site.toml") +
                ":2:10: error: the mount at \"/pkg\" has symlinks to absolute paths: wasifs starts them at "
                "\"/pkg\", the host's kernel at its own root");
  EXPECT_EQ(report.findings[1].count, 15U);
  ASSERT_EQ(report.findings[1].examples.size(), Finding::kMaxExamples);
  EXPECT_EQ(report.findings[1].examples[9], "/pkg/link19 -> /file");
  package_at("p.webc", {"/pkg"}, {test::webc_file("file", "x"), test::webc_link("relative", "../../file")});
  EXPECT_EQ(found("absolute-link", kContainer), Strings{});
  EXPECT_EQ(found("absolute-link", host("/host", "data")).size(), 1U);
  EXPECT_EQ(found("absolute-link", host("/host", "data", "symlink-text = \"rebase\"")), Strings{});
}

TEST_F(Check, FindsThePlansWarnings) {
  package_with_command("p.webc", "run");
  dir_.make_dirs("data");
  EXPECT_EQ(found("plan-warning", kContainer + host("/bin", "data")),
            Strings{"site.toml:3:1: warning: commands do not appear in \"/bin\": the mount at "
                    "\"/bin\" hides them, and it has no memory layer to show them in"});
  EXPECT_EQ(found("plan-warning", kContainer), Strings{});
}

TEST_F(Check, VerifiesEveryPackage) {
  package_at("p.webc", {"/p"});
  package_at("q.webc", {"/q"});
  package_at("unused.webc", {});
  const std::string manifest =
      kContainer + "[[use]]\nsource = \"q.webc\"\n[[use]]\nsource = \"unused.webc\"\n";
  const CheckReport report = check(manifest);
  EXPECT_TRUE(report.findings.empty());
  EXPECT_FALSE(report.corrupt());
  ASSERT_EQ(report.packages.size(), 3U);
  EXPECT_EQ(short_text(report.packages[0].path), "p.webc");
  EXPECT_EQ(short_text(report.packages[2].path), "unused.webc");
  EXPECT_GT(report.packages[0].hashes, 0U);
}

TEST_F(Check, FindsACorruptPackage) {
  package_at("p.webc", {"/p"}, {test::webc_file("file", "some content")});
  std::string bytes = dir_.read_file("p.webc");
  bytes.replace(bytes.find("some content"), 4, "evil");
  dir_.write_file("p.webc", bytes);
  const CheckReport report = check(kContainer);
  EXPECT_TRUE(report.corrupt());
  EXPECT_TRUE(report.packages.empty());
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].code, "package-corrupt");
  EXPECT_EQ(report.findings[0].severity, Severity::error);
  EXPECT_FALSE(report.findings[0].what.causes.empty());
}

TEST_F(Check, IsLinearInALargePackage) {
  // Anything quadratic in these would run into the time limit of the tests.
  std::vector<test::WebcEntry> entries{test::webc_dir("flat"), test::webc_link("flat/link", "/flat")};
  for (int i = 0; i < 50'000; ++i) entries.push_back(test::webc_file("flat/" + std::to_string(i), ""));
  package_at("p.webc", {"/"}, std::move(entries));
  dir_.write_file("same.webc", dir_.read_file("p.webc"));
  EXPECT_EQ(codes(kContainer + "[[use]]\nsource = \"same.webc\"\n"),
            (Strings{"layer-covered", "absolute-link"}));
}

TEST_F(Check, GivesTheSameReportTwice) {
  package_at("p.webc", {"/", "/a/b"}, {test::webc_link("l", "/x"), test::webc_file("f", "")});
  dir_.make_dirs("data");
  const std::string manifest = kContainer + host("/a", "data") + host("/a", "data") + host("/f", "data");
  std::ostringstream first;
  std::ostringstream second;
  print_check_json(first, check(manifest));
  print_check_json(second, check(manifest));
  EXPECT_EQ(first.str(), second.str());
  EXPECT_GE(json::parse(first.str())["findings"].size(), 4U);
}

TEST(CheckReportText, IsWhatACompilerPrints) {
  CheckReport report{.source = "s",
                     .findings = {{.code = "some-code",
                                   .what = {.trouble = Trouble::conflict,
                                            .message = "many",
                                            .where = {.file = "s.toml", .line = 3, .column = 1},
                                            .hint = "do it"},
                                   .path = "/x",
                                   .count = 12,
                                   .examples = {"/x/a", "/x/b"}},
                                  {.code = "other",
                                   .severity = Severity::error,
                                   .what = {.trouble = Trouble::corrupt,
                                            .message = "bad",
                                            .causes = {{.trouble = Trouble::corrupt, .message = "here"}}}}},
                     .packages = {{.path = "p.webc", .hashes = 1, .bytes = 2}}};
  std::ostringstream text;
  print_check(text, report);
  EXPECT_EQ(text.str(),
            "s.toml:3:1: warning: many [some-code]\n  /x/a\n  /x/b\n  and 10 more\nhint: do it\nerror: bad "
            "[other]\n  cause: here\nverified package \"p.webc\": 1 checksum, 2 bytes\n2 findings\n");
  std::ostringstream machine;
  print_check_json(machine, report);
  EXPECT_EQ(machine.str(),
            "{\"schema\":1,\"source\":\"s\",\"findings\":[{\"code\":\"some-code\",\"severity\":\"warning\","
            "\"message\":\"many\",\"path\":\"/x\",\"count\":12,\"examples\":[\"/x/a\",\"/x/"
            "b\"],\"where\":{\"file\":\"s.toml\",\"line\":3,\"column\":1},\"hint\":\"do "
            "it\",\"causes\":[]},{\"code\":\"other\",\"severity\":\"error\",\"message\":\"bad\",\"path\":"
            "null,\"count\":1,\"examples\":[],\"where\":null,\"hint\":null,\"causes\":[\"cause: "
            "here\"]}],\"packages\":[{\"path\":\"p.webc\",\"hashes\":1,\"bytes\":2}],\"archives\":[]}\n");
}

TEST(CheckReportText, SaysThatThereIsNothing) {
  std::ostringstream text;
  print_check(text, {.source = "s", .findings = {}, .packages = {}});
  EXPECT_EQ(text.str(), "no findings\n");
}

}  // namespace
}  // namespace wasifs
