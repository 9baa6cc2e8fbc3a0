// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {

/// A layer that from now on nobody changes.
class FixedLayer final : public FilesystemWrapper {
 public:
  using FilesystemWrapper::FilesystemWrapper;
  [[nodiscard]] Traits traits() const override { return {.immutable = true}; }
};

}  // namespace wasifs::test
