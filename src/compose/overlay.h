// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wasifs/node.h"

namespace wasifs {

struct OverlayOptions {
  /// A quirk of the reference implementation: creating a regular file at a name
  /// that the lowers alone have makes an empty one that hides theirs, unless that
  /// is a directory, instead of failing with eexist.
  bool create_new_over_lower = false;
};

/// Several layers shown as one: an optional writable upper over ordered lowers,
/// the first of which wins. Itself a Filesystem.
///
/// Directories of one name merge; anything else hides what lies below it.
/// Lowers are never written: the first change to one of their nodes copies it
/// up, atomically and once for all open handles and hard links. Deletions
/// (whiteouts) and replaced directories (opaque) are state, never names.
class Overlay final : public Filesystem {
 public:
  /// `upper` may be null: the overlay is then read-only. Roots must be
  /// directories. The layers must not be changed behind the overlay's back,
  /// except `shared` lowers (host directories): their changes show up.
  Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options = {});
  ~Overlay() override;

  [[nodiscard]] NodeRef root() override;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] Status room_for(std::uint64_t bytes, std::uint64_t inodes) override;
  [[nodiscard]] std::string describe() const override;

  [[nodiscard]] std::string path_of(Node& node) override;
  /// That of the layer which answers for `node`.
  [[nodiscard]] Origin origin(Node& node) override;
  [[nodiscard]] std::vector<LayerTrace> trace_node(Node& node) override;
  /// Follows the layers by name and the merged directories side by side, so what
  /// was renamed is told with the place it has in its layer, and what lies where
  /// it was moved to as well.
  [[nodiscard]] std::vector<LayerTrace> trace_path(std::string_view path) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wasifs
