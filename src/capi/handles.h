// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/node.h"
#include "wasifs/root.h"
#include "wasifs/wasifs.h"

// The objects behind the opaque pointers of wasifs.h that several files use. Each
// holds what it was made from, declared first and so dropped last.

struct wasifs_error {
  explicit wasifs_error(const wasifs::Diagnostic& diagnostic);

  wasifs::Diagnostic diagnostic;
  std::string text;
  std::vector<std::unique_ptr<wasifs_error>> causes;
};

struct wasifs_fs {
  wasifs::FilesystemPtr fs;
};

namespace wasifs::capi {

/// What all handles of one root share.
struct RootState {
  explicit RootState(PreparedRoot prepared);

  PreparedRoot root;
  std::vector<std::string> env;  ///< NAME=VALUE
};

}  // namespace wasifs::capi

struct wasifs_root {
  std::shared_ptr<const wasifs::capi::RootState> state;

  [[nodiscard]] const wasifs::Tree& tree() const { return *state->root.tree; }
  [[nodiscard]] const wasifs::RunSpec& run() const { return state->root.plan.run; }
};

struct wasifs_file {
  std::shared_ptr<const wasifs::Tree> tree;
  wasifs::VNode node;
  wasifs::FilePtr file;
};

struct wasifs_dir {
  std::shared_ptr<const wasifs::Tree> tree;
  wasifs::DirPtr dir;
};
