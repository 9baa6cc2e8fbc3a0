// SPDX-License-Identifier: Apache-2.0
#include "compose/rebase.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/path.h"
#include "compose/mount.h"
#include "compose/provenance.h"
#include "compose/resolve.h"

namespace wasifs {

namespace {

using Names = std::span<const std::string_view>;

/// Longest text that Linux gives: a page, with its NUL.
constexpr std::size_t kMaxText = 4095;

std::string path_of(Names names) {
  std::string path;
  for (const std::string_view name : names) path.append("/").append(name);
  return path;
}

/// `names`, which lead nowhere, without the ".." that would lead above the start.
std::string clamped(Names names) {
  std::vector<std::string_view> kept;
  std::size_t level = 0;
  for (const std::string_view name : names) {
    if (name == ".." && level == 0) continue;
    level = name == ".." ? level - 1 : level + 1;
    kept.push_back(name);
  }
  return path_of(kept);
}

/// From the directory of `link` to `target`, both absolute and of one tree.
std::string relative(std::string_view link, std::string_view target) {
  const std::vector<std::string_view> from = split_path(link);
  std::string text;
  for (std::size_t i = 1; i < from.size(); ++i) text += "../";
  text += target.substr(std::min<std::size_t>(target.find_first_not_of('/'), target.size()));
  if (text.empty()) text = ".";
  return text;
}

/// The place in the tree that `names` lead to from the root of `mount`, as
/// resolve() goes; nullopt where there is nothing.
std::optional<std::string> lead(const Tree& tree, const Mount& mount, Names names) {
  ResolutionLog log;
  const VNode base{&mount, mount.root};
  const std::string path = path_of(names).substr(1);
  if (!resolve_logged(tree, base, path, Follow::yes, log)) return std::nullopt;
  std::optional<std::string> place = place_of(log.start);
  if (!place) return std::nullopt;
  if (*place == "/") place->clear();
  for (const std::string& name : log.names) place->append("/").append(name);
  return place;
}

}  // namespace

void rebase_link(const Tree& tree, const VNode& node, Link& link) {
  const Mount& mount = *node.mount;
  if (!link.layer_rooted || !link.text.starts_with('/') || !mount.root->is_directory()) return;
  const std::vector<std::string_view> names = split_path(link.text);
  // A slash at the end asks for a directory.
  const std::string_view tail = link.text.ends_with('/') && !names.empty() ? "/" : "";
  const auto last_parent = std::ranges::find(names.rbegin(), names.rend(), "..").base() - names.begin();
  const Names leading = Names(names).first(static_cast<std::size_t>(last_parent));
  const Names rest = Names(names).subspan(leading.size());

  std::string text;
  if (leading.empty()) {
    const std::optional<std::string> here = place_in_mount(node);
    if (!here) return;
    text = relative(*here, path_of(rest).append(tail));
  } else if (const auto there = lead(tree, mount, leading)) {
    const std::optional<std::string> here = place_of(node);
    if (!here) return;
    text = relative(*here, *there + path_of(rest).append(tail));
  } else {
    const std::optional<std::string> here = place_in_mount(node);
    if (!here) return;
    text = relative(*here, clamped(leading) + path_of(rest).append(tail));
  }
  if (text.size() > kMaxText) return;
  link = {.text = std::move(text), .layer_rooted = false};
}

}  // namespace wasifs
