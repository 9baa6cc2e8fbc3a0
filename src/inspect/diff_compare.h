// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "inspect/diff.h"

namespace wasifs {

/// What one tree has at a path.
struct DiffObject {
  const Tree* tree;
  VNode node;
  Attr attr;
};

/// Larger files are compared, but no digest is taken of them.
inline constexpr std::uint64_t kMostDigested = std::uint64_t{1} << 32U;

/// How two objects differ, except in the names that are one file, and whether their bytes
/// do. The error is that of reading one of them; `second`: of `b`.
struct Comparison {
  std::vector<DiffAspect> aspects = {};
  bool content = false;
};
struct CompareError {
  Errc error;
  bool second = false;
};
[[nodiscard]] std::expected<Comparison, CompareError> compare(const DiffObject& a, const DiffObject& b,
                                                              const DiffOptions& options);

using Xattrs = std::map<std::string, std::string>;
/// Empty where the layer knows none.
[[nodiscard]] Result<Xattrs> xattrs_of(const DiffObject& object);

}  // namespace wasifs
