// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace wasifs::archive {

/// What lies at the end of an archive, once there are no more entries.
struct Ending {
  /// A tar has no mark of its end: it may have been cut off between two entries.
  bool unmarked = false;
  /// Something other than zeros follows the mark of a tar, and may be more entries.
  bool tar_continues = false;
  /// So many bytes of the file follow what is compressed.
  std::uint64_t trailing = 0;
};

}  // namespace wasifs::archive
