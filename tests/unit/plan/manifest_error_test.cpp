// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ostream>

#include "plan/document.h"
#include "plan/manifest.h"

namespace wasifs::plan {
namespace {

struct Case {
  std::string name;
  std::string text;
  std::string error;  ///< Diagnostic::text()
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::string error_of(std::string_view text) {
  const Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  return manifest ? "no error" : manifest.error().text();
}

class ManifestError : public testing::TestWithParam<Case> {};

TEST_P(ManifestError, HasItsTextAndPlace) { EXPECT_EQ(error_of(GetParam().text), GetParam().error); }

std::string mount(std::string_view body) { return "[[mount]]\nguest = \"/m\"\n" + std::string(body) + "\n"; }

const Case kDocument[] = {
    {"Syntax", "[root\nbase = 1\n",
     "site.toml:1:6: error: Error while parsing table header: expected ']', saw '\\n'"},
    {"DuplicateKey", "[root]\nbase = \"empty\"\nbase = \"empty\"\n",
     "site.toml:3:8: error: Error while parsing key-value pair: cannot redefine existing string 'base'"},
    {"Version", "manifest-version = 2\n",
     "site.toml:1:20: error: manifest-version 2 is not supported by this version of wasifs, which reads 1"},
    {"VersionType", "manifest-version = \"1\"\n",
     "site.toml:1:20: error: \"manifest-version\" must be an integer, not a string"},
    {"NegativeVersion", "manifest-version = -1\n",
     "site.toml:1:20: error: \"manifest-version\" must not be negative"},
    {"UnknownSection", "[contaner]\nsource = \"x\"\n",
     "site.toml:1:2: error: unknown key \"contaner\" in the manifest\nhint: did you mean \"container\"?"},
    {"UnknownFarFromAll", "qqqqqqqqqqqq = 1\n",
     "site.toml:1:1: error: unknown key \"qqqqqqqqqqqq\" in the manifest"},
    {"SectionType", "root = 3\n", "site.toml:1:8: error: [root] must be a table, not an integer"},
    {"ArrayType", "mount = \"x\"\n", "site.toml:1:9: error: \"mount\" must be an array, not a string"},
    {"ArrayItemType", "use = [1]\n", "site.toml:1:8: error: [[use]] must be a table, not an integer"},
    {"MountAsTable", "[mount]\nguest = \"/a\"\n",
     "site.toml:1:1: error: \"mount\" must be an array, not a table"},
    {"LongKey", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1\n",
     "site.toml:1:32: error: a key has more than 16 parts"},
    {"LongKeyBehindString", "x = \"\"\"a\"\"\"\"\ny = { b = '.', a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1 }\n",
     "site.toml:2:47: error: a key has more than 16 parts"},
    {"DeepValue", "x = [[[[[[[[[[1]]]]]]]]]]\n", "site.toml:1:13: error: values are nested too deeply here"},
};
INSTANTIATE_TEST_SUITE_P(Document, ManifestError, testing::ValuesIn(kDocument),
                         [](const auto& one) { return one.param.name; });

const Case kUnserved[] = {
    {"Journal", "[journal]\n", "site.toml:1:2: error: [journal] is not supported by this version of wasifs"},
    {"WasmerPackage", "[package]\nname = \"x\"\n",
     "site.toml:1:2: error: \"package\" is for a wasmer.toml and not for a manifest\n"
     "hint: name the folder of the wasmer.toml as the source of [container]"},
    {"WasmerCommand", "[[command]]\n",
     "site.toml:1:3: error: \"command\" is for a wasmer.toml and not for a manifest\n"
     "hint: name the folder of the wasmer.toml as the source of [container]"},
    {"WasmerDependencies", "[dependencies]\n",
     "site.toml:1:2: error: \"dependencies\" is for a wasmer.toml and not for a manifest\n"
     "hint: name the folder of the wasmer.toml as the source of [container]"},
    {"MountJournal", mount("type = \"memory\"\njournal = true"),
     "site.toml:4:1: error: \"journal\" of a mount is not supported by this version of wasifs"},
};
INSTANTIATE_TEST_SUITE_P(Unserved, ManifestError, testing::ValuesIn(kUnserved),
                         [](const auto& one) { return one.param.name; });

const Case kUppers[] = {
    {"ArchiveAccess", mount("type = \"archive\"\nsource = \"a.tar\"\naccess = \"rw\""),
     "site.toml:5:10: error: a mount of type \"archive\" cannot have access \"rw\": use \"cow\" or \"ro\"\n"
     "hint: with \"cow\" changes go to memory, or to a host directory that \"upper\" names"},
    {"ImageWhiteouts", mount("type = \"image\"\nsource = \"a\"\nwhiteouts = \"oci\""),
     "site.toml:5:1: error: \"whiteouts\" does not belong to a mount of type \"image\""},
    {"Whiteouts", mount("type = \"archive\"\nsource = \"a.tar\"\nwhiteouts = \"oic\""),
     "site.toml:5:13: error: \"whiteouts\" must be \"none\" or \"oci\", not \"oic\"\nhint: did you mean "
     "\"oci\"?"},
    {"WorkOfRootAlone", "[root]\nwork = \"./w\"\n",
     "site.toml:2:8: error: \"work\" is for an \"upper\" that is a host directory\n"
     "hint: name that directory with \"upper\", or leave \"work\" out"},
    {"WorkOfMemory", "[root]\nupper = \"memory\"\nwork = \"./w\"\n",
     "site.toml:3:8: error: \"work\" is for an \"upper\" that is a host directory\n"
     "hint: name that directory with \"upper\", or leave \"work\" out"},
    {"WorkBesideAnUpperThatIsNone", "[root]\nupper = 1\nwork = \"./w\"\n",
     "site.toml:2:9: error: \"upper\" must be a string, not an integer"},
    {"EmptyUpper", "[root]\nupper = \"\"\n", "site.toml:2:9: error: \"upper\" must not be empty"},
    {"WorkOfMount", mount("type = \"webc\"\nsource = \"a.webc\"\nwork = \"w\""),
     "site.toml:5:8: error: \"work\" is for an \"upper\" that is a host directory\n"
     "hint: name that directory with \"upper\", or leave \"work\" out"},
    {"UpperOfWritable", mount("type = \"host\"\nsource = \"a\"\nupper = \"./state\""),
     "site.toml:5:9: error: \"upper\" is for a mount with access \"cow\"\n"
     "hint: write access = \"cow\", or leave \"upper\" out"},
    {"CacheWord", mount("type = \"host\"\nsource = \"a\"\ncache = \"for-ever\""),
     "site.toml:5:9: error: \"cache\" must be \"auto\", \"none\" or \"forever\", not \"for-ever\"\n"
     "hint: did you mean \"forever\"?"},
    {"CacheOfRoot", "[root]\ncache = true\n",
     "site.toml:2:9: error: \"cache\" must be a string, not a boolean"},
    {"CacheOfStatic", mount("type = \"static\"\ntext = \"\"\ncache = \"none\""),
     "site.toml:5:1: error: \"cache\" does not belong to a mount of type \"static\""},
    {"CacheOfRootLayer", "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"a\"\ncache = \"forever\"\n",
     "site.toml:5:1: error: a mount at \"/\" is a layer of the root and has no cache of its own\n"
     "hint: write \"cache\" in [root]"},
    {"UpperOfMemory", mount("type = \"memory\"\nupper = \"./state\""),
     "site.toml:4:1: error: \"upper\" does not belong to a mount of type \"memory\""},
    {"UpperOfStatic", mount("type = \"static\"\ntext = \"\"\nupper = \"./state\""),
     "site.toml:5:1: error: \"upper\" does not belong to a mount of type \"static\""},
    {"UpperAtRoot", "[[mount]]\nguest = \"/\"\ntype = \"overlay\"\nlayers = [\"a\"]\nupper = \"./state\"\n",
     "site.toml:5:9: error: a mount at \"/\" is a layer of the root and has no upper of its own\n"
     "hint: write \"upper\" in [root]"},
    {"QuotaOfUpper", mount("type = \"host\"\nsource = \"a\"\naccess = \"cow\"\nupper = \"u\"\nquota = 5"),
     "site.toml:7:9: error: \"quota\" has no meaning here: this mount keeps no changes in memory"},
    {"UpperMisspelt", "[root]\nuper = \"./state\"\n",
     "site.toml:2:1: error: unknown key \"uper\" in [root]\nhint: did you mean \"upper\"?"},
};
INSTANTIATE_TEST_SUITE_P(Uppers, ManifestError, testing::ValuesIn(kUppers),
                         [](const auto& one) { return one.param.name; });

const Case kSections[] = {
    {"RootBase", "[root]\nbase = \"defalt\"\n",
     "site.toml:2:8: error: \"base\" must be \"default\" or \"empty\", not \"defalt\"\nhint: did you mean "
     "\"default\"?"},
    {"RootConflict", "[root]\nconflict = \"merge\"\n",
     "site.toml:2:12: error: \"conflict\" must be \"override\" or \"fail\", not \"merge\""},
    {"RootKey", "[root]\nmemory-limits = 1\n",
     "site.toml:2:1: error: unknown key \"memory-limits\" in [root]\nhint: did you mean \"memory-limit\"?"},
    {"SizeUnit", "[root]\nmemory-limit = \"12XB\"\n",
     "site.toml:2:16: error: \"memory-limit\": \"12XB\" is not a size\nhint: a size is a whole number of "
     "bytes, or "
     "one with a unit: KiB, MiB, GiB, TiB, KB, MB, GB"},
    {"SizeOverflow", "[root]\nmemory-limit = \"16777216TiB\"\n",
     "site.toml:2:16: error: \"memory-limit\": \"16777216TiB\" does not fit in 64 bits\nhint: a size is a "
     "whole "
     "number of bytes, or one with a unit: KiB, MiB, GiB, TiB, KB, MB, GB"},
    {"SizeNegative", "[root]\nmemory-limit = -5\n",
     "site.toml:2:16: error: \"memory-limit\" must not be negative"},
    {"SizeType", "[root]\nmemory-limit = 1.5\n",
     "site.toml:2:16: error: \"memory-limit\" must be a size (an integer or a string with a unit), not a "
     "floating-point number"},
    {"InodesType", "[root]\ninode-limit = \"5\"\n",
     "site.toml:2:15: error: \"inode-limit\" must be an integer, not a string"},
    {"ContainerSource", "[container]\ncommand = \"x\"\n",
     "site.toml:1:1: error: [container] has no \"source\""},
    {"ContainerAccess", "[container]\nsource = \"a.webc\"\naccess = \"rw\"\n",
     "site.toml:3:10: error: \"access\" must be \"cow\" or \"ro\", not \"rw\""},
    {"ContainerMountsGuest", "[container]\nsource = \"a.webc\"\nmounts = [{ volume = \"atom\" }]\n",
     "site.toml:3:11: error: container.mounts has no \"guest\""},
    {"ContainerMountsVolume", "[container]\nsource = \"a.webc\"\nmounts = [{ guest = \"/a\" }]\n",
     "site.toml:3:11: error: container.mounts has no \"volume\""},
    {"ContainerMountsTwice",
     "[container]\nsource = \"a.webc\"\nmounts = [{ guest = \"/a\", volume = \"x\" },\n{ guest = \"a/\", "
     "volume = \"y\" }]\n",
     "site.toml:4:11: error: container.mounts has \"/a\" twice"},
    {"ContainerMountsSubpath",
     "[container]\nsource = \"a.webc\"\nmounts = [{ guest = \"/a\", volume = \"x\", subpath = \"../y\" }]\n",
     "site.toml:3:51: error: \"subpath\" must not contain \"..\""},
    {"UseSource", "[[use]]\n", "site.toml:1:1: error: [[use]] has no \"source\""},
    {"UseKey", "[[use]]\nsource = \"a\"\nacess = \"ro\"\n",
     "site.toml:3:1: error: unknown key \"acess\" in [[use]]"},
    {"FsType", "[fs]\n\"/app\" = 1\n",
     "site.toml:2:10: error: \"/app\" must be the path of a host directory (a string), not an integer"},
    {"FsEmpty", "[fs]\n\"/app\" = \"\"\n", "site.toml:2:10: error: \"/app\" must not be empty"},
    {"FsGuest", "[fs]\n\"../app\" = \"x\"\n",
     "site.toml:2:1: error: Invalid guest mount path \"/../app\": parent traversal escapes the virtual root"},
    {"FsEmptyGuest", "[fs]\n\"\" = \"x\"\n",
     "site.toml:2:1: error: Invalid guest mount path \"\": it is empty; use \"/\" for the root"},
};
INSTANTIATE_TEST_SUITE_P(Sections, ManifestError, testing::ValuesIn(kSections),
                         [](const auto& one) { return one.param.name; });

const Case kMounts[] = {
    {"Guest", "[[mount]]\ntype = \"memory\"\n", "site.toml:1:1: error: [[mount]] has no \"guest\""},
    {"Type", "[[mount]]\nguest = \"/a\"\n", "site.toml:1:1: error: [[mount]] has no \"type\""},
    {"TypeName", mount("type = \"hosts\""),
     "site.toml:3:8: error: \"type\" must be \"host\", \"webc\", \"archive\", \"image\", \"memory\", "
     "\"static\" or \"overlay\", not "
     "\"hosts\"\n"
     "hint: did you mean \"host\"?"},
    {"HostSource", mount("type = \"host\""), "site.toml:1:1: error: [[mount]] has no \"source\""},
    {"EmptySource", mount("type = \"host\"\nsource = \"\""),
     "site.toml:4:10: error: \"source\" must not be empty"},
    {"NulSource", mount("type = \"host\"\nsource = \"a\\u0000b\""),
     "site.toml:4:10: error: \"source\" must not contain a NUL byte"},
    {"EscapingGuest", "[[mount]]\nguest = \"../../python\"\ntype = \"memory\"\n",
     "site.toml:2:9: error: Invalid guest mount path \"/../../python\": parent traversal escapes the virtual "
     "root"},
    {"UnknownKey", mount("type = \"host\"\nsource = \"a\"\nacess = \"ro\""),
     "site.toml:5:1: error: unknown key \"acess\" in [[mount]]\nhint: did you mean \"access\"?"},
    {"AccessName", mount("type = \"host\"\nsource = \"a\"\naccess = \"rx\""),
     "site.toml:5:10: error: \"access\" must be \"rw\", \"cow\" or \"ro\", not \"rx\""},
    {"WebcWritable", mount("type = \"webc\"\nsource = \"a.webc\"\naccess = \"rw\""),
     "site.toml:5:10: error: a mount of type \"webc\" cannot have access \"rw\": use \"cow\" or \"ro\""},
    {"StaticWritable", mount("type = \"static\"\ntext = \"\"\naccess = \"cow\""),
     "site.toml:5:10: error: a mount of type \"static\" cannot have access \"cow\": use \"ro\""},
    {"OpaqueType", mount("type = \"memory\"\nopaque = \"yes\""),
     "site.toml:4:10: error: \"opaque\" must be true or false, not a string"},
    {"BooleanForString", mount("type = \"host\"\nsource = true"),
     "site.toml:4:10: error: \"source\" must be a string, not a boolean"},
    {"ConflictName", mount("type = \"memory\"\non-conflict = \"ignore\""),
     "site.toml:4:15: error: \"on-conflict\" must be \"override\" or \"fail\", not \"ignore\""},
    {"SymlinksName", mount("type = \"host\"\nsource = \"a\"\nsymlinks = \"follow\""),
     "site.toml:5:12: error: \"symlinks\" must be \"contain\" or \"deny\", not \"follow\""},
    {"ForeignKey", mount("type = \"host\"\nsource = \"a\"\ntext = \"x\""),
     "site.toml:5:1: error: \"text\" does not belong to a mount of type \"host\""},
    {"QuotaOfHost", mount("type = \"host\"\nsource = \"a\"\nquota = 5"),
     "site.toml:5:9: error: \"quota\" has no meaning here: this mount keeps no changes in memory"},
    {"UpperOfReadOnly", mount("type = \"host\"\nsource = \"a\"\naccess = \"ro\"\nupper = \"memory\""),
     "site.toml:6:9: error: \"upper\" is for a mount with access \"cow\"\n"
     "hint: write access = \"cow\", or leave \"upper\" out"},
    {"WriteThroughElsewhere", mount("type = \"host\"\nsource = \"a\"\nwrite-through = true"),
     "site.toml:5:17: error: \"write-through\" is for a mount of a host directory at \"/\" with access "
     "\"rw\""},
    {"StaticText", mount("type = \"static\""),
     "site.toml:1:1: error: [[mount]] of type \"static\" has no \"text\""},
    {"StaticAtRoot", "[[mount]]\nguest = \"/\"\ntype = \"static\"\ntext = \"x\"\n",
     "site.toml:2:9: error: a static file cannot be mounted at \"/\""},
    {"MemoryAtRoot", "[[mount]]\nguest = \"/\"\ntype = \"memory\"\n",
     "site.toml:2:9: error: a mount of type \"memory\" at \"/\" would show nothing\n"
     "hint: the root takes changes without it"},
    {"QuotaAtRoot", "[[mount]]\nguest = \"/\"\ntype = \"webc\"\nsource = \"a.webc\"\nquota = 1\n",
     "site.toml:5:1: error: \"quota\" has no meaning at \"/\"\n"
     "hint: \"memory-limit\" in [root] bounds what the root keeps"},
    {"OverlayLayers", mount("type = \"overlay\""),
     "site.toml:1:1: error: [[mount]] of type \"overlay\" has no \"layers\""},
    {"NoLayers", mount("type = \"overlay\"\nlayers = []"),
     "site.toml:4:10: error: \"layers\" must not be empty"},
    {"LayerType", mount("type = \"overlay\"\nlayers = [1]"),
     "site.toml:4:11: error: a layer must be a string, not an integer"},
    {"LayerEmpty", mount("type = \"overlay\"\nlayers = [\"\"]"),
     "site.toml:4:11: error: \"layers\" must not be empty"},
    {"LayerVolume", mount("type = \"overlay\"\nlayers = [\"a.webc#\"]"),
     "site.toml:4:11: error: \"a.webc#\" names no volume after \"#\"\n"
     "hint: write FILE#VOLUME or FILE#VOLUME:SUBPATH, or leave the \"#\" out"},
    {"LayerSubpath", mount("type = \"overlay\"\nlayers = [\"a.webc#atom:/../x\"]"),
     "site.toml:4:11: error: \"a.webc#atom:/../x\": the path inside a volume must not contain \"..\""},
    {"VolumeTwice", mount("type = \"webc\"\nsource = \"a.webc#atom\"\nvolume = \"atom\""),
     "site.toml:5:10: error: the volume is given twice, here and in \"source\""},
    {"SubpathTwice", mount("type = \"webc\"\nsource = \"a.webc#atom:/x\"\nsubpath = \"y\""),
     "site.toml:5:11: error: the path inside the volume is given twice, here and in \"source\""},
    {"Subpath", mount("type = \"webc\"\nsource = \"a.webc\"\nsubpath = \"a/../..\""),
     "site.toml:5:11: error: \"subpath\" must not contain \"..\""},
};
INSTANTIATE_TEST_SUITE_P(Mounts, ManifestError, testing::ValuesIn(kMounts),
                         [](const auto& one) { return one.param.name; });

TEST(ManifestErrors, AreAllReportedInTheOrderOfTheDocument) {
  EXPECT_EQ(error_of("[[mount]]\nguest = \"/a\"\ntype = \"host\"\n[root]\nbase = 1\nbas = 2\n"),
            "site.toml: error: the manifest has 3 errors\n"
            "  site.toml:1:1: cause: [[mount]] has no \"source\"\n"
            "  site.toml:5:8: cause: \"base\" must be a string, not an integer\n"
            "  site.toml:6:1: cause: unknown key \"bas\" in [root]\n"
            "hint: did you mean \"base\"?");
}

TEST(ManifestErrors, AreListedUpToABound) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "unknown-" + std::to_string(i) + " = 1\n";
  const Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().message, "the manifest has 2000 errors, 50 of which follow");
  EXPECT_EQ(manifest.error().causes.size(), 50U);
  EXPECT_EQ(manifest.error().trouble, Trouble::manifest);
}

TEST(ManifestErrors, OfALongDocumentComeBeforeItIsParsed) {
  EXPECT_EQ(error_of(std::string(kMaxDocumentBytes + 1, '#')),
            "site.toml: error: the manifest is longer than 1 MiB");
  EXPECT_EQ(error_of(std::string(kMaxDocumentBytes, '#')), "no error");
}

TEST(ManifestErrors, OfAKeyOfManyPartsDoNotExhaustTheStack) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "a.";
  EXPECT_EQ(error_of(text + "a = 1"), "site.toml:1:32: error: a key has more than 16 parts");
  EXPECT_EQ(error_of("[" + text + "a]"), "site.toml:1:33: error: a key has more than 16 parts");
}

TEST(ManifestErrors, AreNotRaisedByDotsInStringsAndComments) {
  const std::string dots(100, '.');
  EXPECT_EQ(error_of("# " + dots + "\n[[mount]]\nguest = \"/a\"\ntype = 'static'\ntext = '''" + dots + "\n" +
                     dots + "''' # " + dots + "\n[fs]\n\"" + dots + "\" = \"\\\"" + dots + "\"\n"),
            "no error");
}

}  // namespace
}  // namespace wasifs::plan
