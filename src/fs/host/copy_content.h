// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "wasifs/node.h"

namespace wasifs::host {

/// The system calls that copy inside the kernel: ioctl_ficlone(2) and
/// copy_file_range(2). Tests put others in their place.
struct CopyCalls {
  int (*clone)(int to, int from);
  ssize_t (*copy_range)(int from, off_t* from_at, int to, off_t* to_at, std::size_t length);
};
extern const CopyCalls kKernelCopies;

/// Makes the first `size` bytes of `from` the content of the empty file `to`: shares
/// the blocks where the file system can, else copies what is no hole. enotsup: the
/// kernel does neither between these two, and `to` may hold a part of it; else what the
/// host says.
[[nodiscard]] Status copy_content(const NativeRange& from, int to, std::uint64_t size,
                                  const CopyCalls& calls = kKernelCopies);

}  // namespace wasifs::host
