// SPDX-License-Identifier: Apache-2.0
// Where `wasifs extract` and `unpack` write to, and where they refuse to.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "\"" WASIFS_PROGRAM "\" ";

class ExtractTarget : public testing::Test {
 protected:
  ExtractTarget() {
    dir_.write_file("site/index.html", "hello");
    dir_.write_file("site/sub/page", "page");
    dir_.make_symlink("site/link", "sub/page");
  }
  Ran extract(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"extract", dir_ / "site"});
    return run_cli(arguments);
  }
  /// `wasifs extract site WORDS`, run in the test's folder.
  Finished extract_here(const std::string& words) {
    return run_shell(kProgram + ("extract site " + words), dir_.string());
  }
  [[nodiscard]] std::string refusal(const std::string& output, const std::string& guest) const {
    return "error: cannot write \"" + output + "\": it is part of what is copied, as \"" + guest +
           "\"\nhint: name a place outside of \"" + (dir_ / "site") + "\"\n";
  }

  TempDir dir_;
};

// ---- Into what is copied -------------------------------------------------------

TEST_F(ExtractTarget, ADirectoryInTheSourceIsRefused) {
  dir_.make_dirs("site/there");
  dir_.make_symlink("by-link", "site/there");
  const std::vector<std::pair<std::string, std::string>> cases{
      {dir_ / "site/new", "/new"},  {dir_ / "site/new/", "/new"}, {dir_ / "site/there", "/there"},
      {dir_ / "by-link", "/there"}, {dir_ / "site", "/"},         {dir_ / "site/sub/../sub/x", "/sub/x"}};
  for (const auto& [output, guest] : cases) {
    const Ran ran = extract({"-o", output, "--overwrite"});
    EXPECT_EQ(ran.status, 2) << output;
    EXPECT_EQ(ran.err, refusal(output, guest));
  }
  EXPECT_FALSE(dir_.exists("site/new")) << "nothing is written";
  EXPECT_TRUE(fs::is_empty(dir_ / "site/there"));
}

TEST_F(ExtractTarget, ATarInTheSourceIsRefused) {
  for (const bool there : {false, true}) {
    if (there) dir_.write_file("site/sub/all.tar.gz", "old");
    const Ran ran = extract({"-o", dir_ / "site/sub/all.tar.gz"});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, refusal(dir_ / "site/sub/all.tar.gz", "/sub/all.tar.gz"));
    EXPECT_EQ(dir_.exists("site/sub/all.tar.gz"), there);
  }
  EXPECT_EQ(dir_.read_file("site/sub/all.tar.gz"), "old");
}

TEST_F(ExtractTarget, APartIsCopiedToAnotherPart) {
  EXPECT_EQ(extract({"/sub", "-o", dir_ / "site/copy"}).status, 0);
  EXPECT_EQ(dir_.read_file("site/copy/page"), "page");
  EXPECT_EQ(extract({"/sub", "-o", dir_ / "site/subway"}).status, 0) << "a longer name";
  EXPECT_EQ(extract({"/sub", "-o", dir_ / "site/sub.tar"}).status, 0);
  EXPECT_EQ(extract({"/index.html", "-o", dir_ / "site/file"}).status, 0);
  EXPECT_EQ(extract({"/sub", "-o", dir_ / "site/sub/page"}).status, 2);
}

TEST_F(ExtractTarget, OnlyWhatTheTreeShowsOfADirectoryCounts) {
  dir_.write_file("site.toml",
                  "[root]\nbase = \"empty\"\n"
                  "[[mount]]\nguest = \"/w\"\ntype = \"host\"\nsource = \"site\"\n"
                  "[[mount]]\nguest = \"/w/sub\"\ntype = \"memory\"\n");
  const Ran shown = run_cli({"extract", dir_ / "site.toml", "-o", dir_ / "site/out"});
  EXPECT_EQ(shown.status, 2);
  EXPECT_NE(shown.err.find("it is part of what is copied, as \"/w/out\"\n"
                           "hint: name a place outside of \"site\"\n"),
            std::string::npos)
      << shown.err;
  const Ran hidden = run_cli({"extract", dir_ / "site.toml", "-o", dir_ / "site/sub/out"});
  EXPECT_EQ(hidden.status, 0) << hidden.err;
  EXPECT_TRUE(dir_.exists("site/sub/out/w/index.html"));
}

// ---- Names of targets -----------------------------------------------------------

TEST_F(ExtractTarget, RelativeNamesAndLinksAreTargets) {
  dir_.make_dirs("real");
  dir_.make_dirs("deep");
  dir_.make_symlink("by-link", "real");
  for (const char* words : {"-o out", "-o ./dots/", "-o deep/../x", "-o by-link", "-o plain.tar",
                            "-o ./deep/../y.tgz", "/sub -o deep"}) {
    const Finished ran = extract_here(words);
    EXPECT_EQ(ran.status, 0) << words << ran.err;
  }
  for (const char* out : {"out", "dots", "x", "real"}) {
    EXPECT_EQ(dir_.read_file(std::string(out) + "/sub/page"), "page") << out;
  }
  EXPECT_EQ(dir_.read_file("deep/page"), "page");
  EXPECT_TRUE(fs::is_symlink(dir_ / "by-link"));
  for (const char* tar : {"plain.tar", "y.tgz"}) {
    EXPECT_EQ(run_cli({"cat", dir_ / tar, "/index.html"}).out, "hello") << tar;
  }
}

TEST_F(ExtractTarget, WhatCannotBeATargetSaysWhatToDo) {
  dir_.make_symlink("dangling", "nowhere");
  EXPECT_EQ(extract_here("-o no/such/out").err,
            "error: cannot make \"no/such/out\": No such file or directory\n"
            "hint: make the folder \"no/such\" first\n");
  EXPECT_EQ(extract_here("-o no/out.tar").err,
            "error: cannot write \"no/out.tar\": No such file or directory\n"
            "hint: make the folder \"no\" first\n");
  EXPECT_EQ(extract_here("-o dangling").err,
            "error: host directory \"dangling\" does not exist\n"
            "hint: it is a symlink to \"nowhere\", which does not exist\n");
  EXPECT_EQ(extract_here("-o site/index.html").status, 2);
}

TEST_F(ExtractTarget, AReadOnlyFileSystemIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount one";
  dir_.make_dirs("fixed");
  if (::mount("tmpfs", (dir_ / "fixed").c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
    GTEST_SKIP() << "no tmpfs";
  EXPECT_EQ(extract_here("-o fixed/out").err, "error: cannot make \"fixed/out\": Read-only file system\n");
  EXPECT_EQ(extract_here("-o fixed/a.tar").err,
            "error: cannot write \"fixed/a.tar\": Read-only file system\n");
  const Finished whole = extract_here("/sub -o fixed");
  EXPECT_EQ(whole.status, 6);
  EXPECT_NE(whole.err.find("error: cannot write \"fixed"), std::string::npos) << whole.err;
  EXPECT_NE(whole.err.find("Read-only file system\n"), std::string::npos) << whole.err;
  ::umount((dir_ / "fixed").c_str());
}

// ---- What is copied -------------------------------------------------------------

TEST_F(ExtractTarget, OneFileOrLinkGoesUnderItsName) {
  EXPECT_EQ(extract({"/sub/page", "-o", dir_ / "file"}).status, 0);
  EXPECT_EQ(dir_.read_file("file/page"), "page");
  EXPECT_EQ(extract({"/link", "-o", dir_ / "link"}).status, 0);
  EXPECT_EQ(fs::read_symlink(dir_ / "link/link"), "sub/page");
  EXPECT_EQ(extract({"/sub/page", "-o", dir_ / "file.tar"}).status, 0);
  EXPECT_EQ(run_cli({"ls", dir_ / "file.tar"}).out, run_cli({"ls", dir_ / "file"}).out);
  EXPECT_EQ(run_cli({"cat", dir_ / "file.tar", "/page"}).out, "page");
  EXPECT_EQ(extract({"/link", "-o", dir_ / "link.tar"}).status, 0);
  EXPECT_EQ(run_shell("tar -tf link.tar", dir_.string()).out, "link\n");
}

TEST_F(ExtractTarget, WhatIsNotThereIsSaidBeforeAnythingIsMade) {
  for (const char* output : {"out", "out.tar", "-"}) {
    const Ran ran = extract({"/sub/none", "-o", output == std::string("-") ? output : dir_ / output});
    EXPECT_EQ(ran.status, 6);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "error: cannot read \"/sub/none\": No such file or directory\n");
    EXPECT_FALSE(dir_.exists(output));
  }
}

TEST_F(ExtractTarget, AnOrdinaryUserIsToldOnceWhatCannotBeKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  fs::permissions(dir_.path(), fs::perms::all);
  dir_.write_file("site/sub/su", "x", 04755);
  const int status = as_nobody([&] {
    const Ran ran = extract({"/sub", "-o", dir_ / "out"});
    dir_.write_file("said", ran.err);
    return ran.status;
  });
  EXPECT_EQ(status, 0) << "losses are no failure";
  EXPECT_EQ(dir_.read_file("said"),
            "warning: owner of 3 entries cannot be kept: Operation not permitted; the first is \"/\"\n"
            "warning: set-id bit of 1 entry cannot be kept: Operation not permitted; the first is \"/su\"\n");
  EXPECT_EQ(dir_.read_file("out/page"), "page");
}

TEST_F(ExtractTarget, AFullDiskNamesTheTarAndLeavesNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
  dir_.make_dirs("small");
  if (::mount("tmpfs", (dir_ / "small").c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "no tmpfs";
  dir_.write_file("site/big", std::string(1'000'000, 'x'));
  const Finished tar = extract_here("-o small/a.tar");
  EXPECT_EQ(tar.status, 6);
  EXPECT_EQ(tar.err, "error: cannot write \"small/a.tar\": No space left on device\n");
  EXPECT_TRUE(fs::is_empty(dir_ / "small"));
  const Finished copy = extract_here("/big -o small/out");
  EXPECT_EQ(copy.status, 6);
  EXPECT_EQ(copy.err,
            "error: cannot write \"small/out/big\": No space left on device\n"
            "hint: what is whole stays; --overwrite goes on from there\n");
  EXPECT_TRUE(fs::is_empty(dir_ / "small/out"));
  ::umount((dir_ / "small").c_str());
}

// ---- Standard output ------------------------------------------------------------

TEST_F(ExtractTarget, AMinusIsATarToStandardOutput) {
  ASSERT_EQ(extract({"/sub", "-o", dir_ / "sub.tar"}).status, 0);
  const Ran ran = extract({"/sub", "-o", "-"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(ran.out == dir_.read_file("sub.tar"));
  EXPECT_EQ(extract_here("/sub -o - | tar -tf -").out, "./\npage\n");
}

TEST_F(ExtractTarget, UnpackWritesToStandardOutputAsWell) {
  dir_.write_file("demo.webc", demo_package());
  ASSERT_EQ(run_cli({"unpack", dir_ / "demo.webc", "-o", dir_ / "demo.tar"}).status, 0);
  const Ran ran = run_cli({"unpack", dir_ / "demo.webc", "-o", "-"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out == dir_.read_file("demo.tar"));
}

TEST_F(ExtractTarget, ATerminalGetsNoTar) {
  const Ran ran = run_cli({"extract", dir_ / "site", "-o", "-"}, {.out = true});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "error: -o -: a tar is nothing to show on a terminal\n"
            "hint: send it to a program or a file, or name one: -o FILE.tar\n");
}

TEST_F(ExtractTarget, WhoStopsReadingEndsItQuietly) {
  dir_.write_file("site/big", std::string(5'000'000, 'x'));
  const Finished ran =
      run_shell("{ " + std::string(kProgram) + "extract site -o - ; echo $? >&2; } | head -c 1 >/dev/null",
                dir_.string());
  EXPECT_EQ(ran.err, "1\n");
}

TEST_F(ExtractTarget, AnOutputThatIsFullIsAnError) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const Finished ran = extract_here("-o - >/dev/full");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "error: cannot write output: No space left on device\n");
}

}  // namespace
}  // namespace wasifs::test
