// SPDX-License-Identifier: Apache-2.0
#include "ops_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wasifs::test {

namespace {

/// The file system, locked for the time of an operation.
class Locked {
 public:
  explicit Locked(void* user) : fs_(*static_cast<OpsMemory*>(user)), lock_(fs_.mutex) {}
  OpsMemory* operator->() { return &fs_; }
  OpsMemory::Node& operator[](std::uint64_t node) { return fs_.nodes.at(node); }

  /// The node that `dir` has under that name; 0: none.
  std::uint64_t child(std::uint64_t dir, const std::string& name) {
    const auto& children = fs_.nodes.at(dir).children;
    const auto found = children.find(name);
    return found == children.end() ? 0 : found->second;
  }
  void drop_name(std::uint64_t dir, const std::string& name) {
    const std::uint64_t node = child(dir, name);
    fs_.nodes.at(dir).children.erase(name);
    OpsMemory::Node& nameless = fs_.nodes.at(node);
    // Nobody will say of it that it is forgotten.
    if (--nameless.nlink == 0 && !nameless.held) fs_.nodes.erase(node);
  }

 private:
  OpsMemory& fs_;
  std::lock_guard<std::mutex> lock_;
};

int stat_node(void* user, std::uint64_t node, wasifs_stat* out) {
  Locked fs(user);
  if (fs->fail_with != 0) return fs->fail_with;
  const OpsMemory::Node& from = fs[node];
  out->type = from.type;
  out->mode = 0100000 | from.mode;  // with bits of the type, as stat(2) has them
  out->nlink = from.nlink;
  out->uid = from.uid;
  out->gid = from.gid;
  out->size = from.content.size();
  out->atime = from.atime;
  out->mtime = from.mtime;
  return 0;
}

int lookup(void* user, std::uint64_t dir, const char* name, std::size_t length, std::uint64_t* node,
           std::uint32_t* type) {
  {
    Locked fs(user);
    if (fs->fail_with != 0) return fs->fail_with;
    *node = fs.child(dir, std::string(name, length));
    if (*node == 0) return ENOENT;
    *type = fs[*node].type;
    fs[*node].held = true;
  }
  const auto hook = static_cast<OpsMemory*>(user)->after_lookup;  // it may take itself out
  if (hook) hook();
  return 0;
}

// The cookie of an entry is its place in the order of the numbers, which only grow.
int read_dir(void* user, std::uint64_t dir, std::uint64_t cookie, wasifs_dir_sink emit, void* sink) {
  Locked fs(user);
  if (fs->fail_with != 0) return fs->fail_with;
  std::map<std::uint64_t, std::string> by_number;
  for (const auto& [name, node] : fs[dir].children) by_number[node] = name;
  for (auto entry = by_number.upper_bound(cookie); entry != by_number.end(); ++entry) {
    const auto& [node, name] = *entry;
    if (emit(sink, name.data(), name.size(), node, fs[node].type, node) == 0) break;
  }
  return 0;
}

int read_link(void* user, std::uint64_t node, char* buffer, std::size_t size, std::size_t* length) {
  Locked fs(user);
  const std::string& text = fs[node].content;
  std::copy_n(text.data(), std::min(size, text.size()), buffer);
  *length = text.size();
  return 0;
}

int read(void* user, std::uint64_t node, std::uint64_t offset, void* buffer, std::size_t size,
         std::size_t* done) {
  Locked fs(user);
  if (fs->fail_with != 0) return fs->fail_with;
  const std::string& content = fs[node].content;
  if (offset >= content.size()) return 0;
  *done = std::min({size, fs->chunk, content.size() - static_cast<std::size_t>(offset)});
  std::memcpy(buffer, content.data() + offset, *done);
  return 0;
}

int write(void* user, std::uint64_t node, std::uint64_t offset, const void* data, std::size_t size,
          std::size_t* done) {
  Locked fs(user);
  if (fs->fail_with != 0) return fs->fail_with;
  std::string& content = fs[node].content;
  if (offset >= fs->max_content) return 0;
  *done = std::min({size, fs->chunk, fs->max_content - static_cast<std::size_t>(offset)});
  if (content.size() < offset + *done) content.resize(offset + *done);
  std::memcpy(content.data() + offset, data, *done);
  return 0;
}

int set_stat(void* user, std::uint64_t node, std::uint32_t changes, const wasifs_stat* to) {
  Locked fs(user);
  OpsMemory::Node& change = fs[node];
  if ((changes & WASIFS_SET_MODE) != 0) change.mode = to->mode;
  if ((changes & WASIFS_SET_UID) != 0) change.uid = to->uid;
  if ((changes & WASIFS_SET_GID) != 0) change.gid = to->gid;
  if ((changes & WASIFS_SET_SIZE) != 0) change.content.resize(to->size);
  if ((changes & WASIFS_SET_ATIME) != 0) change.atime = to->atime;
  if ((changes & WASIFS_SET_MTIME) != 0) change.mtime = to->mtime;
  return 0;
}

int create(void* user, std::uint64_t dir, const char* name, std::size_t length, const wasifs_stat* attributes,
           const char* target, std::size_t target_length, std::uint64_t* node) {
  Locked fs(user);
  const std::string text(name, length);
  if (fs.child(dir, text) != 0) return EEXIST;
  *node = fs->next++;
  fs->nodes[*node] = {.type = attributes->type,
                      .mode = attributes->mode,
                      .uid = attributes->uid,
                      .gid = attributes->gid,
                      .content = std::string(target, target_length),
                      .children = {},
                      .held = true};
  fs[dir].children[text] = *node;
  return 0;
}

int link(void* user, std::uint64_t dir, const char* name, std::size_t length, std::uint64_t node) {
  Locked fs(user);
  if (!fs[dir].children.emplace(std::string(name, length), node).second) return EEXIST;
  ++fs[node].nlink;
  return 0;
}

int unlink(void* user, std::uint64_t dir, const char* name, std::size_t length) {
  Locked fs(user);
  const std::string text(name, length);
  const std::uint64_t node = fs.child(dir, text);
  if (node == 0) return ENOENT;
  if (fs[node].type == WASIFS_TYPE_DIRECTORY) return EISDIR;
  fs.drop_name(dir, text);
  return 0;
}

int rmdir(void* user, std::uint64_t dir, const char* name, std::size_t length) {
  Locked fs(user);
  const std::string text(name, length);
  const std::uint64_t node = fs.child(dir, text);
  if (node == 0) return ENOENT;
  if (fs[node].type != WASIFS_TYPE_DIRECTORY) return ENOTDIR;
  if (!fs[node].children.empty()) return ENOTEMPTY;
  fs.drop_name(dir, text);
  return 0;
}

int rename(void* user, std::uint64_t dir, const char* name, std::size_t length, std::uint64_t new_dir,
           const char* new_name, std::size_t new_length, int no_replace) {
  Locked fs(user);
  const std::string from(name, length);
  const std::string to(new_name, new_length);
  const std::uint64_t node = fs.child(dir, from);
  const std::uint64_t there = fs.child(new_dir, to);
  if (node == 0) return ENOENT;
  if (there != 0 && no_replace != 0) return EEXIST;
  if (there == node) return 0;
  if (there != 0) fs.drop_name(new_dir, to);
  fs[dir].children.erase(from);
  fs[new_dir].children[to] = node;
  return 0;
}

int sync(void* user, std::uint64_t /*node*/) { return Locked(user)->fail_with; }

void forget(void* user, std::uint64_t node) {
  Locked fs(user);
  fs->forgotten.push_back(node);
  fs[node].held = false;
  if (fs[node].nlink == 0) fs->nodes.erase(node);
}

void destroy(void* user) { ++static_cast<OpsMemory*>(user)->destroyed; }

}  // namespace

OpsMemory::OpsMemory() {
  nodes[1] = {.type = WASIFS_TYPE_DIRECTORY, .mode = 0755, .content = {}, .children = {}};
}

std::uint64_t OpsMemory::add(std::uint64_t dir, const std::string& name, Node node) {
  const std::uint64_t number = next++;
  nodes[number] = std::move(node);
  nodes.at(dir).children[name] = number;
  return number;
}

wasifs_fs_ops OpsMemory::ops() {
  wasifs_fs_ops ops{};
  ops.struct_size = sizeof(ops);
  ops.description = "memory of C";
  ops.stat = stat_node;
  ops.lookup = lookup;
  ops.read_dir = read_dir;
  ops.read_link = read_link;
  ops.read = read;
  ops.write = write;
  ops.set_stat = set_stat;
  ops.create = create;
  ops.link = link;
  ops.unlink = unlink;
  ops.rmdir = rmdir;
  ops.rename = rename;
  ops.sync = sync;
  ops.forget = forget;
  ops.destroy = destroy;
  return ops;
}

}  // namespace wasifs::test
