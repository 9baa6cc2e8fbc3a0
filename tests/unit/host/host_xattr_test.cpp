// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

class HostXattr : public HostTest {
 protected:
  void SetUp() override {
    const Status set = root_->set_xattr("user.probe", "", XattrMode::any);
    if (!set && set.error() == Errc::enotsup) GTEST_SKIP() << "$TMPDIR has no user attributes";
    must(root_->remove_xattr("user.probe"));
  }
};

TEST_F(HostXattr, SetsGetsListsAndRemoves) {
  const NodeRef file = make("f");
  must(file->set_xattr("user.a", "one", XattrMode::any));
  must(file->set_xattr("user.b", std::string_view("\0\xff", 2), XattrMode::any));
  must(file->set_xattr("user.empty", "", XattrMode::any));
  EXPECT_EQ(must(file->get_xattr("user.a")), "one");
  EXPECT_EQ(must(file->get_xattr("user.b")), std::string("\0\xff", 2));
  EXPECT_EQ(must(file->get_xattr("user.empty")), "");
  auto names = must(file->list_xattrs());
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("user."); });
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"user.a", "user.b", "user.empty"}));
  must(file->remove_xattr("user.a"));
  EXPECT_EQ(error_of(file->get_xattr("user.a")), Errc::enodata);
  EXPECT_EQ(error_of(file->remove_xattr("user.a")), Errc::enodata);
}

TEST_F(HostXattr, WorksOnDirectories) {
  must(root_->set_xattr("user.a", "one", XattrMode::any));
  EXPECT_EQ(must(root_->get_xattr("user.a")), "one");
}

TEST_F(HostXattr, CreateAndReplaceInsist) {
  const NodeRef file = make("f");
  EXPECT_EQ(error_of(file->set_xattr("user.a", "1", XattrMode::replace)), Errc::enodata);
  must(file->set_xattr("user.a", "1", XattrMode::create));
  EXPECT_EQ(error_of(file->set_xattr("user.a", "2", XattrMode::create)), Errc::eexist);
  must(file->set_xattr("user.a", "3", XattrMode::replace));
  EXPECT_EQ(must(file->get_xattr("user.a")), "3");
}

TEST_F(HostXattr, FetchesWhatIsLargerThanTheUsualBuffer) {
  const NodeRef file = make("f");
  const std::string value(3000, 'v');
  must(file->set_xattr("user.large", value, XattrMode::any));
  EXPECT_EQ(must(file->get_xattr("user.large")), value);
  for (int i = 0; i < 30; ++i) {
    must(root_->set_xattr("user.a-name-of-some-length-" + std::to_string(i), "", XattrMode::any));
  }
  EXPECT_GE(must(root_->list_xattrs()).size(), 30U);
}

TEST_F(HostXattr, NamesAreChecked) {
  const NodeRef file = make("f");
  const std::string too_long = "user." + std::string(251, 'n');
  EXPECT_EQ(error_of(file->get_xattr("")), Errc::erange);
  EXPECT_EQ(error_of(file->get_xattr(too_long)), Errc::erange);
  EXPECT_EQ(error_of(file->set_xattr(too_long, "", XattrMode::any)), Errc::erange);
  EXPECT_EQ(error_of(file->set_xattr(std::string_view("user.a\0b", 8), "", XattrMode::any)), Errc::einval);
  EXPECT_EQ(error_of(file->remove_xattr("")), Errc::erange);
  EXPECT_EQ(error_of(file->set_xattr("nonsense.a", "", XattrMode::any)), Errc::enotsup);
}

TEST_F(HostXattr, OfASymlinkAreNotThoseOfItsTarget) {
  temp_.make_symlink("root/l", "../outside/secret");
  EXPECT_EQ(error_of(at("l")->set_xattr("user.a", "1", XattrMode::any)), Errc::eperm);
  const auto outside = open_host(temp_ / "outside");
  EXPECT_EQ(error_of(must(outside->root()->lookup("secret"))->get_xattr("user.a")), Errc::enodata);
  if (::geteuid() == 0) {
    must(at("l")->set_xattr("trusted.a", "1", XattrMode::any));
    EXPECT_EQ(must(at("l")->get_xattr("trusted.a")), "1");
    EXPECT_EQ(error_of(must(outside->root()->lookup("secret"))->get_xattr("trusted.a")), Errc::enodata);
  }
}

}  // namespace
}  // namespace wasifs::test
