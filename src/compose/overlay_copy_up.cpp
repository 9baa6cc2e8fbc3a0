// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

#include "base/file_copy.h"
#include "compose/overlay_node.h"

namespace wasifs {

namespace {

NewNode spec_of(const Attr& attr, std::string_view target) {
  return {.type = attr.type,
          .mode = attr.mode,
          .uid = attr.uid,
          .gid = attr.gid,
          .rdev = attr.rdev,
          .target = target};
}

}  // namespace

/// One copy-up of one or several nodes, with the directories above them.
///
/// Regular files are *staged* first: copied, and perhaps changed, in a node of
/// the upper that has no name. That is the part that may run out of room half-way,
/// and giving up leaves nothing behind. What is left to make then are names,
/// directories and other small things; the upper is asked whether they all fit
/// before the first one is made. Only where others take the room in between may
/// directories be left that were copied up for nothing; they show what they showed.
///
/// Holds copy_lock_ of the staged files, so that each is copied by one thread.
class OverlayCopyUp {
 public:
  OverlayCopyUp(OverlayState& state, std::span<OverlayNode* const> nodes) : state_(state) {
    nodes_.assign(nodes.begin(), nodes.end());
  }

  /// Stages those that need it. To be called once.
  Status stage(Content content) {
    std::vector<OverlayNode*> files;
    for (OverlayNode* const node : nodes_) {
      if (node->type() == FileType::regular && node->upper() == nullptr) files.push_back(node);
    }
    std::ranges::sort(files, std::less<>{});  // the order of the locks
    files.erase(std::unique(files.begin(), files.end()), files.end());
    for (OverlayNode* const file : files) {
      std::unique_lock copying(file->copy_lock_);
      if (file->upper() != nullptr) continue;
      Result<OverlayNode::Staged> made = file->make_file(content);
      if (!made) return fail(made.error());
      staged_.push_back({.node = file, .made = *std::move(made), .copying = std::move(copying)});
    }
    return {};
  }

  /// The staged upper of `node`; null where it has a real one or needs none.
  [[nodiscard]] Node* staged(const OverlayNode& node) const {
    const auto found = std::ranges::find(staged_, &node, &Staged::node);
    return found == staged_.end() ? nullptr : found->made.file.node.get();
  }

  /// Gives every node its upper. A location may change under us; then a step says
  /// estale and what is missing is looked for anew.
  Status place(UpperRoom also) {
    for (;;) {
      const std::vector<Missing> missing = find_missing();
      if (const Status room = ask_for_room(missing, also); !room) return room;
      Status done;
      for (auto step = missing.begin(); done && step != missing.end(); ++step) {
        done = staged(*step->node) != nullptr ? place_file(*step->node, step->where)
                                              : make(*step->node, step->where);
      }
      if (done || done.error() != Errc::estale) return done;
    }
  }

 private:
  using Location = OverlayNode::Location;
  struct Staged {
    const OverlayNode* node;
    OverlayNode::Staged made;
    std::unique_lock<SmallSharedMutex> copying;
  };
  struct Missing {
    Ref<OverlayNode> node;
    Location where;
  };

  /// All nodes that have no upper and are to get one, parents before children.
  [[nodiscard]] std::vector<Missing> find_missing() const {
    std::vector<Missing> all;
    for (OverlayNode* const wanted : nodes_) {
      std::vector<Missing> chain;
      for (Ref<OverlayNode> node(wanted); node && node->upper() == nullptr;) {
        if (std::ranges::find(all, node, &Missing::node) != all.end()) break;
        Location where = node->place();
        Ref<OverlayNode> parent = where.parent;
        chain.push_back({std::move(node), std::move(where)});
        node = std::move(parent);
      }
      std::ranges::move(std::views::reverse(chain), std::back_inserter(all));
    }
    return all;
  }

  /// What is staged has its room already.
  Status ask_for_room(const std::vector<Missing>& missing, UpperRoom also) const {
    for (const Missing& one : missing) {
      if (staged(*one.node) != nullptr) continue;
      const Result<UpperRoom> needed = one.node->room_needed();
      if (!needed) return fail(needed.error());
      also.bytes += needed->bytes;
      also.inodes += needed->inodes;
    }
    if (also.bytes == 0 && also.inodes == 0) return {};
    return state_.upper->room_for(also.bytes, also.inodes);
  }

  /// Copying up is no change that anybody made to the parent.
  static Status restore_times(Node& parent, const Attr& before) {
    return parent.set_attr({.atime = before.atime, .mtime = before.mtime});
  }

  /// Makes the upper of a directory, symlink or special file.
  static Status make(OverlayNode& node, const Location& where) {
    const std::scoped_lock copying(node.copy_lock_);
    if (node.upper() != nullptr) return {};
    if (where.parent == nullptr) return fail(Errc::enoent);
    Node& upper_parent = *where.parent->upper();
    const OverlayNode::Lock parent_held(where.parent->lock_);
    const OverlayNode::Lock held(node.lock_);
    if (!where.is_of(node)) return fail(Errc::estale);
    const Result<Attr> parent_attr = upper_parent.attr();
    if (!parent_attr) return fail(parent_attr.error());
    OverlayNode::Lock linking;
    if (node.state_.lasting != nullptr && !node.is_directory())
      linking = OverlayNode::Lock(node.state_.links_lock);
    Result<NodeRef> made = node.make_other(*where.parent, where.name);
    if (!made) return fail(made.error());
    node.publish(*std::move(made));
    node.note_links_held(-1);
    return restore_times(upper_parent, *parent_attr);
  }

  /// Gives a staged file its name. One that is open but has lost its name has an
  /// upper without a name, too.
  Status place_file(OverlayNode& node, const Location& where) {
    OverlayNode::Staged& made = std::ranges::find(staged_, &node, &Staged::node)->made;
    const NodeRef& file = made.file.node;
    const OverlayNode::Lock parent_held =
        where.parent ? OverlayNode::Lock(where.parent->lock_) : OverlayNode::Lock();
    const OverlayNode::Lock held(node.lock_);
    if (!where.is_of(node)) return fail(Errc::estale);
    node.set_flag(OverlayNode::kContentBelow, made.content_below);
    if (made.remembered != nullptr) node.make_own().remembered = std::move(made.remembered);
    if (where.parent == nullptr) {
      node.publish(file);
      return {};
    }
    Node& upper_parent = *where.parent->upper();
    const Result<Attr> parent_attr = upper_parent.attr();
    if (!parent_attr) return fail(parent_attr.error());
    OverlayNode::Lock linking;
    if (state_.lasting != nullptr) {
      // On the disk before it has the name, or a crash could leave the name without it.
      if (const Status synced = file->sync(); !synced) return synced;
      if (!node.remembered()->links_key.empty()) linking = OverlayNode::Lock(state_.links_lock);
      if (const Status ready = node.announce(*where.parent, *file); !ready) return ready;
    }
    if (const Status linked = upper_parent.link(where.name, *file); !linked) {
      node.take_back();
      return linked;
    }
    node.publish(file);
    node.note_links_held(-1);
    return restore_times(upper_parent, *parent_attr);
  }

  OverlayState& state_;
  std::vector<OverlayNode*> nodes_;
  std::vector<Staged> staged_;
};

Status OverlayNode::copy_up_all(std::span<OverlayNode* const> nodes, UpperRoom also) {
  OverlayState& state = nodes.front()->state_;
  if (state.upper == nullptr) return fail(Errc::erofs);
  OverlayCopyUp copy(state, nodes);
  if (const Status staged = copy.stage(Content::later); !staged) return staged;
  return copy.place(also);
}

Status OverlayNode::copy_up(UpperRoom also) {
  if (upper() != nullptr) return {};
  OverlayNode* const self = this;
  return copy_up_all({&self, 1}, also);
}

Status OverlayNode::change_upper(Content content, FunctionRef<Status(Node&)> change, UpperRoom also) {
  if (upper() == nullptr) {
    if (state_.upper == nullptr) return fail(Errc::erofs);
    if (sealed()) return fail(Errc::eperm);
    OverlayNode* const self = this;
    OverlayCopyUp copy(state_, {&self, 1});
    if (const Status staged = copy.stage(content); !staged) return staged;
    if (Node* const fresh = copy.staged(*this); fresh != nullptr) {
      const Status changed = change(*fresh);
      return changed ? copy.place({}) : changed;
    }
    if (const Status placed = copy.place(also); !placed) return placed;
  }
  return bring_content(content, change);
}

Status OverlayNode::bring_content(Content content, FunctionRef<Status(Node&)> change) {
  Node& node = *upper();
  if (content_upper() != nullptr) return change(node);
  const std::scoped_lock copying(copy_lock_);
  if (content == Content::later || content_upper() != nullptr) return change(node);
  const Result<Attr> before = node.attr();
  if (!before) return fail(before.error());
  const SetAttr times{.atime = before->atime, .mtime = before->mtime};
  const auto steps = [&]() -> Status {
    if (content == Content::copied) {
      const Result<bool> copied = copy_content(node, content);
      if (!copied) return fail(copied.error());
      if (const Status dated = node.set_attr(times); !dated) return dated;
    }
    return change(node);
  };
  const Status done = steps();
  if (done) {
    set_flag(kContentBelow, false);
    return {};
  }
  // Nobody has seen what came of it, and there is room again for what was.
  SetAttr empty = times;
  empty.size = 0;
  static_cast<void>(node.set_attr(empty));
  return done;
}

Result<UpperRoom> OverlayNode::room_needed() {
  Node& lower = *lowers_.front().node;
  UpperRoom room{.inodes = 1};
  if (type() == FileType::symlink) {
    const Result<Link> link = lower.read_link();
    if (!link) return fail(link.error());
    room.bytes += link->text.size();
  }
  // Before the copy-up ours are the lower's, without its marks.
  const Result<std::vector<std::string>> names = list_xattrs();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const Result<std::string> value = get_xattr(name);
    if (!value) return fail(value.error());
    room.bytes += name.size() + value->size();
  }
  return room;
}

Result<LastingUpper::PreparedFile> OverlayState::new_file(Node& near, const NewNode& spec) const {
  if (lasting != nullptr) return lasting->prepare_file(near, spec);
  Result<NodeRef> made = near.create_anonymous(spec);
  if (!made) return fail(made.error());
  return LastingUpper::PreparedFile{.node = std::move(*made), .named = std::nullopt};
}

Result<OverlayNode::Staged> OverlayNode::make_file(Content content) {
  const Result<Attr> attr = lowers_.front().node->attr();
  if (!attr) return fail(attr.error());
  make_own().lower_links = attr->nlink;
  // Made near the place it will have: a host directory may span file systems.
  Ref<OverlayNode> near = place().parent;
  while (near && near->upper() == nullptr) near = near->place().parent;
  const NodeRef directory = near ? NodeRef(near->upper()) : state_.upper->root();
  Result<LastingUpper::PreparedFile> made = state_.new_file(*directory, spec_of(*attr, {}));
  if (!made) return fail(made.error());
  Node& copy = *made->node;
  const Result<bool> left = content == Content::none ? Result<bool>(false) : copy_content(copy, content);
  if (!left) return fail(left.error());
  if (const Status copied = copy_metadata(copy, *attr); !copied) return fail(copied.error());
  auto remembered = note_origin(copy, *attr);
  if (!remembered) return fail(remembered.error());
  return Staged{.file = std::move(*made), .remembered = std::move(*remembered), .content_below = *left};
}

Result<NodeRef> OverlayNode::make_other(OverlayNode& parent, std::string_view name) {
  Node& upper_parent = *parent.upper();
  Node& lower = *lowers_.front().node;
  const Result<Attr> attr = lower.attr();
  if (!attr) return fail(attr.error());
  make_own().lower_links = attr->nlink;
  Result<Link> link = type() == FileType::symlink ? lower.read_link() : Link{};
  if (!link) return fail(link.error());
  make_own().layer_rooted = link->layer_rooted;
  // In an upper with marks it would be a whiteout.
  if (state_.lasting != nullptr && OverlayMarks::is_whiteout(type(), attr->rdev)) return fail(Errc::eperm);
  const NewNode spec = spec_of(*attr, link->text);
  if (state_.lasting != nullptr) return make_lasting(parent, name, spec, *attr);
  Result<NodeRef> made = upper_parent.create(name, spec);
  if (!made) return made;
  if (const Status copied = copy_metadata(**made, *attr); !copied) {
    // Nothing was changed that anybody has seen, so nothing is left behind.
    const Status undone = is_directory() ? upper_parent.rmdir(name) : upper_parent.unlink(name);
    return fail(undone ? copied.error() : undone.error());
  }
  return made;
}

Result<NodeRef> OverlayNode::make_lasting(OverlayNode& parent, std::string_view name, const NewNode& spec,
                                          const Attr& lower) {
  Result<LastingUpper::Prepared> made = state_.lasting->prepare(spec);
  if (!made) return fail(made.error());
  if (const Status copied = copy_metadata(made->node(), lower); !copied) return fail(copied.error());
  if (!is_directory()) {
    auto remembered = note_origin(made->node(), lower);
    if (!remembered) return fail(remembered.error());
    make_own().remembered = std::move(*remembered);
  }
  if (const Status ready = announce(parent, made->node()); !ready) return fail(ready.error());
  Result<NodeRef> placed = made->place(*parent.upper(), name);
  if (!placed) take_back();
  return placed;
}

Result<std::unique_ptr<Remembered>> OverlayNode::note_origin(Node& copy, const Attr& lower) const {
  if (state_.lasting == nullptr) return nullptr;
  OverlayMarks::Origin origin = state_.origin_of(lowers_.front(), lower.ino);
  auto remembered = std::make_unique<Remembered>();
  if (lower.nlink > 1) {
    // The copy's first name is its entry.
    const std::int32_t more = static_cast<std::int32_t>(lower.nlink) - 1;
    const Status set = state_.marks.set_links(copy, more);
    if (set) {
      origin.links_key = state_.links_key(lowers_.front(), lower);
      remembered->more_links = more;
      remembered->links_key = origin.links_key;
    } else if (set.error() != Errc::eperm && set.error() != Errc::enotsup) {
      return fail(set.error());
    }
  }
  if (const Status set = state_.marks.set_origin(copy, origin); !set) return fail(set.error());
  return remembered;
}

Status OverlayNode::announce(OverlayNode& parent, Node& copy) {
  if (const Status noted = parent.note_impure(); !noted) return noted;
  if (is_directory() || remembered()->links_key.empty()) return {};
  return state_.lasting->enter_linked(remembered()->links_key, copy);
}

void OverlayNode::take_back() {
  if (remembered() == nullptr || is_directory() || remembered()->links_key.empty()) return;
  static_cast<void>(state_.lasting->drop_linked(remembered()->links_key));
}

Result<bool> OverlayNode::copy_content(Node& to, Content content) const {
  if (state_.marked[lowers_.front().layer]) {
    const Result<bool> lacking = state_.marks.lacks_content(*lowers_.front().node);
    if (!lacking || *lacking) return fail(lacking ? Errc::eio : lacking.error());
  }
  Result<FilePtr> from = lowers_.front().node->open({.read = true});
  if (!from) return fail(from.error());
  const Result<Attr> attr = lowers_.front().node->attr();
  if (!attr) return fail(attr.error());
  if (attr->size == 0) return false;
  if (std::optional<View> whole = (*from)->view(0, static_cast<std::size_t>(attr->size));
      whole && whole->bytes.size() == attr->size) {
    const Status shared = to.share_content(std::move(*whole));
    if (shared) return false;
    if (shared.error() != Errc::enotsup) return fail(shared.error());
  }
  // What the kernel's overlayfs is to mount has all of its content.
  if (content == Content::later && state_.lasting == nullptr) return true;
  Result<FilePtr> into = to.open({.read = true, .write = true});
  if (!into) return fail(into.error());
  const Status copied = wasifs::copy_content(**from, **into, attr->size);
  return copied ? Result<bool>(false) : fail(copied.error());
}

Status OverlayNode::copy_metadata(Node& to, const Attr& from) {
  // As in room_needed().
  const Result<std::vector<std::string>> names = list_xattrs();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const Result<std::string> value = get_xattr(name);
    if (!value) return fail(value.error());
    if (const Status set = to.set_xattr(name, *value, XattrMode::any); !set) return set;
  }
  SetAttr rest{.atime = from.atime, .mtime = from.mtime};
  // Writing takes these bits from who is not privileged to keep them.
  constexpr std::uint16_t kSetIds = 06000;
  if (type() == FileType::regular && (from.mode & kSetIds) != 0) rest.mode = from.mode;
  return to.set_attr(rest);
}

void OverlayNode::publish(NodeRef upper_node) {
  state_.table.enter_upper(*upper_node, *this);
  upper_.store(upper_node.detach(), std::memory_order_release);
  // Of a file without a name the last handle is the last thing that refers to it.
  if (is_directory() || names_left() > 0) pin();
}

}  // namespace wasifs
