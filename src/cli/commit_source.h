// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/cli.h"
#include "inspect/change_source.h"
#include "wasifs/root.h"

namespace wasifs::cli {

/// What the command line of `commit` says.
struct CommitRequest {
  std::string source;
  std::string output;
  ComposeOptions compose;

  /// A package of all that shows, rather than a layer of what was changed.
  [[nodiscard]] bool merged() const { return output.ends_with(".webc"); }
};

/// A tree that was changed, opened to be read.
class CommitSource {
 public:
  /// SOURCE is where wasifs is mounted, an upper of the host (any directory that is no
  /// package and no image, without `upper`), or a composition. The upper of that is locked
  /// while this is held. Trouble::usage: the output would be a part of itself.
  [[nodiscard]] static Outcome<CommitSource> open(const CommitRequest& request, Io& io);

  [[nodiscard]] const Tree& tree() const { return *tree_; }
  [[nodiscard]] ChangeSource& changes() const { return *changes_; }
  /// What the composition says of its packages, see plan::composed_package(). Trouble::source:
  /// an upper knows of none, nor of what lies below it.
  [[nodiscard]] Outcome<std::string> described() const;

 private:
  [[nodiscard]] static Outcome<CommitSource> open_mount(const CommitRequest& request);
  [[nodiscard]] static Outcome<CommitSource> open_upper(const CommitRequest& request);
  [[nodiscard]] static Outcome<CommitSource> open_composition(const CommitRequest& request, Io& io);

  enum class Kind : std::uint8_t { mount, upper, composition };

  CommitSource(const CommitRequest& request, Kind kind) : name_(request.source), kind_(kind) {}

  std::string name_;
  Kind kind_;
  std::shared_ptr<const Tree> tree_;
  std::unique_ptr<ChangeSource> changes_;
};

}  // namespace wasifs::cli
