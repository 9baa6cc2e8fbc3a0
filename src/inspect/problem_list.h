// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/text.h"
#include "wasifs/error.h"

namespace wasifs {

/// What could not be read on the way through a tree. More than a hundred unreadable
/// places have one cause, not many: the rest is counted.
class ProblemList {
 public:
  /// `source`: which of several trees; "": there is one.
  void add(std::string_view path, Errc error, std::string_view source = {}) {
    if (++count_ > kMost) return;
    Diagnostic& problem = problems_.emplace_back(path_error("read", path, error));
    problem.where.file = source;
  }
  [[nodiscard]] std::vector<Diagnostic> take() {
    if (count_ > kMost) {
      problems_.push_back({.trouble = Trouble::source,
                           .message = std::to_string(count_ - kMost) + " more could not be read"});
    }
    return std::move(problems_);
  }

 private:
  static constexpr std::size_t kMost = 100;

  std::size_t count_ = 0;
  std::vector<Diagnostic> problems_;
};

}  // namespace wasifs
