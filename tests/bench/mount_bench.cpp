// SPDX-License-Identifier: Apache-2.0
// `find` over one flat directory of a package, through a mount made anew for
// each sample: per entry it must cost the same for 1,000 files and for 16,000.
// Needs root and /dev/fuse, and says so where they are missing.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/webc_writer.h"

extern char** environ;

namespace wasifs {
namespace {

/// Runs a program without output; its exit status, -1 if it cannot be run.
int run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed != 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// A package with one directory of `width` small files, and where to mount it.
class FlatPackage {
 public:
  explicit FlatPackage(std::int64_t width) {
    std::string pattern = (std::filesystem::temp_directory_path() / "wasifs-bench-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    test::WebcSpec spec;
    for (std::int64_t i = 0; i < width; ++i) {
      spec.volumes["/flat"].push_back(test::webc_file("file" + std::to_string(i), "0123456789abcdef"));
    }
    spec.manifest = {
        {"package",
         {{"fs", nlohmann::ordered_json::array(
                     {{{"from", nullptr}, {"volume_name", "/flat"}, {"mount_path", "/flat"}}})}}}};
    std::ofstream(package(), std::ios::binary) << test::write_webc(spec);
    std::filesystem::create_directory(point());
  }
  FlatPackage(const FlatPackage&) = delete;
  FlatPackage& operator=(const FlatPackage&) = delete;
  ~FlatPackage() {
    unmount();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  [[nodiscard]] bool mount() const { return run({WASIFS_PROGRAM, "mount", package(), point()}) == 0; }
  void unmount() const { ::umount2(point().c_str(), MNT_DETACH); }
  [[nodiscard]] std::string package() const { return dir_ + "/flat.webc"; }
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
  const FlatPackage package(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    package.unmount();
    if (!package.mount()) {
      state.SkipWithError("cannot mount: this benchmark needs root and /dev/fuse");
      return;
    }
    state.ResumeTiming();
    // %s makes find look at every file, not only at the listing.
    if (run({"find", package.point() + "/flat", "-printf", "%s\\n"}) != 0) state.SkipWithError("find failed");
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

/// Process start to first stat, as a person or a script waits for it.
void mount_to_first_stat(benchmark::State& state) {
  const FlatPackage package(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    package.unmount();
    state.ResumeTiming();
    if (!package.mount() || ::access((package.point() + "/flat/file0").c_str(), F_OK) != 0) {
      state.SkipWithError("cannot mount: this benchmark needs root and /dev/fuse");
      return;
    }
  }
}
BENCHMARK(mount_to_first_stat)
    ->ArgName("entries")
    ->Arg(3000)
    ->Arg(50000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(15);

}  // namespace
}  // namespace wasifs
