// SPDX-License-Identifier: Apache-2.0
// `wasifs commit` of what an upper on the host holds: what it writes, and what it says.
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

class Commit : public testing::Test {
 protected:
  Commit() {
    dir_.write_file("low/a", "a");
    dir_.write_file("low/d/e", "e");
    dir_.write_file("low/data/f", "f");
    dir_.write_file("site.toml",
                    "[root]\nbase = \"empty\"\nupper = \"state\"\n[fs]\n\"/\" = \"low\"\n"
                    "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"low/data\"\naccess = \"cow\"\n"
                    "upper = \"data-state\"\n");
    const Outcome<PreparedRoot> root = PreparedRoot::open(site());
    EXPECT_TRUE(root) << root.error().text();
    EXPECT_TRUE(root->tree->write_file("/d/new", "n"));
    EXPECT_TRUE(root->tree->unlink("/a"));
    EXPECT_TRUE(root->tree->unlink("/data/f"));
    EXPECT_TRUE(root->tree->write_file("/data/g", "g"));
  }
  std::string site() { return dir_ / "site.toml"; }
  Ran commit(const std::string& source, std::vector<std::string> more) {
    more.insert(more.begin(), {"commit", source});
    return run_cli(more);
  }
  std::string names_of(const std::string& tar) {
    std::string names;
    const auto json = nlohmann::json::parse(run_cli({"export", tar}).out);
    for (const auto& entry : json["entries"]) {
      const auto path = entry["path"].get<std::string>();
      if (path.contains("/dev") || path == "/" || json_base(path)) continue;
      names += path + " ";
    }
    return names;
  }
  /// Of the default root, over which an archive is composed.
  static bool json_base(const std::string& path) {
    for (const char* base : {"/.app", "/.private", "/bin", "/etc", "/home", "/tmp"})
      if (path == base) return true;
    return false;
  }

  TempDir dir_;
};

TEST_F(Commit, OfACompositionIsOneLayerOfAllItsMounts) {
  const Ran ran = commit(site(), {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(names_of(dir_ / "layer.tar"), "/.wh.a /d /d/new /data /data/.wh.f /data/g ");
}

TEST_F(Commit, TellsWhatItWrote) {
  const Ran text = commit(site(), {"-o", dir_ / "layer.tar"});
  const Ran json = commit(site(), {"-o", dir_ / "layer.tar", "--json"});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto object = nlohmann::json::parse(json.out);
  EXPECT_EQ(text.out, "sha256:" + object["sha256"].get<std::string>() + "  " + (dir_ / "layer.tar") + "\n");
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["path"], dir_ / "layer.tar");
  EXPECT_EQ(object["entries"], 5);
  EXPECT_EQ(object["whiteouts"], 2);
  EXPECT_EQ(object["opaque"], 0);
}

TEST_F(Commit, OfTheUpperItselfIsTheSameLayer) {
  const Ran ran = commit(dir_ / "data-state", {"-o", dir_ / "data.tar.gz"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(names_of(dir_ / "data.tar.gz"), "/.wh.f /g ");
}

TEST_F(Commit, OfASourceWithoutAnUpperTakesOne) {
  const Ran ran = commit(dir_ / "low/data", {"--upper", dir_ / "data-state", "-o", dir_ / "data.tar"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(names_of(dir_ / "data.tar"), "/.wh.f /g ");
  const Ran none = commit(site(), {"--upper", dir_ / "none", "-o", dir_ / "data.tar"});
  EXPECT_EQ(none.status, 6);
  EXPECT_EQ(none.err, "error: the upper \"" + (dir_ / "none") +
                          "\" is no directory\nhint: name the directory that a mount has kept changes in\n");
}

TEST_F(Commit, OfNothingIsAnEmptyLayerAndSaysSo) {
  dir_.write_file("plain.toml", "[fs]\n\"/x\" = \"low\"\n");
  const Ran ran = commit(dir_ / "plain.toml", {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "note: nothing was changed in \"" + (dir_ / "plain.toml") + "\"; the layer is empty\n");
  EXPECT_EQ(dir_.read_file("layer.tar"), std::string(1024, '\0'));
}

TEST_F(Commit, WhatWasMovedNeedsTheLayersBelow) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's uppers keep moved directories";
  {
    const Outcome<PreparedRoot> root = PreparedRoot::open(site());
    ASSERT_TRUE(root) << root.error().text();
    ASSERT_TRUE(root->tree->rename("/d", "/moved"));
  }
  const Ran upper = commit(dir_ / "state", {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(upper.status, 6);
  EXPECT_EQ(upper.err,
            "error: \"/moved\" was moved there: what it shows lies in the layers below\n"
            "hint: give the composition that it is the upper of, or where that is mounted\n");
  EXPECT_FALSE(dir_.exists("layer.tar"));
  ASSERT_EQ(commit(site(), {"-o", dir_ / "layer.tar"}).status, 0);
  EXPECT_EQ(names_of(dir_ / "layer.tar"),
            "/.wh.a /.wh.d /data /data/.wh.f /data/g /moved /moved/e /moved/new ");
}

TEST_F(Commit, AFileWithoutContentNeedsTheLayersBelow) {
  const char* const mark = ::geteuid() == 0 ? "trusted.overlay.metacopy" : "user.overlay.metacopy";
  ASSERT_EQ(::setxattr((dir_ / "state/d/new").c_str(), mark, "", 0, 0), 0);
  const Ran ran = commit(dir_ / "state", {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err,
            "error: \"/d/new\" has no content of its own: that lies in the layers below\n"
            "hint: give the composition that it is the upper of, or where that is mounted\n");
}

TEST_F(Commit, OtherNamesOfAFileNeedTheLayersBelow) {
  ASSERT_EQ(::link((dir_ / "low/d/e").c_str(), (dir_ / "low/d/same").c_str()), 0);
  {
    const Outcome<PreparedRoot> root = PreparedRoot::open(site());
    ASSERT_TRUE(root) << root.error().text();
    ASSERT_TRUE(root->tree->write_file("/d/e", "new"));
  }
  const Ran upper = commit(dir_ / "state", {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(upper.status, 6);
  EXPECT_EQ(upper.err,
            "error: \"/d/e\" has other names, which lie in the layers below\n"
            "hint: give the composition that it is the upper of, or where that is mounted\n");
  ASSERT_EQ(commit(site(), {"-o", dir_ / "layer.tar"}).status, 0);
  EXPECT_EQ(names_of(dir_ / "layer.tar"), "/.wh.a /d /d/e /d/new /d/same /data /data/.wh.f /data/g ");
  EXPECT_EQ(run_cli({"cat", dir_ / "layer.tar", "/d/same"}).out, "new");
  // Once the upper has all names, it tells them.
  {
    const Outcome<PreparedRoot> root = PreparedRoot::open(site());
    ASSERT_TRUE(root) << root.error().text();
    ASSERT_TRUE(root->tree->rename("/d/same", "/d/renamed"));
  }
  const Ran all = commit(dir_ / "state", {"-o", dir_ / "layer.tar"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(names_of(dir_ / "layer.tar"), "/.wh.a /d /d/.wh.same /d/e /d/new /d/renamed ");
}

TEST_F(Commit, AnOutputInsideOfWhatIsReadIsRefused) {
  for (const std::string& source : {site(), dir_ / "state"}) {
    const Ran ran = commit(source, {"-o", dir_ / "state/d/layer.tar"});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "error: commit: \"" + (dir_ / "state/d/layer.tar") +
                           "\" would be a part of what it is made of\nhint: write it outside of \"" +
                           (dir_ / "state") + "\"\n");
    EXPECT_FALSE(dir_.exists("state/d/layer.tar"));
  }
}

TEST_F(Commit, WrongWordsAreToldApart) {
  const Ran name = commit(site(), {"-o", dir_ / "layer.zip"});
  EXPECT_EQ(name.status, 2);
  EXPECT_EQ(name.err, "error: commit: \"" + (dir_ / "layer.zip") +
                          "\" has the name of neither a layer nor a package\n"
                          "hint: *.tar, *.tar.gz, .bz2, .xz, .zst or .lz4, and *.webc are written\n");
  EXPECT_EQ(commit(site(), {}).status, 2);
  EXPECT_EQ(commit(dir_ / "none", {"-o", dir_ / "layer.tar"}).err,
            "error: source \"" + (dir_ / "none") + "\" does not exist\n");
}

TEST_F(Commit, AFailureLeavesWhatWasThere) {
  dir_.write_file("layer.tar", "before");
  {
    const Outcome<PreparedRoot> root = PreparedRoot::open(site());
    ASSERT_TRUE(root->tree->write_file("/.wh.x", ""));
  }
  EXPECT_EQ(commit(site(), {"-o", dir_ / "layer.tar"}).status, 6);
  EXPECT_EQ(dir_.read_file("layer.tar"), "before");
}

TEST(CommitAsAnOrdinaryUser, NeedsNoRightsAndTakesNoOwnerForAChange) {
  if (::geteuid() != 0) GTEST_SKIP() << "becomes another user";
  const TempDir dir;
  dir.write_file("low/a", "a");
  dir.write_file("site.toml", "[root]\nupper = \"state\"\n[fs]\n\"/\" = \"low\"\n");
  ASSERT_EQ(::chown(dir.string().c_str(), kNobody, kNobody), 0);
  enum { kFine, kNotEmpty, kNotChanged, kFailed };
  const int result = as_nobody([&]() -> int {
    const Ran nothing = run_cli({"commit", dir / "site.toml", "-o", dir / "nothing.tar"});
    if (nothing.status != 0 || !nothing.err.starts_with("note: nothing was changed")) return kNotEmpty;
    {
      const Outcome<PreparedRoot> root = PreparedRoot::open(dir / "site.toml");
      if (!root || !root->tree->unlink("/a") || !root->tree->write_file("/b", "b")) return kNotChanged;
    }
    for (const char* source : {"site.toml", "state"}) {
      const Ran ran = run_cli({"commit", dir / source, "-o", dir / (std::string(source) + ".tar")});
      if (ran.status != 0 || !ran.err.empty()) return kFailed;
    }
    return kFine;
  });
  EXPECT_EQ(result, kFine);
  EXPECT_EQ(dir.read_file("site.toml.tar"), dir.read_file("state.tar"));
}

}  // namespace
}  // namespace wasifs::test
