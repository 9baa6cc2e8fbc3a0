// SPDX-License-Identifier: Apache-2.0
// Oddities of packages that the reference implementation writes.
#include <gtest/gtest.h>

#include "fs/webc/package.h"

namespace wasifs::webc {
namespace {

TEST(ReferencePackage, NamesOfMetadataMayBeginWithASlash) {
  const auto package = Package::open(WASIFS_TEST_DATA "/packages/with-readme.webc");
  ASSERT_TRUE(package) << package.error().text();
  const FilesystemPtr metadata = (*package)->volume("metadata");
  ASSERT_NE(metadata, nullptr);
  for (const std::string_view name : {"README.md", "License"}) {
    const Result<NodeRef> file = metadata->root()->lookup(name);
    ASSERT_TRUE(file) << name;
    EXPECT_EQ(metadata->path_of(**file), "/" + std::string(name));
  }
  EXPECT_TRUE((*package)->verify());
}

}  // namespace
}  // namespace wasifs::webc
