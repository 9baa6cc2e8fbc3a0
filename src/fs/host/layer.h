// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "fs/host/host_fs.h"
#include "fs/host/inode_numbers.h"
#include "fs/host/node_table.h"
#include "fs/host/syscalls.h"

namespace wasifs::host {

/// What all nodes of one HostFilesystem share. It outlives them (the contract of
/// Node: who holds nodes holds the Filesystem).
struct Layer {
  Layer(std::string source, HostFilesystem::Options how, dev_t device)
      : path(std::move(source)), options(how), inodes(device) {}

  const std::string path;  ///< as it was given; for describe() only
  const HostFilesystem::Options options;
  InodeNumbers inodes;  ///< the root's device is home
  NodeTable nodes;
};

}  // namespace wasifs::host
