// SPDX-License-Identifier: Apache-2.0

// Foreign bytes as the attributes of an upper: the marks alone, and then an overlay
// that shows what they say. Each line is an attribute: the letter of the node and of
// the name, then the value.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "compose/lasting_upper.h"
#include "compose/overlay.h"
#include "compose/subtree.h"
#include "fs/memory/memory_fs.h"

namespace {

using namespace wasifs;

constexpr std::array<std::string_view, 6> kNames = {
    "trusted.overlay.opaque",   "trusted.overlay.impure", "trusted.overlay.redirect",
    "trusted.overlay.metacopy", "trusted.overlay.nlink",  "trusted.wasifs.overlay.origin"};
constexpr std::array<std::string_view, 4> kNodes = {"d", "d/e", "d/f", "g"};
constexpr int kMaxDepth = 8;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
T must(Result<T> result) {
  require(result.has_value());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// d/e, d/f and g, below `top`.
void fill(const NodeRef& top) {
  const NewNode directory{.type = FileType::directory, .mode = 0755};
  const NodeRef d = must(top->create("d", directory));
  must(d->create("e", directory));
  must(d->create("f", {}));
  must(top->create("g", {}));
}

NodeRef at(NodeRef node, std::string_view path) {
  for (const std::string_view name : split_path(path)) node = must(node->lookup(name));
  return node;
}

/// Marks, read one by one, are what they may be whatever the bytes were.
void check_marks(Node& node) {
  const OverlayMarks marks(MarkSpace::trusted);
  if (const auto directory = marks.of(node)) {
    const std::string& redirect = directory->redirect;
    const std::vector<std::string_view> names = split_path(redirect);
    require(redirect.empty() || !names.empty());
    for (const std::string_view name : names) require(check_name(name).has_value());
    require(redirect.starts_with('/') || names.size() <= 1);
    require(!directory->opaque || redirect.empty());
  }
  static_cast<void>(marks.lacks_content(node));
  static_cast<void>(must(marks.links(node)));
  if (const auto origin = must(marks.origin(node)); origin && !origin->links_key.empty()) {
    require(check_name(origin->links_key).has_value());
    must(marks.set_origin(node, *origin));
    require(must(marks.origin(node))->links_key == origin->links_key);
  }
}

/// Looks at everything that shows, and changes it.
void walk(Node& dir, int depth) {
  const auto open = dir.open_dir();
  if (!open) return;
  std::vector<std::string> names;
  static_cast<void>((*open)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  }));
  for (const std::string& name : names) {
    const auto child = dir.lookup(name);
    if (!child) continue;
    static_cast<void>((*child)->attr());
    static_cast<void>((*child)->list_xattrs());
    if ((*child)->is_directory()) {
      if (depth < kMaxDepth) walk(**child, depth + 1);
      continue;
    }
    static_cast<void>((*child)->open({.read = true, .write = true}));
    static_cast<void>((*child)->set_attr({.mode = 0600}));
  }
  if (names.empty()) return;
  static_cast<void>(dir.rename(names.front(), dir, "moved", RenameMode::replace));
  if (dir.unlink(names.back()) || dir.rmdir(names.back())) static_cast<void>(dir.create(names.back(), {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto disk = std::make_shared<MemoryFilesystem>();
  const auto lower = std::make_shared<MemoryFilesystem>();
  const NewNode directory{.type = FileType::directory, .mode = 0755};
  const NodeRef top = must(disk->root()->create("upper", directory));
  const NodeRef work = must(disk->root()->create("work", directory));
  fill(top);
  fill(lower->root());

  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.size() < 2) continue;
    const std::string_view node = kNodes[static_cast<unsigned char>(line[0]) % kNodes.size()];
    const std::string_view name = kNames[static_cast<unsigned char>(line[1]) % kNames.size()];
    static_cast<void>(at(top, node)->set_xattr(name, line.substr(2), XattrMode::any));
  }
  for (const std::string_view node : kNodes) check_marks(*at(top, node));

  const OverlayMarks marks(MarkSpace::trusted);
  for (int round = 0; round < 2; ++round) {
    const auto overlay =
        std::make_shared<Overlay>(must(Subtree::open(disk, "upper")), std::vector<FilesystemPtr>{lower},
                                  OverlayOptions{}, must(LastingUpper::open(work, marks)));
    walk(*overlay->root(), 0);
  }
  return 0;
}
