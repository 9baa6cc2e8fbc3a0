// SPDX-License-Identifier: Apache-2.0
// Archives and images as SOURCE and in manifests, composed and read.
#include <gtest/gtest.h>

#include "inspect/check.h"
#include "inspect/plan_report.h"
#include "support/tar_writer.h"
#include "unit/oci/image_writer.h"
#include "unit/plan/prepared.h"
#include "wasifs/filesystems.h"

namespace wasifs::plan {
namespace {

using test::kTarLayer;
using test::LayoutWriter;
using test::TarWriter;
using Json = nlohmann::json;
using Strings = std::vector<std::string>;

std::string lower_layer() {
  return TarWriter().file("etc/motd", "old").file("etc/gone", "x").file("dir/a", "a").bytes();
}
std::string upper_layer() {
  return TarWriter()
      .file("etc/motd", "new")
      .file("etc/.wh.gone", "")
      .file("dir/.wh..wh..opq", "")
      .file("dir/b", "b")
      .bytes();
}

class ImageSource : public PrepareTest {
 protected:
  /// An image "app" of two layers.
  void write_image(const Json& config = {{"config", Json::object()}}) const {
    writer_.index({LayoutWriter::named(writer_.image(config, {writer_.blob(kTarLayer, lower_layer()),
                                                              writer_.blob(kTarLayer, upper_layer())}),
                                       "v1")});
  }
  [[nodiscard]] PreparedRoot open_source(std::string_view name, const ComposeOptions& options = {}) const {
    return must(PreparedRoot::open(dir_ / name, options));
  }
  [[nodiscard]] std::string source_error(std::string_view name) const {
    return shown(PreparedRoot::open(dir_ / name));
  }
  static void expect_image(const PreparedRoot& root, const std::string& at) {
    EXPECT_EQ(content(root, at + "/etc/motd"), "new");
    EXPECT_FALSE(exists(root, at + "/etc/gone"));
    EXPECT_FALSE(exists(root, at + "/etc/.wh.gone"));
    EXPECT_EQ(names(root, at + "/dir"), Strings{"b"});
  }

  LayoutWriter writer_{dir_, "app"};
};

TEST_F(ImageSource, ArchiveShowsItsTree) {
  dir_.write_file("x.tar", upper_layer());
  const PreparedRoot root = open_source("x.tar");
  EXPECT_EQ(content(root, "/etc/motd"), "new");
  // Nobody has said that these are whiteouts.
  EXPECT_TRUE(exists(root, "/etc/.wh.gone"));
  EXPECT_TRUE(exists(root, "/dev/null"));
  dir_.write_file("x.bin", lower_layer());
  EXPECT_EQ(content(open_source("x.bin"), "/dir/a"), "a");
}

TEST_F(ImageSource, ADirectoryThatALayerOnlyPassesThroughStaysAsItIs) {
  const std::string lowest =
      TarWriter().directory("d", 0700).directory("d/e", 0711).directory("f", 0701).bytes();
  const std::string middle = TarWriter().file("d/e/new", "x").file(".wh.f", "").bytes();
  const std::string highest =
      TarWriter().file("d/.wh..wh..opq", "").file("d/e/top", "x").file("f/g", "x").bytes();
  for (const bool all : {false, true}) {
    std::vector<Json> layers{writer_.blob(kTarLayer, lowest), writer_.blob(kTarLayer, middle)};
    if (all) layers.push_back(writer_.blob(kTarLayer, highest));
    writer_.index({writer_.image({{"config", Json::object()}}, layers)});
    const PreparedRoot root = open_source("app");
    EXPECT_EQ(root.tree->stat("/d")->mode, 0700);
    EXPECT_EQ(root.tree->stat("/d/e")->mode, all ? 0755 : 0711) << "unless all below it is hidden";
    EXPECT_EQ(root.tree->stat("/f").has_value(), all);
    if (!all) continue;
    EXPECT_EQ(root.tree->stat("/f")->mode, 0755) << "or it was deleted between";
  }
}

TEST_F(ImageSource, LayoutShowsItsLayers) {
  write_image();
  for (const char* name : {"app", "app#v1"}) expect_image(open_source(name), "");
  EXPECT_NE(source_error("app#v2").find("has no image \"v2\""), std::string::npos);
}

TEST_F(ImageSource, SavedTarIsAnImage) {
  dir_.write_file("s.tar", TarWriter()
                               .file("l1/layer.tar", lower_layer())
                               .file("l2/layer.tar", upper_layer())
                               .file("c.json", R"({"config": {"WorkingDir": "/dir"}})")
                               .file("manifest.json", R"([{"Config": "c.json", "RepoTags": ["me/app:1"],
                                                "Layers": ["l1/layer.tar", "l2/layer.tar"]}])")
                               .bytes());
  const PreparedRoot root = open_source("s.tar");
  expect_image(root, "");
  EXPECT_EQ(root.plan.run.cwd, "/dir");
  EXPECT_EQ(root.plan.mounts.front().lowers.front().describe().substr(0, 7), "image \"");
  EXPECT_TRUE(root.plan.mounts.front().lowers.front().describe().ends_with("s.tar\" layer 2"));
  expect_image(open_source("s.tar#app:1"), "");
}

TEST_F(ImageSource, TagOfSomethingElseIsRefused) {
  dir_.write_file("x.tar", lower_layer());
  EXPECT_EQ(source_error("x.tar#a"), "error: \"x.tar\" is no image, so that \"#a\" names nothing in it");
}

TEST_F(ImageSource, SaysHowItIsRun) {
  write_image({{"config",
                {{"Env", {"A=1", "B=2"}},
                 {"Entrypoint", {"./app", "-x"}},
                 {"Cmd", {"serve"}},
                 {"WorkingDir", "/dir"}}}});
  const RunSpec run = open_source("app", {.env = {"B=3"}}).plan.run;
  EXPECT_EQ(run.command, "/dir/app");
  EXPECT_EQ(run.argv, (Strings{"./app", "-x", "serve"}));
  EXPECT_EQ(run.env, (std::vector<EnvVar>{{"A", "1"}, {"B", "3"}}));
  EXPECT_EQ(run.cwd, "/dir");
  // As docker has it: arguments of the user's are instead of the image's.
  EXPECT_EQ(open_source("app", {.args = {"stop", "now"}}).plan.run.argv,
            (Strings{"./app", "-x", "stop", "now"}));
  const RunSpec other = open_source("app", {.args = {"y"}, .command = "/bin/other"}).plan.run;
  EXPECT_EQ(other.command, "/bin/other");
  EXPECT_EQ(other.argv, (Strings{"/bin/other", "y"}));
  const RunSpec none = open_source("app", {.args = {"y"}, .command = ""}).plan.run;
  EXPECT_EQ(none.argv, Strings{"y"});
  EXPECT_TRUE(none.env.empty());
}

TEST_F(ImageSource, WithoutEntrypointTheCommandIsTheProgram) {
  write_image({{"config", {{"Cmd", {"sh", "-c", "x"}}}}});
  EXPECT_EQ(open_source("app").plan.run.argv, (Strings{"sh", "-c", "x"}));
  const RunSpec run = open_source("app", {.args = {"ls", "-l"}}).plan.run;
  EXPECT_EQ(run.command, "ls");
  EXPECT_EQ(run.argv, (Strings{"ls", "-l"}));
}

TEST_F(ImageSource, ModuleIsAFileAndTheProgram) {
  writer_.index({writer_.image({{"config", {{"Cmd", {"a"}}}}}, {writer_.blob("application/wasm", "\0asm")},
                               "application/vnd.wasm.config.v0+json")});
  const PreparedRoot root = open_source("app", {.args = {"b"}});
  EXPECT_EQ(root.plan.run.command, "/module.wasm");
  EXPECT_EQ(root.plan.run.argv, (Strings{"module.wasm", "b"}));
  ASSERT_TRUE(attr(root, "/module.wasm"));
  EXPECT_EQ(attr(root, "/module.wasm")->mode, 0555);
}

TEST_F(ImageSource, FaultsOfTheConfigAreNamed) {
  write_image({{"config", {{"Env", {"=x"}}}}});
  const std::string text = source_error("app");
  EXPECT_EQ(text.find("error: image \"app\": environment variable \"=x\": "), text.find("error: image"))
      << text;
  EXPECT_EQ(PreparedRoot::open(dir_ / "app").error().trouble, Trouble::corrupt);
}

TEST_F(ImageSource, MountsOfManifestsShowThem) {
  write_image();
  dir_.write_file("t.tar", upper_layer());
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/i\"\ntype = \"image\"\nsource = \"./app#v1\"\naccess = \"ro\"\n"
      "[[mount]]\nguest = \"/t\"\ntype = \"archive\"\nsource = \"t.tar\"\n"
      "[[mount]]\nguest = \"/sub\"\ntype = \"archive\"\nsource = \"t.tar\"\nsubpath = \"etc\"\n"
      "[[mount]]\nguest = \"/w\"\ntype = \"archive\"\nsource = \"t.tar\"\nwhiteouts = \"oci\"\naccess = "
      "\"ro\"\n");
  expect_image(root, "/i");
  EXPECT_TRUE(exists(root, "/t/etc/.wh.gone"));
  EXPECT_EQ(content(root, "/sub/motd"), "new");
  EXPECT_EQ(names(root, "/w/etc"), Strings{"motd"});
  EXPECT_EQ(names(root, "/w/dir"), Strings{"b"});
  EXPECT_FALSE(write(root, "/i", "new", "x"));
  EXPECT_TRUE(write(root, "/t", "new", "x"));
}

TEST_F(ImageSource, OverlaysTakeThem) {
  write_image();
  dir_.write_file("low.tar", lower_layer());
  dir_.write_file("up.tar", upper_layer());
  dir_.write_file("top/etc/motd", "top");
  const std::string start = "[[mount]]\nguest = \"/o\"\ntype = \"overlay\"\n";
  expect_image(open(start + "whiteouts = \"oci\"\nlayers = [\"up.tar\", \"low.tar\"]\n"), "/o");
  const PreparedRoot marked = open(start + "layers = [\"up.tar\", \"low.tar\"]\n");
  EXPECT_TRUE(exists(marked, "/o/etc/gone"));
  EXPECT_EQ(names(marked, "/o/dir"), (Strings{".wh..wh..opq", "a", "b"}));
  const PreparedRoot root = open(start + "layers = [\"top\", \"app#v1\", \"low.tar\"]\n");
  EXPECT_EQ(content(root, "/o/etc/motd"), "top");
  EXPECT_EQ(names(root, "/o/dir"), Strings{"b"});
  EXPECT_EQ(root.plan.mounts.back().lowers.size(), 4U);
}

TEST_F(ImageSource, ErrorsOfMountsHavePlaces) {
  write_image();
  dir_.write_file("bad.tar", "junk");
  EXPECT_EQ(error("[[mount]]\nguest = \"/i\"\ntype = \"image\"\nsource = \"app#v2\"\n"),
            "site.toml:4:10: error: mount \"/i\": image \"app#v2\" cannot be used\n"
            "  cause: image \"app\" has no image \"v2\"\n"
            "hint: it has \"v1\"");
  const auto bad = try_open("[[mount]]\nguest = \"/i\"\ntype = \"archive\"\nsource = \"bad.tar\"\n");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().trouble, Trouble::corrupt);
  EXPECT_EQ(shown(bad).substr(0, shown(bad).find('\n')),
            "site.toml:4:10: error: mount \"/i\": archive \"bad.tar\" cannot be used");
  EXPECT_EQ(error("[[mount]]\nguest = \"/i\"\ntype = \"overlay\"\nlayers = [\"bad.tar#x\"]\n"),
            "site.toml:4:11: error: mount \"/i\": \"bad.tar\" is no image that \"#x\" could name a part of");
}

TEST_F(ImageSource, PlansTellOfThem) {
  write_image();
  dir_.write_file("t.tar", lower_layer());
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/i\"\ntype = \"image\"\nsource = \"app\"\n"
      "[[mount]]\nguest = \"/t\"\ntype = \"archive\"\nsource = \"t.tar\"\nwhiteouts = \"oci\"\n");
  const std::string digest = LayoutWriter::digest(upper_layer());
  const std::string text = render_plan(root.plan);
  EXPECT_NE(text.find("lower image \"app\" layer " + digest.substr(0, 19)), std::string::npos) << text;
  EXPECT_NE(text.find("lower archive \"t.tar\", whiteouts oci"), std::string::npos) << text;
  const Json plan = Json::parse(plan_json(root.plan));
  const Json& layer = plan["mounts"][1]["lowers"][0];
  EXPECT_EQ(layer["kind"], "image");
  EXPECT_EQ(layer["digest"], digest);
  EXPECT_EQ(layer["layer"], 1);
  EXPECT_EQ(plan["mounts"][2]["lowers"][0]["kind"], "archive");
  EXPECT_EQ(plan["mounts"][2]["lowers"][0]["whiteouts"], "oci");
}

TEST_F(ImageSource, CheckComparesDigests) {
  write_image();
  const PreparedRoot root = open_source("app");
  const CheckReport good = check_root(root);
  EXPECT_FALSE(good.corrupt());
  ASSERT_EQ(good.packages.size(), 1U);
  EXPECT_EQ(good.packages.front().hashes, 2U);
  ASSERT_EQ(good.archives.size(), 2U) << "the layers are read as well";
  EXPECT_TRUE(good.archives.front().path.starts_with(dir_ / "app: blobs/sha256/"))
      << good.archives.front().path;
  std::string bytes = lower_layer();
  bytes.back() = 'x';
  writer_.write("blobs/sha256/" + LayoutWriter::digest(lower_layer()).substr(7), bytes);
  EXPECT_TRUE(check_root(root).corrupt());
}

TEST_F(ImageSource, ArchivesCanBeOpenedAlone) {
  dir_.write_file("t.tar", lower_layer());
  const Outcome<FilesystemPtr> archive = archive_filesystem(dir_ / "t.tar");
  ASSERT_TRUE(archive) << archive.error().text();
  EXPECT_EQ((*archive)->describe(), "archive \"" + (dir_ / "t.tar") + "\"");
  EXPECT_TRUE((*archive)->root()->lookup("etc"));
  EXPECT_EQ(archive_filesystem(dir_ / "none.tar").error().trouble, Trouble::source);
}

}  // namespace
}  // namespace wasifs::plan
