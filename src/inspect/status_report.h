// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wasifs {

/// How much of something is used; without a limit only that.
struct Usage {
  std::uint64_t used = 0;
  std::optional<std::uint64_t> limit = {};
};

/// What a mounted root tells of itself: the attribute `user.wasifs.status`.
struct TreeStatus {
  struct Mount {
    std::string guest;
    std::string access;
    std::vector<std::string> layers;  ///< the upper first
    std::optional<std::uint64_t> quota = {};
  };

  /// What the kernel and the mount have agreed on, and how much it has asked.
  struct View {
    bool asks_opens = true;
    bool asks_opendirs = true;
    bool writeback = false;
    std::string passthrough;  ///< "on", "off" or "refused"
    std::uint64_t inodes = 0;
    std::map<std::string, std::uint64_t> requests;  ///< by kind
  };

  std::optional<std::uint64_t> pid = {};
  std::optional<Usage> memory = {};
  std::optional<Usage> inodes = {};
  std::optional<Usage> open = {};
  std::vector<View> views = {};
  std::vector<Mount> mounts = {};
  std::uint64_t omitted = 0;  ///< mounts that are not listed

  /// Reads the value; nullopt for what cannot be one. The text may be hostile:
  /// anybody can mount something under our type's name.
  [[nodiscard]] static std::optional<TreeStatus> parse(std::string_view json);
};

/// A mount of ours on the host.
struct MountStatus {
  enum class State : std::uint8_t {
    serving,
    dead,     ///< its daemon has ended
    silent,   ///< its daemon does not answer
    hidden,   ///< another mount lies over it
    unknown,  ///< it cannot be asked; `why`
  };

  std::string point;
  std::string source;
  bool read_only = false;
  State state = State::unknown;
  std::string why = {};
  TreeStatus tree = {};  ///< of a mount that serves
};

/// A paragraph for each.
void print_status(std::ostream& out, std::span<const MountStatus> mounts);
void print_status_json(std::ostream& out, std::span<const MountStatus> mounts);

}  // namespace wasifs
