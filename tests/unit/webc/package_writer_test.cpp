// SPDX-License-Identifier: Apache-2.0
// Packages that we write: byte for byte those of the reference, whole or not there.
#include "fs/webc/writer.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include "base/path.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/package.h"
#include "support/temp_dir.h"
#include "support/webc_writer.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::webc {
namespace {

using test::TempDir;
using test::WebcEntry;
using test::WebcSpec;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What a spec of the tests' own writer describes, as layers.
class Layers {
 public:
  explicit Layers(const WebcSpec& spec) {
    for (const auto& [name, entries] : spec.volumes) {
      const auto fs = std::make_shared<MemoryFilesystem>();
      for (const WebcEntry& entry : entries) add(*fs, entry);
      set_times(*fs, entries);
      source.volumes.push_back({.name = name, .root = fs->root()});
      kept_.push_back(fs);
    }
    nlohmann::ordered_json manifest = spec.manifest;
    for (const auto& [name, bytes] : spec.atoms) {
      const auto fs = std::make_shared<MemoryFilesystem>();
      add(*fs, test::webc_file("atom", bytes));
      const NodeRef file = fs->root()->lookup("atom").value();
      const Digest digest = hash_content(*file, "atom").value();
      source.atoms.push_back({.name = name, .file = file, .sha256 = digest});
      manifest["atoms"][name] = {{"kind", "https://webc.org/kind/wasm"},
                                 {"signature", signature_text(digest)}};
      kept_.push_back(fs);
    }
    nlohmann::ordered_json::to_cbor(manifest, source.manifest);
  }

 private:
  std::vector<FilesystemPtr> kept_;  // dropped after the nodes

 public:
  PackageSource source;

 private:
  static void add(MemoryFilesystem& fs, const WebcEntry& entry) {
    NodeRef at = fs.root();
    const std::vector<std::string_view> names = split_path(entry.path);
    for (std::size_t i = 0; i + 1 < names.size(); ++i) at = directory(*at, names[i]);
    if (entry.kind == WebcEntry::Kind::directory) {
      (void)directory(*at, names.back());
    } else if (entry.kind == WebcEntry::Kind::symlink) {
      at->create(names.back(), {.type = FileType::symlink, .target = entry.data}).value();
    } else {
      const NodeRef file = at->create(names.back(), {}).value();
      const FilePtr open = file->open({.write = true}).value();
      if (!entry.data.empty()) open->write_at(0, std::as_bytes(std::span(entry.data))).value();
    }
  }
  static NodeRef directory(Node& parent, std::string_view name) {
    if (const auto there = parent.lookup(name)) return *there;
    return parent.create(name, {.type = FileType::directory, .mode = 0755}).value();
  }
  /// Directories that no entry speaks of have none, as the tests' writer has it.
  static void set_times(MemoryFilesystem& fs, const std::vector<WebcEntry>& entries) {
    std::vector<NodeRef> left{fs.root()};
    while (!left.empty()) {
      const NodeRef node = left.back();
      left.pop_back();
      EXPECT_TRUE(node->set_attr({.mtime = Time{}}));
      if (!node->is_directory()) continue;
      EXPECT_TRUE(node->open_dir().value()->read(0, [&](const DirEntry& entry) {
        left.push_back(node->lookup(entry.name).value());
        return true;
      }));
    }
    for (const WebcEntry& entry : entries) {
      NodeRef at = fs.root();
      for (const std::string_view name : split_path(entry.path)) at = at->lookup(name).value();
      EXPECT_TRUE(at->set_attr({.mtime = Time{.sec = static_cast<std::int64_t>(entry.modified)}}));
    }
  }
};

WebcSpec random_spec(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  const std::vector<std::string> names = {"a",  "b.txt", "lib",  "x y", "Z", "\xc3\xbcn\xc3\xaf",
                                          "-o", "0",     "lib2", "li"};
  WebcSpec spec;
  spec.manifest = {{"package", nlohmann::ordered_json::object()},
                   {"atoms", nlohmann::ordered_json::object()}};
  for (std::uint32_t v = below(4); v > 0; --v) {
    auto& entries = spec.volumes["/v" + std::to_string(below(100))];
    entries.clear();
    std::map<std::string, bool> taken;
    std::vector<std::string> folders{""};
    for (std::uint32_t i = below(30); i > 0; --i) {
      const std::string path = folders[below(static_cast<std::uint32_t>(folders.size()))] +
                               names[below(static_cast<std::uint32_t>(names.size()))];
      if (!taken.emplace(path, true).second) continue;
      const std::uint64_t modified = below(3) == 0 ? 0 : 1'700'000'000 + below(1000);
      const std::uint32_t kind = below(10);
      if (kind < 3) {
        entries.push_back(test::webc_dir(path, modified));
        folders.push_back(path + "/");
      } else if (kind < 4) {
        entries.push_back(test::webc_link(path, "../" + names[below(4)], modified));
      } else {
        entries.push_back(test::webc_file(path, std::string(below(3) == 0 ? 0 : below(5000), 'x'), modified));
      }
    }
  }
  for (std::uint32_t a = below(3); a > 0; --a)
    spec.atoms["atom" + std::to_string(a)] = std::string(below(3000), 'w');
  return spec;
}

TEST(PackageWriter, WritesWhatTheTestsOwnWriterDoes) {
  const TempDir dir;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const WebcSpec spec = random_spec(seed);
    const Layers layers(spec);
    const std::string path = dir / "p.webc";
    const auto written = write_package(layers.source, path);
    ASSERT_TRUE(written) << written.error().text();
    ASSERT_EQ(test::webc_sha256(read_file(path)), test::webc_sha256(write_webc(spec))) << seed;
    const auto package = Package::open(path).value();
    EXPECT_TRUE(package->verify()) << seed;
  }
}

TEST(PackageWriter, TheOrderOfWhatIsGivenDoesNotMatter) {
  const TempDir dir;
  const WebcSpec spec = random_spec(7);
  Layers layers(spec);
  ASSERT_TRUE(write_package(layers.source, dir / "a.webc"));
  std::ranges::reverse(layers.source.volumes);
  std::ranges::reverse(layers.source.atoms);
  ASSERT_TRUE(write_package(layers.source, dir / "b.webc"));
  EXPECT_EQ(read_file(dir / "a.webc"), read_file(dir / "b.webc"));
}

TEST(PackageWriter, ADirectoryOfTheHostIsAVolume) {
  const TempDir dir;
  dir.write_file("site/sub/f", "content");
  dir.make_symlink("site/l", "sub/f");
  std::filesystem::create_hard_link(dir / "site/sub/f", dir / "site/again");
  const FilesystemPtr host = HostFilesystem::open(dir / "site", {.read_only = true}).value();
  PackageSource source{
      .manifest = "\xa0", .volumes = {{.name = "/site", .root = host->root()}}, .newest = 1000};
  ASSERT_TRUE(write_package(source, dir / "p.webc"));
  const auto package = Package::open(dir / "p.webc").value();
  const FilesystemPtr volume = package->volume("/site");
  EXPECT_EQ(volume->root()->lookup("again").value()->attr().value().size, 7U) << "a file of its own";
  EXPECT_EQ(volume->root()->lookup("l").value()->read_link().value().text, "sub/f");
  EXPECT_EQ(volume->root()->lookup("again").value()->attr().value().mtime.sec, 1000) << "none is newer";
  EXPECT_TRUE(package->verify());
}

/// A volume that does something while it is packed.
class Restless final : public FilesystemWrapper {
 public:
  Restless(FilesystemPtr inner, Operation when, std::function<void()> what)
      : FilesystemWrapper(std::move(inner)), when_(when), what_(std::move(what)) {}

 private:
  Status before(const Call& call) override {
    if (call.operation == when_ && what_) std::exchange(what_, nullptr)();
    return {};
  }
  const Operation when_;
  std::function<void()> what_;
};

TEST(PackageWriter, WhatChangesMeanwhileIsAnError) {
  const TempDir dir;
  dir.write_file("v/f", "content");
  const auto error_when = [&](const std::function<void()>& change) {
    dir.write_file("v/f", "content");
    const auto fs =
        std::make_shared<Restless>(HostFilesystem::open(dir / "v", {}).value(), Operation::open, change);
    const auto written =
        write_package({.manifest = "\xa0", .volumes = {{.name = "/v", .root = fs->root()}}}, dir / "p.webc");
    EXPECT_FALSE(dir.exists("p.webc"));
    return written ? "no error" : written.error().text();
  };
  EXPECT_EQ(error_when([&] { dir.write_file("v/f", "content and more"); }),
            "error: volume \"/v\": \"/f\" became longer while it was packed");
  EXPECT_EQ(error_when([&] { dir.write_file("v/f", ""); }),
            "error: volume \"/v\": \"/f\" became shorter while it was packed");
}

TEST(PackageWriter, AnAtomIsWhatItsSignatureSays) {
  const TempDir dir;
  WebcSpec spec;
  spec.atoms["a"] = "program";
  Layers layers(spec);
  layers.source.atoms[0].sha256[0] ^= 1;
  EXPECT_EQ(write_package(layers.source, dir / "p.webc").error().text(),
            "error: atom \"a\" has changed while it was packed");
  EXPECT_FALSE(dir.exists("p.webc"));
}

TEST(PackageWriter, WhatAPackageCannotHoldIsNamed) {
  const TempDir dir;
  const auto error_of = [&](const std::function<void(const std::string&)>& make) {
    const TempDir volume;
    volume.make_dirs("sub");
    make(volume / "sub");
    const FilesystemPtr fs = HostFilesystem::open(volume.string(), {}).value();
    const auto written =
        write_package({.manifest = "\xa0", .volumes = {{.name = "/v", .root = fs->root()}}}, dir / "p.webc");
    return written ? "no error" : written.error().text();
  };
  EXPECT_EQ(error_of([](const std::string& at) { ::mkfifo((at + "/pipe").c_str(), 0600); }),
            "error: volume \"/v\": \"/sub/pipe\" is a special file, which a package cannot hold");
  EXPECT_EQ(
      error_of([](const std::string& at) { std::ofstream(at + "/caf\xe9"); }),
      "error: volume \"/v\": \"/sub/caf\\xe9\" has a name that is no UTF-8, which a package cannot hold");
  EXPECT_EQ(error_of([](const std::string& at) { std::filesystem::create_symlink("\xff", at + "/l"); }),
            "error: volume \"/v\": \"/sub/l\" is a symlink whose text is no UTF-8");
  EXPECT_EQ(error_of([](const std::string&) {}), "no error");
}

TEST(PackageWriter, TwoOfOneNameAreRefused) {
  WebcSpec spec;
  spec.volumes["/v"] = {};
  spec.atoms["a"] = "x";
  const Layers again(spec);
  Layers layers(spec);
  layers.source.volumes.push_back(again.source.volumes[0]);
  EXPECT_EQ(write_package(layers.source, "p.webc").error().text(), "error: two volumes have the name \"/v\"");
  layers.source.volumes.pop_back();
  layers.source.atoms.push_back(again.source.atoms[0]);
  EXPECT_EQ(write_package(layers.source, "p.webc").error().text(), "error: two atoms have the name \"a\"");
}

TEST(PackageWriter, NamesAreUtf8) {
  WebcSpec spec;
  spec.volumes["/caf\xe9"] = {};
  EXPECT_EQ(write_package(Layers(spec).source, "p.webc").error().text(),
            "error: the name \"/caf\\xe9\" among the volumes is no UTF-8, which a package cannot hold");
}

TEST(PackageWriter, AFullDiskLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
  const TempDir dir;
  dir.make_dirs("small");
  if (::mount("tmpfs", (dir / "small").c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "no tmpfs";
  WebcSpec spec;
  spec.volumes["/v"] = {test::webc_file("f", std::string(200'000, 'x'))};
  EXPECT_EQ(write_package(Layers(spec).source, dir / "small/p.webc").error().text(),
            "error: cannot write \"" + (dir / "small/p.webc") + "\": No space left on device");
  EXPECT_TRUE(std::filesystem::is_empty(dir / "small"));
  ::umount((dir / "small").c_str());
}

TEST(PackageWriter, DeepTreesCostNoStack) {
  const TempDir dir;
  std::string path = "d";
  for (int i = 1; i < 3000; ++i) path += "/d";
  WebcSpec spec;
  spec.volumes["/v"] = {test::webc_file(path + "/f", "deep")};
  const Layers layers(spec);
  ASSERT_TRUE(write_package(layers.source, dir / "p.webc"));
  EXPECT_EQ(Package::open(dir / "p.webc").value()->volumes()[0].directories, 3000U);
}

}  // namespace
}  // namespace wasifs::webc
