// SPDX-License-Identifier: Apache-2.0
// A guest's calls, as an engine makes them through the table, beside the system calls
// that do the same on tmpfs (/dev/shm).
#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "wasifs/wasi.h"

namespace wasifs {
namespace {

constexpr std::string_view kDir = "usr/lib/python/site";
constexpr std::string_view kFile = "usr/lib/python/site/module.py";
constexpr int kEntries = 1000;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A guest on a memory root: a file of 64 KiB four directories deep, and a directory
/// of 1,000 names.
class Guest {
 public:
  Guest() {
    tree_ = std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>()));
    require(tree_->make_dirs(kDir).has_value() && tree_->make_dir("many").has_value());
    require(tree_->write_file(kFile, std::string(64 * 1024, 'x')).has_value());
    for (int i = 0; i < kEntries; ++i) {
      require(tree_->write_file("many/name" + std::to_string(i), "").has_value());
    }
    const Rights all{.read = true, .write = true, .create = true};
    auto made = wasi::Context::create(tree_, {.preopens = {{.alias = "/", .path = "/", .rights = all}}});
    require(made.has_value());
    context_ = std::move(*made);
    put(kPath, kFile);
    put(kManyPath, "many");
  }

  static constexpr std::uint32_t kOut = 16, kIov = 32, kPath = 64, kManyPath = 256, kBuffer = 4096;

  static std::size_t find(std::string_view name) { return *wasi::find_function(wasi::Abi::preview1, name); }
  void call(std::size_t index, std::initializer_list<std::uint64_t> args) {
    const wasi::CallResult result =
        context_->call(wasi::Abi::preview1, index, memory_, {args.begin(), args.end()});
    require(result.error == wasi::Errno::success);
  }
  [[nodiscard]] std::uint32_t out() const { return get<std::uint32_t>(kOut); }
  template <class T>
  [[nodiscard]] T get(std::uint32_t at) const {
    T value;
    std::memcpy(&value, memory_.data() + at, sizeof value);
    return value;
  }
  template <class T>
  void set(std::uint32_t at, T value) {
    std::memcpy(memory_.data() + at, &value, sizeof value);
  }
  std::uint32_t open(std::uint32_t path, std::size_t length) {
    constexpr std::uint64_t kReading = 1 << 1 | 1 << 2 | 1 << 14 | 1 << 21;
    static const std::size_t path_open = find("path_open");
    call(path_open, {3, 0, path, length, 0, kReading, 0, 0, kOut});
    return out();
  }

 private:
  void put(std::uint32_t at, std::string_view text) {
    std::memcpy(memory_.data() + at, text.data(), text.size());
  }
  std::shared_ptr<const Tree> tree_;
  std::unique_ptr<wasi::Context> context_;
  std::vector<std::byte> memory_ = std::vector<std::byte>(128 * 1024);
};

/// The same on tmpfs.
class Native {
 public:
  Native() {
    char path[] = "/dev/shm/wasifs-bench-XXXXXX";
    require(::mkdtemp(path) != nullptr);
    root_ = path;
    std::filesystem::create_directories(root_ / kDir);
    std::filesystem::create_directory(root_ / "many");
    std::ofstream(root_ / kFile) << std::string(64 * 1024, 'x');
    for (int i = 0; i < kEntries; ++i) std::ofstream(root_ / "many" / ("name" + std::to_string(i)));
    dir_ = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(dir_ >= 0);
  }
  ~Native() {
    ::close(dir_);
    std::filesystem::remove_all(root_);
  }
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;
  [[nodiscard]] int dir() const { return dir_; }

 private:
  std::filesystem::path root_;
  int dir_;
};

void BM_Wasi_OpenClose(benchmark::State& state) {
  Guest guest;
  const std::size_t close = Guest::find("fd_close");
  for (auto _ : state) guest.call(close, {guest.open(Guest::kPath, kFile.size())});
}
void BM_Kernel_OpenClose(benchmark::State& state) {
  const Native native;
  const std::string path(kFile);
  for (auto _ : state) {
    const int fd = ::openat(native.dir(), path.c_str(), O_RDONLY | O_CLOEXEC);
    require(fd >= 0);
    ::close(fd);
  }
}

void BM_Wasi_Pread4K(benchmark::State& state) {
  Guest guest;
  const std::uint32_t fd = guest.open(Guest::kPath, kFile.size());
  guest.set<std::uint32_t>(Guest::kIov, Guest::kBuffer);
  guest.set<std::uint32_t>(Guest::kIov + 4, 4096);
  const std::size_t pread = Guest::find("fd_pread");
  for (auto _ : state) guest.call(pread, {fd, Guest::kIov, 1, 8192, Guest::kOut});
}
void BM_Kernel_Pread4K(benchmark::State& state) {
  const Native native;
  const int fd = ::openat(native.dir(), std::string(kFile).c_str(), O_RDONLY | O_CLOEXEC);
  char buffer[4096];
  for (auto _ : state) {
    require(::pread(fd, buffer, sizeof buffer, 8192) == 4096);
    benchmark::DoNotOptimize(buffer);
  }
  ::close(fd);
}

void BM_Wasi_FilestatGet(benchmark::State& state) {
  Guest guest;
  const std::size_t stat = Guest::find("path_filestat_get");
  for (auto _ : state) guest.call(stat, {3, 0, Guest::kPath, kFile.size(), Guest::kBuffer});
}
void BM_Kernel_FilestatGet(benchmark::State& state) {
  const Native native;
  const std::string path(kFile);
  struct stat status{};
  for (auto _ : state) {
    require(::fstatat(native.dir(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0);
    benchmark::DoNotOptimize(status);
  }
}

/// All of a directory with 1,000 names, in buffers of 32 KiB as the C library's of Linux.
void BM_Wasi_Readdir(benchmark::State& state) {
  Guest guest;
  const std::uint32_t fd = guest.open(Guest::kManyPath, 4);
  constexpr std::uint32_t kSize = 32 * 1024;
  const std::size_t readdir = Guest::find("fd_readdir");
  for (auto _ : state) {
    for (std::uint64_t cookie = 0;;) {
      guest.call(readdir, {fd, Guest::kBuffer, kSize, cookie, Guest::kOut});
      const std::uint32_t used = guest.out();
      for (std::uint32_t at = 0; at + 24 <= used;) {
        const auto length = guest.get<std::uint32_t>(Guest::kBuffer + at + 16);
        if (at + 24 + length > used) break;
        cookie = guest.get<std::uint64_t>(Guest::kBuffer + at);
        at += 24 + length;
      }
      if (used < kSize) break;
    }
  }
  state.SetItemsProcessed(state.iterations() * kEntries);
}
void BM_Kernel_Readdir(benchmark::State& state) {
  const Native native;
  const int fd = ::openat(native.dir(), "many", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const dir = ::fdopendir(fd);
  require(dir != nullptr);
  for (auto _ : state) {
    ::rewinddir(dir);
    int count = 0;
    while (::readdir(dir) != nullptr) ++count;
    require(count == kEntries + 2);
  }
  ::closedir(dir);
  state.SetItemsProcessed(state.iterations() * kEntries);
}

BENCHMARK(BM_Wasi_OpenClose);
BENCHMARK(BM_Kernel_OpenClose);
BENCHMARK(BM_Wasi_Pread4K);
BENCHMARK(BM_Kernel_Pread4K);
BENCHMARK(BM_Wasi_FilestatGet);
BENCHMARK(BM_Kernel_FilestatGet);
BENCHMARK(BM_Wasi_Readdir);
BENCHMARK(BM_Kernel_Readdir);

}  // namespace
}  // namespace wasifs
