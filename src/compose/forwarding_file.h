// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "wasifs/node.h"

namespace wasifs {

/// An open file that hands everything on to another: what wraps a file derives from
/// it and overrides what it is about.
class ForwardingFile : public File {
 public:
  explicit ForwardingFile(FilePtr inner) : File(inner->flags()), inner_(std::move(inner)) {}

  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    return inner_->view(offset, length);
  }
  std::optional<NativeRange> native_range() override { return inner_->native_range(); }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    return inner_->read_at(offset, out);
  }
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    return inner_->write_at(offset, in);
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override { return inner_->write_at(0, in); }
  Status do_truncate(std::uint64_t size) override { return inner_->truncate(size); }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    return inner_->allocate(mode, offset, length);
  }
  Status do_sync(bool data_only) override { return inner_->sync(data_only); }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    return data ? inner_->seek_data(offset) : inner_->seek_hole(offset);
  }

 private:
  FilePtr inner_;
};

}  // namespace wasifs
