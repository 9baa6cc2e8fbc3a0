// SPDX-License-Identifier: Apache-2.0
// `wasifs export`: trees as texts that others read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "inspect/export_sink.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

// echo -n hello | sha256sum
constexpr std::string_view kHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

class Export : public testing::Test {
 protected:
  Export() {
    dir_.write_file("site/d/f", "hello", 0640);
    dir_.make_symlink("site/d/l", "f");
    std::filesystem::create_hard_link(dir_ / "site/d/f", dir_ / "site/d/z");
    for (const char* path : {"site/d/f", "site/d/l", "site/d"}) {
      const std::array<timespec, 2> times{{{.tv_sec = 7, .tv_nsec = 5}, {.tv_sec = 7, .tv_nsec = 5}}};
      ::utimensat(AT_FDCWD, (dir_ / path).c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
    }
    std::filesystem::permissions(dir_ / "site/d", static_cast<std::filesystem::perms>(0750));
  }
  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"export", dir_ / "site", "/d"});
    return run_cli(arguments);
  }
  std::string owner() const { return std::to_string(::geteuid()) + " gid=" + std::to_string(::getegid()); }

  TempDir dir_;
};

TEST_F(Export, JsonHasEverything) {
  const Ran ran = run({"--digest"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["schema"], 1);
  const auto& entries = json["entries"];
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0]["path"], "/");
  EXPECT_EQ(entries[0]["type"], "directory");
  EXPECT_EQ(entries[0]["mode"], 0750);
  EXPECT_EQ(entries[1]["path"], "/f");
  EXPECT_EQ(entries[1]["sha256"], kHello);
  EXPECT_EQ(entries[1]["size"], 5);
  EXPECT_EQ(entries[1]["nlink"], 2);
  EXPECT_EQ(entries[1]["mtime_ns"], 7'000'000'005);
  EXPECT_EQ(entries[2]["target"], "f");
  EXPECT_FALSE(entries[2].contains("sha256"));
  EXPECT_EQ(entries[3]["link"], "/f");
  EXPECT_FALSE(nlohmann::json::parse(run({}).out)["entries"][1].contains("sha256")) << "nothing was read";
}

TEST_F(Export, ADashIsStandardOutput) {
  const Ran ran = run({"-o", "-"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, run({}).out);
}

TEST_F(Export, MtreeIsALineForEachEntry) {
  const Ran ran = run({"--format", "mtree", "--digest"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  std::string inode = ran.out.substr(ran.out.find(" inode=") + 7);
  inode = inode.substr(0, inode.find(' '));
  const std::string file =
      " type=file mode=0640 uid=" + owner() + " nlink=2 time=7.000000005 inode=" + inode + " size=5";
  EXPECT_EQ(ran.out,
            "#mtree\n"
            ". type=dir mode=0750 uid=" +
                owner() +
                " nlink=2 time=7.000000005\n"
                "./f" +
                file + " sha256digest=" + std::string(kHello) +
                "\n"
                "./l type=link mode=0777 uid=" +
                owner() +
                " nlink=1 time=7.000000005 link=f\n"
                "./z" +
                file + "\n");
}

TEST_F(Export, OtherProgramsReadTheMtree) {
  if (std::system("command -v bsdtar >/dev/null") != 0) GTEST_SKIP() << "no bsdtar; install libarchive-tools";
  dir_.write_file("site/d/odd name\\#=\xff", "x");
  const std::string file = dir_ / "list.mtree";
  ASSERT_EQ(run({"--format", "mtree", "-o", file}).status, 0);
  const std::string command =
      "cd " + (dir_ / "site/d") + " && bsdtar -tf " + file + " && bsdtar -cf - @" + file + " | tar -t";
  std::string out;
  FILE* const pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) out += buffer.data();
  EXPECT_EQ(::pclose(pipe), 0) << out;
  EXPECT_NE(out.find("./l\n"), std::string::npos) << out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 10) << out;
}

TEST_F(Export, AFileIsWholeOrNotThere) {
  ASSERT_EQ(run({"-o", dir_ / "list.json"}).status, 0);
  EXPECT_EQ(dir_.read_file("list.json"), run({}).out);
  EXPECT_EQ(run({"-o", dir_ / "no/list.json"}).err,
            "error: cannot write \"" + (dir_ / "no/list.json") +
                "\": No such file or directory\nhint: make the folder \"" + (dir_ / "no") + "\" first\n");
}

TEST_F(Export, AnUnknownFormatIsRefused) {
  const Ran ran = run({"--format", "dot"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: export: --format: \"dot\" is none of json, mtree\nhint: see \"wasifs export --help\"\n");
}

TEST(Vis, KeepsPlainCharactersOnly) {
  EXPECT_EQ(vis("a/b-c_d.e"), "a/b-c_d.e");
  EXPECT_EQ(vis("a b\n\\#\xff="), "a\\040b\\012\\134\\043\\377\\075");
}

}  // namespace
}  // namespace wasifs::test
