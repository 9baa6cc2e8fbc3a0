// SPDX-License-Identifier: Apache-2.0
#include "fuse/handles.h"

namespace wasifs::fuse {

Result<File*> FileHandle::writer(bool append) {
  // A handle without write access never gets here from the kernel; its File
  // answers ebadf as it should.
  if (file_->flags().append == append || !file_->flags().write) return file_.get();
  const std::scoped_lock hold(lock_);
  if (other_ == nullptr) {
    Result<FilePtr> opened =
        tree_.open_again(inode_.vnode, {.read = false, .write = true, .append = append, .truncate = false});
    if (!opened) return fail(opened.error());
    other_ = std::move(*opened);
  }
  return other_.get();
}

}  // namespace wasifs::fuse
