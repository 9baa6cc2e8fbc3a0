// SPDX-License-Identifier: Apache-2.0
#include "demo_package.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "support/fixtures.h"

namespace wasifs {
namespace {

const std::string kGolden = WASIFS_TEST_DATA "/demo.webc";

TEST(DemoPackage, IsWhatItsGeneratorWrites) {
  const std::string made = test::demo_package();
  if (std::getenv("WASIFS_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kGolden, std::ios::binary).write(made.data(), static_cast<std::streamsize>(made.size()));
  }
  EXPECT_EQ(test::read_file(kGolden), made)
      << "run this test with WASIFS_UPDATE_GOLDEN=1 to write tests/data/demo.webc anew";
}

TEST(DemoPackage, IsSmallEnoughForTheRepository) { EXPECT_LT(test::demo_package().size(), 4096U); }

}  // namespace
}  // namespace wasifs
