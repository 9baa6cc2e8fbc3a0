// SPDX-License-Identifier: Apache-2.0
// A folder and the mount of the package that is made of it: the same, entry by entry.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

namespace stdfs = std::filesystem;

/// What a package keeps of an entry: its type, time, and content or text.
std::string described(const stdfs::path& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) throw std::runtime_error("cannot stat " + path.string());
  const std::string time = " " + std::to_string(found.st_mtim.tv_sec);
  if (S_ISDIR(found.st_mode)) return "directory" + time;
  if (S_ISLNK(found.st_mode)) {
    return "symlink" + time + " " + std::to_string(found.st_size) + " " + stdfs::read_symlink(path).string();
  }
  return "file" + time + " " + std::to_string(found.st_size) + " " + read_file(path);
}

/// Everything below a directory.
std::map<std::string, std::string> listing(const std::string& directory) {
  std::map<std::string, std::string> found;
  for (const auto& entry : stdfs::recursive_directory_iterator(directory)) {
    found.emplace(entry.path().lexically_relative(directory), described(entry.path()));
  }
  return found;
}

void set_time(const std::string& path, std::int64_t seconds) {
  const timespec times[] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0) << path;
}

TEST(MountedPack, ShowsTheFolderThatWasPacked) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  dir.write_file("app/empty", "");
  dir.write_file("app/large", std::string(300'000, 'x') + "end");
  dir.write_file("app/d/e/f/deep", std::string("a\0b", 3));
  dir.make_dirs("app/d/empty");
  dir.write_file("app/\xc3\xbc \xe6\x97\xa5\n", "name");
  dir.write_file("app/-o", "option");
  dir.make_symlink("app/link", "d/e/f/deep");
  dir.make_symlink("app/d/up", "../large");
  dir.make_symlink("app/dangling", "no/such");
  // Inner ones first: making them dates those that they are in.
  std::int64_t seconds = 1'600'000'000;
  for (const char* path : {"d/e/f/deep", "d/e/f", "d/e", "d/empty", "d/up", "d", "empty", "large", "-o",
                           "link", "dangling", "\xc3\xbc \xe6\x97\xa5\n"}) {
    set_time(dir / ("app/" + std::string(path)), ++seconds);
  }
  const auto wanted = listing(dir / "app");
  ASSERT_EQ(wanted.size(), 12U);
  ASSERT_EQ(run_wasifs({"pack", dir / "app", "-o", dir / "app.webc"}).status, 0);

  dir.write_file("site.toml", "[[mount]]\nguest = \"/v\"\ntype = \"webc\"\nsource = \"app.webc#/\"\n");
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "site.toml", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(listing(point / "v"), wanted);
  // Packed from there it is the same package.
  const Finished again = run_wasifs({"pack", point / "v", "-o", dir / "again.webc"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(dir.read_file("again.webc") == dir.read_file("app.webc"));
  EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
}

}  // namespace
}  // namespace wasifs::test
