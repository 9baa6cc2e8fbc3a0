// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "base/path.h"
#include "plan/document.h"
#include "plan/layer_source.h"
#include "plan/make_plan.h"
#include "plan/manifest.h"
#include "plan/options.h"
#include "plan/prepare.h"
#include "wasifs/root.h"

namespace wasifs {

namespace {

using namespace plan;

constexpr std::string_view kWasmerManifest = "wasmer.toml";
constexpr std::string_view kWebcMagic{"\0webc", 5};

enum class SourceKind : std::uint8_t { manifest, package, directory };

/// A SOURCE, read as far as planning needs it.
struct Loaded {
  Manifest manifest;
  Packages packages;
  Catalogue catalogue;
  Time stamp;
};

std::unexpected<Diagnostic> refuse(Trouble trouble, std::string message, std::string hint = {}) {
  return fail(Diagnostic{.trouble = trouble, .message = std::move(message), .hint = std::move(hint)});
}

bool has_webc_magic(const std::string& path) {
  std::array<char, kWebcMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  return file.read(start.data(), start.size()) && std::string_view(start.data(), start.size()) == kWebcMagic;
}

Outcome<SourceKind> kind_of(const std::string& source, const struct stat& found) {
  const std::string_view name(source);
  if (S_ISDIR(found.st_mode)) {
    if (::access((source + "/" + std::string(kWasmerManifest)).c_str(), F_OK) == 0) {
      return refuse(
          Trouble::usage,
          "directory " + quoted(source) + " holds a wasmer.toml, which this version of wasifs does not read",
          "write a manifest that mounts the directory with type = \"host\"");
    }
    return SourceKind::directory;
  }
  if (!S_ISREG(found.st_mode)) {
    return refuse(Trouble::usage, quoted(source) + " is neither a file nor a directory");
  }
  if (name == kWasmerManifest || name.ends_with("/wasmer.toml")) {
    return refuse(Trouble::usage, quoted(source) + ": this version of wasifs does not read wasmer.toml");
  }
  if (name.ends_with(".toml")) return SourceKind::manifest;
  if (has_package_name(name) || has_webc_magic(source)) return SourceKind::package;
  if (has_archive_name(name)) {
    return refuse(Trouble::usage, quoted(source) + ": archives are not supported by this version of wasifs",
                  "unpack it and name the directory");
  }
  return refuse(Trouble::usage, quoted(source) +
                                    " is neither a manifest (*.toml), a package (*.webc, *.wasmer) "
                                    "nor a directory");
}

Outcome<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // One byte more than allowed tells a document that is too long.
  std::string text(kMaxDocumentBytes + 1, '\0');
  if (!file || !(file.read(text.data(), static_cast<std::streamsize>(text.size())) || file.eof())) {
    return refuse(Trouble::source, "the manifest " + quoted(path) + " cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// The manifest that a SOURCE which is none stands for.
Manifest manifest_for(const std::string& source, SourceKind kind) {
  Manifest manifest;
  manifest.file = source;
  const Located<std::string> written{source, {.file = source}};
  if (kind == SourceKind::package) {
    manifest.container.emplace().source = whole_source(LayerSource::Kind::webc, written, {});
  } else {
    manifest.mounts.push_back({.guest = {"/", written.where},
                               .guest_path = "/",
                               .layers = {whole_source(LayerSource::Kind::host, written, {})},
                               .where = written.where});
  }
  return manifest;
}

Outcome<Manifest> read_source(const std::string& source, SourceKind kind) {
  if (kind != SourceKind::manifest) return manifest_for(source, kind);
  const Outcome<std::string> text = read_text(source);
  if (!text) return fail(text.error());
  return parse_manifest(*text, source);
}

Outcome<std::shared_ptr<const webc::Package>> open_package(const PackageNeed& need) {
  const LayerSource& source = *need.source;
  auto package = webc::Package::open(source.path);
  // A package that is the SOURCE itself needs no word on where it was asked for.
  if (package || source.where.file == source.written) return package;
  const bool missing = ::access(source.path.c_str(), F_OK) != 0 && errno == ENOENT;
  Diagnostic error{.trouble = package.error().trouble,
                   .message = need.purpose + (need.purpose.empty() ? "" : ": ") + "package " +
                              quoted(source.written) + (missing ? " does not exist" : " cannot be opened"),
                   .where = source.where};
  if (!missing) error.causes.push_back(std::move(package.error()));
  return fail(std::move(error));
}

Outcome<void> open_packages(Loaded& loaded) {
  for (const PackageNeed& need : needed_packages(loaded.manifest)) {
    const std::string& path = need.source->path;
    if (loaded.packages.contains(path)) continue;
    auto package = open_package(need);
    if (!package) return fail(package.error());
    PackageInfo info{.manifest = (*package)->manifest(), .version = (*package)->version(), .volumes = {}};
    for (const webc::VolumeInfo& volume : (*package)->volumes()) info.volumes.push_back(volume.name);
    loaded.catalogue.emplace(path, std::move(info));
    loaded.packages.emplace(path, *std::move(package));
  }
  return {};
}

Outcome<Loaded> load(const std::string& source, const ComposeOptions& options) {
  if (source.empty())
    return refuse(Trouble::usage, "the source is empty: name a manifest, package or directory");
  struct stat found{};
  if (::stat(source.c_str(), &found) != 0) {
    if (errno == ENOENT) return refuse(Trouble::source, "source " + quoted(source) + " does not exist");
    return refuse(Trouble::source, "source " + quoted(source) + ": " + message(static_cast<Errc>(errno)));
  }
  const Outcome<SourceKind> kind = kind_of(source, found);
  if (!kind) return fail(kind.error());
  Outcome<Manifest> manifest = read_source(source, *kind);
  if (!manifest) return fail(manifest.error());
  if (auto applied = apply_options(options, *manifest); !applied) return fail(applied.error());
  Loaded loaded{
      .manifest = *std::move(manifest),
      .packages = {},
      .catalogue = {},
      .stamp = {.sec = found.st_mtim.tv_sec, .nsec = static_cast<std::int32_t>(found.st_mtim.tv_nsec)}};
  if (auto opened = open_packages(loaded); !opened) return fail(opened.error());
  return loaded;
}

}  // namespace

Outcome<Plan> plan_source(const std::string& source, const ComposeOptions& options) {
  const Outcome<Loaded> loaded = load(source, options);
  if (!loaded) return fail(loaded.error());
  return make_plan(loaded->manifest, loaded->catalogue);
}

Outcome<PreparedRoot> PreparedRoot::open(const std::string& source, const ComposeOptions& options) {
  const Outcome<Loaded> loaded = load(source, options);
  if (!loaded) return fail(loaded.error());
  Outcome<Plan> plan = make_plan(loaded->manifest, loaded->catalogue);
  if (!plan) return fail(plan.error());
  return prepare(*std::move(plan), loaded->packages, loaded->stamp);
}

}  // namespace wasifs
