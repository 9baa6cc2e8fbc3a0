// SPDX-License-Identifier: Apache-2.0
#include "plan/package_dir.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fstream>
#include <memory>
#include <vector>

#include "base/path.h"
#include "fs/host/syscalls.h"
#include "plan/document.h"
#include "plan/layer_source.h"
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

/// Something in a package's directory.
struct Inside {
  std::string path;  ///< canonical
  struct stat stat = {};
};

/// Looks up what wasmer.toml names with the package's directory as the root of
/// everything: the kernel keeps "..", absolute paths and symlinks in it.
class Directory {
 public:
  static Result<Directory> open(const std::string& path) {
    UniqueFd fd(retry([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) return fail_errno();
    Result<std::string> canonical = path_of(fd);
    if (!canonical) return fail(canonical.error());
    return Directory(std::move(fd), *std::move(canonical));
  }

  /// `clean` is a sanitised path.
  [[nodiscard]] Result<Inside> find(std::string_view clean) const {
    open_how how = {};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const std::string inside = clean == "/" ? "." : std::string(clean);
    const UniqueFd fd(static_cast<int>(
        retry([&] { return ::syscall(SYS_openat2, fd_.get(), inside.c_str(), &how, sizeof how); })));
    if (!fd) return fail_errno();
    Inside found;
    if (::fstat(fd.get(), &found.stat) != 0) return fail_errno();
    Result<std::string> path = path_of(fd);
    if (!path) return fail(path.error());
    found.path = *std::move(path);
    return found;
  }

  /// An absolute path that lies in the directory, relative to it; else as it is.
  [[nodiscard]] std::string_view relative(std::string_view path) const {
    if (path.starts_with('/') && is_at_or_below(path, canonical_)) path.remove_prefix(canonical_.size());
    return path;
  }

 private:
  Directory(UniqueFd fd, std::string canonical) : fd_(std::move(fd)), canonical_(std::move(canonical)) {}

  static Result<std::string> path_of(const UniqueFd& fd) {
    std::string text(PATH_MAX, '\0');
    const ssize_t length = ::readlink(ProcPath(fd.get()).c_str(), text.data(), text.size());
    if (length < 0) return fail_errno();
    text.resize(static_cast<std::size_t>(length));
    return text;
  }

  UniqueFd fd_;
  std::string canonical_;
};

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

class DirReader {
 public:
  DirReader(const Directory& dir, const WasmerToml& toml) : dir_(dir), toml_(toml) {}

  Outcome<PackageDir> read() {
    out_.info.manifest = package_manifest(toml_);
    out_.info.version = 3;
    for (const WasmerToml::Mapping& mapping : toml_.fs) {
      if (auto added = add_volume(mapping); !added) return fail(added.error());
    }
    for (const WasmerToml::Module& module : toml_.modules) {
      if (auto added = add_atom(module); !added) return fail(added.error());
    }
    for (const auto& [volume, source] : out_.info.volume_sources) out_.info.volumes.push_back(volume);
    for (const WasmerToml::Dependency& dependency : toml_.dependencies) {
      out_.dependency_places.emplace(dependency.name.value, dependency.name.where);
    }
    return std::move(out_);
  }

 private:
  /// What `written` names; `label` is who asks for it.
  [[nodiscard]] Outcome<Inside> find(const Located<std::string>& written, const std::string& label) const {
    const std::string_view relative = dir_.relative(written.value);
    Result<Inside> found = dir_.find(sanitize_path(relative));
    if (found) return *std::move(found);
    if (found.error() != Errc::enoent && found.error() != Errc::enotdir) {
      return fail(
          source_error(label + ": " + quoted(written.value) + ": " + message(found.error()), written.where));
    }
    const bool outside = relative.starts_with('/') || climbs_out(relative);
    return fail(source_error(
        label + ": " + quoted(written.value) + " does not exist in the package's directory", written.where,
        outside ? "a package holds all of its files: nothing outside of its directory is read" : ""));
  }

  Outcome<void> add_volume(const WasmerToml::Mapping& mapping) {
    const std::string label = "[fs] " + quoted(mapping.guest.value);
    Outcome<Inside> found = find(mapping.host, label);
    if (!found) return fail(found.error());
    if (!S_ISDIR(found->stat.st_mode) && !S_ISREG(found->stat.st_mode)) {
      return fail(source_error(
          label + ": " + quoted(mapping.host.value) + " is neither a directory nor a regular file",
          mapping.host.where));
    }
    out_.info.volume_sources.emplace(sanitize_path(mapping.host.value), std::move(found->path));
    return {};
  }

  Outcome<void> add_atom(const WasmerToml::Module& module) {
    const std::string label = "module " + quoted(module.name.value);
    Outcome<Inside> found = find(module.source, label);
    if (!found) return fail(found.error());
    if (!S_ISREG(found->stat.st_mode)) {
      return fail(source_error(label + ": " + quoted(module.source.value) + " is no regular file",
                               module.source.where));
    }
    const auto atom = std::ranges::find(out_.info.manifest.atoms, module.name.value, &webc::Atom::name);
    atom->size = static_cast<std::uint64_t>(found->stat.st_size);
    out_.info.atom_sources.emplace(module.name.value, std::move(found->path));
    return {};
  }

  const Directory& dir_;
  const WasmerToml& toml_;
  PackageDir out_;
};

}  // namespace

bool is_package_dir(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return false;
  return ::stat((path + "/" + std::string(kWasmerToml)).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

bool is_wasmer_toml(std::string_view path) {
  return path == kWasmerToml || path.ends_with("/" + std::string(kWasmerToml));
}

std::string package_dir_of(const std::string& path) {
  if (!is_wasmer_toml(path)) return path;
  std::string folder = folder_of(path);
  return folder.empty() ? "." : folder;
}

Outcome<std::string> read_document(const std::string& path, std::string_view what) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxDocumentBytes + 1, '\0');
  if (!file || !(file.read(text.data(), static_cast<std::streamsize>(text.size())) || file.eof())) {
    return fail(source_error(std::string(what) + " " + quoted(path) + " cannot be read", {}));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Outcome<PackageDir> open_package_dir(const std::string& dir) {
  const Result<Directory> opened = Directory::open(dir);
  if (!opened) {
    return fail(source_error("package directory " + quoted(dir) + ": " + message(opened.error()), {}));
  }
  const std::string file = resolve_source(dir, kWasmerToml);
  const Outcome<std::string> text = read_document(file, "the package's");
  if (!text) return fail(text.error());
  const Outcome<WasmerToml> toml = parse_wasmer_toml(*text, file);
  if (!toml) return fail(toml.error());
  return DirReader(*opened, *toml).read();
}

}  // namespace wasifs::plan
