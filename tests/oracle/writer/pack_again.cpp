// SPDX-License-Identifier: Apache-2.0
// pack_again CASES.json FOLDER: packs each package that is described (see write.mjs) as
// FOLDER/NAME.ours.webc, from a folder with a wasmer.toml; then unpacks FOLDER/NAME.webc,
// the reference's, and packs that as FOLDER/NAME.again.webc.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "plan/pack.h"
#include "support/fixtures.h"
#include "support/pack_case.h"

namespace {

using namespace wasifs;
using Json = nlohmann::ordered_json;

void need(const Outcome<void>& outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().text());
}

void pack_again(const Json& one, const std::string& folder) {
  const std::string base = folder + "/" + one["name"].get<std::string>();
  std::filesystem::create_directory(base);
  test::write_pack_case(one, base);
  // Some names begin with a dot.
  need(plan::pack(base, base + ".ours.webc", {.include_ignored = true}));
  const std::vector<Diagnostic> warnings = test::unpack_to(base + ".webc", base + ".unpacked");
  if (!warnings.empty()) throw std::runtime_error(warnings.front().text());
  need(plan::pack(base + ".unpacked", base + ".again.webc", {}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: pack_again CASES.json FOLDER\n";
    return 2;
  }
  try {
    for (const Json& one : Json::parse(wasifs::test::read_file(argv[1]))) pack_again(one, argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
