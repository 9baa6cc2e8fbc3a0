// SPDX-License-Identifier: Apache-2.0
// What the composed tree costs in-process: the targets are in the project's
// goals ("In-process"). Depth of the overlay and width of the directory are
// arguments, because the cost should depend on neither.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
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

std::string file_name(std::int64_t index) { return "file" + std::to_string(index); }

/// `layers` lowers with a/b/c in common; each adds `width / layers` files to it.
std::shared_ptr<Tree> make_tree(std::int64_t layers, std::int64_t width) {
  std::vector<FilesystemPtr> lowers;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    auto lower = std::make_shared<MemoryFilesystem>();
    NodeRef dir = lower->root();
    for (const char* name : {"a", "b", "c"}) {
      dir = must(dir->create(name, {.type = FileType::directory, .mode = 0755}));
    }
    for (std::int64_t i = layer; i < width; i += layers) {
      const NodeRef file = must(dir->create(file_name(i), {}));
      const FilePtr open = must(file->open({.write = true}));
      (void)must(open->write_at(0, std::as_bytes(std::span("content of a small file"))));
    }
    lowers.push_back(std::move(lower));
  }
  return std::make_shared<Tree>(
      MountTable(std::make_shared<Overlay>(std::make_shared<MemoryFilesystem>(), std::move(lowers))));
}

void stat_path(benchmark::State& state) {
  const auto tree = make_tree(state.range(0), state.range(1));
  const VNode keep = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(tree->attr(must(tree->resolve("/a/b/c/file7")))));
  }
}
BENCHMARK(stat_path)->ArgNames({"layers", "width"})->ArgsProduct({{1, 2, 5}, {1000, 16000}});

void lookup(benchmark::State& state) {
  const auto tree = make_tree(state.range(0), state.range(1));
  const VNode dir = must(tree->resolve("/a/b/c"));
  const VNode keep = must(tree->lookup(dir, "file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->lookup(dir, "file7")));
}
BENCHMARK(lookup)->ArgNames({"layers", "width"})->ArgsProduct({{1, 5}, {1000, 16000}});

void lookup_missing(benchmark::State& state) {
  const auto tree = make_tree(state.range(0), 1000);
  const VNode dir = must(tree->resolve("/a/b/c"));
  for (auto _ : state) benchmark::DoNotOptimize(tree->lookup(dir, "absent"));
}
BENCHMARK(lookup_missing)->ArgName("layers")->Arg(1)->Arg(5);

void attr(benchmark::State& state) {
  const auto tree = make_tree(5, 1000);
  const VNode node = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->attr(node)));
}
BENCHMARK(attr);

void open_close(benchmark::State& state) {
  const auto tree = make_tree(5, 1000);
  const VNode node = must(tree->resolve("/a/b/c/file7"));
  for (auto _ : state) benchmark::DoNotOptimize(must(tree->open(node, {})));
}
BENCHMARK(open_close);

/// `find`'s part of the work: list a flat directory and stat every entry. The
/// counter is the time per entry, which must not grow with the width.
void walk_flat_directory(benchmark::State& state) {
  const auto tree = make_tree(state.range(0), state.range(1));
  const VNode dir = must(tree->resolve("/a/b/c"));
  for (auto _ : state) {
    const DirPtr listing = must(tree->open_dir(dir));
    must(listing->read(0, [&](const DirEntry& entry) {
      benchmark::DoNotOptimize(must(tree->attr(must(tree->lookup(dir, entry.name)))));
      return true;
    }));
  }
  state.counters["per_entry"] =
      benchmark::Counter(static_cast<double>(state.range(1)),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(walk_flat_directory)
    ->ArgNames({"layers", "width"})
    ->ArgsProduct({{1, 5}, {1000, 4000, 16000}})
    ->Unit(benchmark::kMicrosecond);

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
