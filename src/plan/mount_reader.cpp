// SPDX-License-Identifier: Apache-2.0
#include "plan/mount_reader.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/path.h"
#include "plan/layer_source.h"

namespace wasifs::plan {

namespace {

/// What a type of mount accepts; everything else about it follows from here.
struct TypeRules {
  MountType type;
  std::string_view name;
  std::span<const std::string_view> keys;  ///< beside guest, type, access, on-conflict
  std::span<const Access> access;          ///< the default first
};

constexpr std::string_view kHostKeys[] = {"source",        "opaque", "symlinks", "symlink-text", "quota",
                                          "write-through", "upper",  "work",     "cache"};
constexpr std::string_view kWebcKeys[] = {"source", "volume", "subpath", "opaque", "symlink-text",
                                          "quota",  "upper",  "work",    "cache"};
constexpr std::string_view kArchiveKeys[] = {"source", "subpath", "whiteouts", "opaque", "symlink-text",
                                             "quota",  "upper",   "work",      "cache"};
constexpr std::string_view kImageKeys[] = {"source", "opaque", "symlink-text", "quota",
                                           "upper",  "work",   "cache"};
constexpr std::string_view kMemoryKeys[] = {"opaque", "quota", "cache"};
constexpr std::string_view kStaticKeys[] = {"text"};
constexpr std::string_view kOverlayKeys[] = {"layers", "whiteouts", "opaque", "symlinks", "symlink-text",
                                             "quota",  "upper",     "work",   "cache"};
constexpr std::string_view kOwnKeys[] = {"source",       "volume", "subpath", "opaque",   "symlinks",
                                         "symlink-text", "quota",  "layers",  "text",     "write-through",
                                         "upper",        "work",   "cache",   "whiteouts"};
constexpr Access kHostAccess[] = {Access::rw, Access::cow, Access::ro};
constexpr Access kLayerAccess[] = {Access::cow, Access::ro};
constexpr Access kMemoryAccess[] = {Access::rw, Access::ro};
constexpr Access kStaticAccess[] = {Access::ro};

constexpr TypeRules kTypes[] = {
    {MountType::host, "host", kHostKeys, kHostAccess},
    {MountType::webc, "webc", kWebcKeys, kLayerAccess},
    {MountType::archive, "archive", kArchiveKeys, kLayerAccess},
    {MountType::image, "image", kImageKeys, kLayerAccess},
    {MountType::memory, "memory", kMemoryKeys, kMemoryAccess},
    {MountType::static_text, "static", kStaticKeys, kStaticAccess},
    {MountType::overlay, "overlay", kOverlayKeys, kLayerAccess},
};

const TypeRules& rules_of(MountType type) { return *std::ranges::find(kTypes, type, &TypeRules::type); }

constexpr std::string_view name_of(Access access) {
  return access == Access::rw ? "rw" : access == Access::cow ? "cow" : "ro";
}

/// Reads one [[mount]]; each step reads a few keys and reports what is wrong
/// with them.
class MountReader {
 public:
  MountReader(const Value& table, const std::string& folder, Errors& errors)
      : reader_(table, "[[mount]]", errors), folder_(folder), errors_(errors) {}

  MountEntry read() {
    mount_.where = reader_.where();
    read_guest();
    const bool typed = read_type();
    if (typed) {
      report_foreign_keys();
      read_access();
      read_layers();
      read_text();
      read_host_upper();
      read_options();
      check_root();
    }
    reader_.unsupported("journal", "\"journal\" of a mount");
    // Without a type nobody knows which keys belong here.
    if (typed) reader_.finish();
    return std::move(mount_);
  }

 private:
  const TypeRules& rules() const { return rules_of(mount_.type); }
  bool at_root() const { return mount_.guest_path == "/"; }
  bool allows(std::string_view key) const {
    return std::ranges::find(rules().keys, key) != rules().keys.end();
  }
  /// Changes to this mount are kept in a memory layer of its own.
  bool keeps_changes() const {
    if (mount_.upper) return false;
    return mount_.access == Access::cow || (mount_.type == MountType::memory && mount_.access == Access::rw);
  }

  void read_guest() {
    const auto guest = reader_.required_text("guest");
    if (!guest) return;
    mount_.guest = *guest;
    if (const auto path = read_guest_path(*guest, errors_)) mount_.guest_path = *path;
  }

  bool read_type() {
    const Value* value = reader_.find("type");
    if (value == nullptr) errors_.add(reader_.where(), "[[mount]] has no \"type\"");
    const auto type = reader_.word<MountType>("type", {{"host", MountType::host},
                                                       {"webc", MountType::webc},
                                                       {"archive", MountType::archive},
                                                       {"image", MountType::image},
                                                       {"memory", MountType::memory},
                                                       {"static", MountType::static_text},
                                                       {"overlay", MountType::overlay}});
    if (type) mount_.type = type->value;
    return type.has_value();
  }

  void report_foreign_keys() {
    for (const std::string_view key : kOwnKeys) {
      if (allows(key) || reader_.find(key) == nullptr) continue;
      errors_.add(*reader_.place_of(key),
                  quoted(key) + " does not belong to a mount of type " + quoted(rules().name));
    }
  }

  void read_access() {
    mount_.access = rules().access.front();
    const auto access =
        reader_.word<Access>("access", {{"rw", Access::rw}, {"cow", Access::cow}, {"ro", Access::ro}});
    if (!access) return;
    if (std::ranges::find(rules().access, access->value) != rules().access.end()) {
      mount_.access = access->value;
      if (access->value == Access::ro) mount_.ro_where = access->where;
      return;
    }
    std::vector<std::string_view> allowed;
    for (const Access one : rules().access) allowed.push_back(name_of(one));
    const bool packed = mount_.type == MountType::archive || mount_.type == MountType::image;
    errors_.add(
        access->where,
        "a mount of type " + quoted(rules().name) + " cannot have access " + quoted(name_of(access->value)) +
            ": use " + list_of(allowed, "or"),
        packed ? "with \"cow\" changes go to memory, or to a host directory that \"upper\" names" : "");
  }

  void read_layers() {
    if (mount_.type == MountType::overlay) {
      read_overlay_layers();
    } else if (allows("source")) {
      if (const auto source = reader_.required_text("source")) read_source(*source);
    }
  }

  void read_source(const Located<std::string>& source) {
    if (mount_.type == MountType::host) {
      mount_.layers.push_back(whole_source(LayerSource::Kind::host, source, folder_));
    } else if (mount_.type == MountType::image) {
      mount_.layers.push_back(read_image_source(source, folder_));
    } else if (mount_.type == MountType::archive) {
      mount_.layers.push_back(whole_source(LayerSource::Kind::archive, source, folder_));
      mount_.layers.back().whiteouts = read_whiteouts();
      if (const auto subpath = reader_.text("subpath")) mount_.layers.back().subpath = read_subpath(*subpath);
    } else {
      read_package(source);
    }
  }

  Whiteouts read_whiteouts() {
    const auto whiteouts =
        reader_.word<Whiteouts>("whiteouts", {{"none", Whiteouts::none}, {"oci", Whiteouts::oci}});
    return whiteouts ? whiteouts->value : Whiteouts::none;
  }

  std::string read_subpath(const Located<std::string>& subpath) {
    const auto normal = normalize_subpath(subpath.value);
    if (!normal) errors_.add(subpath.where, "\"subpath\" must not contain \"..\"");
    return normal.value_or("");
  }

  void read_package(const Located<std::string>& source) {
    auto layer = read_package_source(source, folder_, errors_);
    const auto volume = reader_.text("volume");
    const auto subpath = reader_.text("subpath");
    if (!layer) return;
    if (volume && !layer->volume.empty()) {
      errors_.add(volume->where, "the volume is given twice, here and in \"source\"");
    } else if (subpath && !layer->subpath.empty()) {
      errors_.add(subpath->where, "the path inside the volume is given twice, here and in \"source\"");
    }
    if (volume) layer->volume = volume->value;
    if (subpath) layer->subpath = read_subpath(*subpath);
    mount_.layers.push_back(*std::move(layer));
  }

  void read_overlay_layers() {
    if (reader_.find("layers") == nullptr) {
      errors_.add(reader_.where(), "[[mount]] of type \"overlay\" has no \"layers\"");
      return;
    }
    const Value* layers = reader_.array("layers");
    if (layers == nullptr) return;
    const Whiteouts whiteouts = read_whiteouts();
    if (layers->items.empty()) errors_.add(layers->where, "\"layers\" must not be empty");
    for (const Value& item : layers->items) {
      if (item.kind != ValueKind::string) {
        errors_.add(item.where, "a layer must be a string, not " + std::string(item.kind_name));
      } else if (check_text("layers", item, errors_)) {
        if (auto layer = read_layer({item.text, item.where}, folder_, errors_)) {
          if (layer->kind == LayerSource::Kind::archive) layer->whiteouts = whiteouts;
          mount_.layers.push_back(*std::move(layer));
        }
      }
    }
  }

  void read_text() {
    if (!allows("text")) return;
    if (reader_.find("text") == nullptr) {
      errors_.add(reader_.where(), "[[mount]] of type \"static\" has no \"text\"");
    }
    if (auto text = reader_.content("text")) mount_.text = std::move(text->value);
  }

  void read_options() {
    if (const auto mode = reader_.word<ConflictMode>(
            "on-conflict", {{"override", ConflictMode::override_}, {"fail", ConflictMode::fail}})) {
      mount_.on_conflict = mode->value;
    }
    if (allows("opaque")) mount_.opaque = reader_.boolean("opaque").value_or(Located<bool>{}).value;
    if (allows("symlinks")) {
      const auto links =
          reader_.word<Symlinks>("symlinks", {{"contain", Symlinks::contain}, {"deny", Symlinks::deny}});
      if (links) mount_.symlinks = links->value;
    }
    if (allows("symlink-text")) {
      const auto text = reader_.word<SymlinkText>(
          "symlink-text", {{"verbatim", SymlinkText::verbatim}, {"rebase", SymlinkText::rebase}});
      if (text) mount_.symlink_text = text->value;
    }
    if (allows("cache")) read_cache();
    if (allows("quota")) {
      if (const auto quota = reader_.size("quota")) {
        mount_.quota = quota->value;
        if (!keeps_changes()) {
          errors_.add(quota->where, "\"quota\" has no meaning here: this mount keeps no changes in memory");
        }
      }
    }
  }

  void read_cache() {
    const auto caching = read_caching(reader_);
    if (!caching) return;
    mount_.caching = *caching;
    if (at_root()) {
      errors_.add(*reader_.place_of("cache"),
                  "a mount at \"/\" is a layer of the root and has no cache of its own",
                  "write \"cache\" in [root]");
    }
  }

  void read_host_upper() {
    if (!allows("upper")) return;
    mount_.upper = read_upper(reader_, folder_, errors_);
    const Value* const written = reader_.find("upper");
    if (written == nullptr) return;
    if (mount_.access != Access::cow) {
      errors_.add(written->where, "\"upper\" is for a mount with access \"cow\"",
                  "write access = \"cow\", or leave \"upper\" out");
    } else if (mount_.upper && at_root()) {
      errors_.add(written->where, "a mount at \"/\" is a layer of the root and has no upper of its own",
                  "write \"upper\" in [root]");
    }
  }

  /// A mount at "/" is a layer of the root, so what makes a mount of its own
  /// has no meaning there.
  void check_root() {
    if (allows("write-through")) {
      const auto through = reader_.boolean("write-through");
      mount_.write_through = through && through->value;
      if (mount_.write_through && !(at_root() && mount_.access == Access::rw)) {
        errors_.add(through->where,
                    "\"write-through\" is for a mount of a host directory at \"/\" with access \"rw\"");
      }
    }
    if (!at_root()) return;
    if (mount_.type == MountType::static_text) {
      errors_.add(mount_.guest.where, "a static file cannot be mounted at \"/\"");
    } else if (mount_.type == MountType::memory) {
      errors_.add(mount_.guest.where, "a mount of type \"memory\" at \"/\" would show nothing",
                  "the root takes changes without it");
    } else if (mount_.quota) {
      errors_.add(*reader_.place_of("quota"), "\"quota\" has no meaning at \"/\"",
                  "\"memory-limit\" in [root] bounds what the root keeps");
    }
  }

  TableReader reader_;
  const std::string& folder_;
  Errors& errors_;
  MountEntry mount_;
};

}  // namespace

std::optional<std::string> read_guest_path(const Located<std::string>& guest, Errors& errors) {
  Outcome<std::string> path = normalize_guest_path(guest.value);
  if (path) return *std::move(path);
  errors.add(guest.where, path.error().message, path.error().hint);
  return std::nullopt;
}

std::optional<Caching> read_caching(TableReader& reader) {
  const auto caching = reader.word<Caching>(
      "cache", {{"auto", Caching::by_layer}, {"none", Caching::none}, {"forever", Caching::forever}});
  if (!caching) return std::nullopt;
  return caching->value;
}

std::optional<MountEntry> read_mount(const Value& table, const std::string& folder, Errors& errors) {
  const std::size_t before = errors.count();
  MountEntry mount = MountReader(table, folder, errors).read();
  if (errors.count() != before) return std::nullopt;
  return mount;
}

std::optional<MountEntry> read_fs_entry(const Entry& entry, const std::string& folder, Errors& errors) {
  const Located<std::string> guest{entry.key, entry.where};
  const auto path = read_guest_path(guest, errors);
  if (entry.value.kind != ValueKind::string) {
    errors.add(entry.value.where, quoted(entry.key) +
                                      " must be the path of a host directory (a string), not " +
                                      std::string(entry.value.kind_name));
    return std::nullopt;
  }
  if (!check_text(entry.key, entry.value, errors) || !path) return std::nullopt;
  return MountEntry{
      .guest = guest,
      .guest_path = *path,
      .type = MountType::host,
      .access = Access::rw,
      .layers = {whole_source(LayerSource::Kind::host, {entry.value.text, entry.value.where}, folder)},
      .where = entry.where};
}

}  // namespace wasifs::plan
