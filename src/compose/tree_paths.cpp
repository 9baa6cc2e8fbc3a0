// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/held_chain.h"
#include "wasifs/tree.h"

namespace wasifs {

namespace {

/// How often open() starts over where others make and remove the name.
constexpr unsigned kMaxTries = 16;

/// What a path ends in, once trailing slashes are gone.
enum class Last : std::uint8_t { name, root, dot, dot_dot };

/// What is about to get or lose a name. Unlike in a Place, a slash behind the name
/// follows no symlink: the kernel looks at the name itself.
struct Entry {
  VNode dir;
  std::string name;
  std::optional<VNode> node;
  Last last = Last::name;
  bool slash = false;
};

std::string_view without_slashes(std::string_view path) {
  return path.substr(0, path.find_last_not_of('/') + 1);
}

Last last_of(std::string_view stripped) {
  const std::string_view name = stripped.substr(stripped.rfind('/') + 1);
  return name.empty() ? Last::root : name == "." ? Last::dot : name == ".." ? Last::dot_dot : Last::name;
}

Result<Entry> find_entry(const Tree& tree, const VNode& base, std::string_view path, Scope scope) {
  const std::string_view stripped = without_slashes(path);
  const Last last = last_of(stripped);
  // Of "/" nothing is left to strip; a path that is too long stays that.
  const bool whole = last == Last::root || path.size() >= Tree::kMaxPath;
  Result<Place> place = tree.locate_at(base, whole ? path : stripped, Follow::no, scope);
  if (!place) return fail(place.error());
  return Entry{.dir = std::move(place->dir),
               .name = std::move(place->name),
               .node = std::move(place->node),
               .last = last,
               .slash = stripped.size() != path.size()};
}

Result<Entry> find_entry(const Tree& tree, std::string_view path) {
  return find_entry(tree, tree.root(), path, Scope::tree);
}

/// Where a name is to be made. eexist; enoent for a slash behind one that is no
/// directory's.
Result<Entry> find_new_entry(const Tree& tree, std::string_view path, bool directory) {
  Result<Entry> entry = find_entry(tree, path);
  if (!entry) return entry;
  if (entry->last != Last::name || entry->node) return fail(Errc::eexist);
  if (entry->slash && !directory) return fail(Errc::enoent);
  return entry;
}

/// A new node of the process.
NewNode own_node(FileType type, std::uint16_t mode) {
  return {.type = type, .mode = mode, .uid = ::geteuid(), .gid = ::getegid()};
}

template <class T>
Status status_of(const Result<T>& result) {
  return result ? Status{} : Status(fail(result.error()));
}

}  // namespace

Result<Attr> Tree::stat(std::string_view path, Follow follow) const {
  const Result<VNode> node = resolve(path, follow);
  return node ? attr(*node) : fail(node.error());
}

Status Tree::set_attr(std::string_view path, const SetAttr& change, Follow follow) const {
  const Result<VNode> node = resolve(path, follow);
  return node ? set_attr(*node, change) : fail(node.error());
}

// ---- Opening ------------------------------------------------------------------

namespace {

/// One try. `lost`: the name was made or removed since it was looked for.
Result<Tree::Opened> open_once(const Tree& tree, const VNode& base, std::string_view path, const OpenHow& how,
                               Scope scope, bool& lost) {
  const Follow follow = how.create && how.exclusive ? Follow::no : how.follow;
  const Result<Place> place = tree.locate_at(base, path, follow, scope);
  if (!place) return fail(place.error());
  if (place->node) {
    if (how.create && how.exclusive) return fail(Errc::eexist);
    Result<FilePtr> file = tree.open(*place->node, how.flags);
    lost = !file && file.error() == Errc::enoent;
    if (!file) return fail(file.error());
    return Tree::Opened{.node = *place->node, .file = *std::move(file)};
  }
  if (!how.create) return fail(Errc::enoent);
  // The text of a link can end in a slash as well.
  if (place->wants_directory) return fail(Errc::eisdir);
  Result<Tree::Created> made =
      tree.create_open(place->dir, place->name, own_node(FileType::regular, how.mode), how.flags);
  // enoent: the directory has gone, and another one may be in its place.
  lost = !made && (made.error() == Errc::eexist || made.error() == Errc::enoent);
  if (!made) return fail(made.error());
  return Tree::Opened{.node = std::move(made->node), .file = std::move(made->file), .created = true};
}

}  // namespace

Result<Tree::Opened> Tree::open(std::string_view path, const OpenHow& how) const {
  return open_at(root(), path, how);
}

Result<Tree::Opened> Tree::open_at(const VNode& base, std::string_view path, const OpenHow& how,
                                   Scope scope) const {
  if (how.create && path.ends_with('/')) {
    // Whatever is there or not: with O_CREAT no directory can be meant.
    const Result<Entry> entry = find_entry(*this, base, path, scope);
    if (!entry) return fail(entry.error());
    return fail(entry->last != Last::name && how.exclusive ? Errc::eexist : Errc::eisdir);
  }
  for (unsigned tried = 1;; ++tried) {
    bool lost = false;
    Result<Opened> opened = open_once(*this, base, path, how, scope, lost);
    if (!lost || !how.create || how.exclusive || tried == kMaxTries) return opened;
  }
}

Result<DirPtr> Tree::open_dir(std::string_view path) const {
  const Result<VNode> node = resolve(path);
  return node ? open_dir(*node) : fail(node.error());
}

// ---- Directories --------------------------------------------------------------

namespace {

Result<std::vector<DirItem>> items_of(const Tree& tree, const VNode& node) {
  const Result<DirPtr> dir = tree.open_dir(node);
  if (!dir) return fail(dir.error());
  std::vector<DirItem> items;
  const Status read = (*dir)->read(0, [&](const DirEntry& entry) {
    items.push_back({.name = std::string(entry.name), .ino = entry.ino, .type = entry.type});
    return true;
  });
  if (!read) return fail(read.error());
  return items;
}

/// A walk in progress: the directories from its start to where it is, few of which are
/// held, and of each the names that are still to be visited, the last one first.
class Walk {
 public:
  Walk(const Tree& tree, const VNode& start, std::string_view path, Visitor visit)
      : tree_(tree), path_(path), visit_(visit), dirs_(start) {}

  void run(const VNode& start) {
    const std::string_view stripped = without_slashes(path_);
    const std::size_t size = std::max<std::size_t>(stripped.size(), 1);
    path_.resize(size);
    const std::string name = stripped.empty() ? "/" : path_.substr(stripped.rfind('/') + 1);
    visit(start, name);
    while (!levels_.empty()) next();
  }

 private:
  struct Level {
    std::size_t path_size;  ///< of the directory's own path in path_
    std::vector<std::string> names;
  };

  void next() {
    Level& level = levels_.back();
    const Result<VNode> dir = level.names.empty() ? fail(Errc::enoent) : last_dir();
    // It has been visited whole, or it has gone since.
    if (!dir) return leave();
    const std::string name = std::move(level.names.back());
    level.names.pop_back();
    const Result<VNode> child = tree_.lookup(*dir, name);
    path_.resize(level.path_size);
    if (!path_.ends_with('/')) path_ += '/';
    path_ += name;
    if (child) visit(*child, name);
  }

  Result<VNode> last_dir() {
    return dirs_.at(dirs_.depth(),
                    [&](const VNode& dir, const std::string& name) { return tree_.lookup(dir, name); });
  }

  void enter(const VNode& node, std::string_view name, Level level) {
    if (!levels_.empty()) dirs_.push(name, node);
    levels_.push_back(std::move(level));
  }

  void leave() {
    levels_.pop_back();
    if (!levels_.empty()) dirs_.pop();
  }

  void visit(const VNode& node, std::string_view name) {
    Visited seen{.path = path_, .name = name, .depth = levels_.size(), .node = node};
    const WalkNext next = visit_(seen);
    if (next == WalkNext::stop) return levels_.clear();
    if (next == WalkNext::skip || !node.is_directory()) return;
    Result<std::vector<DirItem>> items = items_of(tree_, node);
    if (!items) {
      seen.error = items.error();
      if (visit_(seen) == WalkNext::stop) levels_.clear();
      return;
    }
    std::ranges::sort(*items, std::greater{}, &DirItem::name);
    Level level{.path_size = path_.size(), .names = {}};
    level.names.reserve(items->size());
    for (DirItem& item : *items) level.names.push_back(std::move(item.name));
    enter(node, name, std::move(level));
  }

  const Tree& tree_;
  std::string path_;
  Visitor visit_;
  HeldChain<VNode> dirs_;
  std::vector<Level> levels_;  ///< of each of those; of the start as well
};

}  // namespace

Result<std::vector<DirItem>> Tree::read_dir(std::string_view path) const {
  const Result<VNode> node = resolve(path);
  return node ? items_of(*this, *node) : fail(node.error());
}

Status Tree::walk(std::string_view path, Visitor visit) const {
  const Result<VNode> start = resolve(path, Follow::no);
  if (!start) return fail(start.error());
  Walk(*this, *start, path, visit).run(*start);
  return {};
}

// ---- Whole files --------------------------------------------------------------

Result<std::string> Tree::read_file(std::string_view path) const {
  const Result<Opened> opened = open(path);
  if (!opened) return fail(opened.error());
  const Result<Attr> found = attr(opened->node);
  if (!found) return fail(found.error());
  std::string content;
  if (found->size > content.max_size() / 2) return fail(Errc::efbig);
  // One byte more than it seems to have: the read that ends short is the last.
  constexpr std::size_t kMore = 64 * 1024;
  for (std::size_t room = static_cast<std::size_t>(found->size) + 1;; room = kMore) {
    const std::size_t have = content.size();
    content.resize(have + room);
    const auto rest = std::as_writable_bytes(std::span(content)).subspan(have);
    const Result<std::size_t> got = opened->file->read_at(have, rest);
    if (!got) return fail(got.error());
    content.resize(have + *got);
    if (*got < room) return content;
  }
}

Status Tree::write_file(std::string_view path, std::string_view content, std::uint16_t mode) const {
  const OpenHow how{.flags = {.read = false, .write = true, .truncate = true}, .create = true, .mode = mode};
  const Result<Opened> opened = open(path, how);
  if (!opened) return fail(opened.error());
  const auto bytes = std::as_bytes(std::span(content));
  for (std::size_t done = 0; done < bytes.size();) {
    const Result<std::size_t> wrote = opened->file->write_at(done, bytes.subspan(done));
    if (!wrote) return fail(wrote.error());
    if (*wrote == 0) return fail(Errc::enospc);
    done += *wrote;
  }
  return {};
}

Result<std::optional<View>> Tree::view(std::string_view path, std::uint64_t offset,
                                       std::size_t length) const {
  const Result<Opened> opened = open(path);
  if (!opened) return fail(opened.error());
  return opened->file->view(offset, length);
}

// ---- Names --------------------------------------------------------------------

Status Tree::make_dir(std::string_view path, std::uint16_t mode) const {
  const Result<Entry> entry = find_new_entry(*this, path, true);
  if (!entry) return fail(entry.error());
  return status_of(create(entry->dir, entry->name, own_node(FileType::directory, mode)));
}

Status Tree::make_dirs(std::string_view path, std::uint16_t mode) const {
  if (path.empty()) return fail(Errc::enoent);
  if (path.size() >= kMaxPath) return fail(Errc::enametoolong);
  // Each directory on the way by its whole path, since ".." depends on the links
  // before it.
  for (std::size_t end = 0; end < path.size();) {
    end = path.find_first_not_of('/', end);
    if (end == std::string_view::npos) break;
    end = std::min(path.find('/', end), path.size());
    const std::string_view part = path.substr(0, end);
    const Status made = make_dir(part, mode);
    if (made) continue;
    // A read-only mount may still have it.
    const Result<VNode> there = resolve(part);
    if (!there) return made;
    if (!there->is_directory()) return end < path.size() ? fail(Errc::enotdir) : made;
  }
  return {};
}

Status Tree::unlink(std::string_view path) const {
  const Result<Entry> entry = find_entry(*this, path);
  if (!entry) return fail(entry.error());
  if (entry->last != Last::name) return fail(Errc::eisdir);
  if (read_only(entry->dir)) return fail(Errc::erofs);
  if (!entry->node) return fail(Errc::enoent);
  if (entry->slash) return fail(entry->node->is_directory() ? Errc::eisdir : Errc::enotdir);
  return unlink(entry->dir, entry->name);
}

Status Tree::remove_dir(std::string_view path) const {
  const Result<Entry> entry = find_entry(*this, path);
  if (!entry) return fail(entry.error());
  switch (entry->last) {
    case Last::root:
      return fail(Errc::ebusy);
    case Last::dot:
      return fail(Errc::einval);
    case Last::dot_dot:
      return fail(Errc::enotempty);
    case Last::name:
      break;
  }
  return rmdir(entry->dir, entry->name);
}

namespace {

/// What rename(2) says of slashes: only a directory may have them behind its old or
/// new name.
Status check_slashes(const Entry& from, const Entry& to, RenameMode mode) {
  const bool exchange = mode == RenameMode::exchange;
  if (exchange && to.slash && !to.node->is_directory()) return fail(Errc::enotdir);
  if (from.node->is_directory()) return {};
  return from.slash || (to.slash && !exchange) ? fail(Errc::enotdir) : Status{};
}

}  // namespace

Status Tree::rename(std::string_view path, std::string_view new_path, RenameMode mode) const {
  const Result<Entry> from = find_entry(*this, path);
  if (!from) return fail(from.error());
  const Result<Entry> to = find_entry(*this, new_path);
  if (!to) return fail(to.error());
  // In the kernel's order, since several of them may hold at once.
  if (from->dir.mount != to->dir.mount) return fail(Errc::exdev);
  if (from->last != Last::name) return fail(Errc::ebusy);
  const bool no_replace = mode == RenameMode::no_replace;
  if (to->last != Last::name) return fail(no_replace ? Errc::eexist : Errc::ebusy);
  if (read_only(from->dir)) return fail(Errc::erofs);
  if (!from->node) return fail(Errc::enoent);
  if (to->node && no_replace) return fail(Errc::eexist);
  if (!to->node && mode == RenameMode::exchange) return fail(Errc::enoent);
  if (const Status fits = check_slashes(*from, *to, mode); !fits) return fits;
  return rename(from->dir, from->name, to->dir, to->name, mode);
}

Status Tree::link(std::string_view path, std::string_view new_path) const {
  const Result<VNode> target = resolve(path, Follow::no);
  if (!target) return fail(target.error());
  const Result<Entry> entry = find_new_entry(*this, new_path, false);
  if (!entry) return fail(entry.error());
  return link(entry->dir, entry->name, *target);
}

Status Tree::symlink(std::string_view text, std::string_view path) const {
  if (text.empty()) return fail(Errc::enoent);
  if (text.size() >= kMaxPath) return fail(Errc::enametoolong);
  const Result<Entry> entry = find_new_entry(*this, path, false);
  if (!entry) return fail(entry.error());
  NewNode link = own_node(FileType::symlink, 0777);
  link.target = text;
  return status_of(create(entry->dir, entry->name, link));
}

Result<Link> Tree::read_link(std::string_view path) const {
  const Result<VNode> node = resolve(path, Follow::no);
  return node ? read_link(*node) : fail(node.error());
}

}  // namespace wasifs
