// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "wasifs/tree.h"

namespace wasifs::test {

constexpr NewNode kDirectory = {.type = FileType::directory, .mode = 0755};
constexpr OpenFlags kReadWrite = {.read = true, .write = true};

/// The value; throws std::runtime_error, which fails the test, for an error.
template <class T>
T ok(Result<T> result) {
  if (!result) throw std::runtime_error("expected success, got: " + message(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The directory `path` of a layer, made with those above it.
inline NodeRef dir_in(Filesystem& fs, std::string_view path) {
  NodeRef at = fs.root();
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> child = at->lookup(name);
    at = child ? *std::move(child) : ok(at->create(name, kDirectory));
  }
  return at;
}

/// The file `path` of a layer with that content.
inline NodeRef file_in(Filesystem& fs, std::string_view path, std::string_view content) {
  const std::size_t slash = path.rfind('/');
  NodeRef node = ok(dir_in(fs, path.substr(0, slash))->create(path.substr(slash + 1), {}));
  ok(ok(node->open(kReadWrite))->write_at(0, bytes_of(content)));
  return node;
}

inline std::string read(File& file, std::uint64_t offset = 0, std::size_t length = 1000) {
  std::string out(length, '\0');
  out.resize(ok(file.read_at(offset, std::as_writable_bytes(std::span(out)))));
  return out;
}

inline std::string content(Node& node) { return read(*ok(node.open({}))); }

/// The node at `path`, symlinks not followed.
inline Result<NodeRef> find(Filesystem& fs, std::string_view path) {
  NodeRef at = fs.root();
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> child = at->lookup(name);
    if (!child) return child;
    at = *std::move(child);
  }
  return at;
}

/// The names of a listing, sorted, separated by spaces.
[[nodiscard]] std::string names(Dir& dir);
inline std::string names(Node& node) { return names(*ok(node.open_dir())); }

/// A memory layer of which others say what its traits are: immutable, shared.
class LayerWithTraits final : public Filesystem {
 public:
  LayerWithTraits(FilesystemPtr inner, Traits traits) : inner_(std::move(inner)), traits_(traits) {}
  NodeRef root() override { return inner_->root(); }
  [[nodiscard]] Traits traits() const override { return traits_; }
  Result<StatFs> statfs() override { return inner_->statfs(); }
  [[nodiscard]] std::string describe() const override { return "layer over " + inner_->describe(); }

 private:
  FilesystemPtr inner_;
  Traits traits_;
};

}  // namespace wasifs::test
