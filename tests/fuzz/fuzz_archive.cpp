// SPDX-License-Identifier: Apache-2.0
// Any bytes as an archive, and as a layer of an image: opened, walked and read.
#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fs/archive/archive_fs.h"

namespace {

using namespace wasifs;

/// What an archive that was accepted promises; the fuzzer reports an abort.
void require(bool holds) {
  if (!holds) std::abort();
}

void visit_file(Node& node, const Attr& attr) {
  const FilePtr file = node.open({}).value();
  std::array<std::byte, 4096> buffer{};
  const std::size_t count = file->read_at(0, buffer).value();
  require(count == std::min<std::uint64_t>(attr.size, buffer.size()));
  require(!file->seek_data(attr.size));
  if (attr.size != 0) {
    require(file->seek_hole(0).value() <= attr.size);
    require(file->read_at(attr.size - 1, buffer).value() == 1);
  }
  const std::optional<View> view = file->view(0, buffer.size());
  if (view) require(view->bytes.size() == count);
}

void visit(Filesystem& fs) {
  std::vector<NodeRef> pending{fs.root()};
  std::uint64_t seen = 0;
  std::set<std::uint64_t> inodes;
  while (!pending.empty()) {
    const NodeRef node = pending.back();
    pending.pop_back();
    const Attr attr = node->attr().value();
    if (inodes.insert(attr.ino).second) ++seen;
    for (const std::string& name : node->list_xattrs().value()) require(node->get_xattr(name).has_value());
    if (attr.type == FileType::regular) visit_file(*node, attr);
    if (attr.type == FileType::symlink) require(node->read_link().value().text.size() == attr.size);
    if (attr.type != FileType::directory) continue;
    const DirPtr dir = node->open_dir().value();
    std::string before;
    const Status read = dir->read(0, [&](const DirEntry& entry) {
      require(before.empty() || before < entry.name);
      require(entry.name != "." && entry.name != ".." && entry.name.find('/') == std::string_view::npos);
      before = entry.name;
      const NodeRef child = node->lookup(entry.name).value();
      require(child->attr().value().ino == entry.ino && child->type() == entry.type);
      require(!fs.path_of(*child).empty());
      pending.push_back(child);
      return true;
    });
    require(read.has_value());
  }
  require(seen == fs.statfs().value().files);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::make_shared<std::vector<std::uint8_t>>(data, data + size);
  const View view{.bytes = std::as_bytes(std::span(*bytes)), .owner = bytes};
  for (const Whiteouts whiteouts : {Whiteouts::none, Whiteouts::oci}) {
    archive::OpenOptions options;
    options.whiteouts = whiteouts;
    options.spool = "/dev/shm";
    options.max_spool = std::uint64_t{8} << 20U;
    const auto opened = archive::ArchiveFilesystem::parse(view, "fuzz", options);
    if (opened) {
      visit(**opened);
    } else {
      require(!opened.error().message.empty());
    }
  }
  return 0;
}
