// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay_marks.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/path.h"

namespace wasifs {

namespace {

constexpr std::array<std::string_view, 4> kPrefixes{"trusted.overlay.", "user.overlay.", "trusted.wasifs.",
                                                    "user.wasifs."};
constexpr std::string_view kOpaque = "opaque";
constexpr std::string_view kImpure = "impure";
constexpr std::string_view kRedirect = "redirect";
constexpr std::string_view kMetacopy = "metacopy";
constexpr std::string_view kLinks = "nlink";
constexpr std::string_view kOrigin = "origin";
constexpr std::string_view kYes = "y";

/// The value, or nullopt where there is none or the layer has no such attributes.
Result<std::optional<std::string>> value_of(Node& node, const std::string& name) {
  Result<std::string> value = node.get_xattr(name);
  if (value) return std::optional(std::move(*value));
  if (value.error() == Errc::enodata || value.error() == Errc::enotsup || value.error() == Errc::eperm) {
    return std::optional<std::string>();
  }
  return fail(value.error());
}

/// Takes a number off the front of `text`.
template <class Number>
bool take(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// "/a/b" or "a", of names that a directory can have.
bool valid_redirect(std::string_view text) {
  if (!text.starts_with('/')) return check_name(text).has_value();
  const std::vector<std::string_view> names = split_path(text);
  return !names.empty() &&
         std::ranges::all_of(names, [](std::string_view name) { return check_name(name).has_value(); });
}

}  // namespace

OverlayMarks::OverlayMarks(MarkSpace space)
    : overlay_(space == MarkSpace::trusted ? "trusted.overlay." : "user.overlay."),
      ours_(space == MarkSpace::trusted ? "trusted.wasifs.overlay." : "user.wasifs.overlay.") {}

bool OverlayMarks::is_mark(std::string_view attribute) const {
  return attribute.starts_with(overlay_) || attribute.starts_with(ours_);
}

bool OverlayMarks::is_any_mark(std::string_view attribute) {
  const auto begins = [&](std::string_view prefix) { return attribute.starts_with(prefix); };
  return std::ranges::any_of(kPrefixes, begins);
}

Result<bool> OverlayMarks::is_whiteout(Node& node) {
  if (node.type() != FileType::char_device) return false;
  const Result<Attr> attr = node.attr();
  if (!attr) return fail(attr.error());
  return is_whiteout(attr->type, attr->rdev);
}

Result<OverlayMarks::Directory> OverlayMarks::of(Node& directory) const {
  Directory marks;
  // Most have none, which is one question instead of three.
  const Result<std::vector<std::string>> names = directory.list_xattrs();
  if (!names && names.error() != Errc::enotsup) return fail(names.error());
  const auto counts = [&](const std::string& name) { return name.starts_with(overlay_); };
  if (!names || std::ranges::none_of(*names, counts)) return marks;
  const auto opaque = value_of(directory, overlay_ + std::string(kOpaque));
  if (!opaque) return fail(opaque.error());
  marks.opaque = *opaque == kYes;
  const auto impure = value_of(directory, overlay_ + std::string(kImpure));
  if (!impure) return fail(impure.error());
  marks.impure = *impure == kYes;
  if (marks.opaque) return marks;
  auto redirect = value_of(directory, overlay_ + std::string(kRedirect));
  if (!redirect) return fail(redirect.error());
  if (!*redirect) return marks;
  if (!valid_redirect(**redirect)) return fail(Errc::einval);
  marks.redirect = std::move(**redirect);
  return marks;
}

Status OverlayMarks::set_opaque(Node& directory) const {
  return directory.set_xattr(overlay_ + std::string(kOpaque), kYes, XattrMode::any);
}

Status OverlayMarks::set_impure(Node& directory) const {
  return directory.set_xattr(overlay_ + std::string(kImpure), kYes, XattrMode::any);
}

Status OverlayMarks::set_redirect(Node& directory, std::string_view redirect) const {
  return directory.set_xattr(overlay_ + std::string(kRedirect), redirect, XattrMode::any);
}

Result<bool> OverlayMarks::lacks_content(Node& file) const {
  const auto value = value_of(file, overlay_ + std::string(kMetacopy));
  return value ? Result<bool>(value->has_value()) : fail(value.error());
}

Result<std::optional<OverlayMarks::Origin>> OverlayMarks::origin(Node& node) const {
  const auto value = value_of(node, ours_ + std::string(kOrigin));
  if (!value) return fail(value.error());
  if (!*value) return std::optional<Origin>();
  // "LAYER:INO" or "LAYER:INO:KEY". What cannot be read is as good as nothing: the
  // node then has its own number.
  std::string_view text = **value;
  Origin origin;
  if (!take(text, origin.layer) || !take(text, ':') || !take(text, origin.ino))
    return std::optional<Origin>();
  if (take(text, ':') && check_name(text)) origin.links_key = text;
  return std::optional(std::move(origin));
}

Status OverlayMarks::set_origin(Node& node, const Origin& origin) const {
  std::string text = std::to_string(origin.layer) + ":" + std::to_string(origin.ino);
  if (!origin.links_key.empty()) text += ":" + origin.links_key;
  const Status set = node.set_xattr(ours_ + std::string(kOrigin), text, XattrMode::any);
  const bool refused = !set && (set.error() == Errc::eperm || set.error() == Errc::enotsup);
  return refused ? Status{} : set;
}

Result<std::int32_t> OverlayMarks::links(Node& node) const {
  const auto value = value_of(node, overlay_ + std::string(kLinks));
  if (!value) return fail(value.error());
  if (!*value) return 0;
  // "U+1", "U-1": relative to the upper's count. The kernel's "L" is relative to a
  // lower that the node alone does not tell.
  std::string_view text = **value;
  std::int32_t more = 0;
  if (!take(text, 'U')) return 0;
  static_cast<void>(take(text, '+'));
  return take(text, more) ? more : 0;
}

Status OverlayMarks::set_links(Node& node, std::int32_t more) const {
  const std::string text = (more < 0 ? "U" : "U+") + std::to_string(more);
  return node.set_xattr(overlay_ + std::string(kLinks), text, XattrMode::any);
}

}  // namespace wasifs
