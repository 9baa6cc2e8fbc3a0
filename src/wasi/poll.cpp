// SPDX-License-Identifier: Apache-2.0
// poll_oneoff: waits for clocks and standard streams; files are always ready.
#include <algorithm>
#include <optional>
#include <vector>

#include "wasi/call.h"

namespace wasifs::wasi {

namespace {

enum class Kind : std::uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

constexpr u32 kEventSize = 32;
constexpr u32 kMaxSubscriptions = 4096;
constexpr u32 kAbsoluteTime = 1;
constexpr u32 kHangUp = 1;

struct Subscription {
  u64 userdata = 0;
  Kind kind = Kind::clock;
  u32 clock = 0;
  u64 timeout = 0;  ///< nanoseconds
  u32 flags = 0;
  u32 fd = 0;
};

/// How a subscription stands.
struct Outlook {
  bool ready = false;
  Errno error = Errno::success;
  u64 bytes = 0;
  bool hang_up = false;
  std::optional<u64> wait = std::nullopt;  ///< of a clock: nanoseconds from now
  std::optional<std::size_t> polled =
      std::nullopt;  ///< of a stream: which of the descriptors that are waited for
};

}  // namespace

/// One poll_oneoff: looks at every subscription, waits if none is ready, and tells.
struct Call::Poll {
  Call& call;
  std::vector<Subscription> subscriptions = {};
  std::vector<Outlook> outlooks = {};
  std::vector<Host::Waited> waits = {};

  Errno read(u32 address, u32 count) {
    const auto& shape = call.shape_.subscription;
    const auto from = call.memory_.range(address, u64{shape.size} * count);
    if (!from) return from.error();
    subscriptions.reserve(count);
    for (u32 i = 0; i < count; ++i) {
      std::array<std::byte, 56> copy{};
      std::memcpy(copy.data(), from->data() + std::size_t{i} * shape.size, shape.size);
      const auto tag = GuestMemory::get<std::uint8_t>(copy, 8);
      if (tag > static_cast<std::uint8_t>(Kind::fd_write)) return Errno::inval;
      subscriptions.push_back({.userdata = GuestMemory::get<u64>(copy, 0),
                               .kind = static_cast<Kind>(tag),
                               .clock = GuestMemory::get<u32>(copy, shape.clock_id),
                               .timeout = GuestMemory::get<u64>(copy, shape.timeout),
                               .flags = GuestMemory::get<std::uint16_t>(copy, shape.flags),
                               .fd = GuestMemory::get<u32>(copy, 16)});
    }
    return Errno::success;
  }

  Errno wait() {
    std::optional<u64> timeout;
    for (const Subscription& subscription : subscriptions) {
      outlooks.push_back(subscription.kind == Kind::clock ? look_at_clock(subscription)
                                                          : look_at_fd(subscription));
      const Outlook& outlook = outlooks.back();
      if (outlook.ready) timeout = 0;
      if (outlook.wait) timeout = std::min(timeout.value_or(UINT64_MAX), *outlook.wait);
    }
    const Status waited = call.state_.options.host->wait(waits, timeout);
    if (!waited) return call.told(waited);
    const bool stream_ready = std::ranges::any_of(waits, [](const auto& each) { return each.ready; });
    for (Outlook& outlook : outlooks) {
      if (outlook.polled && waits[*outlook.polled].ready) {
        outlook.ready = true;
        outlook.bytes = 1;  // at least
        outlook.hang_up = waits[*outlook.polled].hang_up;
      }
      // Nothing else has ended the waiting, so it was the nearest clock.
      if (outlook.wait && (*outlook.wait == 0 || (!stream_ready && outlook.wait == timeout))) {
        outlook.ready = true;
      }
    }
    return Errno::success;
  }

  Errno tell(u32 events, u32 count_out) const {
    const auto to = call.memory_.range(events, u64{kEventSize} * subscriptions.size());
    if (!to) return to.error();
    u32 count = 0;
    for (std::size_t i = 0; i < subscriptions.size(); ++i) {
      const Outlook& outlook = outlooks[i];
      if (!outlook.ready) continue;
      std::array<std::byte, kEventSize> event{};
      GuestMemory::put(event, 0, subscriptions[i].userdata);
      GuestMemory::put(event, 8, static_cast<std::uint16_t>(outlook.error));
      GuestMemory::put(event, 10, static_cast<std::uint8_t>(subscriptions[i].kind));
      GuestMemory::put(event, 16, outlook.bytes);
      GuestMemory::put(event, 24, static_cast<std::uint16_t>(outlook.hang_up ? kHangUp : 0));
      std::memcpy(to->data() + std::size_t{count} * kEventSize, event.data(), event.size());
      ++count;
    }
    return call.memory_.store(count_out, count);
  }

 private:
  static Outlook failed(Errno error) { return {.ready = true, .error = error}; }

  Outlook look_at_clock(const Subscription& subscription) const {
    if (subscription.clock > static_cast<u32>(Clock::thread_cputime)) return failed(Errno::inval);
    Outlook outlook{.wait = subscription.timeout};
    if ((subscription.flags & kAbsoluteTime) == 0) return outlook;
    const Answer<u64> time = call.now(static_cast<Clock>(subscription.clock));
    if (!time) return failed(time.error());
    outlook.wait = subscription.timeout - std::min(subscription.timeout, *time);
    return outlook;
  }

  Outlook look_at_fd(const Subscription& subscription) {
    const auto found = call.state_.fds.use(subscription.fd, right::poll_fd_readwrite);
    if (!found) return failed(found.error());
    OpenFile& open = *found->open;
    if (open.kind == OpenFile::Kind::stream) {
      const int fd = open.stream->poll_fd();
      if (fd < 0) return {.ready = true, .bytes = 1};
      waits.push_back({.fd = fd, .write = subscription.kind == Kind::fd_write});
      return {.polled = waits.size() - 1};
    }
    Outlook outlook{.ready = true};
    const Result<Attr> attr = call.tree_.attr(open.node);
    if (!attr) return failed(call.refuse_as(attr).error());
    const std::lock_guard lock(open.mutex);
    if (subscription.kind == Kind::fd_read) outlook.bytes = attr->size - std::min(attr->size, open.offset);
    return outlook;
  }
};

Errno Call::poll_oneoff(u32 subscriptions, u32 events, u32 count, u32 count_out) {
  if (count == 0 || count > kMaxSubscriptions) return Errno::inval;
  Poll poll{.call = *this};
  if (const Errno read = poll.read(subscriptions, count); read != Errno::success) return read;
  if (const Errno waited = poll.wait(); waited != Errno::success) return waited;
  return poll.tell(events, count_out);
}

}  // namespace wasifs::wasi
