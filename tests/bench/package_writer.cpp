// SPDX-License-Identifier: Apache-2.0
#include "package_writer.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace wasifs::bench {
namespace {

using Digest = std::array<std::uint8_t, SHA256_DIGEST_SIZE>;
using Bytes = std::span<std::uint8_t>;
using Json = nlohmann::ordered_json;
using Kind = PackageNode::Kind;

constexpr std::string_view kVolume = "/";
constexpr std::size_t kHash = SHA256_DIGEST_SIZE;
constexpr std::size_t kTimes = 24;
constexpr std::size_t kMagic = 8;
constexpr std::size_t kIndexHead = 1 + 8;            // tag, length
constexpr std::size_t kSectionHead = 1 + kHash + 8;  // tag, hash, length
/// Room for the index: three sections, each some 120 bytes.
constexpr std::size_t kIndex = 1024;

Digest sha256(std::span<const std::uint8_t> bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), bytes.data());
  Digest digest;
  sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

/// A file of a given size, mapped.
class MappedFile {
 public:
  /// Makes the file anew.
  MappedFile(const std::filesystem::path& path, std::size_t size)
      : MappedFile(path, O_RDWR | O_CREAT | O_TRUNC, PROT_READ | PROT_WRITE, size) {}
  /// Maps one that is there.
  explicit MappedFile(const std::filesystem::path& path)
      : MappedFile(path, O_RDONLY, PROT_READ, static_cast<std::size_t>(std::filesystem::file_size(path))) {}
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (size_ != 0) ::munmap(address_, size_);
  }
  [[nodiscard]] Bytes bytes() const { return {static_cast<std::uint8_t*>(address_), size_}; }

 private:
  MappedFile(const std::filesystem::path& path, int flags, int protection, std::size_t size) : size_(size) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    bool good = fd >= 0 && ((flags & O_CREAT) == 0 || ::ftruncate(fd, static_cast<off_t>(size)) == 0);
    if (good && size != 0) {
      address_ = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
      good = address_ != MAP_FAILED;
    }
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!good) throw std::system_error(error, std::generic_category(), path);
  }

  void* address_ = nullptr;
  std::size_t size_;
};

/// Fills a span from front to back.
class Cursor {
 public:
  explicit Cursor(Bytes out, std::size_t at = 0) : out_(out), at_(at) {}
  void put(std::span<const std::uint8_t> bytes) {
    std::memcpy(out_.subspan(at_, bytes.size()).data(), bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void put(std::string_view text) { put({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}); }
  void tag(std::uint8_t byte) { put({&byte, 1}); }
  void u64(std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes{};
    for (unsigned i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    put(bytes);
  }
  void times(std::uint64_t modified) {
    u64(0);
    u64(modified);
    u64(0);
  }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  Bytes out_;
  std::size_t at_;
};

/// Bytes that a volume's records and its files' content take.
struct VolumeSize {
  std::size_t header = 0;
  std::size_t data = 0;
};

std::size_t record_size(const PackageNode& node) {
  if (node.kind == Kind::file) return 1 + 16 + kHash + kTimes;
  if (node.kind == Kind::symlink) return 1 + 8 + node.source.size() + kHash + kTimes;
  std::size_t size = 1 + 8 + kTimes + kHash;
  for (const PackageNode& child : node.children) size += 8 + kHash + 8 + child.name.size();
  return size;
}

VolumeSize size_of(const PackageNode& node) {
  VolumeSize size{record_size(node), static_cast<std::size_t>(node.size)};
  for (const PackageNode& child : node.children) {
    const VolumeSize below = size_of(child);
    size.header += below.header;
    size.data += below.data;
  }
  return size;
}

/// Writes records and content in pre-order into the places made for them.
class VolumeEncoder {
 public:
  VolumeEncoder(Bytes header, Bytes data) : header_(header), data_(data) {}

  /// Writes `node` and all below it; its hash.
  Digest encode(const PackageNode& node) {
    Cursor record(header_, record_at_);
    record_at_ += record_size(node);
    switch (node.kind) {
      case Kind::file:
        return encode_file(node, record);
      case Kind::symlink:
        return encode_symlink(node, record);
      default:
        return encode_directory(node, record);
    }
  }

 private:
  Digest encode_file(const PackageNode& node, Cursor record) {
    const Bytes content = data_.subspan(data_at_, static_cast<std::size_t>(node.size));
    if (node.source.empty()) {
      for (std::size_t i = 0; i < content.size(); ++i)
        content[i] = static_cast<std::uint8_t>('a' + (data_at_ / 16 + i) % 26);
    } else if (!content.empty()) {
      Cursor(content).put(MappedFile(node.source).bytes().first(content.size()));
    }
    const Digest hash = sha256(content);
    record.tag(0x1f);
    record.u64(data_at_);
    data_at_ += content.size();
    record.u64(data_at_);
    record.put(hash);
    record.times(node.modified);
    return hash;
  }

  static Digest encode_symlink(const PackageNode& node, Cursor record) {
    const Digest hash =
        sha256({reinterpret_cast<const std::uint8_t*>(node.source.data()), node.source.size()});
    record.tag(0x20);
    record.u64(node.source.size());
    record.put(node.source);
    record.put(hash);
    record.times(node.modified);
    return hash;
  }

  Digest encode_directory(const PackageNode& node, Cursor record) {
    record.tag(0x1e);
    record.u64(record_size(node) - 9);
    record.times(node.modified);
    Cursor table(header_, record.at() + kHash);
    std::vector<std::uint8_t> hashes;
    hashes.reserve(node.children.size() * kHash);
    for (const PackageNode& child : node.children) {
      table.u64(record_at_);
      const Digest hash = encode(child);
      table.put(hash);
      table.u64(child.name.size());
      table.put(child.name);
      hashes.insert(hashes.end(), hash.begin(), hash.end());
    }
    const Digest own = sha256(hashes);
    record.put(own);
    return own;
  }

  Bytes header_;
  Bytes data_;
  std::size_t record_at_ = 0;
  std::size_t data_at_ = 0;
};

/// A section's place in the file: its tag, its hash, its length, its data.
struct Section {
  std::uint8_t tag;
  std::size_t offset;
  std::size_t data_size;

  [[nodiscard]] std::size_t end() const { return offset + kSectionHead + data_size; }
  [[nodiscard]] Bytes data(Bytes file) const { return file.subspan(offset + kSectionHead, data_size); }
  /// Writes what stands before the data, which is there; its place in the index.
  [[nodiscard]] Json finish(Bytes file) const {
    const Digest hash = sha256(data(file));
    Cursor head(file, offset);
    head.tag(tag);
    head.put(hash);
    head.u64(data_size);
    return {{"span", {{"start", offset}, {"len", end() - offset}}},
            {"checksum", {{"tag", "checksum-sha256"}, {"value", Json::binary({hash.begin(), hash.end()})}}}};
  }
};

/// Writes `counted(header) counted(data)` at the cursor.
void put_volume(Bytes section, std::size_t at, const PackageNode& root, VolumeSize size) {
  Cursor(section, at).u64(size.header);
  Cursor(section, at + 8 + size.header).u64(size.data);
  VolumeEncoder(section.subspan(at + 8, size.header), section.subspan(at + 16 + size.header, size.data))
      .encode(root);
}

std::string manifest_cbor() {
  const Json mapping = {{"from", nullptr}, {"volume_name", kVolume}, {"mount_path", "/"}};
  std::string cbor;
  Json::to_cbor(Json{{"package", {{"fs", Json::array({mapping})}}}}, cbor);
  return cbor;
}

PackageNode numbered_file(std::uint32_t number) {
  return {.name = "file_" + std::to_string(number) + ".py", .kind = Kind::file, .size = 16};
}

void sort_children(PackageNode& node) { std::ranges::sort(node.children, {}, &PackageNode::name); }

}  // namespace

PackageNode read_directory(const std::filesystem::path& directory) {
  PackageNode node{.name = directory.filename()};
  for (const auto& found : std::filesystem::directory_iterator(directory)) {
    struct stat info = {};
    if (::lstat(found.path().c_str(), &info) != 0)
      throw std::system_error(errno, std::generic_category(), found.path());
    PackageNode child{.name = found.path().filename()};
    if (found.is_symlink()) {
      child.kind = Kind::symlink;
      child.source = std::filesystem::read_symlink(found.path());
    } else if (found.is_directory()) {
      child = read_directory(found.path());
    } else if (found.is_regular_file()) {
      child.kind = Kind::file;
      child.size = static_cast<std::uint64_t>(info.st_size);
      child.source = found.path();
    } else {
      throw std::runtime_error(found.path().string() + ": no package can hold a device, pipe or socket");
    }
    child.modified = static_cast<std::uint64_t>(std::max<std::int64_t>(1, info.st_mtim.tv_sec));
    node.children.push_back(std::move(child));
  }
  sort_children(node);
  return node;
}

PackageNode generate_tree(std::uint32_t files, std::uint32_t per_directory) {
  std::vector<PackageNode> level;
  for (std::uint32_t i = 0; i < files; ++i) level.push_back(numbered_file(i));
  do {
    std::vector<PackageNode> above;
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (i % per_directory == 0) above.push_back({.name = "dir_" + std::to_string(above.size())});
      above.back().children.push_back(std::move(level[i]));
    }
    std::ranges::for_each(above, sort_children);
    level = std::move(above);
  } while (level.size() > per_directory);
  PackageNode root{.children = std::move(level)};
  sort_children(root);
  return root;
}

void write_package(const std::filesystem::path& path, const PackageNode& root) {
  const std::string manifest = manifest_cbor();
  const PackageNode no_atoms;
  const VolumeSize atom_size = size_of(no_atoms);
  const VolumeSize size = size_of(root);
  const Section manifest_section{1, kMagic + kIndexHead + kIndex, manifest.size()};
  const Section atoms{3, manifest_section.end(), 16 + atom_size.header + atom_size.data};
  const Section volume{4, atoms.end(), 8 + kVolume.size() + 16 + size.header + size.data};

  const MappedFile file(path, volume.end());
  Cursor(manifest_section.data(file.bytes())).put(manifest);
  put_volume(atoms.data(file.bytes()), 0, no_atoms, atom_size);
  Cursor name(volume.data(file.bytes()));
  name.u64(kVolume.size());
  name.put(kVolume);
  put_volume(volume.data(file.bytes()), name.at(), root, size);

  const Json index = {{"manifest", manifest_section.finish(file.bytes())},
                      {"atoms", atoms.finish(file.bytes())},
                      {"volumes", {{kVolume, volume.finish(file.bytes())}}},
                      {"signature", {{"tag", "signature-none"}, {"value", Json::binary({})}}}};
  std::string cbor;
  Json::to_cbor(index, cbor);
  Cursor head(file.bytes());
  head.put(std::string_view("\0webc003\x02", kMagic + 1));
  head.u64(kIndex);
  if (cbor.size() > kIndex) throw std::runtime_error("the index has outgrown its place");
  head.put(cbor);
}

}  // namespace wasifs::bench
