// SPDX-License-Identifier: Apache-2.0
#include "inspect/plan_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plan/make_plan.h"

namespace wasifs::plan {
namespace {

Plan example() {
  PackageInfo info;
  info.manifest.has_fs = true;
  info.manifest.fs = {{.from = "", .volume = "/v", .host_path = "", .mount_path = "/x"}};
  info.manifest.dependencies = {{.alias = "dep", .specifier = ""}};
  info.manifest.atoms = {{.name = "prog", .kind = "", .signature = "", .size = 1}};
  info.manifest.commands = {{.name = "run", .runner = "", .atom = "prog", .dependency = ""}};
  info.volumes = {"/v"};
  const Outcome<Manifest> manifest = parse_manifest(
      "[root]\nmemory-limit = 5\ninode-limit = 6\n[container]\nsource = \"p.webc\"\n"
      "[[mount]]\nguest = \"/x\"\ntype = \"host\"\nsource = \"h\"\naccess = \"cow\"\nopaque = true\nquota = "
      "7\n"
      "symlinks = \"deny\"\n"
      "[map-commands]\nrg = \"/usr/bin/rg\"\n",
      "site.toml");
  return manifest ? make_plan(*manifest, {{"p.webc", info}}).value() : Plan{};
}

TEST(RenderPlan, ShowsMountsLayersDecisionsAndWarnings) {
  EXPECT_EQ(
      render_plan(example()),
      "plan of \"site.toml\"\n"
      "memory limit: 5 bytes\n"
      "inode limit: 6\n"
      "/  cow, from root (site.toml:1:1)\n"
      "  upper base root (site.toml:1:1)\n"
      "/x  cow, opaque, quota 7 bytes, from manifest (site.toml:6:1)\n"
      "  upper memory (site.toml:6:1)\n"
      "  lower host \"h\", symlinks denied (site.toml:9:10)\n"
      "commands in /bin and /usr/bin:\n"
      "  rg = host file \"/usr/bin/rg\" (site.toml:15:6)\n"
      "  run = program \"prog\" of \"p.webc\"\n"
      "decisions:\n"
      "  /x: memory over host \"h\" wins over webc \"p.webc\" volume \"/v\" (site.toml:6:1)\n"
      "    because a mount of the manifest stays where a package would mount at the same path (conflict "
      "\"override\")\n"
      "site.toml:5:10: warning: package \"p.webc\": its dependency \"dep\" is packed into it, which cannot "
      "be "
      "read\n");
}

TEST(RenderPlan, ShowsThatLinksAreRebased) {
  Plan plan = example();
  plan.mounts[1].symlink_text = SymlinkText::rebase;
  EXPECT_NE(render_plan(plan).find("/x  cow, opaque, symlink-text rebase, quota 7 bytes, from manifest"),
            std::string::npos);
  const auto json = nlohmann::json::parse(plan_json(plan));
  EXPECT_EQ(json["mounts"][1]["symlink_text"], "rebase");
  EXPECT_FALSE(json["mounts"][0].contains("symlink_text"));
}

TEST(RenderPlan, ShowsWhatMayBeCached) {
  Plan plan = example();
  plan.mounts[0].caching = Caching::none;
  plan.mounts[1].caching = Caching::forever;
  const std::string text = render_plan(plan);
  EXPECT_NE(text.find("/  cow, cache none, from root"), std::string::npos);
  EXPECT_NE(text.find("/x  cow, opaque, cache forever, quota 7 bytes, from manifest"), std::string::npos);
  const auto json = nlohmann::json::parse(plan_json(plan));
  EXPECT_EQ(json["mounts"][0]["cache"], "none");
  EXPECT_EQ(json["mounts"][1]["cache"], "forever");
  EXPECT_FALSE(nlohmann::json::parse(plan_json(example()))["mounts"][1].contains("cache"));
}

TEST(RenderPlan, ShowsWhereChangesAreKept) {
  Plan plan = example();
  plan.mounts[1].upper = PlannedLayer{.kind = LayerKind::host, .source = "dir/up", .written = "up"};
  plan.mounts[1].work = "dir/up.work";
  EXPECT_NE(
      render_plan(plan).find("  upper host \"up\"\n    keeps changes, with work directory \"dir/up.work\"\n"),
      std::string::npos)
      << render_plan(plan);
  const auto json = nlohmann::json::parse(plan_json(plan));
  EXPECT_EQ(json["mounts"][1]["upper"]["source"], "dir/up");
  EXPECT_EQ(json["mounts"][1]["work"], "dir/up.work");
  EXPECT_FALSE(json["mounts"][0].contains("work"));
}

TEST(PlanJson, HasTheSameAsOneObject) {
  const std::string text = plan_json(example());
  EXPECT_TRUE(text.ends_with("}\n"));
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["source"], "site.toml");
  EXPECT_EQ(json["memory_limit"], 5);
  ASSERT_EQ(json["mounts"].size(), 2U);
  EXPECT_TRUE(json["mounts"][0]["quota_bytes"].is_null());
  const auto& mount = json["mounts"][1];
  EXPECT_EQ(mount["guest"], "/x");
  EXPECT_EQ(mount["access"], "cow");
  EXPECT_EQ(mount["opaque"], true);
  EXPECT_EQ(mount["quota_bytes"], 7);
  EXPECT_EQ(mount["upper"]["kind"], "memory");
  EXPECT_EQ(mount["lowers"][0]["source"], "h");
  EXPECT_EQ(mount["lowers"][0]["symlinks"], "deny");
  EXPECT_EQ(mount["lowers"][0]["where"]["line"], 9);
  EXPECT_EQ(json["commands"][0]["name"], "rg");
  EXPECT_EQ(json["commands"][0]["source"], "/usr/bin/rg");
  EXPECT_TRUE(json["commands"][0]["atom"].is_null());
  EXPECT_EQ(json["commands"][0]["origin"], "map-commands");
  EXPECT_EQ(json["commands"][0]["where"]["line"], 15);
  EXPECT_EQ(json["commands"][1]["name"], "run");
  EXPECT_EQ(json["commands"][1]["atom"], "prog");
  EXPECT_EQ(json["commands"][1]["origin"], "package \"p.webc\"");
  EXPECT_EQ(json["decisions"][0]["dropped"], "webc \"p.webc\" volume \"/v\"");
  EXPECT_EQ(json["warnings"][0]["where"]["column"], 10);
}

TEST(PlanJson, OfAnEmptyPlanKeepsItsMembers) {
  const auto json = nlohmann::json::parse(plan_json(Plan{}));
  EXPECT_TRUE(json["memory_limit"].is_null());
  for (const char* list : {"mounts", "commands", "decisions", "warnings"})
    EXPECT_TRUE(json[list].is_array()) << list;
}

}  // namespace
}  // namespace wasifs::plan
