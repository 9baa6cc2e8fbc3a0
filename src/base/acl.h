// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs {

/// The extended attributes that hold a node's access control lists. A layer that
/// stores the first keeps it and the mode together, as acl(5) has it: setting it sets
/// the mode's permissions, and setting the mode its entries. The second is a
/// directory's, and what is made in it starts with that.
constexpr std::string_view kAccessAcl = "system.posix_acl_access";
constexpr std::string_view kDefaultAcl = "system.posix_acl_default";

/// A POSIX access control list; see acl(5). Never empty, and valid as acl_valid(3)
/// has it, except that nothing says that one user or group is named only once.
class Acl {
 public:
  /// acl(5)'s tags, as linux/posix_acl.h numbers them.
  static constexpr std::uint16_t kUserObj = 0x01;
  static constexpr std::uint16_t kUser = 0x02;
  static constexpr std::uint16_t kGroupObj = 0x04;
  static constexpr std::uint16_t kGroup = 0x08;
  static constexpr std::uint16_t kMask = 0x10;
  static constexpr std::uint16_t kOther = 0x20;

  struct Entry {
    std::uint16_t tag = 0;
    std::uint16_t bits = 0;  ///< rwx
    std::uint32_t id = 0;    ///< of a named user or group
  };

  /// Of entries in any order. einval.
  [[nodiscard]] static Result<Acl> of(std::vector<Entry> entries);
  /// Of an attribute's value, in Linux's own format. enotsup: another version of it;
  /// einval.
  [[nodiscard]] static Result<Acl> parse(std::string_view value);
  /// The value of the attribute.
  [[nodiscard]] std::string value() const;
  /// In the order of their tags.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  /// What it grants as the nine permission bits of a mode.
  [[nodiscard]] std::uint16_t permissions() const;
  /// True if it says no more than those do.
  [[nodiscard]] bool minimal() const { return entries_.size() == 3; }
  /// chmod(2).
  void set_permissions(std::uint16_t mode);
  /// Makes a directory's default list the access list of what is made in it with
  /// `mode`: nothing is granted that the mode does not.
  void limit(std::uint16_t mode);

 private:
  [[nodiscard]] bool valid() const;
  /// The entry that stands for the group bits of a mode: the mask where there is one.
  [[nodiscard]] bool is_group_class(const Entry& entry) const;
  /// How far the bits of `entry` lie from the lowest ones of a mode; -1: no part of it.
  [[nodiscard]] int shift_of(const Entry& entry) const;

  std::vector<Entry> entries_;
};

}  // namespace wasifs
