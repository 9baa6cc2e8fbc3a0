// SPDX-License-Identifier: Apache-2.0
#include "fuse/options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "fuse/trouble.h"

namespace wasifs::fuse {

namespace {

struct Flag {
  std::string_view name;
  unsigned long bit;
  bool sets;
};

constexpr std::array kFlags{
    Flag{"ro", MS_RDONLY, true},
    Flag{"rw", MS_RDONLY, false},
    Flag{"nosuid", MS_NOSUID, true},
    Flag{"suid", MS_NOSUID, false},
    Flag{"nodev", MS_NODEV, true},
    Flag{"dev", MS_NODEV, false},
    Flag{"noexec", MS_NOEXEC, true},
    Flag{"exec", MS_NOEXEC, false},
    Flag{"sync", MS_SYNCHRONOUS, true},
    Flag{"async", MS_SYNCHRONOUS, false},
    Flag{"dirsync", MS_DIRSYNC, true},
    Flag{"noatime", MS_NOATIME, true},
    Flag{"atime", MS_NOATIME, false},
    Flag{"nodiratime", MS_NODIRATIME, true},
    Flag{"diratime", MS_NODIRATIME, false},
    Flag{"relatime", MS_RELATIME, true},
    Flag{"norelatime", MS_RELATIME, false},
    Flag{"strictatime", MS_STRICTATIME, true},
    Flag{"nostrictatime", MS_STRICTATIME, false},
    Flag{"lazytime", MS_LAZYTIME, true},
    Flag{"nolazytime", MS_LAZYTIME, false},
};

/// Options that are for mount(8) and its relatives, or say what holds anyway.
constexpr std::array<std::string_view, 15> kIgnored{
    "auto",    "noauto", "user",    "nouser",   "users", "owner",  "group",
    "nofail",  "fail",   "_netdev", "defaults", "loud",  "silent", "default_permissions",
    "nonempty"};
constexpr std::array<std::string_view, 7> kIgnoredPrefixes{
    "x-", "X-", "comment=", "user=", "user_id=", "group_id=", "rootmode="};

bool is_ignored(std::string_view option) {
  return std::ranges::find(kIgnored, option) != kIgnored.end() ||
         std::ranges::any_of(kIgnoredPrefixes,
                             [option](std::string_view prefix) { return option.starts_with(prefix); });
}

std::unexpected<Diagnostic> usage(std::string message, std::string hint = {}) {
  return fail(Diagnostic{.trouble = Trouble::usage, .message = std::move(message), .hint = std::move(hint)});
}

bool apply_flag(Options& options, std::string_view option) {
  const auto flag = std::ranges::find(kFlags, option, &Flag::name);
  if (flag == kFlags.end()) return false;
  options.flags = flag->sets ? options.flags | flag->bit : options.flags & ~flag->bit;
  return true;
}

bool apply_word(Options& options, std::string_view option) {
  if (option == "allow_other") {
    options.allow_other = true;
  } else if (option == "auto_unmount") {
    options.auto_unmount = true;
  } else if (option == "remount") {
    options.remount = true;
  } else if (option == "writeback") {
    options.view.writeback = true;
  } else if (option == "no_passthrough") {
    options.view.passthrough = ViewOptions::Passthrough::never;
  } else if (option == "passthrough") {
    options.view.passthrough = ViewOptions::Passthrough::preferred;
  } else {
    return false;
  }
  return true;
}

/// All of `text` as a number.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr unsigned kMostThreads = 1024;
constexpr double kLongestTimeout = 24.0 * 60 * 60;

/// NAME=VALUE. False: no such name.
Outcome<bool> apply_value(Options& options, std::string_view option) {
  const std::size_t equals = option.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = option.substr(equals + 1);
  if (name == "fsname" || name == "subtype") {
    if (value.empty()) return usage("mount option " + quote(name) + " needs a value");
    (name == "fsname" ? options.fsname : options.subtype) = value;
    return true;
  }
  if (name == "max_read") {
    options.max_read = parse_number<unsigned>(value);
    if (options.max_read && *options.max_read != 0) return true;
    return usage("mount option " + quote(option) + ": not a number of bytes");
  }
  if (name == "threads") {
    const auto number = parse_number<unsigned>(value);
    if (!number || *number == 0 || *number > kMostThreads) {
      return usage("mount option " + quote(option) + ": not a number from 1 to 1024");
    }
    options.threads = *number;
    return true;
  }
  if (name != "cache_timeout") return false;
  const auto seconds = parse_number<double>(value);
  if (!seconds || !(*seconds >= 0) || *seconds > kLongestTimeout) {
    return usage("mount option " + quote(option) + ": not a number of seconds from 0 to 86400");
  }
  options.view.shared_timeout = *seconds;
  return true;
}

}  // namespace

Options default_options(bool root) {
  Options options;
  options.flags = MS_NOSUID;
  if (!root) options.flags |= MS_NODEV;
  return options;
}

std::vector<std::string> split_options(std::string_view list) {
  std::vector<std::string> options;
  std::string current;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at == list.size() || list[at] == ',') {
      if (!current.empty()) options.push_back(std::exchange(current, {}));
    } else {
      if (list[at] == '\\' && at + 1 < list.size()) ++at;
      current += list[at];
    }
  }
  return options;
}

Outcome<Options> parse_options(std::span<const std::string> lists, Options options, bool sloppy) {
  for (const std::string& list : lists) {
    for (const std::string& option : split_options(list)) {
      if (is_ignored(option) || apply_flag(options, option) || apply_word(options, option)) continue;
      const Outcome<bool> applied = apply_value(options, option);
      if (!applied) return fail(applied.error());
      if (!*applied && !sloppy) {
        return usage(
            "unknown mount option " + quote(option),
            "there are allow_other, auto_unmount, cache_timeout=SECONDS, fsname=NAME, max_read=BYTES, "
            "no_passthrough, passthrough, remount, subtype=NAME, threads=NUMBER, writeback, and "
            "mount(8)'s own, such as ro, noexec, nodev, noatime");
      }
    }
  }
  return options;
}

}  // namespace wasifs::fuse
