// SPDX-License-Identifier: Apache-2.0
#include "fuse/mount_info.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ranges>

namespace wasifs::fuse {

namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// The kernel writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1, 3);
    if (text[at] == '\\' && digits.size() == 3 && std::ranges::all_of(digits, is_octal)) {
      result += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      at += 3;
    } else {
      result += text[at];
    }
  }
  return result;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const auto word : std::views::split(line, ' ')) words.emplace_back(word.begin(), word.end());
  return words;
}

/// "36 35 98:0 /root /point rw,noatime shared:1 … - type source superoptions"
std::optional<MountEntry> parse_line(std::string_view line) {
  constexpr std::size_t kFixed = 6;
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < kFixed) return std::nullopt;
  const auto separator = std::find(words.begin() + kFixed, words.end(), "-");
  if (std::distance(separator, words.end()) < 3) return std::nullopt;
  MountEntry entry;
  const auto [end, error] = std::from_chars(words[0].data(), words[0].data() + words[0].size(), entry.id);
  if (error != std::errc() || end != words[0].data() + words[0].size()) return std::nullopt;
  entry.device = words[2];
  entry.point = unescape(words[4]);
  entry.options = words[5];
  entry.type = unescape(separator[1]);
  entry.source = unescape(separator[2]);
  return entry;
}

}  // namespace

std::vector<MountEntry> parse_mount_info(std::string_view text) {
  std::vector<MountEntry> entries;
  for (const auto line : std::views::split(text, '\n')) {
    if (std::optional<MountEntry> entry = parse_line({line.begin(), line.end()})) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

Result<std::vector<MountEntry>> read_mount_info() {
  std::ifstream file("/proc/self/mountinfo", std::ios::binary);
  if (!file) return fail(Errc::enoent);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_mount_info(text);
}

std::optional<MountEntry> find_mount(std::string_view point) {
  Result<std::vector<MountEntry>> entries = read_mount_info();
  if (!entries) return std::nullopt;
  // Later mounts lie on top of earlier ones at the same place.
  for (MountEntry& entry : std::views::reverse(*entries)) {
    if (entry.point == point) return std::move(entry);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> mount_id_of(const std::string& path) {
  struct statx status{};
  constexpr int kFlags = AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
  if (::statx(AT_FDCWD, path.c_str(), kFlags, STATX_MNT_ID, &status) != 0) return std::nullopt;
  if ((status.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;
  return status.stx_mnt_id;
}

bool is_dead_mount(const std::string& path) {
  // Unlike stat(2), this is never answered from a cache.
  struct statfs info{};
  return ::statfs(path.c_str(), &info) != 0 && errno == ENOTCONN;
}

Result<std::string> resolve_parent_only(const std::string& path) {
  std::filesystem::path given(path);
  if (path.ends_with('/')) given = given.parent_path();  // "dir/" names dir
  const std::filesystem::path last = given.filename();
  // "/", ".", "..": nothing is left to keep apart from its parent.
  const bool whole = last.empty() || last == "." || last == "..";
  const std::string parent = whole ? given.string() : given.parent_path().string();
  const std::unique_ptr<char, decltype(&::free)> real(
      ::realpath(parent.empty() && !whole ? "." : parent.c_str(), nullptr), &::free);
  if (real == nullptr) return fail_errno();
  return whole ? std::string(real.get()) : (std::filesystem::path(real.get()) / last).string();
}

}  // namespace wasifs::fuse
