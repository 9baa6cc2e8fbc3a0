// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compose/overlay_marks.h"
#include "wasifs/node.h"

namespace wasifs {

class LastingUpper;

struct OverlayOptions {
  /// A quirk of the reference implementation: creating a regular file at a name
  /// that the lowers alone have makes an empty one that hides theirs, unless that
  /// is a directory, instead of failing with eexist.
  bool create_new_over_lower = false;
  /// Whose attributes are the marks of layers that have them (Traits::overlay_marks).
  MarkSpace marks = MarkSpace::trusted;
};

/// Several layers shown as one: an optional writable upper over ordered lowers,
/// the first of which wins. Itself a Filesystem.
///
/// Directories of one name merge; anything else hides what lies below it.
/// Lowers are never written: the first change to one of their nodes copies it
/// up, atomically and once for all open handles and hard links. Deletions
/// (whiteouts) and replaced directories (opaque) are state, never names; an upper
/// that outlives the overlay holds them in kernel overlayfs's format.
class Overlay final : public Filesystem {
 public:
  /// `upper` may be null: the overlay is then read-only. Roots must be
  /// directories. The layers must not be changed behind the overlay's back,
  /// except `shared` lowers (host directories): their changes show up.
  Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options = {});
  /// With an upper that outlives the overlay, and perhaps another one before it:
  /// `lasting` remembers what else there is to it.
  Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options,
          std::unique_ptr<LastingUpper> lasting);
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
  /// What the upper has changed; a directory that was moved is new where it is now.
  [[nodiscard]] Result<UpperChanges> changes(Node& directory) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wasifs
