// SPDX-License-Identifier: Apache-2.0
// The file-system part of what wasix_32v1 has beside preview1: a working directory
// and descriptors that are duplicated.
#include <algorithm>

#include "wasi/call.h"

namespace wasifs::wasi {

Errno Call::getcwd(u32 buffer, u32 size_inout) {
  const Answer<u32> size = memory_.load<u32>(size_inout);
  if (!size) return size.error();
  const std::string path = working_directory();
  // The guest learns how much it takes in either case.
  const Errno stored = memory_.store(size_inout, static_cast<u32>(path.size()));
  if (stored != Errno::success) return stored;
  if (path.size() > *size) return Errno::overflow;
  const auto to = memory_.range(buffer, *size);
  if (!to) return to.error();
  if (to->empty()) return Errno::success;
  // With a NUL where there is room for one.
  std::memcpy(to->data(), path.c_str(), std::min<std::size_t>(to->size(), path.size() + 1));
  return Errno::success;
}

Errno Call::chdir(u32 path, u32 length) {
  const auto text = read_path(path, length);
  if (!text) return text.error();
  // Under the strict policy nothing is reached but through a descriptor.
  if (state_.options.paths == PathPolicy::strict) return Errno::notcapable;
  if (text->empty()) return Errno::noent;
  const std::string whole =
      text->starts_with('/') ? std::string(*text) : working_directory() + "/" + std::string(*text);
  const Result<VNode> node = tree_.resolve(whole);
  if (!node) return refuse_as(node).error();
  if (!node->is_directory()) return Errno::notdir;
  std::optional<std::string> place = tree_.path_of(*node);
  if (!place) return Errno::noent;
  const std::lock_guard lock(state_.cwd_mutex);
  state_.cwd = std::move(*place);
  return Errno::success;
}

Errno Call::fd_dup(u32 fd, u32 out) { return fd_dup2(fd, 0, 0, out); }

Errno Call::fd_dup2(u32 fd, u32 lowest, u32 close_on_exec, u32 out) {
  Answer<Descriptor> copy = state_.fds.get(fd);
  if (!copy) return copy.error();
  if (const auto to = memory_.range(out, sizeof(u32)); !to) return to.error();
  // What is found by its name at the start stays where it was found.
  copy->preopen.reset();
  copy->close_on_exec = close_on_exec != 0;
  const Answer<u32> number = state_.fds.add(std::move(*copy), lowest);
  return number ? memory_.store(out, *number) : number.error();
}

Errno Call::fd_fdflags_get(u32 fd, u32 out) {
  const Answer<Descriptor> found = state_.fds.get(fd);
  if (!found) return found.error();
  return memory_.store(out, static_cast<std::uint16_t>(found->close_on_exec ? 1 : 0));
}

Errno Call::fd_fdflags_set(u32 fd, u32 flags) {
  return flags > 1 ? Errno::inval : state_.fds.set_close_on_exec(fd, flags == 1);
}

}  // namespace wasifs::wasi
