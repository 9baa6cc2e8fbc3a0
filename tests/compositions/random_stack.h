// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "naive_model.h"
#include "random_source.h"
#include "wasifs/tree.h"

namespace wasifs::test {

/// A random composition of layers in memory, without a manifest: a root and up to
/// three mounts, each a stack of up to six layers.
struct RandomStack {
  enum class Form : std::uint8_t { memory, immutable, package };
  enum class Access : std::uint8_t { cow, ro, rw };
  struct Layer {
    Form form = Form::memory;
    NaiveTree tree;
  };
  struct Mount {
    std::string guest;  ///< "" for the root
    Access access = Access::cow;
    std::vector<Layer> layers;  ///< one for rw
    std::string subpath = {};   ///< what of it is shown
  };
  std::vector<Mount> mounts;  ///< outer before inner

  [[nodiscard]] static RandomStack draw(RandomSource& random);
  [[nodiscard]] std::string describe() const;
};

/// The same composition as a Tree and as the model; what the two disagreed about
/// while mounting, or "".
struct BuiltStack {
  std::shared_ptr<const Tree> tree;
  NaiveWorld world;
  std::string problem;
};
[[nodiscard]] BuiltStack build(const RandomStack& stack);

}  // namespace wasifs::test
