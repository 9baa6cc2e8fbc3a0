// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "wasifs/node.h"

/// A file system of the values of `store`, read-only: the key "db/host" is the file
/// /db/host. A key that is also the beginning of others ("db") would be a file and a
/// directory; the directory is what is shown. Keys with a part that is no file name
/// ("", "..") are left out.
[[nodiscard]] wasifs::FilesystemPtr kv_filesystem(const std::map<std::string, std::string>& store,
                                                  std::string name);
