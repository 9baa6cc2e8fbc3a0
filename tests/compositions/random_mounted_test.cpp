// SPDX-License-Identifier: Apache-2.0

// Random compositions against the naive model, through the kernel.

#include <gtest/gtest.h>

#include "composition_check.h"
#include "conformance/posix_vfs.h"
#include "random_stack.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000'000;
constexpr std::uint64_t kSeedsPerTest = 50;
constexpr std::size_t kMostChanges = 10;

std::string check_mounted(RandomSource& random, std::string& log) {
  const RandomStack stack = RandomStack::draw(random);
  log = stack.describe();
  BuiltStack built = build(stack);
  if (!built.problem.empty()) return built.problem;
  const TreeMount mount(built.tree);
  PosixVfs fs(mount.path());
  if (std::string problem = compare(fs, built.world.visible()); !problem.empty()) return problem;
  if (std::string problem = change_both(fs, built.world, random, random.below(kMostChanges + 1), log);
      !problem.empty()) {
    return problem;
  }
  return compare_and_seek(fs, built.world.visible());
}

class RandomMounted : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomMounted, LookAsTheModelSays) {
  WASIFS_NEED_FUSE();
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsPerTest && !HasFailure(); ++seed) {
    RandomSource random(seed);
    std::string log;
    const std::string problem = check_mounted(random, log);
    EXPECT_EQ(problem, "") << "seed " << seed << "; the composition and what was done:\n" << log;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMounted,
                         testing::Range(kFirstSeed, kFirstSeed + 4 * kSeedsPerTest, kSeedsPerTest),
                         [](const auto& first) { return "From" + std::to_string(first.param); });

}  // namespace
}  // namespace wasifs::test
