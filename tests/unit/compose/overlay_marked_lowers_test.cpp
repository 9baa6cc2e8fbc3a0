// SPDX-License-Identifier: Apache-2.0
// Lowers that were uppers once: what they say of the layers below them counts.
#include <gtest/gtest.h>

#include "compose/overlay.h"
#include "layers.h"

namespace wasifs::test {
namespace {

class MarkedLowers : public testing::Test {
 protected:
  void whiteout(std::string_view dir, std::string_view name) {
    ok(dir_in(*middle_, dir)->create(name, {.type = FileType::char_device, .mode = 0}));
  }
  void mark(std::string_view dir, std::string_view name, std::string_view value) {
    ok(dir_in(*middle_, dir)->set_xattr("trusted.overlay." + std::string(name), value, XattrMode::any));
  }
  /// Under a memory upper; `marked` false: the middle layer is one like any other.
  FilesystemPtr overlay(bool marked = true) {
    const auto middle = std::make_shared<LayerWithTraits>(middle_, Traits{.overlay_marks = marked});
    return std::make_shared<Overlay>(upper_, std::vector<FilesystemPtr>{middle, lowest_});
  }

  std::shared_ptr<MemoryFilesystem> upper_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> middle_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> lowest_ = std::make_shared<MemoryFilesystem>();
};

TEST_F(MarkedLowers, AWhiteoutHidesWhatIsBelow) {
  file_in(*lowest_, "/d/gone", "x");
  file_in(*lowest_, "/d/stays", "x");
  whiteout("/d", "gone");
  const FilesystemPtr fs = overlay();
  EXPECT_EQ(names(*ok(find(*fs, "/d"))), "stays");
  EXPECT_EQ(find(*fs, "/d/gone").error(), Errc::enoent);
  EXPECT_TRUE(ok(find(*fs, "/d"))->create("gone", {})) << "the name is free";
}

TEST_F(MarkedLowers, InOtherLayersItIsADevice) {
  file_in(*lowest_, "/d/gone", "x");
  whiteout("/d", "gone");
  const FilesystemPtr fs = overlay(false);
  EXPECT_EQ(ok(find(*fs, "/d/gone"))->type(), FileType::char_device);
  mark("/d", "opaque", "y");
  EXPECT_EQ(ok(ok(find(*fs, "/d"))->get_xattr("trusted.overlay.opaque")), "y");
}

TEST_F(MarkedLowers, AnOpaqueDirectoryEndsTheMerge) {
  file_in(*lowest_, "/d/below", "x");
  file_in(*middle_, "/d/inside", "x");
  mark("/d", "opaque", "y");
  const FilesystemPtr fs = overlay();
  EXPECT_EQ(names(*ok(find(*fs, "/d"))), "inside");
  EXPECT_EQ(ok(find(*fs, "/d"))->get_xattr("trusted.overlay.opaque").error(), Errc::enodata);
}

TEST_F(MarkedLowers, ARedirectLeadsToAnotherName) {
  file_in(*lowest_, "/old/f", "x");
  file_in(*lowest_, "/deep/er/g", "y");
  dir_in(*middle_, "/new");
  mark("/new", "redirect", "old");
  whiteout("/", "old");
  dir_in(*middle_, "/a/b");
  mark("/a/b", "redirect", "/deep/er");
  const FilesystemPtr fs = overlay();
  EXPECT_EQ(content(*ok(find(*fs, "/new/f"))), "x");
  EXPECT_EQ(find(*fs, "/old").error(), Errc::enoent);
  EXPECT_EQ(content(*ok(find(*fs, "/a/b/g"))), "y");
  EXPECT_EQ(names(*ok(find(*fs, "/a/b"))), "g");
}

/// What a further layer above them has moved.
class MovedAbove : public MarkedLowers {
 protected:
  FilesystemPtr overlay_with_move(std::string_view redirect) {
    const auto top = std::make_shared<MemoryFilesystem>();
    ok(dir_in(*top, "/z")->set_xattr("trusted.overlay.redirect", redirect, XattrMode::any));
    const Traits marked{.overlay_marks = true};
    return std::make_shared<Overlay>(
        upper_, std::vector<FilesystemPtr>{std::make_shared<LayerWithTraits>(top, marked),
                                           std::make_shared<LayerWithTraits>(middle_, marked), lowest_});
  }
};

TEST_F(MovedAbove, ARedirectLeadsThroughARedirectBelow) {
  file_in(*lowest_, "/y/sub/f", "x");
  dir_in(*middle_, "/x");
  mark("/x", "redirect", "y");
  whiteout("/", "y");
  const FilesystemPtr fs = overlay_with_move("/x/sub");
  EXPECT_EQ(content(*ok(find(*fs, "/x/sub/f"))), "x");
  EXPECT_EQ(content(*ok(find(*fs, "/z/f"))), "x");
}

TEST_F(MovedAbove, ARedirectBelowAnOpaqueDirectoryLeadsOn) {
  file_in(*lowest_, "/old/f", "x");
  dir_in(*middle_, "/a/sub");
  mark("/a", "opaque", "y");
  mark("/a/sub", "redirect", "/old");
  whiteout("/", "old");
  const FilesystemPtr fs = overlay_with_move("/a/sub");
  EXPECT_EQ(content(*ok(find(*fs, "/a/sub/f"))), "x");
  EXPECT_EQ(content(*ok(find(*fs, "/z/f"))), "x");
}

TEST_F(MarkedLowers, ARedirectThatLeadsOutIsRefused) {
  file_in(*lowest_, "/f", "x");
  for (const char* const bad : {"..", "/a/../..", "a/b", "/", "."}) {
    dir_in(*middle_, "/d");
    mark("/d", "redirect", bad);
    EXPECT_EQ(find(*overlay(), "/d").error(), Errc::einval) << bad;
  }
}

TEST_F(MarkedLowers, AFileWhoseContentIsElsewhereIsNotReadAsZeros) {
  ok(file_in(*middle_, "/f", "")->set_xattr("trusted.overlay.metacopy", "", XattrMode::any));
  file_in(*lowest_, "/f", "content");
  const FilesystemPtr fs = overlay();
  const NodeRef file = ok(find(*fs, "/f"));
  EXPECT_EQ(file->open({}).error(), Errc::eio);
  EXPECT_EQ(file->set_attr({.mode = 0600}).error(), Errc::eio) << "a copy would have the zeros";
  EXPECT_EQ(file->open({.write = true, .truncate = false}).error(), Errc::eio);
  EXPECT_TRUE(file->open({.write = true, .truncate = true})) << "nothing of it is needed";
}

}  // namespace
}  // namespace wasifs::test
