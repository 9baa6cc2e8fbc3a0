// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "wasifs/node.h"

namespace wasifs::webc {

/// Takes bytes that belong at a place of the output.
using PutBytes = FunctionRef<Outcome<void>(std::uint64_t at, std::span<const std::byte> bytes)>;

/// A directory as a volume of version 3: what lies where in it. Made in three steps,
/// so that content is read once and never held: list() finds out how large everything
/// is, copy_content() hashes files on their way to their places, and header() can be
/// asked for then. Hard links become files of their own. Deep trees cost no stack, and a
/// reference to a node for each level.
class VolumeLayout {
 public:
  /// `title` is what messages call it: `volume "/site"`. Times behind `newest` (seconds)
  /// become that.
  VolumeLayout(std::string title, NodeRef root, std::optional<std::uint64_t> newest);

  /// Trouble::source names the path: what cannot be read, and what a package cannot hold
  /// (special files, names that are no UTF-8).
  [[nodiscard]] Outcome<void> list();
  [[nodiscard]] std::uint64_t header_size() const { return header_size_; }
  [[nodiscard]] std::uint64_t data_size() const { return data_size_; }
  /// Puts the content of all files, the first at `start`. source: a file is not any more
  /// what list() has seen.
  [[nodiscard]] Outcome<void> copy_content(std::uint64_t start, PutBytes put);
  /// The header, with all hashes. Once.
  [[nodiscard]] std::string header();
  /// Of the content of an item, counted in pre-order from the root, 0.
  [[nodiscard]] const Digest& hash_of(std::size_t item) const { return items_[item].hash; }

 private:
  struct Item {
    std::string name;
    FileType type = FileType::directory;
    std::uint32_t parent = 0;
    std::uint32_t children = 0;  ///< of a directory
    std::uint64_t modified = 0;
    std::uint64_t size = 0;       ///< of a file
    std::uint64_t record_at = 0;  ///< in the header
    std::uint64_t record_size = 0;
    std::uint64_t data_at = 0;  ///< of a file
    std::string target = {};    ///< of a symlink
    Digest hash = {};
  };
  struct Open;

  [[nodiscard]] Outcome<void> add(std::string name, std::uint32_t parent, Node& node);
  [[nodiscard]] Outcome<void> open(std::uint32_t item, NodeRef node, std::vector<Open>& stack);
  void lay_out();
  [[nodiscard]] Outcome<void> copy_file(Item& item, Node& node, std::uint64_t at, PutBytes put);
  [[nodiscard]] std::string path_of(std::uint32_t item) const;
  [[nodiscard]] std::unexpected<Diagnostic> trouble(std::uint32_t item, const std::string& what) const;
  [[nodiscard]] std::unexpected<Diagnostic> unreadable(std::uint32_t item, Errc error) const;
  void hash_directories();
  void write_record(const Item& item, std::string& out) const;

  const std::string title_;
  const NodeRef root_;
  const std::optional<std::uint64_t> newest_;
  std::vector<Item> items_;  ///< pre-order: a directory, then all that is in it, by name
  /// Children of directories, in pre-order of the directories: where those of each begin.
  std::vector<std::uint32_t> child_of_;
  std::vector<std::uint32_t> first_child_;
  std::uint64_t header_size_ = 0;
  std::uint64_t data_size_ = 0;
};

}  // namespace wasifs::webc
