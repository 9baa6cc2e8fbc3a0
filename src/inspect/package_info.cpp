// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "inspect/package_details.h"
#include "inspect/package_report.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLabelWidth = 14;  // of the longest, a colon and a space
/// So many names of what nothing here understands tell enough.
constexpr std::size_t kMostOthers = 20;
constexpr std::size_t kLongestKey = 240;

std::string brief_quoted(std::string_view text) {
  const std::string shown = brief_name(text);
  return shown.starts_with('"') ? shown : quoted(text);
}

/// Prose is as good on one line.
std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

/// "label:     value", or nothing where the manifest does not say.
void print_field(std::ostream& out, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  std::string text = wrapped(brief_name(value), kLabelWidth, kColumns, 0);
  text.replace(0, label.size(), label).replace(label.size(), 1, ":");
  out << text << "\n";
}

/// What a line of a section has to say beside its first.
void print_more(std::ostream& out, std::string_view label, const std::vector<std::string>& values) {
  if (values.empty()) return;
  std::string line = std::string(label) + ":";
  for (const std::string& value : values) line += " " + brief_name(value);
  out << wrapped(line, 4, kColumns) << "\n";
}

void print_more(std::ostream& out, std::string_view label, const std::string& value) {
  if (!value.empty()) print_more(out, label, std::vector{value});
}

void print_line(std::ostream& out, const std::string& line) { out << wrapped(line, 2, kColumns) << "\n"; }

template <class T, class Show>
void print_section(std::ostream& out, std::string_view title, const std::vector<T>& items, Show show) {
  if (items.empty()) return;
  out << title << ":\n";
  for (const T& item : items) show(item);
}

void print_command(std::ostream& out, const webc::Command& command) {
  std::string line = brief_name(command.name);
  if (!command.atom.empty()) line += ": atom " + brief_quoted(command.atom);
  if (!command.dependency.empty()) line += " of dependency " + brief_quoted(command.dependency);
  if (!command.runner.empty()) line += ", runner " + brief_name(command.runner);
  print_line(out, line);
  print_more(out, "argv[0]", command.exec_name);
  print_more(out, "arguments", command.main_args);
  print_more(out, "environment", command.env);
  print_more(out, "working directory", command.cwd);
}

void print_atom(std::ostream& out, const webc::Atom& atom, const PackageDetails& details) {
  std::string line = brief_name(atom.name) + ": " + counted(atom.size, "byte");
  if (!atom.kind.empty()) line += ", kind " + brief_name(atom.kind);
  print_line(out, line);
  print_more(out, "signature", atom.signature);
  if (const auto found = details.features.find(atom.name); found != details.features.end()) {
    print_more(out, "features", found->second);
  }
}

/// `python: wasmer/python, version ^3.12`, or the URL as it is.
void print_dependency(std::ostream& out, const webc::Dependency& dependency) {
  const std::string& specifier = dependency.specifier;
  std::string line = brief_name(dependency.alias) + ": ";
  const std::size_t at = specifier.rfind('@');
  if (specifier.empty()) {
    line += "its manifest is part of this one";
  } else if (at == std::string::npos || specifier.find("://") != std::string::npos) {
    line += brief_name(specifier);
  } else {
    const std::string_view whole = specifier;
    line += brief_name(whole.substr(0, at)) + ", version " + brief_name(whole.substr(at + 1));
  }
  print_line(out, line);
}

/// What is shown where, e.g. `/lib <- volume "python" of dependency "dep"`.
void print_mapping(std::ostream& out, const webc::FsMapping& mapping) {
  std::string line = brief_name(mapping.mount_path) + " <- ";
  if (!mapping.host_path.empty()) line += brief_quoted(mapping.host_path) + " in ";
  line += "volume " + brief_quoted(mapping.volume);
  if (!mapping.from.empty()) line += " of dependency " + brief_quoted(mapping.from);
  print_line(out, line);
}

void print_others(std::ostream& out, std::vector<std::string> names) {
  const std::size_t more = names.size() - std::min(names.size(), kMostOthers);
  names.resize(names.size() - more);
  print_section(out, "other keys (--json has their values)", names, [&](const std::string& name) {
    // What is not plain in it is quoted already.
    print_line(out, cut(name, kLongestKey, false));
  });
  if (more != 0) out << "  and " << more << " more\n";
}

}  // namespace

void print_package_info(std::ostream& out, const webc::Package& package, std::string_view digest) {
  const webc::PackageManifest& manifest = package.manifest();
  const PackageDetails details = PackageDetails::of(package.manifest_json());
  print_field(out, "file", package.path());
  print_field(out, "size", counted(package.file_size(), "byte"));
  print_field(out, "sha256", digest);
  print_field(out, "webc version", std::to_string(package.version()));
  print_field(out, "name", manifest.name);
  print_field(out, "version", manifest.version);
  print_field(out, "description", one_line(manifest.description));
  for (const auto& [label, value] : details.fields) print_field(out, label, value);
  print_field(out, "entrypoint", manifest.entrypoint);
  print_section(out, "commands", manifest.commands,
                [&](const webc::Command& command) { print_command(out, command); });
  print_section(out, "atoms", manifest.atoms,
                [&](const webc::Atom& atom) { print_atom(out, atom, details); });
  print_section(out, "dependencies", manifest.dependencies,
                [&](const webc::Dependency& dependency) { print_dependency(out, dependency); });
  print_section(out, "volumes", package.volumes(), [&](const webc::VolumeInfo& volume) {
    print_line(out, brief_name(volume.name) + ": " + volume_counts(volume));
  });
  print_section(out, "mounts", manifest.fs,
                [&](const webc::FsMapping& mapping) { print_mapping(out, mapping); });
  print_others(out, details.others);
}

}  // namespace wasifs
