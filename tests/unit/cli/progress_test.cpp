// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace wasifs::cli {
namespace {

using std::chrono::milliseconds;

class Progress : public testing::Test {
 protected:
  void wait(milliseconds time) { now_ += time; }
  ProgressLine::Clock clock() {
    return [this] { return now_; };
  }
  /// What was written since the last call.
  std::string written() {
    std::string text = err_.str();
    err_.str("");
    return text;
  }

  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Io io_{.in = in_, .out = out_, .err = err_};
  ProgressLine::Time now_{};
};

TEST_F(Progress, ComesAfterAMomentAndGoes) {
  {
    ProgressLine line(io_, clock());
    line.show("a.tar.xz", 1, 100);
    wait(milliseconds(499));
    line.show("a.tar.xz", 2, 100);
    EXPECT_EQ(written(), "");
    wait(milliseconds(1));
    line.show("a.tar.xz", 42, 100);
    EXPECT_EQ(written(), "\r\x1b[Kreading a.tar.xz 42%");
    wait(milliseconds(99));
    line.show("a.tar.xz", 43, 100);
    EXPECT_EQ(written(), "") << "ten times a second at most";
    wait(milliseconds(1));
    line.show("a.tar.xz", 100, 100);
    EXPECT_EQ(written(), "\r\x1b[Kreading a.tar.xz 100%");
  }
  EXPECT_EQ(written(), "\r\x1b[K");
}

TEST_F(Progress, WhatIsQuickShowsNothing) {
  {
    ProgressLine(io_, clock()).show("a.tar.xz", 100, 100);
  }
  EXPECT_EQ(written(), "");
}

TEST_F(Progress, FitsTheLine) {
  io_.columns = 40;
  ProgressLine line(io_, clock());
  wait(milliseconds(500));
  line.show(std::string(100, 'x') + ".tar", UINT64_MAX, UINT64_MAX);
  const std::string text = written();
  EXPECT_EQ(text, "\r\x1b[Kreading " + std::string(24, 'x') + "\xe2\x80\xa6 100%");
  wait(milliseconds(100));
  line.show("odd\nname", 1, 2);
  EXPECT_EQ(written(), "\r\x1b[Kreading \"odd\\nname\" 50%");
  wait(milliseconds(100));
  line.show("empty", 0, 0);
  EXPECT_EQ(written(), "");
}

}  // namespace
}  // namespace wasifs::cli
