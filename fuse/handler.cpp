// SPDX-License-Identifier: Apache-2.0
#include "fuse/handler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "fuse/request_io.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

Context::Context(const Tree& served, std::uint64_t root_ino, const ViewOptions& view)
    : invalidator(std::make_shared<Invalidator>()),
      tree(served.observed_by(invalidator)),
      inodes(tree->root(), root_ino),
      options(view) {}

// The tree's list of observers may have the invalidator a moment longer than this.
Context::~Context() { invalidator->detach(); }

Result<std::unique_ptr<Context>> Context::make(const Tree& tree, const ViewOptions& options) {
  const Result<Attr> attr = tree.attr(tree.root());
  if (!attr) return fail(attr.error());
  return std::make_unique<Context>(tree, attr->ino, options);
}

std::string Context::status() const {
  const auto word = [](bool yes) { return yes ? "true" : "false"; };
  return std::string(R"({"view":"fuse","asks_opens":)") + word(agreement.asks_opens) +
         ",\"asks_opendirs\":" + word(agreement.asks_opendirs) +
         ",\"writeback\":" + word(agreement.writeback) + ",\"passthrough\":\"" +
         std::string(passthrough.state()) + "\",\"same_processor\":" + word(hand_over.active()) +
         ",\"inodes\":" + std::to_string(inodes.size()) + ",\"requests\":" + requests.json() + "}";
}

Context& Request::context() const noexcept { return *static_cast<Context*>(fuse_req_userdata(raw_)); }
std::uint32_t Request::uid() const noexcept { return fuse_req_ctx(raw_)->uid; }
std::uint32_t Request::gid() const noexcept { return fuse_req_ctx(raw_)->gid; }
std::uint16_t Request::umask() const noexcept {
  return static_cast<std::uint16_t>(fuse_req_ctx(raw_)->umask & 0777);
}

bool Request::kills_privileges() const noexcept { return request_kills_privileges(); }

void Request::done() noexcept { fuse_reply_err(take(), 0); }

void Request::fail(Errc error) noexcept { fuse_reply_err(take(), static_cast<int>(error)); }

void Request::answer(const Status& status) noexcept { status ? done() : fail(status.error()); }

void Request::answer_bytes(std::span<const std::byte> bytes) noexcept {
  fuse_reply_buf(take(), reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

bool Request::answer_open(const OpenAnswer& answer) noexcept {
  return fuse_reply_buf(take(), reinterpret_cast<const char*>(&answer), sizeof answer) == 0;
}

bool Request::answer_create(const fuse_entry_param& entry, const OpenAnswer& answer) noexcept {
  struct {
    fuse_entry_out entry;
    OpenAnswer open;
  } const both{.entry = to_entry_out(entry), .open = answer};
  static_assert(sizeof both == sizeof(fuse_entry_out) + sizeof(OpenAnswer));
  return fuse_reply_buf(take(), reinterpret_cast<const char*>(&both), sizeof both) == 0;
}

void Request::answer_attr(const VNode& vnode, const Attr& attr) noexcept {
  const struct stat status = to_stat(attr);
  const double timeout = attribute_timeout(context().policy(vnode), attr);
  fuse_reply_attr(take(), &status, timeout);
}

void drop_set_ids(Context& context, const VNode& vnode) {
  const Result<Attr> attr = context.tree->attr(vnode);
  if (!attr) return;
  const std::uint16_t kept = without_set_ids(attr->mode);
  if (kept != attr->mode) static_cast<void>(context.tree->set_attr(vnode, {.mode = kept}));
}

void answer_exception(Request& request) noexcept {
  Errc error = Errc::eio;
  try {
    throw;
  } catch (const std::bad_alloc&) {
    error = Errc::enomem;
  } catch (const std::exception& exception) {
    spdlog::error("a request failed with an exception: {}", exception.what());
  } catch (...) {
    spdlog::error("a request failed with an unknown exception");
  }
  if (!request.answered()) request.fail(error);
}

std::span<std::byte> scratch(std::size_t size) {
  thread_local std::unique_ptr<std::byte[]> buffer;
  thread_local std::size_t capacity = 0;
  const std::size_t wanted = std::min(size, kMaxTransfer);
  if (wanted > capacity) {
    constexpr std::size_t kFirst = std::size_t{128} << 10;
    const std::size_t grown = std::clamp(capacity * 2, std::max(wanted, kFirst), kMaxTransfer);
    buffer = std::make_unique_for_overwrite<std::byte[]>(grown);
    capacity = grown;
  }
  return {buffer.get(), wanted};
}

}  // namespace wasifs::fuse
