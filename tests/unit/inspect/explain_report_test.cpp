// SPDX-License-Identifier: Apache-2.0
#include "inspect/explain_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "memory_tree.h"

namespace wasifs {
namespace {

std::string printed(const ExplainReport& report) {
  std::ostringstream out;
  print_explain(out, report);
  return out.str();
}

nlohmann::json json_of(const ExplainReport& report) {
  std::ostringstream out;
  print_explain_json(out, report);
  EXPECT_TRUE(out.str().ends_with("}\n"));
  return nlohmann::json::parse(out.str());
}

/// A plan whose one mount is the root of the tree.
Plan root_plan() {
  Plan plan;
  plan.mounts.push_back({.guest = "/",
                         .guest_raw = {},
                         .access = Access::cow,
                         .upper = PlannedLayer{},
                         .lowers = {},
                         .quota_bytes = {},
                         .origin = "root",
                         .where = {}});
  return plan;
}

/// A file that two layers have, in a mount inside the root.
ExplainReport example() {
  ExplainReport report;
  report.path = "/srv/f";
  report.provenance.path = "/srv/f";
  report.provenance.type = FileType::regular;
  report.provenance.layers = {
      {.layer = "A", .origin = {"A", "/f"}, .cause = Cause::first, .mount = "/srv"},
      {.layer = "B",
       .origin = {"B", "/f"},
       .type = FileType::directory,
       .role = Role::shadowed,
       .cause = Cause::layer,
       .at = "/srv/f",
       .by = "A",
       .mount = "/srv"},
      {.layer = "C",
       .origin = {"C", ""},
       .role = Role::hidden,
       .cause = Cause::removed,
       .at = "/srv",
       .mount = "/"},
  };
  report.mounts = {{.place = {.guest = "/srv", .label = "manifest (s.toml:1:2)"},
                    .access = Access::ro,
                    .opaque = true,
                    .where = {"s.toml", 1, 2}},
                   {.place = {.guest = "/", .label = "root"}, .access = Access::cow}};
  report.decisions = {{.guest = "/",
                       .kept = "the layers before it",
                       .dropped = "host \"a very long name with many spaces in it\"",
                       .rule = "a mount at \"/\" before it is opaque: no later layer shows below it at all",
                       .where = {"s.toml", 3, 4}}};
  return report;
}

TEST(Explain, PrintsLayersByRoleThenMountsThenDecisions) {
  EXPECT_EQ(printed(example()),
            "/srv/f: file\n"
            "shown\n"
            "  A path \"/f\"\n"
            "    the first layer that has it\n"
            "shadowed\n"
            "  B path \"/f\", a directory\n"
            "    \"/srv/f\" of A comes first\n"
            "hidden\n"
            "  C, of the mount at \"/\"\n"
            "    \"/srv\" was removed or renamed\n"
            "mounts, the innermost first\n"
            "  \"/srv\" from manifest (s.toml:1:2), ro, opaque\n"
            "  \"/\" from root, cow\n"
            "decisions\n"
            "  \"/\": the layers before it wins over host\n"
            "    \"a very long name with many spaces in it\" (s.toml:3:4)\n"
            "    because a mount at \"/\" before it is opaque: no later layer shows below it at\n"
            "      all\n");
}

TEST(Explain, NoLineIsLongerThan80ColumnsUnlessANameIs) {
  std::istringstream lines(printed(example()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(Explain, JsonHasTheSame) {
  const auto json = json_of(example());
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["path"], "/srv/f");
  EXPECT_EQ(json["found"], true);
  EXPECT_EQ(json["type"], "file");
  EXPECT_TRUE(json["target"].is_null());
  EXPECT_TRUE(json["missing"].is_null());
  EXPECT_TRUE(json["command"].is_null());
  ASSERT_EQ(json["layers"].size(), 3U);
  EXPECT_EQ(json["layers"][1]["role"], "shadowed");
  EXPECT_EQ(json["layers"][1]["source_path"], "/f");
  EXPECT_EQ(json["layers"][1]["by"], "A");
  EXPECT_EQ(json["layers"][1]["why"], "\"/srv/f\" of A comes first");
  EXPECT_EQ(json["mounts"][0]["access"], "ro");
  EXPECT_EQ(json["mounts"][0]["opaque"], true);
  EXPECT_EQ(json["mounts"][0]["where"]["line"], 1);
  EXPECT_EQ(json["decisions"][0]["guest"], "/");
}

TEST(Explain, NamesAreQuotedWhereTheyNeedIt) {
  test::MemoryTree memory;
  memory.file("/a\nb", "");
  const auto report = explain_path(memory.tree(), root_plan(), "/a\nb");
  ASSERT_TRUE(report);
  EXPECT_TRUE(printed(*report).starts_with("\"/a\\nb\": file\n"));
}

TEST(Explain, ALinkIsShownWithItsTextAndNotFollowed) {
  test::MemoryTree memory;
  memory.link("/l", "nowhere");
  const auto report = explain_path(memory.tree(), root_plan(), "l");
  ASSERT_TRUE(report);
  EXPECT_EQ(printed(*report),
            "/l: symlink -> nowhere\n"
            "shown\n"
            "  memory\n"
            "    nothing else has it\n"
            "mount\n"
            "  \"/\", cow\n");
  EXPECT_EQ(json_of(*report)["target"], "nowhere");
}

TEST(Explain, AMissingPathIsAReportWithAReason) {
  test::MemoryTree memory;
  memory.file("/f", "");
  auto report = explain_path(memory.tree(), root_plan(), "/f/x");
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->found());
  EXPECT_EQ(report->reason, "\"/f\" is a file of memory");
  EXPECT_EQ(json_of(*report)["missing"]["at"], "/f");
  EXPECT_EQ(json_of(*report)["missing"]["error"], "Not a directory");
  report = explain_path(memory.tree(), root_plan(), "/g");
  EXPECT_EQ(report->reason, "no layer has it");
  report = explain_path(memory.tree(), root_plan(), "/g/h");
  EXPECT_EQ(report->reason, "no layer has \"/g\"");
}

TEST(Explain, APathThatCannotBeResolvedIsAnError) {
  test::MemoryTree memory;
  memory.link("/loop", "loop");
  const auto report = explain_path(memory.tree(), root_plan(), "/loop/x");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().text(), "error: cannot explain \"/loop/x\": Too many levels of symbolic links");
}

TEST(Explain, ACommandIsTheFileThatTheRootWasMadeWith) {
  test::MemoryTree memory;
  memory.dir("/bin");
  memory.file("/bin/tool", "");
  Plan plan = root_plan();
  plan.commands.push_back({.name = "tool", .source = "p.webc", .atom = "main"});
  const auto report = explain_path(memory.tree(), plan, "/bin/tool");
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->command);
  EXPECT_TRUE(
      printed(*report).starts_with("/bin/tool: file\n"
                                   "  command \"tool\": program \"main\" of \"p.webc\"\n"));
  EXPECT_EQ(json_of(*report)["command"]["atom"], "main");
  EXPECT_FALSE(explain_path(memory.tree(), plan, "/bin")->command);
}

TEST(Explain, ACommandOfTheHostNamesTheFile) {
  ExplainReport report = example();
  report.command = PlannedCommand{.name = "rg", .source = "/usr/bin/rg"};
  EXPECT_NE(printed(report).find("  command \"rg\": file of the host \"/usr/bin/rg\"\n"), std::string::npos);
}

}  // namespace
}  // namespace wasifs
