// SPDX-License-Identifier: Apache-2.0
#include "inspect/walk.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace wasifs {

namespace {

/// One thing to do in a directory: show a child, or go into it.
struct Step {
  std::string name;
  bool descend = false;
};

/// A directory whose children are being walked.
struct Frame {
  VNode dir;
  std::size_t path_size;  ///< of the directory's own path within the shared one
  std::vector<Step> steps;
  std::size_t next = 0;
  /// Children that were shown and still await their descent.
  std::vector<std::pair<std::string, VNode>> awaiting;
};

/// Of two steps in one directory, which comes first if whole paths are compared:
/// what lies below "a" sorts as "a/", so "a-b" comes between "a" and "a/x".
bool path_less(const Step& a, const Step& b) {
  const auto byte = [](const Step& step, std::size_t at) {
    if (at < step.name.size()) return static_cast<int>(static_cast<unsigned char>(step.name[at]));
    return at == step.name.size() && step.descend ? static_cast<int>('/') : -1;
  };
  const std::size_t end = std::max(a.name.size(), b.name.size()) + 1;
  for (std::size_t at = 0; at < end; ++at) {
    if (byte(a, at) != byte(b, at)) return byte(a, at) < byte(b, at);
  }
  return false;
}

class Walker {
 public:
  Walker(const Walkable& source, WalkOrder order, WalkVisitor visit, WalkTrouble trouble)
      : source_(source), order_(order), visit_(visit), trouble_(trouble) {}

  void run(const VNode& start, std::string_view path) {
    path_ = path;
    const std::size_t slash = path.rfind('/');
    const std::string_view name =
        slash == std::string_view::npos || path == "/" ? path : path.substr(slash + 1);
    if (show(start, name, 0, true) && start.is_directory()) enter(start);
    while (!frames_.empty()) step();
  }

 private:
  void step() {
    Frame& frame = frames_.back();
    if (frame.next == frame.steps.size()) {
      frames_.pop_back();
      return;
    }
    const Step step = std::move(frame.steps[frame.next++]);
    path_.resize(frame.path_size);
    if (!path_.ends_with('/')) path_ += '/';
    path_ += step.name;
    if (step.descend) {
      descend(frame, step.name);
    } else {
      show_child(frame, step.name);
    }
  }

  void show_child(Frame& frame, const std::string& name) {
    Result<VNode> child = source_.lookup(frame.dir, name);
    if (!child) return failed(child.error());
    // After the last name only its own descent may follow.
    const std::size_t left = frame.steps.size() - frame.next;
    const bool last = left == 0 || (left == 1 && frame.steps.back().descend);
    if (show(*child, name, frames_.size(), last) && child->is_directory()) {
      frame.awaiting.emplace_back(name, std::move(*child));
    }
  }

  void descend(Frame& frame, const std::string& name) {
    const auto found = std::ranges::find(frame.awaiting, name, &std::pair<std::string, VNode>::first);
    if (found == frame.awaiting.end()) return;  // it has gone, or is no directory any more
    const VNode dir = std::move(found->second);
    frame.awaiting.erase(found);
    enter(dir);
  }

  bool show(const VNode& node, std::string_view name, std::size_t depth, bool last) {
    const Result<Attr> attr = source_.attr(node);
    if (!attr) {
      failed(attr.error());
      return false;
    }
    WalkEntry entry{
        .path = path_, .name = name, .depth = depth, .last = last, .node = node, .attr = *attr, .target = {}};
    if (attr->type == FileType::symlink) {
      Result<Link> link = source_.read_link(node);
      if (link) {
        entry.target = std::move(link->text);
      } else {
        failed(link.error());
      }
    }
    visit_(entry);
    return true;
  }

  void enter(const VNode& dir) {
    Result<std::vector<std::string>> names = sorted_names(source_, dir);
    if (!names) return failed(names.error());
    Frame frame{.dir = dir, .path_size = path_.size(), .steps = {}, .awaiting = {}};
    for (std::string& name : *names) {
      // Whether there is something to go into is known when it has been shown.
      frame.steps.push_back({.name = name, .descend = false});
      frame.steps.push_back({.name = std::move(name), .descend = true});
    }
    if (order_ == WalkOrder::by_path) std::ranges::sort(frame.steps, path_less);
    frames_.push_back(std::move(frame));
  }

  void failed(Errc error) {
    if (error != Errc::enoent) trouble_(path_, error);
  }

  const Walkable& source_;
  WalkOrder order_;
  WalkVisitor visit_;
  WalkTrouble trouble_;
  std::string path_;
  std::vector<Frame> frames_;
};

}  // namespace

Result<VNode> WalkableFilesystem::lookup(const VNode& dir, std::string_view name) const {
  Result<NodeRef> node = dir.node->lookup(name);
  if (!node) return fail(node.error());
  return VNode{.mount = nullptr, .node = std::move(*node)};
}

Result<std::vector<std::string>> sorted_names(const Walkable& source, const VNode& dir) {
  const Result<DirPtr> open = source.open_dir(dir);
  if (!open) return fail(open.error());
  std::vector<std::string> names;
  const Status read = (*open)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!read) return fail(read.error());
  std::ranges::sort(names);  // char_traits compare as unsigned bytes
  return names;
}

void walk(const Walkable& source, const VNode& start, std::string_view path, WalkOrder order,
          WalkVisitor visit, WalkTrouble trouble) {
  Walker(source, order, visit, trouble).run(start, path);
}

std::string absolute_path(std::string_view path) {
  std::string out;
  for (const std::string_view part : split_path(path)) {
    if (part != ".") out.append("/").append(part);
  }
  return out.empty() ? "/" : out;
}

}  // namespace wasifs
