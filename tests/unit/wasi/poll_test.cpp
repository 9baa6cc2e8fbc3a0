// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

namespace wasifs::test {
namespace {

constexpr u32 kIn = 2048;
constexpr u32 kEvents = 3072;
constexpr u32 kOut = Guest::kOut;

/// A stream that the host waits for under that number.
class Waitable final : public wasi::Stream {
 public:
  explicit Waitable(int fd) : fd_(fd) {}
  int poll_fd() const override { return fd_; }

 private:
  int fd_;
};

class WasiPoll : public ::testing::TestWithParam<Abi> {
 protected:
  WasiPoll() {
    wasi::ContextOptions options = Guest::whole_tree();
    options.host = host;
    options.stdio = {std::make_shared<Waitable>(70), std::make_shared<Waitable>(71), nullptr};
    guest.emplace(memory_tree(), std::move(options));
  }

  [[nodiscard]] u32 size() const { return GetParam() == Abi::unstable ? 56 : 48; }

  void clock(u64 userdata, u32 id, u64 timeout, std::uint16_t flags = 0) {
    const u32 at = kIn + count * size();
    // snapshot 0 has an identifier in front.
    const u32 shift = GetParam() == Abi::unstable ? 8 : 0;
    guest->set<u64>(at, userdata);
    guest->set<std::uint8_t>(at + 8, 0);
    guest->set<u32>(at + 16 + shift, id);
    guest->set<u64>(at + 24 + shift, timeout);
    guest->set<u64>(at + 32 + shift, 1);
    guest->set<std::uint16_t>(at + 40 + shift, flags);
    ++count;
  }
  void fd(u64 userdata, bool write, u32 number) {
    const u32 at = kIn + count * size();
    guest->set<u64>(at, userdata);
    guest->set<std::uint8_t>(at + 8, write ? 2 : 1);
    guest->set<u32>(at + 16, number);
    ++count;
  }
  Errno poll() { return guest->call(GetParam(), "poll_oneoff", {kIn, kEvents, count, kOut}); }

  struct Event {
    u64 userdata;
    Errno error;
    int type;
    u64 bytes;
    bool hang_up;
    bool operator==(const Event&) const = default;
    friend void PrintTo(const Event& event, std::ostream* out) {
      *out << event.userdata << " " << name_of(event.error) << " type " << event.type << " bytes "
           << event.bytes;
    }
  };
  [[nodiscard]] std::vector<Event> events() const {
    std::vector<Event> all;
    for (u32 i = 0; i < guest->get<u32>(kOut); ++i) {
      const u32 at = kEvents + i * 32;
      all.push_back({guest->get<u64>(at), static_cast<Errno>(guest->get<std::uint16_t>(at + 8)),
                     guest->get<std::uint8_t>(at + 10), guest->get<u64>(at + 16),
                     guest->get<std::uint16_t>(at + 24) == 1});
    }
    return all;
  }

  std::shared_ptr<FakeHost> host = std::make_shared<FakeHost>();
  std::optional<Guest> guest;
  u32 count = 0;
};

TEST_P(WasiPoll, TheNearestClockEndsTheWaiting) {
  clock(11, 1, 500);
  clock(12, 1, 300);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(events(), (std::vector<Event>{{12, Errno::success, 0, 0, false}}));
  EXPECT_EQ(host->waits, (std::vector<std::optional<u64>>{300}));
}

TEST_P(WasiPoll, AnAbsoluteTimeIsWaitedForFromNowOn) {
  clock(1, 0, 1'700, 1);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(host->waits.back(), 700U);
  count = 0;
  clock(2, 0, 5, 1);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(host->waits.back(), 0U);
  EXPECT_EQ(events(), (std::vector<Event>{{2, Errno::success, 0, 0, false}}));
}

TEST_P(WasiPoll, AStreamThatIsReadyEndsTheWaitingBeforeTheClock) {
  host->ready_fd = 70;
  clock(1, 1, 1'000);
  fd(2, false, 0);
  fd(3, true, 1);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(events(), (std::vector<Event>{{2, Errno::success, 1, 1, false}}));
  EXPECT_EQ(host->waits.back(), 1'000U);
}

TEST_P(WasiPoll, WithoutAClockItWaitsForEver) {
  host->ready_fd = 71;
  fd(3, true, 1);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(host->waits.back(), std::nullopt);
  EXPECT_EQ(events().size(), 1U);
}

TEST_P(WasiPoll, FilesAreAlwaysReadyAndTellWhatIsLeft) {
  guest->make_file("f", "0123456789");
  const u32 file = guest->open("f", 0, kEveryRight);
  EXPECT_EQ(guest->read(file, 3), "012");
  fd(1, false, file);
  fd(2, true, file);
  fd(3, false, 0);
  clock(4, 1, 1'000);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(events(),
            (std::vector<Event>{{1, Errno::success, 1, 7, false}, {2, Errno::success, 2, 0, false}}));
  EXPECT_EQ(host->waits.back(), 0U);
}

TEST_P(WasiPoll, WhatIsWrongWithOneIsToldAsItsEvent) {
  fd(1, false, 55);
  fd(2, false, 3);
  clock(3, 9, 5);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(events(), (std::vector<Event>{{1, Errno::badf, 1, 0, false},
                                          {2, Errno::notcapable, 1, 0, false},
                                          {3, Errno::inval, 0, 0, false}}));
}

TEST_P(WasiPoll, NothingAndNonsenseAreRefused) {
  EXPECT_EQ(poll(), Errno::inval);
  fd(1, false, 0);
  guest->set<std::uint8_t>(kIn + 8, 3);
  EXPECT_EQ(poll(), Errno::inval);
  count = 4097;
  EXPECT_EQ(poll(), Errno::inval);
  EXPECT_TRUE(host->waits.empty());
}

TEST_P(WasiPoll, AStreamWithoutADescriptorIsAlwaysReady) {
  fd(1, true, 2);
  ASSERT_EQ(poll(), Errno::success);
  EXPECT_EQ(events(), (std::vector<Event>{{1, Errno::success, 2, 1, false}}));
}

INSTANTIATE_TEST_SUITE_P(Abis, WasiPoll, ::testing::Values(Abi::preview1, Abi::unstable, Abi::wasix),
                         [](const auto& each) { return std::string(module_name(each.param).substr(5)); });

}  // namespace
}  // namespace wasifs::test
