// SPDX-License-Identifier: Apache-2.0
#include "wasifs/error.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "wasifs/types.h"

namespace wasifs {
namespace {

Diagnostic simple(std::string text) {
  Diagnostic diagnostic;
  diagnostic.message = std::move(text);
  return diagnostic;
}

TEST(Errc, IsTheHostsErrno) {
  EXPECT_EQ(static_cast<int>(Errc::enoent), ENOENT);
  EXPECT_EQ(static_cast<int>(Errc::enotempty), ENOTEMPTY);
  EXPECT_EQ(fail_errno(ENOSPC).error(), Errc::enospc);
  errno = EXDEV;
  EXPECT_EQ(fail_errno().error(), Errc::exdev);
}

TEST(Errc, HasTheHostsText) { EXPECT_EQ(message(Errc::enoent), "No such file or directory"); }

TEST(Diagnostic, WithoutAPlaceIsOneLine) {
  EXPECT_EQ(simple("nothing works").text(), "error: nothing works");
  EXPECT_EQ(simple("nothing works").text("warning"), "warning: nothing works");
}

TEST(Diagnostic, NamesFileLineAndColumn) {
  Diagnostic diagnostic = simple("mount \"/data\": host directory \"./data\" does not exist");
  diagnostic.where = {.file = "site.toml", .line = 12, .column = 10};
  EXPECT_EQ(diagnostic.text(),
            "site.toml:12:10: error: mount \"/data\": host directory \"./data\" does not exist");
}

TEST(Diagnostic, NamesTheFileAloneWhereThereIsNoLine) {
  Diagnostic diagnostic = simple("is empty");
  diagnostic.where.file = "a.webc";
  EXPECT_EQ(diagnostic.text(), "a.webc: error: is empty");
}

TEST(Diagnostic, EndsWithItsHint) {
  Diagnostic diagnostic = simple("unknown key \"surce\"");
  diagnostic.hint = "did you mean \"source\"?";
  EXPECT_EQ(diagnostic.text(), "error: unknown key \"surce\"\nhint: did you mean \"source\"?");
}

TEST(Diagnostic, IndentsItsCausesOutermostFirst) {
  Diagnostic innermost = simple("innermost");
  innermost.hint = "look there";
  Diagnostic middle = simple("middle");
  middle.where = {.file = "m", .line = 1, .column = 2};
  middle.causes.push_back(innermost);
  Diagnostic outer = simple("outer");
  outer.causes = {middle, simple("second")};
  EXPECT_EQ(outer.text(),
            "error: outer\n"
            "  m:1:2: cause: middle\n"
            "    cause: innermost\n"
            "  cause: second\n"
            "hint: look there");
}

TEST(Diagnostic, ValuesAreTheExitStatuses) {
  EXPECT_EQ(static_cast<int>(Trouble::usage), 2);
  EXPECT_EQ(static_cast<int>(Trouble::manifest), 3);
  EXPECT_EQ(static_cast<int>(Trouble::conflict), 4);
  EXPECT_EQ(static_cast<int>(Trouble::corrupt), 5);
  EXPECT_EQ(static_cast<int>(Trouble::source), 6);
  EXPECT_EQ(static_cast<int>(Trouble::mount), 7);
  EXPECT_EQ(static_cast<int>(Trouble::bug), 70);
}

TEST(Clock, NeverGoesBackAndHasValidNanoseconds) {
  Time last = now();
  EXPECT_GT(last.sec, 1'600'000'000);
  for (int i = 0; i < 1000; ++i) {
    const Time next = now();
    EXPECT_GE(next, last);
    EXPECT_GE(next.nsec, 0);
    EXPECT_LT(next.nsec, 1'000'000'000);
    last = next;
  }
}

}  // namespace
}  // namespace wasifs
