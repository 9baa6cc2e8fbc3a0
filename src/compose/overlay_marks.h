// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/node.h"

namespace wasifs {

/// Whose extended attributes hold an overlay's marks: `trusted` needs
/// CAP_SYS_ADMIN, `user` is what kernel overlayfs calls userxattr.
enum class MarkSpace : std::uint8_t { trusted, user };

/// What an overlay remembers in the directories of a layer beside their names, in
/// kernel overlayfs's on-disk format (Documentation/filesystems/overlayfs.rst): a
/// character device 0:0 is a *whiteout*, a deletion; extended attributes below
/// "trusted.overlay." say the rest. Only what a Node can do is used, so any layer
/// with devices and attributes can hold them.
///
/// Two attributes of ours stand beside the kernel's, which leaves them alone; see
/// Origin. No state but the names: thread-safe.
class OverlayMarks {
 public:
  explicit OverlayMarks(MarkSpace space);

  [[nodiscard]] static bool is_whiteout(FileType type, std::uint64_t rdev) {
    return type == FileType::char_device && rdev == 0;
  }
  [[nodiscard]] static Result<bool> is_whiteout(Node& node);

  struct Directory {
    bool opaque = false;   ///< nothing of the layers below shows
    bool impure = false;   ///< holds children that came from a lower, with their numbers
    std::string redirect;  ///< where its lowers are: "/a/b" from the root, or another name beside it
  };
  /// What `directory` says of itself. einval: a redirect that no overlay writes.
  [[nodiscard]] Result<Directory> of(Node& directory) const;
  [[nodiscard]] Status set_opaque(Node& directory) const;
  [[nodiscard]] Status set_impure(Node& directory) const;
  [[nodiscard]] Status set_redirect(Node& directory, std::string_view redirect) const;

  /// True of a file whose content lies in a lower ("metacopy"), which only kernel
  /// overlayfs makes, when it was asked to.
  [[nodiscard]] Result<bool> lacks_content(Node& file) const;

  /// Which node of a lower something was copied up from: it keeps its number.
  struct Origin {
    std::uint32_t layer = 0;  ///< counted from the lowest, 0
    std::uint64_t ino = 0;
    std::string links_key;  ///< its entry in the directory of hard links, or ""
  };
  /// nullopt: nowhere, or nothing says it.
  [[nodiscard]] Result<std::optional<Origin>> origin(Node& node) const;
  /// Where the layer cannot keep it (symlinks and devices in the space `user`) the
  /// number lasts as long as the overlay; that is no error.
  [[nodiscard]] Status set_origin(Node& node, const Origin& origin) const;

  /// How many more names the overlay has of a node than its layer. Kernel
  /// overlayfs's attribute and notation for nodes with an index entry.
  [[nodiscard]] Result<std::int32_t> links(Node& node) const;
  [[nodiscard]] Status set_links(Node& node, std::int32_t more) const;

  /// True for an attribute that is a mark. Users of an overlay neither see nor
  /// change those.
  [[nodiscard]] bool is_mark(std::string_view attribute) const;
  /// The same of any overlay's.
  [[nodiscard]] static bool is_any_mark(std::string_view attribute);

 private:
  std::string overlay_;  ///< prefix of the kernel's attributes
  std::string ours_;     ///< prefix of ours
};

}  // namespace wasifs
