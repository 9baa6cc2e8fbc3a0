// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wasifs/export.h"
#include "wasifs/node.h"
#include "wasifs/plan.h"

/// The layers that wasifs has of its own, for those who compose without a manifest.
namespace wasifs {

struct MemoryOptions {
  std::optional<std::uint64_t> max_bytes = {};   ///< of content, texts and attributes; enospc
  std::optional<std::uint64_t> max_inodes = {};  ///< likewise
};

/// An empty, writable file system in memory.
[[nodiscard]] WASIFS_API FilesystemPtr memory_filesystem(const MemoryOptions& options = {});

struct HostOptions {
  bool read_only = false;
  Symlinks symlinks = Symlinks::contain;
};

/// A directory (or single file) of the host, read and written where it is. No
/// "..", symlink or race leads out of it. The Diagnostic says what is wrong with
/// the path (Trouble::source).
[[nodiscard]] WASIFS_API Outcome<FilesystemPtr> host_filesystem(const std::string& path,
                                                                const HostOptions& options = {});

/// A volume of a webc package, read-only, served from the mapped file. `volume` may
/// be "" where the package has one only, or one that is called "atom". The Diagnostic
/// has no place. Trouble: source (no such file or volume), corrupt.
[[nodiscard]] WASIFS_API Outcome<FilesystemPtr> package_filesystem(const std::string& path,
                                                                   const std::string& volume = {});

struct ArchiveOptions {
  Whiteouts whiteouts = Whiteouts::none;
  /// Where the content of a compressed archive is kept for the next time; absent: nowhere.
  std::optional<std::string> cache = {};
};

/// What an archive holds (tar, zip, cpio, …, compressed or not), read-only. With
/// Whiteouts::oci its deletions count where it lies over other layers. The Diagnostic
/// has no place. Trouble: source (no such file), corrupt.
[[nodiscard]] WASIFS_API Outcome<FilesystemPtr> archive_filesystem(const std::string& path,
                                                                   const ArchiveOptions& options = {});

}  // namespace wasifs
