// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "fs/host/syscalls.h"
#include "wasifs/node.h"

namespace wasifs::host {

/// An open regular file of the host. No locks: the kernel serialises.
class HostFile final : public File {
 public:
  HostFile(OpenFlags flags, UniqueFd fd) : File(flags), fd_(std::move(fd)) {}

  [[nodiscard]] std::optional<NativeRange> native_range() override;

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override;
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override;
  Result<std::size_t> do_append(std::span<const std::byte> in) override;
  Status do_truncate(std::uint64_t size) override;
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override;
  /// From any file that lies on the host; see copy_content().
  Status do_copy(File& source, std::uint64_t size) override;
  Status do_sync(bool data_only) override;
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override;

 private:
  const UniqueFd fd_;
};

}  // namespace wasifs::host
