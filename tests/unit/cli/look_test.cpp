// SPDX-License-Identifier: Apache-2.0
// plan, tree, ls, cat and stat over a manifest, a directory and a package.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::Ran;
using test::run_cli;
using test::TempDir;

/// A manifest over an empty base, with one mount of each kind that needs no
/// package.
class Look : public ::testing::Test {
 protected:
  Look() {
    dir_.write_file("data/a.txt", "alpha\n");
    dir_.write_file("data/sub/b.bin", std::string("\0\xff\r\nb", 5), 0755);
    dir_.make_symlink("data/link", "sub/b.bin");
    dir_.write_file("site.toml",
                    "manifest-version = 1\n"
                    "[root]\n"
                    "base = \"empty\"\n"
                    "[[mount]]\n"
                    "guest = \"/data\"\n"
                    "type = \"host\"\n"
                    "source = \"./data\"\n"
                    "access = \"ro\"\n"
                    "[[mount]]\n"
                    "guest = \"/etc/motd\"\n"
                    "type = \"static\"\n"
                    "text = \"hello\\n\"\n");
  }
  [[nodiscard]] std::string site() const { return dir_ / "site.toml"; }

  TempDir dir_;
};

TEST_F(Look, TreeDrawsTheComposition) {
  const Ran ran = run_cli({"tree", site()});
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out,
            "/\n"
            "├── data\n"
            "│   ├── a.txt\n"
            "│   ├── link -> sub/b.bin\n"
            "│   └── sub\n"
            "│       └── b.bin\n"
            "└── etc\n"
            "    └── motd\n"
            "\n"
            "4 directories, 3 files, 1 symlink\n");
}

TEST_F(Look, TreeStartsAtAPathInAnySpelling) {
  for (const char* path : {"/data/sub", "data/sub", "//data/./sub/"}) {
    EXPECT_EQ(run_cli({"tree", site(), path}, {.utf8 = false}).out,
              "/data/sub\n`-- b.bin\n\n1 directory, 1 file, 0 symlinks\n");
  }
}

TEST_F(Look, TreeOfAMissingPathIsStatusSix) {
  const Ran ran = run_cli({"tree", site(), "/none"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "error: cannot read \"/none\": No such file or directory\n");
}

TEST_F(Look, TreeJsonHasTheRootAndEveryEntrySorted) {
  const Ran ran = run_cli({"tree", site(), "--json"});
  EXPECT_EQ(ran.status, 0);
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["schema"], 1);
  std::vector<std::string> paths;
  for (const json& entry : document["entries"]) paths.push_back(entry["path"]);
  EXPECT_EQ(paths, (std::vector<std::string>{"/", "/data", "/data/a.txt", "/data/link", "/data/sub",
                                             "/data/sub/b.bin", "/etc", "/etc/motd"}));
  struct stat host{};
  ASSERT_EQ(::stat((dir_ / "data/sub/b.bin").c_str(), &host), 0);
  const json& binary = document["entries"][5];
  EXPECT_EQ(binary["type"], "file");
  EXPECT_EQ(binary["size"], 5);
  EXPECT_EQ(binary["mode"], 0755);
  EXPECT_EQ(binary["mtime_ns"], host.st_mtim.tv_sec * 1'000'000'000 + host.st_mtim.tv_nsec);
  EXPECT_FALSE(binary.contains("target"));
  EXPECT_EQ(document["entries"][3]["target"], "sub/b.bin");
}

TEST_F(Look, TreeJsonIsTheSameTwice) {
  EXPECT_EQ(run_cli({"tree", site(), "--json"}).out, run_cli({"tree", site(), "--json"}).out);
}

TEST_F(Look, TreeKeepsNamesThatAreNoUtf8) {
  dir_.write_file("data/\xff\n", "");
  EXPECT_NE(run_cli({"tree", site()}).out.find("\"\\xff\\n\"\n"), std::string::npos);
  const json document = json::parse(run_cli({"tree", site(), "--json"}).out);
  const auto& entries = document["entries"];
  const auto odd =
      std::ranges::find_if(entries, [](const json& entry) { return entry.contains("path_base64"); });
  ASSERT_NE(odd, entries.end());
  EXPECT_EQ((*odd)["path_base64"], "L2RhdGEv/wo=");
  EXPECT_EQ((*odd)["path"], "/data/\ufffd\n");
}

TEST_F(Look, TreeColoursOnATerminal) {
  EXPECT_NE(run_cli({"tree", site()}, {.out = true}).out.find("\x1b[1;34mdata\x1b[0m"), std::string::npos);
  EXPECT_EQ(run_cli({"tree", site()}, {.out = true, .no_color = true}).out.find('\x1b'), std::string::npos);
  EXPECT_EQ(run_cli({"tree", site(), "--color=never"}, {.out = true}).out.find('\x1b'), std::string::npos);
  EXPECT_NE(run_cli({"tree", site(), "--color=always"}).out.find('\x1b'), std::string::npos);
}

TEST_F(Look, TreeCutsLinesForATerminalOnly) {
  dir_.write_file("data/" + std::string(120, 'n'), "");
  EXPECT_NE(run_cli({"tree", site()}).out.find(std::string(120, 'n')), std::string::npos);
  EXPECT_EQ(run_cli({"tree", site()}, {.out = true}).out.find(std::string(80, 'n')), std::string::npos);
}

TEST_F(Look, LsListsTheRootByDefault) {
  const Ran ran = run_cli({"ls", site()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "data\netc\n");
}

TEST_F(Look, LsShowsAFileAsItself) { EXPECT_EQ(run_cli({"ls", site(), "/etc/motd"}).out, "/etc/motd\n"); }

TEST_F(Look, LsLongShowsModesSizesAndTargets) {
  const Ran ran = run_cli({"ls", "-l", site(), "/data"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out.find("-rw-r--r-- 1 "), 0U) << ran.out;
  EXPECT_NE(ran.out.find("Z link -> sub/b.bin\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\ndrwxr-xr-x "), std::string::npos) << ran.out;
}

TEST_F(Look, LsJsonHasTheEntriesOfTheDirectory) {
  const json document = json::parse(run_cli({"ls", "--json", site(), "/data"}).out);
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["entries"].size(), 3U);
  EXPECT_EQ(document["entries"][0]["path"], "/data/a.txt");
}

TEST_F(Look, LsOfAMissingPathIsStatusSix) {
  const Ran ran = run_cli({"ls", site(), "/data/none"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "error: cannot list \"/data/none\": No such file or directory\n");
}

TEST_F(Look, CatIsBinarySafeAndTakesSeveralFiles) {
  const Ran ran = run_cli({"cat", site(), "/data/sub/b.bin", "/etc/motd", "/data/link"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, std::string("\0\xff\r\nbhello\n\0\xff\r\nb", 16));
}

TEST_F(Look, CatCopiesFilesLargerThanItsBuffer) {
  std::string big;
  for (int i = 0; i < 300'000; ++i) big += std::to_string(i) + "\n";
  dir_.write_file("data/big", big);
  EXPECT_TRUE(run_cli({"cat", site(), "/data/big"}).out == big);
}

TEST_F(Look, CatGoesOnAfterAMissingFile) {
  const Ran ran = run_cli({"cat", site(), "/none", "/etc/motd", "/data"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.out, "hello\n");
  EXPECT_EQ(ran.err,
            "error: cannot read \"/none\": No such file or directory\n"
            "error: cannot read \"/data\": Is a directory\n");
}

TEST_F(Look, CatTakesADashAndBracketsForNames) {
  dir_.write_file("data/-", "dash");
  dir_.write_file("data/[a,b]", "brackets");
  EXPECT_EQ(run_cli({"cat", site(), "data/-"}).out, "dash");
  EXPECT_EQ(run_cli({"cat", site(), "-"}).err, "error: cannot read \"-\": No such file or directory\n");
  EXPECT_EQ(run_cli({"cat", site(), "data/[a,b]"}).out, "brackets");
  EXPECT_EQ(run_cli({"cat", site(), "[a,b]"}).err,
            "error: cannot read \"[a,b]\": No such file or directory\n");
}

TEST_F(Look, CatRefusesAnUnknownOptionBehindThePaths) {
  const Ran ran = run_cli({"cat", site(), "/etc/motd", "--nmuber"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "error: cat: unknown option \"--nmuber\"\nhint: see \"wasifs cat --help\"\n");
}

TEST_F(Look, APathMayHaveTheNameOfAVerb) {
  dir_.write_file("data/tree", "wood");
  const Ran ran = run_cli({"cat", site(), "data/tree", "tree"});
  EXPECT_EQ(ran.out, "wood");
  EXPECT_EQ(ran.err, "error: cannot read \"tree\": No such file or directory\n");
}

TEST_F(Look, StatShowsALinkAndWithLWhatItLeadsTo) {
  const Ran link = run_cli({"stat", site(), "/data/link"});
  EXPECT_EQ(link.status, 0);
  EXPECT_EQ(link.out.find("path:      /data/link -> sub/b.bin\ntype:      symlink\n"), 0U) << link.out;
  const Ran file = run_cli({"stat", "-L", site(), "/data/link"});
  EXPECT_NE(file.out.find("type:      file\n"), std::string::npos);
  EXPECT_NE(file.out.find("mode:      0755 (-rwxr-xr-x)\n"), std::string::npos);
}

TEST_F(Look, StatTellsThatAMountIsReadOnly) {
  EXPECT_NE(run_cli({"stat", site(), "/data"}).out.find(", mounted read-only\n"), std::string::npos);
  EXPECT_EQ(run_cli({"stat", site(), "/etc"}).out.find("read-only"), std::string::npos);
}

TEST_F(Look, StatJsonIsOneObject) {
  const json document = json::parse(run_cli({"stat", "--json", site(), "/data/a.txt"}).out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["path"], "/data/a.txt");
  EXPECT_EQ(document["type"], "file");
  EXPECT_EQ(document["size"], 6);
  EXPECT_EQ(document["read_only"], true);
}

TEST_F(Look, StatAndTreeAgreeOnInodeNumbers) {
  const json tree = json::parse(run_cli({"tree", "--json", site()}).out);
  std::set<std::uint64_t> inodes;
  for (const json& entry : tree["entries"]) {
    const json stat = json::parse(run_cli({"stat", "--json", site(), entry["path"]}).out);
    EXPECT_EQ(stat["ino"], entry["ino"]) << entry;
    inodes.insert(entry["ino"].get<std::uint64_t>());
  }
  EXPECT_EQ(inodes.size(), tree["entries"].size());
}

TEST_F(Look, StatOfAMissingPathIsStatusSix) {
  const Ran ran = run_cli({"stat", site(), "/none"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "error: cannot stat \"/none\": No such file or directory\n");
}

TEST_F(Look, PlanIsPrintedForAPersonAndAsJson) {
  const Ran text = run_cli({"plan", site()});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("/data"), std::string::npos);
  EXPECT_NE(text.out.find("/etc/motd"), std::string::npos);
  const Ran machine = run_cli({"plan", "--json", site()});
  EXPECT_EQ(machine.status, 0);
  EXPECT_EQ(json::parse(machine.out)["schema"], 1);
}

TEST_F(Look, AFaultyManifestIsStatusThreeWithItsPlace) {
  dir_.write_file("bad.toml", "manifest-version = 1\n[rot]\nbase = \"empty\"\n");
  for (const char* verb : {"plan", "tree", "ls"}) {
    const Ran ran = run_cli({verb, dir_ / "bad.toml"});
    EXPECT_EQ(ran.status, 3);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err.find((dir_ / "bad.toml") + ":2:"), 0U) << ran.err;
  }
}

TEST_F(Look, AClashOfMountsIsStatusFour) {
  dir_.write_file("clash.toml",
                  "manifest-version = 1\n[root]\nconflict = \"fail\"\n"
                  "[[mount]]\nguest = \"/x\"\ntype = \"memory\"\n"
                  "[[mount]]\nguest = \"/x\"\ntype = \"memory\"\n");
  const Ran ran = run_cli({"plan", dir_ / "clash.toml"});
  EXPECT_EQ(ran.status, 4);
  EXPECT_NE(ran.err.find("Unable to mount \"/x\""), std::string::npos) << ran.err;
}

TEST_F(Look, AMissingSourceIsStatusSix) {
  for (const char* verb : {"plan", "tree", "ls"}) {
    const Ran ran = run_cli({verb, dir_ / "nothing.toml"});
    EXPECT_EQ(ran.status, 6);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find("nothing.toml\" does not exist\n"), std::string::npos) << ran.err;
  }
}

TEST_F(Look, APlainDirectoryIsASource) {
  EXPECT_EQ(run_cli({"cat", dir_ / "data", "/a.txt"}).out, "alpha\n");
}

TEST_F(Look, APackageIsASource) {
  dir_.write_file("demo.webc", test::demo_package());
  EXPECT_EQ(run_cli({"cat", dir_ / "demo.webc", "/srv/style.css"}).out, "h1 { color: teal }\n");
  EXPECT_EQ(run_cli({"cat", dir_ / "demo.webc", "/bin/hello"}).out, test::kEmptyProgram);
}

TEST_F(Look, ACorruptPackageIsStatusFive) {
  dir_.write_file("demo.webc", test::demo_package().substr(0, 300));
  const Ran ran = run_cli({"tree", dir_ / "demo.webc"});
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("error: "), std::string::npos);
}

}  // namespace
}  // namespace wasifs
