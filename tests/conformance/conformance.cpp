// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "support/fuse_mount.h"

namespace wasifs {

void PrintTo(Errc error, std::ostream* out) {
  const char* const name = ::strerrorname_np(static_cast<int>(error));
  *out << (error == test::kOk ? "success" : name != nullptr ? name : "unknown errno");
}

}  // namespace wasifs

namespace wasifs::test {

void throw_unexpected(Errc error, const std::source_location& where) {
  throw std::runtime_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                           ": expected success, got: " + message(error));
}

std::string names(const std::vector<Listed>& entries) {
  std::string all;
  for (const Listed& entry : entries) all += (all.empty() ? "" : " ") + entry.name;
  return all;
}

void let_the_clock_tick() {
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  const Time before{.sec = exact.tv_sec, .nsec = static_cast<std::int32_t>(exact.tv_nsec)};
  do std::this_thread::sleep_for(std::chrono::milliseconds(1));
  while (now() <= before);
}

int random_operations(int usual) {
  const char* const wanted = std::getenv("WASIFS_TEST_OPERATIONS");
  return wanted != nullptr ? std::stoi(wanted) : usual;
}

void Conformance::SetUp() {
  if (GetParam().fuse) WASIFS_NEED_FUSE();
}

Vfs& Conformance::given(const Fixture& fixture) {
  check_and_clear();
  stage_.emplace(GetParam().make(fixture));
  for (const auto& lower : stage_->lowers) lowers_before_.push_back(dump(*lower, "/", true));
  return *stage_->fs;
}

void Conformance::expect_subdirectories(std::string_view path, std::uint32_t count) {
  const std::uint32_t nlink = ok(stage_->fs->stat(path)).nlink;
  if (nlink == 1 && !GetParam().counts_subdirectories) return;
  EXPECT_EQ(nlink, count + 2) << path;
}

void Conformance::TearDown() {
  if (!IsSkipped()) check_and_clear();
}

void Conformance::check_and_clear() {
  if (!stage_) return;
  EXPECT_EQ(audit(*stage_->fs, "/", GetParam().counts_subdirectories), "");
  for (std::size_t i = 0; i < lowers_before_.size(); ++i) {
    EXPECT_EQ(dump(*stage_->lowers[i], "/", true), lowers_before_[i])
        << "lower layer " << i << " has changed";
  }
  lowers_before_.clear();
  stage_.reset();
}

}  // namespace wasifs::test
