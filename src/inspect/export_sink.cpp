// SPDX-License-Identifier: Apache-2.0
#include "inspect/export_sink.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "base/path.h"
#include "inspect/content.h"
#include "inspect/json_text.h"
#include "inspect/text.h"
#include "inspect/walk.h"

namespace wasifs {

namespace {

bool is_device(const Attr& attr) {
  return attr.type == FileType::char_device || attr.type == FileType::block_device;
}

std::string_view mtree_type(FileType type) {
  switch (type) {
    case FileType::regular:
      return "file";
    case FileType::directory:
      return "dir";
    case FileType::symlink:
      return "link";
    case FileType::char_device:
      return "char";
    case FileType::block_device:
      return "block";
    case FileType::fifo:
      return "fifo";
    case FileType::socket:
      break;
  }
  return "socket";
}

/// "FORMAT,MAJOR,MINOR". What readers take for Linux's format has eight bits for each, as
/// it was once; for more there is that of the machine that they run on.
std::string mtree_device(std::uint64_t rdev) {
  constexpr unsigned kMost = 255;
  const unsigned high = major(rdev);
  const unsigned low = minor(rdev);
  return (std::max(high, low) <= kMost ? "linux," : "native,") + std::to_string(high) + "," +
         std::to_string(low);
}

/// "SECONDS.NANOSECONDS", the latter counting up from the former also before 1970, as
/// stat(2) has them.
std::string mtree_time(const Time& time) {
  const std::string nanos = std::to_string(time.nsec);
  return std::to_string(time.sec) + "." + std::string(9 - nanos.size(), '0') + nanos;
}

}  // namespace

Outcome<void> ExportSink::put(const CopiedEntry& entry) {
  std::string sha256;
  if (digest_ && entry.content != nullptr) {
    const Result<Digest> hash = digest_of(*entry.content, entry.attr.size);
    if (!hash) return fail(path_error("read", join_path("/", entry.path), hash.error()));
    sha256 = to_hex(*hash);
  }
  write(entry, sha256);
  return {};
}

JsonExport::JsonExport(std::ostream& out, bool digest) : ExportSink(out, digest) {
  out_ << "{\"schema\":" << kJsonSchema << ",\"entries\":[\n";
}

void JsonExport::finish() { out_ << "\n]}\n"; }

void JsonExport::write(const CopiedEntry& entry, const std::string& sha256) {
  const Attr& attr = entry.attr;
  JsonObject json;
  json.add("path", join_path("/", entry.path))
      .add("type", type_name(attr.type))
      .add("mode", attr.mode)
      .add("uid", attr.uid)
      .add("gid", attr.gid)
      .add("size", attr.size)
      .add("nlink", attr.nlink)
      .add("mtime_ns", nanoseconds(attr.mtime));
  if (is_device(attr)) json.add("rdev", attr.rdev);
  if (entry.hard_link) {
    json.add("link", join_path("/", entry.link));
  } else if (attr.type == FileType::symlink) {
    json.add("target", entry.link);
  }
  if (!entry.xattrs.empty()) {
    JsonObject xattrs;
    for (const auto& [name, value] : entry.xattrs)
      xattrs.add_json(json_string(name), json_string(base64(value)));
    json.add_json("xattrs", xattrs.str());
  }
  if (!sha256.empty()) json.add("sha256", sha256);
  if (!first_) out_ << ",\n";
  first_ = false;
  out_ << json.str();
}

MtreeExport::MtreeExport(std::ostream& out, bool digest) : ExportSink(out, digest) { out_ << "#mtree\n"; }

void MtreeExport::write(const CopiedEntry& entry, const std::string& sha256) {
  const Attr& attr = entry.attr;
  out_ << (entry.path.empty() ? "." : "./" + vis(entry.path)) << " type=" << mtree_type(attr.type)
       << " mode=" << octal_mode(attr.mode) << " uid=" << attr.uid << " gid=" << attr.gid
       << " nlink=" << attr.nlink << " time=" << mtree_time(attr.mtime);
  // By which programs know the names of one file.
  if (attr.type != FileType::directory && attr.nlink > 1) out_ << " inode=" << attr.ino;
  if (attr.type == FileType::regular) out_ << " size=" << attr.size;
  if (attr.type == FileType::symlink && !entry.hard_link) out_ << " link=" << vis(entry.link);
  if (is_device(attr)) out_ << " device=" << mtree_device(attr.rdev);
  if (!sha256.empty()) out_ << " sha256digest=" << sha256;
  out_ << "\n";
}

std::string vis(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    // What the shell's and mtree's own syntax take for something else is no plain character.
    if (byte > ' ' && byte < 0x7f && std::string_view("\\#*?[]=").find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + ((byte >> shift) & 7U));
  }
  return out;
}

}  // namespace wasifs
