// SPDX-License-Identifier: Apache-2.0
#include "inspect/layer.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/path.h"
#include "compose/overlay_marks.h"
#include "inspect/entry_copier.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

using Kind = UpperChange::Kind;

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::size_t kNamesTold = 10;

/// A directory on the way to where the walk is.
struct Frame {
  VNode dir;
  std::size_t path_size;  ///< of its path in the shared one
  bool is_new;            ///< everything in it counts
  bool handed_over = false;
  std::vector<UpperChange> steps = {};  ///< by name; what did not change is gone into only
  std::size_t next = 0;
};

class LayerWalk {
 public:
  LayerWalk(const Tree& tree, ChangeSource& changes, CopySink& sink, std::vector<CopyLoss>& losses)
      : tree_(tree),
        changes_(changes),
        sink_(sink),
        losses_(losses),
        copier_(tree, sink, OverlayMarks::is_any_mark) {}

  Outcome<LayerCounts> run() {
    frames_.push_back({.dir = tree_.root(), .path_size = 0, .is_new = false});
    if (auto entered = enter(false); !entered) return fail(std::move(entered.error()));
    while (!frames_.empty()) {
      if (auto stepped = step(); !stepped) return fail(std::move(stepped.error()));
    }
    if (refused_count_ != 0) return fail(refusal());
    return counts_;
  }

 private:
  /// Reads the last frame's directory. `replaced`: what lies below it does not show.
  Outcome<void> enter(bool replaced) {
    Frame& frame = frames_.back();
    const std::string shown = join_path("/", path_);
    Outcome<UpperChanges> changes = changes_.changes(shown, frame.dir, frame.is_new);
    if (!changes) return fail(std::move(changes.error()));
    std::set<std::string> removed;
    bool itself = false;
    for (UpperChange& change : *changes) {
      if (change.name.empty()) {
        itself = true;
        replaced = replaced || change.kind == Kind::replaced;
      } else if (change.kind == Kind::removed) {
        removed.insert(std::move(change.name));
      } else if (!frame.is_new) {
        frame.steps.push_back(std::move(change));
      }
    }
    if (auto read = add_others(frame, removed); !read) return read;
    if (itself || replaced) {
      if (auto handed = hand_over_frames(); !handed) return handed;
    }
    if (replaced) {
      ++counts_.opaque;
      if (auto put = put_mark(kOpaque); !put) return put;
    }
    if (frame.is_new || replaced) return {};
    for (const std::string& name : removed) {
      if (auto put = put_whiteout(name); !put) return put;
    }
    return {};
  }

  /// What else the directory has: all of it where that is new, else directories to look into.
  Outcome<void> add_others(Frame& frame, const std::set<std::string>& removed) {
    const std::size_t known = frame.steps.size();
    const auto is_known = [&](std::string_view name) {
      const auto end = frame.steps.begin() + static_cast<std::ptrdiff_t>(known);
      const auto found = std::ranges::lower_bound(frame.steps.begin(), end, name, {}, &UpperChange::name);
      return found != end && found->name == name;
    };
    const Result<DirPtr> listing = tree_.open_dir(frame.dir);
    const Status read = !listing ? fail(listing.error()) : (*listing)->read(0, [&](const DirEntry& entry) {
      const bool wanted = frame.is_new || entry.type == FileType::directory;
      std::string name(entry.name);
      if (!wanted || removed.contains(name) || is_known(name)) return true;
      // "removed" stands for a directory that is not changed itself.
      frame.steps.push_back({std::move(name), frame.is_new ? Kind::whole : Kind::removed});
      return true;
    });
    if (!read && read.error() != Errc::enoent && read.error() != Errc::estale) {
      return fail(path_error("read", join_path("/", path_), read.error()));
    }
    std::ranges::sort(frame.steps, {}, &UpperChange::name);
    return {};
  }

  Outcome<void> step() {
    Frame& frame = frames_.back();
    if (frame.next == frame.steps.size()) {
      frames_.pop_back();
      return {};
    }
    const UpperChange step = std::move(frame.steps[frame.next++]);
    path_.resize(frame.path_size);
    if (!path_.empty()) path_ += '/';
    path_ += step.name;
    Result<VNode> node = tree_.lookup(frame.dir, step.name);
    if (!node) {
      if (node.error() == Errc::enoent) return {};
      return fail(path_error("read", join_path("/", path_), node.error()));
    }
    const bool changed = step.kind != Kind::removed;
    if (changed && !node->is_directory()) {
      if (auto handed = hand_over_frames(); !handed) return handed;
      return put(*node);
    }
    if (!node->is_directory()) return {};
    const bool is_new = step.kind == Kind::whole || step.kind == Kind::replaced;
    frames_.push_back({.dir = *std::move(node), .path_size = path_.size(), .is_new = is_new});
    if (changed) {
      if (auto handed = hand_over_frames(); !handed) return handed;
    }
    return enter(step.kind == Kind::replaced);
  }

  /// The directories on the way come before what is in them, and only where there is any.
  Outcome<void> hand_over_frames() {
    const auto first = std::ranges::find(frames_, false, &Frame::handed_over);
    const std::string path = path_;
    for (auto frame = first; frame != frames_.end(); ++frame) {
      frame->handed_over = true;
      path_.resize(frame->path_size);
      auto handed = put(frame->dir);
      path_ = path;
      if (!handed) return handed;
    }
    return {};
  }

  Outcome<void> put(const VNode& node) {
    const std::string shown = join_path("/", path_);
    if (is_whiteout_name(path_)) return refuse(shown);
    if (node.type() == FileType::char_device) {
      const Result<Attr> attr = tree_.attr(node);
      if (attr && OverlayMarks::is_whiteout(attr->type, attr->rdev)) {
        count_loss(losses_, "device 0:0", Errc::enotsup, path_);
        return {};
      }
    }
    ++counts_.entries;
    return copier_.copy(path_, shown, node);
  }

  Outcome<void> put_whiteout(const std::string& name) {
    if (is_whiteout_name(name)) return refuse(join_path(join_path("/", path_), name));
    if (auto handed = hand_over_frames(); !handed) return handed;
    ++counts_.whiteouts;
    return put_mark(std::string(kWhiteout) + name);
  }

  /// An empty file that says something about its directory, and has the time of that.
  Outcome<void> put_mark(std::string_view name) {
    const Result<Attr> dir = tree_.attr(frames_.back().dir);
    const Attr attr{.type = FileType::regular, .nlink = 1, .mtime = dir ? dir->mtime : Time{}};
    const std::string path = path_.empty() ? std::string(name) : join_path(path_, name);
    return sink_.put({.path = path, .attr = attr});
  }

  static bool is_whiteout_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1).starts_with(kWhiteout);  // npos + 1 is 0
  }

  Outcome<void> refuse(std::string path) {
    if (refused_count_++ < kNamesTold) refused_.push_back(std::move(path));
    return {};
  }

  [[nodiscard]] Diagnostic refusal() {
    Diagnostic error{.trouble = Trouble::source,
                     .message = counted(refused_count_, "name begins", "names begin") +
                                " with \".wh.\", which in a layer deletes another one",
                     .hint = "rename what is named so, or write a package (FILE.webc)"};
    for (const std::string& path : refused_) {
      error.causes.push_back({.trouble = Trouble::source, .message = wasifs::quoted(path)});
    }
    return error;
  }

  const Tree& tree_;
  ChangeSource& changes_;
  CopySink& sink_;
  std::vector<CopyLoss>& losses_;
  EntryCopier copier_;
  std::string path_;  ///< without a slash in front
  std::vector<Frame> frames_;
  LayerCounts counts_;
  std::vector<std::string> refused_;
  std::uint64_t refused_count_ = 0;
};

}  // namespace

Outcome<LayerCounts> copy_layer(const Tree& tree, ChangeSource& changes, CopySink& sink,
                                std::vector<CopyLoss>& losses) {
  return LayerWalk(tree, changes, sink, losses).run();
}

}  // namespace wasifs
