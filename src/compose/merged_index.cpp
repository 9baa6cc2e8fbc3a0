// SPDX-License-Identifier: Apache-2.0
#include "compose/merged_index.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "compose/overlay_marks.h"

namespace wasifs {

/// All names of all parts, as they were listed.
struct MergedIndex::Listed {
  std::vector<Entry> entries;
  std::string names;

  Status add(std::uint16_t part, const LayerNode& source, const OverlayLayers& layers) {
    Result<DirPtr> dir = source.node->open_dir();
    if (!dir) return fail(dir.error());
    const bool marked = layers.marked[source.layer];
    Status kept;
    const Status read = (*dir)->read(0, [&](const DirEntry& entry) {
      kept = keep(part, entry, layers.inos.map(source.layer, entry.ino));
      if (kept && marked && entry.type == FileType::char_device) kept = look_for_whiteout(*source.node);
      return kept.has_value();
    });
    return read ? kept : read;
  }

 private:
  Status keep(std::uint16_t part, const DirEntry& entry, std::uint64_t ino) {
    if (entry.name.size() > std::numeric_limits<std::uint8_t>::max()) return fail(Errc::enametoolong);
    if (entry.name.size() > std::numeric_limits<std::uint32_t>::max() - names.size())
      return fail(Errc::e2big);
    entries.push_back({.ino = ino,
                       .name_at = static_cast<std::uint32_t>(names.size()),
                       .next = kNone,
                       .part = part,
                       .name_size = static_cast<std::uint8_t>(entry.name.size()),
                       .type = entry.type,
                       .gone = false});
    names += entry.name;
    return {};
  }

  /// The last entry may be one.
  Status look_for_whiteout(Node& directory) {
    Entry& last = entries.back();
    const Result<NodeRef> node = directory.lookup(std::string_view(names).substr(last.name_at));
    const Result<bool> whiteout = node ? OverlayMarks::is_whiteout(**node) : fail(node.error());
    if (!whiteout) return fail(whiteout.error());
    last.gone = *whiteout;
    return {};
  }
};

Result<std::unique_ptr<const MergedIndex>> MergedIndex::make(const OverlayLayers& layers,
                                                             std::span<const LayerNode> parts) {
  if (parts.size() > std::numeric_limits<std::uint16_t>::max()) return fail(Errc::e2big);
  Listed listed;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const Status added = listed.add(static_cast<std::uint16_t>(part), parts[part], layers);
    if (!added) return fail(added.error());
  }
  std::unique_ptr<MergedIndex> made(new MergedIndex(listed.entries.size(), layers.hash));
  made->merge(listed, layers.hash);
  return made;
}

void MergedIndex::merge(const Listed& listed, const NameHash& hash) {
  std::vector<bool> ended;  // by entry: what is no directory lies below it, and ends the merge
  for (const Entry& each : listed.entries) {
    const std::string_view name = std::string_view(listed.names).substr(each.name_at, each.name_size);
    const bool directory = each.type == FileType::directory;
    if (const Entry* const known = find_any(name, hash(0, name)); known != nullptr) {
      const auto number = static_cast<std::size_t>(known - entries_.data());
      if (known->type != FileType::directory || ended[number]) continue;
      if (directory) {
        add_directory(entries_[number], each.part);
      } else {
        ended[number] = true;
      }
      continue;
    }
    index_.insert(0, name, static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back(each);
    entries_.back().name_at = static_cast<std::uint32_t>(names_.size());
    names_ += name;
    ended.push_back(false);
    subdirectories_ += directory ? 1 : 0;
  }
  names_.shrink_to_fit();
  entries_.shrink_to_fit();
  further_.shrink_to_fit();
}

void MergedIndex::add_directory(Entry& entry, std::uint16_t part) {
  std::uint32_t* last = &entry.next;
  std::uint16_t before = entry.part;
  while (*last != kNone) {
    before = further_[*last].part;
    last = &further_[*last].next;
  }
  if (before == part) return;  // a layer that lists a name twice
  *last = static_cast<std::uint32_t>(further_.size());
  further_.push_back({.next = kNone, .part = part});
}

const MergedIndex::Entry* MergedIndex::find(std::string_view wanted, std::uint64_t hash) const {
  const Entry* const found = find_any(wanted, hash);
  return found != nullptr && !found->gone ? found : nullptr;
}

const MergedIndex::Entry* MergedIndex::find_any(std::string_view wanted, std::uint64_t hash) const {
  const std::uint32_t found =
      index_.find(hash, [&](std::uint32_t entry) { return name(entries_[entry]) == wanted; });
  return found == kNone ? nullptr : &entries_[found];
}

Result<LayerNode> MergedIndex::top(const Entry& entry, std::span<const LayerNode> parts) const {
  const LayerNode& part = parts[entry.part];
  Result<NodeRef> node = part.node->lookup(name(entry));
  if (!node) return fail(node.error());
  return LayerNode{part.layer, *std::move(node)};
}

Status MergedIndex::each_further(const Entry& entry, std::span<const LayerNode> parts,
                                 FunctionRef<void(LayerNode)> visit) const {
  for (std::uint32_t at = entry.next; at != kNone; at = further_[at].next) {
    const LayerNode& part = parts[further_[at].part];
    Result<NodeRef> node = part.node->lookup(name(entry));
    if (!node) return fail(node.error());
    if (!(*node)->is_directory()) break;
    visit({part.layer, *std::move(node)});
  }
  return {};
}

namespace {

/// A cookie counts the entries before it.
class MergedOpenDir final : public Dir {
 public:
  explicit MergedOpenDir(const MergedIndex& index) : index_(index) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    const auto entries = index_.entries();
    for (std::uint64_t at = cookie; at < entries.size(); ++at) {
      const MergedIndex::Entry& entry = entries[static_cast<std::size_t>(at)];
      if (entry.gone) continue;
      if (!sink({.name = index_.name(entry), .ino = entry.ino, .type = entry.type, .next = at + 1})) break;
    }
    return {};
  }

 private:
  const MergedIndex& index_;
};

class LayerDir final : public Dir {
 public:
  LayerDir(DirPtr inner, const InoMap& inos, std::uint32_t layer)
      : inner_(std::move(inner)), inos_(inos), layer_(layer) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    return inner_->read(cookie, [&](const DirEntry& entry) {
      DirEntry shown = entry;
      shown.ino = inos_.map(layer_, entry.ino);
      return sink(shown);
    });
  }

 private:
  const DirPtr inner_;
  const InoMap& inos_;
  const std::uint32_t layer_;
};

}  // namespace

const MergedIndex* MergedIndexes::find(std::span<const LayerNode> parts) const {
  const auto [from, to] = made_.equal_range(parts.front().node.get());
  for (auto made = from; made != to; ++made) {
    if (std::ranges::equal(made->second.parts, parts)) return made->second.index.get();
  }
  return nullptr;
}

Result<const MergedIndex*> MergedIndexes::get(const OverlayLayers& layers, std::span<const LayerNode> parts) {
  {
    const std::shared_lock held(lock_);
    if (const MergedIndex* const known = find(parts)) return known;
  }
  // Without the lock, because that may take long; two that make it at once make the same.
  Result<std::unique_ptr<const MergedIndex>> made = MergedIndex::make(layers, parts);
  if (!made) return fail(made.error());
  const std::scoped_lock held(lock_);
  if (const MergedIndex* const known = find(parts)) return known;
  Made entry{.parts = {parts.begin(), parts.end()}, .index = *std::move(made)};
  return made_.emplace(parts.front().node.get(), std::move(entry))->second.index.get();
}

DirPtr MergedIndex::open_dir() const { return std::make_unique<MergedOpenDir>(*this); }

Result<DirPtr> open_layer_dir(const LayerNode& directory, const InoMap& inos) {
  Result<DirPtr> dir = directory.node->open_dir();
  if (!dir) return dir;
  return std::make_unique<LayerDir>(*std::move(dir), inos, directory.layer);
}

}  // namespace wasifs
