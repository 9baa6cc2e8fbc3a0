// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

struct fuse_buf;
struct fuse_custom_io;
struct fuse_session;

namespace wasifs::fuse {

struct Context;

/// How a session whose user data is a Context reads its requests. libfuse refuses
/// requests that are younger than itself; two of them are served all the same:
///
/// What it does not tell of the others is noted on the way, each is counted, and its
/// answer to INIT is completed by what it does not know (see Agreement).
///
///   FUSE_TMPFILE (Linux 6.1)  handed to libfuse as a FUSE_CREATE of kNoName
///   FUSE_STATX (Linux 6.6)    answered by answer_request()
[[nodiscard]] const fuse_custom_io& request_io() noexcept;

/// Answers what was read, or has libfuse do it.
void answer_request(fuse_session& session, Context& context, const fuse_buf& request) noexcept;

/// As long as it lives, the thread that made it reads requests from `device`, one of
/// the connection's descriptors, and answers there, as the kernel wants it.
///
/// `idle` counts such threads that wait, or are done but for waiting: who is answered
/// may run before the one who answers, and make the next request, so a thread counts
/// from before its answer on.
class ServingThread {
 public:
  ServingThread(int device, std::atomic<unsigned>& idle) noexcept;
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;
  ~ServingThread();

  /// A request was read. Gives how many others are idle.
  static unsigned begin() noexcept;
  /// It has been dealt with. Gives how many are idle with this one.
  static unsigned end() noexcept;
};

/// Of the request that this thread answers: see Request::kills_privileges.
[[nodiscard]] bool request_kills_privileges() noexcept;

/// What open(2)'s O_TMPFILE calls a file in its request: no file has this name.
constexpr const char* kNoName = "/";

}  // namespace wasifs::fuse
