// SPDX-License-Identifier: Apache-2.0
#include "fuse/request_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <string_view>

#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "fuse/translate.h"

// ThreadSanitizer does not see what the kernel orders: a request comes after the
// answers that led to it, on whatever thread they were given.
#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#define WASIFS_AFTER_ANSWERS(context) __tsan_acquire(context)
#define WASIFS_BEFORE_REQUESTS(context) __tsan_release(context)
#else
#define WASIFS_AFTER_ANSWERS(context) static_cast<void>(context)
#define WASIFS_BEFORE_REQUESTS(context) static_cast<void>(context)
#endif

namespace wasifs::fuse {

namespace {

statx_timestamp to_stamp(const Time& time) {
  statx_timestamp result{};
  result.tv_sec = time.sec;
  result.tv_nsec = static_cast<std::uint32_t>(time.nsec);
  return result;
}

struct statx to_statx(const Attr& attr) {
  const struct stat basic = to_stat(attr);
  struct statx result{};
  result.stx_mask = STATX_BASIC_STATS;
  result.stx_blksize = static_cast<std::uint32_t>(basic.st_blksize);
  result.stx_nlink = attr.nlink;
  result.stx_uid = attr.uid;
  result.stx_gid = attr.gid;
  result.stx_mode = static_cast<std::uint16_t>(basic.st_mode);
  result.stx_ino = attr.ino;
  result.stx_size = attr.size;
  result.stx_blocks = attr.blocks;
  result.stx_atime = to_stamp(attr.atime);
  result.stx_ctime = to_stamp(attr.ctime);
  result.stx_mtime = to_stamp(attr.mtime);
  result.stx_rdev_major = major(attr.rdev);
  result.stx_rdev_minor = minor(attr.rdev);
  // A layer that does not know leaves it at zero.
  if (attr.btime != Time{}) {
    result.stx_mask |= STATX_BTIME;
    result.stx_btime = to_stamp(attr.btime);
  }
  return result;
}

Errc look_at(Context& context, std::uint64_t id, StatxAnswer& answer) noexcept {
  try {
    const VNode& vnode = context.inodes.at(id).vnode;
    const Result<Attr> attr = context.tree->attr(vnode);
    if (!attr) return attr.error();
    const Timeout timeout = to_timeout(attribute_timeout(context.policy(vnode), *attr));
    answer.valid_sec = timeout.sec;
    answer.valid_nsec = timeout.nsec;
    answer.attributes = to_statx(*attr);
    return Errc{};
  } catch (const std::bad_alloc&) {
    return Errc::enomem;
  } catch (const std::exception&) {
    return Errc::eio;
  }
}

/// What this thread serves.
struct Serving {
  int device = -1;  ///< -1: what the session has
  std::atomic<unsigned>* idle = nullptr;
  bool counted = true;  ///< as one that is idle
};
thread_local Serving serving;

int device_of(int session) noexcept { return serving.device >= 0 ? serving.device : session; }

void count_as_idle() noexcept {
  if (serving.counted || serving.idle == nullptr) return;
  serving.counted = true;
  serving.idle->fetch_add(1, std::memory_order_relaxed);
}

void answer_statx(Context& context, int session, const fuse_in_header& request) noexcept {
  StatxAnswer answer{};
  const Errc error = look_at(context, request.nodeid, answer);
  answer.header.unique = request.unique;
  answer.header.error = -static_cast<int>(error);
  answer.header.len = error == Errc{} ? sizeof(answer) : sizeof(answer.header);
  WASIFS_BEFORE_REQUESTS(&context);
  count_as_idle();
  // It fails where nobody waits any more.
  static_cast<void>(::write(device_of(session), &answer, answer.header.len));
}

/// What libfuse does not tell of the request that this thread has read last.
struct RawRequest {
  bool kills_privileges = false;
  std::uint64_t init = 0;  ///< of an INIT, its number
};
thread_local RawRequest current;

/// The fixed part of a request of type T, behind its header; zeros where it is cut off.
template <class T>
T body_of(std::string_view request) {
  T body{};
  request.remove_prefix(sizeof(fuse_in_header));
  std::memcpy(&body, request.data(), std::min(sizeof body, request.size()));
  return body;
}

void note(Context& context, const fuse_in_header& header, std::string_view request) {
  context.requests.count(header.opcode);
  context.hand_over.asked_by(header.pid);
  current = {};
  switch (header.opcode) {
    case FUSE_INIT:
      current.init = header.unique;
      context.agreement.note_offer(request);
      break;
    case FUSE_WRITE:
      current.kills_privileges = (body_of<fuse_write_in>(request).write_flags & FUSE_WRITE_KILL_SUIDGID) != 0;
      break;
    case FUSE_SETATTR:
      current.kills_privileges = (body_of<fuse_setattr_in>(request).valid & FATTR_KILL_SUIDGID) != 0;
      break;
    case FUSE_OPEN:
      current.kills_privileges = (body_of<fuse_open_in>(request).open_flags & FUSE_OPEN_KILL_SUIDGID) != 0;
      break;
    default:
      break;
  }
}

ssize_t read_request(int session, void* buffer, std::size_t size, void* data) {
  auto& context = *static_cast<Context*>(data);
  const ssize_t length = ::read(device_of(session), buffer, size);
  WASIFS_AFTER_ANSWERS(data);
  // What a connection that somebody has aborted answers is another error.
  if (length < 0 && errno == ENODEV) context.unmounted = true;
  if (length < static_cast<ssize_t>(sizeof(fuse_in_header))) return length;
  auto& header = *static_cast<fuse_in_header*>(buffer);
  note(context, header, {static_cast<const char*>(buffer), static_cast<std::size_t>(length)});
  if (header.opcode == FUSE_TMPFILE) header.opcode = FUSE_CREATE;
  return length;
}

ssize_t write_answer(int session, iovec* pieces, int count, void* data) {
  auto& context = *static_cast<Context*>(data);
  const std::uint64_t request = static_cast<const fuse_out_header*>(pieces[0].iov_base)->unique;
  WASIFS_BEFORE_REQUESTS(data);
  // What answers no request is told to the session, which need not be the one that this
  // thread serves: two may show one tree.
  if (request == 0) return ::writev(session, pieces, count);
  if (request == current.init && count == 2) {
    context.agreement.complete(pieces[1].iov_base, pieces[1].iov_len);
    if (context.agreement.passthrough) context.passthrough.attach(session);
  }
  count_as_idle();
  return ::writev(device_of(session), pieces, count);
}

ssize_t splice_answer(int from, off_t* from_offset, int session, off_t* to_offset, std::size_t length,
                      unsigned flags, void* context) {
  WASIFS_BEFORE_REQUESTS(context);
  count_as_idle();
  return ::splice(from, from_offset, device_of(session), to_offset, length, flags);
}

}  // namespace

ServingThread::ServingThread(int device, std::atomic<unsigned>& idle) noexcept {
  serving = {.device = device, .idle = &idle};
}
ServingThread::~ServingThread() { serving = {}; }

unsigned ServingThread::begin() noexcept {
  serving.counted = false;
  return serving.idle->fetch_sub(1, std::memory_order_relaxed) - 1;
}

unsigned ServingThread::end() noexcept {
  count_as_idle();
  return serving.idle->load(std::memory_order_relaxed);
}

void answer_request(fuse_session& session, Context& context, const fuse_buf& request) noexcept {
  const auto& header = *static_cast<const fuse_in_header*>(request.mem);
  if (header.opcode != kStatx) return fuse_session_process_buf(&session, &request);
  answer_statx(context, fuse_session_fd(&session), header);
}

bool request_kills_privileges() noexcept { return current.kills_privileges; }

const fuse_custom_io& request_io() noexcept {
  static constexpr fuse_custom_io kIo{
      .writev = write_answer, .read = read_request, .splice_receive = nullptr, .splice_send = splice_answer};
  return kIo;
}

}  // namespace wasifs::fuse
