// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdexcept>

namespace wasifs::test {

namespace {

void check(Status status, std::string_view path) {
  if (!status) throw std::runtime_error("fixture: " + std::string(path) + ": " + message(status.error()));
}

/// Directories above a path have this mode, in whichever layer they are made.
constexpr std::uint16_t kParentMode = 0755;

void make_parents(Vfs& layer, std::string_view path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const Status made = layer.mkdir(path.substr(0, slash), kParentMode);
    if (!made && made.error() != Errc::eexist) check(made, path);
  }
}

}  // namespace

Fixture& Fixture::dir(std::string_view path, std::uint16_t mode) {
  items_.push_back({.type = FileType::directory, .path = std::string(path), .text = {}, .mode = mode});
  return *this;
}

Fixture& Fixture::file(std::string_view path, std::string_view content, std::uint16_t mode) {
  items_.push_back(
      {.type = FileType::regular, .path = std::string(path), .text = std::string(content), .mode = mode});
  return *this;
}

Fixture& Fixture::symlink(std::string_view path, std::string_view text) {
  items_.push_back({.type = FileType::symlink, .path = std::string(path), .text = std::string(text)});
  return *this;
}

Fixture& Fixture::link(std::string_view path, std::string_view existing) {
  items_.push_back({.type = FileType::regular,
                    .path = std::string(path),
                    .text = std::string(existing),
                    .hard_link = true});
  return *this;
}

Fixture& Fixture::owner(std::uint32_t uid, std::uint32_t gid) {
  items_.back().attr.uid = uid;
  items_.back().attr.gid = gid;
  return *this;
}

Fixture& Fixture::mtime(Time time) {
  items_.back().attr.mtime = time;
  return *this;
}

Fixture& Fixture::xattr(std::string_view name, std::string_view value) {
  items_.back().xattrs[std::string(name)] = value;
  return *this;
}

std::vector<std::vector<bool>> Fixture::placement(std::size_t layers) const {
  std::vector<std::vector<bool>> in(items_.size(), std::vector<bool>(layers));
  std::map<std::string, std::size_t> index;
  std::size_t turn = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const bool plain = item.mode == kParentMode && !item.attr.uid && !item.attr.mtime && item.xattrs.empty();
    if (item.type == FileType::directory && !plain) {
      in[i].assign(layers, true);
    } else if (item.hard_link) {
      in[i] = in.at(index.at(item.text));
    } else {
      in[i][turn++ % layers] = true;
    }
    index[item.path] = i;
  }
  return in;
}

void Fixture::make(Vfs& layer, const Item& item) {
  make_parents(layer, item.path);
  if (item.hard_link) {
    check(layer.link(item.text, item.path), item.path);
  } else if (item.type == FileType::directory) {
    const Status made = layer.mkdir(item.path);
    if (!made && made.error() != Errc::eexist) check(made, item.path);
    check(layer.chmod(item.path, item.mode), item.path);
  } else if (item.type == FileType::symlink) {
    check(layer.symlink(item.text, item.path), item.path);
  } else {
    check(layer.put(item.path, item.text), item.path);
    check(layer.chmod(item.path, item.mode), item.path);
  }
}

void Fixture::dress(Vfs& layer, const Item& item) {
  for (const auto& [name, value] : item.xattrs) {
    check(layer.set_xattr(item.path, name, value, XattrMode::any), item.path);
  }
  if (item.attr.uid || item.attr.mtime) check(layer.set_attr(item.path, item.attr), item.path);
}

void Fixture::apply(std::span<Vfs* const> layers) const {
  const auto in = placement(layers.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (in[i][layer]) make(*layers[layer], items_[i]);
    }
  }
  // Times last: making a child changes its parent's.
  for (std::size_t i = 0; i < items_.size(); ++i) {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (in[i][layer]) dress(*layers[layer], items_[i]);
    }
  }
}

}  // namespace wasifs::test
