// SPDX-License-Identifier: Apache-2.0
// Tars are whole or not there, and the same whenever they are written.
#include "fs/archive/tar_writer.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "archive_maker.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t files_in(const TempDir& dir) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(dir.path()), std::filesystem::directory_iterator()));
}

TEST(TarWriter, ComesWithItsNameWhenItIsWhole) {
  const TempDir dir;
  const std::string path = dir / "a.tar";
  dir.write_file("a.tar", "what was there before");
  {
    const auto tar = archive::TarWriter::create(path).value();
    ASSERT_TRUE(tar->add({.path = "d", .attr = {.type = FileType::directory, .mode = 0755}}, nullptr));
    EXPECT_EQ(read_file(path), "what was there before");
  }
  EXPECT_EQ(read_file(path), "what was there before") << "it was not finished";
  const auto tar = archive::TarWriter::create(path).value();
  ASSERT_TRUE(tar->finish());
  EXPECT_EQ(listing(*open_archive(read_file(path))), "/: dir 0755\n");
  EXPECT_EQ(files_in(dir), 1U) << "nothing else is left";
}

TEST(TarWriter, IsTheSameWheneverItIsWritten) {
  const TempDir dir;
  const auto source = open_archive(make_archive(
      "pax",
      {{.path = "f", .data = "x", .mtime = {.sec = 5, .nsec = 7}}, {.path = "g"}, hard_link_item("h", "f")}));
  for (const std::string suffix :
       {".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.lz4"}) {
    std::string first;
    for (const std::string name : {"a", "b"}) {
      const std::string path = dir / (name + suffix);
      const auto tar = archive::TarWriter::create(path).value();
      ASSERT_TRUE(source->write_to(*tar));
      ASSERT_TRUE(tar->finish());
      if (first.empty()) first = read_file(path);
      EXPECT_EQ(read_file(path), first) << suffix;
    }
    EXPECT_EQ(listing(*open_archive(first)), listing(*source)) << suffix;
  }
}

TEST(TarWriter, AStreamThatIsNotFinishedHasNoEnd) {
  std::ostringstream whole;
  std::ostringstream part;
  for (std::ostringstream* stream : {&whole, &part}) {
    const auto tar = archive::TarWriter::to_stream(*stream).value();
    ASSERT_TRUE(tar->add({.path = "d", .attr = {.type = FileType::directory, .mode = 0755}}, nullptr));
    if (stream == &part) continue;
    ASSERT_TRUE(tar->finish());
  }
  EXPECT_EQ(listing(*open_archive(whole.str())), "/: dir 0755\n/d: dir 0755\n");
  EXPECT_LT(part.str().size(), whole.str().size());
  EXPECT_FALSE(part.str().ends_with(std::string(1024, '\0')));
}

TEST(TarWriter, WhatAStreamThrowsComesThrough) {
  std::ostringstream stream;
  const auto tar = archive::TarWriter::to_stream(stream).value();
  stream.exceptions(std::ios::failbit);
  stream.setstate(std::ios::badbit);
  EXPECT_THROW((void)tar->finish(), std::ios_base::failure);
}

TEST(TarWriter, TakesNamesOfTarsOnly) {
  EXPECT_TRUE(archive::has_tar_name("x.tar.zst"));
  EXPECT_FALSE(archive::has_tar_name("x.zip"));
  EXPECT_EQ(
      archive::TarWriter::create("x.zip").error().text(),
      "error: \"x.zip\" has no name of a tar archive\nhint: *.tar, and *.tar.gz, .bz2, .xz, .zst or .lz4 are "
      "written");
}

TEST(TarWriter, WhatCannotBeWrittenIsASource) {
  EXPECT_EQ(archive::TarWriter::create("/nowhere/a.tar").error().text(),
            "error: cannot write \"/nowhere/a.tar\": No such file or directory\nhint: make the folder "
            "\"/nowhere\" first");
  const TempDir dir;
  std::filesystem::create_directory(dir / "d.tar");
  EXPECT_EQ(archive::TarWriter::create(dir / "d.tar").error().message,
            "cannot write \"" + (dir / "d.tar") + "\": Is a directory");
}

TEST(TarWriter, AFullDiskLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
  const TempDir dir;
  const std::string small = dir / "small";
  std::filesystem::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "no tmpfs can be mounted";
  {
    const auto source =
        open_archive(make_archive("pax", {{.path = "f", .data = std::string(1'000'000, 'x')}}));
    const auto tar = archive::TarWriter::create(small + "/a.tar").value();
    Outcome<void> written = source->write_to(*tar);
    if (written) written = tar->finish();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().text(), "error: cannot write \"" + small + "/a.tar\": No space left on device");
  }
  EXPECT_TRUE(std::filesystem::is_empty(small));
  ::umount(small.c_str());
}

}  // namespace
}  // namespace wasifs::test
