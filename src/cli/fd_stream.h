// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <streambuf>
#include <system_error>
#include <vector>

namespace wasifs::cli {

/// Why an output could not be written: the errno of write(2).
class WriteError final : public std::system_error {
 public:
  explicit WriteError(int error) : std::system_error(error, std::generic_category()) {}
};

/// Writes to a file descriptor that it does not own. Unlike std::filebuf it
/// says why a write failed: the WriteError it throws passes through an ostream
/// whose exceptions() include badbit.
/// A `capacity` of 0 writes every piece at once, as standard error does.
class FdStreambuf final : public std::streambuf {
 public:
  explicit FdStreambuf(int fd, std::size_t capacity = 64 * 1024);
  /// Writes what is left; a failure is lost, so sync() first where it matters.
  ~FdStreambuf() override;

 protected:
  int_type overflow(int_type next) override;
  std::streamsize xsputn(const char* data, std::streamsize size) override;
  int sync() override;

 private:
  void drain();
  void write_all(const char* data, std::size_t size) const;

  int fd_;
  std::vector<char> buffer_;
};

}  // namespace wasifs::cli
