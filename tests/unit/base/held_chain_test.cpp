// SPDX-License-Identifier: Apache-2.0
// Going down a deep tree and up again with few of its directories held.
#include "base/held_chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace wasifs::test {
namespace {

/// A directory that knows how deep it lies. How many there are is how many are held.
class HeldChainTest : public testing::Test {
 protected:
  using Dir = std::shared_ptr<const std::size_t>;

  Dir dir(std::size_t depth) {
    const Dir made(new std::size_t(depth), [this](const std::size_t* gone) {
      --held_;
      delete gone;
    });
    ++held_;
    most_ = std::max(most_, held_);
    return made;
  }
  Result<Dir> lookup(const Dir& parent, const std::string& name) {
    ++lookups_;
    EXPECT_EQ(name, std::to_string(*parent + 1));
    return gone_ == *parent + 1 ? Result<Dir>(fail(Errc::enoent)) : dir(*parent + 1);
  }
  Result<Dir> at(std::size_t depth) {
    return chain_.at(depth, [&](const Dir& parent, const std::string& name) { return lookup(parent, name); });
  }
  void go_down(std::size_t depth) {
    for (std::size_t at = chain_.depth() + 1; at <= depth; ++at) chain_.push(std::to_string(at), dir(at));
  }

  std::size_t held_ = 0;
  std::size_t most_ = 0;
  std::size_t lookups_ = 0;
  std::size_t gone_ = 0;
  HeldChain<Dir> chain_{dir(0)};
};

TEST_F(HeldChainTest, DownAndUpHoldsFewAndLooksUpLittle) {
  constexpr std::size_t kDepth = 100'000;
  go_down(kDepth);
  EXPECT_EQ(lookups_, 0U);
  for (; chain_.depth() != 0; chain_.pop()) ASSERT_EQ(**at(chain_.depth()), chain_.depth());
  EXPECT_LT(most_, 300U);
  EXPECT_LT(lookups_, 3 * kDepth);
}

TEST_F(HeldChainTest, ShallowOnesAreAllHeld) {
  go_down(30);
  EXPECT_EQ(held_, 31U);
}

TEST_F(HeldChainTest, AnyOfThemIsFoundAgain) {
  go_down(1000);
  const std::size_t before = held_;
  for (const std::size_t depth : {3U, 999U, 501U, 0U, 1000U}) EXPECT_EQ(**at(depth), depth);
  EXPECT_EQ(held_, before) << "and is let go again";
}

TEST_F(HeldChainTest, WhatHasGoneIsAnError) {
  go_down(1000);
  gone_ = 3;
  EXPECT_EQ(at(3).error(), Errc::enoent);
}

}  // namespace
}  // namespace wasifs::test
