// SPDX-License-Identifier: Apache-2.0
#include "plan/base_root.h"

#include <algorithm>

#include "base/path.h"
#include "fs/device/device.h"
#include "plan/default_root.h"

namespace wasifs::plan {

namespace {

constexpr std::uint16_t kDirectoryMode = 0755;
constexpr std::uint16_t kSharedMode = 01777;  // sticky: only owners remove
constexpr std::string_view kDevices = "/dev/";
constexpr BaseDirectory kBaseDirectories[] = {
    {".app", kDirectoryMode}, {".private", kDirectoryMode}, {"bin", kDirectoryMode}, {"dev", kDirectoryMode},
    {"etc", kDirectoryMode},  {"home", kDirectoryMode},     {"tmp", kSharedMode},
};

NewNode directory(std::uint16_t mode, Owner owner) {
  return {.type = FileType::directory, .mode = mode, .uid = owner.uid, .gid = owner.gid};
}

}  // namespace

std::span<const BaseDirectory> base_directories() { return kBaseDirectories; }

bool is_base_device(std::string_view path, const Attr& attr) {
  if (attr.type != FileType::char_device || !path.starts_with(kDevices)) return false;
  path.remove_prefix(kDevices.size());
  return std::ranges::any_of(standard_devices(), [&](const Device& device) {
    return device.name == path && device.rdev == attr.rdev;
  });
}

Status fill_base_root(MemoryFilesystem& root, Owner owner) {
  const NodeRef top = root.root();
  for (const BaseDirectory& base : kBaseDirectories) {
    const auto made = top->create(base.name, directory(base.mode, owner));
    if (!made) return fail(made.error());
  }
  const Result<NodeRef> dev = top->lookup("dev");
  if (!dev) return fail(dev.error());
  for (const Device& device : standard_devices()) {
    const auto made = (*dev)->create(device.name, {.type = FileType::char_device,
                                                   .mode = device.mode,
                                                   .uid = owner.uid,
                                                   .gid = owner.gid,
                                                   .rdev = device.rdev});
    if (!made) return fail(made.error());
  }
  return {};
}

Result<NodeRef> make_directories(MemoryFilesystem& root, std::string_view path, Owner owner) {
  NodeRef at = root.root();
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> next = at->lookup(name);
    if (!next && next.error() == Errc::enoent) next = at->create(name, directory(kDirectoryMode, owner));
    if (!next) return next;
    at = *std::move(next);
  }
  return at;
}

}  // namespace wasifs::plan
