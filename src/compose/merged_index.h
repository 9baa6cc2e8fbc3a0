// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/name_index.h"
#include "base/small_shared_mutex.h"
#include "compose/layer_node.h"

namespace wasifs {

/// What several immutable directories show when they are merged: each name once, and
/// which of them have it. Made by reading each of them once; afterwards a look-up asks
/// only those that make up what it finds, and none for a name that is not there.
///
/// Takes about 50 bytes a name. Immutable and thread-safe.
class MergedIndex {
 public:
  struct Entry {
    std::uint64_t ino;      ///< of the overlay
    std::uint32_t name_at;  ///< in the names
    std::uint32_t next;     ///< of a directory: the next part that merges, in further_; kNone: no more
    std::uint16_t part;     ///< the first that has the name, which decides what it is
    std::uint8_t name_size;
    FileType type;
    bool gone;  ///< a whiteout: the name is not there, in the parts below neither
  };

  /// `parts`: the directories, topmost first. Whiteouts of layers that have them count;
  /// what marks say of directories in it does not, so of a directory of such layers
  /// an entry says what it is but not what merges with it. What the parts answer where
  /// they cannot be read; e2big and enametoolong where they are no directories that an
  /// index could hold.
  [[nodiscard]] static Result<std::unique_ptr<const MergedIndex>> make(const OverlayLayers& layers,
                                                                       std::span<const LayerNode> parts);

  /// In the order of the parts, and in each in the order in which it lists them; with
  /// those that are gone.
  [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
  [[nodiscard]] std::string_view name(const Entry& entry) const {
    return std::string_view(names_).substr(entry.name_at, entry.name_size);
  }
  /// How many of the entries are directories.
  [[nodiscard]] std::uint32_t subdirectories() const { return subdirectories_; }

  /// Null where there is no such name. `hash` is that of the layers.
  [[nodiscard]] const Entry* find(std::string_view name, std::uint64_t hash) const;
  /// The node of the part that decides. `parts` are what the index was made of.
  [[nodiscard]] Result<LayerNode> top(const Entry& entry, std::span<const LayerNode> parts) const;
  /// The other directories that merge with it; where it is none, there are none.
  [[nodiscard]] Status each_further(const Entry& entry, std::span<const LayerNode> parts,
                                    FunctionRef<void(LayerNode)> visit) const;
  /// An open directory of all entries, to be dropped before the index.
  [[nodiscard]] DirPtr open_dir() const;

 private:
  /// A further directory of the same name.
  struct Further {
    std::uint32_t next;
    std::uint16_t part;
  };
  struct Listed;
  static constexpr std::uint32_t kNone = NameIndex::kNone;

  MergedIndex(std::size_t names, const NameHash& hash) : index_(names, hash) {}
  [[nodiscard]] const Entry* find_any(std::string_view name, std::uint64_t hash) const;
  void merge(const Listed& listed, const NameHash& hash);
  void add_directory(Entry& entry, std::uint16_t part);

  std::string names_;
  std::vector<Entry> entries_;
  std::vector<Further> further_;
  std::uint32_t subdirectories_ = 0;
  NameIndex index_;
};

/// The merges that were made in an overlay, by what they are made of: they outlive the
/// nodes that need them, and hold nothing but nodes that never change. Thread-safe.
class MergedIndexes {
 public:
  /// That of `parts`, made where there is none yet; lives as long as this. Errors as of
  /// MergedIndex::make().
  [[nodiscard]] Result<const MergedIndex*> get(const OverlayLayers& layers, std::span<const LayerNode> parts);

 private:
  struct Made {
    std::vector<LayerNode> parts;
    std::unique_ptr<const MergedIndex> index;
  };
  /// With the lock held; null where there is none.
  [[nodiscard]] const MergedIndex* find(std::span<const LayerNode> parts) const;

  SmallSharedMutex lock_;
  std::unordered_multimap<const Node*, Made> made_;  ///< by the first part
};

/// The directory of one layer with the numbers of the overlay.
[[nodiscard]] Result<DirPtr> open_layer_dir(const LayerNode& directory, const InoMap& inos);

}  // namespace wasifs
