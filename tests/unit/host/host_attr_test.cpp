// SPDX-License-Identifier: Apache-2.0
#include <sys/sysmacros.h>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostAttr = HostTest;

TEST_F(HostAttr, EqualsWhatStatTells) {
  temp_.write_file("root/f", std::string(5000, 'x'), 0640);
  const Attr attr = must(at("f")->attr());
  const struct stat host = host_stat("root/f");
  EXPECT_EQ(attr.ino, host.st_ino);
  EXPECT_EQ(attr.type, FileType::regular);
  EXPECT_EQ(attr.mode, 0640);
  EXPECT_EQ(attr.nlink, host.st_nlink);
  EXPECT_EQ(attr.uid, host.st_uid);
  EXPECT_EQ(attr.gid, host.st_gid);
  EXPECT_EQ(attr.rdev, 0U);
  EXPECT_EQ(attr.size, 5000U);
  EXPECT_EQ(attr.blocks, static_cast<std::uint64_t>(host.st_blocks));
  EXPECT_EQ(attr.mtime.sec, host.st_mtim.tv_sec);
  EXPECT_EQ(attr.mtime.nsec, host.st_mtim.tv_nsec);
  EXPECT_EQ(attr.ctime.sec, host.st_ctim.tv_sec);
}

TEST_F(HostAttr, TellsTheTimeOfBirth) {
  struct statx host = {};
  const NodeRef file = make("f");
  ASSERT_EQ(::statx(AT_FDCWD, (temp_ / "root/f").c_str(), 0, STATX_BTIME, &host), 0);
  if ((host.stx_mask & STATX_BTIME) == 0) GTEST_SKIP() << "the file system of $TMPDIR records no btime";
  must(file->set_attr({.mtime = Time{.sec = 5}}));
  EXPECT_EQ(must(file->attr()).btime.sec, host.stx_btime.tv_sec);
  EXPECT_EQ(must(file->attr()).mtime.sec, 5);
}

TEST_F(HostAttr, OfASymlinkIsItsOwn) {
  temp_.make_symlink("root/l", "../outside/secret");
  const Attr attr = must(at("l")->attr());
  EXPECT_EQ(attr.type, FileType::symlink);
  EXPECT_EQ(attr.size, std::string_view("../outside/secret").size());
  EXPECT_EQ(attr.ino, host_stat("root/l").st_ino);
}

TEST_F(HostAttr, SetsTheModeExactly) {
  const NodeRef file = make("f");
  must(file->set_attr({.mode = 06751}));
  EXPECT_EQ(must(file->attr()).mode, 06751);
  EXPECT_EQ(host_stat("root/f").st_mode & 07777U, 06751U);
}

TEST_F(HostAttr, ASymlinkHasNoModeToSet) {
  temp_.make_symlink("root/l", "../outside/secret");
  const mode_t before = host_stat("outside/secret").st_mode;
  EXPECT_EQ(error_of(at("l")->set_attr({.mode = 0777})), Errc::enotsup);
  EXPECT_EQ(host_stat("outside/secret").st_mode, before);
}

TEST_F(HostAttr, SetsTheTimesOfASymlinkAndNotOfItsTarget) {
  temp_.make_symlink("root/l", "../outside/secret");
  const auto before = host_stat("outside/secret").st_mtim.tv_sec;
  must(at("l")->set_attr({.atime = Time{.sec = 7, .nsec = 8}, .mtime = Time{.sec = -5, .nsec = 6}}));
  const Attr attr = must(at("l")->attr());
  EXPECT_EQ(attr.atime, (Time{.sec = 7, .nsec = 8}));
  EXPECT_EQ(attr.mtime, (Time{.sec = -5, .nsec = 6}));
  EXPECT_EQ(host_stat("outside/secret").st_mtim.tv_sec, before);
}

TEST_F(HostAttr, ATimeThatIsNotGivenStays) {
  const NodeRef file = make("f");
  must(file->set_attr({.atime = Time{.sec = 100}, .mtime = Time{.sec = 200}}));
  must(file->set_attr({.mtime = Time{.sec = 300}}));
  EXPECT_EQ(must(file->attr()).atime.sec, 100);
  EXPECT_EQ(must(file->attr()).mtime.sec, 300);
}

TEST_F(HostAttr, RefusesNanosecondsThatTheHostWouldTakeForACommand) {
  const NodeRef file = make("f");
  must(file->set_attr({.mtime = Time{.sec = 100}}));
  EXPECT_EQ(error_of(file->set_attr({.mtime = Time{.sec = 1, .nsec = UTIME_NOW}})), Errc::einval);
  EXPECT_EQ(error_of(file->set_attr({.atime = Time{.sec = 1, .nsec = -1}})), Errc::einval);
  EXPECT_EQ(must(file->attr()).mtime.sec, 100);
}

TEST_F(HostAttr, SetsOwnerAndGroupEachOnItsOwn) {
  WASIFS_NEEDS_ROOT();
  const NodeRef file = make("f");
  must(file->set_attr({.uid = 1234}));
  must(file->set_attr({.gid = 4321}));
  EXPECT_EQ(host_stat("root/f").st_uid, 1234U);
  EXPECT_EQ(host_stat("root/f").st_gid, 4321U);
  EXPECT_EQ(error_of(file->set_attr({.uid = 0xFFFF'FFFFU})), Errc::einval);
}

TEST_F(HostAttr, SetsTheOwnerOfASymlinkItself) {
  WASIFS_NEEDS_ROOT();
  temp_.make_symlink("root/l", "../outside/secret");
  must(at("l")->set_attr({.uid = 1234, .gid = 1234}));
  EXPECT_EQ(host_stat("root/l").st_uid, 1234U);
  EXPECT_EQ(host_stat("outside/secret").st_uid, 0U);
}

TEST_F(HostAttr, OwnerAndSetIdBitsInOneChangeBothHold) {
  WASIFS_NEEDS_ROOT();
  const NodeRef file = make("f");
  must(file->set_attr({.mode = 06755, .uid = 1234}));
  EXPECT_EQ(must(file->attr()).mode, 06755);
  EXPECT_EQ(must(file->attr()).uid, 1234U);
}

TEST_F(HostAttr, ChangesTheSize) {
  const NodeRef file = make("f");
  must(file->set_attr({.size = 10'000}));
  EXPECT_EQ(must(file->attr()).size, 10'000U);
  EXPECT_EQ(content_of(*file), std::string(4096, '\0'));
  must(file->set_attr({.size = 3}));
  EXPECT_EQ(content_of(*file), std::string(3, '\0'));
}

TEST_F(HostAttr, SizeAndTimeInOneChangeBothHold) {
  const NodeRef file = make("f");
  must(file->set_attr({.size = 10, .mtime = Time{.sec = 77}}));
  EXPECT_EQ(must(file->attr()).size, 10U);
  EXPECT_EQ(must(file->attr()).mtime.sec, 77);
}

TEST_F(HostAttr, OnlyRegularFilesHaveASizeToChange) {
  temp_.make_symlink("root/l", "f");
  const NodeRef file = make("f");
  EXPECT_EQ(error_of(root_->set_attr({.size = 0})), Errc::eisdir);
  EXPECT_EQ(error_of(at("l")->set_attr({.size = 0})), Errc::einval);
  EXPECT_EQ(error_of(file->set_attr({.size = File::kMaxSize + 1})), Errc::efbig);
}

TEST_F(HostAttr, ARefusedChangeChangesNothing) {
  WASIFS_NEEDS_ROOT();
  const NodeRef file = make("f", 04755);
  must(file->set_attr({.mtime = Time{.sec = 100}}));
  // Larger than the host's largest file: everything else was already done then.
  const SetAttr change{
      .mode = 0600, .uid = 1234, .size = File::kMaxSize, .atime = Time{.sec = 1}, .mtime = Time{.sec = 1}};
  EXPECT_EQ(error_of(file->set_attr(change)), Errc::efbig);
  const Attr attr = must(file->attr());
  EXPECT_EQ(attr.mode, 04755);
  EXPECT_EQ(attr.uid, 0U);
  EXPECT_EQ(attr.mtime.sec, 100);
  EXPECT_EQ(attr.size, 0U);
}

TEST_F(HostAttr, AnOrdinaryUserMayNotChangeWhatIsNotTheirs) {
  WASIFS_NEEDS_ROOT();
  const NodeRef file = make("f");
  const ScopedUser user;
  EXPECT_EQ(error_of(file->set_attr({.mode = 0777})), Errc::eperm);
  EXPECT_EQ(error_of(file->set_attr({.uid = ScopedUser::kUser})), Errc::eperm);
  EXPECT_EQ(error_of(file->set_attr({.size = 0})), Errc::eacces);
}

TEST_F(HostAttr, ADeviceNodeTellsItsNumber) {
  WASIFS_NEEDS_ROOT();
  const NewNode spec{.type = FileType::char_device, .mode = 0600, .rdev = gnu_dev_makedev(1, 3)};
  const auto device = root_->create("null", spec);
  if (!device && device.error() == Errc::eperm) GTEST_SKIP() << "may not make device nodes";
  EXPECT_EQ(must((*device)->attr()).rdev, gnu_dev_makedev(1, 3));
  EXPECT_EQ(must((*device)->attr()).type, FileType::char_device);
  EXPECT_EQ(error_of((*device)->open({})), Errc::enxio);
}

}  // namespace
}  // namespace wasifs::test
