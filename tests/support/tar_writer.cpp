// SPDX-License-Identifier: Apache-2.0
#include "support/tar_writer.h"

#include <array>
#include <cstdio>
#include <stdexcept>

namespace wasifs::test {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxName = 100;

void pad(std::string& bytes) { bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock, '\0'); }

void put(std::string& header, std::size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

std::string octal(std::uint64_t number, int digits) {
  std::array<char, 32> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(number));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

TarWriter& TarWriter::file(std::string_view name, std::string_view content, unsigned mode) {
  return entry(name, '0', mode, {}, content);
}

TarWriter& TarWriter::directory(std::string_view name, unsigned mode) {
  return entry(name, '5', mode, {}, {});
}

TarWriter& TarWriter::symlink(std::string_view name, std::string_view target) {
  return entry(name, '2', 0777, target, {});
}

TarWriter& TarWriter::hard_link(std::string_view name, std::string_view target) {
  return entry(name, '1', 0644, target, {});
}

std::string TarWriter::bytes() const { return bytes_ + std::string(2 * kBlock, '\0'); }

TarWriter& TarWriter::entry(std::string_view name, char type, unsigned mode, std::string_view target,
                            std::string_view content) {
  if (name.size() > kMaxName || target.size() > kMaxName) throw std::length_error("a name is too long");
  std::string header(kBlock, '\0');
  put(header, 0, name);
  put(header, 100, octal(mode, 7));
  put(header, 108, octal(0, 7));
  put(header, 116, octal(0, 7));
  put(header, 124, octal(content.size(), 11));
  put(header, 136, octal(1'000'000'000, 11));
  put(header, 148, "        ");
  header[156] = type;
  put(header, 157, target);
  put(header, 257, "ustar");
  put(header, 263, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6));
  header[154] = '\0';
  bytes_ += header;
  bytes_ += content;
  pad(bytes_);
  return *this;
}

}  // namespace wasifs::test
