// SPDX-License-Identifier: Apache-2.0
// pack_again CASES.json FOLDER: packs each package that is described (see write.mjs) as
// FOLDER/NAME.ours.webc, from a folder with a wasmer.toml; then unpacks FOLDER/NAME.webc,
// the reference's, and packs that as FOLDER/NAME.again.webc.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "inspect/folder_sink.h"
#include "inspect/tree_copy.h"
#include "plan/pack.h"
#include "plan/unpack.h"
#include "support/fixtures.h"
#include "support/pack_case.h"

namespace {

using namespace wasifs;
using Json = nlohmann::ordered_json;

template <class T>
T need(Outcome<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

void unpack_to(const std::string& package, const std::string& folder) {
  const plan::UnpackedPackage unpacked = need(plan::unpack(package));
  if (!unpacked.warnings.empty()) throw std::runtime_error(unpacked.warnings.front().text());
  const auto sink = need(FolderSink::create(folder, {}));
  need(copy_tree(*unpacked.tree, "/", *sink));
  need(sink->finish());
}

void pack_again(const Json& one, const std::string& folder) {
  const std::string base = folder + "/" + one["name"].get<std::string>();
  std::filesystem::create_directory(base);
  test::write_pack_case(one, base);
  // Some names begin with a dot.
  need(plan::pack(base, base + ".ours.webc", {.include_ignored = true}));
  unpack_to(base + ".webc", base + ".unpacked");
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
