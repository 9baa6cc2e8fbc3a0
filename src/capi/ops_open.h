// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "capi/ops_node.h"

namespace wasifs::capi {

/// An open file of a user's file system. Holds its node.
class OpsFile final : public File {
 public:
  OpsFile(Ref<OpsNode> node, OpenFlags flags) : File(flags), node_(std::move(node)) {}

 private:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override;
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override;
  Result<std::size_t> do_append(std::span<const std::byte> in) override;
  Status do_truncate(std::uint64_t size) override;
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override;
  Status do_sync(bool data_only) override;
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override;

  Ref<OpsNode> node_;
};

/// An open directory of a user's file system. Holds its node.
class OpsDir final : public Dir {
 public:
  explicit OpsDir(Ref<OpsNode> node) : node_(std::move(node)) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override;

 private:
  Ref<OpsNode> node_;
};

/// A directory's entries on their way from C: what the `sink` of read_dir points to.
class EntryRelay {
 public:
  explicit EntryRelay(DirSink sink) : sink_(sink) {}

  /// A wasifs_dir_sink; `relay` is an EntryRelay.
  static int take(void* relay, const char* name, size_t name_len, uint64_t ino, uint32_t type,
                  uint64_t next) noexcept;

  /// What went wrong with an entry, if anything did.
  [[nodiscard]] Status result() const { return result_; }

 private:
  [[nodiscard]] bool forward(const char* name, std::size_t length, std::uint64_t ino, std::uint32_t type,
                             std::uint64_t next);

  DirSink sink_;
  bool enough_ = false;
  Status result_ = {};
};

}  // namespace wasifs::capi
