// SPDX-License-Identifier: Apache-2.0
#include "wasifs/tree.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/acl.h"
#include "base/path.h"
#include "compose/ino_map.h"
#include "compose/limits.h"
#include "compose/mount.h"
#include "compose/observers.h"
#include "compose/provenance.h"
#include "compose/rebase.h"
#include "compose/status.h"

namespace wasifs {

struct Tree::State {
  State(MountTable table, TreeOptions tree_options)
      : mounts(std::move(*table.state_)),
        options(std::move(tree_options)),
        limits(OpenLimits::make(options.limits)) {
    // What is changed at one place changes at the other behind a cache's back.
    std::unordered_map<const Node*, Mount*> seen;
    for (const auto& mount : mounts.mounts) {
      const auto [first, fresh] = seen.emplace(mount->root.get(), mount.get());
      if (!fresh) mount->shown_twice = first->second->shown_twice = true;
    }
  }

  MountTable::State mounts;
  InoMap inos{54, 8};
  const TreeOptions options;
  const std::shared_ptr<OpenLimits> limits;  ///< null where nothing is limited
  Observers observers;
  LastText last_text;

  [[nodiscard]] std::uint64_t ino(const Mount& mount, std::uint64_t local) const {
    return inos.map(mount.index, local);
  }
  [[nodiscard]] const Mount* mounted_at(const VNode& dir, std::string_view name) const {
    return mounts.find(*dir.mount, *dir.node, name);
  }
  /// True if something is mounted in the directory `name` of `dir`.
  [[nodiscard]] bool holds_mounts(const VNode& dir, std::string_view name) const {
    if (!dir.mount->has_children) return false;
    const Result<NodeRef> child = dir.node->lookup(name);
    return child && !mounts.children(*dir.mount, **child).empty();
  }
  [[nodiscard]] Result<OpenSlot> take_slot() const {
    return limits != nullptr ? limits->take_slot() : Result<OpenSlot>(OpenSlot());
  }
  [[nodiscard]] bool forbids(FileType type) const {
    const bool plain = type == FileType::regular || type == FileType::directory || type == FileType::symlink;
    return !plain && !options.limits.special_files;
  }
};

namespace {

/// A directory listing with global inode numbers and the mounts that appear in
/// the directory. Those come last, with cookies above every layer's.
class TreeDir final : public Dir {
 public:
  struct Point {
    std::string name;
    std::uint64_t ino;
    FileType type;
  };
  TreeDir(DirPtr inner, const InoMap& inos, std::uint64_t part, std::vector<Point> points, OpenSlot slot)
      : slot_(std::move(slot)),
        inner_(std::move(inner)),
        inos_(inos),
        part_(part),
        points_(std::move(points)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    if (cookie < kPoints) {
      bool more = true;
      const Status read = inner_->read(cookie, [&](const DirEntry& entry) {
        if (covered(entry.name)) return true;
        DirEntry global = entry;
        global.ino = inos_.map(part_, entry.ino);
        return more = sink(global);
      });
      if (!read || !more) return read;
      cookie = kPoints;
    }
    for (std::uint64_t i = cookie - kPoints; i < points_.size(); ++i) {
      const Point& point = points_[i];
      if (!sink({.name = point.name, .ino = point.ino, .type = point.type, .next = kPoints + i + 1})) break;
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kPoints = std::uint64_t{1} << 62;

  [[nodiscard]] bool covered(std::string_view name) const {
    for (const Point& point : points_) {
      if (point.name == name) return true;
    }
    return false;
  }

  OpenSlot slot_;
  DirPtr inner_;
  const InoMap& inos_;
  std::uint64_t part_;
  std::vector<Point> points_;
};

}  // namespace

Tree::Tree(MountTable mounts, TreeOptions options)
    : state_(std::make_shared<State>(std::move(mounts), std::move(options))) {}
Tree::Tree(std::shared_ptr<State> state, std::shared_ptr<TreeObserver> observer)
    : state_(std::move(state)), observer_(std::move(observer)) {
  if (observer_ != nullptr) state_->observers.add(observer_);
}
Tree::~Tree() {
  if (observer_ != nullptr) state_->observers.remove(observer_.get());
}

std::shared_ptr<const Tree> Tree::observed_by(std::shared_ptr<TreeObserver> observer) const {
  return std::shared_ptr<const Tree>(new Tree(state_, std::move(observer)));
}

void Tree::tell(const Change& change) const { state_->observers.tell(change, observer_.get()); }

void Tree::tell_name(const VNode& dir, std::string_view name) const {
  tell({.kind = Change::Kind::name, .node = dir, .name = name});
  tell({.kind = Change::Kind::attributes, .node = dir});
}

std::optional<VNode> Tree::observed_child(const VNode& dir, std::string_view name) const {
  if (!state_->observers.any_but(observer_.get())) return std::nullopt;
  Result<VNode> child = lookup(dir, name);
  return child ? std::optional(std::move(*child)) : std::nullopt;
}

std::span<const Mount* const> Tree::mounts_in(const VNode& dir) const {
  return state_->mounts.children(*dir.mount, *dir.node);
}

VNode Tree::root() const {
  const Mount& root = *state_->mounts.mounts.front();
  return {&root, root.root};
}

Result<VNode> Tree::lookup(const VNode& dir, std::string_view name) const {
  if (const Status valid = check_name(name); !valid) return fail(valid.error());
  if (const Mount* inner = state_->mounted_at(dir, name); inner != nullptr) return VNode{inner, inner->root};
  Result<NodeRef> child = dir.node->lookup(name);
  if (!child) return fail(child.error());
  return VNode{dir.mount, std::move(*child)};
}

Result<Attr> Tree::attr(const VNode& node) const {
  Result<Attr> attr = node.node->attr();
  if (!attr) return attr;
  attr->ino = state_->ino(*node.mount, attr->ino);
  if (attr->type == FileType::symlink && node.mount->rebase_links) {
    // stat's size is the length of the text that readlink gives.
    if (const Result<Link> shown = read_link(node)) attr->size = shown->text.size();
  }
  if (attr->type != FileType::directory || !node.mount->has_children) return attr;
  // A directory is linked to by the ".." of every directory that appears in it,
  // mounted ones included. Below 2 the layer does not count.
  if (attr->nlink < 2) return attr;
  for (const Mount* mount : mounts_in(node)) {
    const Result<NodeRef> covered = node.node->lookup(mount->point_name);
    attr->nlink += mount->root->is_directory() ? 1U : 0U;
    attr->nlink -= covered && (*covered)->is_directory() ? 1U : 0U;
  }
  return attr;
}

Status Tree::set_attr(const VNode& node, const SetAttr& change) const {
  if (read_only(node)) return fail(Errc::erofs);
  const bool limited = change.size && state_->limits != nullptr;
  const Status done = limited ? state_->limits->set_attr(*node.node, change) : node.node->set_attr(change);
  if (!done) return done;
  if (change.size) {
    tell({.kind = Change::Kind::content, .node = node, .offset = *change.size});
  } else {
    tell({.kind = Change::Kind::attributes, .node = node});
  }
  return {};
}

namespace {

Status may_open(const VNode& node, OpenFlags flags) {
  if (node.is_directory()) return fail(Errc::eisdir);
  if (node.type() == FileType::symlink) return fail(Errc::eloop);
  // Writing to a device changes no file system.
  const bool changes = (flags.write || flags.truncate) && node.type() == FileType::regular;
  return changes && node.mount->read_only ? fail(Errc::erofs) : Status{};
}

/// `limits` may be null, and then `slot` is empty.
Result<FilePtr> open_in(OpenLimits* limits, const VNode& node, OpenFlags flags, OpenSlot slot) {
  Result<FilePtr> file = node.node->open(flags);
  if (!file || limits == nullptr) return file;
  return limits->limit(std::move(*file), *node.node, std::move(slot));
}

}  // namespace

Result<FilePtr> Tree::open(const VNode& node, OpenFlags flags) const {
  if (const Status may = may_open(node, flags); !may) return fail(may.error());
  Result<OpenSlot> slot = state_->take_slot();
  if (!slot) return fail(slot.error());
  return open_watched(node, flags, &*slot);
}

Result<FilePtr> Tree::open_again(const VNode& node, OpenFlags flags) const {
  if (const Status may = may_open(node, flags); !may) return fail(may.error());
  OpenSlot none;
  return open_watched(node, flags, &none);
}

Result<FilePtr> Tree::open_watched(const VNode& node, OpenFlags flags, OpenSlot* slot) const {
  Result<FilePtr> file = open_in(state_->limits.get(), node, flags, std::move(*slot));
  if (!file) return file;
  if (flags.truncate) tell({.kind = Change::Kind::content, .node = node});
  return state_->observers.watch(std::move(*file), node, observer_.get());
}

Result<DirPtr> Tree::open_dir(const VNode& dir) const {
  Result<OpenSlot> slot = state_->take_slot();
  if (!slot) return fail(slot.error());
  Result<DirPtr> inner = dir.node->open_dir();
  if (!inner) return inner;
  std::vector<TreeDir::Point> points;
  for (const Mount* mount : mounts_in(dir)) {
    const Result<Attr> attr = this->attr({mount, mount->root});
    if (!attr) return fail(attr.error());
    points.push_back({mount->point_name, attr->ino, attr->type});
  }
  return std::make_unique<TreeDir>(std::move(*inner), state_->inos, dir.mount->index, std::move(points),
                                   *std::move(slot));
}

Result<Link> Tree::read_link(const VNode& node) const {
  Result<Link> link = node.node->read_link();
  if (link && node.mount->rebase_links) rebase_link(*this, node, *link);
  return link;
}

namespace {

/// The access control lists that a new node starts with; "" where it has none.
struct Lists {
  std::string access;
  std::string defaults;
};

/// Adapts `spec` to the directory that it is for, and tells what else the node takes
/// over from there.
Result<Lists> inherit(const VNode& dir, NewNode& spec) {
  const Result<Attr> parent = dir.node->attr();
  if (!parent) return fail(parent.error());
  constexpr std::uint16_t kSetGid = 02000;
  if ((parent->mode & kSetGid) != 0) {
    spec.gid = parent->gid;
    if (spec.type == FileType::directory) spec.mode |= kSetGid;
  }
  const auto umask = std::exchange(spec.umask, std::uint16_t{0});
  if (spec.type == FileType::symlink) return Lists{};
  Result<std::string> defaults = dir.node->get_xattr(kDefaultAcl);
  Result<Acl> acl = defaults ? Acl::parse(*defaults) : fail(defaults.error());
  if (!acl) {
    spec.mode = static_cast<std::uint16_t>(spec.mode & ~umask);
    return Lists{};
  }
  acl->limit(spec.mode);
  spec.mode = static_cast<std::uint16_t>((spec.mode & ~0777U) | acl->permissions());
  Lists lists;
  if (!acl->minimal()) {
    lists.access = acl->value();
    // Until the list is there, the group has nothing of what the mask leaves to others.
    spec.mode = static_cast<std::uint16_t>(spec.mode & ~070U);
  }
  if (spec.type == FileType::directory) lists.defaults = *std::move(defaults);
  return lists;
}

Status give_lists(Node& node, const Lists& lists) {
  if (!lists.defaults.empty()) {
    if (const Status set = node.set_xattr(kDefaultAcl, lists.defaults, XattrMode::any); !set) return set;
  }
  return lists.access.empty() ? Status{} : node.set_xattr(kAccessAcl, lists.access, XattrMode::any);
}

}  // namespace

Result<VNode> Tree::create(const VNode& dir, std::string_view name, NewNode spec) const {
  if (!dir.is_directory()) return fail(Errc::enotdir);
  if (const Status valid = check_name(name); !valid) return fail(valid.error());
  if (state_->mounted_at(dir, name) != nullptr) return fail(Errc::eexist);
  // An existing name is told before a read-only mount, as mkdir(2) does.
  if (read_only(dir)) return fail(dir.node->lookup(name) ? Errc::eexist : Errc::erofs);
  if (state_->forbids(spec.type)) return fail(dir.node->lookup(name) ? Errc::eexist : Errc::eperm);
  const Result<Lists> lists = inherit(dir, spec);
  if (!lists) return fail(lists.error());
  Result<NodeRef> made = dir.node->create(name, spec);
  if (!made) return fail(made.error());
  if (const Status given = give_lists(**made, *lists); !given) {
    const bool directory = spec.type == FileType::directory;
    static_cast<void>(directory ? dir.node->rmdir(name) : dir.node->unlink(name));
    return fail(given.error());
  }
  tell_name(dir, name);
  return VNode{dir.mount, std::move(*made)};
}

Result<Tree::Created> Tree::create_open(const VNode& dir, std::string_view name, NewNode spec,
                                        OpenFlags flags) const {
  Result<OpenSlot> slot = state_->take_slot();
  if (!slot) return fail(slot.error());
  Result<VNode> made = create(dir, name, spec);
  if (!made) return fail(made.error());
  if (const Status may = may_open(*made, flags); !may) return fail(may.error());
  Result<FilePtr> file = open_watched(*made, flags, &*slot);
  if (!file) return fail(file.error());
  return Created{.node = *std::move(made), .file = *std::move(file)};
}

Result<VNode> Tree::create_anonymous(const VNode& dir, NewNode spec) const {
  if (!dir.is_directory()) return fail(Errc::enotdir);
  if (read_only(dir)) return fail(Errc::erofs);
  if (state_->forbids(spec.type)) return fail(Errc::eperm);
  const Result<Lists> lists = inherit(dir, spec);
  if (!lists) return fail(lists.error());
  Result<NodeRef> made = dir.node->create_anonymous(spec);
  if (!made) return fail(made.error());
  if (const Status given = give_lists(**made, *lists); !given) return fail(given.error());
  return VNode{dir.mount, std::move(*made)};
}

Status Tree::link(const VNode& dir, std::string_view name, const VNode& target) const {
  if (!dir.is_directory()) return fail(Errc::enotdir);
  if (const Status valid = check_name(name); !valid) return valid;
  if (dir.mount != target.mount) return fail(Errc::exdev);
  if (state_->mounted_at(dir, name) != nullptr) return fail(Errc::eexist);
  if (target.is_directory()) return fail(Errc::eperm);
  if (read_only(dir)) return fail(Errc::erofs);
  if (const Status done = dir.node->link(name, *target.node); !done) return done;
  tell_name(dir, name);
  tell({.kind = Change::Kind::attributes, .node = target});
  return {};
}

Status Tree::unlink(const VNode& dir, std::string_view name) const {
  if (!dir.is_directory()) return fail(Errc::enotdir);
  if (const Status valid = check_name(name); !valid) return valid;
  if (state_->mounted_at(dir, name) != nullptr) return fail(Errc::ebusy);
  if (read_only(dir)) return fail(Errc::erofs);
  const std::optional<VNode> victim = observed_child(dir, name);
  if (const Status done = dir.node->unlink(name); !done) return done;
  tell_name(dir, name);
  if (victim) tell({.kind = Change::Kind::attributes, .node = *victim});
  return {};
}

Status Tree::rmdir(const VNode& dir, std::string_view name) const {
  if (!dir.is_directory()) return fail(Errc::enotdir);
  if (const Status valid = check_name(name); !valid) return valid;
  if (state_->mounted_at(dir, name) != nullptr) return fail(Errc::ebusy);
  if (read_only(dir)) return fail(Errc::erofs);
  if (state_->holds_mounts(dir, name)) return fail(Errc::enotempty);
  const std::optional<VNode> victim = observed_child(dir, name);
  if (const Status done = dir.node->rmdir(name); !done) return done;
  tell_name(dir, name);
  if (victim) tell({.kind = Change::Kind::attributes, .node = *victim});
  return {};
}

namespace {

/// The whiteout that a rename has left there gets its owner, as a node that `maker`
/// makes. That may be refused, and then the layer's choice holds: the rename has
/// happened, and who owns a whiteout decides only who may remove it from a sticky
/// directory.
void give_whiteout(const VNode& dir, std::string_view name, Maker maker) {
  NewNode spec{.type = FileType::char_device, .uid = maker.uid, .gid = maker.gid};
  const Result<NodeRef> node = dir.node->lookup(name);
  if (!node || (*node)->type() != FileType::char_device || !inherit(dir, spec)) return;
  const Result<Attr> attr = (*node)->attr();
  if (!attr || attr->rdev != 0 || (attr->uid == spec.uid && attr->gid == spec.gid)) return;
  static_cast<void>((*node)->set_attr({.uid = spec.uid, .gid = spec.gid}));
}

}  // namespace

Status Tree::rename(const VNode& dir, std::string_view name, const VNode& new_dir, std::string_view new_name,
                    RenameMode mode, std::optional<Maker> maker) const {
  if (!dir.is_directory() || !new_dir.is_directory()) return fail(Errc::enotdir);
  for (const std::string_view each : {name, new_name}) {
    if (const Status valid = check_name(each); !valid) return valid;
  }
  if (dir.mount != new_dir.mount) return fail(Errc::exdev);
  if (state_->mounted_at(dir, name) != nullptr || state_->mounted_at(new_dir, new_name) != nullptr) {
    return fail(Errc::ebusy);
  }
  if (read_only(dir)) return fail(Errc::erofs);
  const bool whiteout = mode == RenameMode::whiteout;
  if (whiteout && state_->forbids(FileType::char_device)) return fail(Errc::eperm);
  // A name that is moved to itself stays, so nothing of it is replaced.
  const bool replaces = (whiteout || mode == RenameMode::replace) && !(dir == new_dir && name == new_name);
  if (replaces && state_->holds_mounts(new_dir, new_name)) {
    const Result<NodeRef> moved = dir.node->lookup(name);
    if (!moved) return fail(moved.error());
    return fail((*moved)->is_directory() ? Errc::enotempty : Errc::eisdir);
  }
  const std::optional<VNode> moved = observed_child(dir, name);
  const std::optional<VNode> replaced = observed_child(new_dir, new_name);
  const Status done = dir.node->rename(name, *new_dir.node, new_name, mode);
  if (!done) return done;
  if (whiteout && maker) give_whiteout(dir, name, *maker);
  tell_name(dir, name);
  tell_name(new_dir, new_name);
  if (moved) tell({.kind = Change::Kind::attributes, .node = *moved});
  if (replaced) tell({.kind = Change::Kind::attributes, .node = *replaced});
  return {};
}

Result<std::string> Tree::get_xattr(const VNode& node, std::string_view name) const {
  if (name == kStatusXattr && node == root()) {
    return status_json(state_->options, state_->limits.get(), state_->observers.statuses());
  }
  if (const auto page = page_asked_for(name, kPackageXattr); page && node == root()) {
    return attribute_page(state_->options.package, *page);
  }
  if (is_provenance_xattr(name)) return provenance_xattr(*this, node, name, state_->last_text);
  return node.node->get_xattr(name);
}
Result<std::vector<std::string>> Tree::list_xattrs(const VNode& node) const {
  Result<std::vector<std::string>> names = node.node->list_xattrs();
  if (names) std::erase_if(*names, is_provenance_xattr);
  return names;
}

Status Tree::set_xattr(const VNode& node, std::string_view name, std::string_view value,
                       XattrMode mode) const {
  if (is_provenance_xattr(name)) return fail(Errc::enotsup);
  if (read_only(node)) return fail(Errc::erofs);
  const Status done = node.node->set_xattr(name, value, mode);
  if (done) tell({.kind = Change::Kind::attributes, .node = node});
  return done;
}

Status Tree::remove_xattr(const VNode& node, std::string_view name) const {
  if (is_provenance_xattr(name)) return fail(Errc::enotsup);
  if (read_only(node)) return fail(Errc::erofs);
  const Status done = node.node->remove_xattr(name);
  if (done) tell({.kind = Change::Kind::attributes, .node = node});
  return done;
}

Status Tree::sync(const VNode& node) const { return node.node->sync(); }
Result<StatFs> Tree::statfs(const VNode& node) const { return node.mount->fs->statfs(); }
Traits Tree::traits(const VNode& node) const {
  Traits traits = node.mount->fs->traits();
  if (node.mount->caching == Caching::forever) traits.shared = false;
  traits.uncached = traits.uncached || node.mount->caching == Caching::none;
  traits.shared = traits.shared || (node.mount->shown_twice && !traits.immutable);
  traits.place_bound = node.mount->rebase_links && node.type() == FileType::symlink;
  return traits;
}
TreeTraits Tree::traits() const {
  TreeTraits all;
  bool some_writable = false;
  bool some_fixed = false;
  for (const auto& mount : state_->mounts.mounts) {
    const Traits traits = this->traits({mount.get(), mount->root});
    const bool writable = !mount->read_only && !traits.immutable;
    (writable ? some_writable : some_fixed) = true;
    all.immutable = all.immutable && traits.immutable;
    all.persistent = all.persistent || (writable && traits.persistent);
    all.opens_freely = all.opens_freely && !traits.shared && !traits.uncached;
    all.lists_freely = all.lists_freely && !traits.shared && !traits.uncached && traits.lasting_cookies;
    all.rebases_links = all.rebases_links || mount->rebase_links;
  }
  all.read_only = !some_writable;
  // What is kept on the host is made ready by the open that will write it.
  if (all.persistent || (some_writable && some_fixed)) all.opens_freely = false;
  if (state_->options.limits.max_open) all.opens_freely = all.lists_freely = false;
  return all;
}
bool Tree::read_only(const VNode& node) const { return node.mount->read_only; }

}  // namespace wasifs
