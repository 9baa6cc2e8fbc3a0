// SPDX-License-Identifier: Apache-2.0
// make_package pack DIR FILE       a package that holds what is in the directory
// make_package generate N FILE     one of N small files, 100 to a directory
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "package_writer.h"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 3 || (words[0] != "pack" && words[0] != "generate")) {
    std::cerr << "usage: make_package pack DIR FILE\n       make_package generate N FILE\n";
    return 2;
  }
  try {
    using namespace wasifs::bench;
    const PackageNode root = words[0] == "pack"
                                 ? read_directory(words[1])
                                 : generate_tree(static_cast<std::uint32_t>(std::stoul(words[1])));
    write_package(words[2], root);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "make_package: " << error.what() << '\n';
    return 1;
  }
}
