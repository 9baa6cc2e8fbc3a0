// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fs/host/syscalls.h"
#include "wasifs/error.h"

namespace wasifs::host {

/// The directory or regular file that a layer shows, held by an O_PATH descriptor.
struct MappedRoot {
  UniqueFd fd;
  ObjectId id;
  FileType type;
};

/// Opens `path`, the one place where a path is resolved as a whole and symlinks are
/// followed, and makes sure that a layer can be served from there. The Diagnostic says
/// what is wrong (Trouble::source) and has no place.
[[nodiscard]] Outcome<MappedRoot> open_mapped(const std::string& path);

/// `host directory "…"`, for a sentence.
[[nodiscard]] std::string host_directory(const std::string& path);

/// `subject`: what it is about, with its path.
[[nodiscard]] Diagnostic trouble_with(const std::string& subject, const std::string& what,
                                      std::string hint = {});

}  // namespace wasifs::host
