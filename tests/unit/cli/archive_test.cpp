// SPDX-License-Identifier: Apache-2.0
// The verbs over archives and images.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli_runner.h"
#include "support/tar_writer.h"
#include "support/temp_dir.h"
#include "unit/oci/image_writer.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::LayoutWriter;
using test::Ran;
using test::run_cli;
using test::TarWriter;

class Archives : public ::testing::Test {
 protected:
  Archives() {
    const std::string low = TarWriter().file("etc/motd", "old\n").file("etc/gone", "x").bytes();
    const std::string high = TarWriter().file("etc/motd", "new\n").file("etc/.wh.gone", "").bytes();
    dir_.write_file("x.tar", low);
    const LayoutWriter writer(dir_, "app");
    lowest_ = LayoutWriter::digest(low);
    writer.index({LayoutWriter::named(
        writer.image({{"config", {{"Cmd", {"sh"}}, {"WorkingDir", "/etc"}}}},
                     {writer.blob(test::kTarLayer, low), writer.blob(test::kTarLayer, high)}),
        "v1")});
    dir_.write_file("site.toml",
                    "[root]\nbase = \"empty\"\n"
                    "[[mount]]\nguest = \"/i\"\ntype = \"image\"\nsource = \"app\"\naccess = \"ro\"\n"
                    "[[mount]]\nguest = \"/x\"\ntype = \"archive\"\nsource = \"x.tar\"\naccess = \"ro\"\n");
  }

  /// `wasifs VERB DIR/SOURCE WORDS…`, with the folder left out of what it says.
  [[nodiscard]] Ran run(const std::string& verb, std::string_view source,
                        const std::vector<std::string>& words = {}) const {
    std::vector<std::string> all{verb, dir_ / source};
    all.insert(all.end(), words.begin(), words.end());
    Ran ran = run_cli(all);
    const std::string prefix = dir_.string() + "/";
    for (std::string* text : {&ran.out, &ran.err}) {
      for (std::size_t at = text->find(prefix); at != std::string::npos; at = text->find(prefix)) {
        text->erase(at, prefix.size());
      }
    }
    return ran;
  }

  test::TempDir dir_;
  std::string lowest_;
};

TEST_F(Archives, AreShownAsTrees) {
  const Ran tree = run("tree", "site.toml");
  EXPECT_EQ(tree.err, "");
  EXPECT_EQ(tree.out,
            "/\n"
            "├── i\n"
            "│   └── etc\n"
            "│       └── motd\n"
            "└── x\n"
            "    └── etc\n"
            "        ├── gone\n"
            "        └── motd\n"
            "\n"
            "5 directories, 3 files, 0 symlinks\n");
  EXPECT_EQ(run("cat", "x.tar", {"/etc/motd"}).out, "old\n");
  EXPECT_EQ(run("cat", "app#v1", {"/etc/motd"}).out, "new\n");
}

TEST_F(Archives, AreExplained) {
  const Ran ran = run("explain", "app", {"/etc/motd"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("image \"app\" layer " + lowest_.substr(0, 19)), std::string::npos) << ran.out;
  EXPECT_NE(run("explain", "x.tar", {"/etc/motd"}).out.find("archive \"x.tar\""), std::string::npos);
}

TEST_F(Archives, AreChecked) {
  const Ran ran = run("check", "app");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  dir_.write_file("app/blobs/sha256/" + lowest_.substr(7),
                  TarWriter().file("etc/motd", "OLD\n").file("etc/gone", "x").bytes());
  const Ran bad = run("check", "app");
  EXPECT_EQ(bad.status, static_cast<int>(Trouble::corrupt));
  EXPECT_NE(
      bad.out.find("image \"app\": \"blobs/sha256/" + lowest_.substr(7) + "\": its bytes have the digest"),
      std::string::npos)
      << bad.out;
}

TEST_F(Archives, AreInPlansAndSpecifications) {
  const json plan = json::parse(run("plan", "site.toml", {"--json"}).out);
  EXPECT_EQ(plan["mounts"][1]["lowers"][1]["digest"], lowest_);
  EXPECT_EQ(plan["mounts"][2]["lowers"][0]["kind"], "archive");
  const json spec = json::parse(run("spec", "app", {"--json"}).out);
  EXPECT_EQ(spec["cwd"], "/etc") << spec.dump(2);
}

TEST_F(Archives, CacheIsAFlagOfThose) {
  EXPECT_EQ(run("cat", "x.tar", {"/etc/motd", "--cache", dir_ / "cache"}).out, "old\n");
}

}  // namespace
}  // namespace wasifs
