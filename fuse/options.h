// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuse/agreement.h"
#include "wasifs/error.h"

namespace wasifs::fuse {

/// What `-o` says about a mount.
struct Options {
  /// MS_* of mount(2). Nosuid and nodev hold unless the options say otherwise.
  unsigned long flags = 0;
  std::optional<bool> allow_other;  ///< absent: yes for root, no for others
  bool auto_unmount = false;        ///< fusermount3 unmounts when the daemon dies
  bool remount = false;
  ViewOptions view;
  unsigned threads = 0;  ///< at most so many requests at once; 0: by the number of processors
  std::optional<unsigned> max_read;
  std::string fsname;  ///< "" : the SOURCE as given
  std::string subtype = "wasifs";
};

/// The options before any is parsed. Root may have device nodes by default,
/// nobody set-id programs.
[[nodiscard]] Options default_options(bool root);

/// Splits "a,b=c\,d" at its commas; a backslash takes the next character as it is.
[[nodiscard]] std::vector<std::string> split_options(std::string_view list);

/// Applies each list in order, later options over earlier ones. What mount(8)
/// keeps for itself (auto, nofail, _netdev, x-…, comment=…) is passed over, and
/// with `sloppy` what nobody knows as well. The error is a Trouble::usage that
/// names the option.
[[nodiscard]] Outcome<Options> parse_options(std::span<const std::string> lists, Options start, bool sloppy);

}  // namespace wasifs::fuse
