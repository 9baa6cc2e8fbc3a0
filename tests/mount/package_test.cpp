// SPDX-License-Identifier: Apache-2.0
// Packages on a real mount: what the host sees is what the in-process tree has.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "fs/webc/package.h"
#include "fuse/unique_fd.h"
#include "inspect/walk.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "support/webc_writer.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

mode_t type_bits_of(FileType type) {
  switch (type) {
    case FileType::regular:
      return S_IFREG;
    case FileType::directory:
      return S_IFDIR;
    case FileType::symlink:
      return S_IFLNK;
    case FileType::char_device:
      return S_IFCHR;
    case FileType::block_device:
      return S_IFBLK;
    case FileType::fifo:
      return S_IFIFO;
    case FileType::socket:
      return S_IFSOCK;
  }
  return 0;
}

std::string content_of(const Tree& tree, const VNode& node, std::uint64_t size) {
  std::string content(size, '\0');
  const Result<FilePtr> file = tree.open(node, {});
  EXPECT_TRUE(file);
  if (!file) return {};
  const Result<std::size_t> got = (*file)->read_at(0, std::as_writable_bytes(std::span(content)));
  EXPECT_TRUE(got && *got == size);
  return content;
}

/// The names below a directory of the host, the directory itself not counted.
std::size_t count_below(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::recursive_directory_iterator(directory)) ++count;
  return count;
}

void compare_entry(const Tree& tree, const WalkEntry& entry, const std::string& on_host) {
  SCOPED_TRACE(on_host);
  struct stat seen{};
  ASSERT_EQ(::lstat(on_host.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_ino, entry.attr.ino);
  EXPECT_EQ(seen.st_mode, type_bits_of(entry.attr.type) | entry.attr.mode);
  EXPECT_EQ(seen.st_nlink, entry.attr.nlink);
  EXPECT_EQ(seen.st_uid, entry.attr.uid);
  EXPECT_EQ(static_cast<std::uint64_t>(seen.st_size), entry.attr.size);
  EXPECT_EQ(seen.st_rdev, entry.attr.rdev);
  EXPECT_EQ(seen.st_mtim.tv_sec, entry.attr.mtime.sec);
  EXPECT_EQ(seen.st_mtim.tv_nsec, entry.attr.mtime.nsec);
  if (entry.attr.type == FileType::symlink) {
    std::array<char, 4096> text{};
    const ssize_t length = ::readlink(on_host.c_str(), text.data(), text.size());
    ASSERT_EQ(length, static_cast<ssize_t>(entry.target.size()));
    EXPECT_EQ(std::string_view(text.data(), entry.target.size()), entry.target);
  }
  if (entry.attr.type == FileType::regular) {
    EXPECT_EQ(read_file(on_host), content_of(tree, entry.node, entry.attr.size));
  }
}

class MountedFixture : public testing::TestWithParam<std::string> {};

TEST_P(MountedFixture, EqualsTheTreeInProcessEntryByEntryAndByteByByte) {
  WASIFS_NEED_FUSE();
  if (GetParam().empty())
    GTEST_SKIP() << "FIXTURES MISSING: set WASIFS_FIXTURES to the folder of webc fixtures";
  // What some of them depend on nobody has.
  const Outcome<PreparedRoot> root = PreparedRoot::open(GetParam(), {.dependencies = false});
  ASSERT_TRUE(root) << root.error().text();
  // By the program, so that two compositions in two processes are compared.
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", "--no-dependencies", GetParam(), point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;

  const WalkableTree source(*root->tree);
  std::size_t entries = 0;
  walk(
      source, source.root(), "/", WalkOrder::preorder,
      [&](const WalkEntry& entry) {
        ++entries;
        compare_entry(*root->tree, entry, point.path() + (entry.path == "/" ? "" : std::string(entry.path)));
      },
      [](std::string_view path, Errc error) { ADD_FAILURE() << path << ": " << message(error); });
  EXPECT_EQ(entries, 1 + count_below(point.path()));
  EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
}

std::vector<std::string> fixtures_or_none() {
  std::vector<std::string> found = all_fixtures();
  if (found.empty()) found.emplace_back();
  return found;
}
std::string fixture_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name.empty() ? "none" : name;
}
INSTANTIATE_TEST_SUITE_P(Every, MountedFixture, testing::ValuesIn(fixtures_or_none()), fixture_name);

TEST(MountedPackage, BinBashHasTheHashThatTheManifestStates) {
  WASIFS_NEED_FUSE();
  WASIFS_NEED_FIXTURE(bash, "bash-1.0.16");
  const auto package = webc::Package::open(bash);
  ASSERT_TRUE(package) << package.error().text();
  ASSERT_EQ((*package)->manifest().atoms.size(), 1U);
  const MountPoint point;
  ASSERT_EQ(run_wasifs({"mount", "--no-dependencies", bash, point.path()}).status, 0);
  const std::string stated = (*package)->manifest().atoms.front().signature;
  EXPECT_FALSE(stated.empty());
  EXPECT_EQ(webc_signature(read_file(point / "bin/bash")), stated);
  EXPECT_EQ(webc_signature(read_file(point / "usr/bin/bash")), stated);
}

/// Opens `path` for writing, and writes where that is allowed.
int write_error(const std::string& path, int flags) {
  const fuse::UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC));
  return file && ::write(file.get(), "x", 1) == 1 ? 0 : errno;
}

// Where opens are not asked for, root learns of it by the first write.
TEST(MountedCommands, CannotBeWrittenNotEvenByRootAndCanBeRemoved) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  dir.write_file("tool", "program");
  dir.write_file("site.toml", "[map-commands]\ntool = \"tool\"\n");
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "site.toml", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  const std::string path = point / "bin/tool";
  EXPECT_EQ(read_file(path), "program");
  for (const int flags : {O_WRONLY, O_RDWR | O_APPEND, O_WRONLY | O_TRUNC}) {
    EXPECT_EQ(write_error(path, flags), EPERM) << flags;
  }
  EXPECT_EQ(::truncate(path.c_str(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(read_file(path), "program");
  EXPECT_EQ(::rename(path.c_str(), (point / "bin/other").c_str()), 0);
  EXPECT_EQ(::unlink((point / "bin/other").c_str()), 0);
  EXPECT_EQ(read_file(point / "usr/bin/tool"), "program");
}

TEST(MountedPackage, WithADependencyThatNobodyHasIsRefusedBeforeTheProcessDetaches) {
  WASIFS_NEED_FUSE();
  WASIFS_NEED_FIXTURE(bash, "bash-1.0.16");
  const TempDir store;
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", "--store", store.string(), bash, point.path()});
  EXPECT_EQ(mounted.status, 6);
  EXPECT_EQ(mounted.err,
            bash + ": error: package \"" + bash +
                "\" needs \"sharrattj/coreutils@1.0.16\": the package store does not have it\n"
                "  cause: looked in \"" +
                store.string() +
                "\" (--store)\n"
                "hint: name the folder of packages that has it with --store DIR, or compose without "
                "dependencies with --no-dependencies\n");
  EXPECT_FALSE(is_mounted(point.path()));
}

TEST(MountedPackage, ShowsWhatItDependsOn) {
  WASIFS_NEED_FUSE();
  WASIFS_NEED_FIXTURE(bash, "bash-1.0.16");
  const TempDir store;
  WebcSpec coreutils;
  coreutils.atoms["ls"] = "a program";
  coreutils.manifest["commands"]["ls"] = {{"runner", "https://webc.org/runner/wasi"},
                                          {"annotations", {{"atom", {{"name", "ls"}}}}}};
  store.write_file("sharrattj--coreutils@1.0.16.webc", write_webc(coreutils));
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", "--store", store.string(), bash, point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(mounted.err, "");
  EXPECT_EQ(read_file(point / "bin/ls"), "a program");
  EXPECT_TRUE(std::filesystem::exists(point / "bin/bash"));
}

TEST(MountedPackage, OfAFolderShowsItsFilesAndKeepsThem) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  dir.write_file("app/wasmer.toml", "[fs]\n\"/srv\" = \"static\"\n");
  dir.write_file("app/static/index.html", "hello");
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "app", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(read_file(point / "srv/index.html"), "hello");
  std::ofstream(point / "srv/index.html") << "changed";
  EXPECT_EQ(read_file(point / "srv/index.html"), "changed");
  EXPECT_EQ(dir.read_file("app/static/index.html"), "hello");
}

/// 50,000 entries: 250 directories of 199 files.
std::string large_package() {
  WebcSpec spec;
  std::vector<WebcEntry>& entries = spec.volumes["/tree"];
  for (int dir = 0; dir < 250; ++dir) {
    for (int file = 0; file < 199; ++file) {
      const std::string path = "d" + std::to_string(dir) + "/f" + std::to_string(file);
      entries.push_back(webc_file(path, path));
    }
  }
  spec.manifest = {{"package",
                    {{"fs", nlohmann::ordered_json::array(
                                {{{"from", nullptr}, {"volume_name", "/tree"}, {"mount_path", "/tree"}}})}}}};
  return write_webc(spec);
}

TEST(MountedPackage, OfFiftyThousandEntriesShowsThemAll) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  dir.write_file("large.webc", large_package());
  const MountPoint point;
  const Finished mounted = run_wasifs({"mount", dir / "large.webc", point.path()});
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  EXPECT_EQ(read_file(point / "tree/d249/f198"), "d249/f198");
  EXPECT_EQ(count_below(point / "tree"), 250U * 200U);
}

TEST(MountedPackage, CutShortWhileMountedAnswersEioAndLives) {
  WASIFS_NEED_FUSE();
  const TempDir dir;
  WebcSpec spec;
  spec.volumes["/v"] = {webc_file("big", std::string(1 << 20, 'x')), webc_file("a", "early")};
  spec.manifest = {{"package",
                    {{"fs", nlohmann::ordered_json::array(
                                {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", "/v"}}})}}}};
  dir.write_file("p.webc", write_webc(spec));
  const MountPoint point;
  ASSERT_EQ(run_wasifs({"mount", dir / "p.webc", point.path()}).status, 0);
  ASSERT_EQ(::truncate((dir / "p.webc").c_str(), 4096), 0);
  const int fd = ::open((point / "v/big").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  std::array<char, 4096> buffer{};
  EXPECT_EQ(::pread(fd, buffer.data(), buffer.size(), 512 << 10), -1);
  EXPECT_EQ(errno, EIO);
  ::close(fd);
  // The daemon is still there and still knows every name.
  EXPECT_EQ(count_below(point / "v"), 2U);
}

}  // namespace
}  // namespace wasifs::test
