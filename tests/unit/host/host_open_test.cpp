// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostOpen = HostTest;

Diagnostic refusal(const std::string& path) {
  auto opened = HostFilesystem::open(path, {});
  if (opened) throw std::runtime_error("opened " + path);
  return opened.error();
}

TEST_F(HostOpen, AMissingDirectoryIsNamed) {
  const Diagnostic error = refusal("/no/such/directory");
  EXPECT_EQ(error.trouble, Trouble::source);
  EXPECT_EQ(error.message, "host directory \"/no/such/directory\" does not exist");
  EXPECT_EQ(error.hint, "create it, or correct the path");
  EXPECT_EQ(error.where, SourceLocation{});
}

TEST_F(HostOpen, AnEmptyPathDoesNotExist) {
  EXPECT_EQ(refusal("").message, "host directory \"\" does not exist");
}

TEST_F(HostOpen, APathThroughAFileDoesNotExist) {
  temp_.write_file("root/f", "");
  EXPECT_EQ(refusal(temp_ / "root/f/x").message,
            "host directory \"" + (temp_ / "root/f/x") + "\" does not exist");
}

TEST_F(HostOpen, ANulByteDoesNotCutThePathShort) {
  EXPECT_EQ(refusal(std::string("/tmp\0/x", 7)).message,
            "host directory \"/tmp\\x00/x\" cannot exist: the path has a NUL byte");
}

TEST_F(HostOpen, ADanglingSymlinkIsExplained) {
  temp_.make_symlink("gone", "/no/where");
  const Diagnostic error = refusal(temp_ / "gone");
  EXPECT_EQ(error.message, "host directory \"" + (temp_ / "gone") + "\" does not exist");
  EXPECT_EQ(error.hint, "it is a symlink to \"/no/where\", which does not exist");
}

TEST_F(HostOpen, ASymlinkLoopIsReported) {
  temp_.make_symlink("loop", "loop");
  EXPECT_EQ(refusal(temp_ / "loop").message, "host directory \"" + (temp_ / "loop") +
                                                 "\" cannot be opened: Too many levels of symbolic links");
}

TEST_F(HostOpen, ACharacterDeviceIsRefused) {
  const Diagnostic error = refusal("/dev/null");
  EXPECT_EQ(error.message, "host directory \"/dev/null\" is a character device");
  EXPECT_EQ(error.hint, "map a directory or a regular file");
}

TEST_F(HostOpen, AFifoIsRefusedWithoutWaitingForAWriter) {
  const std::string path = temp_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0644), 0);
  EXPECT_EQ(refusal(path).message, "host directory \"" + path + "\" is a fifo");
}

TEST_F(HostOpen, AnUnreadableDirectoryIsRefused) {
  WASIFS_NEEDS_ROOT();
  ASSERT_EQ(::chmod((temp_ / "root").c_str(), 0711), 0);
  const ScopedUser user;
  const Diagnostic error = refusal(temp_ / "root");
  EXPECT_EQ(error.message, "host directory \"" + (temp_ / "root") + "\" is not readable: Permission denied");
  EXPECT_EQ(error.hint, "check the permissions of it");
}

TEST_F(HostOpen, AnUnreadableFileIsRefused) {
  WASIFS_NEEDS_ROOT();
  temp_.write_file("root/f", "x", 0600);
  const ScopedUser user;
  EXPECT_EQ(refusal(temp_ / "root/f").message,
            "host directory \"" + (temp_ / "root/f") + "\" is not readable: Permission denied");
}

TEST_F(HostOpen, ATrailingSymlinkIsFollowedOnce) {
  temp_.make_symlink("link", "root");
  const auto fs = open_host(temp_ / "link");
  EXPECT_EQ(must(fs->root()->attr()).ino, host_stat("root").st_ino);
}

TEST_F(HostOpen, ASingleFileIsARoot) {
  temp_.write_file("single", "text");
  const auto fs = open_host(temp_ / "single");
  EXPECT_EQ(fs->root()->type(), FileType::regular);
  EXPECT_EQ(content_of(*fs->root()), "text");
  EXPECT_EQ(error_of(fs->root()->lookup("x")), Errc::enotdir);
  EXPECT_EQ(error_of(fs->root()->open_dir()), Errc::enotdir);
  EXPECT_EQ(error_of(fs->root()->create("x", {})), Errc::enotdir);
  EXPECT_EQ(error_of(fs->root()->unlink("x")), Errc::enotdir);
}

TEST_F(HostOpen, TheRootIsOneNode) { EXPECT_EQ(fs_->root(), fs_->root()); }

TEST_F(HostOpen, DescribesItselfWithTheQuotedPath) {
  temp_.make_dirs("a\"b");
  EXPECT_EQ(open_host(temp_ / "a\"b")->describe(), "host \"" + temp_.string() + "/a\\\"b\"");
}

TEST_F(HostOpen, IsSharedPersistentAndNotImmutable) {
  EXPECT_TRUE(fs_->traits().shared);
  EXPECT_TRUE(fs_->traits().persistent);
  EXPECT_FALSE(fs_->traits().immutable);
}

TEST_F(HostOpen, StatfsIsTheHosts) {
  struct statvfs host = {};
  ASSERT_EQ(::statvfs(temp_.path().c_str(), &host), 0);
  const StatFs ours = must(fs_->statfs());
  EXPECT_EQ(ours.block_size, host.f_frsize);
  EXPECT_EQ(ours.blocks, host.f_blocks);
  EXPECT_EQ(ours.files, host.f_files);
  EXPECT_LE(ours.blocks_free, host.f_blocks);
  EXPECT_EQ(ours.name_max, 255U);
}

TEST_F(HostOpen, SpecialFilesAreShownButNeverOpened) {
  ASSERT_EQ(::mkfifo((temp_ / "root/fifo").c_str(), 0600), 0);
  EXPECT_EQ(at("fifo")->type(), FileType::fifo);
  EXPECT_EQ(error_of(at("fifo")->open({})), Errc::enxio);
  const NodeRef socket = must(root_->create("socket", mine({.type = FileType::socket, .mode = 0600})));
  EXPECT_EQ(error_of(socket->open({})), Errc::enxio);
}

}  // namespace
}  // namespace wasifs::test
