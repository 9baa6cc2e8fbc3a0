// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace wasifs::test {

namespace {
using Kind = Operation::Kind;
}  // namespace

Model::Place Model::no_way(std::string error) {
  Place place;
  place.error = std::move(error);
  return place;
}

Model::Place Model::find(std::string_view path) const {
  Object* dir = root_.get();
  for (;;) {
    path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    std::string name(path.substr(0, slash));
    const auto found = dir->children.find(name);
    ObjectPtr object = found == dir->children.end() ? nullptr : found->second;
    if (slash == std::string_view::npos) return {dir, std::move(name), std::move(object), ""};
    // The model's symlinks all lead nowhere.
    if (object == nullptr || object->type == FileType::symlink) return no_way("ENOENT");
    if (object->type != FileType::directory) return no_way("ENOTDIR");
    dir = object.get();
    path.remove_prefix(slash);
  }
}

std::string Model::make(const Place& at, FileType type, std::uint16_t mode, std::string text) {
  if (at.object != nullptr) return "EEXIST";
  enter(*at.dir, at.name,
        std::make_shared<Object>(Object{.type = type, .mode = mode, .text = std::move(text)}));
  return "ok";
}

void Model::enter(Object& dir, const std::string& name, ObjectPtr object) {
  dir.mtime.reset();
  if (object == nullptr) {
    dir.children.erase(name);
  } else {
    dir.children[name] = std::move(object);
  }
}

void Model::write(Object& file, std::size_t offset, std::string_view bytes) {
  if (file.text.size() < offset + bytes.size()) file.text.resize(offset + bytes.size(), '\0');
  file.text.replace(offset, bytes.size(), bytes);
  file.mtime.reset();
}

std::string Model::change_file(const Operation& op, const Place& at) {
  ObjectPtr file = at.object;
  if (op.kind == Kind::create_new && file != nullptr) return "EEXIST";
  if (file != nullptr && file->type == FileType::symlink) return "ENOENT";
  if (file != nullptr && file->type == FileType::directory) return "EISDIR";
  if (file == nullptr) {
    const bool creates = op.kind == Kind::create || op.kind == Kind::create_new || op.kind == Kind::put ||
                         op.kind == Kind::append;
    if (!creates) return "ENOENT";
    file = std::make_shared<Object>(Object{.type = FileType::regular, .mode = 0644});
    enter(*at.dir, at.name, file);
  }
  std::string& text = file->text;
  switch (op.kind) {
    case Kind::put:
      text.clear();
      write(*file, 0, op.bytes);
      break;
    case Kind::append:
      write(*file, text.size(), op.bytes);
      break;
    case Kind::truncate:
      text.resize(op.length, '\0');
      file->mtime.reset();
      break;
    case Kind::write_at:
      write(*file, op.offset, op.bytes);
      break;
    case Kind::punch:
      if (op.offset < text.size())
        write(*file, op.offset, std::string(std::min<std::size_t>(op.length, text.size() - op.offset), '\0'));
      break;
    default:
      break;
  }
  return "ok";
}

std::string Model::name_anonymous(const Operation& op, const Place& at) {
  if (at.object != nullptr) return "EEXIST";
  enter(*at.dir, at.name,
        std::make_shared<Object>(Object{.type = FileType::regular, .mode = 0644, .text = op.bytes}));
  return "ok";
}

std::string Model::hold(const Operation& op, const Place& at) {
  if (at.object == nullptr || at.object->type == FileType::symlink) return "ENOENT";
  if (at.object->type == FileType::directory) return "EISDIR";
  held_.at(op.slot) = at.object;
  return "ok";
}

std::string Model::perform_held(const Operation& op) {
  ObjectPtr& slot = held_.at(op.slot);
  if (slot == nullptr) return "nothing held";
  if (op.kind == Kind::held_stat) return stat(*slot);
  if (op.kind == Kind::held_read)
    return "content " + slot->text.substr(std::min<std::size_t>(op.offset, slot->text.size()), op.length);
  if (op.kind == Kind::held_write) {
    write(*slot, op.offset, op.bytes);
  } else {
    slot.reset();
  }
  return "ok";
}

std::string Model::set_attr(const Operation& op, Object& object) {
  if (op.kind == Kind::set_owner) object.owner = op.owner;
  if (op.kind == Kind::set_mtime) object.mtime = Time{.sec = static_cast<std::int64_t>(op.offset)};
  return "ok";
}

std::string Model::stat(const Object& object) {
  ObjectState state = state_of(object);
  state.xattrs.clear();
  state.text = object.type == FileType::regular ? "size " + std::to_string(object.text.size()) : "";
  state.mtime = object.mtime;
  return state.line("");
}

std::string Model::inspect(const Operation& op, const Place& at) const {
  if (at.object == nullptr) return "ENOENT";
  const Object& object = *at.object;
  const bool is_dir = object.type == FileType::directory;
  if (op.kind == Kind::stat) return stat(object);
  if (object.type == FileType::symlink) return "ENOENT";
  if (op.kind == Kind::read) return is_dir ? "EISDIR" : "content " + object.text;
  if (!is_dir) return "ENOTDIR";
  std::string all = "[";
  for (const auto& [name, child] : object.children) all += name + " ";
  return all + "]";
}

std::string Model::link(const Place& from, const Place& to) {
  if (from.object == nullptr) return "ENOENT";
  if (!to.error.empty()) return to.error;
  // Which of the two comes first is not laid down; see perform().
  if (from.object->type == FileType::directory) return to.object != nullptr ? "EPERM or EEXIST" : "EPERM";
  if (to.object != nullptr) return "EEXIST";
  enter(*to.dir, to.name, from.object);
  ++from.object->names;
  return "ok";
}

std::string Model::remove(const Place& at, bool directory) {
  if (at.object == nullptr) return "ENOENT";
  const bool is_dir = at.object->type == FileType::directory;
  if (is_dir != directory) return directory ? "ENOTDIR" : "EISDIR";
  if (!at.object->children.empty()) return "ENOTEMPTY";
  --at.object->names;
  enter(*at.dir, at.name, nullptr);
  return "ok";
}

bool Model::contains(const Object& dir, const Object* sought) {
  if (&dir == sought) return true;
  return std::ranges::any_of(dir.children,
                             [&](const auto& child) { return contains(*child.second, sought); });
}

std::string Model::rename(const Place& from, const Place& to, RenameMode mode) {
  if (!to.error.empty()) return to.error;
  const ObjectPtr moved = from.object;
  const ObjectPtr target = to.object;
  if (moved == nullptr) return "ENOENT";
  if (mode == RenameMode::no_replace && target != nullptr) return "EEXIST";
  if (mode == RenameMode::exchange && target == nullptr) return "ENOENT";
  if (contains(*moved, to.dir)) return "EINVAL";
  if (target != nullptr && contains(*target, from.dir))
    return mode == RenameMode::exchange ? "EINVAL" : "ENOTEMPTY";
  if (moved == target) return "ok";
  if (mode == RenameMode::exchange) {
    enter(*to.dir, to.name, moved);
    enter(*from.dir, from.name, target);
    return "ok";
  }
  if (target != nullptr) {
    const bool onto_dir = target->type == FileType::directory;
    if (onto_dir != (moved->type == FileType::directory)) return onto_dir ? "EISDIR" : "ENOTDIR";
    if (!target->children.empty()) return "ENOTEMPTY";
    --target->names;
  }
  enter(*from.dir, from.name, nullptr);
  enter(*to.dir, to.name, moved);
  return "ok";
}

std::string Model::perform(const Operation& op) {
  if (op.kind > Kind::hold) return perform_held(op);
  const Place at = find(op.path);
  if (!at.error.empty()) return at.error;
  switch (op.kind) {
    case Kind::make_dir:
      return make(at, FileType::directory, 0755, "");
    case Kind::symlink:
      return make(at, FileType::symlink, 0777, "no/such/target");
    case Kind::stat:
    case Kind::list:
    case Kind::read:
      return inspect(op, at);
    case Kind::link:
      return link(at, find(op.other));
    case Kind::unlink:
      return remove(at, false);
    case Kind::rmdir:
      return remove(at, true);
    case Kind::rename:
    case Kind::rename_whiteout:
      return rename(at, find(op.other), RenameMode::replace);
    case Kind::rename_no_replace:
      return rename(at, find(op.other), RenameMode::no_replace);
    case Kind::rename_exchange:
      return rename(at, find(op.other), RenameMode::exchange);
    case Kind::name_anonymous:
      return name_anonymous(op, at);
    case Kind::hold:
      return hold(op, at);
    case Kind::set_owner:
    case Kind::set_mtime:
      return at.object == nullptr ? "ENOENT" : set_attr(op, *at.object);
    case Kind::chmod:
    case Kind::set_xattr:
    case Kind::remove_xattr:
      break;
    default:
      return change_file(op, at);
  }
  if (at.object == nullptr) return "ENOENT";
  if (at.object->type == FileType::symlink) return "symlink";
  if (op.kind == Kind::chmod) at.object->mode = op.mode;
  if (op.kind == Kind::set_xattr) at.object->xattrs["user.k"] = op.bytes;
  if (op.kind == Kind::remove_xattr) return at.object->xattrs.erase("user.k") == 1 ? "ok" : "ENODATA";
  return "ok";
}

ObjectState Model::state_of(const Object& object) {
  ObjectState state{.type = object.type,
                    .mode = object.mode,
                    .uid = object.owner,
                    .gid = object.owner,
                    .nlink = object.names,
                    .text = object.text,
                    .xattrs = object.xattrs};
  if (object.type == FileType::directory) {
    state.nlink = 2 + static_cast<std::uint32_t>(std::ranges::count_if(object.children, [](const auto& c) {
                    return c.second->type == FileType::directory;
                  }));
  }
  return state;
}

std::string Model::dump() const {
  std::map<std::string, std::string> lines{{"/", state_of(*root_).line("/")}};
  std::vector<std::pair<std::string, const Object*>> pending{{"/", root_.get()}};
  while (!pending.empty()) {
    const auto [path, dir] = std::move(pending.back());
    pending.pop_back();
    for (const auto& [name, child] : dir->children) {
      const std::string child_path = join(path, name);
      lines[child_path] = state_of(*child).line(child_path);
      if (child->type == FileType::directory) pending.emplace_back(child_path, child.get());
    }
  }
  std::string all;
  for (const auto& [path, line] : lines) all += line;
  return all;
}

}  // namespace wasifs::test
