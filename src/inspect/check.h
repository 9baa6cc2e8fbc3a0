// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wasifs/root.h"

namespace wasifs {

enum class Severity : std::uint8_t {
  warning,  ///< works, and is likely not what was meant
  error,    ///< does not work
};

/// One thing that `wasifs check` found.
struct Finding {
  /// For programs; never changes once it is out. The codes are:
  /// package-corrupt: a checksum of a package or image differs.
  /// archive-corrupt: an archive or layer of an image is damaged or was cut off.
  /// archive-end: something follows the end of one, or it has no mark of its end.
  /// absolute-path: entries of one have paths that begin with '/'.
  /// name-encoding: entries of one have names that are no UTF-8.
  /// entry-repeated: several entries of one have the same path; the last counts.
  /// package-inside-mount: a package shows something inside a user's mount.
  /// mount-dropped, layer-dropped: a decision of the plan left it out, and not
  /// because the user had asked for just that.
  /// mount-hides-content: something lies where a mount appears.
  /// layer-repeated: a mount has one layer twice.
  /// layer-covered: nothing of a layer shows, layers above it or mounts hide it.
  /// command-collision: two provide one command.
  /// command-hides-file: a layer has a file where a command appears.
  /// command-hidden: a command does not appear, something lies above it.
  /// env-repeated: a variable has several values.
  /// guest-directory: the working directory or a preopen is missing or no directory.
  /// absolute-link: the host's kernel resolves a symlink elsewhere than wasifs.
  /// unreadable: a part of the tree that could not be looked at.
  /// plan-warning: a warning of the plan.
  std::string code;
  Severity severity = Severity::warning;
  Diagnostic what;        ///< message, place, hint, causes
  std::string path = {};  ///< in the tree; "" where it is about none
  /// Of how many paths it is true; the first kMaxExamples of them, in order.
  std::uint64_t count = 1;
  std::vector<std::string> examples = {};

  static constexpr std::size_t kMaxExamples = 10;
};

/// A package or image whose checksums are right.
struct VerifiedPackage {
  std::string path;
  std::uint64_t hashes = 0;
  std::uint64_t bytes = 0;
};

/// An archive or layer of an image all of which could be read.
struct VerifiedArchive {
  std::string path;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< of content
};

struct CheckReport {
  std::string source;
  std::vector<Finding> findings;               ///< in an order that depends on the composition only
  std::vector<VerifiedPackage> packages;       ///< by path
  std::vector<VerifiedArchive> archives = {};  ///< in the order of the plan

  /// A finding is package-corrupt or archive-corrupt.
  [[nodiscard]] bool corrupt() const;
};

/// Looks for what is suspicious in a composed root and reads every byte of its
/// packages, images and archives to compare the checksums. Opens each layer once more by itself;
/// `archive_cache` as in ComposeOptions. The cost is linear in the entries of the tree and of the layers.
[[nodiscard]] CheckReport check_root(const PreparedRoot& root, const std::string& archive_cache = {});

}  // namespace wasifs
