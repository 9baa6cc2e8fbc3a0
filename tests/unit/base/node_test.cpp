// SPDX-License-Identifier: Apache-2.0
#include "wasifs/node.h"

#include <gtest/gtest.h>

#include <array>

namespace wasifs {
namespace {

/// A node that implements nothing but what it must.
class BareNode final : public Node {
 public:
  explicit BareNode(FileType type) : Node(type) {}
  Result<Attr> attr() override { return Attr{}; }
};

/// A file that notes what reaches the layer.
class RecordingFile final : public File {
 public:
  RecordingFile(OpenFlags flags, std::string& calls) : File(flags), calls_(calls) {}

 protected:
  Result<std::size_t> do_read(std::uint64_t, std::span<std::byte> out) override {
    return note("read ", out.size());
  }
  Result<std::size_t> do_write(std::uint64_t, std::span<const std::byte> in) override {
    return note("write ", in.size());
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override { return note("append ", in.size()); }
  Status do_truncate(std::uint64_t) override {
    calls_ += "truncate ";
    return {};
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    calls_ += data ? "data " : "hole ";
    return offset;
  }

 private:
  std::size_t note(const char* call, std::size_t size) {
    calls_ += call;
    return size;
  }
  std::string& calls_;
};

/// A file of a layer that has no writing half.
class ReadOnlyFile final : public File {
 public:
  using File::File;

 protected:
  Result<std::size_t> do_read(std::uint64_t, std::span<std::byte>) override { return 0; }
  Result<std::uint64_t> do_seek(std::uint64_t, bool) override { return fail(Errc::enxio); }
};

constexpr OpenFlags kReading = {.read = true, .write = false};
constexpr OpenFlags kWriting = {.read = false, .write = true};
constexpr OpenFlags kAppending = {.read = false, .write = true, .append = true};

std::array<std::byte, 4> buffer{};

TEST(File, ChecksTheAccessModeBeforeTheLayerIsAsked) {
  std::string calls;
  RecordingFile reading(kReading, calls);
  RecordingFile writing(kWriting, calls);
  EXPECT_EQ(reading.write_at(0, buffer).error(), Errc::ebadf);
  EXPECT_EQ(reading.truncate(0).error(), Errc::ebadf);
  EXPECT_EQ(reading.allocate(AllocateMode::extend, 0, 1).error(), Errc::ebadf);
  EXPECT_EQ(writing.read_at(0, buffer).error(), Errc::ebadf);
  EXPECT_EQ(calls, "");
}

TEST(File, ChecksOffsetsBeforeTheLayerIsAsked) {
  std::string calls;
  RecordingFile reading(kReading, calls);
  RecordingFile writing(kWriting, calls);
  EXPECT_EQ(reading.read_at(File::kMaxSize + 1, buffer).error(), Errc::einval);
  EXPECT_EQ(writing.write_at(File::kMaxSize - 3, buffer).error(), Errc::efbig);
  EXPECT_EQ(writing.write_at(~std::uint64_t{0}, buffer).error(), Errc::efbig);
  EXPECT_EQ(writing.truncate(File::kMaxSize + 1).error(), Errc::efbig);
  EXPECT_EQ(writing.allocate(AllocateMode::extend, 0, 0).error(), Errc::einval);
  EXPECT_EQ(writing.allocate(AllocateMode::punch, File::kMaxSize, 1).error(), Errc::efbig);
  EXPECT_EQ(calls, "");
  EXPECT_EQ(*writing.write_at(File::kMaxSize - 4, buffer), 4U);
}

TEST(File, AnswersAnEmptyTransferItself) {
  std::string calls;
  EXPECT_EQ(*RecordingFile(kReading, calls).read_at(0, {}), 0U);
  EXPECT_EQ(*RecordingFile(kAppending, calls).write_at(0, {}), 0U);
  EXPECT_EQ(calls, "");
}

TEST(File, SendsWritesOfAnAppendingHandleToTheEnd) {
  std::string calls;
  RecordingFile file(kAppending, calls);
  EXPECT_EQ(*file.write_at(~std::uint64_t{0}, buffer), 4U);
  EXPECT_EQ(calls, "append ");
}

TEST(File, WithoutAWritingHalfAnswersEbadf) {
  ReadOnlyFile file({.read = true, .write = true});
  EXPECT_EQ(file.write_at(0, buffer).error(), Errc::ebadf);
  EXPECT_EQ(file.truncate(1).error(), Errc::ebadf);
  EXPECT_EQ(file.allocate(AllocateMode::extend, 0, 1).error(), Errc::ebadf);
  EXPECT_TRUE(file.sync(false));
}

TEST(File, HasNoViewAndNoHostFileByDefault) {
  ReadOnlyFile file(kReading);
  EXPECT_FALSE(file.view(0, 10).has_value());
  EXPECT_FALSE(file.native_range().has_value());
}

TEST(Node, AReadOnlyDirectoryAnswersErofsToEveryChange) {
  const auto dir = make_ref<BareNode>(FileType::directory);
  const auto other = make_ref<BareNode>(FileType::directory);
  EXPECT_EQ(dir->set_attr({}).error(), Errc::erofs);
  EXPECT_EQ(dir->create("x", {}).error(), Errc::erofs);
  EXPECT_EQ(dir->create_anonymous({}).error(), Errc::erofs);
  EXPECT_EQ(dir->link("x", *other).error(), Errc::erofs);
  EXPECT_EQ(dir->unlink("x").error(), Errc::erofs);
  EXPECT_EQ(dir->rmdir("x").error(), Errc::erofs);
  EXPECT_EQ(dir->rename("x", *other, "y", RenameMode::replace).error(), Errc::erofs);
  EXPECT_EQ(dir->set_xattr("user.k", "v", XattrMode::any).error(), Errc::erofs);
  EXPECT_EQ(dir->remove_xattr("user.k").error(), Errc::erofs);
}

TEST(Node, AFileHasNoNamesBelowIt) {
  const auto file = make_ref<BareNode>(FileType::regular);
  EXPECT_EQ(file->lookup("x").error(), Errc::enotdir);
  EXPECT_EQ(file->open_dir().error(), Errc::enotdir);
  EXPECT_EQ(file->create("x", {}).error(), Errc::enotdir);
  EXPECT_EQ(file->unlink("x").error(), Errc::enotdir);
  EXPECT_EQ(file->rmdir("x").error(), Errc::enotdir);
  EXPECT_EQ(file->read_link().error(), Errc::einval);
  EXPECT_EQ(file->share_content({}).error(), Errc::enotsup);
}

TEST(Node, OnlyFilesAreOpened) {
  EXPECT_EQ(make_ref<BareNode>(FileType::directory)->open(kReading).error(), Errc::eisdir);
  EXPECT_EQ(make_ref<BareNode>(FileType::fifo)->open(kReading).error(), Errc::enxio);
}

TEST(Node, HasNoExtendedAttributesByDefault) {
  const auto file = make_ref<BareNode>(FileType::regular);
  EXPECT_EQ(file->get_xattr("user.k").error(), Errc::enodata);
  EXPECT_TRUE(file->list_xattrs()->empty());
  EXPECT_TRUE(file->sync());
}

}  // namespace
}  // namespace wasifs
