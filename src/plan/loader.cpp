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

enum class SourceKind : std::uint8_t { manifest, package, archive, image, directory };

std::unexpected<Diagnostic> refuse(Trouble trouble, std::string message, std::string hint = {}) {
  return fail(Diagnostic{.trouble = trouble, .message = std::move(message), .hint = std::move(hint)});
}

bool has_webc_magic(const std::string& path) {
  std::array<char, kWebcMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  return file.read(start.data(), start.size()) && std::string_view(start.data(), start.size()) == kWebcMagic;
}

/// A SOURCE as the command line has it, and the file that it names.
struct SourceFile {
  std::string written;
  std::string path;
  std::string tag = {};  ///< behind the '#'
  struct stat found = {};
};

/// The part behind the last '#' is a tag where the whole is no file.
Outcome<SourceFile> find_source(const std::string& source) {
  SourceFile file{.written = source, .path = source};
  if (::stat(source.c_str(), &file.found) == 0) return file;
  const int error = errno;
  const std::size_t hash = source.rfind('#');
  if (error == ENOENT && hash != std::string::npos && hash != 0 &&
      ::stat(source.substr(0, hash).c_str(), &file.found) == 0) {
    file.path = source.substr(0, hash);
    file.tag = source.substr(hash + 1);
    return file;
  }
  if (error == ENOENT) return refuse(Trouble::source, "source " + quoted(source) + " does not exist");
  return refuse(Trouble::source, "source " + quoted(source) + ": " + message(static_cast<Errc>(error)));
}

Outcome<SourceKind> kind_of(const SourceFile& source, Archives& archives) {
  const std::string& path = source.path;
  const std::string_view name(path);
  if (S_ISDIR(source.found.st_mode)) {
    if (is_package_dir(path)) return SourceKind::package;
    return archives.is_image(path) ? SourceKind::image : SourceKind::directory;
  }
  if (!S_ISREG(source.found.st_mode)) {
    return refuse(Trouble::usage, quoted(path) + " is neither a file nor a directory");
  }
  if (is_wasmer_toml(name)) return SourceKind::package;
  if (name.ends_with(".toml")) return SourceKind::manifest;
  if (has_package_name(name) || has_webc_magic(path)) return SourceKind::package;
  if (has_archive_name(name) || archive::looks_like_archive(path)) {
    // What is compressed would have to be unpacked to know, and no tool writes images so.
    const bool maybe_image = name.ends_with(".tar") || !has_archive_name(name);
    return maybe_image && archives.is_image(path) ? SourceKind::image : SourceKind::archive;
  }
  return refuse(Trouble::usage, quoted(path) +
                                    " is neither a manifest (*.toml), a package (*.webc, *.wasmer), an "
                                    "archive, an image nor a directory");
}

/// The manifest that a SOURCE which is none stands for.
Manifest manifest_for(const SourceFile& source, SourceKind kind) {
  Manifest manifest;
  manifest.file = source.written;
  const Located<std::string> written{source.written, {.file = source.written}};
  if (kind == SourceKind::package) {
    manifest.container.emplace().source = whole_source(LayerSource::Kind::webc, written, {});
    return manifest;
  }
  LayerSource layer = whole_source(LayerSource::Kind::host, written, {});
  if (kind == SourceKind::archive) layer.kind = LayerSource::Kind::archive;
  if (kind == SourceKind::image) {
    layer.kind = LayerSource::Kind::image;
    layer.path = source.path;
    layer.tag = source.tag;
    manifest.image = ImageSource{.source = layer};
  }
  manifest.mounts.push_back({.guest = {"/", written.where},
                             .guest_path = "/",
                             .layers = {std::move(layer)},
                             .where = written.where});
  return manifest;
}

Outcome<Manifest> read_source(const SourceFile& source, SourceKind kind) {
  if (!source.tag.empty() && kind != SourceKind::image) {
    return refuse(Trouble::usage, quoted(source.path) + " is no image, so that " + quoted("#" + source.tag) +
                                      " names nothing in it");
  }
  if (kind != SourceKind::manifest) return manifest_for(source, kind);
  const Outcome<std::string> text = read_document(source.path, "the manifest");
  if (!text) return fail(text.error());
  return parse_manifest(*text, source.path);
}

}  // namespace

Outcome<LoadedSource> load_source(const std::string& source, const ComposeOptions& options) {
  if (source.empty())
    return refuse(Trouble::usage,
                  "the source is empty: name a manifest, package, archive, image or directory");
  const Outcome<SourceFile> file = find_source(source);
  if (!file) return fail(file.error());
  auto archives = std::make_shared<Archives>(
      Archives::Options{.cache = options.archive_cache, .progress = options.progress});
  const Outcome<SourceKind> kind = kind_of(*file, *archives);
  if (!kind) return fail(kind.error());
  Outcome<Manifest> manifest = read_source(*file, *kind);
  if (!manifest) return fail(manifest.error());
  if (auto applied = apply_options(options, *manifest); !applied) return fail(applied.error());
  PackageLoader loader(find_store(options), options.dependencies);
  for (const PackageNeed& need : needed_packages(*manifest)) {
    if (auto loaded = loader.load(need); !loaded) return fail(loaded.error());
  }
  Outcome<Images> images = load_images(*manifest, *archives);
  if (!images) return fail(std::move(images.error()));
  const struct stat& found = file->found;
  return LoadedSource{
      .manifest = *std::move(manifest),
      .packages = std::move(loader).take(),
      .images = *std::move(images),
      .archives = std::move(archives),
      .stamp = {.sec = found.st_mtim.tv_sec, .nsec = static_cast<std::int32_t>(found.st_mtim.tv_nsec)}};
}

}  // namespace wasifs::plan
