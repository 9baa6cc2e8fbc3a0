// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/tree_copy.h"
#include "wasifs/node.h"

namespace wasifs {

/// How a target says that something is not for it to have, or not for us to give.
[[nodiscard]] bool is_refused(Errc error);

/// Gives what was made in a directory of the host the attributes of what it is a copy of.
/// What the target refuses is counted as a loss and no failure. Not thread-safe.
class Dresser {
 public:
  /// What a directory is to have in the end, when nothing is put into it any more.
  struct Last {
    Attr attr = {};
    std::vector<std::pair<std::string, std::string>> acls = {};
  };

  /// Owner, extended attributes, mode and times of what is no directory. A set-id bit is
  /// left out where the owner or group that it speaks of could not be given.
  [[nodiscard]] Status dress(const CopiedEntry& entry, Node& node);
  /// Of a directory what is not in the way of putting something into it.
  [[nodiscard]] Status begin(const CopiedEntry& entry, Node& node, Last& last);
  /// The rest.
  [[nodiscard]] Status finish(std::string_view path, const Last& last, Node& node);

  /// Whether `found`, of an entry that a run before this one may have made, is what
  /// dress() would make of it. Its losses are counted then.
  [[nodiscard]] bool is_dressed(const CopiedEntry& entry, const Attr& found);

  void lose(const std::string& what, Errc error, std::string_view path) {
    count_loss(losses_, what, error, path);
  }
  /// What could not be kept, by what it is.
  [[nodiscard]] const std::vector<CopyLoss>& losses() const { return losses_; }

 private:
  struct Owner {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    auto operator<=>(const Owner&) const = default;
  };

  [[nodiscard]] Status set_owner(const CopiedEntry& entry, Node& node);
  [[nodiscard]] Status set_xattr(std::string_view path, Node& node, const std::string& name,
                                 const std::string& value);
  [[nodiscard]] Status set_mode(const CopiedEntry& entry, Node& node);
  [[nodiscard]] Status set_times(std::string_view path, const Attr& attr, Node& node);

  std::vector<CopyLoss> losses_;
  /// What this process's own files got instead of an owner that was refused.
  std::map<Owner, Owner> refused_;
};

}  // namespace wasifs
