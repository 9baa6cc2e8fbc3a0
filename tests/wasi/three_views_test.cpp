// SPDX-License-Identifier: Apache-2.0
// One tree in one process, seen three ways at once: through FUSE, by a guest in an
// engine, and by the C++ API. What any of them writes the others read, at once.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "cli/guest.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "wasi/sdk.h"
#include "wasifs/root.h"
#include "wasifs/wasi.h"

namespace wasifs {
namespace {

/// Both ends of a conversation by lines: what the test says is the guest's standard
/// input, what the guest says is its answer.
class Conversation {
 public:
  std::string ask(const std::string& line) {
    std::unique_lock lock(mutex_);
    input_ += line + "\n";
    changed_.notify_all();
    changed_.wait(lock, [&] { return ended_ || output_.find('\n') != std::string::npos; });
    const std::size_t end = output_.find('\n');
    if (end == std::string::npos) return "(the guest has ended)";
    std::string answer = output_.substr(0, end);
    output_.erase(0, end + 1);
    return answer;
  }
  /// No more input, or no more answers.
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  wasi::StreamPtr input() {
    return wasi::stream_of_callbacks(
        [this](std::span<std::byte> to) -> Result<std::size_t> {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] { return ended_ || !input_.empty(); });
          const std::size_t count = std::min(to.size(), input_.size());
          if (count != 0) std::memcpy(to.data(), input_.data(), count);
          input_.erase(0, count);
          return count;
        },
        nullptr);
  }
  wasi::StreamPtr output() {
    return wasi::stream_of_callbacks(nullptr, [this](std::span<const std::byte> in) -> Result<std::size_t> {
      const std::lock_guard lock(mutex_);
      output_.append(reinterpret_cast<const char*>(in.data()), in.size());
      changed_.notify_all();
      return in.size();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string input_;
  std::string output_;
  bool ended_ = false;
};

/// The guest of programs/views.c, on a thread of its own.
class GuestView {
 public:
  explicit GuestView(const PreparedRoot& root) {
    wasi::ContextOptions options = wasi::ContextOptions::of(root.plan.run);
    options.args = {"views"};
    options.stdio = {conversation_.input(), conversation_.output(), nullptr};
    auto made = wasi::Context::create(root.tree, std::move(options));
    if (!made) throw std::runtime_error(made.error().text());
    context_ = std::move(*made);
    thread_ = std::thread([this] {
      const cli::Program program{.name = "views",
                                 .bytes = test::read_file(test::guest_file("views", ".wasm"))};
      const engine::Ended ended = cli::run_guest(program, "_start", *context_);
      EXPECT_EQ(ended.exit_code, 0U) << ended.message;
      conversation_.end();
    });
  }
  GuestView(const GuestView&) = delete;
  GuestView& operator=(const GuestView&) = delete;
  ~GuestView() {
    conversation_.end();
    thread_.join();
  }

  void write(const std::string& path, const std::string& text) {
    EXPECT_EQ(conversation_.ask("w " + path + " " + text), "ok") << path;
  }
  std::string read(const std::string& path) { return conversation_.ask("r " + path); }

 private:
  Conversation conversation_;
  std::unique_ptr<wasi::Context> context_;
  std::thread thread_;
};

void write_mounted(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  ASSERT_GE(fd, 0) << path << ": " << std::strerror(errno);
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::close(fd), 0);
}

std::string read_mounted(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::string("(") + std::strerror(errno) + ")";
  std::array<char, 256> text{};
  const ssize_t length = ::read(fd, text.data(), text.size());
  ::close(fd);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

TEST(ThreeViews, WhatOneWritesTheOthersReadAtOnceTenThousandTimes) {
  WASIFS_NEED_FUSE();
  if (const std::string why = test::no_guests(); !why.empty()) GTEST_SKIP() << why;
  WASIFS_NEED_FIXTURE(fixture, "staticserver");
  const Outcome<PreparedRoot> root = PreparedRoot::open(fixture, {.dependencies = false});
  ASSERT_TRUE(root) << root.error().text();
  const Tree& tree = *root->tree;
  const test::TreeMount mount(root->tree);
  GuestView guest(*root);

  // In memory, in a package (which takes a copy-up), and new in the package.
  const std::array<std::string, 3> paths{"/tmp/file", "/example/test.txt", "/example/new"};
  for (int round = 0; round < 10'000; ++round) {
    const std::string& path = paths[static_cast<std::size_t>(round) % paths.size()];
    // Of changing length: sizes must not be remembered either.
    const std::string text =
        "round-" + std::to_string(round) + std::string(static_cast<std::size_t>(round % 50), '.');
    switch (round / 3 % 3) {
      case 0:
        ASSERT_TRUE(tree.write_file(path, text));
        break;
      case 1:
        guest.write(path, text);
        break;
      default:
        write_mounted(mount.path() + path, text);
    }
    ASSERT_EQ(tree.read_file(path), text) << round;
    ASSERT_EQ(guest.read(path), text) << round;
    ASSERT_EQ(read_mounted(mount.path() + path), text) << round;
    // Names come and go as well.
    if (round % 7 == 6) {
      ASSERT_TRUE(tree.unlink(path));
      ASSERT_EQ(read_mounted(mount.path() + path), "(No such file or directory)");
      ASSERT_EQ(guest.read(path), "errno 44");
    }
  }
}

}  // namespace
}  // namespace wasifs
