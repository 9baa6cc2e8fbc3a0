// SPDX-License-Identifier: Apache-2.0
#include "tree_vfs.h"

#include <optional>
#include <utility>

#include "compose/mount_table.h"

namespace wasifs::test {

namespace {

class TreeHandle final : public Handle {
 public:
  TreeHandle(std::shared_ptr<const Tree> tree, VNode node, FilePtr file)
      : tree_(std::move(tree)), node_(std::move(node)), file_(std::move(file)) {}

  [[nodiscard]] const VNode& node() const { return node_; }

  Result<std::string> read(std::uint64_t offset, std::size_t length) override {
    std::string out(length, '\0');
    const Result<std::size_t> got = file_->read_at(offset, std::as_writable_bytes(std::span(out)));
    if (!got) return fail(got.error());
    out.resize(*got);
    return out;
  }
  Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) override {
    return file_->write_at(offset, std::as_bytes(std::span(bytes)));
  }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  Status allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    return file_->allocate(mode, offset, length);
  }
  Result<std::uint64_t> seek_data(std::uint64_t offset) override { return file_->seek_data(offset); }
  Result<std::uint64_t> seek_hole(std::uint64_t offset) override { return file_->seek_hole(offset); }
  Status sync() override { return file_->sync(false); }
  Result<Attr> attr() override { return tree_->attr(node_); }
  Status set_attr(const SetAttr& change) override { return tree_->set_attr(node_, change); }

 private:
  std::shared_ptr<const Tree> tree_;  // first: it goes last
  VNode node_;
  FilePtr file_;
};

class TreeListing final : public Listing {
 public:
  TreeListing(std::shared_ptr<const Tree> tree, DirPtr dir) : tree_(std::move(tree)), dir_(std::move(dir)) {}

  Result<std::vector<Listed>> next(std::size_t count) override {
    std::vector<Listed> some;
    if (count == 0) return some;
    const auto take = [&](const DirEntry& entry) {
      if (some.size() == count) return false;
      some.push_back({.name = std::string(entry.name), .ino = entry.ino, .type = entry.type});
      cookie_ = entry.next;
      return true;
    };
    if (const Status read = dir_->read(cookie_, take); !read) return fail(read.error());
    return some;
  }
  Status rewind() override {
    cookie_ = 0;
    return {};
  }

 private:
  std::shared_ptr<const Tree> tree_;
  DirPtr dir_;
  std::uint64_t cookie_ = 0;
};

}  // namespace

TreeVfs::TreeVfs(FilesystemPtr fs) : tree_(std::make_shared<const Tree>(MountTable(std::move(fs)))) {}

Result<TreeVfs::Place> TreeVfs::place(std::string_view path) const {
  const auto [parent, name] = split_last(path);
  Result<VNode> dir = resolve(parent, Follow::yes);
  if (!dir) return fail(dir.error());
  if (!dir->is_directory()) return fail(Errc::enotdir);
  return Place{.dir = *std::move(dir), .name = std::string(name)};
}

Result<Attr> TreeVfs::stat(std::string_view path) {
  const Result<VNode> node = resolve(path, Follow::yes);
  if (!node) return fail(node.error());
  return tree_->attr(*node);
}

Result<Attr> TreeVfs::lstat(std::string_view path) {
  return at_node(path, [&](const VNode& node) { return tree_->attr(node); });
}

Result<HandlePtr> TreeVfs::open_node(VNode node, OpenFlags flags) const {
  Result<FilePtr> file = tree_->open(node, flags);
  if (!file) return fail(file.error());
  return std::make_unique<TreeHandle>(tree_, std::move(node), *std::move(file));
}

std::optional<std::string> TreeVfs::link_target(const Place& at, std::string_view path) const {
  const Result<VNode> node = tree_->lookup(at.dir, at.name);
  if (!node || node->type() != FileType::symlink) return std::nullopt;
  const Result<Link> link = tree_->read_link(*node);
  if (!link) return std::nullopt;
  return link->text.starts_with('/') ? link->text : join(split_last(path).first, link->text);
}

Result<HandlePtr> TreeVfs::open(std::string_view path, OpenMode mode) {
  // A lost race with another creator or remover of the name starts over, as in
  // the kernel; so does a dangling symlink, at its target.
  std::string target(path);
  for (;;) {
    Result<VNode> node = resolve(target, mode.exclusive ? Follow::no : Follow::yes);
    if (node && mode.exclusive) return fail(Errc::eexist);
    if (node && mode.create && node->is_directory()) return fail(Errc::eisdir);
    if (node) return open_node(*std::move(node), mode.flags);
    if (node.error() != Errc::enoent || !mode.create) return fail(node.error());
    const Result<Place> at = place(target);
    if (!at) return fail(at.error());
    Result<VNode> made = tree_->create(at->dir, at->name, {.type = FileType::regular, .mode = mode.mode});
    if (made) return open_node(*std::move(made), mode.flags);
    if (made.error() != Errc::eexist || mode.exclusive) return fail(made.error());
    if (std::optional<std::string> next = link_target(*at, target)) target = *std::move(next);
  }
}

Result<HandlePtr> TreeVfs::open_anonymous(std::string_view dir, std::uint16_t mode) {
  const Result<VNode> parent = resolve(dir, Follow::yes);
  if (!parent) return fail(parent.error());
  Result<VNode> made = tree_->create_anonymous(*parent, {.type = FileType::regular, .mode = mode});
  if (!made) return fail(made.error());
  return open_node(*std::move(made), {.read = true, .write = true});
}

Status TreeVfs::name_anonymous(Handle& handle, std::string_view path) {
  const Result<Place> at = place(path);
  if (!at) return fail(at.error());
  return tree_->link(at->dir, at->name, dynamic_cast<TreeHandle&>(handle).node());
}

Result<ListingPtr> TreeVfs::open_dir(std::string_view path) {
  const Result<VNode> node = resolve(path, Follow::yes);
  if (!node) return fail(node.error());
  Result<DirPtr> dir = tree_->open_dir(*node);
  if (!dir) return fail(dir.error());
  return std::make_unique<TreeListing>(tree_, *std::move(dir));
}

Result<std::string> TreeVfs::read_link(std::string_view path) {
  return at_node(path, [&](const VNode& node) -> Result<std::string> {
    Result<Link> link = tree_->read_link(node);
    if (!link) return fail(link.error());
    return std::move(link->text);
  });
}

Status TreeVfs::make(std::string_view path, const NewNode& what) {
  const Result<Place> at = place(path);
  if (!at) return fail(at.error());
  const Result<VNode> made = tree_->create(at->dir, at->name, what);
  return made ? Status{} : Status(fail(made.error()));
}

Status TreeVfs::link(std::string_view existing, std::string_view path) {
  const Result<VNode> target = resolve(existing, Follow::no);
  if (!target) return fail(target.error());
  const Result<Place> at = place(path);
  if (!at) return fail(at.error());
  return tree_->link(at->dir, at->name, *target);
}

Status TreeVfs::unlink(std::string_view path) {
  const Result<Place> at = place(path);
  if (!at) return fail(at.error());
  return tree_->unlink(at->dir, at->name);
}

Status TreeVfs::rmdir(std::string_view path) {
  const Result<Place> at = place(path);
  if (!at) return fail(at.error());
  return tree_->rmdir(at->dir, at->name);
}

Status TreeVfs::rename(std::string_view from, std::string_view to, RenameMode mode) {
  const Result<Place> old_place = place(from);
  if (!old_place) return fail(old_place.error());
  const Result<Place> new_place = place(to);
  if (!new_place) return fail(new_place.error());
  return tree_->rename(old_place->dir, old_place->name, new_place->dir, new_place->name, mode);
}

Status TreeVfs::set_attr(std::string_view path, const SetAttr& change) {
  return at_node(path, [&](const VNode& node) { return tree_->set_attr(node, change); });
}

Result<std::string> TreeVfs::get_xattr(std::string_view path, std::string_view name) {
  return at_node(path, [&](const VNode& node) { return tree_->get_xattr(node, name); });
}

Result<std::vector<std::string>> TreeVfs::list_xattrs(std::string_view path) {
  return at_node(path, [&](const VNode& node) { return tree_->list_xattrs(node); });
}

Status TreeVfs::set_xattr(std::string_view path, std::string_view name, std::string_view value,
                          XattrMode mode) {
  return at_node(path, [&](const VNode& node) { return tree_->set_xattr(node, name, value, mode); });
}

Status TreeVfs::remove_xattr(std::string_view path, std::string_view name) {
  return at_node(path, [&](const VNode& node) { return tree_->remove_xattr(node, name); });
}

Result<StatFs> TreeVfs::statfs(std::string_view path) {
  return at_node(path, [&](const VNode& node) { return tree_->statfs(node); });
}

}  // namespace wasifs::test
