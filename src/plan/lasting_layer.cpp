// SPDX-License-Identifier: Apache-2.0
#include "plan/lasting_layer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/path.h"
#include "fs/host/host_fs.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kProbe = "overlay.probe";

Diagnostic trouble(std::string text, std::string hint = {}) {
  return {.trouble = Trouble::source, .message = std::move(text), .hint = std::move(hint)};
}

/// A directory that is made where it is missing, and goes again unless it is kept.
class Directory {
 public:
  explicit Directory(const std::string& path) : path_(path) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    if (made_) ::rmdir(path_.c_str());
  }

  Outcome<void> make() {
    made_ = ::mkdir(path_.c_str(), 0700) == 0;
    if (made_ || errno == EEXIST) return {};
    const int error = errno;
    return fail(
        trouble("directory " + quoted(path_) + " cannot be made: " + message(static_cast<Errc>(error)),
                error == ENOENT ? "make the folder that is to hold it" : ""));
  }
  [[nodiscard]] bool made() const { return made_; }
  void keep() { made_ = false; }

 private:
  const std::string& path_;
  bool made_ = false;
};

bool is_directory(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

/// Whose attributes can be written in `directory`: the kernel's overlayfs, too, takes
/// the user's only where it has to.
Result<MarkSpace> probe(Node& directory) {
  const auto writable = [&](std::string_view space) -> Status {
    const std::string name = std::string(space).append(kProbe);
    const Status set = directory.set_xattr(name, "y", XattrMode::any);
    // No room, but no refusal; there may be something to delete.
    if (!set && (set.error() == Errc::enospc || set.error() == Errc::edquot)) return {};
    if (!set) return set;
    return directory.remove_xattr(name);
  };
  if (writable("trusted.")) return MarkSpace::trusted;
  const Status user = writable("user.");
  return user ? Result<MarkSpace>(MarkSpace::user) : fail(user.error());
}

Status look_like(Node& upper, const Attr& like) {
  const Status given = upper.set_attr({.uid = like.uid, .gid = like.gid});
  // An ordinary user cannot give it away, and needs not.
  if (!given && given.error() != Errc::eperm) return given;
  return upper.set_attr({.mode = like.mode, .atime = like.atime, .mtime = like.mtime});
}

}  // namespace

Outcome<LastingLayer> open_lasting_layer(const PlannedLayer& layer, const std::string& work,
                                         const Attr& like) {
  Directory upper(layer.source);
  if (auto made = upper.make(); !made) return fail(made.error());
  Directory beside(work);
  // What is wrong with an upper that is none is said below.
  if (is_directory(layer.source)) {
    if (auto made = beside.make(); !made) return fail(made.error());
  }
  const auto links =
      layer.symlinks == Symlinks::deny ? HostFilesystem::Symlinks::deny : HostFilesystem::Symlinks::contain;
  auto host = HostFilesystem::open(layer.source, {.read_only = false, .symlinks = links, .work = work});
  if (!host) return fail(std::move(host.error()));
  if (upper.made()) {
    if (const Status looks = look_like(*(*host)->root(), like); !looks)
      return fail(trouble("its attributes cannot be set: " + message(looks.error())));
  }
  const Result<MarkSpace> space = probe(*(*host)->work());
  if (!space) {
    return fail(trouble("its file system keeps no extended attributes: " + message(space.error()),
                        "put it on ext4, xfs, btrfs or another file system that does"));
  }
  Result<std::unique_ptr<LastingUpper>> names = LastingUpper::open((*host)->work(), OverlayMarks(*space));
  if (!names && names.error() == Errc::enotsup) {
    return fail(trouble("its file system cannot leave whiteouts behind renames (RENAME_WHITEOUT)",
                        "put it on ext4, xfs, btrfs, tmpfs or another file system that can"));
  }
  if (!names) {
    return fail(trouble("work directory " + quoted(work) + " cannot be prepared: " + message(names.error())));
  }
  upper.keep();
  beside.keep();
  return LastingLayer{.layer = *std::move(host), .names = *std::move(names), .marks = *space};
}

}  // namespace wasifs::plan
