// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cli/cli.h"

namespace wasifs::cli {

/// One line on a terminal that says how far something has come, and is gone when that
/// is over. It appears when it takes longer than a moment, and changes a few times a
/// second. `io` must outlive it. Not thread-safe.
class ProgressLine {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Clock = std::function<Time()>;

  explicit ProgressLine(Io& io, Clock clock = std::chrono::steady_clock::now);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// `done` of `total` bytes of the file `what`.
  void show(std::string_view what, std::uint64_t done, std::uint64_t total);

 private:
  Io& io_;
  Clock clock_;
  Time next_;  ///< not before then
  bool shown_ = false;
};

}  // namespace wasifs::cli
