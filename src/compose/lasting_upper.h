// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "compose/overlay_marks.h"
#include "wasifs/node.h"

namespace wasifs {

/// Changes the names of an upper whose deletions outlive the process: whiteouts are
/// nodes of it, and a step that takes several calls is prepared in the *work
/// directory* and becomes visible by one rename. Whoever dies in between leaves what
/// was there before, or what was to be there, and perhaps something in the work
/// directory, which the next start throws away.
///
/// Laid out as kernel overlayfs's work directory: "work" holds what is being
/// prepared, and the kernel empties it as we do. "wasifs-links" is ours: a further
/// name for every upper node that was copied up from a lower with several names,
/// called after that lower node; its other names find it there.
///
/// Arguments are nodes of the upper's layer, never of the overlay. Thread-safe; the
/// caller sees to it that no two change one name at once.
class LastingUpper {
 public:
  /// Makes the two directories in `work`, and empties the first. `work` is not below
  /// the upper's root but of the same Filesystem. enotsup: that leaves no whiteouts
  /// behind renames.
  [[nodiscard]] static Result<std::unique_ptr<LastingUpper>> open(NodeRef work, OverlayMarks marks);

  /// The name is free, or a whiteout, which goes; a directory in its place is opaque.
  [[nodiscard]] Result<NodeRef> create(Node& dir, std::string_view name, const NewNode& spec);
  [[nodiscard]] Status link(Node& dir, std::string_view name, Node& target);

  /// Takes a name away, which need not be there if a whiteout is to take its place.
  /// A directory may hold whiteouts, and nothing else.
  [[nodiscard]] Status remove(Node& dir, std::string_view name, bool whiteout);

  struct Move {
    Node& from;
    std::string_view name;
    Node& to;
    std::string_view new_name;
  };
  /// rename(2). What has the new name is no directory, or one without anything but
  /// whiteouts. `whiteout`: the old name gets one.
  [[nodiscard]] Status rename(const Move& move, bool whiteout);
  /// The two names change places; both are there.
  [[nodiscard]] static Status exchange(const Move& move);

  /// A new node that nobody sees yet. Unless placed it goes when this does.
  class Prepared {
   public:
    Prepared(LastingUpper& upper, std::string name, NodeRef node)
        : upper_(&upper), name_(std::move(name)), node_(std::move(node)) {}
    Prepared(Prepared&& other) noexcept
        : upper_(std::exchange(other.upper_, nullptr)),
          name_(std::move(other.name_)),
          node_(std::move(other.node_)) {}
    Prepared& operator=(Prepared&&) = delete;
    ~Prepared();

    [[nodiscard]] Node& node() const { return *node_; }
    /// Gives it its name, which must be free. eexist.
    [[nodiscard]] Result<NodeRef> place(Node& dir, std::string_view name);

   private:
    friend class LastingUpper;
    LastingUpper* upper_;
    std::string name_;
    NodeRef node_;
  };
  [[nodiscard]] Result<Prepared> prepare(const NewNode& spec);

  /// A regular file that nobody sees yet, to be linked. Its name in the work directory,
  /// where the layer knows no files without one, goes with this.
  struct PreparedFile {
    NodeRef node;
    std::optional<Prepared> named;
  };
  [[nodiscard]] Result<PreparedFile> prepare_file(Node& near, const NewNode& spec);

  /// Takes away the access control lists that a new node has from where it was made.
  [[nodiscard]] static Status drop_acls(Node& node);

  // Hard links of the lowers.
  [[nodiscard]] Result<NodeRef> find_linked(std::string_view key) const { return links_->lookup(key); }
  [[nodiscard]] Status enter_linked(const std::string& key, Node& node);
  [[nodiscard]] Status drop_linked(const std::string& key) { return links_->unlink(key); }

 private:
  LastingUpper(NodeRef scratch, NodeRef links, OverlayMarks marks, const Attr& owner)
      : scratch_(std::move(scratch)),
        links_(std::move(links)),
        marks_(std::move(marks)),
        uid_(owner.uid),
        gid_(owner.gid) {}

  [[nodiscard]] NewNode whiteout_spec() const;
  [[nodiscard]] Result<Prepared> prepare_whiteout() { return prepare(whiteout_spec()); }
  /// Puts what was prepared in the place of what has the name, and removes that.
  [[nodiscard]] Status replace(Prepared& prepared, Node& dir, std::string_view name);
  /// Of a directory: one that is empty, with the same attributes, takes its place.
  [[nodiscard]] Status empty_directory(Node& dir, std::string_view name, Node& directory);
  [[nodiscard]] std::string fresh_name() { return "w" + std::to_string(++names_); }

  NodeRef scratch_;
  NodeRef links_;
  OverlayMarks marks_;
  std::uint32_t uid_;  ///< whiteouts belong to the owner of the work directory
  std::uint32_t gid_;
  std::atomic<std::uint64_t> names_{0};
};

}  // namespace wasifs
