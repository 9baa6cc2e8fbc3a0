// SPDX-License-Identifier: Apache-2.0
#pragma once

struct fuse_lowlevel_ops;

namespace wasifs::fuse {

/// libfuse's callbacks. The session's user data must be a Context (handler.h).
/// Each translates a request, asks the Tree once, and answers; lookup counts and
/// what the kernel may cache are all that is decided here.
[[nodiscard]] const fuse_lowlevel_ops& operations() noexcept;

}  // namespace wasifs::fuse
