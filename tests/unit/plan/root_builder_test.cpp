// SPDX-License-Identifier: Apache-2.0
#include "wasifs/root_builder.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <random>
#include <sstream>
#include <utility>

#include "compose/overlay.h"
#include "planning.h"
#include "prepared.h"
#include "wasifs/filesystems.h"

namespace wasifs::plan {
namespace {

/// The tree without the times of what composing makes: each root is made when it is.
std::string tree_text(const PreparedRoot& root) {
  std::ostringstream out;
  EXPECT_TRUE(root.tree->walk("/", [&](const Visited& visited) {
    const Attr attr = root.tree->attr(visited.node).value();
    out << visited.path << " " << static_cast<int>(attr.type) << " " << std::oct << attr.mode << std::dec
        << " " << attr.nlink << " " << attr.uid << " " << attr.gid << " " << attr.rdev << " ";
    if (attr.type == FileType::regular) out << root.tree->read_file(visited.path).value();
    if (attr.type == FileType::symlink) out << root.tree->read_link(visited.node)->text;
    out << " " << root.tree->read_only(visited.node) << " "
        << root.tree->provenance(visited.node).shown()->origin.text() << "\n";
    return WalkNext::on;
  }));
  return out.str();
}

/// Every layer, access and decision of a plan, and the whole tree, as text.
std::string whole_text(const PreparedRoot& root) {
  std::ostringstream out;
  for (const std::string& line : layers(root.plan)) out << line << "\n";
  for (const PlannedMount& mount : root.plan.mounts) out << static_cast<int>(mount.access) << mount.opaque;
  out << "\n";
  for (const Decision& one : root.plan.decisions) {
    out << one.guest << ": " << one.kept << " > " << one.dropped << " because " << one.rule << "\n";
  }
  for (const PlannedCommand& one : root.plan.commands) out << one.name << " " << one.origin << "\n";
  for (const Diagnostic& one : root.plan.warnings) out << one.message << "\n";
  const RunSpec& run = root.plan.run;
  for (const std::string& arg : run.argv) out << arg << "\n";
  for (const EnvVar& one : run.env) out << one.name << "=" << one.value << "\n";
  for (const Preopen& one : run.preopens) {
    out << one.alias << ":" << one.path << one.rights.read << one.rights.write << one.rights.create << "\n";
  }
  return out.str() + run.cwd + "\n" + tree_text(root);
}

class RootBuilderTest : public PrepareTest {
 protected:
  void SetUp() override {
    for (const std::string folder : {"d0", "d1", "d2"}) {
      dir_.write_file(folder + "/name", folder);
      dir_.write_file(folder + "/in/" + folder, "x");
      dir_.write_file(folder + "/a/b/c", folder);
    }
    for (const std::string guest : {"/p0", "/p1"}) {
      test::WebcSpec spec;
      spec.manifest = {
          {"package", {{"fs", {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", guest}}}}}}};
      spec.volumes["/v"] = {test::webc_file("file" + guest.substr(1), guest)};
      write_package(guest.substr(1) + ".webc", spec);
    }
  }

  [[nodiscard]] FilesystemPtr folder(std::string_view name) const {
    return host_filesystem(dir_ / name).value();
  }
  [[nodiscard]] std::string host_mount(std::string_view guest, std::string_view name,
                                       std::string_view access) const {
    // A manifest is warned where it says "ro" at the root; a builder says something in any case.
    const bool at_root = guest == "/" || guest == ".";
    return host(guest, dir_ / name, at_root ? "" : "access = \"" + std::string(access) + "\"");
  }
  [[nodiscard]] static std::string refused(const RootBuilder& builder) {
    const Outcome<PreparedRoot> root = builder.build();
    if (root) return "no error";
    EXPECT_EQ(root.error().trouble, Trouble::usage);
    return root.error().message;
  }
};

TEST_F(RootBuilderTest, NothingAddedIsTheEmptyManifest) {
  EXPECT_EQ(whole_text(must(RootBuilder().build())), whole_text(open("")));
  EXPECT_EQ(whole_text(must(RootBuilder().empty_base().build())),
            whole_text(open("[root]\nbase = \"empty\"\n")));
}

TEST_F(RootBuilderTest, RandomCompositionsEqualTheirManifests) {
  std::mt19937 random{20240301};
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  constexpr std::array kGuests = {"/", "/a", "/a/b", "/in", "x/y", "/tmp/../etc", "/bin", "."};
  constexpr std::array kAccess = {std::pair{"rw", Access::rw}, std::pair{"cow", Access::cow},
                                  std::pair{"ro", Access::ro}};
  for (int round = 0; round < 60; ++round) {
    RootBuilder builder;
    std::string manifest;
    if (below(4) == 0) {
      builder.empty_base();
      manifest = "[root]\nbase = \"empty\"\n";
    }
    for (std::size_t i = below(5); i > 0; --i) {
      const char* guest = kGuests[below(kGuests.size())];
      const auto& [word, access] = kAccess[below(kAccess.size())];
      const std::string name = "d" + std::to_string(below(3));
      builder.add_mount(guest, folder(name), access);
      manifest += host_mount(guest, name, word);
    }
    for (const std::string name : {"p0.webc", "p1.webc"}) {
      if (below(3) != 0) continue;
      builder.inject(dir_ / name);
      manifest += "[[use]]\nsource = \"" + (dir_ / name) + "\"\n";
    }
    ASSERT_EQ(whole_text(must(builder.build())), whole_text(open(manifest))) << manifest;
  }
}

TEST_F(RootBuilderTest, TheRunIsThatOfTheManifest) {
  RootBuilder builder;
  builder.add_mount("/data", folder("d0"), Access::ro).add_arg("one").add_arg("").add_env("LANG", "C");
  builder.add_env("A", "1=2")
      .cwd("/job/./here")
      .add_preopen({.alias = "", .path = "/data", .rights = {.read = true}});
  builder.add_preopen({.alias = "//home", .path = "/home/", .rights = {.create = true}});
  EXPECT_EQ(whole_text(must(builder.build())),
            whole_text(open(host_mount("/data", "d0", "ro") +
                            "[run]\nargs = [\"one\", \"\"]\nenv = { LANG = \"C\", A = \"1=2\" }\n"
                            "cwd = \"/job/./here\"\n"
                            "[[preopen]]\npath = \"/data\"\nrights = [\"read\"]\n"
                            "[[preopen]]\npath = \"/home/\"\nalias = \"home\"\nrights = [\"create\"]\n")));
}

TEST_F(RootBuilderTest, AVariableGivenTwiceIsDecidedAndTold) {
  const PreparedRoot root = must(RootBuilder().add_env("A", "1").add_env("A", "2").build());
  EXPECT_EQ(root.plan.run.env, (std::vector<EnvVar>{{.name = "A", .value = "2"}}));
  ASSERT_EQ(root.plan.decisions.size(), 1U);
  EXPECT_EQ(root.plan.decisions.front().subject, Decision::Subject::variable);
}

TEST_F(RootBuilderTest, AccessSaysWhereChangesGo) {
  RootBuilder builder;
  builder.add_mount("/rw", folder("d0"), Access::rw).add_mount("/cow", folder("d1"), Access::cow);
  builder.add_mount("/ro", folder("d2"), Access::ro);
  const PreparedRoot root = must(builder.build());
  EXPECT_TRUE(root.tree->write_file("/rw/new", "x"));
  EXPECT_TRUE(root.tree->write_file("/cow/new", "x"));
  EXPECT_TRUE(root.tree->write_file("/cow/name", "changed"));
  EXPECT_EQ(root.tree->write_file("/ro/new", "x").error(), Errc::erofs);
  EXPECT_EQ(dir_.read_file("d0/new"), "x");
  EXPECT_FALSE(dir_.exists("d1/new"));
  EXPECT_EQ(dir_.read_file("d1/name"), "d1");
}

TEST_F(RootBuilderTest, TwoBuildsShareFileSystemsAndNothingElse) {
  const FilesystemPtr shared = memory_filesystem();
  RootBuilder builder;
  builder.add_mount("/rw", shared).add_mount("/cow", folder("d0"), Access::cow);
  const PreparedRoot one = must(builder.build());
  const PreparedRoot two = must(builder.build());
  EXPECT_EQ(whole_text(one), whole_text(two));
  EXPECT_TRUE(one.tree->write_file("/rw/f", "both"));
  EXPECT_TRUE(one.tree->write_file("/cow/f", "one"));
  EXPECT_TRUE(one.tree->write_file("/tmp/f", "one"));
  EXPECT_EQ(two.tree->read_file("/rw/f"), "both");
  EXPECT_EQ(two.tree->read_file("/cow/f").error(), Errc::enoent);
  EXPECT_EQ(two.tree->read_file("/tmp/f").error(), Errc::enoent);
}

TEST_F(RootBuilderTest, TheLaterOfTwoMountsWinsOrTheyFail) {
  RootBuilder builder;
  builder.add_mount("/data", folder("d0")).add_mount("data/", folder("d1"));
  const PreparedRoot root = must(builder.build());
  EXPECT_EQ(root.tree->read_file("/data/name"), "d1");
  ASSERT_EQ(root.plan.decisions.size(), 1U);
  EXPECT_EQ(root.plan.decisions.front().kept, "host \"" + (dir_ / "d1") + "\"");
  EXPECT_EQ(root.plan.decisions.front().where.file, "add_mount \"data/\"");

  builder.conflict(ConflictMode::fail);
  const Outcome<PreparedRoot> clash = builder.build();
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().trouble, Trouble::conflict);
  EXPECT_EQ(clash.error().text(),
            "add_mount \"data/\": error: Unable to mount \"/data\"\n"
            "  add_mount \"/data\": cause: add_mount \"data/\" mounts what add_mount \"/data\" has mounted "
            "already\n"
            "hint: remove one of the two, or let the later one win with ConflictMode::override_");
}

TEST_F(RootBuilderTest, RootLayersLieBelowTheBaseAndTheFirstWins) {
  RootBuilder builder;
  builder.add_root_layer(folder("d0")).add_root_layer(folder("d1"));
  builder.add_mount("/", folder("d2"), Access::rw);
  const PreparedRoot root = must(builder.build());
  EXPECT_EQ(root.tree->read_file("/name"), "d0");
  EXPECT_TRUE(exists(root, "/in/d1"));
  EXPECT_TRUE(exists(root, "/in/d2"));
  EXPECT_TRUE(exists(root, "/dev/null"));
  EXPECT_TRUE(root.tree->write_file("/name", "changed"));
  EXPECT_EQ(dir_.read_file("d0/name"), "d0");
  EXPECT_EQ(root.plan.decisions.size(), 0U);
  EXPECT_EQ(whole_text(must(builder.build())),
            whole_text(open(host_mount("/", "d0", "ro") + host_mount("/", "d1", "ro") +
                            host_mount("/", "d2", "rw"))));
}

TEST_F(RootBuilderTest, ARootUpperTakesTheChangesAndShowsAboveTheRest) {
  RootBuilder builder;
  builder.empty_base().root_upper(folder("d0")).add_root_layer(folder("d1"));
  const PreparedRoot root = must(builder.build());
  EXPECT_EQ(root.tree->read_file("/name"), "d0");
  EXPECT_TRUE(exists(root, "/in/d1"));
  EXPECT_TRUE(root.tree->write_file("/name", "changed"));
  EXPECT_EQ(dir_.read_file("d0/name"), "changed");
  EXPECT_TRUE(root.tree->write_file("/new", "made"));
  EXPECT_EQ(dir_.read_file("d0/new"), "made");
  EXPECT_FALSE(dir_.exists("d1/new"));
  builder.root_upper(memory_filesystem());
  EXPECT_EQ(refused(builder), "root_upper \"memory\": the root has an upper already");
}

TEST_F(RootBuilderTest, LimitsAreEnforced) {
  RootBuilder builder;
  builder.empty_base().memory_limit(16384).inode_limit(6).limits(
      {.max_file_size = 9000, .special_files = false});
  const PreparedRoot root = must(builder.build());
  EXPECT_EQ(root.plan.memory_limit, 16384U);
  EXPECT_EQ(root.tree->write_file("/large", std::string(10'000, 'x')).error(), Errc::efbig);
  EXPECT_TRUE(root.tree->write_file("/large", std::string(8000, 'x')));
  EXPECT_EQ(root.tree->write_file("/more", std::string(9000, 'x')).error(), Errc::enospc);
  Status made;
  for (int i = 0; i < 10 && made; ++i) made = root.tree->make_dir("/d" + std::to_string(i));
  EXPECT_EQ(made.error(), Errc::enospc);
  EXPECT_EQ(root.tree->create(root.tree->root(), "p", {.type = FileType::fifo}).error(), Errc::eperm);
}

TEST_F(RootBuilderTest, ASingleFileCanBeMounted) {
  dir_.write_file("config", "text");
  RootBuilder builder;
  builder.add_mount("/etc/ro", folder("config"), Access::ro).add_mount("/etc/rw", folder("config"));
  builder.add_mount("/etc/cow", folder("config"), Access::cow);
  const PreparedRoot root = must(builder.build());
  for (const char* path : {"/etc/ro", "/etc/rw", "/etc/cow"}) EXPECT_EQ(root.tree->read_file(path), "text");
  EXPECT_EQ(root.tree->provenance("/etc/cow")->shown()->origin.source, "host \"" + (dir_ / "config") + "\"");
  EXPECT_EQ(root.tree->provenance("/etc/cow")->shown()->origin.path, "");
  EXPECT_TRUE(root.tree->write_file("/etc/cow", "changed"));
  EXPECT_EQ(root.tree->read_file("/etc/cow"), "changed");
  EXPECT_EQ(dir_.read_file("config"), "text");
  EXPECT_TRUE(root.tree->write_file("/etc/rw", "written"));
  EXPECT_EQ(dir_.read_file("config"), "written");
  EXPECT_EQ(root.tree->read_dir("/etc")->size(), 3U);

  const Outcome<PreparedRoot> layer = RootBuilder().add_root_layer(folder("config")).build();
  ASSERT_FALSE(layer);
  EXPECT_NE(layer.error().message.find("is not a directory, and a layer must be one"), std::string::npos);
}

TEST_F(RootBuilderTest, AFileSystemTellsItsOwnOrigins) {
  const auto overlay =
      std::make_shared<Overlay>(nullptr, std::vector<FilesystemPtr>{folder("d0"), folder("d1")});
  const PreparedRoot root = must(RootBuilder().add_mount("/m", overlay, Access::ro).build());
  const Provenance name = root.tree->provenance("/m/name").value();
  ASSERT_EQ(name.layers.size(), 2U);
  EXPECT_EQ(name.layers.front().origin.text(), "host \"" + (dir_ / "d0") + "\" path \"/name\"");
  EXPECT_EQ(name.layers.back().role, Role::shadowed);
}

TEST_F(RootBuilderTest, WhatIsAddedWrongIsTold) {
  const FilesystemPtr fs = memory_filesystem();
  EXPECT_EQ(
      refused(RootBuilder().add_mount("/../x", fs)),
      "add_mount \"/../x\": Invalid guest mount path \"/../x\": parent traversal escapes the virtual root");
  EXPECT_TRUE(refused(RootBuilder().add_mount("", fs)).starts_with("add_mount \"\": "));
  EXPECT_EQ(refused(RootBuilder().add_mount("/x", nullptr)), "add_mount \"/x\": there is no file system");
  EXPECT_EQ(refused(RootBuilder().add_root_layer(nullptr)), "add_root_layer: there is no file system");
  EXPECT_EQ(refused(RootBuilder().root_upper(nullptr)), "root_upper: there is no file system");
  EXPECT_EQ(refused(RootBuilder().add_env("", "x")), "add_env \"\": its name must not be empty");
  EXPECT_EQ(refused(RootBuilder().add_env("A=B", "x")), "add_env \"A=B\": its name must not contain \"=\"");
  EXPECT_EQ(refused(RootBuilder().add_env("A", std::string("x\0", 2))),
            "add_env \"A\": its value must not contain a NUL byte");
  EXPECT_EQ(refused(RootBuilder().add_arg(std::string("a\0b", 3))),
            "add_arg \"a\\x00b\": it contains a NUL byte");
  EXPECT_EQ(refused(RootBuilder().cwd("work")),
            "cwd \"work\": Invalid working directory \"work\": it is not absolute");
  EXPECT_EQ(refused(RootBuilder().inject("")), "inject \"\": the path of the package is empty");
  EXPECT_EQ(refused(RootBuilder().add_preopen({.alias = "x", .path = "/x", .rights = {}})),
            "add_preopen \"/x\": it has no rights");
  const Preopen good{.alias = "/x", .path = "/x", .rights = {.read = true}};
  EXPECT_EQ(refused(RootBuilder().add_preopen({.alias = "a/b", .path = "/x", .rights = {.read = true}})),
            "add_preopen \"/x\": the alias \"a/b\" is not a valid file name");
  EXPECT_EQ(refused(RootBuilder().add_preopen(good).add_preopen(good)),
            "add_preopen \"/x\": the alias \"x\" is taken already");
  // The first of several is what counts.
  EXPECT_EQ(refused(RootBuilder().cwd("work").add_mount("/x", nullptr)),
            "cwd \"work\": Invalid working directory \"work\": it is not absolute");
}

TEST_F(RootBuilderTest, AMissingPackageIsTold) {
  const Outcome<PreparedRoot> root = RootBuilder().inject(dir_ / "none.webc").build();
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::source);
  EXPECT_NE(root.error().text().find("none.webc"), std::string::npos);
}

TEST_F(RootBuilderTest, ABuilderCanBeMovedFrom) {
  RootBuilder first;
  first.add_mount("/data", folder("d0"));
  RootBuilder second = std::move(first);
  EXPECT_TRUE(exists(must(second.build()), "/data/name"));
}

// ---- The file systems of wasifs -----------------------------------------------

class FilesystemsTest : public RootBuilderTest {};

TEST_F(FilesystemsTest, MemoryHasLimitsOfItsOwn) {
  const FilesystemPtr memory = memory_filesystem({.max_bytes = 4096, .max_inodes = 4});
  const PreparedRoot root = must(RootBuilder().add_mount("/m", memory).build());
  EXPECT_EQ(root.tree->stat("/m")->uid, ::geteuid());
  EXPECT_TRUE(root.tree->write_file("/m/a", "x"));
  EXPECT_EQ(root.tree->write_file("/m/b", "x").error(), Errc::enospc);
  EXPECT_TRUE(root.tree->make_dir("/m/c"));
  EXPECT_EQ(root.tree->make_dir("/m/d").error(), Errc::enospc);
  EXPECT_TRUE(root.tree->write_file("/tmp/b", "x"));
}

TEST_F(FilesystemsTest, AHostDirectoryMustBeThere) {
  const Outcome<FilesystemPtr> missing = host_filesystem(dir_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().trouble, Trouble::source);
  EXPECT_NE(missing.error().message.find("none"), std::string::npos);
}

TEST_F(FilesystemsTest, AHostDirectoryIsReadOnlyOnDemand) {
  const FilesystemPtr fs = host_filesystem(dir_ / "d0", {.read_only = true}).value();
  const PreparedRoot root = must(RootBuilder().add_mount("/m", fs).build());
  EXPECT_EQ(root.tree->write_file("/m/new", "x").error(), Errc::erofs);
  EXPECT_EQ(root.tree->read_file("/m/name"), "d0");
}

TEST_F(FilesystemsTest, LinksOfAHostDirectoryAreDeniedOnDemand) {
  dir_.make_symlink("d0/link", "name");
  const FilesystemPtr denied = host_filesystem(dir_ / "d0", {.symlinks = Symlinks::deny}).value();
  RootBuilder builder;
  builder.add_mount("/denied", denied).add_mount("/contained", folder("d0"));
  const PreparedRoot root = must(builder.build());
  EXPECT_EQ(root.tree->read_file("/contained/link"), "d0");
  EXPECT_EQ(root.tree->read_file("/denied/link").error(), Errc::eacces);
}

TEST_F(FilesystemsTest, AVolumeOfAPackageIsServedFromItsFile) {
  for (const std::string volume : {"", "v", "/v"}) {
    const FilesystemPtr fs = package_filesystem(dir_ / "p0.webc", volume).value();
    EXPECT_EQ(fs->describe(), "webc \"" + (dir_ / "p0.webc") + "\" volume \"/v\"");
    const PreparedRoot root = must(RootBuilder().add_mount("/m", fs, Access::ro).build());
    EXPECT_EQ(root.tree->read_file("/m/filep0"), "/p0");
    EXPECT_TRUE(root.tree->view("/m/filep0").value());
  }
}

TEST_F(FilesystemsTest, AVolumeMustBeThereAndBeTheOnlyOneIfItIsNotNamed) {
  const Outcome<FilesystemPtr> none = package_filesystem(dir_ / "p0.webc", "w");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().trouble, Trouble::source);
  EXPECT_NE(none.error().message.find("has no volume \"w\""), std::string::npos);
  test::WebcSpec two;
  two.volumes["/a"] = {test::webc_file("f", "a")};
  two.volumes["/b"] = {test::webc_file("f", "b")};
  write_package("two.webc", two);
  EXPECT_EQ(package_filesystem(dir_ / "two.webc").error().trouble, Trouble::source);
  dir_.write_file("bad.webc", "no package");
  EXPECT_EQ(package_filesystem(dir_ / "bad.webc").error().trouble, Trouble::corrupt);
  EXPECT_EQ(package_filesystem(dir_ / "none.webc").error().trouble, Trouble::source);
}

}  // namespace
}  // namespace wasifs::plan
