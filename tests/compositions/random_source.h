// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "naive_model.h"

namespace wasifs::test {

/// What the random tests draw from: the same seed gives the same draws everywhere.
/// Names are few, so that layers, mounts and changes often meet.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }
  [[nodiscard]] bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& from) {
    return from.at(below(from.size()));
  }

  [[nodiscard]] std::string name();
  /// One to `deepest` names, e.g. "/a/b".
  [[nodiscard]] std::string path(std::size_t deepest);
  /// A text that no other draw gives.
  [[nodiscard]] std::string text();
  [[nodiscard]] std::string link_target();
  /// Up to `entries` entries of clashing types, and the directories above them.
  [[nodiscard]] NaiveTree tree(std::size_t entries);
  /// A change that makes sense to try: what is removed or moved exists, and so does
  /// the directory of what is made.
  [[nodiscard]] NaiveChange change(const NaiveWorld& world);

  /// Every name that name() can give.
  [[nodiscard]] static const std::vector<std::string>& names();

 private:
  [[nodiscard]] std::string new_path(const NaiveTree& visible);

  std::mt19937_64 random_;
  std::uint64_t texts_ = 0;
};

}  // namespace wasifs::test
