// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "compose/mount.h"
#include "compose/resolve.h"

namespace wasifs {

namespace {

/// The directories that a resolution came through. Few paths are deeper than what
/// needs no allocation.
class Trail {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] VNode& operator[](std::size_t at) { return at < kNear ? near_[at] : far_[at - kNear]; }
  [[nodiscard]] VNode& back() { return (*this)[size_ - 1]; }
  [[nodiscard]] const VNode& back() const { return size_ <= kNear ? near_[size_ - 1] : far_.back(); }

  void push_back(VNode node) {
    if (size_ < kNear) {
      near_[size_] = std::move(node);
    } else {
      far_.push_back(std::move(node));
    }
    ++size_;
  }
  void pop_back() {
    if (size_ > kNear) {
      far_.pop_back();
    } else {
      near_[size_ - 1] = {};
    }
    --size_;
  }
  void clear() {
    while (size_ != 0) pop_back();
  }

 private:
  static constexpr std::size_t kNear = 8;

  std::array<VNode, kNear> near_;
  std::vector<VNode> far_;
  std::size_t size_ = 0;
};

/// One path resolution. Nodes do not know their parents, so it remembers the
/// directories it came through; ".." steps back along them and stays at the
/// first. Iterative: the text of a symlink is put in front of what is left.
class Resolution {
 public:
  Resolution(const Tree& tree, VNode start, std::string_view path, Scope scope, ResolutionLog* log = nullptr)
      : tree_(tree), rest_(path), scope_(scope), log_(log) {
    if (scope == Scope::beneath) base_ = start;
    trail_.push_back(std::move(start));
  }

  Result<VNode> run(Follow follow) {
    const Status walked = walk(follow);
    if (!walked) return fail(walked.error());
    if (!missing_.empty()) return stop(Errc::enoent, missing_);
    if (wants_directory_ && !here().is_directory()) return fail(Errc::enotdir);
    return std::move(trail_.back());
  }

  Result<Place> locate(Follow follow) {
    const Status walked = walk(follow);
    if (!walked) return fail(walked.error());
    Place place{.dir = {}, .name = {}, .node = std::nullopt, .wants_directory = wants_directory_};
    if (!missing_.empty()) {
      place.name = missing_;
      place.dir = std::move(trail_.back());
      return place;
    }
    if (wants_directory_ && !here().is_directory()) return fail(Errc::enotdir);
    place.node = here();
    place.name = last_;
    // Of a path without a name, the directory is its own place.
    place.dir = last_.empty() ? here() : trail_[trail_.size() - 2];
    return place;
  }

 private:
  /// Walks all of the path. What a last component that is missing is called is
  /// then in missing_, with the directory that lacks it at the end of the trail.
  Status walk(Follow follow) {
    for (std::string_view name = next(); !name.empty(); name = next()) {
      if (!here().is_directory()) return stop(Errc::enotdir, name);
      if (name == "." || name == "..") {
        last_ = {};
        wants_directory_ = true;
        if (name == "..") {
          if (const Status back = go_back(); !back) return stop(back.error(), name);
        }
        continue;
      }
      Result<VNode> child = tree_.lookup(here(), name);
      if (!child && child.error() == Errc::enoent && at_end()) {
        missing_ = name;
        return {};
      }
      if (!child) return stop(child.error(), name);
      // The last component's link is followed on demand; "link/" asks for what
      // it points to in any case.
      if (child->type() == FileType::symlink && follows(follow)) {
        if (const Status entered = enter_link(*child, name); !entered) return stop(entered.error(), name);
        continue;
      }
      if (log_ != nullptr) log_->names.emplace_back(name);
      trail_.push_back(std::move(*child));
      last_ = name;
    }
    return {};
  }

  [[nodiscard]] const VNode& here() const { return trail_.back(); }

  /// The next component, "" at the end. What follows it, slashes included, is
  /// left in rest_.
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of('/'), rest_.size()));
    const std::string_view name = rest_.substr(0, rest_.find('/'));
    rest_.remove_prefix(name.size());
    if (!name.empty()) wants_directory_ = !rest_.empty();
    return name;
  }

  /// Nothing but slashes is left.
  [[nodiscard]] bool at_end() const { return rest_.find_first_not_of('/') == std::string_view::npos; }

  /// Whether a link that was just met is followed.
  [[nodiscard]] bool follows(Follow last) const {
    if (last == Follow::never) return !at_end();
    return last == Follow::yes || !rest_.empty();
  }

  /// The resolution ends with `error` at `name` of here().
  std::unexpected<Errc> stop(Errc error, std::string_view name) {
    if (log_ != nullptr) log_->left = std::string(name).append(rest_);
    return fail(error);
  }

  Status go_back() {
    // Where an absolute link led to is a root, and ".." of a root is itself.
    if (trail_.size() == 1) return scope_ == Scope::beneath && !at_root_ ? fail(Errc::exdev) : Status{};
    trail_.pop_back();
    if (log_ != nullptr) log_->names.pop_back();
    return {};
  }

  Status enter_link(const VNode& link, std::string_view name) {
    if (++links_ > Tree::kMaxLinks) return fail(Errc::eloop);
    // As the layer has it: what a mount shows leads to the same file, later.
    Result<Link> target = link.node->read_link();
    if (!target) return fail(target.error());
    if (target->text.empty()) return fail(Errc::enoent);
    if (log_ != nullptr) log_->follow(name, target->text);
    if (target->text.front() == '/') {
      VNode start = target->layer_rooted ? VNode{link.mount, link.mount->root} : tree_.root();
      // All of the tree lies beneath its root, of anything else only itself.
      if (scope_ == Scope::beneath && base_ != tree_.root() && base_ != start) return fail(Errc::exdev);
      at_root_ = true;
      trail_.clear();
      if (log_ != nullptr) log_->restart(start);
      trail_.push_back(std::move(start));
    }
    std::string expanded = std::move(target->text);
    expanded += rest_;
    expanded_ = std::move(expanded);
    rest_ = expanded_;
    last_ = {};
    return {};
  }

  const Tree& tree_;
  VNode base_;  ///< of Scope::beneath
  std::string_view rest_;
  std::string expanded_;  ///< what rest_ points into once a link was met
  Trail trail_;
  std::string_view last_;     ///< the name of the trail's end in the one before it; "" where it has none
  std::string_view missing_;  ///< in the trail's end; "" where all was found
  Scope scope_;
  ResolutionLog* log_;
  unsigned links_ = 0;
  bool wants_directory_ = false;
  bool at_root_ = false;  ///< the trail starts where an absolute link led to
};

/// Whether a resolution of `path` may start.
Status check_path(std::string_view path, Scope scope) {
  if (path.empty()) return fail(Errc::enoent);
  if (path.size() >= Tree::kMaxPath) return fail(Errc::enametoolong);
  return path.front() == '/' && scope == Scope::beneath ? fail(Errc::exdev) : Status{};
}

}  // namespace

Result<VNode> resolve_logged(const Tree& tree, const VNode& base, std::string_view path, Follow follow,
                             ResolutionLog& log) {
  log.start = base;
  return Resolution(tree, base, path, Scope::tree, &log).run(follow);
}

Result<VNode> Tree::resolve(std::string_view path, Follow follow) const {
  return resolve_at(root(), path, follow);
}

Result<VNode> Tree::resolve_at(const VNode& base, std::string_view path, Follow follow, Scope scope) const {
  if (const Status valid = check_path(path, scope); !valid) return fail(valid.error());
  return Resolution(*this, path.front() == '/' ? root() : base, path, scope).run(follow);
}

Result<Place> Tree::locate_at(const VNode& base, std::string_view path, Follow follow, Scope scope) const {
  if (const Status valid = check_path(path, scope); !valid) return fail(valid.error());
  return Resolution(*this, path.front() == '/' ? root() : base, path, scope).locate(follow);
}

}  // namespace wasifs
