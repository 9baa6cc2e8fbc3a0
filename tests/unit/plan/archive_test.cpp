// SPDX-License-Identifier: Apache-2.0
// Archives in manifests and as SOURCE: what is composed of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "inspect/tar_sink.h"
#include "inspect/tree_copy.h"
#include "plan/manifest.h"
#include "support/temp_dir.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

class ArchivePlan : public testing::Test {
 protected:
  /// A tar of files with those paths and contents.
  void write_tar(const std::string& name, const std::vector<std::pair<std::string, std::string>>& files) {
    const Tree tree(MountTable(std::make_shared<MemoryFilesystem>()));
    for (const auto& [path, text] : files) {
      const std::size_t slash = path.rfind('/');
      ASSERT_TRUE(slash == 0 || tree.make_dirs(path.substr(0, slash)));
      ASSERT_TRUE(tree.write_file(path, text));
    }
    const auto sink = TarSink::create(dir_ / name).value();
    ASSERT_TRUE(copy_tree(tree, "/", *sink));
    ASSERT_TRUE(sink->finish());
  }
  std::string manifest(std::string_view text) {
    dir_.write_file("site.toml", text);
    return dir_ / "site.toml";
  }
  /// The names in a directory, or the error.
  static std::string names(const Outcome<PreparedRoot>& root, std::string_view path) {
    if (!root) return root.error().text();
    const auto items = root->tree->read_dir(path);
    if (!items) return message(items.error());
    std::vector<std::string> sorted;
    for (const DirItem& item : *items) sorted.push_back(item.name);
    std::ranges::sort(sorted);
    std::string out;
    for (const std::string& name : sorted) out += (out.empty() ? "" : " ") + name;
    return out;
  }

  TempDir dir_;
};

TEST_F(ArchivePlan, AnArchiveIsASourceByItsNameOrItsBytes) {
  write_tar("a.tar.gz", {{"/x/a", "a"}});
  std::filesystem::rename(dir_ / "a.tar.gz", dir_ / "a.bin");
  write_tar("a.tar", {{"/x/a", "a"}});
  for (const std::string name : {"a.tar", "a.bin"}) {
    const auto root = PreparedRoot::open(dir_ / name);
    EXPECT_EQ(names(root, "/x"), "a") << name;
    EXPECT_EQ(root->tree->read_file("/x/a"), "a");
    EXPECT_TRUE(root->tree->stat("/dev/null")) << "around it is the root of a guest";
    ASSERT_TRUE(root->tree->write_file("/x/b", "b")) << "changes go to memory";
    EXPECT_EQ(root->plan.mounts.front().lowers.front().kind, LayerKind::archive);
  }
}

TEST_F(ArchivePlan, ItIsMountedWhereAManifestSays) {
  write_tar("a.tar", {{"/x/a", "a"}, {"/x/y/b", "b"}});
  const auto root = PreparedRoot::open(
      manifest("[[mount]]\nguest = \"/all\"\ntype = \"archive\"\nsource = \"a.tar\"\n"
               "[[mount]]\nguest = \"/part\"\ntype = \"archive\"\nsource = \"a.tar\"\nsubpath = "
               "\"x\"\naccess = \"ro\"\n"
               "[[mount]]\nguest = \"/file\"\ntype = \"archive\"\nsource = \"a.tar\"\nsubpath = \"x/a\"\n"));
  EXPECT_EQ(names(root, "/all/x"), "a y");
  EXPECT_EQ(names(root, "/part"), "a y");
  EXPECT_EQ(root->tree->read_file("/file"), "a");
  EXPECT_TRUE(root->tree->write_file("/all/x/new", "n"));
  EXPECT_EQ(root->tree->write_file("/part/new", "n").error(), Errc::erofs);
}

TEST_F(ArchivePlan, WhiteoutsAreHonouredOnDemand) {
  dir_.write_file("base/d/old", "old");
  dir_.write_file("base/gone", "gone");
  write_tar("layer.tar", {{"/.wh.gone", ""}, {"/d/.wh..wh..opq", ""}, {"/d/new", "new"}});
  const std::string mount =
      "[[mount]]\nguest = \"/m\"\ntype = \"overlay\"\nlayers = [\"layer.tar\", \"base\"]\n";
  const auto plain = PreparedRoot::open(manifest(mount));
  EXPECT_EQ(names(plain, "/m"), ".wh.gone d gone");
  EXPECT_EQ(names(plain, "/m/d"), ".wh..wh..opq new old");
  const auto oci = PreparedRoot::open(manifest(mount + "whiteouts = \"oci\"\n"));
  EXPECT_EQ(names(oci, "/m"), "d");
  EXPECT_EQ(names(oci, "/m/d"), "new");
  EXPECT_TRUE(oci->tree->list_xattrs(oci->tree->resolve("/m/d").value()).value().empty());
  const auto alone = PreparedRoot::open(
      manifest("[[mount]]\nguest = \"/m\"\ntype = \"archive\"\nsource = \"layer.tar\"\naccess = \"ro\"\n"
               "whiteouts = \"oci\"\n"));
  EXPECT_EQ(names(alone, "/m"), "d") << "there is nothing to be deleted";
}

TEST_F(ArchivePlan, OneArchiveIsOpenedOnce) {
  write_tar("a.tar.gz", {{"/x", "x"}});
  const std::string mounts =
      "[[mount]]\nguest = \"/1\"\ntype = \"archive\"\nsource = \"a.tar.gz\"\n"
      "[[mount]]\nguest = \"/2\"\ntype = \"archive\"\nsource = \"a.tar.gz\"\n";
  const auto root = PreparedRoot::open(manifest(mounts));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->tree->view("/1/x").value()->bytes.data(), root->tree->view("/2/x").value()->bytes.data());
}

TEST_F(ArchivePlan, WhatIsWrongNamesThePlace) {
  dir_.write_file("bad.tar", std::string(2000, 'x'));
  const auto text = [this](const std::string& body) {
    std::string shown = names(PreparedRoot::open(manifest("[[mount]]\nguest = \"/m\"\n" + body)), "/");
    for (std::size_t at; (at = shown.find(dir_.string() + "/")) != std::string::npos;) {
      shown.erase(at, dir_.string().size() + 1);
    }
    return shown;
  };
  EXPECT_EQ(text("type = \"archive\"\nsource = \"bad.tar\"\n"),
            "site.toml:4:10: error: mount \"/m\": archive \"bad.tar\" cannot be used\n"
            "  cause: archive \"bad.tar\": Unrecognized archive format\n"
            "hint: wasifs reads tar and cpio (plain, or with gzip, bzip2, xz, zstd or lz4), zip, 7z and "
            "ISO 9660");
  EXPECT_EQ(text("type = \"archive\"\nsource = \"none.tar\"\n"),
            "site.toml:4:10: error: mount \"/m\": archive \"none.tar\" cannot be used\n"
            "  cause: cannot open archive \"none.tar\": No such file or directory");
  EXPECT_EQ(text("type = \"archive\"\nsource = \"bad.tar\"\naccess = \"rw\"\n"),
            "site.toml:5:10: error: a mount of type \"archive\" cannot have access \"rw\": use \"cow\" or "
            "\"ro\"\nhint: "
            "with \"cow\" changes go to memory, or to a host directory that \"upper\" names");
  EXPECT_EQ(
      text("type = \"archive\"\nsource = \"bad.tar\"\nwhiteouts = \"ocl\"\n"),
      "site.toml:5:13: error: \"whiteouts\" must be \"none\" or \"oci\", not \"ocl\"\nhint: did you mean "
      "\"oci\"?");
  EXPECT_EQ(text("type = \"archive\"\nsource = \"bad.tar\"\nsymlinks = \"deny\"\n"),
            "site.toml:5:1: error: \"symlinks\" does not belong to a mount of type \"archive\"");
  EXPECT_EQ(text("type = \"archive\"\nsource = \"bad.tar\"\nsubpath = \"../x\"\n"),
            "site.toml:5:11: error: \"subpath\" must not contain \"..\"");
  EXPECT_EQ(text("type = \"archive\"\n"), "site.toml:1:1: error: [[mount]] has no \"source\"");
}

TEST_F(ArchivePlan, ASubpathThatIsNotThereIsASource) {
  write_tar("a.tar", {{"/x", "x"}});
  const auto root = PreparedRoot::open(
      manifest("[[mount]]\nguest = \"/m\"\ntype = \"archive\"\nsource = \"a.tar\"\nsubpath = \"y\"\n"));
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::source);
  EXPECT_TRUE(root.error().message.ends_with(" path \"/y\": No such file or directory"))
      << root.error().text();
}

}  // namespace
}  // namespace wasifs::test
