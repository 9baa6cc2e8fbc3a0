// SPDX-License-Identifier: Apache-2.0
#include "plan/pack_toml.h"

#include <algorithm>

#include "base/path.h"
#include "plan/reader.h"

namespace wasifs::plan {

namespace {

/// Reads a document that parse_wasmer_toml() has taken.
class PackTomlReader {
 public:
  PackTomlReader(const Value& document, WasmerToml toml, const std::string& file)
      : file_(file), reader_(document, "wasmer.toml", errors_) {
    out_.toml = std::move(toml);
  }

  Outcome<PackToml> read() {
    if (const Value* package = reader_.table("package", "[package]")) read_package(*package);
    for (const Value* module : reader_.tables("module", "[[module]]")) read_module(*module);
    std::size_t at = 0;
    for (const Value* command : reader_.tables("command", "[[command]]")) {
      read_command(*command, out_.toml.commands[at++]);
    }
    if (!errors_.empty()) return fail(std::move(errors_).diagnostic(file_));
    return std::move(out_);
  }

 private:
  static std::optional<std::string> plain(std::optional<Located<std::string>> located) {
    return located ? std::optional(std::move(located->value)) : std::nullopt;
  }

  void read_package(const Value& table) {
    TableReader reader(table, "[package]", errors_);
    out_.has_package = true;
    out_.license = plain(reader.content("license"));
    out_.license_file = reader.text("license-file");
    out_.readme = reader.text("readme");
    out_.repository = plain(reader.content("repository"));
    out_.homepage = plain(reader.content("homepage"));
    if (const auto is_private = reader.boolean("private")) out_.is_private = is_private->value;
  }

  void read_module(const Value& table) {
    TableReader reader(table, "[[module]]", errors_);
    const auto name = reader.text("name");
    const Value* found = reader.table("bindings", "\"bindings\"");
    if (found == nullptr || !name) return;
    TableReader bindings(*found, "\"bindings\"", errors_);
    PackToml::Bindings read{.module = name->value, .version = {}};
    read.wit = bindings.place_of("wit-bindgen") || bindings.place_of("wit-exports");
    const auto version = bindings.required_text(read.wit ? "wit-bindgen" : "wai-version");
    if (version) read.version = version->value;
    if (read.wit) {
      read.exports = bindings.required_text("wit-exports");
    } else {
      read.exports = bindings.text("exports");
      read.imports = bindings.texts("imports");
    }
    out_.bindings.push_back(std::move(read));
  }

  void read_command(const Value& table, const webc::Command& known) {
    TableReader reader(table, "[[command]]", errors_);
    PackToml::Command command{.name = known.name,
                              .module = reader.text("module")->value,
                              .dependency = known.dependency,
                              .atom = known.atom,
                              .runner = known.runner,
                              .where = table.where};
    if (reader.place_of("runner")) {
      const Value* annotations = reader.table("annotations", "\"annotations\"");
      if (annotations != nullptr) command.annotations = *annotations;
    } else {
      command.package = plain(reader.content("package"));
      if (reader.place_of("main_args") || reader.place_of("main-args")) command.main_args = known.main_args;
    }
    out_.commands.push_back(std::move(command));
  }

  const std::string& file_;
  Errors errors_;
  TableReader reader_;
  PackToml out_;
};

}  // namespace

std::vector<std::pair<Located<std::string>, std::string>> PackToml::metadata_files() const {
  std::vector<std::pair<Located<std::string>, std::string>> files;
  if (license_file) files.emplace_back(*license_file, "license-file");
  if (readme) files.emplace_back(*readme, "readme");
  for (const Bindings& one : bindings) {
    const std::string label = "bindings of " + quoted(one.module);
    if (one.exports) files.emplace_back(*one.exports, label);
    for (const Located<std::string>& path : one.imports) files.emplace_back(path, label);
  }
  return files;
}

Outcome<PackToml> parse_pack_toml(std::string_view text, const std::string& file) {
  Outcome<WasmerToml> toml = parse_wasmer_toml(text, file);
  if (!toml) return fail(std::move(toml.error()));
  const Outcome<Value> document = parse_document(text, file);
  if (!document) return fail(document.error());
  return PackTomlReader(*document, *std::move(toml), file).read();
}

}  // namespace wasifs::plan
