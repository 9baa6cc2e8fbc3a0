// SPDX-License-Identifier: Apache-2.0
// write_package FILE [ATOM=PROGRAM]...: the package that the JSON on the input describes
// (see compositions/package_text.h), with the programs of the host as further atoms.
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>

#include "package_text.h"
#include "support/fixtures.h"

namespace {

void write_package(const std::string& path, std::span<char* const> atoms) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  wasifs::test::WebcSpec spec = wasifs::test::read_package_text(text);
  for (const std::string atom : atoms) {
    const std::size_t equals = atom.find('=');
    if (equals == std::string::npos) throw std::invalid_argument(atom + " is no ATOM=PROGRAM");
    spec.atoms[atom.substr(0, equals)] = wasifs::test::read_file(atom.substr(equals + 1));
  }
  std::ofstream file(path, std::ios::binary);
  file << wasifs::test::write_webc(spec) << std::flush;
  if (!file) throw std::runtime_error(path + " cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char* const> words(argv, static_cast<std::size_t>(argc));
  if (words.size() < 2) {
    std::cerr << "usage: write_package FILE [ATOM=PROGRAM]...\n";
    return 2;
  }
  try {
    write_package(words[1], words.subspan(2));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
