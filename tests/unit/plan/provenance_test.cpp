// SPDX-License-Identifier: Apache-2.0
// What a prepared root tells of where its files come from: in the manifest's words.
#include "prepared.h"

namespace wasifs::plan {
namespace {

using test::WebcSpec;

class PreparedProvenanceTest : public PrepareTest {
 protected:
  static std::string xattr(const PreparedRoot& root, std::string_view path, std::string_view name) {
    const Result<VNode> node = root.tree->resolve(path, Follow::no);
    if (!node) return "<" + message(node.error()) + ">";
    const Result<std::string> value = root.tree->get_xattr(*node, "user.wasifs." + std::string(name));
    return value ? *value : "<" + message(value.error()) + ">";
  }
  /// The folder's path comes from mkdtemp and is left out.
  [[nodiscard]] std::string mount_of(const PreparedRoot& root, std::string_view path) const {
    std::string text = xattr(root, path, "mount");
    if (const std::size_t at = text.find(dir_.string() + "/"); at != std::string::npos) {
      text.erase(at, dir_.string().size() + 1);
    }
    return text;
  }
};

TEST_F(PreparedProvenanceTest, SourcesAreNamedAsTheManifestNamesThem) {
  dir_.write_file("data/sub/f", "x");
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"./data\"\n"
      "[[mount]]\nguest = \"/scratch\"\ntype = \"memory\"\n"
      "[[mount]]\nguest = \"/etc/motd\"\ntype = \"static\"\ntext = \"hello\"\n");
  EXPECT_EQ(xattr(root, "/data/sub/f", "layer"), "host \"./data\"");
  EXPECT_EQ(xattr(root, "/data/sub/f", "origin"), "host \"./data\" path \"/sub/f\"");
  EXPECT_EQ(xattr(root, "/data/sub/f", "shadows"), "");
  EXPECT_EQ(mount_of(root, "/data/sub/f"), "\"/data\" from manifest (site.toml:1:1)");
  EXPECT_EQ(xattr(root, "/scratch", "origin"), "memory");
  EXPECT_EQ(xattr(root, "/etc/motd", "origin"), "static text");
  EXPECT_EQ(xattr(root, "/etc", "origin"), "base root");
  EXPECT_EQ(mount_of(root, "/etc"), "\"/\" from root");
}

TEST_F(PreparedProvenanceTest, PackagesAreNamedWithVolumeAndPathInside) {
  write_package("site.webc",
                {.volumes = {{"/www", {test::webc_dir("html"), test::webc_file("html/index.html", "hi")}}}});
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/srv\"\ntype = \"webc\"\nsource = \"site.webc\"\nvolume = \"/www\"\n"
      "subpath = \"html\"\n"
      "[[mount]]\nguest = \"/index\"\ntype = \"webc\"\nsource = \"site.webc#/www:/html/index.html\"\n");
  for (const char* const path : {"/srv/index.html", "/index"}) {
    EXPECT_EQ(xattr(root, path, "origin"), "webc \"site.webc\" volume \"/www\" path \"/html/index.html\"");
  }
  EXPECT_EQ(xattr(root, "/srv/index.html", "layer"), "webc \"site.webc\" volume \"/www\" path \"/html\"");
}

TEST_F(PreparedProvenanceTest, ACopyUpIsToldAtOnce) {
  dir_.write_file("data/f", "x");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"./data\"\naccess = \"cow\"\n");
  EXPECT_EQ(xattr(root, "/data/f", "layer"), "host \"./data\"");
  ASSERT_TRUE(root.tree->set_attr(*root.tree->resolve("/data/f"), {.mode = 0600}));
  EXPECT_EQ(xattr(root, "/data/f", "layer"), "memory");
  EXPECT_EQ(xattr(root, "/data/f", "shadows"), "host \"./data\" path \"/f\"\n");
}

TEST_F(PreparedProvenanceTest, ASingleHostFileUnderAMemoryUpperIsToldWithItsFolder) {
  dir_.write_file("motd", "x");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/motd\"\ntype = \"host\"\nsource = \"./motd\"\naccess = \"cow\"\n");
  EXPECT_EQ(xattr(root, "/motd", "layer"), "host \"./motd\"");
  EXPECT_TRUE(xattr(root, "/motd", "origin").ends_with("\" path \"/motd\""));
}

TEST_F(PreparedProvenanceTest, ADirectoryThatAMountPointNeedsSaysSo) {
  dir_.write_file("data/f", "x");
  dir_.make_dirs("base");
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/outer\"\ntype = \"host\"\nsource = \"./base\"\naccess = \"ro\"\n"
      "[[mount]]\nguest = \"/outer/a/b\"\ntype = \"host\"\nsource = \"./data\"\n");
  EXPECT_EQ(mount_of(root, "/outer/a"), "\"/outer/a\" made for the mount at \"/outer/a/b\"");
}

}  // namespace
}  // namespace wasifs::plan
