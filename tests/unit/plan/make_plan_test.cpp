// SPDX-License-Identifier: Apache-2.0
#include "plan/make_plan.h"

#include <gtest/gtest.h>

#include "planning.h"

namespace wasifs::plan {
namespace {

TEST(MakePlan, OfAnEmptyManifestIsTheBaseRoot) {
  EXPECT_EQ(layers(plan("")), Strings{"/=base root"});
  EXPECT_EQ(layers(plan("[root]\nbase = \"empty\"\n")), Strings{"/=memory"});
}

TEST(MakePlan, GivesEqualPlansForEqualArguments) {
  const Catalogue catalogue{{"p.webc", with_command(package({mapping("/a", "/x")}), "run")}};
  const std::string text = kContainer + host("/x", "h") + host("/", "r");
  const Plan first = plan(text, catalogue);
  const Plan second = plan(text, catalogue);
  EXPECT_EQ(layers(first), layers(second));
  EXPECT_EQ(decisions(first), decisions(second));
}

TEST(MakePlan, OpensNothing) {
  EXPECT_EQ(layers(plan(host("/x", "/no/such/directory/anywhere")))[1],
            "/x=host \"/no/such/directory/anywhere\"");
}

TEST(MakePlan, BuildsEachAccessOfAMount) {
  EXPECT_EQ(layers(plan(host("/x", "h", "access = \"rw\"")))[1], "/x=host \"h\"");
  EXPECT_EQ(layers(plan(host("/x", "h", "access = \"cow\"")))[1], "/x=memory|host \"h\"");
  EXPECT_EQ(layers(plan(host("/x", "h", "access = \"ro\"")))[1], "/x=-|host \"h\"");
  EXPECT_EQ(layers(plan("[[mount]]\nguest = \"/x\"\ntype = \"memory\"\n"))[1], "/x=memory");
  EXPECT_EQ(layers(plan("[[mount]]\nguest = \"/x\"\ntype = \"memory\"\naccess = \"ro\"\n"))[1],
            "/x=-|memory");
  const Plan text = plan("[[mount]]\nguest = \"/x\"\ntype = \"static\"\ntext = \"hi\"\n");
  EXPECT_EQ(layers(text)[1], "/x=-|static text");
  EXPECT_EQ(text.mounts[1].lowers.front().text, "hi");
}

TEST(MakePlan, KeepsTheLayersOfAnOverlayInOrder) {
  const Catalogue catalogue{{"b.webc", package({}, {"/site"})}};
  EXPECT_EQ(
      layers(plan("[[mount]]\nguest = \"/x\"\ntype = \"overlay\"\nlayers = [\"h\", \"b.webc#site:/www\"]\n",
                  catalogue))[1],
      "/x=memory|host \"h\"|webc \"b.webc\" volume \"/site\" path \"/www\"");
}

TEST(MakePlan, OrdersMountsOuterBeforeInner) {
  const Plan made = plan(host("/a/b", "1") + host("/a-b", "2") + host("/a", "3") + host("/", "4"));
  EXPECT_EQ(layers(made),
            (Strings{"/=base root|host \"4\"", "/a=host \"3\"", "/a/b=host \"1\"", "/a-b=host \"2\""}));
}

TEST(MakePlan, NormalisesGuestPathsAndKeepsThemAsWritten) {
  const Plan made = plan(host("x/./y/../z/", "h"));
  EXPECT_EQ(made.mounts[1].guest, "/x/z");
  EXPECT_EQ(made.mounts[1].guest_raw, "x/./y/../z/");
}

TEST(MakePlan, CarriesLimitsAndQuotas) {
  const Plan made =
      plan("[root]\nmemory-limit = 10\ninode-limit = 20\n" + host("/x", "h", "access = \"cow\"\nquota = 5"));
  EXPECT_EQ(made.memory_limit, 10U);
  EXPECT_EQ(made.inode_limit, 20U);
  EXPECT_EQ(made.mounts[1].quota_bytes, 5U);
}

// Rule 3: a user mount at "/" is a layer of the root.

TEST(RootLayers, AreTheUsersInOrderThenTheContainersThenTheInjectedOnes) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/")})},
                            {"u.webc", package({mapping("/b", "/")})}};
  EXPECT_EQ(
      layers(
          plan(host("/", "1") + kContainer + "[[use]]\nsource = \"u.webc\"\n" + host(".", "2"), catalogue)),
      Strings{
          "/=base root|host \"1\"|host \"2\"|webc \"p.webc\" volume \"/a\"|webc \"u.webc\" volume \"/b\""});
}

TEST(RootLayers, NeverConflictNotEvenInFailMode) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/")})}};
  const Plan made = plan("[root]\nconflict = \"fail\"\n" + kContainer +
                             host("/", "1", "on-conflict = \"fail\"") + host("/", "2"),
                         catalogue);
  EXPECT_EQ(made.mounts.size(), 1U);
  EXPECT_EQ(made.mounts[0].lowers.size(), 3U);
}

TEST(RootLayers, OfAnOverlayAreFlattened) {
  EXPECT_EQ(layers(plan("[[mount]]\nguest = \"/\"\ntype = \"overlay\"\nlayers = [\"a\", \"b\"]\n" +
                        host("/", "c"))),
            Strings{"/=base root|host \"a\"|host \"b\"|host \"c\""});
}

TEST(RootLayers, WithWriteThroughTakeTheChanges) {
  const std::string through = host("/", "w", "write-through = true");
  EXPECT_EQ(layers(plan(host("/", "1") + through)), Strings{"/=host \"w\"|base root|host \"1\""});
  EXPECT_EQ(layers(plan("[root]\nbase = \"empty\"\n" + through)), Strings{"/=host \"w\""});
  EXPECT_EQ(plan(through).mounts[0].access, Access::rw);
}

TEST(RootLayers, WithWriteThroughAndAnEmptyBaseKeepCommandsInALayerOfTheirOwn) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")}};
  EXPECT_EQ(layers(plan("[root]\nbase = \"empty\"\n" + kContainer + host("/", "w", "write-through = true"),
                        catalogue)),
            Strings{"/=host \"w\"|commands"});
}

TEST(RootLayers, CannotHaveWriteThroughTwice) {
  EXPECT_EQ(error(host("/", "a", "write-through = true") + host("/", "b", "write-through = true")).text(),
            "site.toml:6:1: error: only one mount at \"/\" can have write-through\n"
            "  site.toml:4:10: cause: the changes go to host \"a\" already");
}

TEST(RootLayers, BelowAnOpaqueOneDoNotShow) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/"), mapping("/b", "/x")})}};
  const Plan made = plan(kContainer + host("/", "1", "opaque = true") + host("/", "2"), catalogue);
  EXPECT_EQ(layers(made), Strings{"/=base root|host \"1\""});
  EXPECT_EQ(decisions(made), (Strings{"/: the layers before it > host \"2\"",
                                      "/: the layers before it > webc \"p.webc\" volume \"/a\"",
                                      "/x: the root > webc \"p.webc\" volume \"/b\""}));
}

// Rule 4: user mount against user mount.

TEST(UserClash, InOverrideModeIsWonByTheLaterAndLeavesInnerMounts) {
  const Plan made = plan(host("/x", "1") + host("/x/in", "2") + host("x", "3"));
  EXPECT_EQ(layers(made), (Strings{"/=base root", "/x=host \"3\"", "/x/in=host \"2\""}));
  ASSERT_EQ(made.decisions.size(), 1U);
  EXPECT_EQ(decisions(made), Strings{"/x: host \"3\" > host \"1\""});
  EXPECT_EQ(made.decisions[0].rule,
            "of two mounts at one path the later wins (conflict \"override\"); what is mounted below stays");
  EXPECT_EQ(made.decisions[0].where.line, 11U);
}

TEST(UserClash, InFailModeNamesBothLines) {
  const Diagnostic clash = error("[root]\nconflict = \"fail\"\n" + host("/x", "1") + host("x/", "2"));
  EXPECT_EQ(clash.trouble, Trouble::conflict);
  EXPECT_EQ(clash.text(),
            "site.toml:8:1: error: Unable to mount \"/x\"\n"
            "  site.toml:3:1: cause: line 8 mounts what line 3 has mounted already\n"
            "hint: remove one of the two, or let the later one win with on-conflict = \"override\"");
}

TEST(UserClash, FollowsTheMountsOwnModeBeforeTheRoots) {
  const std::string fail_root = "[root]\nconflict = \"fail\"\n";
  const std::string over = "on-conflict = \"override\"";
  const std::string strict = "on-conflict = \"fail\"";
  EXPECT_TRUE(try_plan(fail_root + host("/x", "1") + host("/x", "2", over)));
  EXPECT_TRUE(try_plan(fail_root + host("/x", "1", over) + host("/x", "2")));
  EXPECT_FALSE(try_plan(host("/x", "1") + host("/x", "2", strict)));
  EXPECT_FALSE(try_plan(host("/x", "1", strict) + host("/x", "2")));
  EXPECT_FALSE(try_plan(host("/x", "1", strict) + host("/x", "2", over)));
}

TEST(UserClash, CountsFsEntriesAsMounts) {
  EXPECT_EQ(layers(plan("[fs]\n\"/x\" = \"f\"\n" + host("/x", "h")))[1], "/x=host \"h\"");
  EXPECT_EQ(layers(plan(host("/x", "h") + "[fs]\n\"/x\" = \"f\"\n"))[1], "/x=host \"f\"");
}

// Rule 5: the container's mounts.

TEST(ContainerMounts, AreCopyOnWriteOverThePackage) {
  const Catalogue catalogue{{"p.webc", package({mapping("a", "opt/../x")})}};
  const Plan made = plan(kContainer, catalogue);
  EXPECT_EQ(layers(made)[1], "/x=memory|webc \"p.webc\" volume \"/a\"");
  EXPECT_EQ(made.mounts[1].access, Access::cow);
  EXPECT_EQ(made.mounts[1].origin, "package \"p.webc\"");
  EXPECT_EQ(made.mounts[1].guest_raw, "opt/../x");
}

TEST(ContainerMounts, MayBeReadOnly) {
  const Catalogue catalogue{{"p.webc", package({mapping("a", "/x")})}};
  const Plan made = plan(kContainer + "access = \"ro\"\n", catalogue);
  EXPECT_EQ(layers(made)[1], "/x=-|webc \"p.webc\" volume \"/a\"");
  EXPECT_EQ(made.mounts[1].access, Access::ro);
}

TEST(ContainerMounts, LoseToAUserMountTogetherWithWhatIsBelowThem) {
  // Listed so that neither the manifest's nor the byte order is the pre-order.
  const Catalogue catalogue{
      {"p.webc", package({mapping("/c", "/x-y"), mapping("/b", "/x/in"), mapping("/a", "/x")})}};
  const Plan made = plan(kContainer + host("/x", "h"), catalogue);
  EXPECT_EQ(layers(made),
            (Strings{"/=base root", "/x=host \"h\"", "/x-y=memory|webc \"p.webc\" volume \"/c\""}));
  EXPECT_EQ(decisions(made), (Strings{"/x: host \"h\" > webc \"p.webc\" volume \"/a\"",
                                      "/x/in: host \"h\" > webc \"p.webc\" volume \"/b\""}));
  EXPECT_EQ(
      made.decisions[0].rule,
      "a mount of the manifest stays where a package would mount at the same path (conflict \"override\")");
  EXPECT_EQ(made.decisions[1].rule,
            "the package's mount at \"/x\" was left out, and what the package mounts below goes with it");
}

TEST(ContainerMounts, FailOnAClashInFailMode) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/python")})}};
  const Diagnostic clash =
      error("[root]\nconflict = \"fail\"\n" + kContainer + host("/python", "h"), catalogue);
  EXPECT_EQ(clash.trouble, Trouble::conflict);
  EXPECT_EQ(
      clash.text(),
      "site.toml:4:10: error: Unable to merge container mount \"/python\" into the prepared filesystem\n"
      "  site.toml:5:1: cause: package \"p.webc\" mounts webc \"p.webc\" volume \"/a\" where line 5 of the "
      "manifest mounts host \"h\"\n"
      "hint: keep the manifest's mount with on-conflict = \"override\", or mount it elsewhere");
  EXPECT_FALSE(try_plan(kContainer + host("/python", "h", "on-conflict = \"fail\""), catalogue));
  EXPECT_TRUE(try_plan(
      "[root]\nconflict = \"fail\"\n" + kContainer + host("/python", "h", "on-conflict = \"override\""),
      catalogue));
}

TEST(ContainerMounts, CoexistWithUserMountsAtOtherPaths) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x/deep"), mapping("/b", "/y")})}};
  EXPECT_EQ(layers(plan("[root]\nconflict = \"fail\"\n" + kContainer + host("/x", "1") + host("/y/in", "2"),
                        catalogue)),
            (Strings{"/=base root", "/x=host \"1\"", "/x/deep=memory|webc \"p.webc\" volume \"/a\"",
                     "/y=memory|webc \"p.webc\" volume \"/b\"", "/y/in=host \"2\""}));
}

TEST(ContainerMounts, DoNotShowBelowAnOpaqueUserMount) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x/y/z"), mapping("/b", "/xy")})}};
  const Plan made =
      plan("[root]\nconflict = \"fail\"\n" + kContainer + host("/x", "h", "opaque = true"), catalogue);
  EXPECT_EQ(layers(made),
            (Strings{"/=base root", "/x=host \"h\"", "/xy=memory|webc \"p.webc\" volume \"/b\""}));
  ASSERT_EQ(made.decisions.size(), 1U);
  EXPECT_EQ(made.decisions[0].rule, "the mount at \"/x\" is opaque: no package mount shows below it");
}

TEST(ContainerMounts, OfTheManifestReplaceThePackages) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x")})}};
  EXPECT_EQ(layers(plan(kContainer + "mounts = [{ guest = \"/opt\", volume = \"b\", subpath = \"/lib\" }]\n",
                        catalogue)),
            (Strings{"/=base root", "/opt=memory|webc \"p.webc\" volume \"/b\" path \"/lib\""}));
  EXPECT_EQ(layers(plan(kContainer + "mounts = []\n", catalogue)), Strings{"/=base root"});
}

TEST(ContainerMounts, OfTheManifestNeedAVolumeThatIsThere) {
  const Catalogue catalogue{{"p.webc", package({}, {"/a", "metadata"})}};
  EXPECT_EQ(error(kContainer + "mounts = [{ guest = \"/opt\", volume = \"lib\" }]\n", catalogue).text(),
            "site.toml:3:21: error: package \"p.webc\" has no volume \"lib\"\n"
            "hint: its volumes are \"/a\" and \"metadata\"");
}

// Rule 10: commands.

TEST(Commands, AreThoseWhoseProgramIsInThePackage) {
  PackageInfo info = with_command(package({}), "run");
  info.manifest.commands.push_back({.name = "gone", .runner = "", .atom = "nowhere", .dependency = ""});
  const Plan made = plan(kContainer, {{"p.webc", info}});
  ASSERT_EQ(made.commands.size(), 1U);
  EXPECT_EQ(made.commands[0].name, "run");
  EXPECT_EQ(made.commands[0].atom, "prog");
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:2:10: warning: package \"p.webc\": command \"gone\" is left out: the package has no "
            "program \"nowhere\"");
}

TEST(Commands, OfOneNameComeFromTheFirstPackage) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")},
                            {"u.webc", with_command(package({}), "run")}};
  const Plan made = plan(kContainer + "[[use]]\nsource = \"u.webc\"\n", catalogue);
  ASSERT_EQ(made.commands.size(), 1U);
  EXPECT_EQ(made.commands[0].source, "p.webc");
  EXPECT_EQ(decisions(made), Strings{"/bin/run: package \"p.webc\" > package \"u.webc\""});
}

TEST(Commands, WithANameThatIsNoFileNameAreAnError) {
  for (const std::string_view name : {"", "a/b", "..", "."}) {
    const Diagnostic bad = error(kContainer, {{"p.webc", with_command(package({}), std::string(name))}});
    EXPECT_EQ(bad.trouble, Trouble::corrupt);
    EXPECT_EQ(bad.text(), "site.toml:2:10: error: package \"p.webc\" has a command with the invalid name \"" +
                              std::string(name) + "\"");
  }
}

TEST(Commands, ThatTheManifestNamesMustExist) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")}, {"q.webc", package({})}};
  EXPECT_TRUE(try_plan(kContainer + "command = \"run\"\n", catalogue));
  EXPECT_EQ(
      error(kContainer + "command = \"python\"\n", catalogue).text(),
      "site.toml:3:11: error: package \"p.webc\" has no command \"python\"\nhint: its commands are \"run\"");
  EXPECT_EQ(error("[container]\nsource = \"q.webc\"\ncommand = \"x\"\n", catalogue).hint,
            "it has no commands");
}

TEST(Commands, HiddenByAMountWithoutMemoryAreWarnedOf) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")}};
  const Plan made = plan(kContainer + host("/usr", "h"), catalogue);
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:3:1: warning: commands do not appear in \"/usr/bin\": the mount at "
            "\"/usr\" hides "
            "them, and it has no memory layer to show them in");
  EXPECT_TRUE(plan(kContainer + host("/usr", "h", "access = \"cow\""), catalogue).warnings.empty());
}

// Rule 11: injected packages.

TEST(InjectedPackages, AddTheirMounts) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x")})},
                            {"u.webc", package({mapping("/b", "/y")})}};
  EXPECT_EQ(layers(plan(kContainer + "[[use]]\nsource = \"u.webc\"\n", catalogue)),
            (Strings{"/=base root", "/x=memory|webc \"p.webc\" volume \"/a\"",
                     "/y=memory|webc \"u.webc\" volume \"/b\""}));
}

TEST(InjectedPackages, ClashingWithAnythingAreAnErrorThatNamesBoth) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x")})},
                            {"u.webc", package({mapping("/b", "/x")})}};
  EXPECT_EQ(
      error(kContainer + "[[use]]\nsource = \"u.webc\"\n", catalogue).text(),
      "site.toml:4:10: error: Unable to merge mount \"/x\" of package \"u.webc\" into the prepared "
      "filesystem\n"
      "  site.toml:2:10: cause: \"/x\" is mounted already by package \"p.webc\": memory over webc \"p.webc\" "
      "volume \"/a\"");
  EXPECT_EQ(error("[[use]]\nsource = \"u.webc\"\n" + host("/x", "h"), catalogue).causes.at(0).message,
            "\"/x\" is mounted already by line 3 of the manifest: host \"h\"");
}

TEST(NeededPackages, AreListedWithTheirPurpose) {
  const Outcome<Manifest> manifest = parse_manifest(
      kContainer + "[[use]]\nsource = \"u.webc\"\n[[mount]]\nguest = \"m\"\ntype = \"overlay\"\n" +
          "layers = [\"h\", \"l.webc\"]\n",
      "site.toml");
  ASSERT_TRUE(manifest);
  Strings found;
  for (const PackageNeed& need : needed_packages(*manifest))
    found.push_back(need.purpose + " " + need.source->path);
  EXPECT_EQ(found, (Strings{"container p.webc", "[[use]] u.webc", "mount \"/m\" l.webc"}));
}

TEST(MakePlan, PassesOnWhatMayBeCached) {
  const Plan made =
      plan("[root]\ncache = \"none\"\n" + host("/x", "h", "cache = \"forever\"") + host("/y", "h"));
  EXPECT_EQ(made.mounts[0].caching, Caching::none);
  EXPECT_EQ(made.mounts[1].caching, Caching::forever);
  EXPECT_EQ(made.mounts[2].caching, Caching::by_layer);
}

TEST(MakePlan, PutsAnUpperOnTheHostOverWhatItChanges) {
  const Plan made =
      plan("[root]\nupper = \"state\"\n" +
           host("/x", "h", "access = \"cow\"\nsymlinks = \"deny\"\nupper = \"u\"\nwork = \"w\"") +
           host("/", "r") + host("/y", "h", "access = \"cow\""));
  EXPECT_EQ(layers(made), (Strings{"/=host \"state\"|base root|host \"r\"", "/x=host \"u\"|host \"h\"",
                                   "/y=memory|host \"h\""}));
  EXPECT_EQ(made.mounts[0].work, "state.work");
  EXPECT_EQ(made.mounts[0].access, Access::cow);
  EXPECT_EQ(made.mounts[1].work, "w");
  EXPECT_EQ(made.mounts[1].upper->symlinks, Symlinks::deny);
  EXPECT_EQ(made.mounts[2].work, "");
  EXPECT_EQ(layers(plan("[root]\nbase = \"empty\"\nupper = \"state\"\n")),
            Strings{"/=host \"state\"|memory"});
}

TEST(MakePlan, ShowsCommandsBelowAnUpperOnTheHost) {
  const Catalogue catalogue{{"p.webc", with_command(package({}), "run")}};
  EXPECT_EQ(
      layers(plan("[root]\nbase = \"empty\"\nupper = \"state\"\n" + kContainer + host("/", "r"), catalogue)),
      Strings{"/=host \"state\"|commands|host \"r\""});
}

TEST(MakePlan, RefusesAnUpperThatIsNotForOneMountAlone) {
  const std::string cow = "access = \"cow\"\nupper = ";
  const std::string root = "[root]\nupper = \"state\"\n";
  EXPECT_EQ(error(host("/a", "h", cow + "\"u\"") + host("/b", "h", cow + "\"./u/\"")).text(),
            "site.toml:12:9: error: mount \"/b\": the upper \"./u/\" cannot be used\n"
            "  site.toml:6:9: cause: \"./u\" is where mount \"/a\" keeps its changes\n"
            "hint: name a directory that is for this mount alone");
  EXPECT_EQ(error(root + host("/a", "h", cow + "\"u\"\nwork = \"state.work\"")).causes.front().message,
            "\"state.work\" is where mount \"/\" keeps its changes");
  EXPECT_EQ(error(root + host("/a", "h", cow + "\"state.work\"")).causes.front().message,
            "\"state.work\" is where mount \"/\" keeps its changes");
  EXPECT_EQ(error(root + host("/", "state")).text(),
            "site.toml:2:9: error: mount \"/\": the upper \"state\" cannot be used\n"
            "  site.toml:6:10: cause: it is one of the layers below it\n"
            "hint: name a directory that is for this mount alone");
  EXPECT_EQ(error(root + host("/a", "h", cow + "\"state\"")).trouble, Trouble::conflict);
}

TEST(MakePlan, LetsAMountHaveTheUpperOfTheOneThatItReplaces) {
  const std::string cow = "access = \"cow\"\nupper = \"u\"";
  EXPECT_EQ(layers(plan(host("/a", "h", cow) + host("/a", "i", cow)))[1], "/a=host \"u\"|host \"i\"");
}

TEST(MakePlan, GivesTheRootOnePlaceForChanges) {
  EXPECT_EQ(error("[root]\nupper = \"state\"\n" + host("/", "top", "write-through = true")).text(),
            "site.toml:3:1: error: the root cannot have both an upper and a mount with write-through\n"
            "  site.toml:2:9: cause: the changes go to \"state\" already");
}

TEST(RootLayers, WrittenAsReadOnlyAreWarnedOf) {
  const Plan made = plan(host("/", "h", "access = \"ro\""), {});
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:5:10: warning: mount \"/\": access = \"ro\" means nothing here: a mount at \"/\" is a "
            "layer of the root, which can be changed\n"
            "hint: leave it out; a mount at any other path can be read-only");
  EXPECT_TRUE(plan(host("/", "h"), {}).warnings.empty()) << "nobody said so";
  EXPECT_TRUE(plan(host("/", "h", "access = \"cow\""), {}).warnings.empty()) << "which is what it is";
  EXPECT_TRUE(plan(host("/x", "h", "access = \"ro\""), {}).warnings.empty());
}

}  // namespace
}  // namespace wasifs::plan
