// SPDX-License-Identifier: Apache-2.0
#include "base/mapping.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "support/temp_dir.h"

namespace wasifs {
namespace {

std::string refusal(const std::string& path) {
  const Outcome<View> view = map_file(path, "host file");
  return view ? "mapped" : view.error().text();
}

TEST(MapFile, ShowsTheBytesOfAFileAndKeepsThemWhenItIsReplaced) {
  const test::TempDir dir;
  dir.write_file("a", "bytes");
  const Outcome<View> view = map_file(dir / "a", "host file");
  ASSERT_TRUE(view);
  dir.write_file("b", "other");
  ASSERT_EQ(::rename((dir / "b").c_str(), (dir / "a").c_str()), 0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(view->bytes.data()), view->bytes.size()), "bytes");
}

TEST(MapFile, OfAnEmptyFileIsEmpty) {
  const test::TempDir dir;
  dir.write_file("a", "");
  const Outcome<View> view = map_file(dir / "a", "host file");
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->bytes.empty());
}

TEST(MapFile, SaysWhatCannotBeOpenedAndWhy) {
  EXPECT_EQ(refusal("/nonexistent/rg"),
            "error: cannot open host file \"/nonexistent/rg\": No such file or directory");
  EXPECT_EQ(refusal("/"),
            "error: cannot open host file \"/\": it is a directory\nhint: name the file itself");
  EXPECT_EQ(refusal("/dev/null"), "error: cannot open host file \"/dev/null\": it is not a regular file");
  EXPECT_EQ(refusal(std::string("a\0b", 3)),
            "error: cannot open host file \"a\\x00b\": the path holds a NUL");
}

TEST(MapFile, DoesNotWaitForTheWriterOfAFifo) {
  const test::TempDir dir;
  const std::string path = dir / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(refusal(path), "error: cannot open host file \"" + path + "\": it is not a regular file");
}

}  // namespace
}  // namespace wasifs
