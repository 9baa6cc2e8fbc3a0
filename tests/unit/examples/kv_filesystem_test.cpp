// SPDX-License-Identifier: Apache-2.0
#include "kv_filesystem.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "wasifs/root_builder.h"

namespace wasifs::test {
namespace {

/// The standard output of a program that must succeed.
std::string output_of(const std::string& program) {
  std::FILE* pipe = ::popen(program.c_str(), "r");
  if (pipe == nullptr) return "cannot be run";
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    out.append(buffer.data(), got);
  }
  EXPECT_EQ(::pclose(pipe), 0);
  return out;
}

TEST(KvExample, TheProgramPrintsATreeAndAFile) {
  EXPECT_EQ(output_of(WASIFS_KV_EXAMPLE),
            "/\n"
            "  data/\n"
            "  etc/\n"
            "    app/\n"
            "      db/\n"
            "        host\n"
            "        port\n"
            "      name\n"
            "/etc/app/db/host = localhost\n"
            "  from kv \"settings\"\n"
            "/etc/app/db/port = 6432\n"
            "  from memory\n");
}

/// A store mounted as it is, read and written.
class KvFilesystem : public testing::Test {
 protected:
  static PreparedRoot root(const std::map<std::string, std::string>& store) {
    return RootBuilder().empty_base().add_mount("/kv", kv_filesystem(store, "test")).build().value();
  }
  static std::string listing(const Tree& tree) {
    std::string out;
    EXPECT_TRUE(tree.walk("/kv", [&](const Visited& visited) {
      if (visited.depth > 0) out += std::string(visited.path.substr(4)) + " ";
      return WalkNext::on;
    }));
    return out;
  }
};

TEST_F(KvFilesystem, KeysBecomePaths) {
  const PreparedRoot made = root({{"a/b/c", "1"}, {"a/d", "2"}, {"e", ""}});
  EXPECT_EQ(listing(*made.tree), "a a/b a/b/c a/d e ");
  EXPECT_EQ(made.tree->read_file("/kv/a/b/c"), "1");
  EXPECT_EQ(made.tree->read_file("/kv/e"), "");
  EXPECT_EQ(made.tree->read_file("/kv/f").error(), Errc::enoent);
  EXPECT_EQ(made.tree->read_file("/kv/e/f").error(), Errc::enotdir);
  EXPECT_EQ(made.tree->stat("/kv/a/d")->size, 1U);
}

TEST_F(KvFilesystem, ADirectoryBeatsAFileAndBadKeysAreLeftOut) {
  const PreparedRoot made = root({{"db", "x"},
                                  {"db-x", "y"},
                                  {"db/host", "z"},
                                  {"", "1"},
                                  {"a//b", "1"},
                                  {"../up", "1"},
                                  {"/abs", "1"},
                                  {std::string(256, 'n'), "1"}});
  EXPECT_EQ(listing(*made.tree), "db db/host db-x ");
}

TEST_F(KvFilesystem, NothingCanBeChanged) {
  const PreparedRoot made = root({{"a/b", "1"}});
  EXPECT_EQ(made.tree->write_file("/kv/a/b", "x").error(), Errc::erofs);
  EXPECT_EQ(made.tree->write_file("/kv/a/new", "x").error(), Errc::erofs);
  EXPECT_EQ(made.tree->make_dir("/kv/new").error(), Errc::erofs);
  EXPECT_EQ(made.tree->unlink("/kv/a/b").error(), Errc::erofs);
  EXPECT_EQ(made.tree->set_attr("/kv/a/b", {.mode = 0600}).error(), Errc::erofs);
}

TEST_F(KvFilesystem, ValuesAreReadInPartsAndInPlace) {
  const PreparedRoot made = root({{"v", "0123456789"}});
  const Tree::Opened opened = made.tree->open("/kv/v").value();
  std::array<std::byte, 4> buffer{};
  EXPECT_EQ(opened.file->read_at(8, buffer), 2U);
  EXPECT_EQ(opened.file->read_at(10, buffer), 0U);
  EXPECT_EQ(opened.file->read_at(100, buffer), 0U);
  EXPECT_EQ(opened.file->seek_data(3), 3U);
  EXPECT_EQ(opened.file->seek_hole(3), 10U);
  EXPECT_EQ(opened.file->seek_data(10).error(), Errc::enxio);
  EXPECT_EQ(made.tree->view("/kv/v", 4, 3).value()->bytes.size(), 3U);
}

TEST_F(KvFilesystem, AListingGoesOnBehindACookie) {
  const PreparedRoot made = root({{"a", ""}, {"b", ""}, {"c", ""}});
  const DirPtr dir = made.tree->open_dir("/kv").value();
  std::string names;
  std::uint64_t cookie = 0;
  for (int i = 0; i < 4; ++i) {
    bool taken = false;
    ASSERT_TRUE(dir->read(cookie, [&](const DirEntry& entry) {
      if (taken) return false;
      names += entry.name;
      cookie = entry.next;
      return taken = true;
    }));
  }
  EXPECT_EQ(names, "abc");
}

}  // namespace
}  // namespace wasifs::test
