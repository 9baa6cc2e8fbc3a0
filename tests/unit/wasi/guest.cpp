// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <algorithm>
#include <stdexcept>

namespace wasifs::test {

std::shared_ptr<const Tree> memory_tree() {
  return std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>()));
}

Status FakeHost::random(std::span<std::byte> out) {
  std::ranges::fill(out, std::byte{7});
  return {};
}

Status FakeHost::wait(std::span<Waited> fds, std::optional<u64> timeout) {
  waits.push_back(timeout);
  for (Waited& each : fds) each.ready = each.fd == ready_fd;
  return {};
}

wasi::ContextOptions Guest::whole_tree() {
  return {.preopens = {{.alias = "/", .path = "/", .rights = kAllRights}}};
}

Guest::Guest(std::shared_ptr<const Tree> of, wasi::ContextOptions options) : tree(std::move(of)) {
  Outcome<std::unique_ptr<wasi::Context>> made = wasi::Context::create(tree, std::move(options));
  if (!made) throw std::runtime_error(made.error().text());
  context = std::move(*made);
}

Errno Guest::call(Abi abi, std::string_view name, std::initializer_list<u64> args) {
  const std::optional<std::size_t> index = wasi::find_function(abi, name);
  if (!index) throw std::runtime_error("no function " + std::string(name));
  return context->call(abi, *index, memory, std::span(args.begin(), args.size())).error;
}

u32 Guest::put(std::string_view text) {
  const u32 at = free_;
  if (at + text.size() > memory.size()) throw std::runtime_error("the guest's memory is full");
  std::memcpy(memory.data() + at, text.data(), text.size());
  free_ += static_cast<u32>(text.size() + 8) & ~u32{7};
  return at;
}

std::string Guest::text(u32 address, std::size_t length) const {
  return {reinterpret_cast<const char*>(memory.data()) + address, length};
}

u32 Guest::iovecs(std::initializer_list<std::string_view> texts) {
  std::string table;
  for (const std::string_view each : texts) {
    const u32 entry[2] = {put(each), static_cast<u32>(each.size())};
    table.append(reinterpret_cast<const char*>(entry), sizeof entry);
  }
  return put(table);
}

Errno Guest::open_into(u32* fd, std::string_view path, u32 oflags, u64 rights, u32 fdflags, u32 dir,
                       u32 dirflags) {
  const Errno opened =
      call("path_open", {dir, dirflags, put(path), path.size(), oflags, rights, kEveryRight, fdflags, kOut});
  if (opened == Errno::success) *fd = get<u32>(kOut);
  return opened;
}

u32 Guest::open(std::string_view path, u32 oflags, u64 rights, u32 fdflags, u32 dir) {
  u32 fd = 0;
  EXPECT_EQ(open_into(&fd, path, oflags, rights, fdflags, dir), Errno::success) << path;
  return fd;
}

void Guest::write(u32 fd, std::string_view content) {
  EXPECT_EQ(call("fd_write", {fd, iovecs({content}), 1, kOut}), Errno::success);
  EXPECT_EQ(get<u32>(kOut), content.size());
}

std::string Guest::read(u32 fd, u32 length) {
  const u32 iov = iovecs({std::string(length, '\0')});
  const Errno read = call("fd_read", {fd, iov, 1, kOut});
  EXPECT_EQ(read, Errno::success);
  return read == Errno::success ? text(get<u32>(iov), get<u32>(kOut)) : std::string();
}

void Guest::make_file(std::string_view path, std::string_view content) {
  const u32 fd = open(path, kCreat | kTrunc, kEveryRight);
  write(fd, content);
  EXPECT_EQ(call("fd_close", {fd}), Errno::success);
}

std::string Guest::file(std::string_view path) {
  const u32 fd = open(path);
  const std::string content = read(fd);
  EXPECT_EQ(call("fd_close", {fd}), Errno::success);
  return content;
}

Errno Guest::path_call(std::string_view name, std::string_view path, u32 dir) {
  return call(name, {dir, put(path), path.size()});
}

}  // namespace wasifs::test
