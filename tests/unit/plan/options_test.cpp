// SPDX-License-Identifier: Apache-2.0
#include "plan/options.h"

#include <gtest/gtest.h>

#include <ostream>

#include "planning.h"

namespace wasifs::plan {
namespace {

Manifest manifest_of(std::string_view text) {
  Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  if (!manifest) ADD_FAILURE() << manifest.error().text();
  return manifest ? *std::move(manifest) : Manifest{};
}

Manifest applied(const ComposeOptions& options, std::string_view text = "") {
  Manifest manifest = manifest_of(text);
  const Outcome<void> done = apply_options(options, manifest);
  if (!done) ADD_FAILURE() << done.error().text();
  return manifest;
}

Plan planned(const ComposeOptions& options, std::string_view text = "", const Catalogue& catalogue = {}) {
  Outcome<Plan> made = make_plan(applied(options, text), catalogue);
  if (!made) ADD_FAILURE() << made.error().text();
  return made ? *std::move(made) : Plan{};
}

std::string clash(const ComposeOptions& options, std::string_view text, const Catalogue& catalogue = {}) {
  const Outcome<Plan> made = make_plan(applied(options, text), catalogue);
  return made ? "no error" : made.error().text();
}

/// `guest access host` of each mount.
Strings mounts(const Manifest& manifest) {
  Strings out;
  for (const MountEntry& mount : manifest.mounts) {
    const std::string_view access = mount.access == Access::rw    ? "rw"
                                    : mount.access == Access::cow ? "cow"
                                                                  : "ro";
    out.push_back(mount.guest_path + " " + std::string(access) + " " + mount.layers.at(0).path);
  }
  return out;
}

Strings volumes(std::vector<std::string> texts) { return mounts(applied({.volumes = std::move(texts)})); }

constexpr std::string_view kFail = "[root]\nconflict = \"fail\"\n";

TEST(VolumeFlag, TakesAHostAGuestAndAnAccess) {
  EXPECT_EQ(volumes({"data:/srv"}), Strings{"/srv rw data"});
  EXPECT_EQ(volumes({"/abs/dir:/srv:ro"}), Strings{"/srv ro /abs/dir"});
  EXPECT_EQ(volumes({"data:/srv:cow"}), Strings{"/srv cow data"});
  EXPECT_EQ(volumes({"data:/srv:rw"}), Strings{"/srv rw data"});
  EXPECT_EQ(volumes({"data:srv"}), Strings{"/srv rw data"});
}

TEST(VolumeFlag, WithoutAHostShowsThePathAtTheSamePath) {
  EXPECT_EQ(volumes({"/srv"}), Strings{"/srv rw /srv"});
  EXPECT_EQ(volumes({"data"}), Strings{"/data rw data"});
  EXPECT_EQ(volumes({"data:ro"}), Strings{"/data ro data"});
  EXPECT_EQ(volumes({"."}), Strings{"/ rw ."});
  EXPECT_EQ(applied({.volumes = {"."}}).mounts[0].guest.value, ".");
}

TEST(VolumeFlag, NamedLikeAnAccessIsAPath) {
  EXPECT_EQ(volumes({"ro"}), Strings{"/ro rw ro"});
  EXPECT_EQ(volumes({"ro:/ro"}), Strings{"/ro rw ro"});
  EXPECT_EQ(volumes({"rw:ro:cow"}), Strings{"/ro cow rw"});
}

TEST(VolumeFlag, EscapesAColonAndABackslash) {
  EXPECT_EQ(volumes({R"(a\:b:/x)"}), Strings{"/x rw a:b"});
  EXPECT_EQ(volumes({R"(a:/x\:ro)"}), Strings{"/x:ro rw a"});
  EXPECT_EQ(volumes({R"(a\\:/x)"}), Strings{R"(/x rw a\)"});
  EXPECT_EQ(volumes({R"(a\b:/x)"}), Strings{R"(/x rw a\b)"});
  EXPECT_EQ(volumes({R"(a:/x\)"}), Strings{R"(/x\ rw a)"});
}

TEST(VolumeFlag, SeveralComeInOrderBeforeTheManifests) {
  EXPECT_EQ(mounts(applied({.volumes = {"a:/z", "b:/y"}}, host("/m", "m"))),
            (Strings{"/z rw a", "/y rw b", "/m rw m"}));
}

TEST(VolumeFlag, ReplacesTheManifestsMountAtItsPath) {
  for (const std::string_view mode : {std::string_view(), kFail}) {
    const std::string text =
        std::string(mode) + host("/x/", "first") + host("/x", "second") + host("/x/y", "below");
    const Plan plan = planned({.volumes = {"mine:x"}}, text);
    EXPECT_EQ(layers(plan), (Strings{"/=base root", "/x=host \"mine\"", "/x/y=host \"below\""}));
    EXPECT_EQ(decisions(plan),
              (Strings{"/x: host \"mine\" > host \"first\"", "/x: host \"mine\" > host \"second\""}));
    EXPECT_EQ(plan.decisions[0].rule,
              "a volume of the command line replaces the manifest's mount at the same path");
  }
}

TEST(VolumeFlag, ReplacesMountsOfEveryType) {
  const std::string text =
      "[[mount]]\nguest = \"/x\"\ntype = \"memory\"\n[[mount]]\nguest = \"/x\"\ntype = \"static\"\ntext = "
      "\"t\"\n"
      "[[mount]]\nguest = \"/x\"\ntype = \"overlay\"\nlayers = [\"a\", \"p.webc#v:/s\"]\n";
  EXPECT_EQ(decisions(planned({.volumes = {"mine:/x"}}, text)),
            (Strings{"/x: host \"mine\" > memory", "/x: host \"mine\" > static text",
                     "/x: host \"mine\" > host \"a\" over webc \"p.webc\" volume \"v\" path \"/s\""}));
}

TEST(VolumeFlag, AtTheRootIsALayerAboveTheManifests) {
  EXPECT_EQ(layers(planned({.volumes = {"a:/", "b:/"}}, host("/", "m") + std::string(kFail))),
            Strings{"/=base root|host \"a\"|host \"b\"|host \"m\""});
}

TEST(VolumeFlag, OfTwoAtOnePathTheLaterWins) {
  const Plan plan = planned({.volumes = {"a:/x", "b:/x"}});
  EXPECT_EQ(layers(plan)[1], "/x=host \"b\"");
  EXPECT_EQ(decisions(plan), Strings{"/x: host \"b\" > host \"a\""});
}

TEST(VolumeFlag, TwoAtOnePathClashWhereTheManifestSaysFail) {
  EXPECT_EQ(
      clash({.volumes = {"a:/x", "b:/x"}}, kFail),
      "--volume \"b:/x\": error: Unable to mount \"/x\"\n"
      "  --volume \"a:/x\": cause: --volume \"b:/x\" mounts what --volume \"a:/x\" has mounted already\n"
      "hint: remove one of the two, or let the later one win with conflict = \"override\" in [root]");
}

TEST(VolumeFlag, StaysWhereThePackageMounts) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/x")})}};
  const Plan plan = planned({.volumes = {"mine:/x"}}, kContainer, catalogue);
  EXPECT_EQ(layers(plan)[1], "/x=host \"mine\"");
  ASSERT_EQ(plan.decisions.size(), 1U);
  EXPECT_EQ(plan.decisions[0].rule,
            "a volume of the command line stays where a package would mount at the same path (conflict "
            "\"override\")");
  EXPECT_EQ(
      clash({.volumes = {"mine:/x"}}, kContainer + std::string(kFail), catalogue),
      "site.toml:2:10: error: Unable to merge container mount \"/x\" into the prepared filesystem\n"
      "  --volume \"mine:/x\": cause: package \"p.webc\" mounts webc \"p.webc\" volume \"/a\" where --volume "
      "\"mine:/x\" mounts host \"mine\"\n"
      "hint: keep it with conflict = \"override\" in [root], or mount it elsewhere");
}

TEST(VolumeFlag, IsTheOriginOfItsMount) {
  const Plan plan = planned({.volumes = {"a:/x:cow"}});
  EXPECT_EQ(plan.mounts[1].origin, "--volume \"a:/x:cow\"");
  EXPECT_EQ(plan.mounts[1].where, SourceLocation{.file = "--volume \"a:/x:cow\""});
  EXPECT_EQ(plan.mounts[1].lowers[0].where, SourceLocation{.file = "--volume \"a:/x:cow\""});
}

TEST(MapdirFlag, NamesTheGuestFirst) {
  const Manifest manifest = applied({.volumes = {"v:/v"}, .mapped_dirs = {"/srv:data", R"(x\:y:a\\b)"}});
  EXPECT_EQ(mounts(manifest), (Strings{"/v rw v", "/srv rw data", R"(/x:y rw a\b)"}));
  EXPECT_EQ(manifest.mounts[1].origin, "--mapdir \"/srv:data\"");
}

TEST(MapdirFlag, HasAnEquivalentVolume) {
  EXPECT_EQ(volume_of_mapped_dir("/srv:data"), "data:/srv");
  EXPECT_EQ(volume_of_mapped_dir(R"(x\:y:a\\b)"), R"(a\\b:x\:y)");
  EXPECT_EQ(volume_of_mapped_dir("ro:data"), "data:/ro");
}

TEST(UseFlag, ComesAfterTheManifests) {
  const Manifest manifest = applied({.uses = {"b.webc", "/c.webc"}}, "[[use]]\nsource = \"a.webc\"\n");
  ASSERT_EQ(manifest.uses.size(), 3U);
  EXPECT_EQ(manifest.uses[0].path, "a.webc");
  EXPECT_EQ(manifest.uses[1].path, "b.webc");
  EXPECT_EQ(manifest.uses[1].kind, LayerSource::Kind::webc);
  EXPECT_EQ(manifest.uses[2].path, "/c.webc");
  EXPECT_EQ(manifest.uses[2].where, SourceLocation{.file = "--use \"/c.webc\""});
}

TEST(OptionsOfAManifestInAFolder, AreRelativeToTheCurrentDirectory) {
  Outcome<Manifest> manifest = parse_manifest(host("/m", "m"), "folder/site.toml");
  ASSERT_TRUE(manifest);
  ASSERT_TRUE(
      apply_options({.volumes = {"v:/v"}, .uses = {"u.webc"}, .map_commands = {"c=bin/c"}}, *manifest));
  EXPECT_EQ(mounts(*manifest), (Strings{"/v rw v", "/m rw folder/m"}));
  EXPECT_EQ(manifest->uses[0].path, "u.webc");
  EXPECT_EQ(manifest->map_commands[0].path, "bin/c");
}

Strings variables(const Manifest& manifest) {
  Strings out;
  for (const Located<EnvVar>& one : manifest.run.env) out.push_back(one.value.name + "=" + one.value.value);
  return out;
}

TEST(EnvFlag, OverridesTheManifestsVariable) {
  Manifest manifest;
  manifest.run.env = {{{"A", "1"}, {"site.toml", 1, 1}}, {{"B", "2"}, {"site.toml", 1, 5}}};
  ASSERT_TRUE(apply_options({.env = {"A=x=y", "C=", "C=3"}}, manifest));
  EXPECT_EQ(variables(manifest), (Strings{"B=2", "A=x=y", "C=3"}));
  EXPECT_EQ(manifest.run.env[1].where, SourceLocation{.file = "--env \"A=x=y\""});
  ASSERT_EQ(manifest.decisions.size(), 2U);
  const Decision& first = manifest.decisions[0];
  EXPECT_EQ(first.guest + ": " + first.kept + " > " + first.dropped,
            "$A: --env \"A=x=y\" > \"1\" of run.env");
  EXPECT_EQ(first.rule,
            "of two that set the same the last wins, and the command line comes after the manifest");
  EXPECT_EQ(first.subject, Decision::Subject::variable);
  const Decision& second = manifest.decisions[1];
  EXPECT_EQ(second.kept + " > " + second.dropped, "--env \"C=3\" > --env \"C=\"");
}

TEST(EnvFlag, MayHaveAnEmptyValue) { EXPECT_EQ(variables(applied({.env = {"A="}})), Strings{"A="}); }

TEST(HostEnvironment, IsForwardedOnDemand) {
  const Manifest manifest = applied({.host_env = {"A=1", "nothing", "=x", "B=2=3"}});
  EXPECT_EQ(manifest.host_env, (std::vector<EnvVar>{{"A", "1"}, {"B", "2=3"}}));
  EXPECT_FALSE(manifest.run.forward_host_env);
  EXPECT_TRUE(applied({.forward_host_env = true}).run.forward_host_env);
  Manifest asks;
  asks.run.forward_host_env = true;
  ASSERT_TRUE(apply_options({}, asks));
  EXPECT_TRUE(asks.run.forward_host_env);
}

TEST(ArgsBehindDashes, ComeAfterTheManifests) {
  Manifest manifest;
  manifest.run.args = {{"a", {}}};
  ASSERT_TRUE(apply_options({.args = {"--volume", ""}}, manifest));
  ASSERT_EQ(manifest.run.args.size(), 3U);
  EXPECT_EQ(manifest.run.args[1].value, "--volume");
  EXPECT_EQ(manifest.run.args[2].value, "");
}

TEST(CwdFlag, OverridesTheManifests) {
  Manifest manifest;
  manifest.run.cwd = Located<std::string>{"/a", {}};
  ASSERT_TRUE(apply_options({}, manifest));
  EXPECT_EQ(manifest.run.cwd->value, "/a");
  ASSERT_TRUE(apply_options({.cwd = "/b"}, manifest));
  EXPECT_EQ(*manifest.run.cwd, (Located<std::string>{"/b", {.file = "--cwd \"/b\""}}));
}

TEST(MapCommandFlag, OverridesTheManifestsAlias) {
  Manifest manifest;
  manifest.map_commands = {{.alias = {"a", {"site.toml", 2, 1}}, .target = {"x", {}}, .path = "f/x"},
                           {.alias = {"b", {"site.toml", 3, 1}}, .target = {"y", {}}, .path = "f/y"}};
  ASSERT_TRUE(apply_options({.map_commands = {"a=/new=x", "c=/c"}}, manifest));
  ASSERT_EQ(manifest.map_commands.size(), 3U);
  EXPECT_EQ(manifest.map_commands[0].alias.value, "b");
  EXPECT_EQ(manifest.map_commands[1].alias.value, "a");
  EXPECT_EQ(manifest.map_commands[1].path, "/new=x");
  EXPECT_EQ(manifest.map_commands[1].alias.where, SourceLocation{.file = "--map-command \"a=/new=x\""});
  ASSERT_EQ(manifest.decisions.size(), 1U);
  const Decision& decision = manifest.decisions[0];
  EXPECT_EQ(decision.guest + ": " + decision.kept + " > " + decision.dropped,
            "/bin/a: host \"/new=x\" > host \"x\"");
  EXPECT_EQ(decision.subject, Decision::Subject::command);
}

struct BadFlag {
  std::string name;
  ComposeOptions options;
  std::string error;
};
void PrintTo(const BadFlag& one, std::ostream* out) { *out << one.name; }

class OptionsError : public testing::TestWithParam<BadFlag> {};

TEST_P(OptionsError, NamesTheFlagAndTheForm) {
  Manifest manifest;
  const Outcome<void> done = apply_options(GetParam().options, manifest);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().trouble, Trouble::usage);
  EXPECT_EQ(done.error().text(), GetParam().error);
}

const std::string kVolumeHint =
    "\nhint: write --volume [HOST:]GUEST[:ro|rw|cow]; a colon that belongs to a path is written \"\\:\"";
const std::string kMapdirHint = "\nhint: write --mapdir GUEST:HOST, or better --volume HOST:GUEST";
const std::string kUseHint = "\nhint: write --use FILE, or --use FOLDER for one with a wasmer.toml";
const std::string kEnvHint = "\nhint: write --env NAME=VALUE";
const std::string kCommandHint =
    "\nhint: write --map-command ALIAS=PATH, where ALIAS is the name that appears in /bin";
const std::string kCwdHint = "\nhint: write --cwd PATH, where PATH is a directory of the composed tree";
const std::string kNul("a\0b", 3);

const BadFlag kBadFlags[] = {
    {"VolumeEmpty", {.volumes = {""}}, "error: --volume \"\": it is empty" + kVolumeHint},
    {"VolumeParts",
     {.volumes = {"a:b:c:d"}},
     "error: --volume \"a:b:c:d\": it has too many parts" + kVolumeHint},
    {"VolumePartsAndAccess",
     {.volumes = {"a:b:c:ro"}},
     "error: --volume \"a:b:c:ro\": it has too many parts" + kVolumeHint},
    {"VolumeAccess",
     {.volumes = {"a:/b:RO"}},
     "error: --volume \"a:/b:RO\": \"RO\" is none of \"ro\", \"rw\" and \"cow\"" + kVolumeHint},
    {"VolumeHost", {.volumes = {":/b"}}, "error: --volume \":/b\": the host path is empty" + kVolumeHint},
    {"VolumeGuest", {.volumes = {"a:"}}, "error: --volume \"a:\": the guest path is empty" + kVolumeHint},
    {"VolumeOnlyAccess",
     {.volumes = {":ro"}},
     "error: --volume \":ro\": the guest path is empty" + kVolumeHint},
    {"VolumeGuestBeforeAccess",
     {.volumes = {"a::ro"}},
     "error: --volume \"a::ro\": the guest path is empty" + kVolumeHint},
    {"VolumeEscapes",
     {.volumes = {"a:../../x"}},
     "error: --volume \"a:../../x\": Invalid guest mount path \"/../../x\": parent traversal escapes the "
     "virtual root" +
         kVolumeHint},
    {"VolumeNul", {.volumes = {kNul}}, "error: --volume \"a\\x00b\": it contains a NUL byte" + kVolumeHint},
    {"MapdirOnePart",
     {.mapped_dirs = {"/x"}},
     "error: --mapdir \"/x\": it does not have two parts" + kMapdirHint},
    {"MapdirThreeParts",
     {.mapped_dirs = {"/x:y:ro"}},
     "error: --mapdir \"/x:y:ro\": it does not have two parts" + kMapdirHint},
    {"MapdirGuest", {.mapped_dirs = {":y"}}, "error: --mapdir \":y\": the guest path is empty" + kVolumeHint},
    {"UseEmpty", {.uses = {""}}, "error: --use \"\": the path of the package is empty" + kUseHint},
    {"UseNul", {.uses = {kNul}}, "error: --use \"a\\x00b\": it contains a NUL byte" + kUseHint},
    {"EnvNoEquals", {.env = {"A"}}, "error: --env \"A\": there is no \"=\"" + kEnvHint},
    {"EnvName", {.env = {"=x"}}, "error: --env \"=x\": the name of the variable is empty" + kEnvHint},
    {"EnvNul", {.env = {"A=" + kNul}}, "error: --env \"A=a\\x00b\": it contains a NUL byte" + kEnvHint},
    {"CommandNoEquals",
     {.map_commands = {"rg"}},
     "error: --map-command \"rg\": there is no \"=\"" + kCommandHint},
    {"CommandAlias",
     {.map_commands = {"=/x"}},
     "error: --map-command \"=/x\": the alias is empty" + kCommandHint},
    {"CommandPath",
     {.map_commands = {"rg="}},
     "error: --map-command \"rg=\": the path is empty" + kCommandHint},
    {"CommandName",
     {.map_commands = {"a/b=/x"}},
     "error: --map-command \"a/b=/x\": \"a/b\" is not a file name" + kCommandHint},
    {"CommandNul",
     {.map_commands = {"rg=" + kNul}},
     "error: --map-command \"rg=a\\x00b\": it contains a NUL byte" + kCommandHint},
    {"ArgNul",
     {.args = {kNul}},
     "error: the argument \"a\\x00b\": it contains a NUL byte\nhint: no program can take it"},
    {"CwdEmpty",
     {.cwd = ""},
     "error: --cwd \"\": Invalid working directory \"\": it is empty; use \"/\" for the root" + kCwdHint},
    {"CwdNul",
     {.cwd = "/" + kNul},
     "error: --cwd \"/a\\x00b\": Invalid working directory \"/a\\x00b\": it contains a NUL byte" + kCwdHint},
    {"CwdEscapes",
     {.cwd = "/../x"},
     "error: --cwd \"/../x\": Invalid working directory \"/../x\": parent traversal escapes the virtual "
     "root" +
         kCwdHint},
    {"CwdRelative",
     {.cwd = "a/b"},
     "error: --cwd \"a/b\": Invalid working directory \"a/b\": it is not absolute\nhint: write \"/a/b\""},
};
INSTANTIATE_TEST_SUITE_P(All, OptionsError, testing::ValuesIn(kBadFlags),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace wasifs::plan
