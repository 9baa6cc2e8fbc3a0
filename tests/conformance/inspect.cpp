// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

#include "vfs.h"

namespace wasifs::test {

namespace {

/// `text` on one line; a byte that repeats is written once with its count.
std::string escaped(std::string_view text) {
  std::ostringstream out;
  while (!text.empty()) {
    const char c = text.front();
    if (c > ' ' && c < '\x7f' && c != '\\') {
      out << c;
    } else {
      out << "\\x" << std::hex << (static_cast<unsigned>(c) & 0xffU) << std::dec;
    }
    const std::size_t run = std::min(text.find_first_not_of(c), text.size());
    if (run > 1) out << "{" << run << "}";
    text.remove_prefix(run);
  }
  return out.str();
}

template <class T>
T value_or_throw(Result<T> result, const std::string& path) {
  if (!result) throw std::runtime_error(path + ": " + message(result.error()));
  return *std::move(result);
}

ObjectState state_of(Vfs& fs, const std::string& path, bool times) {
  const Attr attr = value_or_throw(fs.lstat(path), path);
  ObjectState state{
      .type = attr.type, .mode = attr.mode, .uid = attr.uid, .gid = attr.gid, .nlink = attr.nlink};
  if (times) state.mtime = attr.mtime;
  switch (attr.type) {
    case FileType::directory:
      break;
    case FileType::regular:
      state.text = value_or_throw(fs.content(path), path);
      break;
    case FileType::symlink:
      state.text = value_or_throw(fs.read_link(path), path);
      break;
    default:
      state.text = std::to_string(attr.rdev);
  }
  if (attr.type == FileType::regular || attr.type == FileType::directory) {
    for (const std::string& name : value_or_throw(fs.list_xattrs(path), path)) {
      if (name.starts_with("user.")) state.xattrs[name] = value_or_throw(fs.get_xattr(path, name), path);
    }
  }
  return state;
}

/// Calls `visit` with every path below `dir`, `dir` first, without recursion.
template <class Visit>
void walk(Vfs& fs, std::string_view dir, Visit visit) {
  std::vector<std::string> pending{std::string(dir)};
  while (!pending.empty()) {
    const std::string path = std::move(pending.back());
    pending.pop_back();
    const std::vector<Listed> entries = value_or_throw(fs.list(path), path);
    visit(path, entries);
    for (const Listed& entry : entries) {
      if (entry.type == FileType::directory) pending.push_back(join(path, entry.name));
    }
  }
}

}  // namespace

std::string ObjectState::line(std::string_view path) const {
  std::ostringstream out;
  out << path << " type=" << static_cast<int>(type) << " mode=" << std::oct << mode << std::dec
      << " owner=" << uid << ":" << gid << " nlink=" << nlink;
  if (mtime) out << " mtime=" << mtime->sec << "." << mtime->nsec;
  if (!text.empty()) out << " text=" << escaped(text);
  for (const auto& [name, value] : xattrs) out << " " << name << "=" << escaped(value);
  out << "\n";
  return out.str();
}

std::string dump(Vfs& fs, std::string_view dir, bool times) {
  std::map<std::string, std::string> lines;
  lines[std::string(dir)] = state_of(fs, std::string(dir), times).line(dir);
  walk(fs, dir, [&](const std::string& path, const std::vector<Listed>& entries) {
    for (const Listed& entry : entries) {
      const std::string child = join(path, entry.name);
      lines[child] = state_of(fs, child, times).line(child);
    }
  });
  std::string all;
  for (const auto& [path, line] : lines) all += line;
  return all;
}

std::string audit(Vfs& fs, std::string_view dir, bool subdirectories_counted) {
  struct Names {
    std::uint32_t count = 0;
    std::uint32_t nlink = 0;
    std::string last;
  };
  std::map<std::uint64_t, Names> files;
  std::ostringstream problems;
  walk(fs, dir, [&](const std::string& path, const std::vector<Listed>& entries) {
    std::set<std::string> seen;
    std::uint32_t subdirectories = 0;
    for (const Listed& entry : entries) {
      const std::string child = join(path, entry.name);
      if (!seen.insert(entry.name).second) problems << child << ": listed twice\n";
      const Result<Attr> attr = fs.lstat(child);
      if (!attr) {
        problems << child << ": listed, but " << message(attr.error()) << "\n";
        continue;
      }
      if (attr->ino != entry.ino)
        problems << child << ": ino " << entry.ino << " listed, stat " << attr->ino << "\n";
      if (attr->type != entry.type) problems << child << ": listed with another type\n";
      if (attr->type == FileType::directory) {
        ++subdirectories;
        continue;
      }
      Names& names = files[attr->ino];
      ++names.count;
      names.nlink = attr->nlink;
      names.last = child;
    }
    const std::uint32_t nlink = value_or_throw(fs.lstat(path), path).nlink;
    const bool uncounted = !subdirectories_counted && nlink == 1;
    if (nlink != subdirectories + 2 && !uncounted) {
      problems << path << ": nlink " << nlink << ", has " << subdirectories << " subdirectories\n";
    }
  });
  for (const auto& [ino, names] : files) {
    if (names.count != names.nlink) {
      problems << names.last << ": nlink " << names.nlink << ", has " << names.count << " names\n";
    }
  }
  return problems.str();
}

}  // namespace wasifs::test
