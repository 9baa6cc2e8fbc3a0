// SPDX-License-Identifier: Apache-2.0
#include "compose/file_in_folder.h"

#include <utility>

namespace wasifs {

namespace {

class Folder final : public Node {
 public:
  explicit Folder(NodeRef file) : Node(FileType::directory), file_(std::move(file)) {}

  /// The file's, but for what makes it a directory and another object.
  Result<Attr> attr() override {
    Result<Attr> attr = file_->attr();
    if (!attr) return attr;
    attr->ino = ~attr->ino;
    attr->type = FileType::directory;
    attr->mode = 0755;
    attr->nlink = 1;
    attr->rdev = attr->size = attr->blocks = 0;
    return attr;
  }
  Result<NodeRef> lookup(std::string_view name) override {
    return name == FileInFolder::kName ? Result<NodeRef>(file_) : fail(Errc::enoent);
  }
  Result<DirPtr> open_dir() override;

 private:
  NodeRef file_;
};

class Listing final : public Dir {
 public:
  explicit Listing(NodeRef file) : file_(std::move(file)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    if (cookie != 0) return {};
    const Result<Attr> attr = file_->attr();
    if (!attr) return fail(attr.error());
    sink({.name = FileInFolder::kName, .ino = attr->ino, .type = attr->type, .next = 1});
    return {};
  }

 private:
  NodeRef file_;
};

Result<DirPtr> Folder::open_dir() { return std::make_unique<Listing>(file_); }

}  // namespace

FileInFolder::FileInFolder(FilesystemPtr file)
    : file_(std::move(file)), root_(make_ref<Folder>(file_->root())) {}

std::string FileInFolder::path_of(Node& node) {
  if (&node == root_.get()) return "/";
  return file_->path_of(node) == "/" ? std::string("/").append(kName) : std::string();
}

Origin FileInFolder::origin(Node& node) {
  return &node == root_.get() ? Filesystem::origin(node) : file_->origin(node);
}

}  // namespace wasifs
