// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plan/manifest.h"
#include "plan/reader.h"

namespace wasifs::plan {

/// The folder of the file `file`, "" for the current one.
[[nodiscard]] std::string folder_of(std::string_view file);

/// `written`, or below `folder` where it is relative.
[[nodiscard]] std::string resolve_source(std::string_view folder, std::string_view written);

/// True for the file names that packages have: *.webc, *.wasmer.
[[nodiscard]] bool has_package_name(std::string_view path);
/// True for the file names of archives (tar, zip, cpio, compressed or not).
[[nodiscard]] bool has_archive_name(std::string_view path);

/// `text` without "." and empty components, relative; nullopt if it has "..".
[[nodiscard]] std::optional<std::string> normalize_subpath(std::string_view text);

/// `written` as a host directory, or as a package without a volume.
[[nodiscard]] LayerSource whole_source(LayerSource::Kind kind, const Located<std::string>& written,
                                       std::string_view folder);

/// Reads the source of a package: `PATH` or `PATH#VOLUME[:SUBPATH]`. The '#' is
/// the last one, and only behind a name that packages have.
[[nodiscard]] std::optional<LayerSource> read_package_source(const Located<std::string>& written,
                                                             std::string_view folder, Errors& errors);

/// Reads the source of an image: `PATH` or `PATH#TAG`. The '#' is the last one.
[[nodiscard]] LayerSource read_image_source(const Located<std::string>& written, std::string_view folder);

/// Reads one of the `layers` of an overlay: a package or an archive by its name, else
/// a host directory. Which of the latter two are images, only their files tell; an
/// archive that is named with a tag must be one.
[[nodiscard]] std::optional<LayerSource> read_layer(const Located<std::string>& written,
                                                    std::string_view folder, Errors& errors);

/// Reads "upper" and "work" of [root] or a [[mount]]. nullopt: changes go to memory.
/// The default work directory is "NAME.work" beside the upper.
[[nodiscard]] std::optional<HostUpper> read_upper(TableReader& reader, std::string_view folder,
                                                  Errors& errors);
/// The host directory `written` as an upper, with the default work directory.
[[nodiscard]] HostUpper host_upper(const Located<std::string>& written, std::string_view folder);

}  // namespace wasifs::plan
