// SPDX-License-Identifier: Apache-2.0
#include "wasifs/filesystems.h"

#include <optional>
#include <string>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"

using namespace wasifs;
using namespace wasifs::capi;

namespace {

std::optional<std::uint64_t> limit_of(std::uint64_t value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

/// Gives the caller a file system of the set-up path, or says why there is none.
Outcome<void> give(Outcome<FilesystemPtr> fs, wasifs_fs** out) {
  if (!fs) return std::unexpected(std::move(fs.error()));
  *out = new wasifs_fs{std::move(*fs)};
  return {};
}

}  // namespace

int wasifs_fs_memory(uint64_t max_bytes, uint64_t max_inodes, wasifs_fs** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return fail(Errc::einval);
    *out = new wasifs_fs{
        memory_filesystem({.max_bytes = limit_of(max_bytes), .max_inodes = limit_of(max_inodes)})};
    return {};
  });
}

int wasifs_fs_host(const char* path, size_t path_len, int read_only, wasifs_fs** out, wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    const auto text = text_of(path, path_len);
    if (!text) return bad_argument("path", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    return give(host_filesystem(std::string(*text), {.read_only = read_only != 0}), out);
  });
}

int wasifs_fs_package(const char* path, size_t path_len, const char* volume, size_t volume_len,
                      wasifs_fs** out, wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    const auto text = text_of(path, path_len);
    const auto name = text_of(volume, volume_len);
    if (!text) return bad_argument("path", "must not be NULL");
    if (!name) return bad_argument("volume", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    return give(package_filesystem(std::string(*text), std::string(*name)), out);
  });
}

int wasifs_fs_archive(const char* path, size_t path_len, int whiteouts, wasifs_fs** out,
                      wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    const auto text = text_of(path, path_len);
    if (!text) return bad_argument("path", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    return give(archive_filesystem(std::string(*text),
                                   {.whiteouts = whiteouts != 0 ? Whiteouts::oci : Whiteouts::none}),
                out);
  });
}

void wasifs_fs_free(wasifs_fs* fs) { delete fs; }
