// SPDX-License-Identifier: Apache-2.0
#include "capi/ops_open.h"

#include <new>

#include "base/path.h"
#include "capi/attributes.h"
#include "capi/boundary.h"

namespace wasifs::capi {

namespace {

/// What Dir::read promises of its cookies.
constexpr std::uint64_t kCookieEnd = std::uint64_t{1} << 62U;

}  // namespace

Result<std::size_t> OpsFile::do_read(std::uint64_t offset, std::span<std::byte> out) {
  return node_->read(offset, out);
}
Result<std::size_t> OpsFile::do_write(std::uint64_t offset, std::span<const std::byte> in) {
  return node_->write(offset, in);
}
Result<std::size_t> OpsFile::do_append(std::span<const std::byte> in) { return node_->append(in); }
Status OpsFile::do_truncate(std::uint64_t size) { return node_->resize(size); }
Status OpsFile::do_allocate(AllocateMode /*mode*/, std::uint64_t /*offset*/, std::uint64_t /*length*/) {
  return fail(Errc::enotsup);
}
Status OpsFile::do_sync(bool /*data_only*/) { return node_->sync(); }

// No holes are told of, so the only one is behind the end.
Result<std::uint64_t> OpsFile::do_seek(std::uint64_t offset, bool data) {
  const Result<Attr> attr = node_->attr();
  if (!attr) return fail(attr.error());
  if (offset >= attr->size) return fail(Errc::enxio);
  return data ? offset : attr->size;
}

Status OpsDir::read(std::uint64_t cookie, DirSink sink) {
  EntryRelay relay(sink);
  const Status status = node_->read_entries(cookie, &EntryRelay::take, &relay);
  if (const Status taken = relay.result(); !taken) return taken;
  return status;
}

// Must not throw: it is called from C.
int EntryRelay::take(void* relay, const char* name, size_t name_len, uint64_t ino, uint32_t type,
                     uint64_t next) noexcept {
  auto& self = *static_cast<EntryRelay*>(relay);
  if (self.enough_) return 0;
  try {
    self.enough_ = !self.forward(name, name_len, ino, type, next);
  } catch (const std::bad_alloc&) {
    self.result_ = fail(Errc::enomem);
    self.enough_ = true;
  } catch (...) {
    self.result_ = fail(Errc::eio);
    self.enough_ = true;
  }
  return self.enough_ ? 0 : 1;
}

bool EntryRelay::forward(const char* name, std::size_t length, std::uint64_t ino, std::uint32_t type,
                         std::uint64_t next) {
  const auto text = text_of(name, length);
  const Result<FileType> known = file_type_of(type);
  if (!text || !check_name(*text) || !known || next == 0 || next >= kCookieEnd) {
    result_ = fail(Errc::eio);
    return false;
  }
  return sink_({.name = *text, .ino = ino, .type = *known, .next = next});
}

}  // namespace wasifs::capi
