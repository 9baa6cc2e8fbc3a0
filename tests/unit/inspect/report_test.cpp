// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "inspect/listing.h"
#include "inspect/stat_report.h"
#include "inspect/tree_report.h"
#include "memory_tree.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::MemoryTree;

std::string drawn(const MemoryTree& made, const TextStyle& style = {}) {
  std::ostringstream out;
  const WalkableTree source(made.tree());
  EXPECT_TRUE(print_tree(out, source, source.root(), "/", style).empty());
  return out.str();
}

void fill(MemoryTree& made) {
  made.dir("/bin");
  made.file("/bin/sh", "x", 0755);
  made.link("/lib", "usr/lib");
  made.dir("/usr");
  made.dir("/usr/lib");
  made.file("/usr/lib/a", "1234");
}

TEST(PrintTree, DrawsBranchesTargetsAndCounts) {
  MemoryTree made;
  fill(made);
  EXPECT_EQ(drawn(made),
            "/\n"
            "├── bin\n"
            "│   └── sh\n"
            "├── lib -> usr/lib\n"
            "└── usr\n"
            "    └── lib\n"
            "        └── a\n"
            "\n"
            "4 directories, 2 files, 1 symlink\n");
}

TEST(PrintTree, UsesAsciiWhereTheLocaleHasNoUtf8) {
  MemoryTree made;
  fill(made);
  EXPECT_EQ(drawn(made, {.utf8 = false}),
            "/\n"
            "|-- bin\n"
            "|   `-- sh\n"
            "|-- lib -> usr/lib\n"
            "`-- usr\n"
            "    `-- lib\n"
            "        `-- a\n"
            "\n"
            "4 directories, 2 files, 1 symlink\n");
}

TEST(PrintTree, EscapesNamesThatWouldSpoilTheTerminal) {
  MemoryTree made;
  made.file("/evil\x1b[2J", "");
  EXPECT_EQ(drawn(made), "/\n└── \"evil\\x1b[2J\"\n\n1 directory, 1 file, 0 symlinks\n");
}

TEST(PrintTree, CutsLinesToTheTerminal) {
  MemoryTree made;
  made.file("/" + std::string(100, 'n'), "");
  std::istringstream lines(drawn(made, {.columns = 80}));
  std::size_t cut_lines = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), 80U);
    if (line.ends_with("\u2026")) ++cut_lines;
  }
  EXPECT_EQ(cut_lines, 1U);
}

TEST(PrintTree, CountsDevicesAsSpecialFiles) {
  MemoryTree made;
  made.device("/null", makedev(1, 3));
  EXPECT_EQ(drawn(made), "/\n└── null\n\n1 directory, 0 files, 0 symlinks, 1 special file\n");
}

TEST(PrintTree, ColoursOnlyWhenAsked) {
  MemoryTree made;
  made.dir("/d");
  EXPECT_NE(drawn(made, {.color = true}).find("\x1b[1;34md\x1b[0m"), std::string::npos);
  EXPECT_EQ(drawn(made).find('\x1b'), std::string::npos);
}

TEST(PrintTreeJson, ListsEveryPropertyOfEveryEntrySortedByPath) {
  MemoryTree made;
  fill(made);
  made.file("/usr-x", "");
  std::ostringstream out;
  const WalkableTree source(made.tree());
  EXPECT_TRUE(print_tree_json(out, source, source.root(), "/").empty());
  const json document = json::parse(out.str());
  EXPECT_EQ(document["schema"], 1);
  std::vector<std::string> paths;
  for (const json& entry : document["entries"]) {
    paths.push_back(entry["path"]);
    const Attr attr = made.tree().attr(made.tree().resolve(paths.back(), Follow::no).value()).value();
    EXPECT_EQ(entry["ino"], attr.ino);
    EXPECT_EQ(entry["size"], attr.size);
    EXPECT_EQ(entry["mode"], attr.mode);
    EXPECT_EQ(entry["mtime_ns"], MemoryTree::kSeconds * 1'000'000'000);
    EXPECT_EQ(entry.contains("target"), entry["type"] == "symlink");
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"/", "/bin", "/bin/sh", "/lib", "/usr", "/usr-x", "/usr/lib",
                                             "/usr/lib/a"}));
  EXPECT_EQ(document["entries"][3]["target"], "usr/lib");
  EXPECT_EQ(document["entries"][2]["type"], "file");
}

TEST(PrintTreeJson, KeepsBytesThatAreNoUtf8) {
  MemoryTree made;
  made.link("/\xff", "\xfe");
  std::ostringstream out;
  const WalkableTree source(made.tree());
  EXPECT_TRUE(print_tree_json(out, source, source.root(), "/").empty());
  const json entry = json::parse(out.str())["entries"][1];
  EXPECT_EQ(entry["path"], "/\ufffd");
  EXPECT_EQ(entry["path_base64"], "L/8=");
  EXPECT_EQ(entry["target_base64"], "/g==");
}

TEST(ListPath, ListsADirectoryByName) {
  MemoryTree made;
  fill(made);
  const auto entries = list_path(made.tree(), "/");
  ASSERT_TRUE(entries);
  std::ostringstream out;
  print_names(out, *entries, {});
  EXPECT_EQ(out.str(), "bin\nlib\nusr\n");
}

TEST(ListPath, FollowsASymlinkToADirectoryButShowsADanglingOne) {
  MemoryTree made;
  fill(made);
  made.link("/dangling", "nowhere");
  const auto followed = list_path(made.tree(), "/lib");
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->size(), 1U);
  EXPECT_EQ(followed->front().path, "/lib/a");
  const auto dangling = list_path(made.tree(), "/dangling");
  ASSERT_TRUE(dangling);
  EXPECT_EQ(dangling->front().target, "nowhere");
}

TEST(ListPath, NamesThePathThatIsMissing) {
  MemoryTree made;
  const auto entries = list_path(made.tree(), "/none");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().text(), "error: cannot list \"/none\": No such file or directory");
}

TEST(PrintLongListing, AlignsColumnsAndShowsDeviceNumbers) {
  MemoryTree made;
  made.file("/big", std::string(12345, 'x'));
  made.link("/l", "big");
  made.device("/null", makedev(1, 3));
  const auto entries = list_path(made.tree(), "/");
  ASSERT_TRUE(entries);
  std::ostringstream out;
  print_long_listing(out, *entries, {});
  EXPECT_EQ(out.str(),
            "-rw-r--r-- 1 0 0 12345 2001-09-09 01:46:40Z big\n"
            "lrwxrwxrwx 1 0 0     3 2001-09-09 01:46:40Z l -> big\n"
            "crw-rw-rw- 1 0 0  1, 3 2001-09-09 01:46:40Z null\n");
}

TEST(PrintListingJson, IsOneObjectWithTheEntries) {
  MemoryTree made;
  fill(made);
  const auto entries = list_path(made.tree(), "usr//lib/");
  ASSERT_TRUE(entries);
  std::ostringstream out;
  print_listing_json(out, *entries);
  const json document = json::parse(out.str());
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["entries"].size(), 1U);
  EXPECT_EQ(document["entries"][0]["path"], "/usr/lib/a");
  EXPECT_EQ(document["entries"][0]["size"], 4);
}

TEST(StatPath, ShowsTheLinkOrWhatItLeadsTo) {
  MemoryTree made;
  fill(made);
  const auto link = stat_path(made.tree(), "/lib", Follow::no);
  const auto target = stat_path(made.tree(), "/lib", Follow::yes);
  ASSERT_TRUE(link);
  ASSERT_TRUE(target);
  EXPECT_EQ(link->attr.type, FileType::symlink);
  EXPECT_EQ(link->target, "usr/lib");
  EXPECT_EQ(target->attr.type, FileType::directory);
}

TEST(PrintStat, HasALineForEachProperty) {
  StatReport report{.path = "/dev/null", .attr = {}, .target = "", .read_only = true, .traits = {}};
  report.attr.type = FileType::char_device;
  report.attr.mode = 0666;
  report.attr.ino = 7;
  report.attr.rdev = makedev(1, 3);
  report.attr.mtime = {.sec = 1, .nsec = 20};
  std::ostringstream out;
  print_stat(out, report);
  EXPECT_EQ(out.str(),
            "path:      /dev/null\n"
            "type:      char\n"
            "size:      0 bytes in 0 blocks of 512\n"
            "inode:     7\n"
            "links:     1\n"
            "mode:      0666 (crw-rw-rw-)\n"
            "owner:     0:0\n"
            "device:    1, 3\n"
            "accessed:  1970-01-01 00:00:00.000000000Z\n"
            "modified:  1970-01-01 00:00:01.000000020Z\n"
            "changed:   1970-01-01 00:00:00.000000000Z\n"
            "created:   1970-01-01 00:00:00.000000000Z\n"
            "layer:     in memory, mounted read-only\n");
}

TEST(PrintStat, NamesTheKindOfLayer) {
  const auto layer_of = [](Traits traits) {
    std::ostringstream out;
    print_stat(out, {.path = "/", .attr = {}, .target = "", .read_only = false, .traits = traits});
    return out.str().substr(out.str().find("layer:"));
  };
  EXPECT_EQ(layer_of({.immutable = true}), "layer:     immutable\n");
  EXPECT_EQ(layer_of({.shared = true, .persistent = true}), "layer:     shared with the host\n");
  EXPECT_EQ(layer_of({.persistent = true}), "layer:     persistent\n");
}

TEST(PrintStatJson, IsOneObject) {
  MemoryTree made;
  fill(made);
  std::ostringstream out;
  print_stat_json(out, stat_path(made.tree(), "/bin/sh", Follow::no).value());
  const json document = json::parse(out.str());
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["path"], "/bin/sh");
  EXPECT_EQ(document["mode"], 0755);
  EXPECT_EQ(document["nlink"], 1);
  EXPECT_EQ(document["read_only"], false);
  EXPECT_FALSE(document.contains("target"));
}

}  // namespace
}  // namespace wasifs
