// SPDX-License-Identifier: Apache-2.0
#include "fuse/agreement.h"

#include <algorithm>
#include <cstring>

#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "wasifs/tree.h"

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
                             // but see below.
                             FUSE_CAP_CACHE_SYMLINKS |
                             // Large reads of host files go out by splice.
                             FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE;

// Not asked for, although libfuse may offer it: SPLICE_READ (written data ends in
// memory, one copy either way), EXPORT_SUPPORT (node ids are not kept beyond a
// FORGET), locks (the kernel keeps them).

constexpr unsigned kAcls = FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK;

}  // namespace

void Agreement::negotiate(const Tree& tree, const ViewOptions& options, fuse_conn_info& connection) {
  const auto can = [&](unsigned what) { return (connection.capable & what) == what; };
  const auto drop = [&](unsigned what) { connection.want &= ~what; };
  connection.want = connection.capable & kWanted;
  acls = can(kAcls);
  if (acls) connection.want |= kAcls;
  const TreeTraits traits = tree.traits();
  // Texts that follow from where the link lies change with every rename above it.
  if (traits.rebases_links) drop(FUSE_CAP_CACHE_SYMLINKS);
  const bool prefers_passthrough = options.passthrough == ViewOptions::Passthrough::preferred;
  if (traits.opens_freely && !prefers_passthrough && can(FUSE_CAP_NO_OPEN_SUPPORT)) {
    asks_opens = false;
    // There is no open that the truncation could come with.
    drop(FUSE_CAP_ATOMIC_O_TRUNC);
  }
  // The kernel keeps listings that it does not ask for.
  const bool lists_freely = traits.lists_freely && (traits.immutable || options.sole_writer);
  asks_opendirs = !(lists_freely && can(FUSE_CAP_NO_OPENDIR_SUPPORT));
  writeback = options.writeback && options.sole_writer && can(FUSE_CAP_WRITEBACK_CACHE);
  if (writeback) connection.want |= FUSE_CAP_WRITEBACK_CACHE;
  // With the one the kernel takes its own word for times and sizes, with the other ours.
  passthrough = options.passthrough != ViewOptions::Passthrough::never && !writeback && asks_opens;

  connection.max_write = static_cast<unsigned>(kMaxTransfer);
  // Readahead and asynchronous direct I/O that may be under way at once; the
  // default of 12 keeps a fast layer waiting.
  connection.max_background = 64;
  connection.congestion_threshold = 48;
  connection.time_gran = 1;
}

void Agreement::note_offer(std::string_view request) noexcept {
  fuse_init_in offer{};
  if (request.size() <= sizeof(fuse_in_header)) return;
  request.remove_prefix(sizeof(fuse_in_header));
  std::memcpy(&offer, request.data(), std::min(sizeof offer, request.size()));
  offered_ = offer.flags;
  if ((offer.flags & FUSE_INIT_EXT) != 0) offered_ |= std::uint64_t{offer.flags2} << 32U;
}

void Agreement::complete(void* answer, std::size_t length) noexcept {
  InitAnswer init{};
  if (length < sizeof init) return;
  std::memcpy(&init, answer, sizeof init);
  kills_privileges = (offered_ & FUSE_HANDLE_KILLPRIV_V2) != 0;
  if (kills_privileges) init.flags |= FUSE_HANDLE_KILLPRIV_V2;
  passthrough = passthrough && (offered_ >> 32U & kPassthroughFlag2) != 0;
  if (passthrough) {
    init.flags |= FUSE_INIT_EXT;
    init.flags2 |= kPassthroughFlag2;
    init.max_stack_depth = kDepthOfOne;
  }
  std::memcpy(answer, &init, sizeof init);
}

}  // namespace wasifs::fuse
