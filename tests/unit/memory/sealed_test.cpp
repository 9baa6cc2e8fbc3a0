// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fs/memory/memory_fs.h"

namespace wasifs {
namespace {

/// A file system with the sealed file "run".
class SealedFile : public testing::Test {
 protected:
  static View view_of(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    return {.bytes = std::as_bytes(std::span(*owner)), .owner = owner};
  }
  static std::string read(Node& node) {
    const FilePtr file = node.open({}).value();
    std::array<char, 64> buffer{};
    const std::size_t size = file->read_at(0, std::as_writable_bytes(std::span(buffer))).value();
    return {buffer.data(), size};
  }

  MemoryFilesystem fs_;
  NodeRef root_ = fs_.root();
  NodeRef file_ = fs_.create_sealed(*root_, "run", {.mode = 0755}, view_of("program")).value();
};

TEST_F(SealedFile, SaysSoAndIsRead) {
  EXPECT_TRUE(file_->sealed());
  EXPECT_EQ(read(*file_), "program");
  EXPECT_TRUE((*file_->open({}))->view(0, 7)) << "in place";
}

TEST_F(SealedFile, CannotBeOpenedForWriting) {
  EXPECT_EQ(file_->open({.write = true}).error(), Errc::eperm);
  EXPECT_EQ(file_->open({.read = false, .write = true, .append = true}).error(), Errc::eperm);
  EXPECT_EQ(file_->open({.write = true, .truncate = true}).error(), Errc::eperm);
  EXPECT_EQ(read(*file_), "program");
}

TEST_F(SealedFile, KeepsItsSize) {
  for (const std::uint64_t size : {0U, 3U, 7U, 100U}) {
    EXPECT_EQ(file_->set_attr({.mode = 0700, .size = size}), fail(Errc::eperm)) << size;
  }
  EXPECT_EQ(file_->attr()->mode, 0755) << "all or nothing";
  EXPECT_EQ(read(*file_), "program");
}

TEST_F(SealedFile, TakesNoOtherContentNotEvenWhenEmpty) {
  EXPECT_EQ(file_->share_content(view_of("x")), fail(Errc::eperm));
  const NodeRef empty = fs_.create_sealed(*root_, "empty", {}, {}).value();
  EXPECT_EQ(empty->share_content(view_of("x")), fail(Errc::eperm));
  EXPECT_EQ(empty->open({.write = true}).error(), Errc::eperm);
  EXPECT_EQ(empty->attr()->size, 0U);
}

TEST_F(SealedFile, ChangesItsOtherAttributes) {
  EXPECT_TRUE(file_->set_attr({.mode = 0500, .uid = 7, .mtime = Time{5, 0}}));
  EXPECT_EQ(file_->attr()->mode, 0500);
  EXPECT_EQ(file_->attr()->uid, 7U);
  EXPECT_EQ(file_->attr()->mtime, (Time{5, 0}));
}

TEST_F(SealedFile, TellsWhereItsContentIsFrom) {
  EXPECT_EQ(fs_.origin(*file_), (Origin{.source = "memory"}));
  const NodeRef run = fs_.create_sealed(*root_, "r", {}, view_of("x"), "host file \"/r\"").value();
  EXPECT_EQ(fs_.origin(*run), (Origin{.source = "host file \"/r\""}));
}

TEST_F(SealedFile, MayLoseItsName) {
  EXPECT_TRUE(root_->unlink("run"));
  EXPECT_EQ(root_->lookup("run").error(), Errc::enoent);
}

TEST_F(SealedFile, StaysSealedUnderAnotherName) {
  ASSERT_TRUE(root_->rename("run", *root_, "walk", RenameMode::replace));
  const NodeRef moved = root_->lookup("walk").value();
  EXPECT_EQ(moved->open({.write = true}).error(), Errc::eperm);
  ASSERT_TRUE(root_->link("again", *moved));
  EXPECT_TRUE((*root_->lookup("again"))->sealed());
}

TEST_F(SealedFile, MayBeReplacedByAnOrdinaryOne) {
  ASSERT_TRUE(root_->create("new", {}));
  ASSERT_TRUE(root_->rename("new", *root_, "run", RenameMode::replace));
  EXPECT_FALSE((*root_->lookup("run"))->sealed());
  EXPECT_TRUE((*root_->lookup("run"))->open({.write = true}));
}

TEST_F(SealedFile, IsNoSharedFile) {
  const NodeRef shared = fs_.create_shared(*root_, "shared", {}, view_of("text")).value();
  EXPECT_FALSE(shared->sealed());
  EXPECT_TRUE(shared->open({.write = true}));
}

}  // namespace
}  // namespace wasifs
