// SPDX-License-Identifier: Apache-2.0
// Functions that take a path: how far it may lead, and what is done there.
#include <unistd.h>

#include "wasi/call.h"

namespace wasifs::wasi {

Answer<FdTable::Use> Call::directory(u32 fd, RightSet needed) {
  auto found = state_.fds.use(fd, 0);
  if (!found) return found;
  if (found->open->kind != OpenFile::Kind::directory) return refuse(Errno::notdir);
  if ((found->base & needed) != needed) return refuse(Errno::notcapable);
  return found;
}

Answer<std::string_view> Call::read_path(u32 address, u32 length) {
  if (length >= Tree::kMaxPath) return refuse(Errno::nametoolong);
  const auto from = memory_.range(address, length);
  if (!from) return refuse(from.error());
  // Copied: the guest may change it while it is looked at.
  std::string& path = paths_[path_count_++];
  path.assign(reinterpret_cast<const char*>(from->data()), from->size());
  if (path.find('\0') != std::string::npos) return refuse(Errno::inval);
  return path;
}

std::string Call::working_directory() {
  const std::lock_guard lock(state_.cwd_mutex);
  return state_.cwd;
}

Result<Place> Call::locate_by_policy(const FdTable::Use& from, std::string_view path, Follow follow) {
  const VNode& start = from.open->node;
  if (state_.options.paths == PathPolicy::strict) {
    return tree_.locate_at(start, path, follow, Scope::beneath);
  }
  if (path.starts_with('/')) return tree_.locate_at(tree_.root(), path, follow);
  // The C library of wasix says "./" for the working directory, whatever directory it
  // found the path to be below.
  if (from.from_preopen && path.starts_with("./")) {
    return tree_.locate_at(tree_.root(), working_directory() + "/" + std::string(path), follow);
  }
  Result<Place> place = tree_.locate_at(start, path, follow, Scope::beneath);
  if (place || place.error() != Errc::exdev) return place;
  // It leads out of the directory, which is found by its own path then.
  const std::optional<std::string> above = tree_.path_of(start);
  if (!above) return fail(Errc::enoent);
  return tree_.locate_at(tree_.root(), *above + "/" + std::string(path), follow);
}

Answer<Place> Call::locate(const FdTable::Use& from, std::string_view path, Follow follow) {
  Result<Place> place = locate_by_policy(from, path, follow);
  if (place) return std::move(*place);
  if (place.error() == Errc::exdev) return refuse(Errno::notcapable);
  return refuse_as(place);
}

Answer<Place> Call::locate_name(const FdTable::Use& from, std::string_view path) {
  return locate(from, path, Follow::never);
}

Answer<Place> Call::name_at(u32 fd, RightSet needed, u32 path, u32 length) {
  const auto from = directory(fd, needed);
  if (!from) return refuse(from.error());
  const auto text = read_path(path, length);
  if (!text) return refuse(text.error());
  return locate_name(*from, *text);
}

Answer<VNode> Call::node_at(u32 fd, RightSet needed, u32 flags, u32 path, u32 length) {
  const auto from = directory(fd, needed);
  if (!from) return refuse(from.error());
  if ((flags & ~lookupflag::symlink_follow) != 0) return refuse(Errno::inval);
  const auto text = read_path(path, length);
  if (!text) return refuse(text.error());
  Answer<Place> place = locate(*from, *text, flags != 0 ? Follow::yes : Follow::no);
  if (!place) return refuse(place.error());
  if (!place->node) return refuse(Errno::noent);
  return std::move(*place->node);
}

NewNode Call::new_node(FileType type) const {
  const unsigned mode = type == FileType::directory ? 0777 : 0666;
  return {.type = type,
          .mode = static_cast<std::uint16_t>(type == FileType::symlink ? 0777 : mode & ~state_.options.umask),
          .uid = state_.options.uid.value_or(::geteuid()),
          .gid = state_.options.gid.value_or(::getegid())};
}

Errno Call::path_create_directory(u32 fd, u32 path, u32 length) {
  const Answer<Place> place = name_at(fd, right::path_create_directory, path, length);
  if (!place) return place.error();
  if (place->node) return Errno::exist;
  const Result<VNode> made = tree_.create(place->dir, place->name, new_node(FileType::directory));
  return made ? Errno::success : refuse_as(made).error();
}

Errno Call::path_filestat_get(u32 fd, u32 flags, u32 path, u32 length, u32 out) {
  const Answer<VNode> node = node_at(fd, right::path_filestat_get, flags, path, length);
  if (!node) return node.error();
  const Result<Attr> attr = tree_.attr(*node);
  return attr ? store_filestat(out, *attr) : refuse_as(attr).error();
}

Errno Call::path_filestat_set_times(u32 fd, u32 flags, u32 path, u32 length, u64 atim, u64 mtim,
                                    u32 fst_flags) {
  const Answer<VNode> node = node_at(fd, right::path_filestat_set_times, flags, path, length);
  if (!node) return node.error();
  const Answer<SetAttr> change = times(atim, mtim, fst_flags);
  return change ? told(tree_.set_attr(*node, *change)) : change.error();
}

Errno Call::path_link(u32 old_fd, u32 old_flags, u32 old_path, u32 old_length, u32 new_fd, u32 new_path,
                      u32 new_length) {
  const Answer<VNode> node = node_at(old_fd, right::path_link_source, old_flags, old_path, old_length);
  if (!node) return node.error();
  const Answer<Place> place = name_at(new_fd, right::path_link_target, new_path, new_length);
  if (!place) return place.error();
  if (place->node) return Errno::exist;
  if (place->wants_directory) return Errno::noent;
  return told(tree_.link(place->dir, place->name, *node));
}

Errno Call::path_readlink(u32 fd, u32 path, u32 length, u32 buffer, u32 buffer_length, u32 size_out) {
  const Answer<VNode> node = node_at(fd, right::path_readlink, 0, path, length);
  if (!node) return node.error();
  const Result<Link> link = tree_.read_link(*node);
  if (!link) return refuse_as(link).error();
  const auto to = memory_.range(buffer, buffer_length);
  if (!to) return to.error();
  // What does not fit is left out, as by readlink(2).
  const std::size_t count = std::min<std::size_t>(to->size(), link->text.size());
  if (count != 0) std::memcpy(to->data(), link->text.data(), count);
  return memory_.store(size_out, static_cast<u32>(count));
}

Errno Call::path_remove_directory(u32 fd, u32 path, u32 length) {
  const Answer<Place> place = name_at(fd, right::path_remove_directory, path, length);
  if (!place) return place.error();
  if (!place->node) return Errno::noent;
  if (!place->node->is_directory()) return Errno::notdir;
  // "." cannot be removed by that name, and what ".." names is not empty.
  if (place->name.empty()) return Errno::inval;
  return told(tree_.rmdir(place->dir, place->name));
}

Errno Call::path_unlink_file(u32 fd, u32 path, u32 length) {
  const Answer<Place> place = name_at(fd, right::path_unlink_file, path, length);
  if (!place) return place.error();
  if (!place->node) return Errno::noent;
  if (place->node->is_directory()) return Errno::isdir;
  if (place->wants_directory) return Errno::notdir;
  return told(tree_.unlink(place->dir, place->name));
}

Errno Call::path_rename(u32 fd, u32 old_path, u32 old_length, u32 new_fd, u32 new_path, u32 new_length) {
  const Answer<Place> from = name_at(fd, right::path_rename_source, old_path, old_length);
  if (!from) return from.error();
  const Answer<Place> to = name_at(new_fd, right::path_rename_target, new_path, new_length);
  if (!to) return to.error();
  if (!from->node) return Errno::noent;
  if (from->name.empty() || to->name.empty()) return Errno::busy;
  const bool wants_directory = from->wants_directory || to->wants_directory;
  if (wants_directory && !from->node->is_directory()) return Errno::notdir;
  return told(tree_.rename(from->dir, from->name, to->dir, to->name, RenameMode::replace));
}

Errno Call::path_symlink(u32 old_path, u32 old_length, u32 fd, u32 new_path, u32 new_length) {
  const auto target = read_path(old_path, old_length);
  if (!target) return target.error();
  const Answer<Place> place = name_at(fd, right::path_symlink, new_path, new_length);
  if (!place) return place.error();
  if (target->empty()) return Errno::noent;
  // No path leads to the root but through a descriptor, so no link may say so either.
  if (state_.options.paths == PathPolicy::strict && target->starts_with('/')) return Errno::notcapable;
  if (place->node) return Errno::exist;
  if (place->wants_directory) return Errno::noent;
  NewNode spec = new_node(FileType::symlink);
  spec.target = *target;
  const Result<VNode> made = tree_.create(place->dir, place->name, spec);
  return made ? Errno::success : refuse_as(made).error();
}

}  // namespace wasifs::wasi
