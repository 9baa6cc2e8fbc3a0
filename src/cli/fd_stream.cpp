// SPDX-License-Identifier: Apache-2.0
#include "cli/fd_stream.h"

#include <unistd.h>

#include <cerrno>

namespace wasifs::cli {

FdStreambuf::FdStreambuf(int fd, std::size_t capacity) : fd_(fd), buffer_(capacity) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

FdStreambuf::~FdStreambuf() {
  try {
    drain();
  } catch (const WriteError&) {
    // A destructor has nobody to tell; run() has synced and reported before.
  }
}

FdStreambuf::int_type FdStreambuf::overflow(int_type next) {
  drain();
  if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
  const char byte = traits_type::to_char_type(next);
  if (buffer_.empty()) {
    write_all(&byte, 1);
  } else {
    *pptr() = byte;
    pbump(1);
  }
  return next;
}

std::streamsize FdStreambuf::xsputn(const char* data, std::streamsize size) {
  if (size >= epptr() - pptr()) {
    drain();
    if (size >= epptr() - pptr()) {
      write_all(data, static_cast<std::size_t>(size));
      return size;
    }
  }
  traits_type::copy(pptr(), data, static_cast<std::size_t>(size));
  pbump(static_cast<int>(size));
  return size;
}

int FdStreambuf::sync() {
  drain();
  return 0;
}

void FdStreambuf::drain() {
  const auto pending = static_cast<std::size_t>(pptr() - pbase());
  // Emptied first: bytes that could not be written must not come out twice.
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  write_all(buffer_.data(), pending);
}

void FdStreambuf::write_all(const char* data, std::size_t size) const {
  while (size > 0) {
    const ssize_t written = ::write(fd_, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw WriteError(errno);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace wasifs::cli
