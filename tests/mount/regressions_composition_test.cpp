// SPDX-License-Identifier: Apache-2.0
// What was reported about packages and directories that are put together into one
// root, and about being told what it consists of.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "regressions.h"

namespace wasifs::test {
namespace {

constexpr const char* kEmptyRoot = "[root]\nbase = \"empty\"\n";

// wasmer #6161
TEST_F(Regressions, APackageMountInsideAHostMountLeaksNothingToTheHost) {
  dir_.write_file("user/mine", "m");
  dir_.write_file("p.webc", package("/a/b", {webc_file("theirs", "t")}));
  mount(std::string(kEmptyRoot) + "[container]\nsource = \"p.webc\"\n[fs]\n\"/a\" = \"user\"\n");
  EXPECT_EQ(names("a"), "b\nmine\n");
  ASSERT_EQ(sh("echo new > a/b/new && echo host > a/host && rm a/b/theirs"), "");
  EXPECT_EQ(run_shell("find . | sort", dir_ / "user").out, ".\n./host\n./mine\n");
  mount(std::string(kEmptyRoot) +
        "[container]\nsource = \"p.webc\"\n"
        "[[mount]]\nguest = \"/a\"\ntype = \"host\"\nsource = \"user\"\nopaque = true\n");
  EXPECT_EQ(names("a"), "host\nmine\n") << "on demand the package stays out";
}

// wasmer #5728, #6111, #6146
TEST_F(Regressions, APackageAndTheFolderItIsMadeFromAreOneTree) {
  dir_.write_file("app/wasmer.toml",
                  "[fs]\n\"/srv\" = \"static\"\n\"/srv/in\" = \"more\"\n[[module]]\nname = \"m\"\nsource = "
                  "\"m.wasm\"\n[[command]]\nname = \"run\"\nmodule = \"m\"\nrunner = \"wasi\"\n");
  dir_.write_file("app/m.wasm", "program");
  dir_.write_file("app/static/a", "a");
  dir_.make_symlink("app/static/l", "a");
  dir_.write_file("app/more/b", "b");
  WebcSpec spec;
  spec.volumes["/static"] = {webc_file("a", "a"), webc_link("l", "a")};
  spec.volumes["/more"] = {webc_file("b", "b")};
  spec.atoms["m"] = "program";
  spec.manifest["commands"]["run"] = {{"runner", "https://webc.org/runner/wasi"},
                                      {"annotations", {{"atom", {{"name", "m"}}}}}};
  spec.manifest["package"]["fs"] = nlohmann::ordered_json::array(
      {{{"from", nullptr}, {"volume_name", "/static"}, {"mount_path", "/srv"}},
       {{"from", nullptr}, {"volume_name", "/more"}, {"mount_path", "/srv/in"}}});
  dir_.write_file("app.webc", write_webc(spec));
  const std::string print = "find . -printf '%P %y %l\\n' | sort && cat srv/l srv/in/b bin/run";
  mount("[container]\nsource = \"app\"\n");
  const std::string of_folder = sh(print);
  mount("[container]\nsource = \"app.webc\"\n");
  EXPECT_EQ(sh(print), of_folder);
  EXPECT_TRUE(of_folder.ends_with("abprogram")) << of_folder;
}

// wasmer #6391, #3678
TEST_F(Regressions, MountsInsideMountsAreAllThere) {
  for (const char* each : {"outer", "inner", "innermost", "beside"})
    dir_.write_file(std::string(each) + "/f", each);
  dir_.write_file("tool", "program");
  mount(std::string(kEmptyRoot) +
        "[fs]\n\"/a/b/c\" = \"innermost\"\n\"/a\" = \"outer\"\n\"/a/b\" = \"inner\"\n\"/a/d\" = \"beside\"\n"
        "[map-commands]\ntool = \"tool\"\n");
  EXPECT_EQ(sh("cat a/f a/b/f a/b/c/f a/d/f bin/tool"), "outerinnerinnermostbesideprogram");
  EXPECT_EQ(names("a"), "b\nd\nf\n");
  EXPECT_EQ(error_of(::rmdir(at("a/b").c_str())), EBUSY);
  EXPECT_EQ(used().first, 0U) << "no program was copied";
}

// wasmer #5799, dwarfs #154
TEST_F(Regressions, AddingPackagesCopiesNoneOfTheirFiles) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
  dir_.write_file("p.webc", package("/big", {webc_file("f", std::string(8 * kMebibyte, 'x'))}));
  std::string manifest = std::string(kEmptyRoot) + "memory-limit = \"1MiB\"\n";
  for (int i = 0; i < 40; ++i)
    manifest += "[[mount]]\nguest = \"/m" + std::to_string(i) + "\"\ntype = \"webc\"\nsource = \"p.webc\"\n";
  dir_.write_file("site.toml", manifest);
  const MountPoint point;
  Background program({WASIFS_PROGRAM, "mount", "-f", dir_ / "site.toml", point.path()});
  ASSERT_TRUE(eventually([&] { return ::access((point / "m39").c_str(), F_OK) == 0; }));
  EXPECT_EQ(run_shell("cat m*/f m*/*/f 2>/dev/null | wc -c", point.path()).out,
            std::to_string(40 * 8 * kMebibyte) + "\n");
  const Finished anonymous =
      run_shell("awk '/^RssAnon/ { print $2 }' status", "/proc/" + std::to_string(program.pid()));
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t kMost = 160 * kMebibyte;  // with the sanitizer's own
#else
  constexpr std::size_t kMost = 64 * kMebibyte;
#endif
  EXPECT_LT(std::stoul(anonymous.out), kMost / 1024) << "KiB of its own for 320 MiB of content";
}

// wasmer #4255, #6127, #4027
TEST_F(Regressions, AMappedDirectoryIsListedOnceBesideItsNeighbours) {
  dir_.write_file("top/dir/hidden", "h");
  dir_.write_file("top/plain", "p");
  dir_.write_file("mapped/f", "f");
  dir_.write_file("p.webc", package("/pkg", {webc_file("own", "o"), webc_file("dir/covered", "c")}));
  mount(std::string(kEmptyRoot) +
        "[container]\nsource = \"p.webc\"\n[fs]\n\"/\" = \"top\"\n\"/dir\" = \"mapped\"\n\"/new\" = "
        "\"mapped\"\n"
        "\"/pkg/dir\" = \"mapped\"\n\"/pkg/new\" = \"mapped\"\n");
  EXPECT_EQ(names("."), "dir\nnew\npkg\nplain\n");
  EXPECT_EQ(names("pkg"), "dir\nnew\nown\n");
  for (const char* name : {"dir", "new", "pkg/dir", "pkg/new"}) EXPECT_EQ(names(name), "f\n") << name;
}

// wasmer #3476, #3794, #4026
TEST_F(Regressions, RelativeMappingsOfTheCommandLineWorkInEitherOrder) {
  dir_.write_file("work/data/f", "f");
  dir_.write_file("site/manifest.toml", kEmptyRoot);
  const MountPoint point;
  const auto mounted = [&](const std::string& flags) {
    const Finished run =
        run_shell(std::string(WASIFS_PROGRAM) + " mount " + flags + " ../site/manifest.toml " + point.path(),
                  dir_ / "work");
    EXPECT_EQ(run.status, 0) << run.err;
    const std::string listed = run_shell("find . -type f", point.path()).out;
    EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
    return listed;
  };
  EXPECT_EQ(mounted("--volume data:guest/dir"), "./guest/dir/f\n");
  EXPECT_EQ(mounted("--volume ./data:/guest"), "./guest/f\n");
  EXPECT_EQ(mounted("--mapdir guest:data"), "./guest/f\n");
}

// wasmer #3492
TEST_F(Regressions, MappingsAtTheRootAreLayersInTheirOrder) {
  dir_.write_file("a/f", "a");
  dir_.write_file("a/a", "a");
  dir_.write_file("b/f", "b");
  dir_.write_file("b/b", "b");
  mount(std::string(kEmptyRoot) + "[fs]\n\"/\" = \"a\"\n\"/.\" = \"b\"\n");
  EXPECT_EQ(names("."), "a\nb\nf\n");
  EXPECT_EQ(content("f"), "a") << "the first wins";
  mount(std::string(kEmptyRoot) + "[fs]\n\"/x\" = \"a\"\n\"x/.\" = \"b\"\n");
  EXPECT_EQ(content("x/f"), "b") << "of two mappings elsewhere the last wins";
}

// wasmer #3744
TEST_F(Regressions, TheFsTableOfAPackageFolderIsObeyed) {
  dir_.write_file("app/wasmer.toml",
                  "[package]\nname = \"a/b\"\nversion = \"1.0.0\"\n[fs]\n\"/assets\" = \"static\"\n");
  dir_.write_file("app/static/index.html", "hello");
  const MountPoint point;
  for (const char* source : {"app", "app/wasmer.toml"}) {
    const Finished run = run_wasifs({"mount", dir_ / source, point.path()});
    ASSERT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(run_program({"cat", point / "assets/index.html"}).out, "hello") << source;
    EXPECT_EQ(run_wasifs({"unmount", point.path()}).status, 0);
  }
}

// dwarfs #324, #261, archivemount #37
TEST_F(Regressions, ChangesToAPackageAreGoneWithTheMountAndNeverReachItsFile) {
  const std::string bytes = package("/app", {webc_file("f", "packed"), webc_file("d/g", "g")});
  dir_.write_file("p.webc", bytes);
  const std::string manifest = "[container]\nsource = \"p.webc\"\n";
  mount(manifest);
  ASSERT_EQ(sh("cd app && echo changed > f && rm -r d && echo new > new"), "");
  EXPECT_EQ(sh("cd app && cat f new && ls -A"), "changed\nnew\nf\nnew\n");
  EXPECT_TRUE(dir_.read_file("p.webc") == bytes);
  mount(manifest);
  EXPECT_EQ(sh("cd app && cat f && find . | sort"), "packed.\n./d\n./d/g\n./f\n");
  EXPECT_TRUE(dir_.read_file("p.webc") == bytes);
}

// dwarfs #239
TEST_F(Regressions, SeveralPackagesMergeIntoOneDirectory) {
  dir_.write_file("a.webc", package("/v", {webc_file("both", "a"), webc_file("d/a", "a")}));
  dir_.write_file("b.webc", package("/v", {webc_file("both", "b"), webc_file("d/b", "b")}));
  mount(std::string(kEmptyRoot) +
        "[[mount]]\nguest = \"/m\"\ntype = \"overlay\"\nlayers = [\"a.webc#/v\", \"b.webc#/v\"]\n");
  EXPECT_EQ(sh("cd m && find . -type f | sort && cat both"), "./both\n./d/a\n./d/b\na");
}

// ratarmount #107
TEST_F(Regressions, ASourceCanBeMountedWithoutItsFirstDirectories) {
  dir_.write_file("p.webc",
                  package("/v", {webc_file("usr/share/www/index.html", "hello"), webc_file("usr/x", "x")}));
  mount(std::string(kEmptyRoot) +
        "[[mount]]\nguest = \"/srv\"\ntype = \"overlay\"\nlayers = [\"p.webc#/v:/usr/share/www\"]\n");
  EXPECT_EQ(sh("find srv | sort"), "srv\nsrv/index.html\n");
  EXPECT_EQ(content("srv/index.html"), "hello");
}

// fuse-archive #17 (of packages; there are no archives as layers)
TEST_F(Regressions, EmptyDirectoriesOfAPackageAreShown) {
  dir_.write_file("p.webc",
                  package("/app", {webc_dir("empty"), webc_dir("a/b/deep"), webc_file("a/f", "f")}));
  mount("[container]\nsource = \"p.webc\"\n");
  EXPECT_EQ(sh("cd app && find . | sort"), ".\n./a\n./a/b\n./a/b/deep\n./a/f\n./empty\n");
  EXPECT_EQ(names("app/empty"), "");
}

// mergerfs #1424, #1419
TEST_F(Regressions, TheDecisionInForceIsToldByThePlanByExplainAndByTheMount) {
  dir_.write_file("one/f", "1");
  dir_.write_file("two/f", "2");
  const std::string manifest = std::string(kEmptyRoot) +
                               "[fs]\n\"/data\" = \"one\"\n"
                               "[[mount]]\nguest = \"data\"\ntype = \"host\"\nsource = \"two\"\n";
  mount(manifest);
  EXPECT_EQ(content("data/f"), "2");
  std::array<char, 1000> value{};
  ASSERT_GT(::getxattr(at("data/f").c_str(), "user.wasifs.origin", value.data(), value.size()), 0);
  EXPECT_STREQ(value.data(), "host \"two\" path \"/f\"");
  const Finished explained =
      run_shell(std::string(WASIFS_PROGRAM) + " explain site.toml /data/f", dir_.string());
  EXPECT_NE(explained.out.find("host \"two\" path \"/f\""), std::string::npos) << explained.out;
  for (const std::string& told :
       {explained.out, run_shell(std::string(WASIFS_PROGRAM) + " plan site.toml", dir_.string()).out}) {
    EXPECT_NE(told.find("host \"two\" wins over host \"one\""), std::string::npos) << told;
    EXPECT_NE(told.find("two mounts at one path the later wins"), std::string::npos) << told;
  }
}

}  // namespace
}  // namespace wasifs::test
