// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fs/host/frozen_layer.h"
#include "fs/host/syscalls.h"
#include "wasifs/node.h"

namespace wasifs::host {

/// An object of a frozen layer, part of the FrozenIndex of the directory that it was
/// first seen in, and never counted. What statx(2) said of it then is what it is; the
/// entries of a directory are read when they are first asked for. Neither is looked at
/// again, and no descriptor is held.
///
/// For content and extended attributes the object is opened by its path from the root,
/// without leaving that or following a symlink on the way, and must be what it was:
/// estale where another object lies there by now, or a file has other content.
///
/// No locks but the one in FrozenLayer::publish(). Two things are added later, each by
/// one atomic store: the entries of a directory, and that there are no extended
/// attributes.
class FrozenNode final : public Node {
 public:
  /// What has to be asked of an object.
  static constexpr unsigned kStatMask = STATX_BASIC_STATS | STATX_BTIME;
  /// Where the name of an entry is, in the text of its index.
  struct Name {
    std::uint32_t at = 0;
    std::uint8_t size = 0;
  };

  FrozenNode(FrozenIndex& home, Name name, const struct statx& stat, std::uint64_t number);
  /// A name of which nothing is known but what its directory tells.
  FrozenNode(FrozenIndex& home, Name name, FileType told, std::uint64_t told_ino);

  [[nodiscard]] Result<Attr> attr() override;
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;
  /// As HostNode::open(), for reading only.
  [[nodiscard]] Result<FilePtr> open(OpenFlags flags) override;
  [[nodiscard]] Result<Link> read_link() override;
  [[nodiscard]] Result<std::string> get_xattr(std::string_view name) override;
  [[nodiscard]] Result<std::vector<std::string>> list_xattrs() override;

  [[nodiscard]] FrozenLayer& layer() const;
  [[nodiscard]] std::string_view name() const;
  /// Where it lies below the root: "/", "/a/b"; one of its names where it has several.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] bool has_more_names() const { return !is_directory() && !is(kUnseen) && links_ > 1; }
  /// The node that this entry stands for.
  [[nodiscard]] FrozenNode& target() { return is(kAlias) ? *special_.node : *this; }
  /// Makes this entry, which nobody has seen yet, a further name of `node`.
  void become_alias_of(FrozenNode& node);
  /// Tells where in the text of the index that of this symlink is.
  void set_text(std::size_t at) { special_.text_at = at; }

 private:
  friend class FrozenLayer;

  // Beside the permissions in bits_.
  static constexpr std::uint16_t kPermissions = 07777;
  static constexpr std::uint16_t kAlias = 010000;   ///< a further name of special_.node
  static constexpr std::uint16_t kUnseen = 020000;  ///< only listed: look-ups ask the host
  static constexpr std::uint16_t kBare = 040000;    ///< is known to have no extended attributes

  enum Stamp : std::uint8_t { kAccessed, kModified, kChanged, kBorn, kStamps };

  /// What only some types have.
  union Special {
    Special() : entries(nullptr) {}
    std::atomic<const FrozenIndex*> entries;  ///< of a directory; null: not read yet
    FrozenNode* node;                         ///< of an alias
    std::size_t text_at;                      ///< of a symlink; 0: could not be read
  };

  [[nodiscard]] bool is(std::uint16_t bit) const {
    return (bits_.load(std::memory_order_relaxed) & bit) != 0;
  }
  [[nodiscard]] bool is_device() const {
    return type() == FileType::char_device || type() == FileType::block_device;
  }
  [[nodiscard]] Time time(Stamp stamp) const { return {.sec = seconds_[stamp], .nsec = nanoseconds_[stamp]}; }
  /// The directory it was seen in; null for the root.
  [[nodiscard]] const FrozenNode* parent() const;
  [[nodiscard]] Result<const FrozenIndex*> entries();
  /// Asks the host for a name that no entry tells enough of.
  [[nodiscard]] Result<FrozenNode*> find_single(std::string_view name);
  /// Opens it as `flags` say. estale, and what open(2) says of the way there.
  [[nodiscard]] Result<UniqueFd> reach(int flags) const;
  [[nodiscard]] bool is_same(const struct statx& stat) const;

  // The first members lie in what the base class leaves of its last word.
  std::uint8_t name_size_;
  std::atomic<std::uint16_t> bits_;
  FrozenIndex& home_;
  std::uint32_t name_at_;
  std::uint32_t links_;
  std::uint32_t uid_ = 0;
  std::uint32_t gid_ = 0;
  std::uint64_t number_;
  std::uint64_t size_ = 0;  ///< of a device its number
  std::uint64_t blocks_ = 0;
  std::array<std::int64_t, kStamps> seconds_ = {};
  std::array<std::int32_t, kStamps> nanoseconds_ = {};
  Special special_;
};

}  // namespace wasifs::host
