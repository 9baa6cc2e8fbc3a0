// SPDX-License-Identifier: Apache-2.0

// Random compositions against the naive model. A failure prints the seed and all that
// was composed and done;
//
//   WASIFS_RANDOM_SEED=4711 compositions --gtest_filter='RandomCompositions.*'
//
// does that one alone.

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "composition_check.h"
#include "conformance/tree_vfs.h"
#include "random_manifest.h"
#include "random_stack.h"

namespace wasifs::test {
namespace {

constexpr std::uint64_t kSeedsPerTest = 2500;
constexpr std::size_t kMostChanges = 12;
/// One composition in so many goes through a manifest on disk.
constexpr std::uint64_t kManifestEvery = 20;

std::optional<std::uint64_t> wanted_seed() {
  const char* const seed = std::getenv("WASIFS_RANDOM_SEED");
  if (seed == nullptr) return std::nullopt;
  return std::strtoull(seed, nullptr, 10);
}

std::string check_stack(RandomSource& random, std::string& log) {
  const RandomStack stack = RandomStack::draw(random);
  log = stack.describe();
  BuiltStack built = build(stack);
  if (!built.problem.empty()) return built.problem;
  TreeVfs fs(built.tree);
  if (std::string problem = compare(fs, built.world.visible()); !problem.empty()) return problem;
  if (std::string problem = change_both(fs, built.world, random, random.below(kMostChanges + 1), log);
      !problem.empty()) {
    return problem;
  }
  return compare_and_seek(fs, built.world.visible());
}

void check_seed(std::uint64_t seed) {
  RandomSource random(seed);
  std::string log;
  const std::string problem =
      seed % kManifestEvery == 0 ? check_manifest(random, log) : check_stack(random, log);
  if (!problem.empty()) {
    ADD_FAILURE() << "seed " << seed << ":\n" << problem << "the composition and what was done:\n" << log;
  }
}

class RandomCompositions : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomCompositions, LookAsTheModelSays) {
  if (const auto seed = wanted_seed()) {
    check_seed(*seed);
    return;
  }
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsPerTest && !HasFailure(); ++seed) {
    check_seed(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCompositions,
                         testing::Range(std::uint64_t{0}, 4 * kSeedsPerTest, kSeedsPerTest),
                         [](const auto& first) { return "From" + std::to_string(first.param); });

}  // namespace
}  // namespace wasifs::test
