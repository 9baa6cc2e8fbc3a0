// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.h"
#include "support/webc_writer.h"
#include "wasifs/root.h"

namespace wasifs::plan {

/// A folder with a manifest "site.toml" and what it names, opened as a root.
class PrepareTest : public testing::Test {
 protected:
  void write_package(std::string_view name, const test::WebcSpec& spec) const {
    dir_.write_file(name, test::write_webc(spec));
  }

  [[nodiscard]] Outcome<PreparedRoot> try_open(std::string_view manifest) const {
    dir_.write_file("site.toml", manifest);
    return PreparedRoot::open(dir_ / "site.toml");
  }

  [[nodiscard]] PreparedRoot open(std::string_view manifest) const { return must(try_open(manifest)); }

  [[nodiscard]] static PreparedRoot must(Outcome<PreparedRoot> root) {
    if (!root) throw std::runtime_error(root.error().text());
    return *std::move(root);
  }

  /// The error's text with the folder's path left out.
  [[nodiscard]] std::string error(std::string_view manifest) const { return shown(try_open(manifest)); }
  [[nodiscard]] std::string shown(const Outcome<PreparedRoot>& root) const {
    if (root) return "no error";
    std::string text = root.error().text();
    const std::string prefix = dir_.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  test::TempDir dir_;
};

/// The content of a file, or the error's text in angle brackets.
inline std::string content(const PreparedRoot& root, std::string_view path) {
  const Result<VNode> node = root.tree->resolve(path);
  if (!node) return "<" + message(node.error()) + ">";
  Result<FilePtr> file = root.tree->open(*node, {});
  if (!file) return "<" + message(file.error()) + ">";
  std::array<char, 4096> buffer{};
  const auto size = (*file)->read_at(0, std::as_writable_bytes(std::span(buffer)));
  if (!size) return "<" + message(size.error()) + ">";
  return {buffer.data(), *size};
}

inline Result<Attr> attr(const PreparedRoot& root, std::string_view path) {
  const Result<VNode> node = root.tree->resolve(path, Follow::no);
  if (!node) return fail(node.error());
  return root.tree->attr(*node);
}

inline bool exists(const PreparedRoot& root, std::string_view path) { return attr(root, path).has_value(); }

/// Creates a file with that content in an existing directory.
inline Status write(const PreparedRoot& root, std::string_view directory, std::string_view name,
                    std::string_view text) {
  const Result<VNode> dir = root.tree->resolve(directory);
  if (!dir) return fail(dir.error());
  const Result<VNode> made = root.tree->create(*dir, name, {.mode = 0644});
  if (!made) return fail(made.error());
  Result<FilePtr> file = root.tree->open(*made, {.read = true, .write = true});
  if (!file) return fail(file.error());
  for (std::size_t done = 0; done < text.size();) {  // a short count: the space ended there
    const auto written = (*file)->write_at(done, std::as_bytes(std::span(text.substr(done))));
    if (!written) return fail(written.error());
    done += *written;
  }
  return {};
}

inline Result<VNode> make_dir(const PreparedRoot& root, std::string_view directory, std::string_view name) {
  const Result<VNode> dir = root.tree->resolve(directory);
  if (!dir) return dir;
  return root.tree->create(*dir, name, {.type = FileType::directory, .mode = 0755});
}

/// The names in a directory, sorted.
inline std::vector<std::string> names(const PreparedRoot& root, std::string_view path) {
  std::vector<std::string> found;
  const Result<VNode> dir = root.tree->resolve(path);
  if (!dir) return {"<" + message(dir.error()) + ">"};
  Result<DirPtr> open = root.tree->open_dir(*dir);
  if (!open) return {"<" + message(open.error()) + ">"};
  const Status read = (*open)->read(0, [&](const DirEntry& entry) {
    found.emplace_back(entry.name);
    return true;
  });
  if (!read) return {"<" + message(read.error()) + ">"};
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace wasifs::plan
