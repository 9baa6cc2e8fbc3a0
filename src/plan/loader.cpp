// SPDX-License-Identifier: Apache-2.0
#include "plan/loader.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "base/path.h"
#include "fs/archive/recognise.h"
#include "plan/layer_source.h"
#include "plan/make_plan.h"
#include "plan/options.h"
#include "plan/package_dir.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kWebcMagic{"\0webc", 5};

enum class SourceKind : std::uint8_t { manifest, package, archive, directory };

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
  if (S_ISDIR(found.st_mode)) return is_package_dir(source) ? SourceKind::package : SourceKind::directory;
  if (!S_ISREG(found.st_mode)) {
    return refuse(Trouble::usage, quoted(source) + " is neither a file nor a directory");
  }
  if (is_wasmer_toml(name)) return SourceKind::package;
  if (name.ends_with(".toml")) return SourceKind::manifest;
  if (has_package_name(name) || has_webc_magic(source)) return SourceKind::package;
  if (has_archive_name(name) || archive::looks_like_archive(source)) return SourceKind::archive;
  return refuse(Trouble::usage, quoted(source) +
                                    " is neither a manifest (*.toml), a package (*.webc, *.wasmer), "
                                    "an archive nor a directory");
}

/// The manifest that a SOURCE which is none stands for.
Manifest manifest_for(const std::string& source, SourceKind kind) {
  Manifest manifest;
  manifest.file = source;
  const Located<std::string> written{source, {.file = source}};
  if (kind == SourceKind::package) {
    manifest.container.emplace().source = whole_source(LayerSource::Kind::webc, written, {});
  } else {
    const bool packed = kind == SourceKind::archive;
    const auto layer = packed ? LayerSource::Kind::archive : LayerSource::Kind::host;
    manifest.mounts.push_back({.guest = {"/", written.where},
                               .guest_path = "/",
                               .type = packed ? MountType::archive : MountType::host,
                               .access = packed ? Access::cow : Access::rw,
                               .layers = {whole_source(layer, written, {})},
                               .where = written.where});
  }
  return manifest;
}

Outcome<Manifest> read_source(const std::string& source, SourceKind kind) {
  if (kind != SourceKind::manifest) return manifest_for(source, kind);
  const Outcome<std::string> text = read_document(source, "the manifest");
  if (!text) return fail(text.error());
  return parse_manifest(*text, source);
}

}  // namespace

Outcome<LoadedSource> load_source(const std::string& source, const ComposeOptions& options) {
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
  PackageLoader loader(find_store(options), options.dependencies);
  for (const PackageNeed& need : needed_packages(*manifest)) {
    if (auto loaded = loader.load(need); !loaded) return fail(loaded.error());
  }
  return LoadedSource{
      .manifest = *std::move(manifest),
      .packages = std::move(loader).take(),
      .stamp = {.sec = found.st_mtim.tv_sec, .nsec = static_cast<std::int32_t>(found.st_mtim.tv_nsec)}};
}

}  // namespace wasifs::plan
