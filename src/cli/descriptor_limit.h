// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace wasifs::cli {

/// Lets this process open as many files as it may. Host layers keep a descriptor for each
/// node that is in use: a mount has many users, and what lies deep in an overlay holds all
/// that is above it.
void raise_descriptor_limit();

}  // namespace wasifs::cli
