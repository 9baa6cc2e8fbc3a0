// SPDX-License-Identifier: Apache-2.0
// Composes a root of a file system of one's own and one of wasifs, without a
// manifest, and looks at it: a tree, a file, and where that comes from.
#include <iostream>

#include "kv_filesystem.h"
#include "wasifs/filesystems.h"
#include "wasifs/root_builder.h"

int main() {
  const std::map<std::string, std::string> store = {
      {"db/host", "localhost\n"}, {"db/port", "5432\n"}, {"name", "demo\n"}};

  wasifs::RootBuilder builder;
  builder.empty_base()
      .add_mount("/etc/app", kv_filesystem(store, "settings"), wasifs::Access::cow)
      .add_mount("/data", wasifs::memory_filesystem());
  const wasifs::Outcome<wasifs::PreparedRoot> root = builder.build();
  if (!root) {
    std::cerr << root.error().text() << "\n";
    return 1;
  }
  const wasifs::Tree& tree = *root->tree;

  // The mount is copy-on-write: the change is in memory, the store stays as it is.
  if (const wasifs::Status written = tree.write_file("/etc/app/db/port", "6432\n"); !written) {
    std::cerr << "/etc/app/db/port: " << wasifs::message(written.error()) << "\n";
    return 1;
  }

  const wasifs::Status walked = tree.walk("/", [](const wasifs::Visited& visited) {
    std::cout << std::string(2 * visited.depth, ' ') << visited.name
              << (visited.node.is_directory() && visited.depth > 0 ? "/\n" : "\n");
    return wasifs::WalkNext::on;
  });
  if (!walked) return 1;

  for (const char* path : {"/etc/app/db/host", "/etc/app/db/port"}) {
    const wasifs::Result<std::string> content = tree.read_file(path);
    const wasifs::Result<wasifs::Provenance> from = tree.provenance(path);
    if (!content || !from || from->shown() == nullptr) return 1;
    std::cout << path << " = " << *content << "  from " << from->shown()->origin.text() << "\n";
  }
  return 0;
}
