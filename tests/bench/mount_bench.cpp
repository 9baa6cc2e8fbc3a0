// SPDX-License-Identifier: Apache-2.0
// Through mounts of packages, made anew for each sample: `find` over one flat
// directory, which must cost the same per entry for 1,000 files and for 16,000, and
// starting. Needs root and /dev/fuse, and says so where they are missing.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "package_writer.h"

extern char** environ;

namespace wasifs {
namespace {

/// Runs a program whose output goes to a file; its exit status, -1 if it cannot be run.
int run(std::vector<std::string> words, const std::string& output = "/dev/null") {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed != 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// A package, and where to mount it.
class MountedPackage {
 public:
  explicit MountedPackage(const bench::PackageNode& root) {
    std::string pattern = (std::filesystem::temp_directory_path() / "wasifs-bench-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    bench::write_package(package(), root);
    std::filesystem::create_directory(point());
  }
  MountedPackage(const MountedPackage&) = delete;
  MountedPackage& operator=(const MountedPackage&) = delete;
  ~MountedPackage() {
    unmount();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  [[nodiscard]] bool mount() const { return run({WASIFS_PROGRAM, "mount", package(), point()}) == 0; }
  void unmount() const { ::umount2(point().c_str(), MNT_DETACH); }
  [[nodiscard]] std::string package() const { return dir_ + "/package.webc"; }
  [[nodiscard]] std::string point() const { return dir_ + "/mnt"; }

 private:
  std::string dir_;
};

void count_per_entry(benchmark::State& state) {
  state.counters["per_entry"] =
      benchmark::Counter(static_cast<double>(state.range(0)),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void find_flat_directory(benchmark::State& state) {
  // All of them in one directory.
  const auto files = static_cast<std::uint32_t>(state.range(0));
  const MountedPackage package(bench::generate_tree(files, files));
  for (auto _ : state) {
    state.PauseTiming();
    package.unmount();
    if (!package.mount()) {
      state.SkipWithError("cannot mount: this benchmark needs root and /dev/fuse");
      return;
    }
    state.ResumeTiming();
    // %s makes find look at every file, not only at the listing.
    if (run({"find", package.point() + "/dir_0", "-printf", "%s\\n"}) != 0)
      state.SkipWithError("find failed");
  }
  count_per_entry(state);
}
BENCHMARK(find_flat_directory)
    ->ArgName("width")
    ->Arg(1000)
    ->Arg(4000)
    ->Arg(16000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(15);

/// The bytes that the daemon of a mount keeps resident; 0 where it cannot be told.
std::uint64_t resident_bytes(const std::string& point) {
  const std::string file = point + ".status";
  if (run({WASIFS_PROGRAM, "status", point, "--json"}, file) != 0) return 0;
  const auto status = nlohmann::json::parse(std::ifstream(file), nullptr, false);
  if (status.is_discarded() || status["mounts"].empty()) return 0;
  std::ifstream statm("/proc/" + std::to_string(status["mounts"][0]["pid"].get<pid_t>()) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string first_file(const bench::PackageNode& root) {
  std::string path;
  for (const bench::PackageNode* node = &root; !node->children.empty();) {
    node = &node->children.front();
    path += "/" + node->name;
  }
  return path;
}

/// Process start to first stat, as a person or a script waits for it. The memory is
/// that of the whole daemon, with the names.
void mount_to_first_stat(benchmark::State& state) {
  const auto files = static_cast<std::uint32_t>(state.range(0));
  const bench::PackageNode tree = bench::generate_tree(files);
  const MountedPackage package(tree);
  const std::string wanted = package.point() + first_file(tree);
  for (auto _ : state) {
    state.PauseTiming();
    package.unmount();
    state.ResumeTiming();
    if (!package.mount() || ::access(wanted.c_str(), F_OK) != 0) {
      state.SkipWithError("cannot mount: this benchmark needs root and /dev/fuse");
      return;
    }
  }
  const std::uint64_t resident = resident_bytes(package.point());
  state.counters["bytes_resident"] = static_cast<double>(resident);
  state.counters["bytes_per_entry"] = static_cast<double>(resident) / static_cast<double>(files);
}
BENCHMARK(mount_to_first_stat)
    ->ArgName("entries")
    ->Arg(3'000)
    ->Arg(50'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(15);

}  // namespace
}  // namespace wasifs
