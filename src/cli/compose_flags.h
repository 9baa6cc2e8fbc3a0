// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/root.h"

namespace CLI {
class App;
}

namespace wasifs::cli {

/// Adds to a composing verb the flags that go on top of SOURCE, in one group of
/// its help; their values go to `options`, which must outlive the parse. The
/// flags about journals are known by name and refused.
void add_compose_flags(CLI::App& app, ComposeOptions& options);

}  // namespace wasifs::cli
