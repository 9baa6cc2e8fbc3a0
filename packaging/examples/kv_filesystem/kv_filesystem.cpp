// SPDX-License-Identifier: Apache-2.0
#include "kv_filesystem.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace wasifs;

namespace {

/// An open value. File has checked the mode and the arguments before do_read.
class ValueFile final : public File {
 public:
  ValueFile(OpenFlags flags, std::shared_ptr<const std::string> value)
      : File(flags), value_(std::move(value)) {}

  /// Values never change, so whoever wants to can read them where they lie.
  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    const auto bytes = std::as_bytes(std::span(*value_));
    const auto start = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes.size()));
    return View{.bytes = bytes.subspan(start, std::min(length, bytes.size() - start)), .owner = value_};
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    const std::span<const std::byte> bytes = view(offset, out.size())->bytes;
    std::ranges::copy(bytes, out.begin());
    return bytes.size();
  }
  /// All of it is data; the end counts as a hole.
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    if (offset >= value_->size()) return fail(Errc::enxio);
    return data ? offset : value_->size();
  }

 private:
  std::shared_ptr<const std::string> value_;
};

/// A value, or a directory of them. All nodes are made at once and never change,
/// so no method needs a lock.
class KvNode final : public Node {
 public:
  KvNode(FileType type, std::uint64_t ino, std::string value = {})
      : Node(type), ino_(ino), value_(std::make_shared<const std::string>(std::move(value))) {}

  std::map<std::string, Ref<KvNode>, std::less<>> children;

  Result<Attr> attr() override {
    Attr attr;
    attr.ino = ino_;
    attr.type = type();
    attr.mode = is_directory() ? 0555 : 0444;
    attr.nlink = 1;
    attr.size = value_->size();
    attr.blocks = (attr.size + 511) / 512;
    return attr;
  }
  Result<NodeRef> lookup(std::string_view name) override {
    if (!is_directory()) return fail(Errc::enotdir);
    const auto found = children.find(name);
    if (found == children.end()) return fail(Errc::enoent);
    return NodeRef(found->second);
  }
  Result<FilePtr> open(OpenFlags flags) override {
    if (is_directory()) return fail(Errc::eisdir);
    if (flags.write || flags.truncate) return fail(Errc::erofs);
    return std::make_unique<ValueFile>(flags, value_);
  }
  Result<DirPtr> open_dir() override;

 private:
  std::uint64_t ino_;
  std::shared_ptr<const std::string> value_;
};

/// An open directory. The cookie of an entry is how many come up to it.
class KvDir final : public Dir {
 public:
  explicit KvDir(Ref<KvNode> node) : node_(std::move(node)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    std::uint64_t next = 0;
    for (const auto& [name, child] : node_->children) {
      if (++next <= cookie) continue;
      if (!sink({.name = name, .ino = child->attr()->ino, .type = child->type(), .next = next})) break;
    }
    return {};
  }

 private:
  Ref<KvNode> node_;
};

Result<DirPtr> KvNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  return std::make_unique<KvDir>(Ref<KvNode>(this));
}

class KvFilesystem final : public Filesystem {
 public:
  KvFilesystem(const std::map<std::string, std::string>& store, std::string name)
      : root_(make_ref<KvNode>(FileType::directory, ++inodes_)), name_(std::move(name)) {
    for (const auto& [key, value] : store) add(key, value);
  }

  NodeRef root() override { return root_; }
  /// Immutable: a kernel may cache all of it for ever.
  [[nodiscard]] Traits traits() const override { return {.immutable = true}; }
  Result<StatFs> statfs() override {
    StatFs stat;
    stat.files = inodes_;
    return stat;
  }
  [[nodiscard]] std::string describe() const override { return "kv \"" + name_ + "\""; }

 private:
  /// Files the value under its key. A key comes before those that it begins.
  void add(std::string_view key, const std::string& value) {
    std::vector<std::string> names(1);
    for (const char c : key) {
      if (c == '/') {
        names.emplace_back();
      } else {
        names.back() += c;
      }
    }
    if (!std::ranges::all_of(names, is_name)) return;
    Ref<KvNode> at = root_;
    for (const std::string& name : names) {
      const bool last = &name == &names.back();
      Ref<KvNode>& child = at->children[name];
      if (last && child == nullptr) {
        child = make_ref<KvNode>(FileType::regular, ++inodes_, value);
      } else if (child == nullptr || (!last && !child->is_directory())) {
        child = make_ref<KvNode>(FileType::directory, ++inodes_);
      }
      at = child;
    }
  }

  static bool is_name(const std::string& text) {
    return !text.empty() && text != "." && text != ".." && text.size() <= 255 &&
           text.find('\0') == std::string::npos;
  }

  std::uint64_t inodes_ = 0;
  Ref<KvNode> root_;
  std::string name_;
};

}  // namespace

FilesystemPtr kv_filesystem(const std::map<std::string, std::string>& store, std::string name) {
  return std::make_shared<KvFilesystem>(store, std::move(name));
}
