// SPDX-License-Identifier: Apache-2.0
#include "plan/working_directory.h"

#include "base/path.h"

namespace wasifs::plan {

namespace {

constexpr std::uint16_t kDirectoryMode = 0755;

/// True if a directory made there is gone with the process.
bool keeps_in_memory(const Tree& tree, const VNode& dir) {
  const Traits traits = tree.traits(dir);
  return !tree.read_only(dir) && !traits.persistent && !traits.immutable;
}

}  // namespace

Status make_working_directory(const Tree& tree, std::string_view cwd, Owner owner) {
  VNode above = tree.root();
  for (const std::string_view name : split_path(cwd)) {
    // From the root each time: a symlink on the way may lead up.
    const std::string_view path =
        cwd.substr(0, static_cast<std::size_t>(name.data() + name.size() - cwd.data()));
    Result<VNode> dir = tree.resolve(path);
    if (!dir && dir.error() == Errc::enoent && keeps_in_memory(tree, above)) {
      dir = tree.create(
          above, name,
          {.type = FileType::directory, .mode = kDirectoryMode, .uid = owner.uid, .gid = owner.gid});
      if (!dir && dir.error() == Errc::enospc) return fail(dir.error());
    }
    // What is wrong with it, check_run() says.
    if (!dir || !dir->is_directory()) return {};
    above = *std::move(dir);
  }
  return {};
}

}  // namespace wasifs::plan
