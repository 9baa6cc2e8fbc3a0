// SPDX-License-Identifier: Apache-2.0
#include "inspect/packed_view.h"

#include <memory>
#include <utility>

#include "base/path.h"

namespace wasifs {

namespace {

struct Viewed {
  const Tree& tree;
  const LeftOut& left_out;
};

class ViewListing final : public Dir {
 public:
  ViewListing(DirPtr inner, const Viewed& view, std::string path)
      : inner_(std::move(inner)), view_(view), path_(std::move(path)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    return inner_->read(cookie, [&](const DirEntry& entry) {
      return view_.left_out.contains(join_path(path_, entry.name)) || sink(entry);
    });
  }

 private:
  DirPtr inner_;
  const Viewed& view_;
  std::string path_;
};

class ViewNode final : public Node {
 public:
  ViewNode(std::shared_ptr<const Viewed> view, VNode node, std::string path)
      : Node(node.type()), view_(std::move(view)), node_(std::move(node)), path_(std::move(path)) {}

  Result<Attr> attr() override { return view_->tree.attr(node_); }
  Result<NodeRef> lookup(std::string_view name) override {
    std::string path = join_path(path_, name);
    if (view_->left_out.contains(path)) return fail(Errc::enoent);
    Result<VNode> child = view_->tree.lookup(node_, name);
    if (!child) return fail(child.error());
    return NodeRef(make_ref<ViewNode>(view_, *std::move(child), std::move(path)));
  }
  Result<DirPtr> open_dir() override {
    Result<DirPtr> inner = view_->tree.open_dir(node_);
    if (!inner) return inner;
    return std::make_unique<ViewListing>(*std::move(inner), *view_, path_);
  }
  Result<FilePtr> open(OpenFlags flags) override { return view_->tree.open(node_, flags); }
  /// As the layer has it, not as a mount would show it.
  Result<Link> read_link() override { return node_.node->read_link(); }

 private:
  std::shared_ptr<const Viewed> view_;
  VNode node_;
  std::string path_;
};

}  // namespace

NodeRef packed_view(const Tree& tree, const LeftOut& left_out) {
  return make_ref<ViewNode>(std::make_shared<const Viewed>(tree, left_out), tree.root(), "/");
}

}  // namespace wasifs
