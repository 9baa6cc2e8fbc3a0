// SPDX-License-Identifier: Apache-2.0
#include "naive_model.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace wasifs::test {

namespace {

using Kind = NaiveEntry::Kind;

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::size_t depth(const std::string& path) { return static_cast<std::size_t>(std::ranges::count(path, '/')); }

/// The names directly in the directory `path`.
std::set<std::string> names_in(const NaiveTree& tree, const std::string& path) {
  std::set<std::string> names;
  for (const auto& [each, entry] : tree) {
    if (!each.empty() && naive_parent(each) == path) names.insert(last_name(each));
  }
  return names;
}

void erase_at_or_below(NaiveTree& tree, const std::string& path) {
  std::erase_if(tree, [&](const auto& entry) { return naive_at_or_below(entry.first, path); });
}

void merge_directory(const std::vector<const NaiveTree*>& layers, const std::string& path, NaiveTree& out) {
  std::set<std::string> names;
  for (const NaiveTree* layer : layers) names.merge(names_in(*layer, path));
  for (const std::string& name : names) {
    const std::string child = path + "/" + name;
    std::vector<const NaiveTree*> directories;
    for (const NaiveTree* layer : layers) {
      const auto found = layer->find(child);
      if (found == layer->end()) continue;
      if (out.contains(child) && found->second.kind != Kind::directory) break;
      out.try_emplace(child, found->second);
      if (found->second.kind != Kind::directory) break;
      directories.push_back(layer);
    }
    merge_directory(directories, child, out);
  }
}

}  // namespace

bool naive_at_or_below(const std::string& path, const std::string& above) {
  return path == above || path.starts_with(above + "/");
}

std::string naive_parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string naive_text(const NaiveTree& tree) {
  std::string out;
  for (const auto& [path, entry] : tree) {
    out += path.empty() ? "/" : path;
    if (entry.kind == Kind::directory) out += "  dir\n";
    if (entry.kind == Kind::file) out += "  file \"" + entry.text + "\"\n";
    if (entry.kind == Kind::link) out += "  link -> " + entry.text + "\n";
  }
  return out;
}

NaiveTree naive_subtree(const NaiveTree& tree, const std::string& path) {
  NaiveTree part;
  for (const auto& [each, entry] : tree) {
    if (naive_at_or_below(each, path)) part[each.substr(path.size())] = entry;
  }
  return part;
}

NaiveTree naive_merge(const std::vector<NaiveTree>& layers) {
  std::vector<const NaiveTree*> all;
  for (const NaiveTree& layer : layers) all.push_back(&layer);
  NaiveTree merged{{"", {}}};
  merge_directory(all, "", merged);
  return merged;
}

std::string NaiveChange::describe() const {
  constexpr std::array kNames = {"mkdir", "write", "append", "ln -s",   "rm",
                                 "rmdir", "rm-r",  "mv",     "exchange"};
  std::string out = kNames.at(static_cast<std::size_t>(kind));
  if (kind == Kind::make_link) out += " " + text;
  out += " " + path;
  if (kind == Kind::put || kind == Kind::append) out += " " + text;
  if (!other.empty()) out += " " + other;
  return out;
}

NaiveTree NaiveWorld::visible() const {
  std::vector<const Mount*> order;
  for (const Mount& mount : mounts_) order.push_back(&mount);
  std::ranges::sort(order, {}, [](const Mount* mount) { return depth(mount->guest); });
  NaiveTree all;
  for (const Mount* mount : order) {
    erase_at_or_below(all, mount->guest);
    for (const auto& [path, entry] : mount->tree) all[mount->guest + path] = entry;
  }
  return all;
}

const NaiveTree& NaiveWorld::held(const std::string& source) const {
  const auto found = std::ranges::find(mounts_, source, &Mount::source);
  if (found == mounts_.end()) throw std::logic_error(source + " is not mounted");
  return found->tree;
}

bool NaiveWorld::mounted_at(const std::string& path) const {
  return std::ranges::find(mounts_, path, &Mount::guest) != mounts_.end();
}

std::string NaiveWorld::mount_of(const std::string& path) const {
  std::string deepest = mounts_.front().guest;
  for (const Mount& mount : mounts_) {
    if (naive_at_or_below(path, mount.guest) && mount.guest.size() > deepest.size()) deepest = mount.guest;
  }
  return deepest;
}

bool NaiveWorld::mounts_below(const std::string& path) const {
  return std::ranges::any_of(mounts_, [&](const Mount& mount) {
    return mount.guest != path && naive_at_or_below(mount.guest, path);
  });
}

NaiveWorld::Place NaiveWorld::place_of(const std::string& path) {
  Mount* deepest = &mounts_.front();
  for (Mount& mount : mounts_) {
    if (naive_at_or_below(path, mount.guest) && mount.guest.size() > deepest->guest.size()) deepest = &mount;
  }
  return {*deepest, path.substr(deepest->guest.size())};
}

Refusals NaiveWorld::mount(Mount mount) {
  for (std::size_t slash = mount.guest.find('/', 1); slash != std::string::npos;
       slash = mount.guest.find('/', slash + 1)) {
    const std::string parent = mount.guest.substr(0, slash);
    const NaiveTree all = visible();
    const auto found = all.find(parent);
    if (found != all.end() && found->second.kind != Kind::directory) return {ENOTDIR};
    if (found != all.end()) continue;
    Place place = place_of(parent);
    if (place.mount.takes_directories && !place.mount.read_only) {
      place.mount.tree[place.inside] = {};
    } else {
      mounts_.push_back({.guest = parent, .tree = {{"", {}}}});
    }
  }
  const NaiveTree all = visible();
  if (all.at(naive_parent(mount.guest)).kind != Kind::directory) return {ENOTDIR};
  if (mounted_at(mount.guest)) return {EEXIST};
  mounts_.push_back(std::move(mount));
  return {};
}

bool NaiveWorld::empty_directory(const std::string& path) const { return names_in(visible(), path).empty(); }

Refusals NaiveWorld::change(const NaiveChange& change) {
  switch (change.kind) {
    case NaiveChange::Kind::make_directory:
    case NaiveChange::Kind::put:
    case NaiveChange::Kind::append:
    case NaiveChange::Kind::make_link:
      return put(change);
    case NaiveChange::Kind::unlink:
    case NaiveChange::Kind::rmdir:
    case NaiveChange::Kind::remove_all:
      return remove(change);
    case NaiveChange::Kind::rename:
      return rename(change);
    case NaiveChange::Kind::exchange:
      break;
  }
  return exchange(change);
}

Refusals NaiveWorld::put(const NaiveChange& change) {
  Refusals refusals;
  const Place place = place_of(change.path);
  if (place.mount.read_only) refusals.insert(EROFS);
  const NaiveTree all = visible();
  const auto old = all.find(change.path);
  const bool replaces = change.kind == NaiveChange::Kind::put || change.kind == NaiveChange::Kind::append;
  if (old != all.end() && !replaces) refusals.insert(EEXIST);
  if (old != all.end() && replaces && old->second.kind == Kind::directory) refusals.insert(EISDIR);
  if (!refusals.empty()) return refusals;

  NaiveEntry& entry = place.mount.tree[place.inside];
  if (change.kind == NaiveChange::Kind::append) {
    entry.text += change.text;
  } else {
    entry.text = change.text;
  }
  entry.kind = replaces                                           ? Kind::file
               : change.kind == NaiveChange::Kind::make_directory ? Kind::directory
                                                                  : Kind::link;
  return {};
}

Refusals NaiveWorld::remove(const NaiveChange& change) {
  Refusals refusals;
  const Place place = place_of(change.path);
  const bool directory = visible().at(change.path).kind == Kind::directory;
  if (mounted_at(change.path)) refusals.insert(EBUSY);
  if (place.mount.read_only) refusals.insert(EROFS);
  if (change.kind == NaiveChange::Kind::unlink && directory) refusals.insert(EISDIR);
  if (change.kind == NaiveChange::Kind::rmdir && !directory) refusals.insert(ENOTDIR);
  if (change.kind == NaiveChange::Kind::rmdir && directory && !empty_directory(change.path)) {
    refusals.insert(ENOTEMPTY);
  }
  if (refusals.empty()) erase_at_or_below(place.mount.tree, place.inside);
  return refusals;
}

Refusals NaiveWorld::rename(const NaiveChange& change) {
  Refusals refusals;
  const std::string& from = change.path;
  const std::string& to = change.other;
  const NaiveTree all = visible();
  const Place old_dir = place_of(naive_parent(from));
  const Place new_dir = place_of(naive_parent(to));
  if (old_dir.mount.guest != new_dir.mount.guest) refusals.insert(EXDEV);
  if (mounted_at(from) || mounted_at(to)) refusals.insert(EBUSY);
  if (old_dir.mount.read_only || new_dir.mount.read_only) refusals.insert(EROFS);
  if (from != to) {
    const bool directory = all.at(from).kind == Kind::directory;
    if (naive_at_or_below(to, from)) refusals.insert(EINVAL);
    const auto replaced = all.find(to);
    if (replaced != all.end()) {
      const bool onto_directory = replaced->second.kind == Kind::directory;
      if (directory && !onto_directory) refusals.insert(ENOTDIR);
      if (!directory && onto_directory) refusals.insert(EISDIR);
      if (onto_directory && !empty_directory(to)) refusals.insert(ENOTEMPTY);
    }
  }
  if (!refusals.empty() || from == to) return refusals;
  erase_at_or_below(new_dir.mount.tree, to.substr(new_dir.mount.guest.size()));
  move(from, to);
  return {};
}

Refusals NaiveWorld::exchange(const NaiveChange& change) {
  Refusals refusals;
  const std::string& a = change.path;
  const std::string& b = change.other;
  const Place a_dir = place_of(naive_parent(a));
  const Place b_dir = place_of(naive_parent(b));
  if (a_dir.mount.guest != b_dir.mount.guest) refusals.insert(EXDEV);
  if (mounted_at(a) || mounted_at(b)) refusals.insert(EBUSY);
  if (a_dir.mount.read_only || b_dir.mount.read_only) refusals.insert(EROFS);
  if (!visible().contains(b)) refusals.insert(ENOENT);
  if (a != b && (naive_at_or_below(a, b) || naive_at_or_below(b, a))) refusals.insert(EINVAL);
  if (!refusals.empty() || a == b) return refusals;
  const std::string aside = naive_parent(a) + "/.aside";
  move(a, aside);
  move(b, a);
  move(aside, b);
  return {};
}

void NaiveWorld::move(const std::string& from, const std::string& to) {
  NaiveTree& tree = place_of(naive_parent(from)).mount.tree;
  const std::string guest = place_of(naive_parent(from)).mount.guest;
  const std::string old_path = from.substr(guest.size());
  const NaiveTree part = naive_subtree(tree, old_path);
  erase_at_or_below(tree, old_path);
  for (const auto& [path, entry] : part) tree[to.substr(guest.size()) + path] = entry;
  for (Mount& mount : mounts_) {
    if (naive_at_or_below(mount.guest, from)) mount.guest = to + mount.guest.substr(from.size());
  }
}

}  // namespace wasifs::test
