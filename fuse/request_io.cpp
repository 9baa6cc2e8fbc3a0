// SPDX-License-Identifier: Apache-2.0
#include "fuse/request_io.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>

#include "fuse/cache_policy.h"
#include "fuse/handler.h"
#include "fuse/libfuse.h"
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

// Of Linux 6.6 (protocol 7.39), which the headers of older systems do not have.
constexpr std::uint32_t kStatx = 52;

/// Our half of the answer to it: how long the attributes hold, and they themselves,
/// which the protocol lays out as statx(2) does.
struct StatxAnswer {
  fuse_out_header header;
  std::uint64_t valid_sec;
  std::uint32_t valid_nsec;
  std::uint32_t flags;
  std::array<std::uint64_t, 2> spare;
  struct statx attributes;
};
static_assert(offsetof(StatxAnswer, attributes) == 48 && sizeof(struct statx) == 256);

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
    const double timeout = cache_policy(context.tree->traits(vnode)).attributes;
    answer.valid_sec = static_cast<std::uint64_t>(timeout);
    answer.valid_nsec = static_cast<std::uint32_t>((timeout - static_cast<double>(answer.valid_sec)) * 1e9);
    answer.attributes = to_statx(*attr);
    return Errc{};
  } catch (const std::bad_alloc&) {
    return Errc::enomem;
  } catch (const std::exception&) {
    return Errc::eio;
  }
}

void answer_statx(Context& context, int fd, const fuse_in_header& request) noexcept {
  StatxAnswer answer{};
  const Errc error = look_at(context, request.nodeid, answer);
  answer.header.unique = request.unique;
  answer.header.error = -static_cast<int>(error);
  answer.header.len = error == Errc{} ? sizeof(answer) : sizeof(answer.header);
  // It fails where nobody waits any more.
  static_cast<void>(::write(fd, &answer, answer.header.len));
}

/// libfuse ends a worker by cancelling it while it waits for a request, and only then
/// may it go.
class Uncancellable {
 public:
  Uncancellable() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  Uncancellable(const Uncancellable&) = delete;
  Uncancellable& operator=(const Uncancellable&) = delete;
  ~Uncancellable() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = 0;
};

ssize_t read_request(int fd, void* buffer, std::size_t size, void* context) {
  for (;;) {
    const ssize_t length = ::read(fd, buffer, size);
    WASIFS_AFTER_ANSWERS(context);
    // What a connection that somebody has aborted answers is another error.
    if (length < 0 && errno == ENODEV) static_cast<Context*>(context)->unmounted = true;
    if (length < static_cast<ssize_t>(sizeof(fuse_in_header))) return length;
    auto& header = *static_cast<fuse_in_header*>(buffer);
    if (header.opcode == FUSE_TMPFILE) header.opcode = FUSE_CREATE;
    if (header.opcode != kStatx) return length;
    const Uncancellable meanwhile;
    answer_statx(*static_cast<Context*>(context), fd, header);
  }
}

ssize_t write_answer(int fd, iovec* pieces, int count, void* context) {
  WASIFS_BEFORE_REQUESTS(context);
  return ::writev(fd, pieces, count);
}

ssize_t splice_answer(int from, off_t* from_offset, int to, off_t* to_offset, std::size_t length,
                      unsigned flags, void* context) {
  WASIFS_BEFORE_REQUESTS(context);
  return ::splice(from, from_offset, to, to_offset, length, flags);
}

}  // namespace

const fuse_custom_io& request_io() noexcept {
  static constexpr fuse_custom_io kIo{
      .writev = write_answer, .read = read_request, .splice_receive = nullptr, .splice_send = splice_answer};
  return kIo;
}

}  // namespace wasifs::fuse
