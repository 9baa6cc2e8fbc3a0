// SPDX-License-Identifier: Apache-2.0
#include "plan/archives.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "fs/archive/archive_fs.h"
#include "plan/layer_source.h"

namespace wasifs::plan {

namespace {

bool is_directory(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool exists(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0;
}

archive::OpenOptions options_for(const Archives::Options& options, const std::string& what,
                                 Whiteouts whiteouts) {
  archive::OpenOptions out;
  out.whiteouts = whiteouts;
  // An overlay keeps its marks where its process may.
  out.user_marks = ::geteuid() != 0;
  out.cache = options.cache;
  if (options.progress) {
    out.progress = [report = options.progress, what](std::uint64_t done, std::uint64_t total) {
      report(what, done, total);
    };
  }
  return out;
}

bool is_opaque(Node& directory) {
  return directory.get_xattr(::geteuid() == 0 ? "trusted.overlay.opaque" : "user.overlay.opaque") == "y";
}

/// The attributes of a directory as the layers, the nearest first, show it.
std::optional<Attr> attributes_below(const std::vector<FilesystemPtr>& layers, const std::string& directory) {
  for (const FilesystemPtr& layer : layers) {
    NodeRef at = layer->root();
    bool hides = false;
    for (const std::string_view name : split_path(directory)) {
      hides = hides || is_opaque(*at);
      Result<NodeRef> next = at->lookup(name);
      // A file or a deletion hides what lies below it as well.
      if (next && !(*next)->is_directory()) return std::nullopt;
      at = next ? *std::move(next) : NodeRef();
      if (!at) break;
    }
    if (at) {
      const Result<Attr> attr = at->attr();
      return attr ? std::optional<Attr>(*attr) : std::nullopt;
    }
    if (hides) return std::nullopt;
  }
  return std::nullopt;
}

/// Makes images of the layers that are some, and opens them.
class ImageLoader {
 public:
  ImageLoader(Manifest& manifest, Archives& archives) : manifest_(manifest), archives_(archives) {}

  Outcome<Images> load() {
    for (MountEntry& mount : manifest_.mounts) {
      for (LayerSource& layer : mount.layers) {
        if (mount.type == MountType::overlay) find_image(layer);
        if (layer.kind == LayerSource::Kind::archive && !layer.tag.empty()) {
          return fail(Diagnostic{.trouble = Trouble::source,
                                 .message = purpose_of(mount) + quoted(layer.path) + " is no image that " +
                                            quoted("#" + layer.tag) + " could name a part of",
                                 .where = layer.where});
        }
        if (layer.kind != LayerSource::Kind::image) continue;
        if (auto opened = open(layer, purpose_of(mount)); !opened) return fail(std::move(opened.error()));
      }
    }
    if (manifest_.image) {
      if (auto opened = open(manifest_.image->source, ""); !opened) return fail(std::move(opened.error()));
    }
    return std::move(images_);
  }

 private:
  static std::string purpose_of(const MountEntry& mount) {
    return "mount " + quoted(mount.guest_path) + ": ";
  }

  void find_image(LayerSource& layer) {
    using Kind = LayerSource::Kind;
    if (layer.kind == Kind::archive) {
      // A compressed one would have to be unpacked to know.
      if (layer.path.ends_with(".tar") && archives_.is_image(layer.path)) layer.kind = Kind::image;
      return;
    }
    if (layer.kind != Kind::host) return;
    if (is_directory(layer.path)) {
      if (archives_.is_image(layer.path)) layer.kind = Kind::image;
      return;
    }
    const std::size_t hash = layer.path.rfind('#');
    if (hash == std::string::npos || exists(layer.path)) return;
    const std::string path = layer.path.substr(0, hash);
    if (!is_directory(path) || !archives_.is_image(path)) return;
    layer.kind = Kind::image;
    layer.tag = layer.path.substr(hash + 1);
    layer.path = path;
  }

  Outcome<void> open(const LayerSource& source, const std::string& purpose) {
    const std::pair key(source.path, source.tag);
    if (images_.contains(key)) return {};
    auto image = archives_.image(source.path, source.tag);
    if (image) {
      images_.emplace(key, *std::move(image));
      return {};
    }
    // An image that is the SOURCE itself needs no word on where it was asked for.
    if (purpose.empty() || source.where.file == source.written) return fail(std::move(image.error()));
    Diagnostic error{.trouble = image.error().trouble,
                     .message = purpose + "image " + quoted(source.written) + " cannot be used",
                     .where = source.where};
    error.causes.push_back(std::move(image.error()));
    return fail(std::move(error));
  }

  Manifest& manifest_;
  Archives& archives_;
  Images images_;
};

}  // namespace

Outcome<FilesystemPtr> Archives::archive(const std::string& path, Whiteouts whiteouts) {
  const std::pair key(path, whiteouts);
  if (const auto known = archives_.find(key); known != archives_.end()) return known->second;
  auto opened = archive::ArchiveFilesystem::open(path, options_for(options_, path, whiteouts));
  if (!opened) return fail(std::move(opened.error()));
  return archives_.emplace(key, *std::move(opened)).first->second;
}

bool Archives::is_image(const std::string& path) {
  if (is_directory(path)) return oci::Image::is_layout(path);
  // Whatever is wrong with it, whoever opens it in earnest says so.
  const Outcome<FilesystemPtr> tar = archive(path, Whiteouts::none);
  return tar && oci::Image::is_image(**tar);
}

Outcome<std::shared_ptr<const oci::Image>> Archives::image(const std::string& path, const std::string& tag) {
  const std::pair key(path, tag);
  if (const auto known = images_.find(key); known != images_.end()) return known->second;
  const auto open = [&]() -> Outcome<std::shared_ptr<const oci::Image>> {
    if (is_directory(path)) return oci::Image::open(path, tag);
    Outcome<FilesystemPtr> tar = archive(path, Whiteouts::none);
    if (!tar) return fail(std::move(tar.error()));
    return oci::Image::open(*std::move(tar), path, tag);
  };
  auto image = open();
  if (image) images_.emplace(key, *image);
  return image;
}

Outcome<FilesystemPtr> Archives::layer(const std::string& path, const std::string& tag, std::size_t number) {
  // Those below it first, each once: a directory that only paths speak of looks as it does there.
  for (std::size_t below = 0; below < number; ++below) {
    if (auto opened = open_layer(path, tag, below); !opened) return opened;
  }
  return open_layer(path, tag, number);
}

Outcome<FilesystemPtr> Archives::open_layer(const std::string& path, const std::string& tag,
                                            std::size_t number) {
  const std::tuple key(path, tag, number);
  if (const auto known = layers_.find(key); known != layers_.end()) return known->second;
  const auto image = this->image(path, tag);
  if (!image) return fail(image.error());
  const oci::ImageLayer& layer = (*image)->layers().at(number);
  if (layer.content != oci::LayerContent::tar) return FilesystemPtr();
  const std::string label = path + ": " + layer.name;
  std::vector<FilesystemPtr> below;
  for (std::size_t i = number; i > 0; --i) {
    const auto found = layers_.find({path, tag, i - 1});
    if (found != layers_.end() && found->second != nullptr) below.push_back(found->second);
  }
  archive::OpenOptions options = options_for(options_, label, Whiteouts::oci);
  options.inherit = [&below](const std::string& directory) { return attributes_below(below, directory); };
  auto parsed = archive::ArchiveFilesystem::parse(layer.bytes, label, options);
  if (!parsed) return fail(std::move(parsed.error()));
  return layers_.emplace(key, *std::move(parsed)).first->second;
}

Outcome<Images> load_images(Manifest& manifest, Archives& archives) {
  return ImageLoader(manifest, archives).load();
}

}  // namespace wasifs::plan
