// SPDX-License-Identifier: Apache-2.0
#include "plan/layer_plan.h"

#include <algorithm>
#include <iterator>

#include "plan/image_plan.h"
#include "plan/package_plan.h"

namespace wasifs::plan {

PlannedLayer plain_layer(LayerKind kind, const SourceLocation& where) {
  return {.kind = kind, .where = where};
}

PlannedLayer host_layer(const LayerSource& source, Symlinks symlinks) {
  return {.kind = LayerKind::host,
          .source = source.path,
          .written = source.written,
          .symlinks = symlinks,
          .where = source.where};
}

Outcome<std::vector<PlannedLayer>> plan_layers(const MountEntry& entry, const Catalogue& catalogue,
                                               const Images& images, std::vector<Diagnostic>& warnings) {
  std::vector<PlannedLayer> layers;
  for (const LayerSource& source : entry.layers) {
    switch (source.kind) {
      case LayerSource::Kind::host:
        layers.push_back(host_layer(source, entry.symlinks));
        break;
      case LayerSource::Kind::webc: {
        Outcome<PlannedLayer> volume = plan_volume(source, catalogue.at(source.path));
        if (!volume) return fail(std::move(volume.error()));
        layers.push_back(*std::move(volume));
        break;
      }
      case LayerSource::Kind::archive:
        layers.push_back({.kind = LayerKind::archive,
                          .source = source.path,
                          .written = source.written,
                          .subpath = source.subpath,
                          .whiteouts = source.whiteouts,
                          .where = source.where});
        break;
      case LayerSource::Kind::image: {
        std::vector<PlannedLayer> all = plan_image(source, *images.at({source.path, source.tag}), warnings);
        std::ranges::move(all, std::back_inserter(layers));
        break;
      }
      case LayerSource::Kind::provided:
        layers.push_back({.kind = LayerKind::provided,
                          .written = source.written,
                          .provided = source.provided,
                          .where = source.where});
        break;
    }
  }
  // An image of no layers is an empty directory.
  if (layers.empty() && !entry.layers.empty()) layers.push_back(plain_layer(LayerKind::memory, entry.where));
  return layers;
}

PlannedMount plan_mount(const MountEntry& entry, std::vector<PlannedLayer> layers) {
  PlannedMount mount{.guest = entry.guest_path,
                     .guest_raw = entry.guest.value,
                     .access = entry.access,
                     .opaque = entry.opaque,
                     .upper = std::nullopt,
                     .lowers = std::move(layers),
                     .quota_bytes = entry.quota,
                     .origin = entry.origin.empty() ? std::string(kManifestOrigin) : entry.origin,
                     .where = entry.where,
                     .symlink_text = entry.symlink_text,
                     .caching = entry.caching};
  if (entry.type == MountType::memory) mount.lowers = {plain_layer(LayerKind::memory, entry.where)};
  if (entry.type == MountType::static_text) {
    mount.lowers = {plain_layer(LayerKind::static_text, entry.where)};
    mount.lowers.front().text = entry.text;
  }
  if (entry.access == Access::cow) mount.upper = plain_layer(LayerKind::memory, entry.where);
  if (entry.upper) {
    mount.upper = host_layer(entry.upper->directory, entry.symlinks);
    mount.work = entry.upper->work;
  }
  if (entry.access == Access::rw) {
    mount.upper = std::move(mount.lowers.front());
    mount.lowers.clear();
  }
  return mount;
}

}  // namespace wasifs::plan
