// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "backend.h"
#include "fixture.h"
#include "vfs.h"

namespace wasifs {

/// "ENOENT" in a failed expectation instead of a number.
void PrintTo(Errc error, std::ostream* out);

}  // namespace wasifs

namespace wasifs::test {

/// What error() says of a success.
constexpr Errc kOk{};

template <class T>
[[nodiscard]] Errc error(const Result<T>& result) {
  return result ? kOk : result.error();
}

[[noreturn]] void throw_unexpected(Errc error, const std::source_location& where);

/// The value; an error fails the test at the caller's line.
template <class T>
T ok(Result<T> result, const std::source_location& where = std::source_location::current()) {
  if (!result) throw_unexpected(result.error(), where);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The names of a listing, separated by spaces.
[[nodiscard]] std::string names(const std::vector<Listed>& entries);

/// Returns when a stamp of any file system is later than those before: the kernel's
/// have the time of its last tick, which may be late on a busy machine.
void let_the_clock_tick();

/// How many operations a test of random ones does: `usual`, or what
/// $WASIFS_TEST_OPERATIONS says, which is for long runs.
[[nodiscard]] int random_operations(int usual);

/// A case of the suite. When it ends, the lower layers must be as they were and
/// the tree must not contradict itself.
class Conformance : public testing::TestWithParam<Backend> {
 protected:
  /// Sets the stage with `fixture`; a stage that was set before is checked and
  /// taken down.
  Vfs& given(const Fixture& fixture = {});
  /// Skips, loudly, what the machine cannot run.
  void SetUp() override;
  void TearDown() override;
  /// Expects the link count of a directory with so many subdirectories.
  void expect_subdirectories(std::string_view path, std::uint32_t count);
  /// What the memory that the stage's changes go to counts; null where they go to
  /// the host.
  [[nodiscard]] const Quota* quota() const { return stage_->quota.get(); }

 private:
  void check_and_clear();

  std::optional<Stage> stage_;
  std::vector<std::string> lowers_before_;
};

/// Skips a case that needs an owner or a device that the host grants to root only.
#define WASIFS_NEED_PRIVILEGES()                                                        \
  if ((GetParam().kernel || GetParam().host) && ::geteuid() != 0) {                     \
    GTEST_SKIP() << "PRIVILEGES MISSING: the host lets only root do this; run as root"; \
  }                                                                                     \
  static_assert(true)

/// Runs the cases of a subject (a class derived from Conformance) on every backend.
#define WASIFS_ON_EVERY_BACKEND(subject)                                                   \
  INSTANTIATE_TEST_SUITE_P(On, subject, testing::ValuesIn(::wasifs::test::all_backends()), \
                           [](const auto& tested) { return tested.param.name; })

}  // namespace wasifs::test
