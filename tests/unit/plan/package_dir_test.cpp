// SPDX-License-Identifier: Apache-2.0
#include "plan/package_dir.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "inspect/walk.h"
#include "plan/pack.h"
#include "prepared.h"

namespace wasifs::plan {
namespace {

using Strings = std::vector<std::string>;

/// A package directory "app", composed as SOURCE.
class PackageDirTest : public PrepareTest {
 protected:
  void write_toml(std::string_view text) const { dir_.write_file("app/wasmer.toml", text); }
  [[nodiscard]] Outcome<PreparedRoot> try_app() const { return PreparedRoot::open(dir_ / "app"); }
  [[nodiscard]] PreparedRoot app() const { return must(try_app()); }
  [[nodiscard]] std::string app_error() const { return shown(try_app()); }
};

TEST_F(PackageDirTest, IsASourceByItsFolderOrItsFile) {
  write_toml("[fs]\n\"/data\" = \"static\"\n");
  dir_.write_file("app/static/a", "a");
  for (const std::string source : {"app", "app/", "app/wasmer.toml", "app/../app"}) {
    const PreparedRoot root = must(PreparedRoot::open(dir_ / source));
    EXPECT_EQ(content(root, "/data/a"), "a") << source;
    EXPECT_TRUE(exists(root, "/dev/null"));
  }
}

TEST_F(PackageDirTest, IsAContainerAnInjectedPackageAndAMount) {
  write_toml("[fs]\n\"/data\" = \"static\"\n");
  dir_.write_file("app/static/a", "a");
  EXPECT_EQ(content(open("[container]\nsource = \"app\"\n"), "/data/a"), "a");
  EXPECT_EQ(content(open("[container]\nsource = \"app/wasmer.toml\"\n"), "/data/a"), "a");
  EXPECT_EQ(content(open("[[use]]\nsource = \"app\"\n"), "/data/a"), "a");
  EXPECT_EQ(
      content(open("[container]\nsource = \"app\"\nmounts = [{ guest = \"/m\", volume = \"static\", subpath "
                   "= \"a\" }]\n"),
              "/m"),
      "a");
  const std::string mount = "[[mount]]\nguest = \"/m\"\ntype = \"webc\"\nsource = \"app\"\n";
  EXPECT_EQ(content(open(mount), "/m/a"), "a");
  dir_.write_file("app/static/in/b", "b");
  EXPECT_EQ(content(open(mount + "volume = \"static\"\nsubpath = \"in\"\n"), "/m/b"), "b");
  EXPECT_EQ(error(mount + "subpath = \"none\"\n"),
            "site.toml:4:10: error: mount \"/m\": package \"app\" volume \"/static\" path \"/none\": No such "
            "file or "
            "directory");
}

TEST_F(PackageDirTest, TakesChangesInMemory) {
  write_toml("[fs]\n\"/data\" = \"static\"\n\"/conf\" = \"conf\"\n");
  dir_.write_file("app/static/a", "a");
  dir_.write_file("app/conf", "c");
  const PreparedRoot root = app();
  ASSERT_TRUE(write(root, "/data", "b", "b"));
  EXPECT_EQ(content(root, "/data/b"), "b");
  EXPECT_EQ(content(root, "/conf"), "c");
  EXPECT_FALSE(dir_.exists("app/static/b"));
}

TEST_F(PackageDirTest, ShowsItsModulesAsCommands) {
  write_toml(
      "[[module]]\nname = \"m\"\nsource = \"out/m.wasm\"\n"
      "[[command]]\nname = \"run\"\nmodule = \"m\"\nrunner = \"wasi\"\n");
  dir_.write_file("app/out/m.wasm", "program");
  const PreparedRoot root = app();
  EXPECT_EQ(content(root, "/bin/run"), "program");
  EXPECT_EQ(content(root, "/usr/bin/run"), "program");
  EXPECT_EQ(attr(root, "/bin/run")->mode, 0555);
}

TEST_F(PackageDirTest, PutsPathsThatClimbIntoItself) {
  write_toml("[fs]\n\"/a\" = \"../secret\"\n\"/b\" = \"/secret\"\n\"/c\" = \"x/../../secret\"\n");
  dir_.write_file("secret/f", "outside");
  dir_.write_file("app/secret/f", "inside");
  const PreparedRoot root = app();
  for (const std::string path : {"/a/f", "/b/f", "/c/f"}) EXPECT_EQ(content(root, path), "inside");
  EXPECT_EQ(root.plan.mounts[1].lowers[0].volume, "/secret");
}

TEST_F(PackageDirTest, NeverReadsOutsideOfItself) {
  dir_.write_file("secret/f", "outside");
  dir_.make_dirs("app");
  const struct {
    std::string toml, error;
  } cases[] = {
      {"[fs]\n\"/a\" = \"../secret\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"../secret\" does not exist in the package's directory\n"
       "hint: a package holds all of its files: nothing outside of its directory is read"},
      {"[fs]\n\"/a\" = \"link\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"link\" does not exist in the package's directory"},
      {"[fs]\n\"/a\" = \"absolute\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"absolute\" does not exist in the package's directory"},
      {"[[module]]\nname = \"m\"\nsource = \"link/f\"\n",
       "app/wasmer.toml:3:10: error: module \"m\": \"link/f\" does not exist in the package's directory"},
      {"[[module]]\nname = \"m\"\nsource = \"/etc/passwd\"\n",
       "app/wasmer.toml:3:10: error: module \"m\": \"/etc/passwd\" does not exist in the package's "
       "directory\n"
       "hint: a package holds all of its files: nothing outside of its directory is read"},
  };
  dir_.make_symlink("app/link", "../secret");
  dir_.make_symlink("app/absolute", dir_ / "secret");
  for (const auto& one : cases) {
    write_toml(one.toml);
    EXPECT_EQ(app_error(), one.error);
    EXPECT_EQ(try_app().error().trouble, Trouble::source);
  }
}

TEST_F(PackageDirTest, FollowsSymlinksInsideOfItself) {
  write_toml("[fs]\n\"/a\" = \"link\"\n");
  dir_.write_file("app/real/f", "f");
  dir_.make_symlink("app/link", "/real");
  EXPECT_EQ(content(app(), "/a/f"), "f");
}

TEST_F(PackageDirTest, TakesAnAbsolutePathIntoItself) {
  write_toml("[fs]\n\"/a\" = \"" + dir_ / "app/static" + "\"\n");
  dir_.write_file("app/static/f", "f");
  const PreparedRoot root = app();
  EXPECT_EQ(content(root, "/a/f"), "f");
  EXPECT_EQ(root.plan.mounts[1].lowers[0].volume, dir_ / "app/static");
}

TEST_F(PackageDirTest, IsRefusedForWhatItDoesNotHave) {
  const struct {
    std::string toml, error;
  } cases[] = {
      {"[fs]\n\"/a\" = \"pipe\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"pipe\" is neither a directory nor a regular file"},
      {"[[module]]\nname = \"m\"\nsource = \"static\"\n",
       "app/wasmer.toml:3:10: error: module \"m\": \"static\" is no regular file"},
      {"[fs]\n\"/a\" = \"static/f/x\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"static/f/x\" does not exist in the package's directory"},
      {"[fs]\n\"/a\" = \"loop\"\n",
       "app/wasmer.toml:2:8: error: [fs] \"/a\": \"loop\": Too many levels of symbolic links"},
      {"[packge]\n",
       "app/wasmer.toml:1:2: error: unknown key \"packge\" in wasmer.toml\nhint: did you mean \"package\"?"},
  };
  dir_.write_file("app/static/f", "f");
  dir_.make_symlink("app/loop", "loop");
  ASSERT_EQ(::mkfifo((dir_ / "app/pipe").c_str(), 0600), 0);
  for (const auto& one : cases) {
    write_toml(one.toml);
    EXPECT_EQ(app_error(), one.error);
  }
  write_toml("[fs]\n\"/a\" = \"none\"\n");
  EXPECT_EQ(error("[container]\nsource = \"app\"\n"),
            "site.toml:2:10: error: container: package \"app\" cannot be opened\n"
            "  app/wasmer.toml:2:8: cause: [fs] \"/a\": \"none\" does not exist in the package's directory");
}

TEST_F(PackageDirTest, NeedsAWasmerToml) {
  dir_.make_dirs("plain");
  EXPECT_EQ(error("[container]\nsource = \"plain\"\n"),
            "site.toml:2:10: error: container: package \"plain\" cannot be opened\n"
            "  cause: \"plain\" is a directory without a wasmer.toml");
}

TEST_F(PackageDirTest, WithoutAPackageSectionHasNoName) {
  write_toml("[fs]\n\"/a\" = \"static\"\n");
  dir_.write_file("app/static/f", "f");
  const Outcome<PackageDir> opened = open_package_dir(dir_ / "app");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->info.manifest.name, "");
  EXPECT_EQ(opened->info.volumes, Strings{"/static"});
  EXPECT_EQ(content(app(), "/a/f"), "f");
}

TEST_F(PackageDirTest, KnowsTheSizesOfItsAtoms) {
  write_toml("[[module]]\nname = \"m\"\nsource = \"m.wasm\"\n");
  dir_.write_file("app/m.wasm", "12345");
  const Outcome<PackageDir> opened = open_package_dir(dir_ / "app");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->info.manifest.atoms.at(0).size, 5U);
}

// A package directory and the webc made from it.

/// Path, type, content, link target and whole seconds of modification; not mode,
/// owner and inode numbers, which a webc does not store, and of directories that
/// no layer has not the time, which is that of the SOURCE.
std::map<std::string, std::string> listing(const PreparedRoot& root) {
  std::map<std::string, std::string> found;
  const WalkableTree tree(*root.tree);
  walk(
      tree, tree.root(), "/", WalkOrder::preorder,
      [&](const WalkEntry& entry) {
        const std::string path(entry.path);
        std::string line = std::to_string(static_cast<int>(entry.attr.type));
        if (entry.attr.type == FileType::regular) line += " " + content(root, path);
        if (entry.attr.type == FileType::symlink) line += " -> " + entry.target;
        const bool stored = path.starts_with("/data") || path.starts_with("/etc/conf");
        if (stored) line += " @" + std::to_string(entry.attr.mtime.sec);
        found.emplace(path, std::move(line));
      },
      [](std::string_view path, Errc error) { ADD_FAILURE() << path << ": " << message(error); });
  return found;
}

void set_mtime(const std::string& path, time_t seconds) {
  const timespec times[] = {{.tv_sec = seconds, .tv_nsec = 500}, {.tv_sec = seconds, .tv_nsec = 500}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
}

TEST_F(PackageDirTest, ComposesToTheTreeOfTheWebcThatIsMadeFromIt) {
  write_toml(
      "[package]\nname = \"ns/app\"\nversion = \"1.0.0\"\n"
      "[fs]\n\"/data\" = \"./static\"\n\"etc/conf\" = \"z/../conf\"\n\"/data/over\" = \"../over\"\n"
      "[[module]]\nname = \"m\"\nsource = \"m.wasm\"\nabi = \"wasi\"\n"
      "[[command]]\nname = \"run\"\nmodule = \"m\"\nrunner = \"wasi\"\n");
  dir_.write_file("app/m.wasm", "program");
  dir_.write_file("app/static/a.txt", "a");
  dir_.write_file("app/static/sub/deep/b", "b");
  dir_.make_symlink("app/static/link", "sub/deep/b");
  dir_.make_symlink("app/static/absolute", "/a.txt");
  dir_.make_dirs("app/static/empty");
  dir_.write_file("app/conf/c", "c");
  dir_.write_file("app/over/o", "o");

  test::WebcSpec spec;
  spec.manifest = nlohmann::ordered_json::parse(R"({
    "package": {"wapm": {}, "fs": [
      {"from": null, "volume_name": "/static", "host_path": null, "mount_path": "/data"},
      {"from": null, "volume_name": "/conf", "host_path": null, "mount_path": "/etc/conf"},
      {"from": null, "volume_name": "/over", "host_path": null, "mount_path": "/data/over"}]},
    "commands": {"run": {"runner": "https://webc.org/runner/wasi",
      "annotations": {"atom": {"name": "m"}, "wasi": {"atom": "m"}}}},
    "entrypoint": "run"})");
  spec.atoms["m"] = "program";
  spec.volumes["metadata"] = {};
  time_t time = 1700000000;
  const auto pack = [&](const std::string& volume, std::vector<test::WebcEntry> entries) {
    // From the innermost on: changing what is in a directory dates it anew.
    for (test::WebcEntry& entry : entries) {
      entry.modified = static_cast<std::uint64_t>(++time);
      set_mtime(dir_ / ("app" + volume + (entry.path.empty() ? "" : "/") + entry.path), time);
    }
    spec.volumes[volume] = std::move(entries);
  };
  pack("/static",
       {test::webc_file("sub/deep/b", "b"), test::webc_dir("sub/deep"), test::webc_dir("sub"),
        test::webc_dir("empty"), test::webc_file("a.txt", "a"), test::webc_link("link", "sub/deep/b"),
        test::webc_link("absolute", "/a.txt"), test::webc_dir("")});
  pack("/conf", {test::webc_file("c", "c"), test::webc_dir("")});
  pack("/over", {test::webc_file("o", "o"), test::webc_dir("")});
  write_package("app.webc", spec);

  const PreparedRoot from_dir = app();
  const PreparedRoot from_webc = must(PreparedRoot::open(dir_ / "app.webc"));
  EXPECT_EQ(listing(from_dir), listing(from_webc));
  EXPECT_EQ(listing(from_dir).at("/data/sub/deep/b"), "0 b @1700000001");
  EXPECT_EQ(listing(from_dir).at("/bin/run"), "0 program");
  EXPECT_EQ(content(from_dir, "/data/absolute"), "a");
  EXPECT_EQ(content(from_webc, "/data/absolute"), "a");

  // And of the package that pack() makes of it, whose volumes have no times of their own.
  ASSERT_TRUE(plan::pack(dir_ / "app", dir_ / "packed.webc", {}));
  auto packed = listing(must(PreparedRoot::open(dir_ / "packed.webc")));
  auto folder = listing(from_dir);
  for (const char* top : {"/data", "/etc/conf", "/data/over"}) {
    EXPECT_TRUE(packed.at(top).ends_with(" @1")) << packed.at(top);
    packed.erase(top);
    folder.erase(top);
  }
  EXPECT_EQ(packed, folder);
}

}  // namespace
}  // namespace wasifs::plan
