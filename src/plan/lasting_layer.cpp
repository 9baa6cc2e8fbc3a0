// SPDX-License-Identifier: Apache-2.0
#include "plan/lasting_layer.h"

#include <sys/stat.h>

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

/// True if it was not there before.
Outcome<bool> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  const int error = errno;
  return fail(trouble("directory " + quoted(path) + " cannot be made: " + message(static_cast<Errc>(error)),
                      error == ENOENT ? "make the folder that is to hold it" : ""));
}

/// Whose attributes can be written in `directory`: the kernel's overlayfs, too, takes
/// the user's only where it has to.
Result<MarkSpace> probe(Node& directory) {
  const auto writable = [&](std::string_view space) -> Status {
    const std::string name = std::string(space).append(kProbe);
    if (const Status set = directory.set_xattr(name, "y", XattrMode::any); !set) return set;
    return directory.remove_xattr(name);
  };
  if (writable("trusted.")) return MarkSpace::trusted;
  const Status user = writable("user.");
  return user ? Result<MarkSpace>(MarkSpace::user) : fail(user.error());
}

}  // namespace

Outcome<LastingLayer> open_lasting_layer(const PlannedLayer& layer, const std::string& work,
                                         const Attr& like) {
  const Outcome<bool> fresh = make_directory(layer.source);
  if (!fresh) return fail(fresh.error());
  if (const Outcome<bool> made = make_directory(work); !made) return fail(made.error());
  const auto links =
      layer.symlinks == Symlinks::deny ? HostFilesystem::Symlinks::deny : HostFilesystem::Symlinks::contain;
  auto host = HostFilesystem::open(layer.source, {.read_only = false, .symlinks = links, .work = work});
  if (!host) return fail(std::move(host.error()));
  if (*fresh) {
    const Status looks = (*host)->root()->set_attr(
        {.mode = like.mode, .uid = like.uid, .gid = like.gid, .atime = like.atime, .mtime = like.mtime});
    // An ordinary user cannot give it away, and needs not.
    if (!looks && looks.error() != Errc::eperm) {
      return fail(trouble("its attributes cannot be set: " + message(looks.error())));
    }
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
  return LastingLayer{.layer = *std::move(host), .names = *std::move(names), .marks = *space};
}

}  // namespace wasifs::plan
