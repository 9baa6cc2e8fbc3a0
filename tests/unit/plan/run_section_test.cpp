// SPDX-License-Identifier: Apache-2.0

// [run], [[preopen]] and [map-commands]: what is read, and every complaint.

#include <gtest/gtest.h>

#include <ostream>

#include "plan/manifest.h"
#include "plan/run_reader.h"

namespace wasifs::plan {
namespace {

Manifest parse(std::string_view text) {
  Outcome<Manifest> manifest = parse_manifest(text, "dir/site.toml");
  if (!manifest) {
    ADD_FAILURE() << manifest.error().text();
    return {};
  }
  return *std::move(manifest);
}

TEST(RunSection, IsAllDefaultsWhereThereIsNone) {
  const Manifest manifest = parse("");
  EXPECT_TRUE(manifest.run.args.empty());
  EXPECT_TRUE(manifest.run.env.empty());
  EXPECT_FALSE(manifest.run.forward_host_env);
  EXPECT_FALSE(manifest.run.cwd);
  EXPECT_EQ(manifest.run.entry_function, "_start");
  EXPECT_FALSE(manifest.run.home_mapped);
  EXPECT_EQ(manifest.run.compat, Compat{});
  EXPECT_FALSE(manifest.preopens) << "the default ones are meant";
  EXPECT_TRUE(manifest.map_commands.empty());
}

TEST(RunSection, ReadsEveryKey) {
  const RunSection run = parse(R"([run]
args = ["-c", "", "1"]
env = { LANG = "C.UTF-8", EMPTY = "" }
forward-host-env = true
cwd = "/app/./x/.."
entry-function = "main"
home-mapped = true
compat = ["cwd-package-wins", "env-duplicates"]
)")
                             .run;
  ASSERT_EQ(run.args.size(), 3U);
  EXPECT_EQ(run.args[0], (Located<std::string>{"-c", {"dir/site.toml", 2, 9}}));
  EXPECT_EQ(run.args[1].value, "");
  ASSERT_EQ(run.env.size(), 2U);
  EXPECT_EQ(run.env[0], (Located<EnvVar>{{"LANG", "C.UTF-8"}, {"dir/site.toml", 3, 9}}));
  EXPECT_EQ(run.env[1].value, (EnvVar{"EMPTY", ""}));
  EXPECT_TRUE(run.forward_host_env);
  EXPECT_EQ(run.cwd->value, "/app/./x/..") << "as written";
  EXPECT_EQ(run.entry_function, "main");
  EXPECT_TRUE(run.home_mapped);
  EXPECT_EQ(run.compat, (Compat{.env_duplicates = true, .cwd_package_wins = true}));
}

TEST(RunSection, KeepsTheVariablesInTheOrderOfTheDocument) {
  const RunSection run = parse("[run.env]\nZ = \"1\"\nA = \"2\"\nM = \"3\"\n").run;
  std::string order;
  for (const auto& variable : run.env) order += variable.value.name;
  EXPECT_EQ(order, "ZAM");
}

TEST(RunSection, EveryQuirkHasAName) {
  const Compat all = parse(
                         "[run]\ncompat = [\"env-duplicates\", \"cwd-package-wins\", "
                         "\"create-new-over-lower\"]\n")
                         .run.compat;
  EXPECT_EQ(all, (Compat{.env_duplicates = true, .cwd_package_wins = true, .create_new_over_lower = true}));
  EXPECT_EQ(compat_names(all),
            (std::vector<std::string_view>{"env-duplicates", "cwd-package-wins", "create-new-over-lower"}));
  EXPECT_TRUE(compat_names({}).empty());
}

TEST(PreopenSection, ReadsPathAliasAndRightsInOrder) {
  const Manifest manifest = parse(R"([[preopen]]
path = "/data//x/../y/"
alias = "//data"
rights = ["read"]
[[preopen]]
path = "/tmp"
)");
  ASSERT_TRUE(manifest.preopens);
  ASSERT_EQ(manifest.preopens->size(), 2U);
  const Preopen& data = manifest.preopens->front();
  EXPECT_EQ(data.path, "/data/y");
  EXPECT_EQ(data.alias, "data") << "without leading slashes";
  EXPECT_EQ(data.rights, (Rights{.read = true}));
  EXPECT_EQ(data.where, (SourceLocation{"dir/site.toml", 2, 8}));
  const Preopen& tmp = manifest.preopens->back();
  EXPECT_EQ(tmp.alias, "/tmp") << "the path, as it is";
  EXPECT_EQ(tmp.rights, (Rights{.read = true, .write = true, .create = true}));
}

TEST(PreopenSection, CreatingImpliesWriting) {
  const Manifest manifest = parse("[[preopen]]\npath = \"/x\"\nrights = [\"create\"]\n");
  EXPECT_EQ(manifest.preopens->front().rights, (Rights{.read = false, .write = true, .create = true}));
}

TEST(PreopenSection, TheRootAndTheCurrentDirectoryAreAliases) {
  const Manifest manifest =
      parse("[[preopen]]\npath = \"/a\"\nalias = \"/\"\n[[preopen]]\npath = \"/b\"\nalias = \".\"\n");
  EXPECT_EQ(manifest.preopens->front().alias, "/");
  EXPECT_EQ(manifest.preopens->back().alias, ".");
}

TEST(PreopenSection, ThatIsEmptyMeansNone) {
  const Manifest manifest = parse("preopen = []\n");
  ASSERT_TRUE(manifest.preopens);
  EXPECT_TRUE(manifest.preopens->empty());
}

TEST(MapCommandsSection, ResolvesTargetsAgainstTheManifestsFolder) {
  const Manifest manifest = parse("[map-commands]\nz = \"/usr/bin/z\"\nrg = \"./bin/rg\"\n");
  ASSERT_EQ(manifest.map_commands.size(), 2U);
  EXPECT_EQ(manifest.map_commands[0].alias, (Located<std::string>{"z", {"dir/site.toml", 2, 1}}));
  EXPECT_EQ(manifest.map_commands[0].path, "/usr/bin/z");
  EXPECT_EQ(manifest.map_commands[1].target, (Located<std::string>{"./bin/rg", {"dir/site.toml", 3, 6}}));
  EXPECT_EQ(manifest.map_commands[1].path, "dir/bin/rg");
}

struct Case {
  std::string name;
  std::string text;
  std::string error;  ///< Diagnostic::text() without the name of the file
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class RunSectionError : public testing::TestWithParam<Case> {};

TEST_P(RunSectionError, HasItsTextAndPlace) {
  const Outcome<Manifest> manifest = parse_manifest(GetParam().text, "site.toml");
  EXPECT_EQ(manifest ? "no error" : manifest.error().text(), "site.toml:" + GetParam().error);
}

const Case kRun[] = {
    {"Type", "run = 1\n", "1:7: error: [run] must be a table, not an integer"},
    {"UnknownKey", "[run]\nenviron = {}\n", "2:1: error: unknown key \"environ\" in [run]"},
    {"MisspeltKey", "[run]\nentry-funtion = \"x\"\n",
     "2:1: error: unknown key \"entry-funtion\" in [run]\nhint: did you mean \"entry-function\"?"},
    {"ArgsType", "[run]\nargs = \"-c\"\n", "2:8: error: \"args\" must be an array, not a string"},
    {"ArgType", "[run]\nargs = [\"-c\", 1]\n", "2:15: error: \"args\" must hold strings, not an integer"},
    {"NulInAnArgument", "[run]\nargs = [\"a\\u0000b\"]\n",
     "2:9: error: argument \"a\\x00b\" must not contain a NUL byte"},
    {"EnvType", "[run]\nenv = [\"A=1\"]\n", "2:7: error: \"env\" must be a table, not an array"},
    {"EnvValueType", "[run]\nenv = { N = 1 }\n",
     "2:13: error: environment variable \"N\" must be a string, not an integer"},
    {"EqualsInAnEnvKey", "[run]\nenv = { \"A=B\" = \"1\" }\n",
     "2:9: error: environment variable \"A=B\": its name must not contain \"=\""},
    {"EmptyEnvKey", "[run]\nenv = { \"\" = \"1\" }\n",
     "2:9: error: environment variable \"\": its name must not be empty"},
    {"NulInAnEnvKey", "[run]\nenv = { \"A\\u0000\" = \"1\" }\n",
     "2:9: error: environment variable \"A\\x00\": its name must not contain a NUL byte"},
    {"NulInAnEnvValue", "[run]\nenv = { A = \"\\u0000\" }\n",
     "2:9: error: environment variable \"A\": its value must not contain a NUL byte"},
    {"ForwardType", "[run]\nforward-host-env = \"yes\"\n",
     "2:20: error: \"forward-host-env\" must be true or false, not a string"},
    {"RelativeCwd", "[run]\ncwd = \"app/x\"\n",
     "2:7: error: Invalid working directory \"app/x\": it is not absolute\nhint: write \"/app/x\""},
    {"RelativeCwdThatEscapes", "[run]\ncwd = \"../x\"\n",
     "2:7: error: Invalid working directory \"../x\": it is not absolute"},
    {"EscapingCwd", "[run]\ncwd = \"/a/../../x\"\n",
     "2:7: error: Invalid working directory \"/a/../../x\": parent traversal escapes the virtual root"},
    {"EmptyCwd", "[run]\ncwd = \"\"\n", "2:7: error: \"cwd\" must not be empty"},
    {"NulInCwd", "[run]\ncwd = \"/\\u0000\"\n", "2:7: error: \"cwd\" must not contain a NUL byte"},
    {"EmptyEntryFunction", "[run]\nentry-function = \"\"\n",
     "2:18: error: \"entry-function\" must not be empty"},
    {"HomeMappedType", "[run]\nhome-mapped = 1\n",
     "2:15: error: \"home-mapped\" must be true or false, not an integer"},
    {"UnknownQuirk", "[run]\ncompat = [\"env-duplicate\"]\n",
     "2:11: error: \"compat\" must hold \"env-duplicates\", \"cwd-package-wins\" or "
     "\"create-new-over-lower\", not \"env-duplicate\"\nhint: did you mean \"env-duplicates\"?"},
};
INSTANTIATE_TEST_SUITE_P(Run, RunSectionError, testing::ValuesIn(kRun),
                         [](const auto& one) { return one.param.name; });

const Case kPreopen[] = {
    {"Type", "[preopen]\npath = \"/\"\n", "1:1: error: \"preopen\" must be an array, not a table"},
    {"ItemType", "preopen = [\"/\"]\n", "1:12: error: [[preopen]] must be a table, not a string"},
    {"NoPath", "[[preopen]]\nalias = \"x\"\n", "1:1: error: [[preopen]] has no \"path\""},
    {"UnknownKey", "[[preopen]]\npath = \"/\"\nright = []\n",
     "3:1: error: unknown key \"right\" in [[preopen]]\nhint: did you mean \"rights\"?"},
    {"RelativePath", "[[preopen]]\npath = \"data\"\n",
     "2:8: error: Invalid preopen path \"data\": it is not absolute\nhint: write \"/data\""},
    {"EscapingPath", "[[preopen]]\npath = \"/../data\"\n",
     "2:8: error: Invalid preopen path \"/../data\": parent traversal escapes the virtual root"},
    {"NulInPath", "[[preopen]]\npath = \"/\\u0000\"\n", "2:8: error: \"path\" must not contain a NUL byte"},
    {"EmptyRights", "[[preopen]]\npath = \"/\"\nrights = []\n",
     "3:10: error: \"rights\" must not be empty\n"
     "hint: name \"read\", \"write\" or \"create\", or leave \"rights\" out for all of them"},
    {"UnknownRight", "[[preopen]]\npath = \"/\"\nrights = [\"read\", \"execute\"]\n",
     "3:19: error: \"rights\" must hold \"read\", \"write\" or \"create\", not \"execute\""},
    {"MisspeltRight", "[[preopen]]\npath = \"/\"\nrights = [\"raed\"]\n",
     "3:11: error: \"rights\" must hold \"read\", \"write\" or \"create\", not \"raed\"\n"
     "hint: did you mean \"read\"?"},
    {"RightType", "[[preopen]]\npath = \"/\"\nrights = [1]\n",
     "3:11: error: \"rights\" must hold strings, not an integer"},
    {"DuplicateAlias",
     "[[preopen]]\npath = \"/a\"\nalias = \"x\"\n[[preopen]]\npath = \"/b\"\nalias = \"//x\"\n",
     "6:9: error: the alias \"x\" is taken already by the preopen in line 3\n"
     "hint: leading slashes do not count"},
    {"DuplicateDefaultAlias", "[[preopen]]\npath = \"/a\"\n[[preopen]]\npath = \"/a/\"\n",
     "4:8: error: the alias \"/a\" is taken already by the preopen in line 2\n"
     "hint: leading slashes do not count"},
    {"AliasEqualToAPath", "[[preopen]]\npath = \"/a\"\n[[preopen]]\npath = \"/b\"\nalias = \"a\"\n",
     "5:9: error: the alias \"a\" is taken already by the preopen in line 2\n"
     "hint: leading slashes do not count"},
    {"AliasWithASlash", "[[preopen]]\npath = \"/a\"\nalias = \"x/y\"\n",
     "3:9: error: the alias \"x/y\" is not a valid file name\n"
     "hint: an alias is one name without a slash, \".\" or \"/\""},
    {"AliasDotDot", "[[preopen]]\npath = \"/a\"\nalias = \"/..\"\n",
     "3:9: error: the alias \"/..\" is not a valid file name\n"
     "hint: an alias is one name without a slash, \".\" or \"/\""},
    {"EmptyAlias", "[[preopen]]\npath = \"/a\"\nalias = \"\"\n", "3:9: error: \"alias\" must not be empty"},
};
INSTANTIATE_TEST_SUITE_P(Preopen, RunSectionError, testing::ValuesIn(kPreopen),
                         [](const auto& one) { return one.param.name; });

const Case kMapCommands[] = {
    {"Type", "map-commands = []\n", "1:16: error: [map-commands] must be a table, not an array"},
    {"TargetType", "[map-commands]\nrg = 1\n",
     "2:6: error: \"rg\" must be the path of a host file (a string), not an integer"},
    {"EmptyTarget", "[map-commands]\nrg = \"\"\n", "2:6: error: \"rg\" must not be empty"},
    {"NulInTarget", "[map-commands]\nrg = \"\\u0000\"\n", "2:6: error: \"rg\" must not contain a NUL byte"},
    {"SlashInAlias", "[map-commands]\n\"bin/rg\" = \"x\"\n",
     "2:1: error: the command \"bin/rg\" cannot be mapped: not a valid file name"},
    {"EmptyAlias", "[map-commands]\n\"\" = \"x\"\n",
     "2:1: error: the command \"\" cannot be mapped: not a valid file name"},
    {"Duplicate", "[map-commands]\nrg = \"x\"\nrg = \"y\"\n",
     "3:6: error: Error while parsing key-value pair: cannot redefine existing string 'rg'"},
};
INSTANTIATE_TEST_SUITE_P(MapCommands, RunSectionError, testing::ValuesIn(kMapCommands),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace wasifs::plan
