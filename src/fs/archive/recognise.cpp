// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/recognise.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace wasifs::archive {

namespace {

using namespace std::string_view_literals;

struct Mark {
  std::streamoff at;
  std::string_view bytes;
  bool compressed = false;
};

constexpr std::array<Mark, 13> kMarks{{{0, "\x1f\x8b"sv, true},            // gzip
                                       {0, "BZh"sv, true},                 // bzip2
                                       {0, "\xfd\x37zXZ\0"sv, true},       // xz
                                       {0, "\x28\xb5\x2f\xfd"sv, true},    // zstd
                                       {0, "\x04\x22\x4d\x18"sv, true},    // lz4
                                       {0, "PK\x03\x04"sv, true},          // zip
                                       {0, "PK\x05\x06"sv, true},          // an empty one
                                       {0, "7z\xbc\xaf\x27\x1c"sv, true},  // 7z
                                       {0, "07070"sv},                     // cpio in ASCII
                                       {0, "\xc7\x71"sv},                  // cpio in binary
                                       {0, "\x71\xc7"sv},                  // the same, big-endian
                                       {257, "ustar"sv},                   // tar
                                       {32769, "CD001"sv}}};               // ISO 9660

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

bool may_be_compressed(std::span<const std::byte> archive) {
  const std::string_view text(reinterpret_cast<const char*>(archive.data()),
                              std::min(archive.size(), std::size_t{16}));
  return std::ranges::any_of(
      kMarks, [&](const Mark& mark) { return mark.compressed && text.starts_with(mark.bytes); });
}

}  // namespace wasifs::archive
