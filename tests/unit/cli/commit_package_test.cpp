// SPDX-License-Identifier: Apache-2.0
// `wasifs commit -o FILE.webc`: a package of all that a composition shows.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "demo_package.h"
#include "fs/webc/package.h"
#include "support/temp_dir.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

using Json = nlohmann::ordered_json;

/// A package with two commands, one of which starts a program of its own under a name that
/// the demo package has as well, with arguments and a variable.
std::string tool_package() {
  const std::string program = kEmptyProgram + std::string("\0\2\1x", 4);
  WebcSpec spec;
  spec.manifest = {
      {"commands",
       {{"tool",
         {{"runner", "https://webc.org/runner/wasi"},
          {"annotations",
           {{"wasi", {{"atom", "hello"}, {"main-args", {"-v"}}, {"env", {"TOOL=1"}}}},
            {"extra", {{"kept", true}}}}}}},
        {"again",
         {{"runner", "https://webc.org/runner/wasi"}, {"annotations", {{"atom", {{"name", "hello"}}}}}}}}}};
  spec.atoms["hello"] = program;
  spec.atoms["idle"] = program;
  return write_webc(spec);
}

class CommitPackage : public testing::Test {
 protected:
  CommitPackage() {
    dir_.write_file("demo.webc", demo_package());
    dir_.write_file("tool.webc", tool_package());
    dir_.write_file("low/a", "a");
    dir_.write_file("low/d/e", "e");
    dir_.make_symlink("low/link", "d/e");
    dir_.write_file("site.toml",
                    "[root]\nupper = \"state\"\n[container]\nsource = \"demo.webc\"\n"
                    "[[use]]\nsource = \"tool.webc\"\n"
                    "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"low\"\naccess = \"cow\"\n"
                    "upper = \"data-state\"\n");
  }
  PreparedRoot open(const std::string& source) {
    Outcome<PreparedRoot> root = PreparedRoot::open(source);
    if (!root) throw std::runtime_error(root.error().text());
    return *std::move(root);
  }
  Ran commit(const std::string& source, const std::string& output, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"commit", source, "-o", dir_ / output});
    return run_cli(more);
  }
  static void expect_warned(const Ran& ran, const std::string& text) {
    EXPECT_NE(ran.err.find("warning: " + text + "\n"), std::string::npos) << ran.err;
  }
  /// Without what tells where it was composed from.
  Json spec(const std::string& source) {
    Json spec = Json::parse(run_cli({"spec", source, "--json"}).out);
    spec.erase("source");
    for (Json& command : spec["commands"]) {
      for (const char* place : {"source", "origin", "atom", "where"}) command.erase(place);
    }
    return spec;
  }

  TempDir dir_;
};

TEST_F(CommitPackage, AloneShowsTheSameTreeAndCommands) {
  {
    const PreparedRoot root = open(dir_ / "site.toml");
    ASSERT_TRUE(root.tree->write_file("/srv/new.html", "new"));
    ASSERT_TRUE(root.tree->unlink("/srv/style.css"));
    ASSERT_TRUE(root.tree->rename("/data/d", "/data/moved"));
    ASSERT_TRUE(root.tree->write_file("/home/mine", "m"));
  }
  const Ran ran = commit(dir_ / "site.toml", "new.webc");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(run_cli({"webc", "verify", dir_ / "new.webc"}).status, 0);
  const Ran diff = run_cli({"diff", dir_ / "site.toml", dir_ / "new.webc", "--metadata", "none"});
  EXPECT_EQ(diff.out + diff.err, "");
  EXPECT_EQ(spec(dir_ / "new.webc"), spec(dir_ / "site.toml"));
}

TEST_F(CommitPackage, KeepsWhatCommandsSayOfThemselves) {
  const Ran ran = commit(dir_ / "site.toml", "new.webc", {"--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["commands"], 3);
  EXPECT_EQ(Json::parse(ran.out)["programs"], 2);
  const auto package = webc::Package::open(dir_ / "new.webc");
  ASSERT_TRUE(package) << package.error().text();
  const Json manifest = Json::parse((*package)->manifest_json());
  EXPECT_EQ(manifest["entrypoint"], "hello");
  EXPECT_EQ(manifest["package"]["wapm"]["name"], "wasifs/demo");
  EXPECT_EQ(manifest["package"]["fs"].dump(), R"([{"from":null,"volume_name":"/","mount_path":"/"}])");
  EXPECT_EQ(manifest["commands"]["hello"]["annotations"]["wasi"]["atom"], "hello");
  // Another program of that name, which has another one now.
  const Json& tool = manifest["commands"]["tool"]["annotations"];
  EXPECT_EQ(tool["atom"]["name"], "hello-2");
  EXPECT_EQ(tool["wasi"].dump(), R"({"atom":"hello-2","main-args":["-v"],"env":["TOOL=1"]})");
  EXPECT_EQ(tool["extra"]["kept"], true);
  EXPECT_EQ(manifest["commands"]["again"]["annotations"]["atom"]["name"], "hello-2");
  EXPECT_EQ(manifest["atoms"].size(), 2U);
  EXPECT_EQ(manifest["atoms"]["hello"]["signature"], webc_signature(kEmptyProgram));
}

TEST_F(CommitPackage, OfTheSameIsTheSame) {
  ASSERT_EQ(commit(dir_ / "site.toml", "one.webc").status, 0);
  ASSERT_EQ(commit(dir_ / "site.toml", "two.webc").status, 0);
  EXPECT_EQ(dir_.read_file("one.webc"), dir_.read_file("two.webc"));
  // What a package shows, packed again; its times are of when it is composed, in part.
  ASSERT_EQ(commit(dir_ / "one.webc", "three.webc").status, 0);
  const Ran diff = run_cli({"diff", dir_ / "one.webc", dir_ / "three.webc"});
  EXPECT_EQ(diff.out + diff.err, "");
  EXPECT_EQ(spec(dir_ / "three.webc"), spec(dir_ / "one.webc"));
}

TEST_F(CommitPackage, CountsWhatAPackageCannotHold) {
  dir_.write_file("plain/f", "f");
  dir_.write_file("plain/run", "x", 0755);
  ASSERT_EQ(::link((dir_ / "plain/f").c_str(), (dir_ / "plain/same").c_str()), 0);
  dir_.write_file("plain.toml", "[fs]\n\"/x\" = \"plain\"\n");
  const Ran ran = commit(dir_ / "plain.toml", "new.webc");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err,
            "warning: mode of 1 entry cannot be kept: Operation not supported; the first is \"/x/run\"\n"
            "warning: hard link of 1 entry cannot be kept: Operation not supported; the "
            "first is \"/x/same\"\n");
  const Ran tree = run_cli({"ls", dir_ / "new.webc", "/x"});
  EXPECT_EQ(tree.out, "f\nrun\nsame\n");
}

TEST_F(CommitPackage, OfAnUpperAloneIsRefused) {
  dir_.write_file("state/x", "x");
  const Ran ran = commit(dir_ / "state", "new.webc");
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "error: \"" + (dir_ / "state") +
                         "\" holds what was changed and no more; a package needs what lies below it as well\n"
                         "hint: give the composition that it is the upper of, or where that is mounted\n");
  EXPECT_FALSE(dir_.exists("new.webc"));
}

TEST_F(CommitPackage, InsideOfALayerIsRefused) {
  const Ran ran = commit(dir_ / "site.toml", "low/d/new.webc");
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: commit: \"" + (dir_ / "low/d/new.webc") +
                         "\" would be a part of what it is made of\nhint: write it outside of \"" +
                         (dir_ / "low") + "\"\n");
}

TEST_F(CommitPackage, OfARemovedCommandSaysThatItComesBack) {
  {
    const PreparedRoot root = open(dir_ / "site.toml");
    ASSERT_TRUE(root.tree->unlink("/bin/again"));
    ASSERT_TRUE(root.tree->unlink("/usr/bin/again"));
    ASSERT_TRUE(root.tree->unlink("/bin/tool"));
    ASSERT_TRUE(root.tree->write_file("/bin/tool", "mine"));
  }
  const Ran ran = commit(dir_ / "site.toml", "new.webc");
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_warned(ran,
                "removal of 1 entry cannot be kept: Operation not supported; "
                "the first is \"/bin/again\"");
  expect_warned(ran,
                "precedence over a command's file of 1 entry cannot be kept: File exists; "
                "the first is \"/bin/tool\"");
}

TEST_F(CommitPackage, OfACommandThatIsRemovedFromOneDirectorySaysSoToo) {
  {
    const PreparedRoot root = open(dir_ / "site.toml");
    ASSERT_TRUE(root.tree->unlink("/usr/bin/again"));
  }
  const Ran ran = commit(dir_ / "site.toml", "new.webc");
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_warned(ran,
                "removal of 1 entry cannot be kept: Operation not supported; "
                "the first is \"/usr/bin/again\"");
}

TEST_F(CommitPackage, WithoutTheFileOfItsCommandAProgramIsLost) {
  {
    const PreparedRoot root = open(dir_ / "site.toml");
    for (const char* directory : {"/bin/", "/usr/bin/"}) {
      ASSERT_TRUE(root.tree->unlink(std::string(directory) + "hello"));
    }
  }
  const Ran ran = commit(dir_ / "site.toml", "new.webc");
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err,
            "error: the program \"hello\" shows nowhere: the file of its command \"hello\" was removed or is "
            "hidden\nhint: mount it again, and commit before that\n");
}

}  // namespace
}  // namespace wasifs::test
