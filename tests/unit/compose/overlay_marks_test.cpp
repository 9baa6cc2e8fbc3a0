// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay_marks.h"

#include <gtest/gtest.h>

#include "layers.h"

namespace wasifs::test {
namespace {

using namespace std::string_literals;

/// A node with one attribute as somebody else may have written it.
class Marks : public testing::TestWithParam<MarkSpace> {
 protected:
  [[nodiscard]] std::string prefix() const { return GetParam() == MarkSpace::trusted ? "trusted." : "user."; }
  void write(std::string_view name, std::string_view value) {
    ok(node().set_xattr(prefix() + "overlay." + std::string(name), value, XattrMode::any));
  }
  void write_ours(std::string_view name, std::string_view value) {
    ok(node().set_xattr(prefix() + "wasifs.overlay." + std::string(name), value, XattrMode::any));
  }
  Result<std::string> written(std::string_view name) {
    return node().get_xattr(prefix() + "overlay." + std::string(name));
  }
  [[nodiscard]] Node& node() const { return *node_; }
  [[nodiscard]] OverlayMarks::Directory read() const { return ok(marks_.of(node())); }

  OverlayMarks marks_{GetParam()};

 private:
  MemoryFilesystem fs_;
  NodeRef node_ = dir_in(fs_, "/d");
};

TEST_P(Marks, WithoutAttributesSayNothing) {
  const OverlayMarks::Directory none = read();
  EXPECT_FALSE(none.opaque);
  EXPECT_FALSE(none.impure);
  EXPECT_EQ(none.redirect, "");
  EXPECT_FALSE(ok(marks_.lacks_content(node())));
  EXPECT_FALSE(ok(marks_.origin(node())));
  EXPECT_EQ(ok(marks_.links(node())), 0);
}

TEST_P(Marks, AreWrittenAsTheKernelWritesThem) {
  ok(marks_.set_opaque(node()));
  EXPECT_EQ(ok(written("opaque")), "y");
  ok(marks_.set_impure(node()));
  EXPECT_EQ(ok(written("impure")), "y");
  ok(marks_.set_redirect(node(), "/a/b"));
  EXPECT_EQ(ok(written("redirect")), "/a/b");
  ok(marks_.set_links(node(), 1));
  EXPECT_EQ(ok(written("nlink")), "U+1");
  ok(marks_.set_links(node(), 0));
  EXPECT_EQ(ok(written("nlink")), "U+0");
  ok(marks_.set_links(node(), -2));
  EXPECT_EQ(ok(written("nlink")), "U-2");
}

TEST_P(Marks, OpaqueIsOnlyOneWord) {
  write("opaque", "y");
  EXPECT_TRUE(read().opaque);
  // "x" is the kernel's word for a directory that may hold whiteouts in attributes.
  for (const std::string& other : {"n"s, "x"s, ""s, "yes"s, "Y"s, "y\0"s}) {
    write("opaque", other);
    EXPECT_FALSE(read().opaque) << other;
  }
}

TEST_P(Marks, AnOpaqueDirectoryIsNotRedirected) {
  write("opaque", "y");
  write("redirect", "/elsewhere");
  EXPECT_EQ(read().redirect, "");
}

TEST_P(Marks, RedirectsAreANameOrAPathFromTheRoot) {
  const std::string long_name(255, 'n');
  for (const std::string& good :
       {"name"s, "/a"s, "/a/b"s, "/a/b/c d"s, "..."s, "/.../x"s, "\xff\xfe"s, long_name, "/" + long_name}) {
    write("redirect", good);
    EXPECT_EQ(read().redirect, good);
  }
}

TEST_P(Marks, RedirectsThatLeaveTheLayerAreRefused) {
  const std::string too_long(300, 'n');
  for (const std::string& bad :
       {""s, "/"s, "//"s, "."s, ".."s, "a/b"s, "a/"s, "../a"s, "/.."s, "/a/../b"s, "/a/.."s, "/./a"s, "/a/."s,
        "\0"s, "a\0"s, "/a/b\0c"s, too_long, "/" + too_long, "/a/" + too_long + "/b"}) {
    write("redirect", bad);
    const auto read = marks_.of(node());
    ASSERT_FALSE(read) << "\"" << bad << "\" as \"" << read->redirect << "\"";
    EXPECT_EQ(read.error(), Errc::einval) << bad;
  }
}

TEST_P(Marks, ContentThatLiesBelowIsNoticedWhateverIsSaidOfIt) {
  for (const std::string& value : {""s, "\0\0\0\0"s, "x"s}) {
    write("metacopy", value);
    EXPECT_TRUE(ok(marks_.lacks_content(node())));
  }
}

TEST_P(Marks, LinksAreRelativeToTheUpper) {
  const std::pair<std::string, std::int32_t> values[] = {
      {"U+1", 1}, {"U-1", -1}, {"U+0", 0}, {"U-0", 0}, {"U+2147483647", 2147483647}, {"U-12", -12}};
  for (const auto& [value, expected] : values) {
    write("nlink", value);
    EXPECT_EQ(ok(marks_.links(node())), expected) << value;
  }
}

TEST_P(Marks, LinksThatCannotBeReadAreNone) {
  for (const std::string& value :
       {""s, "U"s, "U+"s, "U-"s, "L+1"s, "L-1"s, "1"s, "+1"s, "u+1"s, "Ux"s, "U+x"s, "U+2147483648"s,
        "U-99999999999999999999"s, "\0"s, "U\0+1"s, "garbage"s}) {
    write("nlink", value);
    EXPECT_EQ(ok(marks_.links(node())), 0) << value;
  }
}

TEST_P(Marks, OriginsComeBackAsTheyWere) {
  const OverlayMarks::Origin origins[] = {
      {.layer = 0, .ino = 1, .links_key = {}},
      {.layer = 4294967295U, .ino = 18446744073709551615U, .links_key = "0-1:x"}};
  for (const OverlayMarks::Origin& origin : origins) {
    ok(marks_.set_origin(node(), origin));
    const auto found = ok(marks_.origin(node()));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->layer, origin.layer);
    EXPECT_EQ(found->ino, origin.ino);
    EXPECT_EQ(found->links_key, origin.links_key);
  }
  EXPECT_EQ(written("origin").error(), Errc::enodata) << "the kernel's is a file handle, and stays its own";
}

TEST_P(Marks, OriginsThatCannotBeReadAreNone) {
  for (const std::string& value : {""s, ":"s, "1"s, "1:"s, ":1"s, "x:1"s, "1:x"s, "-1:1"s, "1:-1"s,
                                   "4294967296:1"s, "1:18446744073709551616"s, "\0:\0"s, " 1:1"s}) {
    write_ours("origin", value);
    EXPECT_FALSE(ok(marks_.origin(node()))) << value;
  }
  // The key is a name in a directory of ours, whoever wrote it.
  for (const std::string& key :
       {""s, "."s, ".."s, "a/b"s, "../../etc/passwd"s, "a\0b"s, std::string(300, 'k')}) {
    write_ours("origin", "1:2:" + key);
    const auto found = ok(marks_.origin(node()));
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->links_key, "") << key;
  }
}

TEST_P(Marks, AreKeptApartFromOtherAttributes) {
  for (const char* const mark : {"overlay.opaque", "overlay.anything", "wasifs.overlay.origin"})
    EXPECT_TRUE(marks_.is_mark(prefix() + mark)) << mark;
  for (const char* const other : {"overlay", "overlays.x", "wasifs.origin", "mine", "wasifs.overlays"})
    EXPECT_FALSE(marks_.is_mark(prefix() + other)) << other;
  const std::string elsewhere = GetParam() == MarkSpace::trusted ? "user." : "trusted.";
  EXPECT_FALSE(marks_.is_mark(elsewhere + "overlay.opaque"));
  ok(node().set_xattr(elsewhere + "overlay.opaque", "y", XattrMode::any));
  EXPECT_FALSE(read().opaque);
}

INSTANTIATE_TEST_SUITE_P(Spaces, Marks, testing::Values(MarkSpace::trusted, MarkSpace::user),
                         [](const auto& space) {
                           return space.param == MarkSpace::trusted ? "Trusted" : "User";
                         });

TEST(Whiteout, IsACharacterDeviceWithoutNumbers) {
  MemoryFilesystem fs;
  const auto make = [&](std::string_view name, FileType type, std::uint64_t rdev) {
    return ok(fs.root()->create(name, {.type = type, .mode = 0, .rdev = rdev}));
  };
  EXPECT_TRUE(ok(OverlayMarks::is_whiteout(*make("w", FileType::char_device, 0))));
  EXPECT_FALSE(ok(OverlayMarks::is_whiteout(*make("null", FileType::char_device, 0x103))));
  EXPECT_FALSE(ok(OverlayMarks::is_whiteout(*make("b", FileType::block_device, 0))));
  EXPECT_FALSE(ok(OverlayMarks::is_whiteout(*make("f", FileType::regular, 0))));
  EXPECT_FALSE(ok(OverlayMarks::is_whiteout(*fs.root())));
}

}  // namespace
}  // namespace wasifs::test
