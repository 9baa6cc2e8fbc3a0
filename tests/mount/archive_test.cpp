// SPDX-License-Identifier: Apache-2.0
// An archive and an image on a real mount.
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "fs/archive/tar_writer.h"
#include "support/acl.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "support/tar_writer.h"
#include "support/temp_dir.h"
#include "unit/oci/image_writer.h"

namespace wasifs::test {
namespace {

using Names = std::set<std::string>;

Names names_in(const std::string& directory) {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.insert(entry.path().filename());
  return names;
}

void write_text(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

TEST(MountedArchive, ShowsItsTreeAndKeepsChangesInMemory) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  const std::string bytes = TarWriter().file("etc/motd", "hello", 0600).symlink("link", "etc/motd").bytes();
  dir.write_file("x.tar", bytes);
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "x.tar", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(read_file(point / "etc/motd"), "hello");
  EXPECT_EQ(std::filesystem::read_symlink(point / "link"), "etc/motd");
  write_text(point / "etc/motd", "changed");
  EXPECT_EQ(read_file(point / "link"), "changed");
  EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
  EXPECT_EQ(dir.read_file("x.tar"), bytes);
}

TEST(MountedArchive, ShowsItsAccessControlLists) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  const std::string list = acl_of(7, 4, 5, 4, 0);
  const std::vector<std::pair<std::string, std::string>> lists = {{kDefaultAclName, list}};
  const auto tar = archive::TarWriter::create(dir / "x.tar").value();
  ASSERT_TRUE(tar->add({.path = "d/", .attr = {.type = FileType::directory, .mode = 0755}, .xattrs = lists},
                       nullptr));
  ASSERT_TRUE(tar->finish());
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "x.tar", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  std::array<char, 256> there{};
  const ssize_t size = ::getxattr((point / "d").c_str(), kDefaultAclName, there.data(), there.size());
  EXPECT_EQ(std::string(there.data(), size < 0 ? 0 : static_cast<std::size_t>(size)), list);
  // What is made in it starts with that.
  write_text(point / "d/new", "x");
  EXPECT_GT(::getxattr((point / "d/new").c_str(), kAccessAclName, there.data(), there.size()), 0);
  EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
}

TEST(MountedImage, ShowsItsLayersAndNoWhiteouts) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  const LayoutWriter writer(dir, "app");
  writer.index({writer.image(
      {{"config", nlohmann::json::object()}},
      {writer.blob(kTarLayer,
                   TarWriter().file("app/old", "1").file("app/kept", "2").file("d/a", "3").bytes()),
       writer.blob(
           kTarLayer,
           TarWriter().file("app/.wh.old", "").file("d/.wh..wh..opq", "").file("d/b", "4").bytes())})});
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "app", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(names_in(point / "app"), Names{"kept"});
  EXPECT_EQ(names_in(point / "d"), Names{"b"});
  EXPECT_EQ(read_file(point / "d/b"), "4");
  write_text(point / "app/old", "again");
  EXPECT_EQ(names_in(point / "app"), (Names{"kept", "old"}));
  EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
}

}  // namespace
}  // namespace wasifs::test
