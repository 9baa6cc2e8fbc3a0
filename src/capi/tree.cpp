// SPDX-License-Identifier: Apache-2.0
#include "wasifs/tree.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "capi/attributes.h"
#include "capi/boundary.h"
#include "capi/handles.h"

using namespace wasifs;
using namespace wasifs::capi;

namespace {

/// Runs `body` with the tree and the path that came as (path, length).
template <class Body>
int with_path(const wasifs_root* root, const char* path, std::size_t length, Body body) noexcept {
  return guarded([&]() -> Status {
    const auto text = text_of(path, length);
    if (root == nullptr || !text) return fail(Errc::einval);
    return body(root->tree(), *text);
  });
}

/// The same with two texts.
template <class Body>
int with_texts(const wasifs_root* root, const char* first, std::size_t first_len, const char* second,
               std::size_t second_len, Body body) noexcept {
  return with_path(root, first, first_len, [&](const Tree& tree, std::string_view text) -> Status {
    const auto other = text_of(second, second_len);
    if (!other) return fail(Errc::einval);
    return body(tree, text, *other);
  });
}

Follow follow_of(int follow) { return follow == 0 ? Follow::no : Follow::yes; }

/// einval: an unknown flag, or flags that mean nothing together.
Result<OpenHow> how_of(std::uint32_t flags, std::uint32_t mode) {
  constexpr std::uint32_t kKnown = WASIFS_OPEN_READ | WASIFS_OPEN_WRITE | WASIFS_OPEN_APPEND |
                                   WASIFS_OPEN_TRUNCATE | WASIFS_OPEN_CREATE | WASIFS_OPEN_EXCLUSIVE |
                                   WASIFS_OPEN_NOFOLLOW;
  const auto has = [flags](std::uint32_t bit) { return (flags & bit) != 0; };
  const Result<std::uint16_t> bits = mode_of(mode);
  if (has(~kKnown) || !bits) return fail(Errc::einval);
  if (!has(WASIFS_OPEN_READ | WASIFS_OPEN_WRITE)) return fail(Errc::einval);
  if (has(WASIFS_OPEN_APPEND | WASIFS_OPEN_TRUNCATE) && !has(WASIFS_OPEN_WRITE)) return fail(Errc::einval);
  if (has(WASIFS_OPEN_EXCLUSIVE) && !has(WASIFS_OPEN_CREATE)) return fail(Errc::einval);
  return OpenHow{.flags = {.read = has(WASIFS_OPEN_READ),
                           .write = has(WASIFS_OPEN_WRITE),
                           .append = has(WASIFS_OPEN_APPEND),
                           .truncate = has(WASIFS_OPEN_TRUNCATE)},
                 .create = has(WASIFS_OPEN_CREATE),
                 .exclusive = has(WASIFS_OPEN_EXCLUSIVE),
                 .mode = *bits,
                 .follow = has(WASIFS_OPEN_NOFOLLOW) ? Follow::no : Follow::yes};
}

}  // namespace

int wasifs_stat_path(const wasifs_root* root, const char* path, size_t path_len, int follow,
                     wasifs_stat* out) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    const Result<Attr> attr = tree.stat(text, follow_of(follow));
    if (!attr) return fail(attr.error());
    return write_sized(out, stat_of(*attr)) ? Status{} : fail(Errc::einval);
  });
}

int wasifs_set_stat_path(const wasifs_root* root, const char* path, size_t path_len, int follow,
                         uint32_t changes, const wasifs_stat* attributes) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    const std::optional<wasifs_stat> read = read_sized(attributes);
    if (!read) return fail(Errc::einval);
    const Result<SetAttr> change = change_of(changes, *read);
    if (!change) return fail(change.error());
    return tree.set_attr(text, *change, follow_of(follow));
  });
}

int wasifs_open(const wasifs_root* root, const char* path, size_t path_len, uint32_t flags, uint32_t mode,
                wasifs_file** out) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    if (out == nullptr) return fail(Errc::einval);
    const Result<OpenHow> how = how_of(flags, mode);
    if (!how) return fail(how.error());
    auto made = std::make_unique<wasifs_file>();
    made->tree = root->state->root.tree;
    Result<Tree::Opened> opened = tree.open(text, *how);
    if (!opened) return fail(opened.error());
    made->node = std::move(opened->node);
    made->file = std::move(opened->file);
    *out = made.release();
    return {};
  });
}

int wasifs_open_dir(const wasifs_root* root, const char* path, size_t path_len, wasifs_dir** out) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    if (out == nullptr) return fail(Errc::einval);
    auto made = std::make_unique<wasifs_dir>();
    made->tree = root->state->root.tree;
    Result<DirPtr> dir = tree.open_dir(text);
    if (!dir) return fail(dir.error());
    made->dir = std::move(*dir);
    *out = made.release();
    return {};
  });
}

int wasifs_make_dir(const wasifs_root* root, const char* path, size_t path_len, uint32_t mode) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    const Result<std::uint16_t> bits = mode_of(mode);
    return bits ? tree.make_dir(text, *bits) : fail(bits.error());
  });
}

int wasifs_unlink(const wasifs_root* root, const char* path, size_t path_len) {
  return with_path(root, path, path_len,
                   [](const Tree& tree, std::string_view text) { return tree.unlink(text); });
}

int wasifs_remove_dir(const wasifs_root* root, const char* path, size_t path_len) {
  return with_path(root, path, path_len,
                   [](const Tree& tree, std::string_view text) { return tree.remove_dir(text); });
}

int wasifs_rename(const wasifs_root* root, const char* path, size_t path_len, const char* new_path,
                  size_t new_path_len) {
  return with_texts(
      root, path, path_len, new_path, new_path_len,
      [](const Tree& tree, std::string_view from, std::string_view to) { return tree.rename(from, to); });
}

int wasifs_link(const wasifs_root* root, const char* path, size_t path_len, const char* new_path,
                size_t new_path_len) {
  return with_texts(
      root, path, path_len, new_path, new_path_len,
      [](const Tree& tree, std::string_view from, std::string_view to) { return tree.link(from, to); });
}

int wasifs_symlink(const wasifs_root* root, const char* target, size_t target_len, const char* path,
                   size_t path_len) {
  return with_texts(root, target, target_len, path, path_len,
                    [](const Tree& tree, std::string_view text, std::string_view place) {
                      return tree.symlink(text, place);
                    });
}

int wasifs_read_link(const wasifs_root* root, const char* path, size_t path_len, char* buffer, size_t size,
                     size_t* length) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    const Result<Link> link = tree.read_link(text);
    return link ? give_text(link->text, buffer, size, length) : fail(link.error());
  });
}

int wasifs_get_xattr(const wasifs_root* root, const char* path, size_t path_len, const char* name,
                     size_t name_len, char* buffer, size_t size, size_t* length) {
  return with_texts(root, path, path_len, name, name_len,
                    [&](const Tree& tree, std::string_view text, std::string_view attribute) -> Status {
                      const Result<VNode> node = tree.resolve(text);
                      if (!node) return fail(node.error());
                      const Result<std::string> value = tree.get_xattr(*node, attribute);
                      return value ? give_text(*value, buffer, size, length) : fail(value.error());
                    });
}

int wasifs_read_file(const wasifs_root* root, const char* path, size_t path_len, void** data, size_t* size) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    if (data == nullptr || size == nullptr) return fail(Errc::einval);
    const Result<std::string> content = tree.read_file(text);
    if (!content) return fail(content.error());
    // One byte more, so that an empty file is not NULL.
    void* const copy = std::malloc(content->size() + 1);
    if (copy == nullptr) return fail(Errc::enomem);
    std::memcpy(copy, content->c_str(), content->size() + 1);
    *data = copy;
    *size = content->size();
    return {};
  });
}

int wasifs_write_file(const wasifs_root* root, const char* path, size_t path_len, const void* data,
                      size_t size) {
  return with_path(root, path, path_len, [&](const Tree& tree, std::string_view text) -> Status {
    const auto bytes = bytes_of<const char>(data, size);
    if (!bytes) return fail(Errc::einval);
    return tree.write_file(text, std::string_view(bytes->data(), bytes->size()));
  });
}

void wasifs_free(void* memory) { std::free(memory); }
