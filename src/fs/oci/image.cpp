// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/image.h"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/path.h"
#include "base/sha256.h"
#include "fs/oci/blobs.h"
#include "fs/oci/choose.h"

namespace wasifs::oci {

namespace {

constexpr const char* kMarker = "oci-layout";
constexpr const char* kIndex = "index.json";
constexpr const char* kSaved = "manifest.json";
constexpr std::string_view kBlobs = "blobs/sha256/";
constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::string_view kModule = "module";

Diagnostic corrupt(const Blobs& blobs, const std::string& name, const std::string& what) {
  return {.trouble = Trouble::corrupt, .message = blobs.label() + ": " + wasifs::quoted(name) + ": " + what};
}

std::string blob_name(const std::string& digest) {
  return std::string(kBlobs) + digest.substr(kAlgorithm.size());
}

/// The digest that a name below "blobs/sha256/" stands for, else "". Older tars of
/// `docker save` have the digest of a config as its name, NAME.json.
std::string digest_of_name(std::string_view name) {
  if (name.starts_with(kBlobs)) {
    name.remove_prefix(kBlobs.size());
  } else if (name.ends_with(".json")) {
    name.remove_suffix(5);
  }
  std::string digest = std::string(kAlgorithm).append(name);
  return is_digest(digest) ? digest : std::string();
}

bool is_index(std::string_view media_type) {
  return media_type == "application/vnd.oci.image.index.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

/// A tar by its media type, whoever made that up: the known ones say "tar" and how
/// it is compressed.
LayerContent content_of(std::string_view media_type) {
  if (media_type.ends_with("wasm")) return LayerContent::wasm;
  for (const std::string_view end : {".tar", ".tar+gzip", ".tar+zstd", ".tar.gzip", ".tar.zstd"}) {
    if (media_type.ends_with(end)) return LayerContent::tar;
  }
  return LayerContent::other;
}

}  // namespace

/// Finds the image that is meant and reads it.
class ImageReader {
 public:
  ImageReader(std::unique_ptr<Blobs> blobs, const std::string& path, const std::string& tag)
      : blobs_(std::move(blobs)), path_(path), tag_(tag) {}

  Outcome<std::shared_ptr<const Image>> read() {
    image_.path_ = path_;
    Outcome<void> done = blobs_->has(kMarker) ? read_layout() : read_saved_images();
    if (!done) return fail(std::move(done.error()));
    name_modules();
    return std::make_shared<const Image>(std::move(image_));
  }

 private:
  std::string document(const std::string& name) const {
    return blobs_->label() + ": " + wasifs::quoted(name);
  }

  /// A document, with its bytes known to be those that are meant.
  Outcome<View> checked(const Descriptor& of) const {
    const std::string name = blob_name(of.digest);
    Outcome<View> view = sized(name, of.size);
    if (!view) return view;
    if (view->bytes.size() > kMaxDocument) {
      return fail(corrupt(*blobs_, name, "it is longer than a document may be"));
    }
    if (auto same = compare(name, of.digest, view->bytes); !same) return fail(same.error());
    return view;
  }

  Outcome<View> sized(const std::string& name, std::uint64_t size) const {
    Outcome<View> view = blobs_->bytes(name);
    if (!view || view->bytes.size() == size) return view;
    return fail(corrupt(*blobs_, name,
                        "it has " + std::to_string(view->bytes.size()) + " bytes where " +
                            std::to_string(size) + " are announced"));
  }

  Outcome<void> compare(const std::string& name, const std::string& digest,
                        std::span<const std::byte> bytes) const {
    const std::string found = std::string(kAlgorithm) + to_hex(sha256(bytes));
    if (found == digest) return {};
    return fail(corrupt(*blobs_, name, "its bytes have the digest " + found));
  }

  Outcome<void> read_layout() {
    const Outcome<View> marker = blobs_->bytes(kMarker);
    if (!marker) return fail(marker.error());
    if (auto known = read_layout_marker(marker->bytes, document(kMarker)); !known) return known;
    std::vector<Descriptor> manifests;
    if (auto found = collect(manifests); !found) return found;
    if (auto known = add_platforms(manifests); !known) return known;
    const std::vector<Candidate> candidates = candidates_of(manifests);
    const Outcome<std::size_t> chosen = choose_image(candidates, tag_, blobs_->label(), path_);
    if (!chosen) return fail(chosen.error());
    return read_manifest(manifests[*chosen]);
  }

  /// All images of the index and those that it names, each manifest once. Bounded:
  /// no index is read twice, and what each may hold is.
  Outcome<void> collect(std::vector<Descriptor>& manifests) {
    struct Pending {
      Descriptor index;
      std::size_t depth;
    };
    const Outcome<View> top = blobs_->bytes(kIndex);
    if (!top) return fail(top.error());
    std::deque<Pending> pending;
    std::set<std::string> seen;
    const auto add = [&](std::span<const std::byte> bytes, const std::string& name, const Descriptor& outer,
                         std::size_t depth) -> Outcome<void> {
      Outcome<std::vector<Descriptor>> entries = read_index(bytes, document(name));
      if (!entries) return fail(entries.error());
      for (Descriptor& entry : *entries) {
        // What has no names of its own is meant by those of what it is in.
        if (entry.ref_name.empty()) entry.ref_name = outer.ref_name;
        if (entry.image_name.empty()) entry.image_name = outer.image_name;
        // Attestations about the images beside them.
        if (entry.platform == Platform{.os = "unknown", .architecture = "unknown"}) continue;
        if (!is_index(entry.media_type)) {
          manifests.push_back(std::move(entry));
        } else if (seen.insert(entry.digest).second) {
          pending.push_back({std::move(entry), depth + 1});
        }
        if (manifests.size() + seen.size() > Image::kMaxImages) {
          return fail(
              corrupt(*blobs_, name, "there are more than " + std::to_string(Image::kMaxImages) + " images"));
        }
      }
      return {};
    };
    if (auto added = add(top->bytes, kIndex, {}, 0); !added) return added;
    for (; !pending.empty(); pending.pop_front()) {
      const Pending& next = pending.front();
      const std::string name = blob_name(next.index.digest);
      if (next.depth > Image::kMaxIndexDepth) {
        return fail(corrupt(*blobs_, name,
                            "indexes lie more than " + std::to_string(Image::kMaxIndexDepth) + " deep"));
      }
      const Outcome<View> view = checked(next.index);
      if (!view) return fail(view.error());
      if (auto added = add(view->bytes, name, next.index, next.depth); !added) return added;
    }
    return {};
  }

  /// An index need not say what its images are for; their configs do.
  Outcome<void> add_platforms(std::vector<Descriptor>& manifests) const {
    if (manifests.size() < 2) return {};
    for (Descriptor& one : manifests) {
      if (one.platform != Platform{}) continue;
      const Outcome<ImageManifest> manifest = manifest_of(one);
      if (!manifest) return fail(manifest.error());
      const Outcome<ImageConfig> config = config_of(manifest->config);
      if (!config) return fail(config.error());
      one.platform = config->platform;
    }
    return {};
  }

  /// An image of several names is one candidate; `manifests` is thinned out alike.
  static std::vector<Candidate> candidates_of(std::vector<Descriptor>& manifests) {
    std::vector<Candidate> out;
    std::vector<Descriptor> kept;
    std::map<std::string, std::size_t> places;
    for (Descriptor& one : manifests) {
      const auto [place, added] = places.emplace(one.digest, out.size());
      if (added) out.push_back({.names = {}, .platform = one.platform, .digest = one.digest});
      for (const std::string& name : {one.image_name, one.ref_name}) {
        std::vector<std::string>& names = out[place->second].names;
        if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
      if (added) kept.push_back(std::move(one));
    }
    manifests = std::move(kept);
    return out;
  }

  Outcome<ImageManifest> manifest_of(const Descriptor& of) const {
    const Outcome<View> view = checked(of);
    if (!view) return fail(view.error());
    return read_image_manifest(view->bytes, document(blob_name(of.digest)));
  }

  /// Artifacts may have a config that is something else altogether.
  Outcome<ImageConfig> config_of(const Descriptor& of) const {
    const Outcome<View> view = checked(of);
    if (!view) return fail(view.error());
    if (!of.media_type.empty() && !of.media_type.ends_with("json")) return ImageConfig{};
    return read_config(view->bytes, document(blob_name(of.digest)));
  }

  Outcome<void> read_manifest(const Descriptor& chosen) {
    const Outcome<ImageManifest> manifest = manifest_of(chosen);
    if (!manifest) return fail(manifest.error());
    Outcome<ImageConfig> config = config_of(manifest->config);
    if (!config) return fail(config.error());
    image_.config_ = *std::move(config);
    for (const Descriptor& layer : manifest->layers) {
      std::string name = blob_name(layer.digest);
      const LayerContent content = content_of(layer.media_type);
      View bytes;
      if (content != LayerContent::other) {
        Outcome<View> view = sized(name, layer.size);
        if (!view) return fail(view.error());
        bytes = *std::move(view);
      }
      image_.layers_.push_back({.digest = layer.digest,
                                .media_type = layer.media_type,
                                .name = std::move(name),
                                .content = content,
                                .file = layer.title,
                                .bytes = std::move(bytes)});
    }
    return {};
  }

  /// `manifest.json` of `docker save`.
  Outcome<void> read_saved_images() {
    const Outcome<View> view = blobs_->bytes(kSaved);
    if (!view) return fail(view.error());
    const Outcome<std::vector<SavedImage>> saved = read_saved(view->bytes, document(kSaved));
    if (!saved) return fail(saved.error());
    std::vector<Candidate> candidates;
    for (const SavedImage& one : *saved) {
      if (candidates.size() == Image::kMaxImages) {
        return fail(
            corrupt(*blobs_, kSaved, "there are more than " + std::to_string(Image::kMaxImages) + " images"));
      }
      candidates.push_back({.names = one.tags, .platform = {}, .digest = digest_of_name(one.config)});
    }
    const Outcome<std::size_t> chosen = choose_image(candidates, tag_, blobs_->label(), path_);
    if (!chosen) return fail(chosen.error());
    return read_saved_image((*saved)[*chosen]);
  }

  Outcome<void> read_saved_image(const SavedImage& saved) {
    const Outcome<View> view = blobs_->bytes(saved.config);
    if (!view) return fail(view.error());
    if (const std::string digest = digest_of_name(saved.config); !digest.empty()) {
      if (auto same = compare(saved.config, digest, view->bytes); !same) return same;
    }
    Outcome<ImageConfig> config = read_config(view->bytes, document(saved.config));
    if (!config) return fail(config.error());
    image_.config_ = *std::move(config);
    for (const std::string& name : saved.layers) {
      Outcome<View> bytes = blobs_->bytes(name);
      if (!bytes) return fail(bytes.error());
      image_.layers_.push_back({.digest = digest_of_name(name),
                                .media_type = {},
                                .name = name,
                                .content = LayerContent::tar,
                                .bytes = *std::move(bytes)});
    }
    return {};
  }

  /// A title that is no file name, or is taken, gives way to a name of ours.
  void name_modules() {
    std::set<std::string> taken;
    for (const ImageLayer& layer : image_.layers_) {
      if (layer.content == LayerContent::wasm) taken.insert(layer.file);
    }
    std::set<std::string> used;
    std::size_t number = 0;
    for (ImageLayer& layer : image_.layers_) {
      if (layer.content != LayerContent::wasm) {
        layer.file.clear();
        continue;
      }
      if (check_name(layer.file) && used.insert(layer.file).second) continue;
      do {
        ++number;
        layer.file = std::string(kModule) + (number == 1 ? "" : "-" + std::to_string(number)) + ".wasm";
      } while (taken.contains(layer.file) || !used.insert(layer.file).second);
    }
  }

  std::unique_ptr<Blobs> blobs_;
  const std::string& path_;
  const std::string& tag_;
  Image image_;
};

bool Image::is_layout(const std::string& directory) {
  struct stat found{};
  return ::lstat((directory + "/" + kMarker).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

bool Image::is_image(Filesystem& tar) {
  const NodeRef root = tar.root();
  if (!root->is_directory()) return false;
  const auto has = [&](const char* name) {
    const Result<NodeRef> node = root->lookup(name);
    return node && (*node)->type() == FileType::regular;
  };
  if (has(kMarker)) return has(kIndex);
  if (!has(kSaved)) return false;
  // Many a tar has a file of that name; only the one of an image has this in it.
  const std::unique_ptr<Blobs> blobs = blobs_of(FilesystemPtr(FilesystemPtr(), &tar), std::string());
  const Outcome<View> view = blobs->bytes(kSaved);
  return view && read_saved(view->bytes, {}).has_value();
}

Outcome<std::shared_ptr<const Image>> Image::open(const std::string& path, const std::string& tag) {
  Outcome<std::unique_ptr<Blobs>> blobs = open_directory(path, "image " + wasifs::quoted(path));
  if (!blobs) return fail(std::move(blobs.error()));
  return ImageReader(*std::move(blobs), path, tag).read();
}

Outcome<std::shared_ptr<const Image>> Image::open(FilesystemPtr tar, const std::string& path,
                                                  const std::string& tag) {
  return ImageReader(blobs_of(std::move(tar), "image " + wasifs::quoted(path)), path, tag).read();
}

Outcome<Image::Verified> Image::verify() const {
  Verified done;
  for (const ImageLayer& layer : layers_) {
    if (layer.digest.empty() || layer.content == LayerContent::other) continue;
    const std::string found = std::string(kAlgorithm) + to_hex(sha256(layer.bytes.bytes));
    if (found != layer.digest) {
      return fail(Diagnostic{.trouble = Trouble::corrupt,
                             .message = "image " + wasifs::quoted(path_) + ": " + wasifs::quoted(layer.name) +
                                        ": its bytes have the digest " + found});
    }
    ++done.hashes;
    done.bytes += layer.bytes.bytes.size();
  }
  return done;
}

}  // namespace wasifs::oci
