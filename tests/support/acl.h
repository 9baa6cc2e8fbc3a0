// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wasifs::test {

/// One entry of an access control list: a tag of linux/posix_acl.h, rwx bits, and the
/// id of a named user or group.
struct AclLine {
  std::uint16_t tag;
  std::uint16_t bits;
  std::uint32_t id = 0xffffffff;
};
constexpr std::uint16_t kAclUserObj = 1;
constexpr std::uint16_t kAclUser = 2;
constexpr std::uint16_t kAclGroupObj = 4;
constexpr std::uint16_t kAclGroup = 8;
constexpr std::uint16_t kAclMask = 16;
constexpr std::uint16_t kAclOther = 32;

/// The value of system.posix_acl_access or _default.
[[nodiscard]] inline std::string acl_value(const std::vector<AclLine>& lines) {
  const auto number = [](std::uint32_t value, int width) {
    std::string bytes;
    for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> 8 * i & 0xff);
    return bytes;
  };
  std::string value = number(2, 4);
  for (const AclLine& line : lines) value += number(line.tag, 2) + number(line.bits, 2) + number(line.id, 4);
  return value;
}

/// user::OWNER, user:1000:NAMED, group::GROUP, mask::MASK, other::OTHER
[[nodiscard]] inline std::string acl_of(std::uint16_t owner, std::uint16_t named, std::uint16_t group,
                                        std::uint16_t mask, std::uint16_t other) {
  return acl_value({{kAclUserObj, owner},
                    {kAclUser, named, 1000},
                    {kAclGroupObj, group},
                    {kAclMask, mask},
                    {kAclOther, other}});
}

/// user::OWNER, group::GROUP, other::OTHER
[[nodiscard]] inline std::string minimal_acl(std::uint16_t owner, std::uint16_t group, std::uint16_t other) {
  return acl_value({{kAclUserObj, owner}, {kAclGroupObj, group}, {kAclOther, other}});
}

constexpr const char* kAccessAclName = "system.posix_acl_access";
constexpr const char* kDefaultAclName = "system.posix_acl_default";

}  // namespace wasifs::test
