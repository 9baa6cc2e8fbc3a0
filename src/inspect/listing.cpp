// SPDX-License-Identifier: Apache-2.0
#include "inspect/listing.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "inspect/entry.h"
#include "inspect/json_text.h"

namespace wasifs {

namespace {

Result<Listed> describe(const Tree& tree, const VNode& node, std::string_view name, std::string path) {
  const Result<Attr> attr = tree.attr(node);
  if (!attr) return fail(attr.error());
  Listed listed{
      .name = std::string(name), .path = std::move(path), .node = node, .attr = *attr, .target = {}};
  if (attr->type == FileType::symlink) {
    Result<Link> link = tree.read_link(node);
    if (!link) return fail(link.error());
    listed.target = std::move(link->text);
  }
  return listed;
}

Outcome<std::vector<Listed>> list_directory(const Tree& tree, const VNode& dir, std::string_view path) {
  const WalkableTree walkable(tree);
  const Result<std::vector<std::string>> names = sorted_names(walkable, dir);
  if (!names) return fail(path_error("list", path, names.error()));
  std::vector<Listed> entries;
  entries.reserve(names->size());
  for (const std::string& name : *names) {
    std::string child_path = join_path(path, name);
    const Result<VNode> child = tree.lookup(dir, name);
    Result<Listed> listed = child ? describe(tree, *child, name, child_path) : fail(child.error());
    if (listed) {
      entries.push_back(std::move(*listed));
    } else if (listed.error() != Errc::enoent) {
      return fail(path_error("read", child_path, listed.error()));
    }
  }
  return entries;
}

/// Columns of the long form that are aligned to the right.
enum Column : std::size_t { kLinks, kOwner, kGroup, kSize, kColumns };

std::array<std::string, kColumns> columns_of(const Attr& attr) {
  const bool device = attr.type == FileType::char_device || attr.type == FileType::block_device;
  return {std::to_string(attr.nlink), std::to_string(attr.uid), std::to_string(attr.gid),
          device ? std::to_string(major(attr.rdev)) + ", " + std::to_string(minor(attr.rdev))
                 : std::to_string(attr.size)};
}

}  // namespace

Outcome<std::vector<Listed>> list_path(const Tree& tree, std::string_view path) {
  const Result<VNode> followed = tree.resolve(path);
  if (followed && followed->is_directory()) return list_directory(tree, *followed, absolute_path(path));
  const Result<VNode> node = tree.resolve(path, Follow::no);
  if (!node) return fail(path_error("list", path, node.error()));
  Result<Listed> listed = describe(tree, *node, path, absolute_path(path));
  if (!listed) return fail(path_error("read", path, listed.error()));
  std::vector<Listed> entries;
  entries.push_back(std::move(*listed));
  return entries;
}

void print_names(std::ostream& out, const std::vector<Listed>& entries, const TextStyle& style) {
  for (const Listed& entry : entries)
    out << colored_name(display_name(entry.name), entry.attr, style) << "\n";
}

void print_long_listing(std::ostream& out, const std::vector<Listed>& entries, const TextStyle& style) {
  std::array<std::size_t, kColumns> widths{};
  for (const Listed& entry : entries) {
    const auto columns = columns_of(entry.attr);
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], columns[i].size());
  }
  for (const Listed& entry : entries) {
    out << mode_string(entry.attr);
    const auto columns = columns_of(entry.attr);
    for (std::size_t i = 0; i < kColumns; ++i) {
      out << ' ' << std::string(widths[i] - columns[i].size(), ' ') << columns[i];
    }
    out << ' ' << time_string(entry.attr.mtime) << ' '
        << colored_name(display_name(entry.name), entry.attr, style);
    if (entry.attr.type == FileType::symlink) out << " -> " << display_name(entry.target);
    out << "\n";
  }
}

void print_listing_json(std::ostream& out, const std::vector<Listed>& entries) {
  out << "{\"schema\":" << kJsonSchema << ",\"entries\":[";
  std::string_view separator = "\n";
  for (const Listed& entry : entries) {
    out << separator
        << entry_json({.path = entry.path,
                       .name = entry.name,
                       .node = entry.node,
                       .attr = entry.attr,
                       .target = entry.target});
    separator = ",\n";
  }
  out << "\n]}\n";
}

}  // namespace wasifs
