// SPDX-License-Identifier: Apache-2.0
#include "plan/package_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "base/path.h"
#include "plan/wasmer_toml.h"

namespace wasifs::plan {

namespace {

using host::ProcPath;
using host::retry;
using host::UniqueFd;

Diagnostic source_error(std::string message, SourceLocation where, std::string hint = {}) {
  return {.trouble = Trouble::source,
          .message = std::move(message),
          .where = std::move(where),
          .hint = std::move(hint)};
}

Result<std::string> path_of(const UniqueFd& fd) {
  std::string text(PATH_MAX, '\0');
  const ssize_t length = ::readlink(ProcPath(fd.get()).c_str(), text.data(), text.size());
  if (length < 0) return fail_errno();
  text.resize(static_cast<std::size_t>(length));
  return text;
}

/// True if ".." in `path` climbs out of where it starts.
bool climbs_out(std::string_view path) {
  std::size_t depth = 0;
  for (const std::string_view part : split_path(path)) {
    if (part == "..") {
      if (depth == 0) return true;
      --depth;
    } else if (part != ".") {
      ++depth;
    }
  }
  return false;
}

}  // namespace

Outcome<PackageFolder> PackageFolder::open(const std::string& path) {
  const auto trouble = [&](Errc error) {
    return fail(source_error("package directory " + quoted(path) + ": " + message(error), {}));
  };
  UniqueFd fd(retry([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return trouble(fail_errno().error());
  Result<std::string> canonical = path_of(fd);
  if (!canonical) return trouble(canonical.error());
  return PackageFolder(std::move(fd), *std::move(canonical));
}

Result<PackageFolder::Found> PackageFolder::look_up(std::string_view clean) const {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string inside = clean == "/" ? "." : std::string(clean);
  const UniqueFd fd(static_cast<int>(
      retry([&] { return ::syscall(SYS_openat2, fd_.get(), inside.c_str(), &how, sizeof how); })));
  if (!fd) return fail_errno();
  Found found;
  if (::fstat(fd.get(), &found.stat) != 0) return fail_errno();
  Result<std::string> path = path_of(fd);
  if (!path) return fail(path.error());
  found.path = *std::move(path);
  return found;
}

std::string_view PackageFolder::relative(std::string_view path) const {
  if (path.starts_with('/') && is_at_or_below(path, canonical_)) path.remove_prefix(canonical_.size());
  return path;
}

Outcome<PackageFolder::Found> PackageFolder::find(const Located<std::string>& written,
                                                  const std::string& label) const {
  const std::string_view inside = relative(written.value);
  Result<Found> found = look_up(sanitize_path(inside));
  if (found) return *std::move(found);
  if (found.error() != Errc::enoent && found.error() != Errc::enotdir) {
    return fail(
        source_error(label + ": " + quoted(written.value) + ": " + message(found.error()), written.where));
  }
  const bool outside = inside.starts_with('/') || climbs_out(inside);
  return fail(source_error(
      label + ": " + quoted(written.value) + " does not exist in the package's directory", written.where,
      outside ? "a package holds all of its files: nothing outside of its directory is read" : ""));
}

Outcome<PackageFolder::Found> PackageFolder::find_file(const Located<std::string>& written,
                                                       const std::string& label) const {
  Outcome<Found> found = find(written, label);
  if (found && !S_ISREG(found->stat.st_mode)) {
    return fail(source_error(label + ": " + quoted(written.value) + " is no regular file", written.where));
  }
  return found;
}

Outcome<PackageFolder::Found> PackageFolder::find_volume(const Located<std::string>& written,
                                                         const std::string& label) const {
  Outcome<Found> found = find(written, label);
  if (found && !S_ISDIR(found->stat.st_mode) && !S_ISREG(found->stat.st_mode)) {
    return fail(source_error(
        label + ": " + quoted(written.value) + " is neither a directory nor a regular file", written.where));
  }
  return found;
}

}  // namespace wasifs::plan
