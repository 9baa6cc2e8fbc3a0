// SPDX-License-Identifier: Apache-2.0
#include "inspect/tree_copy.h"

#include <algorithm>

#include "inspect/entry_copier.h"
#include "inspect/text.h"

namespace wasifs {

void count_loss(std::vector<CopyLoss>& losses, const std::string& what, Errc error, std::string_view path) {
  auto loss = std::ranges::find(losses, what, &CopyLoss::what);
  if (loss == losses.end()) {
    losses.push_back({.what = what, .error = error, .example = std::string(path)});
    loss = losses.end() - 1;
  }
  ++loss->count;
}

Outcome<void> copy_tree(const Tree& tree, std::string_view path, CopySink& sink) {
  EntryCopier copier(tree, sink, [](std::string_view) { return false; });
  // Bytes of a path that lead to where the copy begins.
  const std::size_t skipped = path == "/" ? 1 : path.size() + 1;
  Outcome<void> result;
  const Status walked = tree.walk(path, [&](const Visited& visited) {
    if (visited.error) {
      result = fail(path_error("read", visited.path, *visited.error));
    } else {
      // What is no directory has a name wherever it is put.
      const std::string_view name = visited.depth != 0            ? visited.path.substr(skipped)
                                    : visited.node.is_directory() ? std::string_view()
                                                                  : visited.name;
      result = copier.copy(name, visited.path, visited.node);
    }
    return result ? WalkNext::on : WalkNext::stop;
  });
  if (result && !walked) return fail(path_error("read", path, walked.error()));
  return result;
}

}  // namespace wasifs
