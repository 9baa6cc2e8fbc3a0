// SPDX-License-Identifier: Apache-2.0
#include "base/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wasifs {
namespace {

TEST(Suggest, FindsSlipsAndNothingElse) {
  constexpr std::string_view kWords[] = {"mount", "unmount", "cat", "source", "access"};
  EXPECT_EQ(suggest("moutn", kWords), "did you mean \"mount\"?");
  EXPECT_EQ(suggest("umount", kWords), "did you mean \"mount\"?");
  EXPECT_EQ(suggest("ca", kWords), "did you mean \"cat\"?");
  EXPECT_EQ(suggest("sorce", kWords), "did you mean \"source\"?");
  EXPECT_EQ(suggest("acces", kWords), "did you mean \"access\"?");
  EXPECT_EQ(suggest("dog", kWords), "");
  EXPECT_EQ(suggest("", kWords), "");
  EXPECT_EQ(suggest("cz", std::vector<std::string_view>{"cx"}), "");
  EXPECT_EQ(suggest(std::string(1000, 'm'), kWords), "");
}

}  // namespace
}  // namespace wasifs
