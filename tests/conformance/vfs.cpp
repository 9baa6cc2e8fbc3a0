// SPDX-License-Identifier: Apache-2.0
#include "vfs.h"

#include <algorithm>
#include <utility>

namespace wasifs::test {

Status Vfs::mkdir(std::string_view path, std::uint16_t mode) {
  return make(path, {.type = FileType::directory, .mode = mode});
}

Status Vfs::symlink(std::string_view text, std::string_view path) {
  return make(path, {.type = FileType::symlink, .mode = 0777, .target = text});
}

Status Vfs::chmod(std::string_view path, std::uint16_t mode) {
  SetAttr change;
  change.mode = mode;
  return set_attr(path, change);
}

Status Vfs::chown(std::string_view path, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid) {
  SetAttr change;
  change.uid = uid;
  change.gid = gid;
  return set_attr(path, change);
}

Status Vfs::truncate(std::string_view path, std::uint64_t size) {
  SetAttr change;
  change.size = size;
  return set_attr(path, change);
}

Status Vfs::set_times(std::string_view path, std::optional<Time> atime, std::optional<Time> mtime) {
  SetAttr change;
  change.atime = atime;
  change.mtime = mtime;
  return set_attr(path, change);
}

Result<std::vector<Listed>> Vfs::list(std::string_view path) {
  const Result<ListingPtr> listing = open_dir(path);
  if (!listing) return fail(listing.error());
  std::vector<Listed> all;
  for (;;) {
    const Result<std::vector<Listed>> some = (*listing)->next(1000);
    if (!some) return some;
    if (some->empty()) break;
    all.insert(all.end(), some->begin(), some->end());
  }
  std::ranges::sort(all, {}, &Listed::name);
  return all;
}

namespace {

Status write_whole(Vfs& fs, std::string_view path, OpenMode mode, std::string_view content) {
  mode.create = true;
  const Result<HandlePtr> file = fs.open(path, mode);
  if (!file) return fail(file.error());
  for (std::size_t done = 0; done < content.size();) {
    const Result<std::size_t> written = (*file)->write(done, content.substr(done));
    if (!written) return fail(written.error());
    done += *written;
  }
  return {};
}

}  // namespace

Status Vfs::put(std::string_view path, std::string_view content) {
  return write_whole(*this, path, kTruncate, content);
}

Status Vfs::append(std::string_view path, std::string_view content) {
  return write_whole(*this, path, kAppend, content);
}

Result<std::string> Vfs::content(std::string_view path) {
  const Result<HandlePtr> file = open(path, kRead);
  if (!file) return fail(file.error());
  std::string all;
  for (;;) {
    const Result<std::string> some = (*file)->read(all.size(), std::size_t{1} << 16U);
    if (!some) return some;
    if (some->empty()) return all;
    all += *some;
  }
}

std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"/", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string join(std::string_view dir, std::string_view name) {
  return std::string(dir == "/" ? "" : dir).append("/").append(name);
}

Status remove_all(Vfs& fs, std::string_view dir) {
  // Directories are removed on the way back, so they wait below their content.
  std::vector<std::pair<std::string, bool>> pending{{std::string(dir), false}};
  while (!pending.empty()) {
    const auto [path, emptied] = pending.back();
    pending.pop_back();
    if (emptied) {
      if (const Status removed = fs.rmdir(path); !removed) return removed;
      continue;
    }
    pending.emplace_back(path, true);
    const Result<std::vector<Listed>> entries = fs.list(path);
    if (!entries) return fail(entries.error());
    for (const Listed& entry : *entries) {
      const std::string child = join(path, entry.name);
      if (entry.type == FileType::directory) {
        pending.emplace_back(child, false);
      } else if (const Status removed = fs.unlink(child); !removed) {
        return removed;
      }
    }
  }
  return {};
}

}  // namespace wasifs::test
