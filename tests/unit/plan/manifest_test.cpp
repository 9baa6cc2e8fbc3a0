// SPDX-License-Identifier: Apache-2.0
#include "plan/manifest.h"

#include <gtest/gtest.h>

#include <limits>

#include "plan/layer_source.h"
#include "plan/reader.h"
#include "plan/size.h"

namespace wasifs::plan {
namespace {

Manifest parse(std::string_view text, const std::string& file = "dir/site.toml") {
  Outcome<Manifest> manifest = parse_manifest(text, file);
  if (!manifest) {
    ADD_FAILURE() << manifest.error().text();
    return {};
  }
  return *std::move(manifest);
}

TEST(Manifest, MayBeEmpty) {
  const Manifest manifest = parse("");
  EXPECT_FALSE(manifest.empty_base);
  EXPECT_EQ(manifest.conflict, ConflictMode::override_);
  EXPECT_FALSE(manifest.container);
  EXPECT_TRUE(manifest.mounts.empty());
}

TEST(Manifest, ReadsTheRoot) {
  const Manifest manifest = parse(
      "manifest-version = 1\n[root]\nbase = \"empty\"\nconflict = \"fail\"\nupper = \"memory\"\n"
      "memory-limit = \"256MiB\"\ninode-limit = 100000\n");
  EXPECT_TRUE(manifest.empty_base);
  EXPECT_EQ(manifest.conflict, ConflictMode::fail);
  EXPECT_EQ(manifest.memory_limit, 256ULL << 20U);
  EXPECT_EQ(manifest.inode_limit, 100000U);
  EXPECT_EQ(manifest.root_where, (SourceLocation{"dir/site.toml", 2, 1}));
}

TEST(Manifest, ReadsTheContainer) {
  const Manifest manifest = parse(
      "[container]\nsource = \"python.wasmer\"\ncommand = \"python\"\naccess = \"ro\"\n"
      "mounts = [{ guest = \"opt/./py\", volume = \"atom\", subpath = \"/lib//x\" }]\n");
  ASSERT_TRUE(manifest.container);
  EXPECT_EQ(manifest.container->source.path, "dir/python.wasmer");
  EXPECT_EQ(manifest.container->command->value, "python");
  EXPECT_EQ(manifest.container->access, Access::ro);
  ASSERT_EQ(manifest.container->mounts->size(), 1U);
  EXPECT_EQ(manifest.container->mounts->front().guest_path, "/opt/py");
  EXPECT_EQ(manifest.container->mounts->front().subpath, "lib/x");
}

TEST(Manifest, KeepsInjectedPackagesInOrder) {
  const Manifest manifest = parse("[[use]]\nsource = \"b.webc\"\n[[use]]\nsource = \"/a.webc\"\n");
  ASSERT_EQ(manifest.uses.size(), 2U);
  EXPECT_EQ(manifest.uses[0].path, "dir/b.webc");
  EXPECT_EQ(manifest.uses[1].path, "/a.webc");
}

TEST(Manifest, KeepsMountsAndFsEntriesInTheOrderOfTheDocument) {
  const Manifest manifest = parse(
      "[[mount]]\nguest = \"/1\"\ntype = \"memory\"\n[fs]\n\"/z\" = \"z\"\n\"/b\" = \"b\"\n"
      "[[mount]]\nguest = \"/4\"\ntype = \"memory\"\n");
  ASSERT_EQ(manifest.mounts.size(), 4U);
  EXPECT_EQ(manifest.mounts[0].guest_path, "/1");
  EXPECT_EQ(manifest.mounts[1].guest_path, "/z");
  EXPECT_EQ(manifest.mounts[2].guest_path, "/b");
  EXPECT_EQ(manifest.mounts[3].guest_path, "/4");
}

TEST(Manifest, GivesEveryTypeItsDefaultAccess) {
  const Manifest manifest = parse(R"(
[fs]
"/f" = "f"
[[mount]]
guest = "/h"
type = "host"
source = "h"
[[mount]]
guest = "/w"
type = "webc"
source = "w.webc"
[[mount]]
guest = "/m"
type = "memory"
[[mount]]
guest = "/s"
type = "static"
text = ""
[[mount]]
guest = "/o"
type = "overlay"
layers = ["o"]
)");
  ASSERT_EQ(manifest.mounts.size(), 6U);
  const Access expected[] = {Access::rw, Access::rw, Access::cow, Access::rw, Access::ro, Access::cow};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(manifest.mounts[i].access, expected[i]) << i;
}

TEST(Manifest, ReadsTheOptionsOfAMount) {
  const Manifest manifest = parse(
      "[[mount]]\nguest = \"data\"\ntype = \"host\"\nsource = \"./data\"\naccess = \"cow\"\nopaque = true\n"
      "on-conflict = \"fail\"\nsymlinks = \"deny\"\nquota = \"64MB\"\nupper = \"memory\"\n");
  ASSERT_EQ(manifest.mounts.size(), 1U);
  const MountEntry& mount = manifest.mounts.front();
  EXPECT_EQ(mount.guest.value, "data");
  EXPECT_EQ(mount.guest_path, "/data");
  EXPECT_EQ(mount.access, Access::cow);
  EXPECT_TRUE(mount.opaque);
  EXPECT_EQ(mount.on_conflict, ConflictMode::fail);
  EXPECT_EQ(mount.symlinks, Symlinks::deny);
  EXPECT_EQ(mount.quota, 64'000'000U);
  EXPECT_EQ(mount.layers.front().written, "./data");
  EXPECT_EQ(mount.layers.front().path, "dir/data");
  EXPECT_EQ(mount.layers.front().where, (SourceLocation{"dir/site.toml", 4, 10}));
}

TEST(Manifest, ReadsWhatMayBeCached) {
  const auto of_mount = [](const std::string& lines) {
    return parse("[[mount]]\nguest = \"/x\"\n" + lines).mounts.at(0).caching;
  };
  EXPECT_EQ(of_mount("type = \"host\"\nsource = \"a\"\n"), Caching::by_layer);
  EXPECT_EQ(of_mount("type = \"host\"\nsource = \"a\"\ncache = \"auto\"\n"), Caching::by_layer);
  EXPECT_EQ(of_mount("type = \"host\"\nsource = \"a\"\ncache = \"forever\"\n"), Caching::forever);
  EXPECT_EQ(of_mount("type = \"overlay\"\nlayers = [\"a\"]\ncache = \"forever\"\n"), Caching::forever);
  EXPECT_EQ(of_mount("type = \"webc\"\nsource = \"a.webc\"\ncache = \"none\"\n"), Caching::none);
  EXPECT_EQ(of_mount("type = \"memory\"\ncache = \"none\"\n"), Caching::none);
  EXPECT_EQ(parse("").caching, Caching::by_layer);
  EXPECT_EQ(parse("[root]\ncache = \"forever\"\n").caching, Caching::forever);
  EXPECT_EQ(parse("[container]\nsource = \"p.webc\"\n").container->caching, Caching::by_layer);
  EXPECT_EQ(parse("[container]\nsource = \"p.webc\"\ncache = \"none\"\n").container->caching, Caching::none);
}

TEST(Manifest, ReadsTheUpperOfTheRoot) {
  const Manifest beside = parse("[root]\nupper = \"./state/\"\n");
  ASSERT_TRUE(beside.upper);
  EXPECT_EQ(beside.upper->directory.kind, LayerSource::Kind::host);
  EXPECT_EQ(beside.upper->directory.written, "./state/");
  EXPECT_EQ(beside.upper->directory.path, "dir/state");
  EXPECT_EQ(beside.upper->directory.where, (SourceLocation{"dir/site.toml", 2, 9}));
  EXPECT_EQ(beside.upper->work, "dir/state.work");
  const Manifest named = parse("[root]\nupper = \"/var/state\"\nwork = \"w\"\n");
  ASSERT_TRUE(named.upper);
  EXPECT_EQ(named.upper->directory.path, "/var/state");
  EXPECT_EQ(named.upper->work, "dir/w");
  EXPECT_FALSE(parse("[root]\nupper = \"memory\"\n").upper);
  EXPECT_FALSE(parse("").upper);
}

TEST(Manifest, ReadsTheUpperOfAMount) {
  for (const std::string type :
       {"type = \"host\"\nsource = \"a\"\naccess = \"cow\"\n", "type = \"webc\"\nsource = \"a.webc\"\n",
        "type = \"overlay\"\nlayers = [\"a\"]\n"}) {
    const Manifest manifest =
        parse("[[mount]]\nguest = \"/x\"\n" + type + "upper = \"up\"\nwork = \"/tmp/w\"\n");
    ASSERT_EQ(manifest.mounts.size(), 1U) << type;
    ASSERT_TRUE(manifest.mounts.front().upper) << type;
    EXPECT_EQ(manifest.mounts.front().upper->directory.path, "dir/up");
    EXPECT_EQ(manifest.mounts.front().upper->work, "/tmp/w");
    EXPECT_EQ(manifest.mounts.front().access, Access::cow);
  }
}

TEST(Manifest, ReadsTheLayersOfAnOverlay) {
  const Manifest manifest = parse(
      "[[mount]]\nguest = \"/srv\"\ntype = \"overlay\"\nlayers = [\"./si#te\", \"base.webc#atom:/www/\", "
      "\"b.wasmer\"]\n");
  const auto& layers = manifest.mounts.front().layers;
  ASSERT_EQ(layers.size(), 3U);
  EXPECT_EQ(layers[0].kind, LayerSource::Kind::host);
  EXPECT_EQ(layers[0].path, "dir/si#te");
  EXPECT_EQ(layers[1].kind, LayerSource::Kind::webc);
  EXPECT_EQ(layers[1].path, "dir/base.webc");
  EXPECT_EQ(layers[1].volume, "atom");
  EXPECT_EQ(layers[1].subpath, "www");
  EXPECT_EQ(layers[2].kind, LayerSource::Kind::webc);
  EXPECT_EQ(layers[2].volume, "");
}

TEST(Manifest, TakesVolumeAndSubpathAsKeysToo) {
  const Manifest manifest = parse(
      "[[mount]]\nguest = \"/a\"\ntype = \"webc\"\nsource = \"a.webc\"\nvolume = \"/data\"\nsubpath = "
      "\"/x/./y\"\n");
  EXPECT_EQ(manifest.mounts.front().layers.front().volume, "/data");
  EXPECT_EQ(manifest.mounts.front().layers.front().subpath, "x/y");
}

TEST(Manifest, AllowsAnyBytesInAStaticText) {
  const Manifest manifest = parse("[[mount]]\nguest = \"/a\"\ntype = \"static\"\ntext = \"h\\u0000i\\n\"\n");
  EXPECT_EQ(manifest.mounts.front().text, std::string("h\0i\n", 4));
}

TEST(ParseSize, KnowsEveryUnit) {
  const std::pair<std::string_view, std::uint64_t> sizes[] = {
      {"0", 0},
      {"12", 12},
      {"3KiB", 3072},
      {"2MiB", 2U << 20U},
      {"1GiB", 1U << 30U},
      {"1TiB", 1ULL << 40U},
      {"3KB", 3000},
      {"2MB", 2'000'000},
      {"5GB", 5'000'000'000},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
      {"16777215TiB", 16777215ULL << 40U},
  };
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parse_size(text).value_or(~0ULL - 1), bytes) << text;
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "KiB", "-1", "+1", "1.5MiB", "1 MiB", "1kib", "1B", "0x10", "1MiB "}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_TRUE(parse_size(text).error().message.ends_with("is not a size")) << text;
  }
  for (const std::string_view text : {"18446744073709551616", "16777216TiB", "99999999999999999999GB"}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_TRUE(parse_size(text).error().message.ends_with("does not fit in 64 bits")) << text;
  }
}

TEST(ResolveSource, IsRelativeToTheFolderOfTheManifest) {
  EXPECT_EQ(resolve_source(folder_of("site.toml"), "./a"), "./a");
  EXPECT_EQ(resolve_source(folder_of("x/y/site.toml"), "././a/../b"), "x/y/a/../b");
  EXPECT_EQ(resolve_source(folder_of("/site.toml"), "a"), "/a");
  EXPECT_EQ(resolve_source(folder_of("x/site.toml"), "/a"), "/a");
  EXPECT_EQ(resolve_source(folder_of("x/site.toml"), "./"), "x/./");
}

}  // namespace
}  // namespace wasifs::plan
