// SPDX-License-Identifier: Apache-2.0
// Layers of images: what ".wh." names mean in them.
#include <gtest/gtest.h>

#include "archive_maker.h"

namespace wasifs::test {
namespace {

std::shared_ptr<archive::ArchiveFilesystem> open_layer(const std::vector<ArchiveItem>& items) {
  archive::OpenOptions options;
  options.whiteouts = Whiteouts::oci;
  return open_archive(make_archive("pax", items), options);
}

bool is_opaque(Filesystem& fs, std::string_view path) {
  const NodeRef node = node_at(fs, path);
  const bool trusted = node->get_xattr("trusted.overlay.opaque") == "y";
  EXPECT_FALSE(node->get_xattr("user.overlay.opaque"));
  return trusted;
}

TEST(ArchiveWhiteouts, HideNamesOfLowerLayers) {
  const auto fs = open_layer({{.path = "a/.wh.gone"}, {.path = "a/stays"}, {.path = ".wh.top"}});
  EXPECT_TRUE(fs->traits().overlay_marks);
  EXPECT_EQ(listing(*fs),
            "/: dir 0755\n/a: dir 0755\n/a/gone: char 0000\n/a/stays: file 0644 0\n/top: char 0000\n");
  EXPECT_EQ(node_at(*fs, "/top")->attr().value().rdev, 0U);
}

TEST(ArchiveWhiteouts, AnOpaqueDirectoryHidesAllOfThem) {
  const auto fs = open_layer({{.path = "d/.wh..wh..opq"}, {.path = "d/x"}, {.path = "e/x"}});
  EXPECT_TRUE(is_opaque(*fs, "/d"));
  EXPECT_FALSE(is_opaque(*fs, "/e"));
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/d: dir 0755\n/d/x: file 0644 0\n/e: dir 0755\n/e/x: file 0644 0\n");
  EXPECT_EQ(node_at(*fs, "/d")->list_xattrs(), std::vector<std::string>{"trusted.overlay.opaque"});
}

TEST(ArchiveWhiteouts, MarksAreWhereAnOverlayWithoutPrivilegesLooks) {
  archive::OpenOptions options;
  options.whiteouts = Whiteouts::oci;
  options.user_marks = true;
  const auto fs = open_archive(make_archive("pax", {{.path = "d/.wh..wh..opq"}}), options);
  EXPECT_EQ(node_at(*fs, "/d")->get_xattr("user.overlay.opaque"), "y");
  EXPECT_EQ(node_at(*fs, "/d")->list_xattrs(), std::vector<std::string>{"user.overlay.opaque"});
}

TEST(ArchiveWhiteouts, SpeakOfLowerLayersOnly) {
  for (const bool first : {true, false}) {
    std::vector<ArchiveItem> items = {{.path = "f", .data = "new"}, {.path = "d/x"}};
    const std::vector<ArchiveItem> whiteouts = {{.path = ".wh.f"}, {.path = ".wh.d"}};
    items.insert(first ? items.begin() : items.end(), whiteouts.begin(), whiteouts.end());
    const auto fs = open_layer(items);
    EXPECT_EQ(listing(*fs), "/: dir 0755\n/d: dir 0755\n/d/x: file 0644 0\n/f: file 0644 3\n");
    EXPECT_TRUE(is_opaque(*fs, "/d")) << "the lower directory is gone, and this one came";
  }
}

TEST(ArchiveWhiteouts, OddNamesDoNothing) {
  const auto fs = open_layer({{.path = ".wh."},
                              {.path = ".wh.."},
                              {.path = ".wh..."},
                              {.path = ".wh..wh.aufs"},
                              {.path = ".wh..wh.plnk/x"}});
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/.wh..wh.plnk: dir 0755\n/.wh..wh.plnk/x: file 0644 0\n");
}

TEST(ArchiveWhiteouts, ALayerCannotMakeMarksOfItsOwn) {
  const auto fs = open_layer(
      {{.path = "d",
        .type = FileType::directory,
        .xattrs = {{"trusted.overlay.redirect", "/etc"}, {"user.overlay.opaque", "y"}, {"user.kept", "1"}}}});
  EXPECT_EQ(node_at(*fs, "/d")->list_xattrs(), std::vector<std::string>{"user.kept"});
  EXPECT_FALSE(is_opaque(*fs, "/d"));
}

TEST(ArchiveWhiteouts, AreFilesInOtherArchives) {
  const auto fs =
      open_archive(make_archive("pax", {{.path = ".wh.x", .data = "1"}, {.path = ".wh..wh..opq"}}));
  EXPECT_EQ(listing(*fs), "/: dir 0755\n/.wh..wh..opq: file 0644 0\n/.wh.x: file 0644 1\n");
  EXPECT_FALSE(is_opaque(*fs, "/"));
}

}  // namespace
}  // namespace wasifs::test
