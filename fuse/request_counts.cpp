// SPDX-License-Identifier: Apache-2.0
#include "fuse/request_counts.h"

#include <algorithm>

#include "fuse/protocol.h"

namespace wasifs::fuse {

namespace {

struct Kind {
  std::uint32_t opcode;
  const char* name;
};

constexpr std::array kNames{Kind{FUSE_LOOKUP, "lookup"},
                            Kind{FUSE_FORGET, "forget"},
                            Kind{FUSE_GETATTR, "getattr"},
                            Kind{FUSE_SETATTR, "setattr"},
                            Kind{FUSE_READLINK, "readlink"},
                            Kind{FUSE_SYMLINK, "symlink"},
                            Kind{FUSE_MKNOD, "mknod"},
                            Kind{FUSE_MKDIR, "mkdir"},
                            Kind{FUSE_UNLINK, "unlink"},
                            Kind{FUSE_RMDIR, "rmdir"},
                            Kind{FUSE_RENAME, "rename"},
                            Kind{FUSE_LINK, "link"},
                            Kind{FUSE_OPEN, "open"},
                            Kind{FUSE_READ, "read"},
                            Kind{FUSE_WRITE, "write"},
                            Kind{FUSE_STATFS, "statfs"},
                            Kind{FUSE_RELEASE, "release"},
                            Kind{FUSE_FSYNC, "fsync"},
                            Kind{FUSE_SETXATTR, "setxattr"},
                            Kind{FUSE_GETXATTR, "getxattr"},
                            Kind{FUSE_LISTXATTR, "listxattr"},
                            Kind{FUSE_REMOVEXATTR, "removexattr"},
                            Kind{FUSE_FLUSH, "flush"},
                            Kind{FUSE_INIT, "init"},
                            Kind{FUSE_OPENDIR, "opendir"},
                            Kind{FUSE_READDIR, "readdir"},
                            Kind{FUSE_RELEASEDIR, "releasedir"},
                            Kind{FUSE_FSYNCDIR, "fsyncdir"},
                            Kind{FUSE_ACCESS, "access"},
                            Kind{FUSE_CREATE, "create"},
                            Kind{FUSE_INTERRUPT, "interrupt"},
                            Kind{FUSE_IOCTL, "ioctl"},
                            Kind{FUSE_DESTROY, "destroy"},
                            Kind{FUSE_BATCH_FORGET, "batch_forget"},
                            Kind{FUSE_FALLOCATE, "fallocate"},
                            Kind{FUSE_READDIRPLUS, "readdirplus"},
                            Kind{FUSE_RENAME2, "rename2"},
                            Kind{FUSE_LSEEK, "lseek"},
                            Kind{FUSE_COPY_FILE_RANGE, "copy_file_range"},
                            Kind{FUSE_SYNCFS, "syncfs"},
                            Kind{FUSE_TMPFILE, "tmpfile"},
                            Kind{kStatx, "statx"}};

std::string name_of(std::size_t opcode) {
  const auto found = std::ranges::find(kNames, opcode, &Kind::opcode);
  return found == kNames.end() ? "opcode_" + std::to_string(opcode) : found->name;
}

}  // namespace

std::string RequestCounts::json() const {
  std::string text = "{";
  for (std::size_t opcode = 0; opcode < counts_.size(); ++opcode) {
    const std::uint64_t count = counts_[opcode].load(std::memory_order_relaxed);
    if (count == 0) continue;
    if (text.size() > 1) text += ',';
    text += '"' + name_of(opcode) + "\":" + std::to_string(count);
  }
  return text + "}";
}

}  // namespace wasifs::fuse
