// SPDX-License-Identifier: Apache-2.0
#include "wasifs/node.h"

#include "base/path.h"

namespace wasifs {

namespace {

bool past_the_end(std::uint64_t offset, std::uint64_t length) {
  return offset > File::kMaxSize || length > File::kMaxSize - offset;
}

}  // namespace

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (!flags_.read) return fail(Errc::ebadf);
  if (offset > kMaxSize) return fail(Errc::einval);
  if (out.empty()) return 0;
  return do_read(offset, out);
}

Result<std::size_t> File::write_at(std::uint64_t offset, std::span<const std::byte> in) {
  if (!flags_.write) return fail(Errc::ebadf);
  if (in.empty()) return 0;
  if (flags_.append) return do_append(in);
  if (past_the_end(offset, in.size())) return fail(Errc::efbig);
  return do_write(offset, in);
}

Status File::truncate(std::uint64_t size) {
  if (!flags_.write) return fail(Errc::ebadf);
  if (size > kMaxSize) return fail(Errc::efbig);
  return do_truncate(size);
}

Status File::allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) {
  if (!flags_.write) return fail(Errc::ebadf);
  if (length == 0) return fail(Errc::einval);
  if (past_the_end(offset, length)) return fail(Errc::efbig);
  return do_allocate(mode, offset, length);
}

Status File::copy_from(File& source, std::uint64_t size) {
  if (!flags_.write || !source.flags_.read) return fail(Errc::ebadf);
  if (size > kMaxSize) return fail(Errc::efbig);
  return do_copy(source, size);
}

std::optional<View> File::view(std::uint64_t /*offset*/, std::size_t /*length*/) { return std::nullopt; }

// A layer that is never open for writing never gets here.
Result<std::size_t> File::do_write(std::uint64_t, std::span<const std::byte>) { return fail(Errc::ebadf); }
Result<std::size_t> File::do_append(std::span<const std::byte>) { return fail(Errc::ebadf); }
Status File::do_truncate(std::uint64_t) { return fail(Errc::ebadf); }
Status File::do_allocate(AllocateMode, std::uint64_t, std::uint64_t) { return fail(Errc::ebadf); }
Status File::do_copy(File&, std::uint64_t) { return fail(Errc::enotsup); }
Status File::do_sync(bool) { return {}; }

namespace {

/// How a read-only layer answers a change below `node`.
std::unexpected<Errc> refuse_change(const Node& node) {
  return fail(node.is_directory() ? Errc::erofs : Errc::enotdir);
}

}  // namespace

Status Node::set_attr(const SetAttr&) { return fail(Errc::erofs); }
Result<NodeRef> Node::lookup(std::string_view) { return fail(Errc::enotdir); }
Result<DirPtr> Node::open_dir() { return fail(Errc::enotdir); }
Result<FilePtr> Node::open(OpenFlags) { return fail(is_directory() ? Errc::eisdir : Errc::enxio); }
Result<Link> Node::read_link() { return fail(Errc::einval); }
Status Node::share_content(View) { return fail(Errc::enotsup); }
Result<NodeRef> Node::create(std::string_view, const NewNode&) { return refuse_change(*this); }
Result<NodeRef> Node::create_anonymous(const NewNode&) { return refuse_change(*this); }
Status Node::link(std::string_view, Node&) { return refuse_change(*this); }
Status Node::unlink(std::string_view) { return refuse_change(*this); }
Status Node::rmdir(std::string_view) { return refuse_change(*this); }
Status Node::rename(std::string_view, Node&, std::string_view, RenameMode) { return refuse_change(*this); }
Result<std::string> Node::get_xattr(std::string_view) { return fail(Errc::enodata); }
Result<std::vector<std::string>> Node::list_xattrs() { return std::vector<std::string>{}; }
Status Node::set_xattr(std::string_view, std::string_view, XattrMode) { return fail(Errc::erofs); }
Status Node::remove_xattr(std::string_view) { return fail(Errc::erofs); }
Status Node::sync() { return {}; }

std::string Filesystem::path_of(Node& node) { return root().get() == &node ? "/" : ""; }

Origin Filesystem::origin(Node& node) {
  std::string path = path_of(node);
  // A layer of a single file is that file, and has no path inside it.
  if (path == "/" && !node.is_directory()) path.clear();
  return {.source = describe(), .path = std::move(path)};
}

std::vector<LayerTrace> Filesystem::trace_node(Node& node) {
  return {{.layer = describe(), .origin = origin(node), .type = node.type()}};
}

std::vector<LayerTrace> Filesystem::trace_path(std::string_view path) {
  NodeRef node = root();
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> child = node->lookup(name);
    if (!child) return {};
    node = std::move(*child);
  }
  return trace_node(*node);
}

Result<UpperChanges> Filesystem::changes(Node&) { return fail(Errc::enotsup); }

Status Filesystem::room_for(std::uint64_t, std::uint64_t) { return {}; }

}  // namespace wasifs
