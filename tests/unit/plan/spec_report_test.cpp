// SPDX-License-Identifier: Apache-2.0
#include "inspect/spec_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "planning.h"

namespace wasifs::plan {
namespace {

Plan example() {
  PackageInfo info = with_command(package({}), "python");
  webc::Command& command = info.manifest.commands.front();
  command.main_args = {"-X", "utf8"};
  command.env = {"HOME=/home"};
  Plan made = plan(R"([root]
memory-limit = "1MiB"
[container]
source = "p.webc"
[map-commands]
rg = "/usr/bin/rg"
[[preopen]]
path = "/home"
alias = "h"
[[preopen]]
path = "/"
rights = ["read"]
[run]
args = ["a b", ""]
env = { LANG = "C.UTF-8" }
cwd = "/home"
compat = ["env-duplicates", "cwd-package-wins"]
)",
                   {{"p.webc", info}});
  made.limits = {.max_file_size = 5, .max_open = 6, .special_files = false};
  made.run.capabilities = {{.name = "threading", .json = "true", .where = {"site.toml", 20, 1}},
                           {.name = "http.hosts", .json = "[\"x\"]", .where = {}}};
  return made;
}

TEST(RenderSpec, ShowsWhatAGuestFinds) {
  EXPECT_EQ(render_spec(example()),
            "run specification of \"site.toml\"\n"
            "command:           python\n"
            "program:           /bin/python, program \"prog\" of \"p.webc\"\n"
            "entry function:    _start\n"
            "working directory: /home (site.toml:16:7)\n"
            "arguments:\n"
            "  0  python\n"
            "  1  -X\n"
            "  2  utf8\n"
            "  3  a b\n"
            "  4  \"\"\n"
            "environment:\n"
            "  HOME=/home\n"
            "  LANG=C.UTF-8\n"
            "preopens:\n"
            "  3  h -> /home  read, write, create (site.toml:8:8)\n"
            "  4  / -> /  read (site.toml:11:8)\n"
            "commands in /bin and /usr/bin:\n"
            "  rg = host file \"/usr/bin/rg\" (site.toml:6:6)\n"
            "  python = program \"prog\" of \"p.webc\"\n"
            "limits:\n"
            "  memory: 1048576 bytes\n"
            "  size of a file: 5 bytes\n"
            "  open files: 6\n"
            "  special files: refused\n"
            "capabilities:\n"
            "  threading = true (site.toml:20:1)\n"
            "  http.hosts = [\"x\"]\n"
            "compat:            env-duplicates, cwd-package-wins\n");
}

TEST(RenderSpec, OfAnEmptyManifestShowsTheDefaults) {
  EXPECT_EQ(render_spec(plan("")),
            "run specification of \"site.toml\"\n"
            "command:           none\n"
            "entry function:    _start\n"
            "working directory: /\n"
            "arguments:         none\n"
            "environment:       none\n"
            "preopens:\n"
            "  3  / -> /  read, write, create\n"
            "  4  . -> /  read, write, create\n"
            "  5  / -> /  read, write, create\n"
            "commands:          none\n");
}

TEST(RenderSpec, SaysHowToChooseAmongSeveralCommands) {
  const PackageInfo info = with_command(with_command(package({}), "z"), "a", "other");
  const std::string text = render_spec(plan(kContainer, {{"p.webc", info}}));
  EXPECT_NE(text.find("command:           none\n"
                      "  choose one with command = \"...\" in [container]:\n"
                      "  z\n"
                      "  a\n"
                      "entry function:"),
            std::string::npos)
      << text;
}

TEST(RenderSpec, TellsWhereCommandsAreHidden) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")}};
  const std::string usr = render_spec(plan(kContainer + host("/usr", "h"), catalogue));
  EXPECT_NE(usr.find("commands in /bin:\n"), std::string::npos) << usr;
  const std::string both = render_spec(plan(kContainer + host("/usr", "h") + host("/bin", "h"), catalogue));
  EXPECT_NE(both.find("program:           not in the tree\n"), std::string::npos) << both;
  EXPECT_NE(both.find("commands, hidden by mounts at /bin and /usr/bin:\n"), std::string::npos) << both;
}

TEST(RenderSpec, FitsEightyColumnsOfATerminal) {
  Plan made = example();
  made.run.env.push_back({"LONG", std::string(200, 'x')});
  std::istringstream lines(render_spec(made, {.columns = 80}));
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  EXPECT_EQ(widest, 80U);
  EXPECT_NE(render_spec(made).find(std::string(200, 'x')), std::string::npos) << "whole in a file";
}

TEST(RenderSpec, QuotesWhatIsNotPrintable) {
  Plan made = plan("");
  made.run.argv = {"a\nb"};
  made.run.env = {{"A", "\xff"}};
  const std::string text = render_spec(made);
  EXPECT_NE(text.find("  0  \"a\\nb\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  \"A=\\xff\"\n"), std::string::npos) << text;
}

TEST(SpecJson, HasTheSameAsOneObject) {
  const std::string text = spec_json(example());
  EXPECT_TRUE(text.ends_with("}\n"));
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["source"], "site.toml");
  EXPECT_EQ(json["command"], "python");
  EXPECT_EQ(json["program"], "/bin/python");
  EXPECT_EQ(json["choices"], nlohmann::json::array());
  EXPECT_EQ(json["entry_function"], "_start");
  EXPECT_EQ(json["argv"], (Strings{"python", "-X", "utf8", "a b", ""}));
  EXPECT_EQ(json["env"][1], (nlohmann::json{{"name", "LANG"}, {"value", "C.UTF-8"}}));
  EXPECT_EQ(json["cwd"], "/home");
  EXPECT_EQ(json["cwd_where"]["line"], 16);
  ASSERT_EQ(json["preopens"].size(), 2U);
  EXPECT_EQ(json["preopens"][1]["fd"], 4);
  EXPECT_EQ(json["preopens"][1]["alias"], "/");
  EXPECT_EQ(json["preopens"][1]["path"], "/");
  EXPECT_EQ(json["preopens"][1]["rights"], Strings{"read"});
  EXPECT_EQ(json["preopens"][1]["where"]["line"], 11);
  ASSERT_EQ(json["commands"].size(), 2U);
  EXPECT_EQ(json["commands"][0]["paths"], (Strings{"/bin/rg", "/usr/bin/rg"}));
  EXPECT_EQ(json["commands"][0]["origin"], "map-commands");
  EXPECT_TRUE(json["commands"][0]["atom"].is_null());
  EXPECT_EQ(json["commands"][1]["runner"], "wasi");
  EXPECT_EQ(json["commands"][1]["main_args"], (Strings{"-X", "utf8"}));
  EXPECT_EQ(json["commands"][1]["env"], Strings{"HOME=/home"});
  EXPECT_TRUE(json["commands"][1]["cwd"].is_null());
  EXPECT_EQ(json["limits"]["memory_limit"], 1 << 20);
  EXPECT_TRUE(json["limits"]["max_bytes"].is_null());
  EXPECT_EQ(json["limits"]["max_file_size"], 5);
  EXPECT_EQ(json["limits"]["special_files"], false);
  EXPECT_EQ(json["capabilities"][0]["name"], "threading");
  EXPECT_EQ(json["capabilities"][0]["value"], true);
  EXPECT_EQ(json["capabilities"][1]["value"], Strings{"x"});
  EXPECT_EQ(json["compat"], (Strings{"env-duplicates", "cwd-package-wins"}));
}

TEST(SpecJson, OfAnEmptyPlanKeepsItsMembers) {
  const auto json = nlohmann::json::parse(spec_json(Plan{}));
  for (const char* absent : {"command", "program", "cwd_where"})
    EXPECT_TRUE(json[absent].is_null()) << absent;
  for (const char* list : {"choices", "argv", "env", "preopens", "commands", "capabilities", "compat"}) {
    EXPECT_TRUE(json[list].is_array()) << list;
  }
  EXPECT_EQ(json["cwd"], "/");
  EXPECT_EQ(json["limits"]["special_files"], true);
}

TEST(SpecJson, KeepsBytesThatAreNoUtf8) {
  Plan made;
  made.run.argv = {"ok", "\xff"};
  made.run.env = {{"A", "\xff"}};
  const auto json = nlohmann::json::parse(spec_json(made));
  EXPECT_EQ(json["argv_base64"], (Strings{"b2s=", "/w=="}));
  EXPECT_EQ(json["env"][0]["value_base64"], "/w==");
}

}  // namespace
}  // namespace wasifs::plan
