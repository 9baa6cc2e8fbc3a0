// SPDX-License-Identifier: Apache-2.0
// What a guest asks of its process: arguments, environment, clocks, random numbers,
// its end; and sockets, of which there are none.
#include "wasi/call.h"

namespace wasifs::wasi {

namespace {

/// With a NUL behind each.
u64 bytes_of(const std::vector<std::string>& strings) {
  u64 size = 0;
  for (const std::string& text : strings) size += text.size() + 1;
  return size;
}

}  // namespace

Errno Call::store_sizes(const std::vector<std::string>& strings, u32 count_out, u32 size_out) {
  const u64 size = bytes_of(strings);
  if (size > UINT32_MAX || strings.size() > UINT32_MAX) return Errno::overflow;
  const Errno counted = memory_.store(count_out, static_cast<u32>(strings.size()));
  return counted == Errno::success ? memory_.store(size_out, static_cast<u32>(size)) : counted;
}

Errno Call::store_strings(const std::vector<std::string>& strings, u32 table, u32 buffer) {
  const auto pointers = memory_.range(table, u64{sizeof(u32)} * strings.size());
  if (!pointers) return pointers.error();
  const auto texts = memory_.range(buffer, bytes_of(strings));
  if (!texts) return texts.error();
  std::size_t used = 0;
  for (std::size_t i = 0; i < strings.size(); ++i) {
    GuestMemory::put(*pointers, i * sizeof(u32), buffer + static_cast<u32>(used));
    std::memcpy(texts->data() + used, strings[i].c_str(), strings[i].size() + 1);
    used += strings[i].size() + 1;
  }
  return Errno::success;
}

Errno Call::args_get(u32 argv, u32 buffer) { return store_strings(state_.options.args, argv, buffer); }
Errno Call::args_sizes_get(u32 count_out, u32 size_out) {
  return store_sizes(state_.options.args, count_out, size_out);
}
Errno Call::environ_get(u32 environ, u32 buffer) {
  return store_strings(state_.options.env, environ, buffer);
}
Errno Call::environ_sizes_get(u32 count_out, u32 size_out) {
  return store_sizes(state_.options.env, count_out, size_out);
}

namespace {

Answer<Clock> clock_of(u32 number) {
  if (number > static_cast<u32>(Clock::thread_cputime)) return refuse(Errno::inval);
  return static_cast<Clock>(number);
}

}  // namespace

Answer<u64> Call::now(Clock clock) {
  const Result<u64> time = state_.options.host->now(clock);
  if (!time) return refuse_as(time);
  return *time;
}

Errno Call::clock_res_get(u32 clock, u32 out) {
  const Answer<Clock> id = clock_of(clock);
  if (!id) return id.error();
  const Result<u64> resolution = state_.options.host->resolution(*id);
  return resolution ? memory_.store(out, *resolution) : refuse_as(resolution).error();
}

Errno Call::clock_time_get(u32 clock, u64 /*precision*/, u32 out) {
  const Answer<Clock> id = clock_of(clock);
  if (!id) return id.error();
  const Answer<u64> time = now(*id);
  return time ? memory_.store(out, *time) : time.error();
}

Errno Call::proc_exit(u32 code) {
  state_.exit = Context::State::kExited | code;
  exited_ = code;
  return Errno::success;
}

// There are no signals to raise: none is delivered to a guest of this interface.
Errno Call::proc_raise(u32 /*signal*/) { return Errno::nosys; }

Errno Call::random_get(u32 buffer, u32 length) {
  const auto to = memory_.range(buffer, length);
  return to ? told(state_.options.host->random(*to)) : to.error();
}

Errno Call::sched_yield() {
  state_.options.host->yield();
  return Errno::success;
}

// Nothing that a guest can have open is a socket.
Errno Call::sock_accept(u32 fd, u32 /*flags*/, u32 /*out*/) {
  const auto found = state_.fds.use(fd, 0);
  return found ? Errno::notsock : found.error();
}
Errno Call::sock_recv(u32 fd, u32 /*iovs*/, u32 /*count*/, u32 /*flags*/, u32 /*size_out*/,
                      u32 /*flags_out*/) {
  return sock_accept(fd, 0, 0);
}
Errno Call::sock_send(u32 fd, u32 /*iovs*/, u32 /*count*/, u32 /*flags*/, u32 /*size_out*/) {
  return sock_accept(fd, 0, 0);
}
Errno Call::sock_shutdown(u32 fd, u32 /*how*/) { return sock_accept(fd, 0, 0); }

}  // namespace wasifs::wasi
