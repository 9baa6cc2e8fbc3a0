// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::size_t names_in(const TempDir& dir) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir.path()), {}));
}

TEST(OutputFile, TakesTheNameWhenItIsWhole) {
  const TempDir dir;
  dir.write_file("f", "before");
  {
    OutputFile lost = OutputFile::create(dir / "f").value();
    ASSERT_TRUE(lost.write(bytes_of("lost")));
  }
  EXPECT_EQ(dir.read_file("f"), "before");
  OutputFile file = OutputFile::create(dir / "f").value();
  ASSERT_TRUE(file.write(bytes_of("af")));
  OutputFile moved = std::move(file);
  ASSERT_TRUE(moved.write(bytes_of("ter")));
  ASSERT_TRUE(moved.commit());
  EXPECT_EQ(dir.read_file("f"), "after");
  EXPECT_EQ(names_in(dir), 1U);
}

TEST(OutputFile, HasThePermissionsOfAnyNewFile) {
  const TempDir dir;
  const mode_t mask = ::umask(027);
  const auto committed = OutputFile::create(dir / "f").value().commit();
  ::umask(mask);
  ASSERT_TRUE(committed);
  struct stat found{};
  ASSERT_EQ(::stat((dir / "f").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0640U);
}

TEST(OutputFile, ALongNameIsNoTrouble) {
  const TempDir dir;
  const std::string name(255, 'n');
  ASSERT_TRUE(OutputFile::create(dir / name).value().commit());
  EXPECT_TRUE(dir.exists(name));
}

TEST(OutputFile, WhatIsNoRegularFileIsWrittenToAndStays) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  const int reader = ::open((dir / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  OutputFile pipe = OutputFile::create(dir / "pipe").value();
  ASSERT_TRUE(pipe.write(bytes_of("through")));
  ASSERT_TRUE(pipe.commit());
  std::array<char, 16> got{};
  EXPECT_EQ(::read(reader, got.data(), got.size()), 7);
  ::close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(dir / "pipe"));
  EXPECT_EQ(names_in(dir), 1U);
}

TEST(OutputFile, SaysWhyItCannotBe) {
  const TempDir dir;
  EXPECT_EQ(OutputFile::create(dir / "no/f").error().text(),
            "error: cannot write \"" + (dir / "no/f") +
                "\": No such file or directory\nhint: make the folder \"" + (dir / "no") + "\" first");
  EXPECT_EQ(OutputFile::create(dir.string()).error().text(),
            "error: cannot write \"" + dir.string() + "\": Is a directory");
  EXPECT_EQ(OutputFile::create(dir / "f").value().path(), dir / "f");
}

}  // namespace
}  // namespace wasifs::test
