// SPDX-License-Identifier: Apache-2.0
// What directories of the host cost as layers, live and frozen. The tree is that of a
// package: directories of twelve files, on whatever $TMPDIR lies on.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "fs/host/frozen_fs.h"
#include "fs/host/host_fs.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

constexpr int kDirectories = 400;
constexpr int kFiles = 12;
constexpr int kEntries = kDirectories * (kFiles + 1);

/// Made once, on first use.
const test::TempDir& package_tree() {
  static const test::TempDir* const tree = [] {
    auto* const made = new test::TempDir;
    for (int d = 0; d < kDirectories; ++d) {
      for (int f = 0; f < kFiles; ++f) {
        made->write_file("top/pkg" + std::to_string(d / 20) + "/sub" + std::to_string(d) + "/module_" +
                             std::to_string(f) + ".py",
                         "pass");
      }
    }
    std::atexit([] { delete &package_tree(); });
    return made;
  }();
  return *tree;
}

template <class Layer>
FilesystemPtr open_layer() {
  auto opened = Layer::open(package_tree().string() + "/top", {});
  if (!opened) std::abort();
  return *std::move(opened);
}

/// Ends the benchmark instead of measuring a failure.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

/// What a listing with attributes asks of every directory; returns the entries.
std::int64_t list_all(Node& dir, std::vector<NodeRef>* held) {
  std::vector<std::string> names;
  const Status read = must(dir.open_dir())->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!read) std::abort();
  auto count = static_cast<std::int64_t>(names.size());
  for (const std::string& name : names) {
    const NodeRef child = must(dir.lookup(name));
    benchmark::DoNotOptimize(must(child->attr()));
    if (held != nullptr) held->push_back(child);
    if (child->is_directory()) count += list_all(*child, held);
  }
  return count;
}

template <class Layer>
void list_first(benchmark::State& state) {
  std::int64_t entries = list_all(*open_layer<Layer>()->root(), nullptr);
  for (auto _ : state) entries = list_all(*open_layer<Layer>()->root(), nullptr);
  state.SetItemsProcessed(state.iterations() * entries);
}
BENCHMARK(list_first<HostFilesystem>)->Name("host/list_first/live")->Unit(benchmark::kMillisecond);
BENCHMARK(list_first<FrozenFilesystem>)->Name("host/list_first/frozen")->Unit(benchmark::kMillisecond);

template <class Layer>
void list_again(benchmark::State& state) {
  const FilesystemPtr layer = open_layer<Layer>();
  std::int64_t entries = list_all(*layer->root(), nullptr);
  for (auto _ : state) entries = list_all(*layer->root(), nullptr);
  state.SetItemsProcessed(state.iterations() * entries);
}
BENCHMARK(list_again<HostFilesystem>)->Name("host/list_again/live")->Unit(benchmark::kMillisecond);
BENCHMARK(list_again<FrozenFilesystem>)->Name("host/list_again/frozen")->Unit(benchmark::kMillisecond);

NodeRef walk(Filesystem& layer) {
  NodeRef at = layer.root();
  for (const char* name : {"pkg10", "sub205", "module_7.py"}) at = must(at->lookup(name));
  return at;
}

template <class Layer>
void look_up(benchmark::State& state) {
  const FilesystemPtr layer = open_layer<Layer>();
  const NodeRef dir = must(must(layer->root()->lookup("pkg10"))->lookup("sub205"));
  for (auto _ : state) benchmark::DoNotOptimize(must(dir->lookup("module_7.py")));
}
BENCHMARK(look_up<HostFilesystem>)->Name("host/lookup/live");
BENCHMARK(look_up<FrozenFilesystem>)->Name("host/lookup/frozen");

template <class Layer>
void open_close(benchmark::State& state) {
  const FilesystemPtr layer = open_layer<Layer>();
  const NodeRef file = walk(*layer);
  for (auto _ : state) benchmark::DoNotOptimize(must(file->open({.read = true})));
}
BENCHMARK(open_close<HostFilesystem>)->Name("host/open_close/live");
BENCHMARK(open_close<FrozenFilesystem>)->Name("host/open_close/frozen");

/// Heap that all nodes of the tree take while they are held; descriptors come on top.
template <class Layer>
void memory_held(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    std::vector<NodeRef> held;
    held.reserve(2 * kEntries);
    const std::size_t before = ::mallinfo2().uordblks;
    const FilesystemPtr layer = open_layer<Layer>();
    const std::int64_t entries = list_all(*layer->root(), &held);
    bytes = static_cast<double>(::mallinfo2().uordblks - before) / static_cast<double>(entries);
    held.clear();
  }
  state.counters["bytes_per_entry"] = bytes;
}
BENCHMARK(memory_held<HostFilesystem>)->Name("host/memory/live")->Iterations(1);
BENCHMARK(memory_held<FrozenFilesystem>)->Name("host/memory/frozen")->Iterations(1);

}  // namespace
}  // namespace wasifs
