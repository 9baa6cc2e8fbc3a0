// SPDX-License-Identifier: Apache-2.0
// write_again CASES.json FOLDER: writes each package that is described (see write.mjs)
// again, with our writer, as FOLDER/NAME.ours.webc. The volumes and programs come from the
// description; the manifest is taken from FOLDER/NAME.webc as it is.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "base/mapping.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/layout.h"
#include "fs/webc/writer.h"
#include "support/fixtures.h"

namespace {

using namespace wasifs;
using Json = nlohmann::ordered_json;

template <class T>
T need(Outcome<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

std::string decode(std::string_view base64) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : base64) {
    if (c == '=') break;
    value = (value << 6U | static_cast<unsigned>(kDigits.find(c))) & 0xffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(value >> bits & 0xffU);
  }
  return out;
}

void fill(Node& file, const std::string& content) {
  const FilePtr open = file.open({.write = true}).value();
  if (!content.empty()) open->write_at(0, std::as_bytes(std::span(content))).value();
}

/// Directories have no times, as the reference gives them none that is made in memory.
void add_tree(Node& directory, const Json& described) {
  for (const auto& [name, entry] : described.items()) {
    const bool is_file = entry.contains("data") && entry["data"].is_string();
    const NodeRef node =
        directory.create(name, {.type = is_file ? FileType::regular : FileType::directory, .mode = 0755})
            .value();
    Time modified;
    if (is_file) {
      fill(*node, decode(entry["data"].get<std::string>()));
      modified.sec = entry["modified"].get<std::int64_t>();
    } else {
      add_tree(*node, entry);
    }
    node->set_attr({.mtime = modified}).value();
  }
}

/// The manifest of a package as its bytes are.
std::string manifest_of(const std::string& path) {
  const View file = need(map_file(path, "package"));
  const auto layout = webc::read_layout(file.bytes);
  if (!layout) throw std::runtime_error(path + " is no package");
  return std::string(webc::text_of(webc::bytes_of(file.bytes, layout->manifest)));
}

void write_again(const Json& one, const std::string& folder) {
  const std::string base = folder + "/" + one["name"].get<std::string>();
  webc::PackageSource source{.manifest = manifest_of(base + ".webc")};
  MemoryFilesystem programs;
  for (const auto& [name, program] : one["programs"].items()) {
    const NodeRef file = programs.root()->create(name, {}).value();
    fill(*file, decode(program.get<std::string>()));
    source.atoms.push_back({.name = name, .file = file, .sha256 = need(webc::hash_content(*file, name))});
  }
  std::vector<std::unique_ptr<MemoryFilesystem>> volumes;
  Json described = one["volumes"];
  described["metadata"] = Json::object();
  for (const auto& [name, tree] : described.items()) {
    volumes.push_back(std::make_unique<MemoryFilesystem>());
    add_tree(*volumes.back()->root(), tree);
    volumes.back()->root()->set_attr({.mtime = Time{}}).value();
    source.volumes.push_back({.name = name, .root = volumes.back()->root()});
  }
  need(webc::write_package(source, base + ".ours.webc"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: write_again CASES.json FOLDER\n";
    return 2;
  }
  try {
    for (const Json& one : Json::parse(wasifs::test::read_file(argv[1]))) write_again(one, argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
