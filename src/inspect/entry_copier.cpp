// SPDX-License-Identifier: Apache-2.0
#include "inspect/entry_copier.h"

#include "inspect/text.h"

namespace wasifs {

namespace {

Outcome<void> unreadable(std::string_view path, Errc error) {
  // Gone since it was listed.
  if (error == Errc::enoent || error == Errc::estale) return {};
  return fail(path_error("read", path, error));
}

}  // namespace

Outcome<void> EntryCopier::copy(std::string_view path, std::string_view shown, const VNode& node) {
  const Result<Attr> attr = tree_.attr(node);
  if (!attr) return unreadable(shown, attr.error());
  xattrs_.clear();
  if (const Status read = read_xattrs(node); !read) return unreadable(shown, read.error());
  CopiedEntry entry{.path = path, .attr = *attr, .xattrs = xattrs_};
  if (!node.is_directory() && attr->nlink > 1) {
    const auto [first, fresh] = first_names_.try_emplace(attr->ino, path);
    if (!fresh) {
      entry.link = first->second;
      entry.hard_link = true;
      return sink_.put(entry);
    }
  }
  if (attr->type == FileType::symlink) return copy_link(entry, shown, node);
  if (attr->type == FileType::regular) return copy_file(entry, shown, node);
  return sink_.put(entry);
}

Outcome<void> EntryCopier::copy_link(CopiedEntry& entry, std::string_view shown, const VNode& node) {
  // As the layer has it, not as a mount would show it.
  const Result<Link> link = node.node->read_link();
  if (!link) return unreadable(shown, link.error());
  entry.link = link->text;
  return sink_.put(entry);
}

Outcome<void> EntryCopier::copy_file(CopiedEntry& entry, std::string_view shown, const VNode& node) {
  const Result<FilePtr> file = tree_.open(node, {});
  if (!file) return unreadable(shown, file.error());
  entry.content = file->get();
  return sink_.put(entry);
}

Status EntryCopier::read_xattrs(const VNode& node) {
  const auto names = tree_.list_xattrs(node);
  if (!names) return names.error() == Errc::enotsup ? Status{} : fail(names.error());
  for (const std::string& name : *names) {
    if (skip_xattr_(name)) continue;
    Result<std::string> value = tree_.get_xattr(node, name);
    if (value) {
      xattrs_.emplace_back(name, *std::move(value));
    } else if (value.error() != Errc::enodata) {
      return fail(value.error());
    }
  }
  return {};
}

}  // namespace wasifs
