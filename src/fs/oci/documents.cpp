// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/documents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/path.h"

namespace wasifs::oci {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::size_t kDigestDigits = 64;

Diagnostic wrong(const std::string& label, const std::string& what) {
  return {.trouble = Trouble::corrupt, .message = label + ": " + what};
}

/// Where lists and maps lie more than kMaxDepth deep, or nullopt. The parser needs
/// stack for no depth, but what it makes is destroyed recursively.
std::optional<std::size_t> too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return at;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::nullopt;
}

Outcome<Json> parse(std::span<const std::byte> bytes, const std::string& label) {
  if (bytes.size() > kMaxDocument) {
    return fail(wrong(label, "it has " + std::to_string(bytes.size()) + " bytes, and a document may have " +
                                 std::to_string(kMaxDocument)));
  }
  const std::string_view text = text_of(bytes);
  if (const auto at = too_deep(text)) {
    return fail(wrong(label, "byte " + std::to_string(*at) + ": values lie more than " +
                                 std::to_string(kMaxDepth) + " deep"));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // The parser counts from 1, and past the end where something is missing.
    const std::size_t at = error.byte == 0 ? 0 : std::min(error.byte - 1, text.size());
    return fail(wrong(label, "byte " + std::to_string(at) + ": it is no JSON"));
  } catch (const Json::out_of_range&) {
    return fail(wrong(label, "it holds a number that is out of range"));
  }
}

/// A value and how to name it, e.g. `manifests[2].digest`.
struct Place {
  const Json* value;  ///< null where absent
  std::string path;

  [[nodiscard]] bool absent() const { return value == nullptr || value->is_null(); }
};

/// Takes values out of one document; the first of a wrong type is kept as the error.
class Reader {
 public:
  explicit Reader(const std::string& label) : label_(label) {}

  [[nodiscard]] static Place member(const Place& of, std::string_view key) {
    Place out{.value = nullptr,
              .path = of.path.empty() ? std::string(key) : of.path + "." + std::string(key)};
    if (of.absent() || !of.value->is_object()) return out;
    if (const auto found = of.value->find(key); found != of.value->end()) out.value = &*found;
    return out;
  }

  void wrong(const Place& at, std::string_view expected) {
    if (error_) return;
    const std::string what = at.path.empty() ? "it" : at.path;
    error_ = oci::wrong(
        label_, what + (at.absent() ? " is missing, it must be " : " is no ") + std::string(expected));
  }

  Place map(Place at) {
    if (!at.absent() && !at.value->is_object()) wrong(at, "map");
    return at;
  }

  std::string text(const Place& at) {
    if (at.absent()) return {};
    if (at.value->is_string()) return at.value->get<std::string>();
    wrong(at, "text");
    return {};
  }

  std::string needed_text(const Place& at) {
    std::string out = text(at);
    if (at.absent()) wrong(at, "a text");
    return out;
  }

  /// The entries of a list; none where it is absent.
  std::vector<Place> list(const Place& at) {
    std::vector<Place> out;
    if (at.absent()) return out;
    if (!at.value->is_array()) {
      wrong(at, "list");
    } else if (at.value->size() > kMaxEntries) {
      wrong(at, "list of at most " + std::to_string(kMaxEntries) + " entries");
    } else {
      for (std::size_t i = 0; i < at.value->size(); ++i) {
        out.push_back({&(*at.value)[i], at.path + "[" + std::to_string(i) + "]"});
      }
    }
    return out;
  }

  std::vector<Place> needed_list(const Place& at) {
    if (at.absent()) wrong(at, "a list");
    return list(at);
  }

  std::vector<std::string> texts(const Place& at) {
    std::vector<std::string> out;
    for (const Place& one : list(at)) out.push_back(needed_text(one));
    return out;
  }

  Descriptor descriptor(const Place& at) {
    Descriptor out;
    if (at.absent()) wrong(at, "a map");
    map(at);
    out.media_type = text(member(at, "mediaType"));
    const Place digest = member(at, "digest");
    out.digest = needed_text(digest);
    if (!digest.absent() && !is_digest(out.digest)) {
      wrong(digest, "digest that can be read: sha256 and 64 hexadecimal digits in lower case");
    }
    const Place size = member(at, "size");
    if (size.absent() || !size.value->is_number_unsigned()) {
      wrong(size, size.absent() ? "a number of bytes" : "number of bytes");
    } else {
      out.size = size.value->get<std::uint64_t>();
    }
    const Place platform = map(member(at, "platform"));
    out.platform = {.os = text(member(platform, "os")),
                    .architecture = text(member(platform, "architecture"))};
    const Place notes = map(member(at, "annotations"));
    out.ref_name = text(member(notes, "org.opencontainers.image.ref.name"));
    out.image_name = text(member(notes, "io.containerd.image.name"));
    out.title = text(member(notes, "org.opencontainers.image.title"));
    return out;
  }

  template <class T>
  Outcome<T> finish(T value) {
    if (error_) return fail(*std::move(error_));
    return value;
  }

 private:
  const std::string& label_;
  std::optional<Diagnostic> error_;
};

/// Reads a document whose outermost value is a map.
template <class T, class Body>
Outcome<T> read_map(std::span<const std::byte> bytes, const std::string& label, Body body) {
  const Outcome<Json> json = parse(bytes, label);
  if (!json) return fail(json.error());
  Reader reader(label);
  const Place root{&*json, ""};
  if (!json->is_object()) reader.wrong(root, "map");
  return reader.finish(body(reader, root));
}

}  // namespace

bool is_digest(std::string_view text) {
  if (!text.starts_with(kDigestPrefix) || text.size() != kDigestPrefix.size() + kDigestDigits) return false;
  return std::ranges::all_of(text.substr(kDigestPrefix.size()),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Outcome<std::vector<Descriptor>> read_index(std::span<const std::byte> bytes, const std::string& label) {
  return read_map<std::vector<Descriptor>>(bytes, label, [](Reader& reader, const Place& root) {
    std::vector<Descriptor> out;
    for (const Place& at : reader.needed_list(Reader::member(root, "manifests"))) {
      out.push_back(reader.descriptor(at));
    }
    return out;
  });
}

Outcome<ImageManifest> read_image_manifest(std::span<const std::byte> bytes, const std::string& label) {
  return read_map<ImageManifest>(bytes, label, [](Reader& reader, const Place& root) {
    ImageManifest out{.config = reader.descriptor(Reader::member(root, "config")), .layers = {}};
    for (const Place& at : reader.needed_list(Reader::member(root, "layers"))) {
      out.layers.push_back(reader.descriptor(at));
    }
    return out;
  });
}

Outcome<ImageConfig> read_config(std::span<const std::byte> bytes, const std::string& label) {
  return read_map<ImageConfig>(bytes, label, [](Reader& reader, const Place& root) {
    ImageConfig out;
    out.platform = {.os = reader.text(Reader::member(root, "os")),
                    .architecture = reader.text(Reader::member(root, "architecture"))};
    const Place config = reader.map(Reader::member(root, "config"));
    out.env = reader.texts(Reader::member(config, "Env"));
    out.entrypoint = reader.texts(Reader::member(config, "Entrypoint"));
    out.cmd = reader.texts(Reader::member(config, "Cmd"));
    out.working_dir = reader.text(Reader::member(config, "WorkingDir"));
    out.user = reader.text(Reader::member(config, "User"));
    return out;
  });
}

Outcome<std::vector<SavedImage>> read_saved(std::span<const std::byte> bytes, const std::string& label) {
  const Outcome<Json> json = parse(bytes, label);
  if (!json) return fail(json.error());
  Reader reader(label);
  std::vector<SavedImage> out;
  for (const Place& at : reader.needed_list({&*json, ""})) {
    reader.map(at);
    out.push_back({.config = reader.needed_text(Reader::member(at, "Config")),
                   .tags = reader.texts(Reader::member(at, "RepoTags")),
                   .layers = {}});
    for (const Place& layer : reader.needed_list(Reader::member(at, "Layers"))) {
      out.back().layers.push_back(reader.needed_text(layer));
    }
  }
  return reader.finish(std::move(out));
}

Outcome<void> read_layout_marker(std::span<const std::byte> bytes, const std::string& label) {
  const Outcome<std::string> version =
      read_map<std::string>(bytes, label, [](Reader& reader, const Place& root) {
        return reader.needed_text(Reader::member(root, "imageLayoutVersion"));
      });
  if (!version) return fail(version.error());
  if (version->starts_with("1.")) return {};
  return fail(wrong(
      label, "image layouts of version " + wasifs::quoted(*version) + " cannot be read, only those of 1"));
}

}  // namespace wasifs::oci
