// SPDX-License-Identifier: Apache-2.0
#include "plan/layer_source.h"

#include <algorithm>
#include <array>

#include "base/path.h"

namespace wasifs::plan {

namespace {

constexpr std::array<std::string_view, 2> kPackageSuffixes = {".webc", ".wasmer"};
constexpr std::array<std::string_view, 14> kArchiveSuffixes = {
    ".tar",     ".tar.gz", ".tgz",     ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
    ".tar.zst", ".tzst",   ".tar.lz4", ".zip",     ".cpio", ".7z",     ".iso"};

}  // namespace

std::string folder_of(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string_view::npos) return {};
  return std::string(file.substr(0, std::max<std::size_t>(slash, 1)));
}

std::string resolve_source(std::string_view folder, std::string_view written) {
  if (written.starts_with('/') || folder.empty()) return std::string(written);
  std::string path(folder);
  if (!path.ends_with('/')) path += '/';
  while (written.starts_with("./") && written.size() > 2) written.remove_prefix(2);
  return path.append(written);
}

bool has_package_name(std::string_view path) {
  return std::ranges::any_of(kPackageSuffixes, [&](auto suffix) { return path.ends_with(suffix); });
}

bool has_archive_name(std::string_view path) {
  return std::ranges::any_of(kArchiveSuffixes, [&](auto suffix) { return path.ends_with(suffix); });
}

std::optional<std::string> normalize_subpath(std::string_view text) {
  std::string normal;
  for (const std::string_view part : split_path(text)) {
    if (part == "..") return std::nullopt;
    if (part == ".") continue;
    if (!normal.empty()) normal += '/';
    normal += part;
  }
  return normal;
}

LayerSource whole_source(LayerSource::Kind kind, const Located<std::string>& written,
                         std::string_view folder) {
  return {.kind = kind,
          .written = written.value,
          .path = resolve_source(folder, written.value),
          .where = written.where};
}

std::optional<LayerSource> read_package_source(const Located<std::string>& written, std::string_view folder,
                                               Errors& errors) {
  std::string_view path = written.value;
  std::string_view fragment;
  const std::size_t hash = path.rfind('#');
  const bool split = hash != std::string_view::npos && has_package_name(path.substr(0, hash));
  if (split) {
    fragment = path.substr(hash + 1);
    path = path.substr(0, hash);
  }
  const std::size_t colon = std::min(fragment.find(':'), fragment.size());
  if (split && colon == 0) {
    errors.add(written.where, quoted(written.value) + " names no volume after \"#\"",
               "write FILE#VOLUME or FILE#VOLUME:SUBPATH, or leave the \"#\" out");
    return std::nullopt;
  }
  const auto subpath = normalize_subpath(fragment.substr(std::min(colon + 1, fragment.size())));
  if (!subpath) {
    errors.add(written.where, quoted(written.value) + ": the path inside a volume must not contain \"..\"");
    return std::nullopt;
  }
  return LayerSource{.kind = LayerSource::Kind::webc,
                     .written = std::string(path),
                     .path = resolve_source(folder, path),
                     .volume = std::string(fragment.substr(0, colon)),
                     .subpath = *subpath,
                     .where = written.where};
}

LayerSource read_image_source(const Located<std::string>& written, std::string_view folder) {
  LayerSource image = whole_source(LayerSource::Kind::image, written, folder);
  if (const std::size_t hash = image.path.rfind('#'); hash != std::string::npos) {
    image.tag = image.path.substr(hash + 1);
    image.path.resize(hash);
  }
  return image;
}

std::optional<LayerSource> read_layer(const Located<std::string>& written, std::string_view folder,
                                      Errors& errors) {
  const std::string_view text = written.value;
  if (has_package_name(text.substr(0, text.rfind('#')))) return read_package_source(written, folder, errors);
  if (has_archive_name(text)) return whole_source(LayerSource::Kind::archive, written, folder);
  if (has_archive_name(text.substr(0, text.rfind('#')))) {
    LayerSource image = read_image_source(written, folder);
    image.kind = LayerSource::Kind::archive;
    return image;
  }
  return whole_source(LayerSource::Kind::host, written, folder);
}

std::optional<HostUpper> read_upper(TableReader& reader, std::string_view folder, Errors& errors) {
  const auto upper = reader.text("upper");
  const auto work = reader.text("work");
  if (!upper || upper->value == "memory") {
    const bool misread = !upper && reader.find("upper") != nullptr;
    if (work && !misread) {
      errors.add(work->where, "\"work\" is for an \"upper\" that is a host directory",
                 "name that directory with \"upper\", or leave \"work\" out");
    }
    return std::nullopt;
  }
  HostUpper host = host_upper(*upper, folder);
  if (work) host.work = resolve_source(folder, work->value);
  return host;
}

HostUpper host_upper(const Located<std::string>& written, std::string_view folder) {
  HostUpper host{.directory = whole_source(LayerSource::Kind::host, written, folder), .work = {}};
  std::string& path = host.directory.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  host.work = path + ".work";
  return host;
}

}  // namespace wasifs::plan
