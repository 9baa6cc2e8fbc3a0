// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <utility>

#include "capi/attributes.h"
#include "capi/boundary.h"
#include "capi/handles.h"

using namespace wasifs;
using namespace wasifs::capi;

struct wasifs_view {
  View view;
};

namespace {

/// A sink of ours that hands entries on to one of C.
struct CSink {
  wasifs_dir_sink emit;
  void* sink;

  bool operator()(const DirEntry& entry) const {
    return emit(sink, entry.name.data(), entry.name.size(), entry.ino, static_cast<std::uint32_t>(entry.type),
                entry.next) != 0;
  }
};

/// Runs `transfer`, which gives a count, and hands that out.
template <class Transfer>
int counted(std::size_t* done, Transfer transfer) noexcept {
  return guarded([&]() -> Status {
    if (done == nullptr) return fail(Errc::einval);
    const Result<std::size_t> count = transfer();
    if (!count) return fail(count.error());
    *done = *count;
    return {};
  });
}

}  // namespace

int wasifs_file_stat(const wasifs_file* file, wasifs_stat* out) {
  return guarded([&]() -> Status {
    if (file == nullptr) return fail(Errc::einval);
    const Result<Attr> attr = file->tree->attr(file->node);
    if (!attr) return fail(attr.error());
    return write_sized(out, stat_of(*attr)) ? Status{} : fail(Errc::einval);
  });
}

int wasifs_file_read(wasifs_file* file, uint64_t offset, void* buffer, size_t size, size_t* done) {
  return counted(done, [&]() -> Result<std::size_t> {
    const auto bytes = bytes_of<std::byte>(buffer, size);
    if (file == nullptr || !bytes) return fail(Errc::einval);
    return file->file->read_at(offset, *bytes);
  });
}

int wasifs_file_write(wasifs_file* file, uint64_t offset, const void* data, size_t size, size_t* done) {
  return counted(done, [&]() -> Result<std::size_t> {
    const auto bytes = bytes_of<const std::byte>(data, size);
    if (file == nullptr || !bytes) return fail(Errc::einval);
    return file->file->write_at(offset, *bytes);
  });
}

int wasifs_file_truncate(wasifs_file* file, uint64_t size) {
  return guarded(
      [&]() -> Status { return file == nullptr ? Status(fail(Errc::einval)) : file->file->truncate(size); });
}

int wasifs_file_sync(wasifs_file* file, int data_only) {
  return guarded([&]() -> Status {
    return file == nullptr ? Status(fail(Errc::einval)) : file->file->sync(data_only != 0);
  });
}

int wasifs_file_view(wasifs_file* file, uint64_t offset, size_t size, wasifs_view** out) {
  return guarded([&]() -> Status {
    if (file == nullptr || out == nullptr) return fail(Errc::einval);
    if (!file->file->flags().read) return fail(Errc::ebadf);
    std::optional<View> view = file->file->view(offset, size);
    if (!view) return fail(Errc::enodata);
    *out = new wasifs_view{std::move(*view)};
    return {};
  });
}

const void* wasifs_view_data(const wasifs_view* view) {
  return view == nullptr ? nullptr : view->view.bytes.data();
}

size_t wasifs_view_size(const wasifs_view* view) { return view == nullptr ? 0 : view->view.bytes.size(); }

void wasifs_view_free(wasifs_view* view) { delete view; }

void wasifs_file_close(wasifs_file* file) { delete file; }

int wasifs_dir_read(wasifs_dir* dir, uint64_t cookie, wasifs_dir_sink emit, void* sink) {
  return guarded([&]() -> Status {
    if (dir == nullptr || emit == nullptr) return fail(Errc::einval);
    CSink take{emit, sink};
    return dir->dir->read(cookie, take);
  });
}

void wasifs_dir_close(wasifs_dir* dir) { delete dir; }
