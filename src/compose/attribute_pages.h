// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "wasifs/tree.h"

namespace wasifs {

/// Which page of the attribute `base` the name asks for: "BASE" is 0, "BASE.1" is 1.
/// nullopt: another name.
[[nodiscard]] std::optional<std::size_t> page_asked_for(std::string_view name, std::string_view base);
/// enodata: there is no such page.
[[nodiscard]] Result<std::string> attribute_page(std::string_view text, std::size_t page);

/// The text that was told last, as long as somebody may ask for more of it: its pages
/// belong to one moment, and it is found out once. Thread-safe.
class LastText {
 public:
  /// A page of the text that `find` gives for `node`.
  [[nodiscard]] Result<std::string> page(const VNode& node, std::size_t page,
                                         FunctionRef<Result<std::string>()> find);

 private:
  std::mutex lock_;
  std::optional<VNode> node_;
  std::string text_;
};

}  // namespace wasifs
