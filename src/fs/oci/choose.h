// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fs/oci/documents.h"

namespace wasifs::oci {

/// One of the images that a layout or tar holds.
struct Candidate {
  std::vector<std::string> names;  ///< as they are written, e.g. "docker.io/library/app:1"
  Platform platform;
  std::string digest;  ///< of its manifest; "" where it has none
};

/// Which of `candidates` is meant; see Image::open(). `label` and `path` are for
/// messages. Trouble::source: none, or several; the error lists what there is and
/// how to name it. Pure.
[[nodiscard]] Outcome<std::size_t> choose_image(const std::vector<Candidate>& candidates,
                                                const std::string& tag, const std::string& label,
                                                const std::string& path);

}  // namespace wasifs::oci
