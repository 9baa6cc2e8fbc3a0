// SPDX-License-Identifier: Apache-2.0
#include "inspect/status_report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace wasifs {
namespace {

MountStatus serving() {
  const auto tree = TreeStatus::parse(
      R"({"schema":1,"pid":12,"memory":{"used":4096,"limit":65536},"inodes":{"used":3,"limit":null},)"
      R"("open":{"used":1,"limit":9},"mounts":[{"guest":"/","access":"cow","layers":["base root"]},)"
      R"({"guest":"/a b","access":"rw","layers":["memory","host \"x\""],"quota":7},{"omitted":2}]})");
  return {.point = "/mnt/root",
          .source = "site.toml",
          .read_only = false,
          .state = MountStatus::State::serving,
          .tree = tree.value()};
}

std::string text(const std::vector<MountStatus>& mounts) {
  std::ostringstream out;
  print_status(out, mounts);
  return out.str();
}
std::string json(const std::vector<MountStatus>& mounts) {
  std::ostringstream out;
  print_status_json(out, mounts);
  return out.str();
}

TEST(StatusReport, ShowsAMountThatServes) {
  EXPECT_EQ(text({serving()}),
            "/mnt/root\n"
            "  source:  site.toml\n"
            "  state:   serving, process 12\n"
            "  access:  read-write\n"
            "  memory:  4096 of 65536 bytes\n"
            "  inodes:  3, no limit\n"
            "  open:    1 of 9\n"
            "  mounts:\n"
            "    /  cow: base root\n"
            "    /a b  rw, quota 7 bytes: memory over host \"x\"\n"
            "    and 2 more\n");
  EXPECT_EQ(json({serving()}),
            R"({"schema":1,"mounts":[{"mount_point":"/mnt/root","source":"site.toml","read_only":false,)"
            R"("state":"serving","pid":12,"memory":{"used":4096,"limit":65536},)"
            R"("inodes":{"used":3,"limit":null},"open":{"used":1,"limit":9},)"
            R"("mounts":[{"guest":"/","access":"cow","layers":["base root"],"quota":null},)"
            R"({"guest":"/a b","access":"rw","layers":["memory","host \"x\""],"quota":7}],)"
            R"("mounts_omitted":2}]})"
            "\n");
}

TEST(StatusReport, ShowsWhatTheKernelIsAgreedWith) {
  MountStatus mount = serving();
  mount.tree =
      TreeStatus::parse(
          R"({"schema":1,"views":[{"view":"fuse","asks_opens":false,"asks_opendirs":true,)"
          R"("writeback":false,"passthrough":"refused","inodes":9,"requests":{"lookup":3,"read":4}},7],)"
          R"("mounts":[]})")
          .value();
  EXPECT_EQ(text({mount}),
            "/mnt/root\n"
            "  source:  site.toml\n"
            "  state:   serving\n"
            "  access:  read-write\n"
            "  kernel:  knows 9 inodes, has made 7 requests\n"
            "           opens not asked for, listings asked for,\n"
            "           writeback off, passthrough refused\n");
  EXPECT_EQ(json({mount}),
            R"({"schema":1,"mounts":[{"mount_point":"/mnt/root","source":"site.toml","read_only":false,)"
            R"("state":"serving","views":[{"asks_opens":false,"asks_opendirs":true,"writeback":false,)"
            R"("passthrough":"refused","inodes":9,"requests":{"lookup":3,"read":4}}],"mounts":[]}]})"
            "\n");
}

TEST(StatusReport, SaysWhyAMountTellsNothing) {
  using State = MountStatus::State;
  EXPECT_EQ(text({{.point = "/a", .source = "x", .read_only = true, .state = State::dead},
                  {.point = "/b", .source = "x", .state = State::silent},
                  {.point = "/c", .source = "x", .state = State::hidden},
                  {.point = "/d", .source = "x", .state = State::unknown, .why = "Permission denied"}}),
            "/a\n  source:  x\n  state:   dead: its daemon has ended; \"wasifs unmount\" clears it\n"
            "  access:  read-only\n\n"
            "/b\n  source:  x\n  state:   silent: its daemon does not answer\n  access:  read-write\n\n"
            "/c\n  source:  x\n  state:   hidden: another mount lies over it\n  access:  read-write\n\n"
            "/d\n  source:  x\n  state:   unknown: Permission denied\n  access:  read-write\n");
  EXPECT_EQ(json({{.point = "/d", .source = "x", .state = State::unknown, .why = "no"}}),
            R"({"schema":1,"mounts":[{"mount_point":"/d","source":"x","read_only":false,"state":"unknown",)"
            R"("why":"no"}]})"
            "\n");
}

TEST(StatusReport, WithoutMountsSaysSo) {
  EXPECT_EQ(text({}), "nothing is mounted\n");
  EXPECT_EQ(json({}), "{\"schema\":1,\"mounts\":[]}\n");
}

TEST(StatusReport, ControlCharactersDoNotReachTheTerminal) {
  MountStatus mount = serving();
  mount.point = "/a\nb";
  mount.tree.mounts = {{.guest = "/\x1b[2J", .access = "\x07", .layers = {"\x1b]0;x", "host \"\x01\""}}};
  for (const char c : text({mount})) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ') << int(c);
  EXPECT_EQ(text({mount}).find("/a\nb"), std::string::npos);
}

TEST(StatusReport, RefusesWhatIsNoStatus) {
  for (const char* bad :
       {"", "x", "[]", "{}", "{\"schema\":2}", "{\"schema\":\"1\"}", "{\"schema\":1", "null"}) {
    EXPECT_FALSE(TreeStatus::parse(bad)) << bad;
  }
}

TEST(StatusReport, PassesOverMembersOfAnotherKind) {
  const auto status = TreeStatus::parse(
      R"({"schema":1,"pid":-1,"memory":5,"inodes":{"used":"x"},"open":{"limit":1},)"
      R"("mounts":[1,"x",{"guest":2,"access":[],"layers":{"a":1},"quota":1.5},{"layers":[1,"l"]}]})");
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->pid || status->memory || status->inodes || status->open);
  ASSERT_EQ(status->mounts.size(), 2U);
  EXPECT_EQ(status->mounts[0].guest, "");
  EXPECT_FALSE(status->mounts[0].quota);
  EXPECT_EQ(status->mounts[1].layers, std::vector<std::string>{"l"});
  EXPECT_TRUE(TreeStatus::parse("{\"schema\":1,\"mounts\":{}}")->mounts.empty());
}

TEST(StatusReport, BearsNestingOfAnyDepth) {
  const std::string deep(30'000, '[');
  EXPECT_FALSE(TreeStatus::parse(deep));
  EXPECT_TRUE(TreeStatus::parse("{\"schema\":1,\"mounts\":" + deep + std::string(30'000, ']') + "}"));
}

}  // namespace
}  // namespace wasifs
