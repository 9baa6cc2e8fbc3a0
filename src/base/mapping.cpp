// SPDX-License-Identifier: Apache-2.0
#include "base/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/path.h"

namespace wasifs {
namespace {

struct Descriptor {
  int fd;
  explicit Descriptor(int opened) : fd(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

struct Mapping {
  void* address;
  std::size_t size;
  Mapping(void* mapped, std::size_t bytes) : address(mapped), size(bytes) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address, size); }
};

/// What a failure is a failure of.
struct Target {
  std::string_view what;
  const std::string& path;

  [[nodiscard]] std::unexpected<Diagnostic> cannot_open(const std::string& why, std::string hint = {}) const {
    return fail(
        Diagnostic{.trouble = Trouble::source,
                   .message = "cannot open " + std::string(what) + " " + wasifs::quoted(path) + ": " + why,
                   .hint = std::move(hint)});
  }
  [[nodiscard]] std::unexpected<Diagnostic> cannot_open(int error) const {
    return cannot_open(message(static_cast<Errc>(error)));
  }
};

}  // namespace

Outcome<View> map_file(const std::string& path, std::string_view what) {
  const Target target{what, path};
  if (path.find('\0') != std::string::npos) return target.cannot_open("the path holds a NUL");
  // O_NONBLOCK: opening a FIFO that nobody writes to must not hang.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd < 0) return target.cannot_open(errno);
  struct stat info = {};
  if (::fstat(file.fd, &info) != 0) return target.cannot_open(errno);
  if (S_ISDIR(info.st_mode)) {
    return target.cannot_open("it is a directory", "name the file itself");
  }
  if (!S_ISREG(info.st_mode)) return target.cannot_open("it is not a regular file");
  // There is nothing to map; what an empty file means, the caller says.
  if (info.st_size == 0) return View{};
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > std::numeric_limits<std::size_t>::max()) {
    return target.cannot_open("it is too large for this machine's address space");
  }
  Result<View> mapped = map_open_file(file.fd, static_cast<std::size_t>(size));
  if (!mapped) return target.cannot_open(static_cast<int>(mapped.error()));
  return *std::move(mapped);
}

Result<View> map_open_file(int fd, std::size_t size) {
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return fail(static_cast<Errc>(errno));
  auto mapping = std::make_shared<const Mapping>(address, size);
  const std::span bytes(static_cast<const std::byte*>(address), size);
  return View{bytes, std::move(mapping)};
}

void release_pages(const View& mapped) {
  if (mapped.bytes.empty()) return;
  // Nothing is ever written to it, so nothing is lost. A hint: whether it helps does not matter.
  (void)::madvise(const_cast<std::byte*>(mapped.bytes.data()), mapped.bytes.size(), MADV_DONTNEED);
}

}  // namespace wasifs
