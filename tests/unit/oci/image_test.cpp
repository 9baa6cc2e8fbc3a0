// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/image.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_fs.h"
#include "unit/oci/image_writer.h"

namespace wasifs::oci {
namespace {

using Json = nlohmann::json;
using test::kTarLayer;
using test::LayoutWriter;
using Strings = std::vector<std::string>;

constexpr const char* kModuleLayer = "application/wasm";

Strings names_of(const Image& image) {
  Strings out;
  for (const ImageLayer& layer : image.layers()) {
    out.push_back(layer.content == LayerContent::tar    ? "tar"
                  : layer.content == LayerContent::wasm ? layer.file
                                                        : "other");
  }
  return out;
}

class OciImage : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<const Image> open(const std::string& tag = "") const {
    auto image = Image::open(dir_ / "i", tag);
    if (!image) throw std::runtime_error(image.error().text());
    return *image;
  }

  [[nodiscard]] std::string error(const std::string& tag = "") const {
    const auto image = Image::open(dir_ / "i", tag);
    return image ? "no error" : shown(image.error().text());
  }

  [[nodiscard]] std::string shown(std::string text) const {
    const std::string prefix = dir_.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  [[nodiscard]] Json plain(const std::string& marker) const {
    return writer_.image({{"config", {{"WorkingDir", "/" + marker}}}}, {});
  }

  test::TempDir dir_;
  LayoutWriter writer_{dir_, "i"};
};

TEST_F(OciImage, IsReadLowestLayerFirst) {
  writer_.index({writer_.image({{"os", "linux"}, {"config", {{"Cmd", {"/a"}}}}},
                               {writer_.blob(kTarLayer, "one"), writer_.blob(kTarLayer, "two")})});
  const auto image = open();
  EXPECT_EQ(image->config().cmd, Strings{"/a"});
  ASSERT_EQ(image->layers().size(), 2U);
  EXPECT_EQ(image->layers()[0].digest, LayoutWriter::digest("one"));
  EXPECT_EQ(image->layers()[1].bytes.bytes.size(), 3U);
  const auto verified = image->verify();
  ASSERT_TRUE(verified) << verified.error().text();
  EXPECT_EQ(verified->hashes, 2U);
  EXPECT_EQ(verified->bytes, 6U);
  EXPECT_TRUE(Image::is_layout(dir_ / "i"));
  EXPECT_FALSE(Image::is_layout(dir_.string()));
}

TEST_F(OciImage, ModulesHaveNames) {
  const auto module = [this](std::string_view bytes, std::string_view title) {
    Json layer = writer_.blob(kModuleLayer, bytes);
    if (!title.empty()) layer["annotations"]["org.opencontainers.image.title"] = title;
    return layer;
  };
  writer_.index({writer_.image(Json::object(),
                               {module("1", ""), module("2", "app.wasm"), module("3", "app.wasm"),
                                module("4", "../x"), writer_.blob("text/markdown", "readme"),
                                writer_.blob("application/vnd.wasm.content.layer.v1+wasm", "5")},
                               "application/vnd.wasm.config.v0+json")});
  EXPECT_EQ(names_of(*open()),
            (Strings{"module.wasm", "app.wasm", "module-2.wasm", "module-3.wasm", "other", "module-4.wasm"}));
}

TEST_F(OciImage, OneOfSeveralIsNamed) {
  writer_.index(
      {LayoutWriter::named(plain("a"), "docker.io/me/app:1"), LayoutWriter::named(plain("b"), "app:2")});
  for (const char* tag : {"docker.io/me/app:1", "me/app:1", "app:1", "1"}) {
    EXPECT_EQ(open(tag)->config().working_dir, "/a") << tag;
  }
  EXPECT_EQ(open("2")->config().working_dir, "/b");
  EXPECT_EQ(error(),
            "error: image \"i\" has 2 images: \"docker.io/me/app:1\", \"app:2\"\n"
            "hint: name one behind \"#\", as in \"i#docker.io/me/app:1\"");
  EXPECT_EQ(error("app:3"),
            "error: image \"i\" has no image \"app:3\"\n"
            "hint: it has \"docker.io/me/app:1\", \"app:2\"; did you mean \"app:2\"?");
}

TEST_F(OciImage, WebAssemblyComesFirst) {
  const Json linux = LayoutWriter::made_for(plain("linux"), "linux", "mips");
  const Json wasm = LayoutWriter::made_for(plain("wasm"), "wasip1", "wasm");
  const Json attestation = LayoutWriter::made_for(plain("no"), "unknown", "unknown");
  writer_.index({linux, wasm, attestation});
  EXPECT_EQ(open()->config().working_dir, "/wasm");
  EXPECT_EQ(open("linux/mips")->config().working_dir, "/linux");
  writer_.index({linux, attestation});
  EXPECT_EQ(open()->config().working_dir, "/linux");
  writer_.index({linux, LayoutWriter::made_for(plain("other"), "linux", "s390")});
  EXPECT_EQ(error().substr(0, error().find('\n')).find("error: image \"i\" has 2 images: \"sha256:"), 0U);
  EXPECT_NE(error().find("as in \"i#linux/mips\""), std::string::npos) << error();
}

TEST_F(OciImage, PlatformsComeFromConfigsToo) {
  const auto image = [this](std::string_view os, std::string_view architecture) {
    return writer_.image({{"os", os}, {"architecture", architecture}, {"config", {{"WorkingDir", os}}}}, {});
  };
  writer_.index({image("linux", "mips"), image("wasi", "wasm")});
  EXPECT_EQ(open()->config().working_dir, "wasi");
}

TEST_F(OciImage, IndexesMayLieInIndexes) {
  const Json inner{{"manifests", {plain("a")}}};
  writer_.index(
      {LayoutWriter::named(writer_.blob("application/vnd.oci.image.index.v1+json", inner.dump()), "t")});
  EXPECT_EQ(open("t")->config().working_dir, "/a");
  Json nested = plain("a");
  for (int i = 0; i < 10; ++i) {
    nested = writer_.blob("application/vnd.oci.image.index.v1+json", Json{{"manifests", {nested}}}.dump());
  }
  writer_.index({nested});
  EXPECT_NE(error().find("indexes lie more than 8 deep"), std::string::npos) << error();
}

TEST_F(OciImage, TooManyImagesAreRefused) {
  std::vector<Json> many(300, plain("a"));
  writer_.index(many);
  EXPECT_EQ(error(), "error: image \"i\": \"index.json\": there are more than 256 images");
}

TEST_F(OciImage, BlobsAreChecked) {
  const Json layer = writer_.blob(kTarLayer, "layer");
  const Json manifest = writer_.image(Json::object(), {layer});
  const std::string name = "blobs/sha256/" + manifest["digest"].get<std::string>().substr(7);
  writer_.index({manifest});
  const std::string good = dir_.read_file("i/" + name);
  std::string bad = good;
  bad[bad.size() - 2] = ' ';
  writer_.write(name, bad);
  EXPECT_EQ(error(),
            "error: image \"i\": \"" + name + "\": its bytes have the digest " + LayoutWriter::digest(bad));
  writer_.write(name, good + " ");
  EXPECT_EQ(error(), "error: image \"i\": \"" + name + "\": it has " + std::to_string(good.size() + 1) +
                         " bytes where " + std::to_string(good.size()) + " are announced");
  writer_.write(name, good);
  const std::string blob = "blobs/sha256/" + layer["digest"].get<std::string>().substr(7);
  writer_.write(blob, "lay3r");
  const auto verified = open()->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().trouble, Trouble::corrupt);
  EXPECT_EQ(
      shown(verified.error().text()),
      "error: image \"i\": \"" + blob + "\": its bytes have the digest " + LayoutWriter::digest("lay3r"));
  std::filesystem::remove(dir_ / ("i/" + blob));
  EXPECT_EQ(error(), "error: image \"i\": \"" + blob + "\": it is missing");
  dir_.write_file("outside", "layer");
  dir_.make_symlink("i/" + blob, "../../../outside");
  EXPECT_EQ(error(), "error: image \"i\": \"" + blob + "\": it is a symlink, or behind one");
}

/// A tar of `docker save` as a tree, with a layer that is a symlink to another's.
TEST_F(OciImage, SavedTarIsRead) {
  auto tar = std::make_shared<MemoryFilesystem>();
  const auto add = [&](std::string_view name, std::string_view bytes) {
    const auto text = std::make_shared<const std::string>(bytes);
    ASSERT_TRUE(tar->create_sealed(*tar->root(), name, {},
                                   {.bytes = std::as_bytes(std::span(*text)), .owner = text}));
  };
  add("manifest.json", R"([{"Config": "c.json", "RepoTags": ["me/app:1"], "Layers": ["a.tar", "b.tar"]},
                           {"Config": "c.json", "RepoTags": ["me/app:2"], "Layers": ["out.tar"]}])");
  add("c.json", R"({"config": {"Env": ["A=b"]}})");
  add("a.tar", "first");
  ASSERT_TRUE(tar->root()->create("b.tar", {.type = FileType::symlink, .target = "./a.tar"}));
  ASSERT_TRUE(tar->root()->create("out.tar", {.type = FileType::symlink, .target = "../a.tar"}));
  EXPECT_TRUE(Image::is_image(*tar));
  const auto image = Image::open(tar, "s.tar", "app:1");
  ASSERT_TRUE(image) << image.error().text();
  EXPECT_EQ((*image)->config().env, Strings{"A=b"});
  ASSERT_EQ((*image)->layers().size(), 2U);
  EXPECT_EQ((*image)->layers()[1].bytes.bytes.size(), 5U);
  EXPECT_EQ(Image::open(tar, "s.tar", "2").error().text(),
            "error: image \"s.tar\": \"out.tar\": Invalid argument");
  EXPECT_EQ(Image::open(tar, "s.tar", "").error().text(),
            "error: image \"s.tar\" has 2 images: \"me/app:1\", \"me/app:2\"\n"
            "hint: name one behind \"#\", as in \"s.tar#me/app:1\"");
  EXPECT_FALSE(Image::is_image(*std::make_shared<MemoryFilesystem>()));
}

}  // namespace
}  // namespace wasifs::oci
