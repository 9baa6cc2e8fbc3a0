// SPDX-License-Identifier: Apache-2.0
#include "random_source.h"

#include <array>

namespace wasifs::test {

namespace {

using Kind = NaiveEntry::Kind;
using Change = NaiveChange::Kind;

bool has_file_above(const NaiveTree& tree, const std::string& path) {
  for (std::string at = naive_parent(path); !at.empty(); at = naive_parent(at)) {
    const auto found = tree.find(at);
    if (found != tree.end() && found->second.kind != Kind::directory) return true;
  }
  return false;
}

}  // namespace

const std::vector<std::string>& RandomSource::names() {
  static const std::vector<std::string> all{"a", "b", "c", "d"};
  return all;
}

std::string RandomSource::name() { return pick(names()); }

std::string RandomSource::path(std::size_t deepest) {
  std::string made;
  for (std::uint64_t left = 1 + below(deepest); left > 0; --left) made += "/" + name();
  return made;
}

std::string RandomSource::text() { return "t" + std::to_string(++texts_); }

std::string RandomSource::link_target() {
  switch (below(3)) {
    case 0:
      return name();
    case 1:
      return "../" + name();
    default:
      return path(2);
  }
}

NaiveTree RandomSource::tree(std::size_t entries) {
  NaiveTree tree{{"", {}}};
  for (std::uint64_t left = below(entries + 1); left > 0; --left) {
    const std::string at = path(3);
    if (tree.contains(at) || has_file_above(tree, at)) continue;
    for (std::string above = naive_parent(at); !above.empty(); above = naive_parent(above)) tree[above] = {};
    switch (below(5)) {
      case 0:
        tree[at] = {};
        break;
      case 1:
        tree[at] = {.kind = Kind::link, .text = link_target()};
        break;
      default:
        tree[at] = {.kind = Kind::file, .text = text()};
    }
  }
  return tree;
}

std::string RandomSource::new_path(const NaiveTree& visible) {
  std::vector<std::string> directories;
  for (const auto& [path, entry] : visible) {
    if (entry.kind == Kind::directory) directories.push_back(path);
  }
  return pick(directories) + "/" + name();
}

NaiveChange RandomSource::change(const NaiveWorld& world) {
  const NaiveTree visible = world.visible();
  std::vector<std::string> existing;
  for (const auto& [path, entry] : visible) {
    if (!path.empty()) existing.push_back(path);
  }
  NaiveChange change;
  change.kind = static_cast<Change>(below(static_cast<std::uint64_t>(Change::last) + 1));
  const bool makes = change.kind <= Change::make_link;
  if (existing.empty() && !makes) change.kind = Change::make_directory;
  const bool at_new_path = change.kind <= Change::make_link;
  change.path = at_new_path ? new_path(visible) : pick(existing);
  const auto found = visible.find(change.path);
  const bool link = found != visible.end() && found->second.kind == Kind::link;
  switch (change.kind) {
    case Change::put:
    case Change::append:
      // Through a link it would be another file that changes.
      if (link) change.kind = Change::unlink;
      change.text = link ? "" : text();
      break;
    case Change::make_link:
      change.text = link_target();
      break;
    case Change::remove_all:
      // Whole, or not at all: half of it would depend on the order.
      if (found->second.kind != Kind::directory || world.mounted_at(change.path) ||
          world.mounts_below(change.path)) {
        change.kind = Change::rmdir;
      }
      break;
    case Change::rename:
      change.other = new_path(visible);
      break;
    case Change::exchange:
      change.other = one_in(4) ? new_path(visible) : pick(existing);
      break;
    default:
      break;
  }
  return change;
}

}  // namespace wasifs::test
