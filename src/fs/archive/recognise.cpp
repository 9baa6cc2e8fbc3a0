// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/recognise.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "base/bytes.h"

namespace wasifs::archive {

namespace {

using namespace std::string_view_literals;

enum class Packing : std::uint8_t {
  none,
  entries,  ///< each by itself
  whole,    ///< an archive as one stream
};

struct Mark {
  std::streamoff at;
  std::string_view bytes;
  Packing packing = Packing::none;
};

constexpr std::array<Mark, 13> kMarks{{{0, "\x1f\x8b"sv, Packing::whole},              // gzip
                                       {0, "BZh"sv, Packing::whole},                   // bzip2
                                       {0, "\xfd\x37zXZ\0"sv, Packing::whole},         // xz
                                       {0, "\x28\xb5\x2f\xfd"sv, Packing::whole},      // zstd
                                       {0, "\x04\x22\x4d\x18"sv, Packing::whole},      // lz4
                                       {0, "PK\x03\x04"sv, Packing::entries},          // zip
                                       {0, "PK\x05\x06"sv, Packing::entries},          // an empty one
                                       {0, "7z\xbc\xaf\x27\x1c"sv, Packing::entries},  // 7z
                                       {0, "07070"sv},                                 // cpio in ASCII
                                       {0, "\xc7\x71"sv},                              // cpio in binary
                                       {0, "\x71\xc7"sv},                              // the same, big-endian
                                       {257, "ustar"sv},                               // tar
                                       {32769, "CD001"sv}}};                           // ISO 9660

Packing packing_of(std::span<const std::byte> archive) {
  const std::string_view text = text_of(archive.first(std::min(archive.size(), std::size_t{16})));
  for (const Mark& mark : kMarks) {
    if (mark.at == 0 && text.starts_with(mark.bytes)) return mark.packing;
  }
  return Packing::none;
}

}  // namespace

bool looks_like_archive(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::ranges::any_of(kMarks, [&](const Mark& mark) {
    std::array<char, 8> there{};
    file.clear();
    file.seekg(mark.at);
    return file.read(there.data(), static_cast<std::streamsize>(mark.bytes.size())) &&
           std::string_view(there.data(), mark.bytes.size()) == mark.bytes;
  });
}

bool may_be_compressed(std::span<const std::byte> archive) { return packing_of(archive) != Packing::none; }

bool is_compressed_stream(std::span<const std::byte> bytes) { return packing_of(bytes) == Packing::whole; }

}  // namespace wasifs::archive
