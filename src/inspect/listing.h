// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/text.h"
#include "inspect/walk.h"

namespace wasifs {

/// One line of `ls`.
struct Listed {
  std::string name;
  std::string path;
  VNode node;
  Attr attr;
  std::string target;
};

/// What `ls PATH` shows: the entries of the directory PATH (or that a symlink
/// PATH leads to) by name, or else PATH itself. Entries that vanish meanwhile
/// are left out.
[[nodiscard]] Outcome<std::vector<Listed>> list_path(const Tree& tree, std::string_view path);

/// A name a line.
void print_names(std::ostream& out, const std::vector<Listed>& entries, const TextStyle& style);
/// As ls -l: mode, links, owner, group, size or device number, time, name.
void print_long_listing(std::ostream& out, const std::vector<Listed>& entries, const TextStyle& style);
/// {"schema":1,"entries":[…]}, the objects as in entry_json().
void print_listing_json(std::ostream& out, const std::vector<Listed>& entries);

}  // namespace wasifs
