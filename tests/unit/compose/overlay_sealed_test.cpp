// SPDX-License-Identifier: Apache-2.0

// A sealed file in a lower layer: it must not be changed by way of a copy.

#include <gtest/gtest.h>

#include "layers.h"

namespace wasifs::test {
namespace {

class OverlaySealed : public testing::Test {
 protected:
  static View view_of(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    return {.bytes = bytes_of(*owner), .owner = owner};
  }
  OverlaySealed() { ok(lower_->create_sealed(*dir_in(*lower_, "/bin"), "run", {}, view_of("program"))); }

  [[nodiscard]] NodeRef run() const { return ok(find(*overlay_, "/bin/run")); }
  [[nodiscard]] bool copied_up() const { return find(*upper_, "/bin/run").has_value(); }

  std::shared_ptr<MemoryFilesystem> upper_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> lower_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<Overlay> overlay_ = std::make_shared<Overlay>(upper_, std::vector<FilesystemPtr>{lower_});
};

TEST_F(OverlaySealed, IsReadAndSealed) {
  EXPECT_EQ(content(*run()), "program");
  EXPECT_TRUE(run()->sealed());
}

TEST_F(OverlaySealed, RefusesWritersWithoutACopyUp) {
  EXPECT_EQ(run()->open({.write = true}).error(), Errc::eperm);
  EXPECT_EQ(run()->open({.write = true, .truncate = true}).error(), Errc::eperm);
  EXPECT_EQ(run()->set_attr({.size = 0}), fail(Errc::eperm));
  EXPECT_FALSE(copied_up());
}

TEST_F(OverlaySealed, RefusesChangesThatWouldMakeAnOrdinaryCopy) {
  EXPECT_EQ(run()->set_attr({.mode = 0777}), fail(Errc::eperm));
  EXPECT_EQ(run()->set_xattr("user.a", "b", XattrMode::any), fail(Errc::eperm));
  EXPECT_EQ(ok(find(*overlay_, "/bin"))->link("again", *run()), fail(Errc::eperm));
  EXPECT_FALSE(copied_up());
}

TEST_F(OverlaySealed, MayLoseItsName) {
  EXPECT_TRUE(ok(find(*overlay_, "/bin"))->unlink("run"));
  EXPECT_EQ(find(*overlay_, "/bin/run").error(), Errc::enoent);
  EXPECT_EQ(content(*ok(find(*lower_, "/bin/run"))), "program");
}

TEST_F(OverlaySealed, IsAnOrdinaryFileOfTheUpperAfterARename) {
  const NodeRef bin = ok(find(*overlay_, "/bin"));
  ASSERT_TRUE(bin->rename("run", *bin, "walk", RenameMode::replace));
  const NodeRef moved = ok(find(*overlay_, "/bin/walk"));
  EXPECT_EQ(content(*moved), "program");
  EXPECT_TRUE(moved->open({.write = true}));
}

TEST_F(OverlaySealed, IsSealedInTheUpperToo) {
  ok(upper_->create_sealed(*dir_in(*upper_, "/bin"), "up", {}, view_of("x")));
  const NodeRef up = ok(find(*overlay_, "/bin/up"));
  EXPECT_EQ(up->open({.write = true}).error(), Errc::eperm);
  EXPECT_EQ(up->set_attr({.size = 0}), fail(Errc::eperm));
  EXPECT_TRUE(up->set_attr({.mode = 0700})) << "it is no copy, so it stays sealed";
}

}  // namespace
}  // namespace wasifs::test
