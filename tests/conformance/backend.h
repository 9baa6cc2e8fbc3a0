// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/quota.h"
#include "fixture.h"
#include "vfs.h"

namespace wasifs::test {

/// A file system that a case runs on, with its fixture in place.
struct Stage {
  std::vector<std::shared_ptr<void>> resources = {};  ///< what `fs` needs; goes last, in reverse
  std::vector<std::unique_ptr<Vfs>> lowers = {};      ///< layers that no operation may change
  std::shared_ptr<Quota> quota = {};                  ///< of the memory that changes go to
  std::unique_ptr<Vfs> fs = {};

  Stage() = default;
  Stage(Stage&&) = default;
  Stage& operator=(Stage&&) = default;
  ~Stage();
};

/// One way to serve a file system. The value that the suite is parameterised by.
struct Backend {
  std::string name;
  Stage (*make)(const Fixture& fixture) = nullptr;
  bool kernel = false;  ///< cases reach it through system calls
  bool fuse = false;    ///< needs FUSE
  bool host = false;    ///< keeps its files on the host: owners need privileges
  /// False: the link count of a directory may be 1, which says "not counted".
  bool counts_subdirectories = true;

  /// Keeps whiteouts of its own, and makes none on demand.
  [[nodiscard]] bool overlay() const { return name.contains("overlay") || name.contains("tree"); }

  /// An overlay whose whiteouts are nodes of its upper.
  [[nodiscard]] bool lasting() const { return name.contains("lasting") || name.contains("host_upper"); }

  friend void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }
};

/// All of them: in-process, through a FUSE mount where FUSE is usable, and a plain
/// directory of the host, which says whether a case is right.
[[nodiscard]] const std::vector<Backend>& all_backends();
/// Those that are reached without the kernel.
[[nodiscard]] std::vector<Backend> in_process_backends();

}  // namespace wasifs::test
