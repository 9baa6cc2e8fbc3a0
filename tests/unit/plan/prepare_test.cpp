// SPDX-License-Identifier: Apache-2.0
#include "plan/prepare.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "prepared.h"

namespace wasifs::plan {
namespace {

using test::webc_file;
using Strings = std::vector<std::string>;

/// A version 3 package that shows one volume at `guest`.
test::WebcSpec package(const std::string& guest, std::vector<test::WebcEntry> files) {
  test::WebcSpec spec;
  spec.manifest["package"]["fs"] = {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", guest}}};
  spec.volumes["/v"] = std::move(files);
  return spec;
}

void add_command(test::WebcSpec& spec, const std::string& name, const std::string& bytes) {
  spec.atoms[name] = bytes;
  spec.manifest["commands"][name] = {{"runner", "https://webc.org/runner/wasi"},
                                     {"annotations", {{"atom", {{"name", name}}}}}};
}

const std::string kContainer = "[container]\nsource = \"p.webc\"\n";

TEST_F(PrepareTest, BaseRootHasItsDirectoriesAndDevices) {
  const PreparedRoot root = open("");
  EXPECT_EQ(names(root, "/"), (Strings{".app", ".private", "bin", "dev", "etc", "home", "tmp"}));
  EXPECT_EQ(names(root, "/dev"), (Strings{"null", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}));
  EXPECT_EQ(attr(root, "/dev/null")->type, FileType::char_device);
  EXPECT_EQ(attr(root, "/dev/null")->rdev, makedev(1, 3));
  EXPECT_EQ(attr(root, "/tmp")->mode, 01777);
  EXPECT_EQ(attr(root, "/home")->mode, 0755);
  EXPECT_EQ(attr(root, "/home")->uid, ::geteuid());
  EXPECT_EQ(attr(root, "/home")->gid, ::getegid());
}

TEST_F(PrepareTest, EmptyBaseIsEmpty) {
  EXPECT_EQ(names(open("[root]\nbase = \"empty\"\n"), "/"), Strings{});
}

TEST_F(PrepareTest, HostMountWritesToTheHost) {
  dir_.write_file("data/a.txt", "a");
  const PreparedRoot root = open("[fs]\n\"/data\" = \"./data\"\n");
  EXPECT_EQ(content(root, "/data/a.txt"), "a");
  ASSERT_TRUE(write(root, "/data", "b.txt", "b"));
  EXPECT_EQ(dir_.read_file("data/b.txt"), "b");
}

TEST_F(PrepareTest, CacheForeverFreezesWhatIsNotChangedOnTheHost) {
  dir_.write_file("data/a.txt", "a");
  dir_.write_file("more/b.txt", "b");
  const auto traits = [](const PreparedRoot& root, std::string_view path) {
    return root.tree->traits(*root.tree->resolve(path));
  };
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/ro\"\ntype = \"host\"\nsource = \"data\"\naccess = \"ro\"\ncache = \"forever\"\n"
      "[[mount]]\nguest = \"/cow\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\ncache = "
      "\"forever\"\n"
      "[[mount]]\nguest = \"/two\"\ntype = \"overlay\"\nlayers = [\"./data\", \"./more\"]\ncache = "
      "\"forever\"\n"
      "[[mount]]\nguest = \"/rw\"\ntype = \"host\"\nsource = \"data\"\ncache = \"forever\"\n"
      "[[mount]]\nguest = \"/live\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n"
      "[[mount]]\nguest = \"/none\"\ntype = \"host\"\nsource = \"data\"\naccess = \"ro\"\ncache = "
      "\"none\"\n");
  EXPECT_TRUE(traits(root, "/ro").immutable);
  EXPECT_TRUE(traits(root, "/none").uncached);
  EXPECT_FALSE(traits(root, "/ro").uncached);
  for (const char* path : {"/ro", "/cow", "/two", "/rw"}) EXPECT_FALSE(traits(root, path).shared) << path;
  for (const char* path : {"/live", "/none"}) EXPECT_TRUE(traits(root, path).shared) << path;
  for (const char* path : {"/ro", "/cow", "/two", "/rw", "/live"}) {
    EXPECT_EQ(content(root, std::string(path) + "/a.txt"), "a") << path;
  }
  dir_.write_file("data/new.txt", "new");
  for (const char* path : {"/ro", "/cow", "/two"})
    EXPECT_FALSE(exists(root, std::string(path) + "/new.txt")) << path;
  for (const char* path : {"/rw", "/live", "/none"})
    EXPECT_TRUE(exists(root, std::string(path) + "/new.txt")) << path;
  ASSERT_TRUE(write(root, "/cow", "b.txt", "b"));
  EXPECT_EQ(content(root, "/cow/b.txt"), "b");
  EXPECT_FALSE(dir_.exists("data/b.txt"));
}

TEST_F(PrepareTest, CacheForeverOfASingleFileIsAboutTheFileOnly) {
  dir_.write_file("data/a.txt", "a");
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/ro\"\ntype = \"host\"\nsource = \"data/a.txt\"\naccess = \"ro\"\ncache = "
      "\"forever\"\n"
      "[[mount]]\nguest = \"/cow\"\ntype = \"host\"\nsource = \"data/a.txt\"\naccess = \"cow\"\ncache = "
      "\"forever\"\n");
  EXPECT_EQ(content(root, "/ro"), "a");
  EXPECT_EQ(content(root, "/cow"), "a");
}

TEST_F(PrepareTest, CopyOnWriteHostMountLeavesTheHostAlone) {
  dir_.write_file("data/a.txt", "a");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n");
  ASSERT_TRUE(write(root, "/data", "b.txt", "b"));
  EXPECT_EQ(content(root, "/data/b.txt"), "b");
  EXPECT_EQ(content(root, "/data/a.txt"), "a");
  EXPECT_FALSE(dir_.exists("data/b.txt"));
}

TEST_F(PrepareTest, CopyOnWriteMountLooksLikeItsLowersRoot) {
  dir_.make_dirs("data");
  ASSERT_EQ(::chmod((dir_ / "data").c_str(), 0750), 0);
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n");
  EXPECT_EQ(attr(root, "/data")->mode, 0750);
}

TEST_F(PrepareTest, ReadOnlyMountRefusesChanges) {
  dir_.write_file("data/a.txt", "a");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\naccess = \"ro\"\n");
  EXPECT_EQ(content(root, "/data/a.txt"), "a");
  EXPECT_EQ(write(root, "/data", "b.txt", "b"), fail(Errc::erofs));
}

TEST_F(PrepareTest, SingleHostFilesMountWithEveryAccess) {
  dir_.write_file("conf", "x=1");
  for (const std::string access : {"rw", "cow", "ro"}) {
    const PreparedRoot root =
        open("[[mount]]\nguest = \"/etc/conf\"\ntype = \"host\"\nsource = \"conf\"\naccess = \"" + access +
             "\"\n");
    EXPECT_EQ(content(root, "/etc/conf"), "x=1") << access;
    EXPECT_EQ(names(root, "/etc"), Strings{"conf"}) << access;
  }
}

TEST_F(PrepareTest, CopyOnWriteFileTakesChangesInMemory) {
  dir_.write_file("conf", "x=1");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/etc/conf\"\ntype = \"host\"\nsource = \"conf\"\naccess = \"cow\"\n");
  Result<FilePtr> file = root.tree->open(*root.tree->resolve("/etc/conf"), {.read = true, .write = true});
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(2, std::as_bytes(std::span(std::string_view("2")))));
  EXPECT_EQ(content(root, "/etc/conf"), "x=2");
  EXPECT_EQ(dir_.read_file("conf"), "x=1");
}

TEST_F(PrepareTest, MissingHostDirectoryIsNamedWithItsPlace) {
  EXPECT_EQ(error("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"./data\"\n"),
            "site.toml:4:10: error: mount \"/data\": host directory \"./data\" does not exist");
  EXPECT_EQ(try_open("[fs]\n\"/data\" = \"./data\"\n").error().trouble, Trouble::source);
}

TEST_F(PrepareTest, SymlinksCanBeDenied) {
  dir_.write_file("data/a", "a");
  dir_.make_symlink("data/l", "a");
  const std::string mount = "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\n";
  EXPECT_EQ(content(open(mount), "/data/l"), "a");
  const PreparedRoot root = open(mount + "symlinks = \"deny\"\n");
  EXPECT_EQ(root.tree->read_link(*root.tree->resolve("/data/l", Follow::no)).error(), Errc::eacces);
}

TEST_F(PrepareTest, StaticTextIsAReadOnlyFile) {
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/etc/motd\"\ntype = \"static\"\ntext = \"hello\\n\"\n");
  EXPECT_EQ(content(root, "/etc/motd"), "hello\n");
  EXPECT_EQ(attr(root, "/etc/motd")->mode, 0444);
  EXPECT_EQ(root.tree->open(*root.tree->resolve("/etc/motd"), {.write = true}).error(), Errc::erofs);
}

TEST_F(PrepareTest, OverlayMountsShowTheirFirstLayerFirst) {
  dir_.write_file("one/a", "1a");
  dir_.write_file("two/a", "2a");
  dir_.write_file("two/b", "2b");
  write_package("base.webc", package("/", {webc_file("www/b", "pb"), webc_file("www/c", "pc")}));
  const std::string layers = "layers = [\"one\", \"two\", \"base.webc#v:/www\"]\n";
  const std::string mount = "[[mount]]\nguest = \"/srv\"\ntype = \"overlay\"\n" + layers;
  const PreparedRoot root = open(mount);
  EXPECT_EQ(content(root, "/srv/a"), "1a");
  EXPECT_EQ(content(root, "/srv/b"), "2b");
  EXPECT_EQ(content(root, "/srv/c"), "pc");
  EXPECT_TRUE(write(root, "/srv", "d", "d"));
  const PreparedRoot fixed = open(mount + "access = \"ro\"\n");
  EXPECT_EQ(content(fixed, "/srv/c"), "pc");
  EXPECT_EQ(write(fixed, "/srv", "d", "d"), fail(Errc::erofs));
}

TEST_F(PrepareTest, OverlayLayersMustBeDirectories) {
  dir_.make_dirs("one");
  dir_.write_file("two", "x");
  EXPECT_EQ(
      error("[[mount]]\nguest = \"/srv\"\ntype = \"overlay\"\nlayers = [\"one\", \"two\"]\n"),
      "site.toml:4:18: error: mount \"/srv\": host \"two\" is not a directory, and a layer must be one");
  EXPECT_EQ(error("[fs]\n\"/\" = \"two\"\n"),
            "site.toml:2:7: error: mount \"/\": host \"two\" is not a directory, and a layer must be one");
  EXPECT_EQ(error("[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"two\"\nwrite-through = true\n"),
            "site.toml:4:10: error: mount \"/\": host \"two\" is not a directory, and a layer must be one");
}

TEST_F(PrepareTest, PackageVolumesShowDirectoriesAndSingleFiles) {
  write_package("p.webc", package("/", {webc_file("lib/a", "A"), webc_file("lib/b", "B")}));
  for (const std::string access : {"cow", "ro"}) {
    const std::string head =
        "[[mount]]\ntype = \"webc\"\nsource = \"p.webc#v:/lib\"\naccess = \"" + access + "\"\n";
    EXPECT_EQ(names(open(head + "guest = \"/x\"\n"), "/x"), (Strings{"a", "b"}));
    const PreparedRoot root =
        open("[[mount]]\nguest = \"/x\"\ntype = \"webc\"\nsource = \"p.webc#v:/lib/b\"\naccess = \"" +
             access + "\"\n");
    EXPECT_EQ(content(root, "/x"), "B");
  }
}

TEST_F(PrepareTest, MissingPathInAVolumeIsAnError) {
  write_package("p.webc", package("/", {webc_file("lib/a", "A")}));
  EXPECT_EQ(error("[[mount]]\nguest = \"/x\"\ntype = \"webc\"\nsource = \"p.webc#v:/nope\"\n"),
            "site.toml:4:10: error: mount \"/x\": webc \"p.webc\" volume \"/v\" path \"/nope\": No such file "
            "or directory");
}

TEST_F(PrepareTest, MissingPackageIsNamedWithItsPlace) {
  EXPECT_EQ(error(kContainer), "site.toml:2:10: error: container: package \"p.webc\" does not exist");
  EXPECT_EQ(error("[[use]]\nsource = \"u.webc\"\n"),
            "site.toml:2:10: error: [[use]]: package \"u.webc\" does not exist");
  EXPECT_EQ(error("[[mount]]\nguest = \"/x\"\ntype = \"webc\"\nsource = \"p.webc\"\n"),
            "site.toml:4:10: error: mount \"/x\": package \"p.webc\" does not exist");
}

TEST_F(PrepareTest, CorruptPackageKeepsItsOwnError) {
  dir_.write_file("p.webc", "not a package at all");
  const Outcome<PreparedRoot> root = try_open(kContainer);
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::corrupt);
  EXPECT_EQ(root.error().message, "container: package \"p.webc\" cannot be opened");
  EXPECT_EQ(root.error().causes.size(), 1U);
}

TEST_F(PrepareTest, SynthesisedParentsAreRealAndWritable) {
  dir_.make_dirs("data");
  const PreparedRoot root = open("[fs]\n\"/a/b/c\" = \"data\"\n");
  EXPECT_EQ(names(root, "/a"), Strings{"b"});
  ASSERT_TRUE(write(root, "/a", "new", "x"));
  ASSERT_TRUE(make_dir(root, "/a/b", "dir"));
  EXPECT_EQ(content(root, "/a/new"), "x");
  EXPECT_EQ(names(root, "/a/b"), (Strings{"c", "dir"}));
}

TEST_F(PrepareTest, SynthesisedParentsInAHostMountStayOffTheHost) {
  dir_.make_dirs("outer");
  dir_.make_dirs("inner");
  const PreparedRoot root = open("[fs]\n\"/o\" = \"outer\"\n\"/o/x/y/i\" = \"inner\"\n");
  EXPECT_EQ(names(root, "/o/x"), Strings{"y"});
  EXPECT_TRUE(write(root, "/o/x", "new", "x"));
  EXPECT_FALSE(dir_.exists("outer/x"));
}

TEST_F(PrepareTest, MountPointBelowAFileIsAnError) {
  dir_.write_file("outer/f", "x");
  dir_.make_dirs("inner");
  EXPECT_EQ(error("[fs]\n\"/o\" = \"outer\"\n\"/o/f/i\" = \"inner\"\n"),
            "site.toml:3:1: error: Unable to mount \"/o/f/i\"\n"
            "  cause: something on the way to the mount point is not a directory");
}

TEST_F(PrepareTest, CommandsAppearInBothDirectories) {
  test::WebcSpec spec = package("/v", {});
  add_command(spec, "run", "\0asm-run");
  write_package("p.webc", spec);
  for (const std::string base : {"default", "empty"}) {
    const PreparedRoot root = open("[root]\nbase = \"" + base + "\"\n" + kContainer);
    EXPECT_EQ(content(root, "/bin/run"), content(root, "/usr/bin/run"));
    EXPECT_EQ(content(root, "/bin/run"), "\0asm-run");
    EXPECT_EQ(attr(root, "/bin/run")->mode, 0555);
    Result<FilePtr> file = root.tree->open(*root.tree->resolve("/bin/run"), {});
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->view(0, 4)) << "the program is shown without a copy";
  }
}

TEST_F(PrepareTest, CommandsAppearInACopyOnWriteMountAtBin) {
  dir_.write_file("tools/mine", "m");
  test::WebcSpec spec = package("/v", {});
  add_command(spec, "run", "program");
  write_package("p.webc", spec);
  const PreparedRoot root =
      open(kContainer + "[[mount]]\nguest = \"/usr\"\ntype = \"memory\"\n" +
           "[[mount]]\nguest = \"/bin\"\ntype = \"host\"\nsource = \"tools\"\naccess = \"cow\"\n");
  EXPECT_EQ(names(root, "/bin"), (Strings{"mine", "run"}));
  EXPECT_EQ(content(root, "/usr/bin/run"), "program");
  EXPECT_FALSE(dir_.exists("tools/run"));
}

TEST_F(PrepareTest, CommandsBelowAWriteThroughRootStayOffTheHost) {
  dir_.make_dirs("top");
  test::WebcSpec spec = package("/v", {});
  add_command(spec, "run", "program");
  write_package("p.webc", spec);
  for (const std::string base : {"default", "empty"}) {
    const PreparedRoot root =
        open("[root]\nbase = \"" + base + "\"\n" + kContainer +
             "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"top\"\nwrite-through = true\n");
    EXPECT_EQ(content(root, "/bin/run"), "program") << base;
    EXPECT_FALSE(dir_.exists("top/bin")) << base;
  }
}

TEST_F(PrepareTest, WriteThroughRootWritesToTheHost) {
  dir_.write_file("top/a", "a");
  const std::string mount = "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"top\"\n";
  EXPECT_TRUE(write(open(mount), "/", "kept-in-memory", "x"));
  EXPECT_FALSE(dir_.exists("top/kept-in-memory"));
  const PreparedRoot root = open("[root]\nbase = \"empty\"\n" + mount + "write-through = true\n");
  EXPECT_EQ(names(root, "/"), Strings{"a"});
  ASSERT_TRUE(write(root, "/", "b", "b"));
  EXPECT_EQ(dir_.read_file("top/b"), "b");
}

TEST_F(PrepareTest, MemoryLimitIsSharedByEveryUpper) {
  const PreparedRoot root =
      open("[root]\nmemory-limit = \"64KiB\"\n[[mount]]\nguest = \"/m\"\ntype = \"memory\"\n");
  const std::string half(40 << 10, 'x');
  EXPECT_TRUE(write(root, "/m", "a", half));
  EXPECT_EQ(write(root, "/home", "b", half), fail(Errc::enospc));
}

TEST_F(PrepareTest, QuotaOfAMountIsInsideTheRoots) {
  const PreparedRoot root = open(
      "[root]\nmemory-limit = \"64KiB\"\n"
      "[[mount]]\nguest = \"/small\"\ntype = \"memory\"\nquota = \"16KiB\"\n"
      "[[mount]]\nguest = \"/large\"\ntype = \"memory\"\nquota = \"1MiB\"\n");
  EXPECT_EQ(write(root, "/small", "a", std::string(20 << 10, 'x')), fail(Errc::enospc));
  EXPECT_TRUE(write(root, "/home", "a", std::string(20 << 10, 'x')));
  EXPECT_EQ(write(root, "/large", "a", std::string(60 << 10, 'x')), fail(Errc::enospc));
}

TEST_F(PrepareTest, LimitTooSmallForTheBaseRootIsAnError) {
  EXPECT_EQ(error("[root]\ninode-limit = 3\n"),
            "site.toml:1:1: error: mount \"/\": its memory layer cannot be set up: No space left on device\n"
            "hint: raise memory-limit or inode-limit in [root]");
}

TEST_F(PrepareTest, StampsAreTheSourcesUntilPreparationEnds) {
  dir_.write_file("site.toml", "");
  const timespec old[2] = {{.tv_sec = 1000, .tv_nsec = 5}, {.tv_sec = 1000, .tv_nsec = 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir_ / "site.toml").c_str(), old, 0), 0);
  const PreparedRoot root = must(PreparedRoot::open(dir_ / "site.toml"));
  EXPECT_EQ(attr(root, "/home")->mtime, (Time{1000, 5}));
  ASSERT_TRUE(write(root, "/home", "a", "x"));
  EXPECT_GT(attr(root, "/home")->mtime.sec, 1000);
  EXPECT_GT(attr(root, "/home/a")->mtime.sec, 1000);
}

/// Every path below `path` with its inode number and times.
void list(const PreparedRoot& root, const std::string& path, Strings& out) {
  for (const std::string& name : names(root, path)) {
    const std::string child = (path == "/" ? "" : path) + "/" + name;
    const Result<Attr> found = attr(root, child);
    ASSERT_TRUE(found) << child;
    out.push_back(child + " " + std::to_string(found->ino) + " " + std::to_string(found->mtime.sec) + "." +
                  std::to_string(found->mtime.nsec) + " " + std::to_string(found->ctime.sec) + "." +
                  std::to_string(found->ctime.nsec));
    if (found->type == FileType::directory) list(root, child, out);
  }
}

TEST_F(PrepareTest, TwoRootsOfOneSourceHaveTheSameNumbersAndTimes) {
  dir_.write_file("data/sub/a", "a");
  test::WebcSpec spec = package("/v/deep", {webc_file("lib/x", "x", 77)});
  add_command(spec, "run", "program");
  write_package("p.webc", spec);
  const PreparedRoot first = open(
      kContainer +
      "[[mount]]\nguest = \"/s/t/u\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n"
      "[[mount]]\nguest = \"/m\"\ntype = \"memory\"\n[[mount]]\nguest = \"/etc/motd\"\ntype = \"static\"\n"
      "text = \"t\"\n[fs]\n\"/\" = \"data\"\n");
  Strings once;
  list(first, "/", once);
  ::usleep(20'000);
  const PreparedRoot second = must(PreparedRoot::open(dir_ / "site.toml"));
  Strings twice;
  list(second, "/", twice);
  EXPECT_EQ(once, twice);
  EXPECT_GT(once.size(), 25U);
}

}  // namespace
}  // namespace wasifs::plan
