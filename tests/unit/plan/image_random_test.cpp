// SPDX-License-Identifier: Apache-2.0
// Random stacks of layers, composed, against an unpacker that knows nothing of overlays.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "support/tar_writer.h"
#include "unit/oci/image_writer.h"
#include "unit/plan/prepared.h"

namespace wasifs::plan {
namespace {

using test::kTarLayer;
using test::LayoutWriter;
using test::TarWriter;

/// One entry of a layer's tar.
struct Entry {
  enum class Kind : std::uint8_t { file, directory, symlink, link, whiteout, opaque };

  Kind kind;
  std::string path;       ///< of an opaque one the directory
  std::string text = {};  ///< content or target
};
using Layer = std::vector<Entry>;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string tar_of(const Layer& layer) {
  TarWriter tar;
  for (const Entry& entry : layer) {
    const std::string folder = parent_of(entry.path);
    const std::string in_folder = folder.empty() ? "" : folder + "/";
    switch (entry.kind) {
      case Entry::Kind::file:
        tar.file(entry.path, entry.text);
        break;
      case Entry::Kind::directory:
        tar.directory(entry.path + "/");
        break;
      case Entry::Kind::symlink:
        tar.symlink(entry.path, entry.text);
        break;
      case Entry::Kind::link:
        tar.hard_link(entry.path, entry.text);
        break;
      case Entry::Kind::whiteout:
        tar.file(in_folder + ".wh." + entry.path.substr(in_folder.size()), "");
        break;
      case Entry::Kind::opaque:
        tar.file(entry.path + "/.wh..wh..opq", "");
        break;
    }
  }
  return tar.bytes();
}

/// Path to "d", "f CONTENT" or "l TARGET".
using Flat = std::map<std::string, std::string>;

void remove_below(Flat& flat, const std::string& path) {
  std::erase_if(flat, [&](const auto& one) { return one.first.starts_with(path + "/"); });
}

void remove(Flat& flat, const std::string& path) {
  flat.erase(path);
  remove_below(flat, path);
}

/// Unpacks a layer over what is there: first all that it deletes, of what lies below it,
/// then all that it has.
void unpack(const Layer& layer, Flat& flat) {
  for (const Entry& entry : layer) {
    if (entry.kind == Entry::Kind::whiteout) remove(flat, entry.path);
    if (entry.kind == Entry::Kind::opaque) remove_below(flat, entry.path);
  }
  Flat own;
  for (const Entry& entry : layer) {
    if (entry.kind == Entry::Kind::whiteout || entry.kind == Entry::Kind::opaque) continue;
    own[entry.path] = entry.kind == Entry::Kind::directory ? "d"
                      : entry.kind == Entry::Kind::symlink ? "l " + entry.text
                      : entry.kind == Entry::Kind::link    ? own.at(entry.text)
                                                           : "f " + entry.text;
  }
  for (const auto& [path, what] : own) {
    if (what != "d" || (flat.contains(path) && flat[path] != "d")) remove(flat, path);
    flat[path] = what;
  }
}

/// A layer whose entries fit one another: every directory comes before what is in it.
class LayerMaker {
 public:
  explicit LayerMaker(std::mt19937& random) : random_(random) {}

  Layer make() {
    const unsigned count = 1 + pick(12);
    for (unsigned i = 0; i < count; ++i) add();
    return std::move(layer_);
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

  std::string name() { return std::string(1, static_cast<char>('a' + pick(4))); }

  void add() {
    std::string path;
    for (unsigned depth = pick(3); depth > 0; --depth) {
      path += (path.empty() ? "" : "/") + name();
      if (!make_directory(path)) return;
    }
    const std::string folder = path;
    path += (path.empty() ? "" : "/") + name();
    switch (pick(8)) {
      case 0:
        // Also of what the layer itself has: it keeps that, and deletes what lies below.
        if (deleted_.insert(path).second) layer_.push_back({.kind = Entry::Kind::whiteout, .path = path});
        return;
      case 1:
        if (!folder.empty() && opaque_.insert(folder).second) {
          layer_.push_back({.kind = Entry::Kind::opaque, .path = folder});
        }
        return;
      case 2:
        make_directory(path);
        return;
      case 3:
        if (own_.emplace(path, false).second) {
          layer_.push_back({.kind = Entry::Kind::symlink, .path = path, .text = name()});
        }
        return;
      case 4:
        if (!files_.empty() && own_.emplace(path, false).second) {
          layer_.push_back({.kind = Entry::Kind::link,
                            .path = path,
                            .text = files_[pick(static_cast<unsigned>(files_.size()))]});
        }
        return;
      default:
        if (own_.emplace(path, false).second) {
          layer_.push_back({.kind = Entry::Kind::file, .path = path, .text = std::to_string(random_())});
          files_.push_back(path);
        }
    }
  }

  /// False where the layer has something else there.
  bool make_directory(const std::string& path) {
    const auto [at, added] = own_.emplace(path, true);
    if (added) layer_.push_back({.kind = Entry::Kind::directory, .path = path});
    return at->second;
  }

  std::mt19937& random_;
  Layer layer_;
  std::map<std::string, bool> own_;  ///< whether it is a directory
  std::vector<std::string> files_;
  std::set<std::string> deleted_;
  std::set<std::string> opaque_;
};

/// What the tree shows below `path`.
void read_tree(const PreparedRoot& root, const std::string& base, const std::string& path, Flat& out) {
  for (const std::string& name : names(root, base + (path.empty() ? "" : "/" + path))) {
    const std::string inner = path.empty() ? name : path + "/" + name;
    const std::string full = base + "/" + inner;
    const Result<Attr> found = attr(root, full);
    ASSERT_TRUE(found) << full;
    if (found->type == FileType::directory) {
      out[inner] = "d";
      read_tree(root, base, inner, out);
    } else if (found->type == FileType::symlink) {
      const auto node = root.tree->resolve(full, Follow::no);
      ASSERT_TRUE(node);
      const auto text = root.tree->read_link(*node);
      ASSERT_TRUE(text) << full;
      out[inner] = "l " + text->text;
    } else {
      ASSERT_EQ(found->type, FileType::regular) << full;
      out[inner] = "f " + content(root, full);
    }
  }
}

class RandomImages : public PrepareTest {};

TEST_F(RandomImages, ShowWhatANaiveUnpackerGives) {
  constexpr unsigned kImages = 300;
  std::size_t deleted = 0;
  for (unsigned seed = 0; seed < kImages; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string name = "i" + std::to_string(seed);
    const LayoutWriter writer(dir_, name);
    Flat expected;
    std::vector<nlohmann::json> layers;
    for (unsigned i = 0; i < 2 + seed % 4; ++i) {
      const Layer layer = LayerMaker(random).make();
      const std::size_t before = expected.size();
      unpack(layer, expected);
      deleted += expected.size() < before + layer.size() ? 1 : 0;
      layers.push_back(writer.blob(kTarLayer, tar_of(layer)));
    }
    writer.index({writer.image({{"config", nlohmann::json::object()}}, layers)});
    // Alone and read only; and under a layer that takes changes.
    for (const char* access : {"ro", "cow"}) {
      const PreparedRoot root = open("[[mount]]\nguest = \"/i\"\ntype = \"image\"\nsource = \"" + name +
                                     "\"\naccess = \"" + access + "\"\n");
      Flat shown;
      read_tree(root, "/i", "", shown);
      ASSERT_EQ(shown, expected) << access;
    }
  }
  EXPECT_GT(deleted, kImages / 2);
}

}  // namespace
}  // namespace wasifs::plan
