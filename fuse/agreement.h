// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct fuse_conn_info;
struct iovec;

namespace wasifs {
class Tree;
}

namespace wasifs::fuse {

/// What the user wants of a view beside what the tree allows.
struct ViewOptions {
  /// Nobody changes the tree but through this view. Otherwise the kernel is told of every
  /// change, but a listing that is on its way to it then may end up as the newer one, so
  /// that listings are kept of what never changes alone.
  bool sole_writer = false;
  double shared_timeout = 1.0;  ///< seconds that what others change too may be remembered
  bool writeback = false;       ///< writes gather in the kernel
  /// Whether host files may be read and written past us. That takes an open which is
  /// asked for; as a rule a tree without need of those is better off without.
  enum class Passthrough : std::uint8_t { never, where_asked, preferred };
  Passthrough passthrough = Passthrough::where_asked;
};

/// What the kernel and we have agreed on in INIT, the first request of a session:
/// written while it is answered, constant afterwards.
struct Agreement {
  /// The kernel enforces access control lists, and leaves the umask to us, who know
  /// whether a directory has a list to go by instead: both or none.
  bool acls = false;
  /// Who writes, truncates or gives away a file takes its set-id bits away himself: us.
  /// The kernel need not ask before each write whether there is something to take.
  bool kills_privileges = false;
  /// Opens of files (of directories) are asked for. Where not, a request on a file
  /// comes without a handle.
  bool asks_opens = true;
  bool asks_opendirs = true;
  bool writeback = false;
  bool passthrough = false;

  /// Chooses among what `connection` can do.
  void negotiate(const Tree& tree, const ViewOptions& options, fuse_conn_info& connection);

  // What libfuse 3.14 does not know how to say.
  /// `request`: an INIT as it was read.
  void note_offer(std::string_view request) noexcept;
  /// `answer`: libfuse's, behind its header.
  void complete(void* answer, std::size_t length) noexcept;

 private:
  std::uint64_t offered_ = 0;
};

}  // namespace wasifs::fuse
