// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/raw_tree.h"

#include <new>

namespace wasifs::archive {

RawTree::RawTree(Time stamp) : inodes(kMost), dentries(kMost), extents(kMost), stamp_(stamp), slots_(64) {
  inodes.push_back({.implied = true, .mtime = stamp});
}

std::uint32_t RawTree::enter(std::uint32_t parent, std::string_view name) {
  const auto found = find(parent, name);
  if (found && inodes[*found].type == FileType::directory) return *found;
  const std::uint32_t made = add({.implied = true, .mtime = stamp_});
  this->name(parent, name, made);
  return made;
}

std::optional<std::uint32_t> RawTree::find(std::uint32_t parent, std::string_view name) const {
  const std::uint32_t found = slots_[slot_of(parent, name)];
  if (found == 0) return std::nullopt;
  return dentries[found - 1].inode;
}

void RawTree::name(std::uint32_t parent, std::string_view name, std::uint32_t inode) {
  const std::size_t slot = slot_of(parent, name);
  if (slots_[slot] != 0) {
    dentries[slots_[slot] - 1].inode = inode;
    return;
  }
  dentries.push_back({.name_at = keep(name),
                      .parent = parent,
                      .inode = inode,
                      .name_size = static_cast<std::uint8_t>(name.size())});
  slots_[slot] = static_cast<std::uint32_t>(dentries.size());
  if (dentries.size() * 2 > slots_.size()) grow();
}

std::uint32_t RawTree::add(const RawInode& inode) {
  inodes.push_back(inode);
  return static_cast<std::uint32_t>(inodes.size() - 1);
}

std::uint32_t RawTree::keep(std::string_view text) {
  const std::size_t at = names.size();
  if (at + text.size() > UINT32_MAX) throw std::bad_alloc();
  names.append(text);
  return static_cast<std::uint32_t>(at);
}

/// Where the name is, or would go.
std::size_t RawTree::slot_of(std::uint32_t parent, std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash_(parent, name) & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return slot;
    const RawDentry& there = dentries[slots_[slot] - 1];
    if (there.parent == parent && name_of(there) == name) return slot;
  }
}

void RawTree::grow() {
  slots_.assign(slots_.size() * 2, 0);
  for (std::uint32_t i = 0; i < dentries.size(); ++i) {
    slots_[slot_of(dentries[i].parent, name_of(dentries[i]))] = i + 1;
  }
}

}  // namespace wasifs::archive
