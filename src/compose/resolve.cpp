// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "compose/mount.h"
#include "compose/resolve.h"

namespace wasifs {

namespace {

/// One path resolution. Nodes do not know their parents, so it remembers the
/// directories it came through; ".." steps back along them and stays at the
/// first. Iterative: the text of a symlink is put in front of what is left.
class Resolution {
 public:
  Resolution(const Tree& tree, VNode start, std::string_view path, ResolutionLog* log = nullptr)
      : tree_(tree), rest_(path), log_(log) {
    trail_.reserve(8);
    trail_.push_back(std::move(start));
  }

  Result<VNode> run(Follow follow) {
    for (std::string_view name = next(); !name.empty(); name = next()) {
      if (!here().is_directory()) return stop(Errc::enotdir, name);
      if (name == ".") continue;
      if (name == "..") {
        if (trail_.size() > 1) go_back();
        continue;
      }
      Result<VNode> child = tree_.lookup(here(), name);
      if (!child) return stop(child.error(), name);
      // The last component's link is followed on demand; "link/" asks for what
      // it points to in any case.
      if (child->type() == FileType::symlink && (follow == Follow::yes || !rest_.empty())) {
        if (const Status entered = enter_link(*child, name); !entered) return stop(entered.error(), name);
        continue;
      }
      if (log_ != nullptr) log_->names.emplace_back(name);
      trail_.push_back(std::move(*child));
    }
    if (wants_directory_ && !here().is_directory()) return fail(Errc::enotdir);
    return std::move(trail_.back());
  }

 private:
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

  /// The resolution ends with `error` at `name` of here().
  std::unexpected<Errc> stop(Errc error, std::string_view name) {
    if (log_ != nullptr) log_->left = std::string(name).append(rest_);
    return fail(error);
  }

  void go_back() {
    trail_.pop_back();
    if (log_ != nullptr) log_->names.pop_back();
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
      trail_.clear();
      if (log_ != nullptr) log_->restart(start);
      trail_.push_back(std::move(start));
    }
    std::string expanded = std::move(target->text);
    expanded += rest_;
    expanded_ = std::move(expanded);
    rest_ = expanded_;
    return {};
  }

  const Tree& tree_;
  std::string_view rest_;
  std::string expanded_;  ///< what rest_ points into once a link was met
  std::vector<VNode> trail_;
  ResolutionLog* log_;
  unsigned links_ = 0;
  bool wants_directory_ = false;
};

}  // namespace

Result<VNode> resolve_logged(const Tree& tree, const VNode& base, std::string_view path, Follow follow,
                             ResolutionLog& log) {
  log.start = base;
  return Resolution(tree, base, path, &log).run(follow);
}

Result<VNode> Tree::resolve(std::string_view path, Follow follow) const {
  return resolve_at(root(), path, follow);
}

Result<VNode> Tree::resolve_at(const VNode& base, std::string_view path, Follow follow) const {
  if (path.empty()) return fail(Errc::enoent);
  if (path.size() >= kMaxPath) return fail(Errc::enametoolong);
  return Resolution(*this, path.front() == '/' ? root() : base, path).run(follow);
}

}  // namespace wasifs
