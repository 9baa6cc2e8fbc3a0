// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "fuse/handler.h"

struct fuse_file_info;

namespace wasifs::fuse {

struct OpenAnswer;

/// Makes a handle of `file`, just opened or made, and says what to answer. Where opens
/// are not asked for there are no handles, and `file` is closed.
[[nodiscard]] OpenAnswer adopt_opened(Context& context, Inode& inode, FilePtr file);
/// Of a handle that was released, or that the kernel was not told of after all; 0: none.
void close_handle(Context& context, std::uint64_t handle) noexcept;

/// The file that a request is about: that of its handle or, where opens are not asked
/// for, one that is open for this request.
class Target {
 public:
  [[nodiscard]] static Result<Target> to_read(Context& context, std::uint64_t id, const fuse_file_info& info);
  /// As to_read(), of a handle whatever it is open for.
  [[nodiscard]] static Result<Target> to_seek(Context& context, std::uint64_t id, const fuse_file_info& info);
  /// For any change; `append`: at the end, wherever that is.
  [[nodiscard]] static Result<Target> to_write(Context& context, std::uint64_t id, const fuse_file_info& info,
                                               bool append);

  [[nodiscard]] File& operator*() const { return *file_; }
  [[nodiscard]] File* operator->() const { return file_; }

 private:
  explicit Target(File& file) : file_(&file) {}
  explicit Target(FilePtr own) : own_(std::move(own)), file_(own_.get()) {}

  FilePtr own_;
  File* file_;
};

}  // namespace wasifs::fuse
