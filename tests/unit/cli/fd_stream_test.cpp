// SPDX-License-Identifier: Apache-2.0
#include "cli/fd_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <ostream>
#include <sstream>
#include <string>

#include "cli/cli.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

using cli::FdStreambuf;
using test::TempDir;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Descriptor create(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
}

TEST(FdStreambuf, WritesSmallAndLargePiecesInOrder) {
  const TempDir dir;
  std::string expected;
  {
    const Descriptor file = create(dir / "f");
    FdStreambuf buffer(file.get(), 16);
    std::ostream out(&buffer);
    for (int i = 0; i < 50; ++i) {
      const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
      out << piece << '.';
      expected += piece + ".";
    }
    out.flush();
    EXPECT_TRUE(out.good());
    EXPECT_EQ(dir.read_file("f"), expected);
  }
}

TEST(FdStreambuf, WithoutABufferEveryPieceIsWrittenAtOnce) {
  const TempDir dir;
  const Descriptor file = create(dir / "f");
  FdStreambuf buffer(file.get(), 0);
  std::ostream out(&buffer);
  out << "abc" << 'd';
  EXPECT_EQ(dir.read_file("f"), "abcd");
}

TEST(FdStreambuf, WritesWhatIsLeftAtItsEnd) {
  const TempDir dir;
  const Descriptor file = create(dir / "f");
  {
    FdStreambuf buffer(file.get());
    std::ostream out(&buffer);
    out << "left";
  }
  EXPECT_EQ(dir.read_file("f"), "left");
}

int version_to(int fd, std::string& err_text) {
  std::istringstream in;
  FdStreambuf buffer(fd);
  std::ostream out(&buffer);
  std::ostringstream err;
  cli::Io io{.in = in, .out = out, .err = err};
  const std::array<const char*, 2> argv{"wasifs", "--version"};
  const int status = cli::run(argv, io);
  err_text = err.str();
  return status;
}

TEST(FdStreambuf, AFullDiskIsToldByRunAsItsReason) {
  const Descriptor full(::open("/dev/full", O_WRONLY));
  std::string err;
  EXPECT_EQ(version_to(full.get(), err), 1);
  EXPECT_EQ(err, "error: cannot write output: No space left on device\n");
}

TEST(FdStreambuf, AClosedPipeIsToldWhereTheSignalIsIgnored) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const Descriptor writing(ends[1]);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  std::string err;
  EXPECT_EQ(version_to(writing.get(), err), 1);
  ::signal(SIGPIPE, before);
  EXPECT_EQ(err, "error: cannot write output: Broken pipe\n");
}

}  // namespace
}  // namespace wasifs
