// SPDX-License-Identifier: Apache-2.0
#include "wasi/root_kinds.h"

#include <functional>
#include <stdexcept>
#include <vector>

#include "support/webc_writer.h"

namespace wasifs::test {

namespace {

/// The files of the guests' root, parents before children.
std::vector<WebcEntry> files() {
  std::vector<WebcEntry> all{webc_file("file.txt", "hello\n"),
                             webc_dir("dir"),
                             webc_file("dir/a", "a\n"),
                             webc_file("dir/b", "b\n"),
                             webc_dir("dir/sub"),
                             webc_file("dir/sub/c", "c\n"),
                             webc_dir("empty"),
                             webc_link("link", "file.txt"),
                             webc_link("dangling", "nowhere"),
                             webc_dir("many")};
  for (int i = 0; i < 200; ++i) {
    const std::string digits = std::to_string(1000 + i).substr(1);
    all.push_back(webc_file("many/f" + digits, digits));
  }
  return all;
}

using Chosen = std::function<bool(std::size_t)>;
bool all_of_them(std::size_t /*index*/) { return true; }

void write_directory(const TempDir& dir, const std::string& name, const Chosen& chosen = all_of_them) {
  dir.make_dirs(name);
  const std::vector<WebcEntry> all = files();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string path = name + "/" + all[i].path;
    if (all[i].kind == WebcEntry::Kind::directory) dir.make_dirs(path);
    if (!chosen(i)) continue;
    if (all[i].kind == WebcEntry::Kind::file) dir.write_file(path, all[i].data);
    if (all[i].kind == WebcEntry::Kind::symlink) dir.make_symlink(path, all[i].data);
  }
}

void write_package(const TempDir& dir, const std::string& name, const Chosen& chosen = all_of_them) {
  WebcSpec spec;
  spec.manifest = {
      {"package", {{"wapm", {{"name", "test/root"}, {"version", "1.0.0"}, {"description", ""}}}}}};
  const std::vector<WebcEntry> all = files();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chosen(i)) spec.volumes["/root"].push_back(all[i]);
  }
  dir.write_file(name, write_webc(spec));
}

template <class T>
T must(Result<T> result, const std::string& path) {
  if (!result) throw std::runtime_error(path + ": " + message(result.error()));
  return *std::move(result);
}

void fill(const Tree& tree) {
  for (const WebcEntry& entry : files()) {
    const std::size_t slash = entry.path.rfind('/');
    const std::string parent = slash == std::string::npos ? "/" : entry.path.substr(0, slash);
    const VNode dir = must(tree.resolve(parent), parent);
    NewNode spec{.type = FileType::regular, .mode = 0644};
    if (entry.kind == WebcEntry::Kind::directory) spec = {.type = FileType::directory, .mode = 0755};
    if (entry.kind == WebcEntry::Kind::symlink) spec = {.type = FileType::symlink, .target = entry.data};
    const VNode made = must(tree.create(dir, entry.path.substr(slash + 1), spec), entry.path);
    if (entry.kind != WebcEntry::Kind::file) continue;
    const FilePtr file = must(tree.open(made, {.write = true}), entry.path);
    must(file->write_at(0, std::as_bytes(std::span(entry.data))), entry.path);
  }
}

/// The [[mount]] that a manifest needs for it; "" for memory alone.
std::string make_sources(RootKind kind, const TempDir& dir) {
  switch (kind) {
    case RootKind::memory:
      return "";
    case RootKind::host:
      write_directory(dir, "root");
      return "type = \"host\"\nsource = \"./root\"\naccess = \"rw\"\nwrite-through = true\n";
    case RootKind::overlay:
      write_directory(dir, "root");
      return "type = \"host\"\nsource = \"./root\"\naccess = \"cow\"\n";
    case RootKind::package:
      write_package(dir, "root.webc");
      return "type = \"webc\"\nsource = \"./root.webc\"\n";
    case RootKind::stack:
      break;
  }
  write_directory(dir, "root", [](std::size_t i) { return i % 2 == 0; });
  write_package(dir, "root.webc", [](std::size_t i) { return i % 3 != 0 || i % 2 != 0; });
  return "type = \"overlay\"\nlayers = [\"./root\", \"./root.webc\"]\n";
}

}  // namespace

std::string name_of(RootKind kind) {
  switch (kind) {
    case RootKind::memory:
      return "memory";
    case RootKind::host:
      return "host";
    case RootKind::overlay:
      return "overlay";
    case RootKind::package:
      return "package";
    case RootKind::stack:
      break;
  }
  return "stack";
}

PreparedRoot make_root(RootKind kind, const TempDir& dir) {
  std::string manifest = "manifest-version = 1\n[root]\nbase = \"empty\"\n";
  const std::string mount = make_sources(kind, dir);
  if (!mount.empty()) manifest += "[[mount]]\nguest = \"/\"\n" + mount;
  dir.write_file("root.toml", manifest);
  Outcome<PreparedRoot> root = PreparedRoot::open(dir / "root.toml");
  if (!root) throw std::runtime_error(root.error().text());
  if (kind == RootKind::memory) fill(*root->tree);
  return *std::move(root);
}

}  // namespace wasifs::test
