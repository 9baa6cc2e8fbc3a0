// SPDX-License-Identifier: Apache-2.0
#include "fs/device/device.h"

#include <sys/random.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace wasifs {

namespace {

// Numbers from Linux's Documentation/admin-guide/devices.txt.
constexpr unsigned kMemory = 1;    // character device major: memory devices
constexpr unsigned kTerminal = 5;  // character device major: alternate terminals

// makedev(3) as a constant: the kernel's 32-bit encoding, all that these need.
constexpr std::uint64_t number(unsigned major, unsigned minor) { return (major << 8U) | minor; }

constexpr std::uint64_t kNull = number(kMemory, 3);
constexpr std::uint64_t kZero = number(kMemory, 5);
constexpr std::uint64_t kUrandom = number(kMemory, 9);
constexpr std::uint64_t kTty = number(kTerminal, 0);

// The standard streams bear the number of /dev/tty: on the host they are links
// into /proc that mean the opener's own streams, for which there is no device
// number, and what a host process that opens them through a mount can sensibly
// get is its controlling terminal.
constexpr std::array<Device, 7> kDevices = {{
    {.name = "null", .rdev = kNull, .mode = 0666},
    {.name = "zero", .rdev = kZero, .mode = 0666},
    {.name = "urandom", .rdev = kUrandom, .mode = 0666},
    {.name = "stdin", .rdev = kTty, .mode = 0666},
    {.name = "stdout", .rdev = kTty, .mode = 0666},
    {.name = "stderr", .rdev = kTty, .mode = 0666},
    {.name = "tty", .rdev = kTty, .mode = 0666},
}};

/// What all devices have in common: whatever is written is gone, and there is
/// nothing to truncate, to allocate or to seek in, as null(4) has it.
class DeviceFile : public File {
 public:
  using File::File;

 protected:
  Result<std::size_t> do_write(std::uint64_t /*offset*/, std::span<const std::byte> in) override {
    return in.size();
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override { return in.size(); }
  Status do_truncate(std::uint64_t /*size*/) override { return fail(Errc::einval); }
  Status do_allocate(AllocateMode /*mode*/, std::uint64_t /*offset*/, std::uint64_t /*length*/) override {
    return fail(Errc::enodev);
  }
};

/// null: at its end wherever one reads.
class NullFile : public DeviceFile {
 public:
  using DeviceFile::DeviceFile;

 protected:
  Result<std::size_t> do_read(std::uint64_t /*offset*/, std::span<std::byte> /*out*/) override { return 0; }
  Result<std::uint64_t> do_seek(std::uint64_t /*offset*/, bool /*data*/) override {
    return fail(Errc::enxio);
  }
};

/// A terminal that nobody sits at. It has no positions to seek to.
class TerminalFile final : public NullFile {
 public:
  using NullFile::NullFile;

 protected:
  Result<std::uint64_t> do_seek(std::uint64_t /*offset*/, bool /*data*/) override {
    return fail(Errc::espipe);
  }
};

/// A device without an end: data from every offset on, and never a hole.
class EndlessFile : public DeviceFile {
 public:
  using DeviceFile::DeviceFile;

 protected:
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    if (!data || offset > kMaxSize) return fail(Errc::enxio);
    return offset;
  }
};

class ZeroFile final : public EndlessFile {
 public:
  using EndlessFile::EndlessFile;

 protected:
  Result<std::size_t> do_read(std::uint64_t /*offset*/, std::span<std::byte> out) override {
    std::ranges::fill(out, std::byte{0});
    return out.size();
  }
};

class UrandomFile final : public EndlessFile {
 public:
  using EndlessFile::EndlessFile;

 protected:
  Result<std::size_t> do_read(std::uint64_t /*offset*/, std::span<std::byte> out) override {
    // getrandom(2) may be interrupted, and stops early, past 256 bytes.
    for (std::size_t done = 0; done < out.size();) {
      const ssize_t count = ::getrandom(out.data() + done, out.size() - done, 0);
      if (count < 0 && errno != EINTR) return fail_errno();
      if (count > 0) done += static_cast<std::size_t>(count);
    }
    return out.size();
  }
};

}  // namespace

std::span<const Device> standard_devices() { return kDevices; }

Result<FilePtr> open_device(std::uint64_t rdev, OpenFlags flags) {
  switch (rdev) {
    case kNull:
      return std::make_unique<NullFile>(flags);
    case kZero:
      return std::make_unique<ZeroFile>(flags);
    case kUrandom:
      return std::make_unique<UrandomFile>(flags);
    case kTty:
      return std::make_unique<TerminalFile>(flags);
    default:
      return fail(Errc::enxio);
  }
}

}  // namespace wasifs
