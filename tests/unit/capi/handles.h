// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ops_memory.h"
#include "wasifs/wasifs.h"

namespace wasifs::test {

template <auto free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using FsHandle = std::unique_ptr<wasifs_fs, Deleter<wasifs_fs_free>>;
using RootHandle = std::unique_ptr<wasifs_root, Deleter<wasifs_root_free>>;
using BuilderHandle = std::unique_ptr<wasifs_builder, Deleter<wasifs_builder_free>>;
using FileHandle = std::unique_ptr<wasifs_file, Deleter<wasifs_file_close>>;
using DirHandle = std::unique_ptr<wasifs_dir, Deleter<wasifs_dir_close>>;
using ViewHandle = std::unique_ptr<wasifs_view, Deleter<wasifs_view_free>>;
using WasiHandle = std::unique_ptr<wasifs_wasi, Deleter<wasifs_wasi_free>>;
using ErrorHandle = std::unique_ptr<wasifs_error, Deleter<wasifs_error_free>>;

inline FsHandle memory_fs() {
  wasifs_fs* fs = nullptr;
  EXPECT_EQ(wasifs_fs_memory(0, 0, &fs), 0);
  return FsHandle(fs);
}

inline FsHandle ops_fs(OpsMemory& memory, const wasifs_fs_ops& ops = OpsMemory::ops()) {
  wasifs_fs* fs = nullptr;
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, &fs), 0);
  return FsHandle(fs);
}

inline BuilderHandle empty_builder() {
  wasifs_builder* builder = nullptr;
  EXPECT_EQ(wasifs_builder_new(&builder), 0);
  EXPECT_EQ(wasifs_builder_set_empty_base(builder), 0);
  return BuilderHandle(builder);
}

inline RootHandle build(const BuilderHandle& builder) {
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_builder_build(builder.get(), &root, &error), 0) << wasifs_error_text(error);
  wasifs_error_free(error);
  return RootHandle(root);
}

/// A root that shows `fs` at /m.
inline RootHandle root_with(const FsHandle& fs, wasifs_access access = WASIFS_ACCESS_RW) {
  const BuilderHandle builder = empty_builder();
  EXPECT_EQ(wasifs_builder_add_mount(builder.get(), "/m", WASIFS_NUL, fs.get(), access), 0);
  return build(builder);
}

inline int write_file(const RootHandle& root, const char* path, std::string_view content) {
  return wasifs_write_file(root.get(), path, WASIFS_NUL, content.data(), content.size());
}

/// What is in a file, or "errno N".
inline std::string read_file(const RootHandle& root, const char* path) {
  void* data = nullptr;
  std::size_t size = 0;
  const int error = wasifs_read_file(root.get(), path, WASIFS_NUL, &data, &size);
  if (error != 0) return "errno " + std::to_string(error);
  std::string content(static_cast<const char*>(data), size);
  wasifs_free(data);
  return content;
}

inline wasifs_stat stat_of(const RootHandle& root, const char* path, int follow = 1) {
  wasifs_stat attributes = WASIFS_INIT(wasifs_stat);
  EXPECT_EQ(wasifs_stat_path(root.get(), path, WASIFS_NUL, follow, &attributes), 0) << path;
  return attributes;
}

inline FileHandle open_file(const RootHandle& root, const char* path, std::uint32_t flags) {
  wasifs_file* file = nullptr;
  EXPECT_EQ(wasifs_open(root.get(), path, WASIFS_NUL, flags, 0644, &file), 0) << path;
  return FileHandle(file);
}

struct Entry {
  std::string name;
  std::uint64_t ino;
  std::uint32_t type;
  std::uint64_t next;
};

/// The entries of a directory behind `cookie`, at most `limit`.
inline std::vector<Entry> entries(wasifs_dir* dir, std::uint64_t cookie = 0, std::size_t limit = SIZE_MAX) {
  struct Sink {
    std::vector<Entry> taken;
    std::size_t limit;
  } sink{{}, limit};
  const auto take = [](void* to, const char* name, std::size_t length, std::uint64_t ino, std::uint32_t type,
                       std::uint64_t next) {
    auto& all = *static_cast<Sink*>(to);
    if (all.taken.size() == all.limit) return 0;
    all.taken.push_back({std::string(name, length), ino, type, next});
    return 1;
  };
  EXPECT_EQ(wasifs_dir_read(dir, cookie, take, &sink), 0);
  return sink.taken;
}

inline DirHandle open_dir(const RootHandle& root, const char* path) {
  wasifs_dir* dir = nullptr;
  EXPECT_EQ(wasifs_open_dir(root.get(), path, WASIFS_NUL, &dir), 0) << path;
  return DirHandle(dir);
}

}  // namespace wasifs::test
