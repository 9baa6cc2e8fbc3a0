// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fs/webc/package.h"
#include "fs/webc/volume_fs.h"
#include "package_writer.h"
#include "support/webc_writer.h"

namespace wasifs::webc {
namespace {

/// A package of `files` files, 100 to a directory, `size` bytes each.
std::shared_ptr<const std::string> package_bytes(std::int64_t files, std::size_t size) {
  std::vector<test::WebcEntry> entries;
  for (std::int64_t i = 0; i < files; ++i) {
    entries.push_back(
        test::webc_file("lib/d" + std::to_string(i / 100) + "/module_" + std::to_string(i % 100) + ".py",
                        std::string(size, static_cast<char>('a' + i % 26))));
  }
  return std::make_shared<const std::string>(test::write_webc({.volumes = {{"/v", std::move(entries)}}}));
}

std::shared_ptr<const Package> parse(const std::shared_ptr<const std::string>& bytes) {
  return Package::parse({std::as_bytes(std::span(*bytes)), bytes}, "bench").value();
}

/// One flat directory of that many files, and the names in it.
struct FlatVolume {
  explicit FlatVolume(std::int64_t files) {
    std::vector<test::WebcEntry> entries;
    for (std::int64_t i = 0; i < files; ++i) {
      names.push_back("file_" + std::to_string(i));
      entries.push_back(test::webc_file(names.back(), std::string(8192, 'x')));
    }
    const auto bytes =
        std::make_shared<const std::string>(test::write_webc({.volumes = {{"/v", std::move(entries)}}}));
    fs = parse(bytes)->volume("/v");
    root = fs->root();
  }
  std::vector<std::string> names;
  FilesystemPtr fs;
  NodeRef root;
};

/// A package of so many small files on the disk, in the page cache.
class PackageFile {
 public:
  explicit PackageFile(std::int64_t files)
      : path_(std::filesystem::temp_directory_path() / ("wasifs-bench-" + std::to_string(files) + ".webc")) {
    bench::write_package(path_, bench::generate_tree(static_cast<std::uint32_t>(files)));
  }
  PackageFile(const PackageFile&) = delete;
  PackageFile& operator=(const PackageFile&) = delete;
  ~PackageFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::shared_ptr<const Package> open() const { return Package::open(path_).value(); }

 private:
  std::filesystem::path path_;
};

/// From the path to a package that can be composed: mapped, checked and indexed.
void index_package(benchmark::State& state) {
  const PackageFile file(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(file.open());
  state.SetItemsProcessed(state.iterations() * state.range(0));
  const FilesystemPtr volume = file.open()->volume("/");
  const auto& fs = dynamic_cast<const VolumeFs&>(*volume);
  const VolumeInfo& info = fs.info();
  state.counters["bytes_per_entry"] =
      static_cast<double>(fs.memory()) / static_cast<double>(info.files + info.directories);
}
BENCHMARK(index_package)
    ->Name("webc/index")
    ->Arg(1'000)
    ->Arg(3'000)
    ->Arg(50'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

void verify(benchmark::State& state, const Package& package) {
  for (auto _ : state) benchmark::DoNotOptimize(package.verify());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(package.verify().value().bytes));
}

/// Against sha256 below: at the speed of hashing on all processors.
void verify_package(benchmark::State& state) { verify(state, *parse(package_bytes(3'000, 16'384))); }
BENCHMARK(verify_package)->Name("webc/verify")->Unit(benchmark::kMillisecond)->UseRealTime();

void verify_tiny_files(benchmark::State& state) { verify(state, *PackageFile(state.range(0)).open()); }
BENCHMARK(verify_tiny_files)
    ->Name("webc/verify_tiny")
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void hash_bytes(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hash_bytes)->Name("webc/sha256")->Arg(16'384);

void lookup(benchmark::State& state) {
  const FlatVolume volume(state.range(0));
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(volume.root->lookup(volume.names[at]));
    at = (at + 7'919) % volume.names.size();
  }
}
BENCHMARK(lookup)->Name("webc/lookup")->Arg(1'000)->Arg(16'000);

void lookup_missing(benchmark::State& state) {
  const FlatVolume volume(1'000);
  for (auto _ : state) benchmark::DoNotOptimize(volume.root->lookup("not_there.py"));
}
BENCHMARK(lookup_missing)->Name("webc/lookup_missing");

void attr(benchmark::State& state) {
  const FlatVolume volume(1'000);
  const NodeRef node = volume.root->lookup("file_1").value();
  for (auto _ : state) benchmark::DoNotOptimize(node->attr());
}
BENCHMARK(attr)->Name("webc/attr");

void open_close(benchmark::State& state) {
  const FlatVolume volume(1'000);
  const NodeRef node = volume.root->lookup("file_1").value();
  for (auto _ : state) benchmark::DoNotOptimize(node->open({}));
}
BENCHMARK(open_close)->Name("webc/open_close");

void read_4k(benchmark::State& state) {
  const FlatVolume volume(1'000);
  const FilePtr file = volume.root->lookup("file_1").value()->open({}).value();
  std::vector<std::byte> buffer(4096);
  for (auto _ : state) benchmark::DoNotOptimize(file->read_at(4096, buffer));
  state.SetBytesProcessed(state.iterations() * 4096);
}
BENCHMARK(read_4k)->Name("webc/read_4k");

void view_4k(benchmark::State& state) {
  const FlatVolume volume(1'000);
  const FilePtr file = volume.root->lookup("file_1").value()->open({}).value();
  for (auto _ : state) benchmark::DoNotOptimize(file->view(4096, 4096));
}
BENCHMARK(view_4k)->Name("webc/view_4k");

void read_dir(benchmark::State& state) {
  const FlatVolume volume(state.range(0));
  for (auto _ : state) {
    const DirPtr dir = volume.root->open_dir().value();
    std::uint64_t sum = 0;
    benchmark::DoNotOptimize(dir->read(0, [&](const DirEntry& entry) {
      sum += entry.ino;
      return true;
    }));
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_dir)->Name("webc/read_dir")->Arg(1'000)->Arg(16'000);

}  // namespace
}  // namespace wasifs::webc
