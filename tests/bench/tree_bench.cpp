// SPDX-License-Identifier: Apache-2.0
// What the composed tree costs in-process. Depth of the overlay and width of the
// directory are arguments, because the cost should depend on neither.
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/package.h"
#include "support/webc_writer.h"
#include "wasifs/tree.h"

namespace wasifs {
namespace {

/// Ends the benchmark instead of measuring a failure.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) std::abort();
}

/// What the lowers of a root are, and whether anything can change.
enum Root : std::int64_t {
  kMemories,   ///< memory layers under a memory upper: what is below can change, too
  kWritable,   ///< packages under a memory upper
  kImmutable,  ///< packages alone
};

std::string file_name(std::int64_t index) { return "file" + std::to_string(index); }

/// a/b/c and d, with some files of `width` in both: every `layers`th from `layer` on.
FilesystemPtr memory_layer(std::int64_t layer, std::int64_t layers, std::int64_t width) {
  auto memory = std::make_shared<MemoryFilesystem>();
  for (const std::vector<const char*>& path : {std::vector{"a", "b", "c"}, std::vector{"d"}}) {
    NodeRef dir = memory->root();
    for (const char* name : path) dir = must(dir->create(name, {.type = FileType::directory, .mode = 0755}));
    for (std::int64_t i = layer; i < width; i += layers) {
      const NodeRef file = must(dir->create(file_name(i), {}));
      const FilePtr open = must(file->open({.write = true}));
      (void)must(open->write_at(0, std::as_bytes(std::span("content of a small file"))));
    }
  }
  return memory;
}

FilesystemPtr package_layer(std::int64_t layer, std::int64_t layers, std::int64_t width) {
  std::vector<test::WebcEntry> entries;
  for (const std::string dir : {"a/b/c/", "d/"}) {
    for (std::int64_t i = layer; i < width; i += layers) {
      entries.push_back(test::webc_file(dir + file_name(i), std::string(8192, 'x')));
    }
  }
  const auto bytes =
      std::make_shared<const std::string>(test::write_webc({.volumes = {{"/v", std::move(entries)}}}));
  return webc::Package::parse({std::as_bytes(std::span(*bytes)), bytes}, "bench").value()->volume("/v");
}

std::shared_ptr<Tree> make_tree(std::int64_t root, std::int64_t layers, std::int64_t width) {
  std::vector<FilesystemPtr> lowers;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    lowers.push_back(root == kMemories ? memory_layer(layer, layers, width)
                                       : package_layer(layer, layers, width));
  }
  const FilesystemPtr upper = root == kImmutable ? nullptr : std::make_shared<MemoryFilesystem>();
  return std::make_shared<Tree>(MountTable(std::make_shared<Overlay>(upper, std::move(lowers))));
}
std::shared_ptr<Tree> make_tree(const benchmark::State& state) {
  return make_tree(state.range(0), state.range(1), state.range(2));
}

/// Roots, layers and widths: the cost should depend on neither of the last two.
void on_all_roots(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"root", "layers", "width"});
  for (const std::int64_t root : {kMemories, kWritable, kImmutable}) {
    for (std::int64_t layers = 1; layers <= 6; ++layers) benchmark->Args({root, layers, 1000});
    for (const std::int64_t width : {4000, 16000}) benchmark->Args({root, 5, width});
  }
}
void on_each_root(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"root", "layers", "width"});
  for (const std::int64_t root : {kMemories, kWritable, kImmutable}) benchmark->Args({root, 5, 1000});
}

void stat_path(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode keep = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->stat("/a/b/c/file7")));
}
BENCHMARK(stat_path)->Apply(on_all_roots);

void lookup(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode dir = must(tree->resolve("/a/b/c"));
  const VNode keep = must(tree->lookup(dir, "file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->lookup(dir, "file7")));
}
BENCHMARK(lookup)->Apply(on_all_roots);

void lookup_missing(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode dir = must(tree->resolve("/a/b/c"));
  for (auto _ : state) benchmark::DoNotOptimize(tree->lookup(dir, "absent"));
}
BENCHMARK(lookup_missing)->Apply(on_all_roots);

/// The first look-up in a directory, which merges it.
void first_lookup(benchmark::State& state) {
  const std::int64_t width = state.range(2);
  std::vector<FilesystemPtr> lowers;
  for (std::int64_t layer = 0; layer < state.range(1); ++layer) {
    lowers.push_back(package_layer(layer, state.range(1), width));
  }
  for (auto _ : state) {
    const Tree tree{MountTable(std::make_shared<Overlay>(nullptr, lowers))};
    benchmark::DoNotOptimize(must(tree.resolve("/d/file7")));
  }
  state.counters["per_name"] =
      benchmark::Counter(static_cast<double>(width),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(first_lookup)
    ->ArgNames({"root", "layers", "width"})
    ->ArgsProduct({{kImmutable}, {1, 5}, {1000, 16000}})
    ->Unit(benchmark::kMicrosecond);

void attr(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode node = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) {
    const Result<Attr> attr = tree->attr(node);
    if (!attr) std::abort();
    benchmark::DoNotOptimize(attr->size);
  }
}
BENCHMARK(attr)->Apply(on_each_root);

void attr_of_directory(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode node = must(tree->resolve("/a/b/c"));
  for (auto _ : state) {
    const Result<Attr> attr = tree->attr(node);
    if (!attr) std::abort();
    benchmark::DoNotOptimize(attr->size);
  }
}
BENCHMARK(attr_of_directory)->Apply(on_each_root);

void open_close(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode node = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->open(node, {})));
}
BENCHMARK(open_close)->Apply(on_each_root);

void view(benchmark::State& state) {
  const auto tree = make_tree(state);
  const FilePtr file = must(tree->open(must(tree->resolve("/a/b/c/file7")), {}));
  for (auto _ : state) benchmark::DoNotOptimize(file->view(4096, 4096));
}
BENCHMARK(view)->Apply(on_each_root);

void read_4k_of_package(benchmark::State& state) {
  const auto tree = make_tree(state);
  const FilePtr file = must(tree->open(must(tree->resolve("/a/b/c/file7")), {}));
  std::array<std::byte, 4096> out{};
  for (auto _ : state) benchmark::DoNotOptimize(must(file->read_at(4096, out)));
}
BENCHMARK(read_4k_of_package)
    ->ArgNames({"root", "layers", "width"})
    ->ArgsProduct({{kWritable, kImmutable}, {5}, {1000}});

/// What the copy alone takes.
void memcpy_4k(benchmark::State& state) {
  const std::vector<std::byte> from(4096, std::byte{1});
  std::array<std::byte, 4096> out{};
  for (auto _ : state) {
    std::memcpy(out.data(), from.data(), out.size());
    benchmark::DoNotOptimize(out);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(memcpy_4k);

/// The counter is the time per entry.
void per_entry(benchmark::State& state) {
  state.counters["per_entry"] =
      benchmark::Counter(static_cast<double>(state.range(2)),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void read_dir(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode dir = must(tree->resolve("/a/b/c"));
  for (auto _ : state) {
    const DirPtr listing = must(tree->open_dir(dir));
    must(listing->read(0, [](const DirEntry& entry) {
      benchmark::DoNotOptimize(entry);
      return true;
    }));
  }
  per_entry(state);
}
BENCHMARK(read_dir)->Apply(on_all_roots)->Unit(benchmark::kMicrosecond);

/// `find`'s part of the work: list a flat directory and stat every entry. The time
/// per entry must not grow with the width.
void walk_flat_directory(benchmark::State& state) {
  const auto tree = make_tree(state);
  const VNode dir = must(tree->resolve("/a/b/c"));
  for (auto _ : state) {
    const DirPtr listing = must(tree->open_dir(dir));
    must(listing->read(0, [&](const DirEntry& entry) {
      benchmark::DoNotOptimize(must(tree->attr(must(tree->lookup(dir, entry.name)))));
      return true;
    }));
  }
  per_entry(state);
}
BENCHMARK(walk_flat_directory)->Apply(on_all_roots)->Unit(benchmark::kMicrosecond);

/// Several threads stat files: each its own of one directory, or in directories of
/// their own. To be compared with one thread by items per second.
void stat_in_threads(benchmark::State& state, std::array<const char*, 2> directories) {
  static std::shared_ptr<Tree> tree;
  static std::vector<VNode> held;
  if (state.thread_index() == 0) {
    tree = make_tree(state);
    held.clear();
    for (const char* directory : {"/a/b/c/", "/d/"}) {
      for (std::int64_t i = 0; i < state.range(2); ++i)
        held.push_back(must(tree->resolve(directory + file_name(i))));
    }
  }
  const std::string path =
      directories[static_cast<std::size_t>(state.thread_index()) % 2] + file_name(100 * state.thread_index());
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->stat(path)));
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    held.clear();
    tree.reset();
  }
}
BENCHMARK_CAPTURE(stat_in_threads, of_one_directory, std::array{"/a/b/c/", "/a/b/c/"})
    ->Apply(on_each_root)
    ->ThreadRange(1, 2)
    ->UseRealTime();
BENCHMARK_CAPTURE(stat_in_threads, of_two_directories, std::array{"/a/b/c/", "/d/"})
    ->Apply(on_each_root)
    ->ThreadRange(1, 2)
    ->UseRealTime();

void create_unlink(benchmark::State& state) {
  const Tree tree{MountTable(std::make_shared<MemoryFilesystem>())};
  const VNode root = tree.root();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(tree.create(root, "new", {})));
    must(tree.unlink(root, "new"));
  }
}
BENCHMARK(create_unlink);

void read_4k(benchmark::State& state) {
  const Tree tree{MountTable(std::make_shared<MemoryFilesystem>())};
  const VNode file = must(tree.create(tree.root(), "data", {}));
  const FilePtr open = must(tree.open(file, {.read = true, .write = true}));
  const std::vector<std::byte> content(std::size_t{1} << 20U, std::byte{42});
  (void)must(open->write_at(0, content));
  std::array<std::byte, 4096> out{};
  std::uint64_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(open->read_at(at, out)));
    at = (at + out.size()) % content.size();
  }
}
BENCHMARK(read_4k);

/// The first byte written into a large lower file: nothing of it is copied.
void copy_up_64_mib(benchmark::State& state) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(std::size_t{64} << 20U);
  const auto lower = std::make_shared<MemoryFilesystem>();
  const NodeRef root = lower->root();
  (void)must(lower->create_shared(*root, "big", {}, {.bytes = *bytes, .owner = bytes}));
  for (auto _ : state) {
    state.PauseTiming();
    const Tree tree{MountTable(
        std::make_shared<Overlay>(std::make_shared<MemoryFilesystem>(), std::vector<FilesystemPtr>{lower}))};
    const FilePtr file = must(tree.open(must(tree.resolve("/big")), {.read = true, .write = true}));
    state.ResumeTiming();
    (void)must(file->write_at(1234567, std::as_bytes(std::span("x", 1))));
  }
}
BENCHMARK(copy_up_64_mib)->Unit(benchmark::kMicrosecond)->Iterations(200);

}  // namespace
}  // namespace wasifs
