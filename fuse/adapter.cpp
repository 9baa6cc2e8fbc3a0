// SPDX-License-Identifier: Apache-2.0
#include "fuse/adapter.h"

#include "fuse/handler.h"
#include "fuse/libfuse.h"

namespace wasifs::fuse {

namespace {

/// What we ask the kernel for, where it can do it.
constexpr unsigned kWanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS |
                             FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                             // O_TRUNC comes with the open, so the two are one step.
                             FUSE_CAP_ATOMIC_O_TRUNC |
                             // Cached pages go when a file's size or time changed behind
                             // the kernel: what somebody else does to a host directory
                             // shows while the file is open.
                             FUSE_CAP_AUTO_INVAL_DATA |
                             // A symlink's text never changes, only its name is reused;
                             // but see init().
                             FUSE_CAP_CACHE_SYMLINKS |
                             // Large reads of host files go out by splice.
                             FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE;

// Not asked for, although libfuse may offer it: writeback cache (it would lose
// closed files at a crash, and appends would no longer be the layer's),
// HANDLE_KILLPRIV (the kernel clears set-id bits, with setattr), SPLICE_READ
// (written data ends in memory, one copy either way), EXPORT_SUPPORT (node ids
// are not kept beyond a FORGET), locks (the kernel keeps them).

/// The kernel enforces access control lists, and leaves the umask to us, who know
/// whether the directory has a list to go by instead: both or none.
constexpr unsigned kAcls = FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK;

void init(void* data, fuse_conn_info* connection) {
  auto* const context = static_cast<Context*>(data);
  connection->want = connection->capable & kWanted;
  const bool acls = (connection->capable & kAcls) == kAcls;
  if (acls) connection->want |= kAcls;
  context->enforces_acls = acls;
  // Texts that follow from where the link lies change with every rename above it.
  if (context->tree->rebases_links()) {
    connection->want &= ~static_cast<unsigned>(FUSE_CAP_CACHE_SYMLINKS);
  }
  connection->max_write = static_cast<unsigned>(kMaxTransfer);
  // Readahead and asynchronous direct I/O that may be under way at once; the
  // default of 12 keeps a fast layer waiting.
  connection->max_background = 64;
  connection->congestion_threshold = 48;
  connection->time_gran = 1;
}

fuse_lowlevel_ops make_operations() noexcept {
  fuse_lowlevel_ops result{};
  result.init = init;
  add_name_operations(result);
  add_attribute_operations(result);
  add_file_operations(result);
  add_dir_operations(result);
  return result;
}

}  // namespace

const fuse_lowlevel_ops& operations() noexcept {
  static const fuse_lowlevel_ops kOperations = make_operations();
  return kOperations;
}

}  // namespace wasifs::fuse
