// SPDX-License-Identifier: Apache-2.0
// make_webc DIR FILE: a package whose one volume holds what is in the directory.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "support/fixtures.h"
#include "support/webc_writer.h"

namespace {

namespace fs = std::filesystem;
using wasifs::test::WebcEntry;

std::vector<WebcEntry> entries_of(const fs::path& root) {
  std::vector<WebcEntry> entries;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).string();
    if (entry.is_symlink()) {
      entries.push_back(wasifs::test::webc_link(path, fs::read_symlink(entry.path()).string()));
    } else if (entry.is_directory()) {
      entries.push_back(wasifs::test::webc_dir(path));
    } else {
      entries.push_back(wasifs::test::webc_file(path, wasifs::test::read_file(entry.path().string())));
    }
  }
  return entries;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_webc DIR FILE\n";
    return 2;
  }
  try {
    wasifs::test::WebcSpec spec;
    spec.manifest = {
        {"package", {{"wapm", {{"name", "test/root"}, {"version", "1.0.0"}, {"description", ""}}}}}};
    spec.volumes["/root"] = entries_of(argv[1]);
    std::ofstream file(argv[2], std::ios::binary);
    file << wasifs::test::write_webc(spec) << std::flush;
    if (file) return 0;
    std::cerr << "error: " << argv[2] << " cannot be written\n";
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 1;
}
