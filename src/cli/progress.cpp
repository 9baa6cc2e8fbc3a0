// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <ostream>

#include "inspect/text.h"

namespace wasifs::cli {

namespace {

constexpr std::chrono::milliseconds kMoment{500};
constexpr std::chrono::milliseconds kBetween{100};
/// To the start of the line, and what was there is gone.
constexpr std::string_view kClear = "\r\x1b[K";
/// What "reading  100%" takes, and the last column, which would break the line.
constexpr std::size_t kAround = 15;

}  // namespace

ProgressLine::ProgressLine(Io& io, Clock clock)
    : io_(io), clock_(std::move(clock)), next_(clock_() + kMoment) {}

ProgressLine::~ProgressLine() {
  if (shown_) io_.err << kClear << std::flush;
}

void ProgressLine::show(std::string_view what, std::uint64_t done, std::uint64_t total) {
  const Time now = clock_();
  if (now < next_ || total == 0) return;
  next_ = now + kBetween;
  shown_ = true;
  // Divided first where the product would not fit.
  const std::uint64_t percent =
      total > UINT64_MAX / 100 ? done / (total / 100) : std::min(done, total) * 100 / total;
  const std::size_t room = std::max<std::size_t>(io_.columns, 2 * kAround) - kAround;
  io_.err << kClear << "reading " << cut(display_name(what), room, io_.utf8) << " " << percent << "%"
          << std::flush;
}

}  // namespace wasifs::cli
