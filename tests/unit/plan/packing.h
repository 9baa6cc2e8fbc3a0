// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "fs/webc/package.h"
#include "plan/pack.h"
#include "support/pack_case.h"
#include "support/temp_dir.h"
#include "support/webc_writer.h"

namespace wasifs::plan {

/// A module without anything in it.
inline constexpr std::string_view kEmptyModule("\0asm\1\0\0\0", 8);

/// Packages of a folder "app", as "p.webc" beside it.
class PackingTest : public testing::Test {
 protected:
  using Strings = std::vector<std::string>;

  [[nodiscard]] Outcome<void> try_pack(const PackOptions& options = {}) const {
    return pack(dir_ / "app", dir_ / "p.webc", options);
  }

  /// The bytes of the package.
  [[nodiscard]] std::string packed(const PackOptions& options = {}) const {
    if (auto done = try_pack(options); !done) throw std::runtime_error(done.error().text());
    return dir_.read_file("p.webc");
  }

  /// The error's text with the folder's path left out; nothing may have been written.
  [[nodiscard]] std::string error(const PackOptions& options = {}) const {
    const Outcome<void> done = try_pack(options);
    EXPECT_FALSE(dir_.exists("p.webc"));
    return done ? "no error" : without_folder(done.error().text());
  }

  [[nodiscard]] std::string without_folder(std::string text) const {
    const std::string prefix = dir_.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  [[nodiscard]] std::shared_ptr<const webc::Package> package(const PackOptions& options = {}) const {
    (void)packed(options);
    return webc::Package::open(dir_ / "p.webc", webc::Times::recorded).value();
  }

  /// The package as JSON, without the signatures of its atoms.
  [[nodiscard]] nlohmann::ordered_json manifest() const {
    auto json = nlohmann::ordered_json::parse(package()->manifest_json());
    if (json.contains("atoms")) {
      for (auto& atom : json["atoms"]) atom.erase("signature");
    }
    return json;
  }

  /// Each entry of a volume as "PATH TYPE TIME SIZE-OR-TEXT".
  [[nodiscard]] static Strings entries(const webc::Package& package, std::string_view volume) {
    const FilesystemPtr fs = package.volume(volume);
    if (fs == nullptr) return {"no such volume"};
    Strings out;
    add_entries(*fs->root(), "", out);
    return out;
  }

  void set_time(const std::string& path, std::int64_t seconds) const {
    const timespec times[] = {{.tv_sec = seconds, .tv_nsec = 999'999'999},
                              {.tv_sec = seconds, .tv_nsec = 999'999'999}};
    if (::utimensat(AT_FDCWD, (dir_ / path).c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      throw std::system_error(errno, std::generic_category(), path);
    }
  }

  test::TempDir dir_;

 private:
  static void add_entries(Node& directory, const std::string& prefix, Strings& out) {
    const DirPtr dir = directory.open_dir().value();
    ASSERT_TRUE(dir->read(0, [&](const DirEntry& entry) {
      const NodeRef node = directory.lookup(entry.name).value();
      const Attr attr = node->attr().value();
      const std::string path = prefix + std::string(entry.name);
      const std::string time = " " + std::to_string(attr.mtime.sec);
      if (node->is_directory()) {
        out.push_back(path + "/" + time);
        add_entries(*node, path + "/", out);
      } else if (node->type() == FileType::symlink) {
        out.push_back(path + time + " -> " + node->read_link().value().text);
      } else {
        out.push_back(path + time + " " + std::to_string(attr.size));
      }
      return true;
    }));
  }
};

}  // namespace wasifs::plan
