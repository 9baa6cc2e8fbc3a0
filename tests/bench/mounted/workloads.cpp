// SPDX-License-Identifier: Apache-2.0
// What programs do with a mounted tree, timed:
//
//   mount_workloads NAME ROOT PATHS [--once] [--threads N] [--seconds S]
//
// PATHS lists the small files of the tree, one a line. Without --once a pass
// that is not timed goes first, and passes are repeated for at least S seconds;
// with it exactly one pass is timed. Prints "AMOUNT SECONDS": entries, files,
// operations or bytes, whichever the workload counts. A process for each sample
// keeps one file system's caches and descriptors out of the next one's figures.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSmallBuffer = 64 << 10;
constexpr std::size_t kLargeBuffer = 1 << 20;
constexpr std::uint64_t kImports = 800;
constexpr std::uint64_t kRandomReads = 20'000;
constexpr std::uint64_t kRandomReadsOnce = 4'000;
constexpr unsigned kNewFiles = 10'000;
constexpr unsigned kNewDirectories = 20;
constexpr std::uint64_t kWrittenLarge = 200 << 20;
constexpr std::uint64_t kWrittenSmall = 64 << 20;
constexpr std::uint64_t kOverwrites = 8'000;

constexpr const char* kBigFile = "big/app.wasm";
constexpr const char* kUntouchedFile = "big/image.bin";
constexpr const char* kOutput = "written.bin";

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
 public:
  Descriptor(int directory, const std::string& path, int flags)
      : fd_(::openat(directory, path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail(path);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  [[nodiscard]] std::uint64_t size() const {
    struct stat info = {};
    if (::fstat(fd_, &info) != 0) fail("fstat");
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  int fd_;
};

/// The tree that is measured and how.
struct Bench {
  std::string root_path;
  Descriptor root;
  std::vector<std::string> paths;
  bool once = false;
  unsigned threads = 4;
  double seconds = 0.35;
  std::minstd_rand random{20'240'711};
};

// ---- walks ------------------------------------------------------------------

std::uint64_t walk(Descriptor directory, bool with_attributes) {
  DIR* const stream = ::fdopendir(directory.get());
  if (stream == nullptr) fail("fdopendir");
  const int fd = directory.release();  // the stream's now
  std::uint64_t entries = 0;
  while (const dirent* const entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    ++entries;
    bool is_directory = entry->d_type == DT_DIR;
    if (with_attributes || entry->d_type == DT_UNKNOWN) {
      struct stat info = {};
      if (::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) fail(entry->d_name);
      is_directory = S_ISDIR(info.st_mode);
    }
    if (is_directory) entries += walk({fd, entry->d_name, O_RDONLY | O_DIRECTORY}, with_attributes);
  }
  ::closedir(stream);
  return entries;
}

std::uint64_t list_all(Bench& bench) { return walk({bench.root.get(), ".", O_RDONLY | O_DIRECTORY}, false); }
std::uint64_t stat_all(Bench& bench) { return walk({bench.root.get(), ".", O_RDONLY | O_DIRECTORY}, true); }

// ---- operations on the paths of the tree -------------------------------------

void stat_one(const Bench& bench, const std::string& path) {
  struct stat info = {};
  if (::fstatat(bench.root.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) fail(path);
}

/// Looks for a name that is not there.
void miss_one(const Bench& bench, const std::string& path) {
  struct stat info = {};
  if (::fstatat(bench.root.get(), path.c_str(), &info, 0) == 0 || errno != ENOENT) fail(path);
}

std::uint64_t read_one(const Bench& bench, const std::string& path, std::span<char> buffer) {
  const Descriptor file(bench.root.get(), path, O_RDONLY);
  static_cast<void>(file.size());  // programs look at the size before they read
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) fail(path);
    if (got == 0) return total;
    total += static_cast<std::uint64_t>(got);
  }
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::uint64_t stat_paths(Bench& bench) {
  for (const std::string& path : bench.paths) stat_one(bench, path);
  return bench.paths.size();
}

/// A status of a version control system: each known file, then each directory.
std::uint64_t git_status(Bench& bench) {
  stat_paths(bench);
  list_all(bench);
  return bench.paths.size();
}

std::uint64_t negative(Bench& bench) {
  constexpr std::size_t kEvery = 4;
  constexpr unsigned kProbes = 4;
  std::uint64_t probes = 0;
  for (std::size_t i = 0; i < bench.paths.size(); i += kEvery) {
    const std::string stem = directory_of(bench.paths[i]) + "/not_here";
    for (unsigned k = 0; k < kProbes; ++k, ++probes) miss_one(bench, stem + std::to_string(k) + ".so");
  }
  return probes;
}

std::uint64_t open_close(Bench& bench) {
  for (const std::string& path : bench.paths) const Descriptor opened(bench.root.get(), path, O_RDONLY);
  return bench.paths.size();
}

std::uint64_t small_read(Bench& bench) {
  std::vector<char> buffer(kSmallBuffer);
  for (const std::string& path : bench.paths) read_one(bench, path, buffer);
  return bench.paths.size();
}

/// How an interpreter finds a module: probes that miss, then directory, file, content.
std::uint64_t import_modules(Bench& bench) {
  static constexpr std::string_view kTried[] = {".cpython-311.so", ".abi3.so", ".so",
                                                "/__init__.py",    ".pyd",     "/__init__.pyc"};
  std::vector<char> buffer(kSmallBuffer);
  const std::uint64_t modules = std::min<std::uint64_t>(kImports, bench.paths.size());
  for (std::uint64_t i = 0; i < modules; ++i) {
    const std::string& path = bench.paths[static_cast<std::size_t>(i)];
    const std::string folder = directory_of(path);
    const std::string stem = folder + "/module_" + std::to_string(i);
    for (const std::string_view ending : kTried) miss_one(bench, stem + std::string(ending));
    stat_one(bench, folder);
    stat_one(bench, path);
    read_one(bench, path, buffer);
  }
  return modules;
}

/// Runs `work(thread)` in each of the threads and adds up what they count.
std::uint64_t in_threads(const Bench& bench, const std::function<std::uint64_t(unsigned)>& work) {
  std::vector<std::uint64_t> counted(bench.threads);
  std::vector<std::exception_ptr> failed(bench.threads);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < bench.threads; ++i) {
      threads.emplace_back([&, i] {
        try {
          counted[i] = work(i);
        } catch (...) {
          failed[i] = std::current_exception();
        }
      });
    }
  }
  for (const std::exception_ptr& error : failed) {
    if (error) std::rethrow_exception(error);
  }
  std::uint64_t total = 0;
  for (const std::uint64_t one : counted) total += one;
  return total;
}

std::uint64_t parallel_small_read(Bench& bench) {
  return in_threads(bench, [&bench](unsigned thread) {
    std::vector<char> buffer(kSmallBuffer);
    std::uint64_t files = 0;
    for (std::size_t i = thread; i < bench.paths.size(); i += bench.threads, ++files)
      read_one(bench, bench.paths[i], buffer);
    return files;
  });
}

std::uint64_t parallel_stat(Bench& bench) {
  return in_threads(bench, [&bench](unsigned thread) {
    std::uint64_t files = 0;
    for (std::size_t i = thread; i < bench.paths.size(); i += bench.threads, ++files)
      stat_one(bench, bench.paths[i]);
    return files;
  });
}

/// The whole tree without its large files through tar(1), which reads as archivers do.
std::uint64_t archive(Bench& bench) {
  ::setenv("BENCH_ROOT", bench.root_path.c_str(), 1);
  std::FILE* const pipe = ::popen("exec tar -C \"$BENCH_ROOT\" --exclude=./big -cf - .", "re");
  if (pipe == nullptr) fail("tar");
  std::vector<char> buffer(kLargeBuffer);
  std::uint64_t total = 0;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) total += got;
  if (::pclose(pipe) != 0) throw std::runtime_error("tar failed");
  return total;
}

// ---- the large file ------------------------------------------------------------

std::uint64_t sequential_read(Bench& bench) {
  std::vector<char> buffer(kLargeBuffer);
  return read_one(bench, kBigFile, buffer);
}

std::uint64_t random_read(Bench& bench) {
  const Descriptor file(bench.root.get(), kBigFile, O_RDONLY);
  const std::uint64_t pages = file.size() / kPage;
  const std::uint64_t reads = bench.once ? kRandomReadsOnce : kRandomReads;
  std::vector<char> buffer(kPage);
  for (std::uint64_t i = 0; i < reads; ++i) {
    const auto at = static_cast<off_t>(bench.random() % pages * kPage);
    if (::pread(file.get(), buffer.data(), kPage, at) != static_cast<ssize_t>(kPage)) fail(kBigFile);
  }
  return reads;
}

std::uint64_t mapped_read(Bench& bench) {
  const Descriptor file(bench.root.get(), kBigFile, O_RDONLY);
  const auto size = static_cast<std::size_t>(file.size());
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) fail("mmap");
  const volatile char* const bytes = static_cast<const char*>(mapped);
  unsigned sum = 0;
  for (std::size_t at = 0; at < size; at += kPage) sum += static_cast<unsigned char>(bytes[at]);
  ::munmap(mapped, size);
  return size + (sum & 0U);
}

std::uint64_t parallel_sequential_read(Bench& bench) {
  const Descriptor file(bench.root.get(), kBigFile, O_RDONLY);
  const std::uint64_t part = file.size() / bench.threads;
  return in_threads(bench, [&](unsigned thread) {
    std::vector<char> buffer(kLargeBuffer);
    std::uint64_t done = 0;
    while (done < part) {
      const auto at = static_cast<off_t>(thread * part + done);
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), part - done));
      const ssize_t got = ::pread(file.get(), buffer.data(), want, at);
      if (got <= 0) fail(kBigFile);
      done += static_cast<std::uint64_t>(got);
    }
    return done;
  });
}

// ---- writing: ROOT is an empty writable directory ---------------------------------

std::string new_directory(unsigned i) { return "new" + std::to_string(i); }
std::string new_file(unsigned i) { return new_directory(i % kNewDirectories) + "/file" + std::to_string(i); }

std::uint64_t create(Bench& bench) {
  const std::string content(1024, 'x');
  for (unsigned i = 0; i < kNewDirectories; ++i) {
    if (::mkdirat(bench.root.get(), new_directory(i).c_str(), 0755) != 0) fail(new_directory(i));
  }
  for (unsigned i = 0; i < kNewFiles; ++i) {
    const Descriptor file(bench.root.get(), new_file(i), O_CREAT | O_EXCL | O_WRONLY);
    if (::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
      fail("write");
  }
  return kNewFiles;
}

std::uint64_t rename_there_and_back(Bench& bench) {
  const int root = bench.root.get();
  for (unsigned i = 0; i < kNewFiles; ++i) {
    const std::string from = new_file(i);
    const std::string to = from + ".tmp";
    if (::renameat(root, from.c_str(), root, to.c_str()) != 0) fail(from);
    if (::renameat(root, to.c_str(), root, from.c_str()) != 0) fail(to);
  }
  return 2 * kNewFiles;
}

std::uint64_t unlink_all(Bench& bench) {
  for (unsigned i = 0; i < kNewFiles; ++i) {
    if (::unlinkat(bench.root.get(), new_file(i).c_str(), 0) != 0) fail(new_file(i));
  }
  for (unsigned i = 0; i < kNewDirectories; ++i) {
    if (::unlinkat(bench.root.get(), new_directory(i).c_str(), AT_REMOVEDIR) != 0) fail(new_directory(i));
  }
  return kNewFiles;
}

std::uint64_t write_file(Bench& bench, std::size_t block, std::uint64_t total) {
  const std::vector<char> content(block, 'x');
  const Descriptor file(bench.root.get(), kOutput, O_CREAT | O_TRUNC | O_WRONLY);
  for (std::uint64_t done = 0; done < total; done += block) {
    if (::write(file.get(), content.data(), block) != static_cast<ssize_t>(block)) fail(kOutput);
  }
  return total;
}

std::uint64_t sequential_write(Bench& bench) { return write_file(bench, kLargeBuffer, kWrittenLarge); }
std::uint64_t small_write(Bench& bench) { return write_file(bench, kPage, kWrittenSmall); }

std::uint64_t overwrite(Bench& bench) {
  const std::vector<char> content(kPage, 'y');
  const Descriptor file(bench.root.get(), kOutput, O_WRONLY);
  for (std::uint64_t i = 0; i < kOverwrites; ++i) {
    const auto at = static_cast<off_t>(bench.random() % (kWrittenSmall / kPage) * kPage);
    if (::pwrite(file.get(), content.data(), kPage, at) != static_cast<ssize_t>(kPage)) fail(kOutput);
  }
  return kOverwrites;
}

/// The first byte that is changed in a file of a layer below; ROOT is the tree's.
std::uint64_t first_write(Bench& bench) {
  const Descriptor file(bench.root.get(), kUntouchedFile, O_WRONLY);
  if (::pwrite(file.get(), "!", 1, kPage) != 1) fail(kUntouchedFile);
  return 1;
}

// Those that need what an earlier one leaves make it themselves where it is missing.

bool is_there(const Bench& bench, const std::string& path) {
  return ::faccessat(bench.root.get(), path.c_str(), F_OK, 0) == 0;
}
void need_new_files(Bench& bench) {
  if (!is_there(bench, new_file(0))) create(bench);
}
void need_no_new_files(Bench& bench) {
  if (is_there(bench, new_file(0))) unlink_all(bench);
}
void need_no_output(Bench& bench) { ::unlinkat(bench.root.get(), kOutput, 0); }
void need_output(Bench& bench) {
  if (!is_there(bench, kOutput) || Descriptor(bench.root.get(), kOutput, O_RDONLY).size() != kWrittenSmall)
    small_write(bench);
}
void need_nothing(Bench& /*bench*/) {}

struct Workload {
  std::string_view name;
  std::uint64_t (*pass)(Bench&);
  void (*prepare)(Bench&) = need_nothing;
};

constexpr Workload kWorkloads[] = {
    {"statall", stat_all},
    {"readdir", list_all},
    {"stat", stat_paths},
    {"gitstat", git_status},
    {"negative", negative},
    {"openclose", open_close},
    {"smallread", small_read},
    {"import", import_modules},
    {"par_small", parallel_small_read},
    {"par_stat", parallel_stat},
    {"tar", archive},
    {"seqread", sequential_read},
    {"rand4k", random_read},
    {"mmap", mapped_read},
    {"par_seq", parallel_sequential_read},
    {"create", create, need_no_new_files},
    {"rename", rename_there_and_back, need_new_files},
    {"unlink", unlink_all, need_new_files},
    {"seqwrite", sequential_write, need_no_output},
    {"write4k", small_write, need_no_output},
    {"overwrite4k", overwrite, need_output},
    {"first_write", first_write},
};

void measure(const Workload& workload, Bench& bench) {
  using Clock = std::chrono::steady_clock;
  workload.prepare(bench);
  if (!bench.once) workload.pass(bench);
  std::uint64_t amount = 0;
  double seconds = 0;
  const auto start = Clock::now();
  do {
    amount += workload.pass(bench);
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  } while (!bench.once && seconds < bench.seconds);
  std::cout << amount << ' ' << seconds << '\n';
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

int run(std::span<const std::string> words) {
  if (words.size() < 3) {
    std::cerr << "usage: mount_workloads NAME ROOT PATHS [--once] [--threads N] [--seconds S]\n";
    return 2;
  }
  const auto* const workload = std::ranges::find(kWorkloads, words[0], &Workload::name);
  if (workload == std::end(kWorkloads)) throw std::runtime_error("no workload " + words[0]);
  Bench bench{.root_path = words[1],
              .root = Descriptor(AT_FDCWD, words[1], O_RDONLY | O_DIRECTORY),
              .paths = read_lines(words[2])};
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "--once") {
      bench.once = true;
    } else if (words[i] == "--threads" && i + 1 < words.size()) {
      bench.threads = static_cast<unsigned>(std::stoul(words[++i]));
    } else if (words[i] == "--seconds" && i + 1 < words.size()) {
      bench.seconds = std::stod(words[++i]);
    } else {
      throw std::runtime_error("unknown option " + words[i]);
    }
  }
  measure(*workload, bench);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "mount_workloads: " << error.what() << '\n';
    return 1;
  }
}
