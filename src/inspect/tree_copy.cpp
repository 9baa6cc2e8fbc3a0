// SPDX-License-Identifier: Apache-2.0
#include "inspect/tree_copy.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "inspect/text.h"

namespace wasifs {

namespace {

class Copier {
 public:
  Copier(const Tree& tree, std::string_view path, CopySink& sink)
      : tree_(tree), skipped_(path == "/" ? 1 : path.size() + 1), sink_(sink) {}

  Outcome<void> copy(std::string_view path) {
    const Status walked = tree_.walk(path, [&](const Visited& visited) {
      if (visited.error) {
        result_ = fail(path_error("read", visited.path, *visited.error));
      } else {
        visit(visited);
      }
      return result_ ? WalkNext::on : WalkNext::stop;
    });
    if (result_ && !walked) return fail(path_error("read", path, walked.error()));
    return std::move(result_);
  }

 private:
  void visit(const Visited& visited) {
    const Result<Attr> attr = tree_.attr(visited.node);
    if (!attr) return give_up(visited, attr.error());
    xattrs_.clear();
    if (const Status read = read_xattrs(visited.node); !read) return give_up(visited, read.error());
    // What is no directory has a name wherever it is put.
    const std::string_view path = visited.depth != 0            ? visited.path.substr(skipped_)
                                  : visited.node.is_directory() ? std::string_view()
                                                                : visited.name;
    CopiedEntry entry{.path = path, .attr = *attr, .xattrs = xattrs_};
    if (!visited.node.is_directory() && attr->nlink > 1) {
      const auto [first, fresh] = first_names_.try_emplace(attr->ino, path);
      if (!fresh) {
        entry.link = first->second;
        entry.hard_link = true;
        result_ = sink_.put(entry);
        return;
      }
    }
    if (attr->type == FileType::symlink) return put_link(visited, entry);
    if (attr->type == FileType::regular) return put_file(visited, entry);
    result_ = sink_.put(entry);
  }

  void put_link(const Visited& visited, CopiedEntry& entry) {
    // As the layer has it, not as a mount would show it.
    const Result<Link> link = visited.node.node->read_link();
    if (!link) return give_up(visited, link.error());
    entry.link = link->text;
    result_ = sink_.put(entry);
  }

  void put_file(const Visited& visited, CopiedEntry& entry) {
    const Result<FilePtr> file = tree_.open(visited.node, {});
    if (!file) return give_up(visited, file.error());
    entry.content = file->get();
    result_ = sink_.put(entry);
  }

  void give_up(const Visited& visited, Errc error) {
    // Gone since it was listed.
    if (error == Errc::enoent || error == Errc::estale) return;
    result_ = fail(path_error("read", visited.path, error));
  }

  Status read_xattrs(const VNode& node) {
    const auto names = tree_.list_xattrs(node);
    if (!names) return names.error() == Errc::enotsup ? Status{} : fail(names.error());
    for (const std::string& name : *names) {
      Result<std::string> value = tree_.get_xattr(node, name);
      if (value) {
        xattrs_.emplace_back(name, *std::move(value));
      } else if (value.error() != Errc::enodata) {
        return fail(value.error());
      }
    }
    return {};
  }

  const Tree& tree_;
  const std::size_t skipped_;  ///< bytes of a path that lead to where the copy begins
  CopySink& sink_;
  Outcome<void> result_;
  std::vector<std::pair<std::string, std::string>> xattrs_;
  std::map<std::uint64_t, std::string> first_names_;  ///< by inode, of files with several
};

}  // namespace

void count_loss(std::vector<CopyLoss>& losses, const std::string& what, Errc error, std::string_view path) {
  auto loss = std::ranges::find(losses, what, &CopyLoss::what);
  if (loss == losses.end()) {
    losses.push_back({.what = what, .error = error, .example = std::string(path)});
    loss = losses.end() - 1;
  }
  ++loss->count;
}

Outcome<void> copy_tree(const Tree& tree, std::string_view path, CopySink& sink) {
  return Copier(tree, path, sink).copy(path);
}

}  // namespace wasifs
