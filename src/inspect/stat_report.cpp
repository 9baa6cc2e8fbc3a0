// SPDX-License-Identifier: Apache-2.0
#include "inspect/stat_report.h"

#include <sys/sysmacros.h>

#include <ostream>
#include <utility>

#include "inspect/json_text.h"
#include "inspect/walk.h"

namespace wasifs {

namespace {

bool is_device(const Attr& attr) {
  return attr.type == FileType::char_device || attr.type == FileType::block_device;
}

std::string_view layer_text(const Traits& traits) {
  if (traits.immutable) return "immutable";
  if (traits.shared) return "shared with the host";
  return traits.persistent ? "persistent" : "in memory";
}

/// With the part of a second that the long listing leaves out.
std::string precise_time(const Time& time) {
  std::string text = time_string(time);
  const std::string nanos = std::to_string(time.nsec);
  constexpr std::size_t kDigits = 9;
  text.insert(text.size() - 1, "." + std::string(kDigits - nanos.size(), '0') + nanos);
  return text;
}

}  // namespace

Outcome<StatReport> stat_path(const Tree& tree, std::string_view path, Follow follow) {
  const Result<VNode> node = tree.resolve(path, follow);
  if (!node) return fail(path_error("stat", path, node.error()));
  const Result<Attr> attr = tree.attr(*node);
  if (!attr) return fail(path_error("stat", path, attr.error()));
  StatReport report{.path = absolute_path(path),
                    .attr = *attr,
                    .target = {},
                    .read_only = tree.read_only(*node),
                    .traits = tree.traits(*node)};
  if (attr->type == FileType::symlink) {
    Result<Link> link = tree.read_link(*node);
    if (!link) return fail(path_error("read the link", path, link.error()));
    report.target = std::move(link->text);
  }
  return report;
}

void print_stat(std::ostream& out, const StatReport& report) {
  const Attr& attr = report.attr;
  out << "path:      " << display_name(report.path);
  if (attr.type == FileType::symlink) out << " -> " << display_name(report.target);
  out << "\ntype:      " << type_name(attr.type) << "\nsize:      " << counted(attr.size, "byte") << " in "
      << counted(attr.blocks, "block") << " of 512\ninode:     " << attr.ino << "\nlinks:     " << attr.nlink
      << "\nmode:      " << octal_mode(attr.mode) << " (" << mode_string(attr) << ")\nowner:     " << attr.uid
      << ":" << attr.gid << "\n";
  if (is_device(attr)) out << "device:    " << major(attr.rdev) << ", " << minor(attr.rdev) << "\n";
  out << "accessed:  " << precise_time(attr.atime) << "\nmodified:  " << precise_time(attr.mtime)
      << "\nchanged:   " << precise_time(attr.ctime) << "\ncreated:   " << precise_time(attr.btime)
      << "\nlayer:     " << layer_text(report.traits) << (report.read_only ? ", mounted read-only" : "")
      << "\n";
}

void print_stat_json(std::ostream& out, const StatReport& report) {
  const Attr& attr = report.attr;
  JsonObject json;
  json.add("schema", kJsonSchema)
      .add("path", report.path)
      .add("type", type_name(attr.type))
      .add("size", attr.size)
      .add("blocks", attr.blocks)
      .add("mode", attr.mode)
      .add("ino", attr.ino)
      .add("nlink", attr.nlink)
      .add("uid", attr.uid)
      .add("gid", attr.gid)
      .add("rdev", attr.rdev)
      .add("atime_ns", nanoseconds(attr.atime))
      .add("mtime_ns", nanoseconds(attr.mtime))
      .add("ctime_ns", nanoseconds(attr.ctime))
      .add("btime_ns", nanoseconds(attr.btime));
  if (attr.type == FileType::symlink) json.add("target", report.target);
  json.add("read_only", report.read_only)
      .add("immutable", report.traits.immutable)
      .add("shared", report.traits.shared)
      .add("persistent", report.traits.persistent);
  out << json.str() << "\n";
}

}  // namespace wasifs
