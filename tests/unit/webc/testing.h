// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fs/webc/package.h"
#include "support/fixtures.h"
#include "support/webc_writer.h"

/// What the tests of packages share: packages from strings, faults at a byte.
namespace wasifs::webc {

using test::webc_dir;
using test::webc_file;
using test::webc_le;
using test::webc_leb128;
using test::webc_link;
using test::WebcSpec;
using test::WebcVolume;
using test::write_webc;

inline View view_of(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return {std::as_bytes(std::span(*owner)), owner};
}

inline std::string_view text_of_view(const View& view) {
  return {reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()};
}

inline Outcome<std::shared_ptr<const Package>> parse(std::string bytes) {
  return Package::parse(view_of(std::move(bytes)), "p.webc");
}

/// The package, or a failed test and an exception that ends it.
inline std::shared_ptr<const Package> must_parse(std::string bytes) {
  auto package = parse(std::move(bytes));
  if (!package) throw std::runtime_error(package.error().text());
  return *package;
}

inline std::shared_ptr<const Package> must_write(const WebcSpec& spec) {
  return must_parse(write_webc(spec));
}

/// The bytes are refused as corrupt at `offset`, with `what` in the message.
inline void expect_corrupt(const std::string& bytes, std::uint64_t offset, std::string_view what) {
  const auto package = parse(bytes);
  ASSERT_FALSE(package.has_value()) << "accepted, but expected: " << what;
  EXPECT_EQ(package.error().trouble, Trouble::corrupt);
  const std::string expected =
      "package \"p.webc\" is corrupt at byte " + std::to_string(offset) + ": " + std::string(what);
  EXPECT_EQ(package.error().message, expected);
  EXPECT_NE(package.error().hint, "");
}

/// Where `needle` stands in `bytes`; it must be there.
inline std::size_t offset_of(const std::string& bytes, std::string_view needle, std::size_t from = 0) {
  const std::size_t at = bytes.find(needle, from);
  if (at == std::string::npos) throw std::runtime_error("the bytes do not hold " + std::string(needle));
  return at;
}

inline std::string patched(std::string bytes, std::size_t at, std::string_view with) {
  return bytes.replace(at, with.size(), with);
}

/// Every node below `dir` as "path type size", depth first.
inline void list_tree(Node& dir, const std::string& prefix, std::vector<std::string>& out) {
  auto reader = dir.open_dir().value();
  std::vector<std::string> names;
  ASSERT_TRUE(reader->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  }));
  for (const std::string& name : names) {
    const NodeRef node = dir.lookup(name).value();
    const Attr attr = node->attr().value();
    const char* type = node->is_directory() ? "d" : attr.type == FileType::symlink ? "l" : "f";
    out.push_back(prefix + name + " " + type + " " + std::to_string(attr.size));
    if (node->is_directory()) list_tree(*node, prefix + name + "/", out);
  }
}

inline std::vector<std::string> listing(const Package& package, std::string_view volume) {
  std::vector<std::string> out;
  const FilesystemPtr fs = package.volume(volume);
  if (fs == nullptr) throw std::runtime_error("no volume " + std::string(volume));
  list_tree(*fs->root(), "", out);
  return out;
}

/// The content of the file at a path below the volume's root.
inline std::string content(Filesystem& fs, std::string_view path) {
  NodeRef node = fs.root();
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    node = node->lookup(path.substr(0, end)).value();
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  const FilePtr file = node->open({}).value();
  return std::string(text_of_view(file->view(0, SIZE_MAX).value()));
}

/// A package with one volume "v" whose header and data are given as they are.
inline std::string package_with(unsigned version, const WebcVolume& volume, const WebcVolume& atoms) {
  return test::assemble_webc(version, "\xa0", atoms, {{"v", volume}});
}

inline std::string package_with(unsigned version, const WebcVolume& volume) {
  return package_with(version, volume, test::encode_webc_volume(version, {}));
}

}  // namespace wasifs::webc
