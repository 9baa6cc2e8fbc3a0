// SPDX-License-Identifier: Apache-2.0
#include "compose/attribute_pages.h"

#include <charconv>
#include <utility>

#include "base/change_text.h"

namespace wasifs {

std::optional<std::size_t> page_asked_for(std::string_view name, std::string_view base) {
  if (!name.starts_with(base)) return std::nullopt;
  name.remove_prefix(base.size());
  if (name.empty()) return 0;
  // One name for each page: without zeros in front.
  if (name.size() < 2 || name[0] != '.' || name[1] == '0') return std::nullopt;
  std::size_t page = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), page);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return page;
}

Result<std::string> attribute_page(std::string_view text, std::size_t page) {
  if (page > text.size() / kAttributePage) return fail(Errc::enodata);
  return std::string(text.substr(page * kAttributePage, kAttributePage));
}

Result<std::string> LastText::page(const VNode& node, std::size_t page,
                                   FunctionRef<Result<std::string>()> find) {
  if (page != 0) {
    const std::scoped_lock held(lock_);
    if (node_ == node) return attribute_page(text_, page);
  }
  Result<std::string> text = find();
  if (!text || text->size() < kAttributePage) return text && page != 0 ? fail(Errc::enodata) : text;
  Result<std::string> found = attribute_page(*text, page);
  const std::scoped_lock held(lock_);
  node_ = node;
  text_ = *std::move(text);
  return found;
}

}  // namespace wasifs
