// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/output_file.h"
#include "base/path.h"
#include "base/utf8.h"
#include "fs/webc/folder.h"
#include "fs/webc/volume_layout.h"

namespace wasifs::webc {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic("\0webc003", 8);
constexpr char kManifestTag = '\x01';
constexpr char kIndexTag = '\x02';
constexpr char kAtomsTag = '\x03';
constexpr char kVolumeTag = '\x04';
constexpr std::uint64_t kSectionHead = 1 + std::tuple_size_v<Digest> + 8;
constexpr std::uint64_t kIndexHead = 1 + 8;
constexpr std::size_t kPiece = std::size_t{1} << 20U;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string number(std::uint64_t value) {
  std::string out;
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift & 0xffU);
  return out;
}

/// A part of the file behind the index, in the order of the file.
struct Section {
  char tag;
  std::string name;         ///< of a volume
  std::string before = {};  ///< what its data begins with, once that is known
  std::uint64_t before_size = 0;
  std::uint64_t content_size = 0;  ///< behind that
  std::uint64_t start = 0;         ///< in the file
  Digest hash = {};                ///< of its data

  [[nodiscard]] std::uint64_t data_size() const { return before_size + content_size; }
  [[nodiscard]] std::uint64_t size() const { return kSectionHead + data_size(); }
  [[nodiscard]] std::uint64_t content_start() const { return start + kSectionHead + before_size; }
};

class PackageWriter {
 public:
  PackageWriter(const PackageSource& source, OutputFile out) : source_(source), out_(std::move(out)) {
    for (const AtomSource& atom : source.atoms) atoms_.push_back(&atom);
    std::ranges::sort(atoms_, {}, [](const AtomSource* atom) -> const std::string& { return atom->name; });
    const Ref<Folder> folder = make_ref<Folder>();
    for (const AtomSource& atom : source.atoms) folder->add(atom.name, atom.file);
    // Atoms have no times.
    layouts_.emplace_back("atoms", folder, 0);
    std::vector<const VolumeSource*> volumes;
    for (const VolumeSource& volume : source.volumes) volumes.push_back(&volume);
    std::ranges::sort(volumes, {}, &VolumeSource::name);
    sections_.push_back({.tag = kManifestTag, .name = {}});
    sections_.push_back({.tag = kAtomsTag, .name = {}});
    for (const VolumeSource* volume : volumes) {
      layouts_.emplace_back("volume " + wasifs::quoted(volume->name), volume->root, source.newest);
      sections_.push_back({.tag = kVolumeTag, .name = volume->name});
    }
  }

  Outcome<void> write() {
    if (auto laid_out = lay_out(); !laid_out) return laid_out;
    for (std::size_t i = 0; i < layouts_.size(); ++i) {
      if (auto written = write_volume(layouts_[i], sections_[i + 1]); !written) return written;
    }
    if (auto checked = check_atoms(); !checked) return checked;
    sections_[0].before = source_.manifest;
    for (Section& section : sections_) {
      if (auto written = write_section(section); !written) return written;
    }
    if (auto written = write_index(); !written) return written;
    return out_.commit();
  }

 private:
  Outcome<void> lay_out() {
    sections_[0].before_size = source_.manifest.size();
    for (std::size_t i = 0; i < layouts_.size(); ++i) {
      if (auto listed = layouts_[i].list(); !listed) return listed;
      Section& section = sections_[i + 1];
      const std::uint64_t name = section.tag == kVolumeTag ? 8 + section.name.size() : 0;
      section.before_size = name + 8 + layouts_[i].header_size() + 8;
      section.content_size = layouts_[i].data_size();
    }
    // The reference reserves the index of a file without a place, and a fifth more.
    const std::uint64_t estimate = kIndexHead + index_cbor(0).size();
    index_size_ = estimate + estimate / 5;
    std::uint64_t at = kMagic.size() + kIndexHead + index_size_;
    for (Section& section : sections_) {
      section.start = at;
      at += section.size();
    }
    return {};
  }

  /// The index of sections that begin at `first`.
  [[nodiscard]] std::string index_cbor(std::uint64_t first) const {
    const auto describe = [&first](const Section& section) {
      const Json span = {{"start", first}, {"len", section.size()}};
      first += section.size();
      const Json::binary_t hash({section.hash.begin(), section.hash.end()});
      return Json{{"span", span}, {"checksum", {{"tag", "checksum-sha256"}, {"value", Json::binary(hash)}}}};
    };
    Json index = Json::object();
    index["manifest"] = describe(sections_[0]);
    index["atoms"] = describe(sections_[1]);
    Json& volumes = index["volumes"] = Json::object();
    for (std::size_t i = 2; i < sections_.size(); ++i) volumes[sections_[i].name] = describe(sections_[i]);
    index["signature"] = {{"tag", "signature-none"}, {"value", Json::binary({})}};
    std::string out;
    Json::to_cbor(index, out);
    return out;
  }

  Outcome<void> write_volume(VolumeLayout& layout, Section& section) {
    const auto put = [this](std::uint64_t at, std::span<const std::byte> bytes) {
      return out_.write_at(at, bytes);
    };
    if (auto copied = layout.copy_content(section.content_start(), put); !copied) return copied;
    if (section.tag == kVolumeTag) section.before = number(section.name.size()) + section.name;
    const std::string header = layout.header();
    section.before += number(header.size()) + header + number(layout.data_size());
    return {};
  }

  /// What the manifest says of them must be what was written.
  Outcome<void> check_atoms() const {
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      // The root's record comes first.
      if (layouts_[0].hash_of(i + 1) == atoms_[i]->sha256) continue;
      return fail(Diagnostic{
          .trouble = Trouble::source,
          .message = "atom " + wasifs::quoted(atoms_[i]->name) + " has changed while it was packed"});
    }
    return {};
  }

  /// Everything but the content, which is there.
  Outcome<void> write_section(Section& section) {
    Sha256 hash;
    hash.add(bytes_of(section.before));
    if (auto read = read_back(section.content_start(), section.content_size, hash); !read) return read;
    section.hash = hash.take();
    std::string head(1, section.tag);
    head.append(reinterpret_cast<const char*>(section.hash.data()), section.hash.size());
    head += number(section.data_size()) + section.before;
    section.before.clear();
    return out_.write_at(section.start, bytes_of(head));
  }

  /// From the system's cache rather than from where it was copied from: that may change.
  Outcome<void> read_back(std::uint64_t at, std::uint64_t length, Sha256& hash) {
    buffer_.resize(kPiece);
    while (length != 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, length));
      const Outcome<std::size_t> got = out_.read_at(at, std::span(buffer_).first(wanted));
      if (!got) return fail(got.error());
      hash.add(std::span(buffer_).first(*got));
      at += *got;
      length -= *got;
    }
    return {};
  }

  Outcome<void> write_index() {
    std::string index = index_cbor(sections_[0].start);
    index.resize(static_cast<std::size_t>(index_size_), '\0');
    std::string head(kMagic);
    head += kIndexTag;
    head += number(index_size_) + index;
    return out_.write_at(0, bytes_of(head));
  }

  const PackageSource& source_;
  OutputFile out_;
  std::vector<const AtomSource*> atoms_;  ///< by their names' bytes
  std::vector<VolumeLayout> layouts_;     ///< of the atoms, then of the volumes
  std::vector<Section> sections_;         ///< the manifest, then those of the layouts
  std::uint64_t index_size_ = 0;
  std::vector<std::byte> buffer_;
};

/// Two that would be one in the package.
Outcome<void> check_names(const PackageSource& source) {
  const auto refuse = [](const std::string& what) {
    return fail(Diagnostic{.trouble = Trouble::manifest, .message = what});
  };
  const auto twice = [](std::vector<std::string_view> names) {
    std::ranges::sort(names);
    const auto found = std::ranges::adjacent_find(names);
    return found == names.end() ? std::optional<std::string>() : std::string(*found);
  };
  std::vector<std::string_view> atoms;
  for (const AtomSource& atom : source.atoms) atoms.push_back(atom.name);
  std::vector<std::string_view> volumes;
  for (const VolumeSource& volume : source.volumes) volumes.push_back(volume.name);
  for (const auto& [kind, names] : {std::pair{"atoms", atoms}, std::pair{"volumes", volumes}}) {
    if (const auto name = twice(names)) {
      return refuse(std::string("two ") + kind + " have the name " + wasifs::quoted(*name));
    }
    for (const std::string_view name : names) {
      if (is_utf8(name)) continue;
      return refuse("the name " + wasifs::quoted(name) + " among the " + kind +
                    " is no UTF-8, which a package cannot hold");
    }
  }
  return {};
}

}  // namespace

Outcome<Digest> hash_content(Node& file, const std::string& title) {
  const auto unreadable = [&](Errc error) {
    return fail(
        Diagnostic{.trouble = Trouble::source, .message = title + " cannot be read: " + message(error)});
  };
  const Result<FilePtr> opened = file.open({});
  if (!opened) return unreadable(opened.error());
  Sha256 hash;
  std::vector<std::byte> buffer(kPiece);
  for (std::uint64_t at = 0;;) {
    const Result<std::size_t> got = (*opened)->read_at(at, buffer);
    if (!got) return unreadable(got.error());
    if (*got == 0) return hash.take();
    hash.add(std::span(buffer).first(*got));
    at += *got;
  }
}

Outcome<void> write_package(const PackageSource& source, const std::string& path) {
  if (auto checked = check_names(source); !checked) return checked;
  Outcome<OutputFile> out = OutputFile::create(path);
  if (!out) return fail(std::move(out.error()));
  return PackageWriter(source, *std::move(out)).write();
}

}  // namespace wasifs::webc
