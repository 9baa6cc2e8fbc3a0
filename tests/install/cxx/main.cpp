// SPDX-License-Identifier: Apache-2.0
// A program of C++ that embeds wasifs: memory and a file system of its own in one
// root, used by paths and by a WASI host function.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <wasifs/filesystem_wrapper.h>
#include <wasifs/filesystems.h>
#include <wasifs/root_builder.h>
#include <wasifs/wasi.h>

namespace {

using namespace wasifs;

/// The value, or the end of the program.
template <class Expected>
auto need(Expected expected, std::string_view what) {
  if (!expected) {
    std::cerr << what << " failed\n";
    std::exit(1);
  }
  if constexpr (!std::is_void_v<typename Expected::value_type>) return std::move(*expected);
}

constexpr std::string_view kGreeting = "from C++";

class GreetingFile final : public File {
 public:
  using File::File;

 private:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= kGreeting.size()) return 0;
    const std::string_view rest = kGreeting.substr(offset, out.size());
    std::memcpy(out.data(), rest.data(), rest.size());
    return rest.size();
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    if (offset >= kGreeting.size()) return fail(Errc::enxio);
    return data ? offset : kGreeting.size();
  }
};

class GreetingNode final : public Node {
 public:
  GreetingNode() : Node(FileType::regular) {}
  Result<Attr> attr() override {
    Attr attr;
    attr.ino = 2;
    attr.mode = 0444;
    attr.size = kGreeting.size();
    return attr;
  }
  Result<FilePtr> open(OpenFlags flags) override {
    if (flags.write) return fail(Errc::erofs);
    return std::make_unique<GreetingFile>(flags);
  }
};

class GreetingDir final : public Dir {
 public:
  Status read(std::uint64_t cookie, DirSink sink) override {
    if (cookie == 0) sink({.name = "greeting", .ino = 2, .next = 1});
    return {};
  }
};

class RootNode final : public Node {
 public:
  RootNode() : Node(FileType::directory) {}
  Result<Attr> attr() override {
    Attr attr;
    attr.ino = 1;
    attr.type = FileType::directory;
    attr.mode = 0555;
    return attr;
  }
  Result<DirPtr> open_dir() override { return std::make_unique<GreetingDir>(); }
  Result<NodeRef> lookup(std::string_view name) override {
    if (name != "greeting") return fail(Errc::enoent);
    return greeting_;
  }

 private:
  NodeRef greeting_ = make_ref<GreetingNode>();
};

class GreetingFilesystem final : public Filesystem {
 public:
  NodeRef root() override { return root_; }
  Traits traits() const override { return {.immutable = true}; }
  Result<StatFs> statfs() override { return StatFs{}; }
  std::string describe() const override { return "one greeting"; }

 private:
  NodeRef root_ = make_ref<RootNode>();
};

/// Counts what is asked of the file system behind it.
class Counter final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  int reads = 0;

 private:
  Status before(const Call& call) override {
    if (call.operation == Operation::read) ++reads;
    return {};
  }
};

/// A stream of our own.
class Printer final : public wasi::Stream {
 public:
  Result<std::size_t> write(std::span<const std::byte> in) override {
    std::cout << std::string_view(reinterpret_cast<const char*>(in.data()), in.size());
    return in.size();
  }
};

/// Calls fd_write as an engine does for a guest that prints.
void print_as_guest(const PreparedRoot& root) {
  wasi::ContextOptions options = wasi::ContextOptions::of(root.plan.run);
  options.stdio[1] = std::make_shared<Printer>();
  options.host = std::make_shared<wasi::Host>();
  const auto context = need(wasi::Context::create(root.tree, std::move(options)), "Context::create");
  std::byte memory[64] = {std::byte{16}, {}, {}, {}, std::byte{6}};  // an iovec: 6 bytes at 16
  std::memcpy(memory + 16, "guest\n", 6);
  const std::uint64_t args[] = {1, 0, 1, 8};
  const auto index = need(wasi::find_function(wasi::Abi::preview1, "fd_write"), "find_function");
  const wasi::CallResult result = context->call(wasi::Abi::preview1, index, memory, args);
  if (result.error != wasi::Errno::success) std::cout << wasi::name_of(result.error) << "\n";
}

}  // namespace

int main() {
  const auto counter = std::make_shared<Counter>(std::make_shared<GreetingFilesystem>());
  RootBuilder builder;
  builder.empty_base().add_mount("/data", memory_filesystem()).add_mount("/kv", counter, Access::cow);
  const Outcome<PreparedRoot> root = builder.build();
  if (!root) {
    std::cerr << root.error().text() << "\n";
    return 1;
  }
  need(root->tree->write_file("/data/note", "hello"), "write_file");
  for (const char* path : {"/data/note", "/kv/greeting"}) {
    std::cout << path << ": " << need(root->tree->read_file(path), path) << "\n";
  }
  need(root->tree->walk("/",
                        [](const Visited& at) {
                          if (at.depth != 0) std::cout << at.path << "\n";
                          return WalkNext::on;
                        }),
       "walk");
  print_as_guest(*root);
  std::cout << (counter->reads > 0 ? "counted" : "not counted") << "\n";
}
