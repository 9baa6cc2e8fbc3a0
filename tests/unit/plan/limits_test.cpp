// SPDX-License-Identifier: Apache-2.0
// What [capabilities.fs], quotas and quirks come to in a root that is prepared.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plan/make_plan.h"
#include "plan/mounts_json.h"
#include "plan/prepare.h"
#include "prepared.h"

namespace wasifs::plan {
namespace {

class LimitsOfARoot : public PrepareTest {
 protected:
  static StatFs room(const PreparedRoot& root, std::string_view path) {
    return root.tree->statfs(*root.tree->resolve(path)).value();
  }
};

TEST_F(LimitsOfARoot, TheTreeEnforcesThem) {
  const PreparedRoot root =
      open("[capabilities.fs]\nmax-file-size = 3\nmax-open = 1\nspecial-files = false\n");
  EXPECT_EQ(write(root, "/home", "long", "1234"), fail(Errc::efbig));
  EXPECT_EQ(content(root, "/home/long"), "123");
  const Result<VNode> home = root.tree->resolve("/home");
  const DirPtr dir = *root.tree->open_dir(*home);
  EXPECT_EQ(root.tree->open(*root.tree->resolve("/dev/null"), {}).error(), Errc::enfile);
  EXPECT_EQ(root.tree->create(*home, "fifo", {.type = FileType::fifo}).error(), Errc::eperm);
  EXPECT_TRUE(exists(root, "/dev/null")) << "the base root's own devices stay";
}

TEST_F(LimitsOfARoot, BytesAndInodesAreThoseOfAllMemoryLayers) {
  const PreparedRoot root = open(
      "[root]\nmemory-limit = \"1MiB\"\n[capabilities.fs]\nmax-bytes = \"16KiB\"\nmax-inodes = 30\n"
      "[[mount]]\nguest = \"/m\"\ntype = \"memory\"\n");
  ASSERT_TRUE(write(root, "/m", "a", std::string(8 << 10, 'x')));
  EXPECT_EQ(write(root, "/home", "b", std::string(12 << 10, 'x')), fail(Errc::enospc));
  int made = 0;
  while (make_dir(root, "/m", std::to_string(made))) ++made;
  EXPECT_EQ(make_dir(root, "/home", "one").error(), Errc::enospc);
  EXPECT_EQ(room(root, "/m").files, 30U);
  EXPECT_EQ(room(root, "/m").files_free, 0U);
}

TEST_F(LimitsOfARoot, StatfsShowsTheRootsLimitAndTheMountsQuota) {
  dir_.write_file("data/file", "x");
  const PreparedRoot root = open(
      "[root]\nmemory-limit = \"64KiB\"\ninode-limit = 100\n"
      "[[mount]]\nguest = \"/small\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\nquota = "
      "\"16KiB\"\n"
      "[[mount]]\nguest = \"/large\"\ntype = \"memory\"\nquota = \"1MiB\"\n");
  EXPECT_EQ(room(root, "/").blocks, 16U);
  EXPECT_EQ(room(root, "/").files, 100U);
  EXPECT_EQ(room(root, "/small").blocks, 4U);
  EXPECT_EQ(room(root, "/large").blocks, 16U) << "no more than the root has";
  ASSERT_TRUE(write(root, "/home", "a", std::string(56 << 10, 'x')));
  EXPECT_EQ(room(root, "/").blocks_free, 2U);
  EXPECT_EQ(room(root, "/small").blocks_free, 2U) << "its own limit has four, the root's two";
  EXPECT_EQ(room(root, "/large").blocks_free, 2U);
}

TEST_F(LimitsOfARoot, AFullQuotaOfAMountCopiesNothingUp) {
  dir_.write_file("data/a/b/file", std::string(8 << 10, 'x'));
  const PreparedRoot root = open(
      "[root]\ninode-limit = 100\n"
      "[[mount]]\nguest = \"/m\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\nquota = \"4KiB\"\n");
  const std::uint64_t before = room(root, "/").files_free;
  const FilePtr file = *root.tree->open(*root.tree->resolve("/m/a/b/file"), {.write = true});
  EXPECT_EQ(file->write_at(0, std::as_bytes(std::span("y", 1))).error(), Errc::enospc);
  EXPECT_EQ(room(root, "/").files_free, before);
  EXPECT_EQ(room(root, "/m").blocks_free, 1U);
}

TEST_F(LimitsOfARoot, AFullRootCopiesNoDirectoryUpForWhatItRefuses) {
  dir_.write_file("data/a/b/file", "x");
  const PreparedRoot root = open(
      "[root]\nbase = \"empty\"\ninode-limit = 4\n"
      "[[mount]]\nguest = \"/m\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n");
  EXPECT_EQ(room(root, "/m").files_free, 2U);
  EXPECT_EQ(write(root, "/m/a/b", "new", ""), fail(Errc::enospc));
  EXPECT_EQ(room(root, "/m").files_free, 2U);
}

TEST_F(LimitsOfARoot, TheStatusTellsThemAndTheMounts) {
  dir_.write_file("data/file", "x");
  const PreparedRoot root = open(
      "[root]\nmemory-limit = \"64KiB\"\n[capabilities.fs]\nmax-open = 9\n"
      "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\nquota = 4096\n"
      "cache = \"forever\"\n");
  ASSERT_TRUE(write(root, "/data", "new", "x"));
  const auto status = nlohmann::json::parse(*root.tree->get_xattr(root.tree->root(), "user.wasifs.status"));
  EXPECT_EQ(status["memory"], nlohmann::json::parse(R"({"used": 4096, "limit": 65536})"));
  EXPECT_EQ(status["inodes"], nlohmann::json::parse(R"({"used": 17, "limit": null})"));
  EXPECT_EQ(status["open"], nlohmann::json::parse(R"({"used": 0, "limit": 9})"));
  EXPECT_EQ(status["mounts"], nlohmann::json::parse(R"([
    {"guest": "/", "access": "cow", "layers": ["base root"]},
    {"guest": "/data", "access": "cow", "layers": ["memory", "host \"data\""], "cache": "forever",
     "quota": 4096}])"));
}

TEST(MountsJson, OfVeryManyMountsTheLastAreCountedOnly) {
  Plan plan;
  for (int i = 0; i < 5000; ++i) {
    plan.mounts.push_back({.guest = "/mount/" + std::to_string(i),
                           .guest_raw = {},
                           .upper = PlannedLayer{},
                           .lowers = {},
                           .quota_bytes = {},
                           .origin = {},
                           .where = {}});
  }
  const std::string text = mounts_json(plan);
  EXPECT_LT(text.size(), 62U << 10U);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json.size() - 1 + json.back()["omitted"].get<std::size_t>(), 5000U);
  EXPECT_EQ(json[0],
            nlohmann::json::parse(R"({"guest": "/mount/0", "access": "cow", "layers": ["memory"]})"));
}

/// A root with a host directory at /d, of which `compat` is as given.
PreparedRoot with_quirk(const std::string& folder, bool on) {
  const std::string text = "[[mount]]\nguest = \"/d\"\ntype = \"host\"\nsource = \"" + folder +
                           "\"\naccess = \"cow\"\n[fs]\n\"/\" = \"" + folder + "\"\n";
  Plan plan = make_plan(parse_manifest(text, "site.toml").value(), {}).value();
  plan.run.compat.create_new_over_lower = on;
  return prepare(std::move(plan), {}, {}).value();
}

TEST_F(LimitsOfARoot, ExclusiveCreationOverALowerFileIsRefusedByDefault) {
  dir_.write_file("data/file", "lower");
  const PreparedRoot root = with_quirk(dir_ / "data", false);
  EXPECT_EQ(write(root, "/d", "file", "new"), fail(Errc::eexist));
  EXPECT_EQ(write(root, "/", "file", "new"), fail(Errc::eexist));
  EXPECT_EQ(content(root, "/d/file"), "lower");
}

TEST_F(LimitsOfARoot, CompatCreateNewOverLowerMakesANewFile) {
  dir_.write_file("data/file", "lower");
  const PreparedRoot root = with_quirk(dir_ / "data", true);
  EXPECT_TRUE(write(root, "/d", "file", "new"));
  EXPECT_EQ(content(root, "/d/file"), "new");
  EXPECT_TRUE(write(root, "/", "file", ""));
  EXPECT_EQ(content(root, "/file"), "");
  EXPECT_EQ(dir_.read_file("data/file"), "lower") << "the host's stays";
}

}  // namespace
}  // namespace wasifs::plan
