// SPDX-License-Identifier: Apache-2.0
#include "capi/wasi_host.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "capi/boundary.h"

namespace wasifs::capi {

namespace {

class HookedHost final : public wasi::Host {
 public:
  explicit HookedHost(const wasifs_wasi_options& given)
      : clock_(given.clock), random_(given.random), wait_(given.wait), user_(given.user) {}

  Result<std::uint64_t> now(wasi::Clock clock) override {
    if (clock_ == nullptr) return Host::now(clock);
    std::uint64_t nanoseconds = 0;
    const Status status = status_of(clock_(user_, static_cast<std::uint32_t>(clock), &nanoseconds));
    if (!status) return fail(status.error());
    return nanoseconds;
  }

  Status random(std::span<std::byte> out) override {
    if (random_ == nullptr) return Host::random(out);
    if (out.empty()) return {};  // no callback has to expect NULL
    return status_of(random_(user_, out.data(), out.size()));
  }

  Status wait(std::span<Waited> fds, std::optional<std::uint64_t> timeout) override {
    if (wait_ == nullptr) return Host::wait(fds, timeout);
    std::vector<wasifs_wait_fd> told;
    told.reserve(fds.size());
    for (const Waited& waited : fds) {
      told.push_back({.fd = waited.fd, .write = waited.write ? 1 : 0, .ready = 0, .hang_up = 0});
    }
    const Status status = status_of(wait_(user_, told.data(), told.size(), timeout.value_or(UINT64_MAX)));
    for (std::size_t i = 0; status && i < fds.size(); ++i) {
      fds[i].ready = told[i].ready != 0;
      fds[i].hang_up = told[i].hang_up != 0;
    }
    return status;
  }

 private:
  decltype(wasifs_wasi_options::clock) clock_;
  decltype(wasifs_wasi_options::random) random_;
  decltype(wasifs_wasi_options::wait) wait_;
  void* user_;
};

/// The count that a callback gave, which a bug of it must not make larger than
/// what it was asked for.
Result<std::size_t> counted(int error, std::size_t done, std::size_t size) {
  const Status status = status_of(error);
  if (!status) return fail(status.error());
  if (done > size) return fail(Errc::eio);
  return done;
}

}  // namespace

std::shared_ptr<wasi::Host> host_of(const wasifs_wasi_options& given) {
  if (given.clock == nullptr && given.random == nullptr && given.wait == nullptr) return nullptr;
  return std::make_shared<HookedHost>(given);
}

wasi::StreamPtr callback_stream(const wasifs_stream& given) {
  std::function<Result<std::size_t>(std::span<std::byte>)> read;
  std::function<Result<std::size_t>(std::span<const std::byte>)> write;
  if (given.read != nullptr) {
    read = [call = given.read, user = given.user](std::span<std::byte> out) -> Result<std::size_t> {
      if (out.empty()) return 0;
      std::size_t done = 0;
      const int error = call(user, out.data(), out.size(), &done);
      return counted(error, done, out.size());
    };
  }
  if (given.write != nullptr) {
    write = [call = given.write, user = given.user](std::span<const std::byte> in) -> Result<std::size_t> {
      if (in.empty()) return 0;
      std::size_t done = 0;
      const int error = call(user, in.data(), in.size(), &done);
      return counted(error, done, in.size());
    };
  }
  return wasi::stream_of_callbacks(std::move(read), std::move(write));
}

}  // namespace wasifs::capi
