// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::Ran;
using test::run_cli;

class CheckVerb : public testing::Test {
 protected:
  CheckVerb() {
    dir_.write_file("demo.webc", test::demo_package());
    dir_.make_dirs("data");
  }

  test::TempDir dir_;
};

TEST_F(CheckVerb, OfASoundPackageIsStatusZero) {
  const Ran ran = run_cli({"check", dir_ / "demo.webc"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out.find("verified package \"" + (dir_ / "demo.webc") + "\": "), 0U) << ran.out;
  EXPECT_TRUE(ran.out.ends_with(" bytes\nno findings\n")) << ran.out;
}

TEST_F(CheckVerb, WithFindingsIsStatusOne) {
  const Ran ran = run_cli({"check", dir_ / "demo.webc", "--volume", (dir_ / "data") + ":/bin:ro"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out.find("--volume \"" + (dir_ / "data") +
                         ":/bin:ro\": warning: commands do not appear in \"/bin\": the mount at "
                         "\"/bin\" hides them, and it has no memory layer to show them in [plan-warning]\n"),
            0U)
      << ran.out;
  EXPECT_TRUE(ran.out.ends_with("\n1 finding\n")) << ran.out;
}

TEST_F(CheckVerb, JsonIsOneObject) {
  const Ran ran = run_cli({"check", "--json", dir_ / "demo.webc", "--volume", (dir_ / "data") + ":/bin:ro"});
  EXPECT_EQ(ran.status, 1);
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["source"], dir_ / "demo.webc");
  ASSERT_EQ(document["findings"].size(), 1U);
  EXPECT_EQ(document["findings"][0]["code"], "plan-warning");
  EXPECT_EQ(document["packages"].size(), 1U);
}

TEST_F(CheckVerb, OfAPackageWithAWrongChecksumIsStatusFive) {
  std::string bytes = test::demo_package();
  bytes.replace(bytes.find("color: teal"), 5, "odour");
  dir_.write_file("demo.webc", bytes);
  // It composes, since nobody has looked at the bytes.
  EXPECT_EQ(run_cli({"ls", dir_ / "demo.webc"}).status, 0);
  const Ran ran = run_cli({"check", dir_ / "demo.webc"});
  EXPECT_EQ(ran.status, 5);
  EXPECT_NE(ran.out.find(" [package-corrupt]\n"), std::string::npos) << ran.out;
  const Ran machine = run_cli({"check", "--json", dir_ / "demo.webc"});
  EXPECT_EQ(machine.status, 5);
  EXPECT_EQ(json::parse(machine.out)["findings"][0]["code"], "package-corrupt");
}

TEST_F(CheckVerb, OfWhatCannotBeComposedHasItsOwnStatus) {
  dir_.write_file("bad.toml", "[rot]\n");
  dir_.write_file("clash.toml", "[root]\nconflict = \"fail\"\n[fs]\n\"/x\" = \"data\"\n\"/x/\" = \"data\"\n");
  dir_.write_file("cut.webc", test::demo_package().substr(0, 300));
  const std::pair<const char*, int> cases[] = {
      {"bad.toml", 3}, {"clash.toml", 4}, {"cut.webc", 5}, {"none.toml", 6}};
  for (const auto& [name, status] : cases) {
    const Ran ran = run_cli({"check", dir_ / name});
    EXPECT_EQ(ran.status, status) << name;
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find("error: "), std::string::npos) << ran.err;
  }
  EXPECT_EQ(run_cli({"check", dir_ / "demo.webc", "--volume", ""}).status, 2);
}

}  // namespace
}  // namespace wasifs
