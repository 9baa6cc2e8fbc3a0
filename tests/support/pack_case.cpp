// SPDX-License-Identifier: Apache-2.0
#include "support/pack_case.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "inspect/folder_sink.h"
#include "inspect/tree_copy.h"
#include "plan/unpack.h"

namespace wasifs::test {

namespace {

using Json = nlohmann::ordered_json;
namespace stdfs = std::filesystem;

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

void write(const stdfs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) throw std::system_error(errno, std::generic_category(), path.string());
}

void set_time(const stdfs::path& path, std::int64_t seconds) {
  const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) {
    throw std::system_error(errno, std::generic_category(), path.string());
  }
}

/// Directories have no times, as the reference gives them none that is made in memory.
void write_tree(const Json& tree, const stdfs::path& folder) {
  stdfs::create_directories(folder);
  for (const auto& [name, entry] : tree.items()) {
    if (entry.contains("data") && entry["data"].is_string()) {
      write(folder / name, decode(entry["data"].get<std::string>()));
      set_time(folder / name, entry["modified"].get<std::int64_t>());
    } else {
      write_tree(entry, folder / name);
    }
  }
  set_time(folder, 0);
}

/// TOML: what JSON writes is what TOML writes, but for tables and null.
std::string toml(const Json& value) {
  if (!value.is_structured()) return value.dump();
  std::string out;
  for (const auto& [key, child] : value.items()) {
    out += out.empty() ? "" : ", ";
    out += value.is_object() ? Json(key).dump() + " = " + toml(child) : toml(child);
  }
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

void append_table(std::string& out, const std::string& header, const Json& table) {
  out += header + "\n";
  for (const auto& [key, value] : table.items()) out += Json(key).dump() + " = " + toml(value) + "\n";
}

template <class T>
T need(Outcome<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

}  // namespace

std::vector<Diagnostic> unpack_to(const std::string& package, const std::string& folder) {
  plan::UnpackedPackage unpacked = need(plan::unpack(package));
  const auto sink = need(FolderSink::create(folder, {}));
  need(copy_tree(*unpacked.tree, "/", *sink));
  need(sink->finish());
  return std::move(unpacked.warnings);
}

void write_pack_case(const Json& described, const std::string& folder) {
  std::string text;
  if (described.contains("package")) append_table(text, "[package]", described["package"]);
  // The interface of the reference that the cases are for sorts them.
  std::map<std::string, std::string> fs;
  for (const auto& [place, tree] : described["volumes"].items()) {
    write_tree(tree, stdfs::path(folder + place));
    fs[place] = "." + place;
  }
  append_table(text, "[fs]", fs);
  for (const auto& [name, program] : described["programs"].items()) {
    write(stdfs::path(folder) / (name + ".wasm"), decode(program.get<std::string>()));
    append_table(text, "[[module]]", {{"name", name}, {"source", name + ".wasm"}, {"abi", "wasi"}});
  }
  for (const Json& command : described["commands"]) append_table(text, "[[command]]", command);
  write(stdfs::path(folder) / "wasmer.toml", text);
}

}  // namespace wasifs::test
