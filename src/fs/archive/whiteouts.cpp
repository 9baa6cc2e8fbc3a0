// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/whiteouts.h"

namespace wasifs::archive {

namespace {

constexpr std::string_view kPrefix = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
/// Other names of aufs's, which say nothing about files.
constexpr std::string_view kReserved = ".wh..wh.";

}  // namespace

void Whiteout::add(std::uint32_t directory, std::string_view name) {
  if (name == kOpaque) {
    tree_.inodes[directory].opaque = true;
    return;
  }
  const std::string_view gone = name.substr(kPrefix.size());
  if (name.starts_with(kReserved) || gone.empty() || gone == "." || gone == "..") return;
  gathered_.push_back({directory, std::string(gone)});
}

void Whiteout::apply() {
  for (const Gathered& gone : gathered_) {
    const auto there = tree_.find(gone.directory, gone.name);
    if (!there) {
      tree_.name(gone.directory, gone.name,
                 tree_.add({.type = FileType::char_device, .mode = 0, .mtime = tree_.inodes[0].mtime}));
    } else if (tree_.inodes[*there].type == FileType::directory) {
      tree_.inodes[*there].opaque = true;
    }
  }
}

}  // namespace wasifs::archive
