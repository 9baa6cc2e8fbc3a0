// SPDX-License-Identifier: Apache-2.0
// Any bytes as a package: opened, walked, read and verified.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fs/webc/package.h"

namespace {

using namespace wasifs;

/// What a package that was accepted promises; the fuzzer reports an abort.
void require(bool holds) {
  if (!holds) std::abort();
}

void visit_content(Node& node, const Attr& attr) {
  if (node.type() == FileType::symlink) {
    require(node.read_link().value().text.size() == attr.size);
    return;
  }
  const FilePtr file = node.open({}).value();
  const View view = file->view(0, SIZE_MAX).value();
  require(view.bytes.size() == attr.size);
  unsigned sum = 0;
  for (const std::byte byte : view.bytes.first(std::min<std::size_t>(view.bytes.size(), 4096))) {
    sum += std::to_integer<unsigned>(byte);
  }
  require(sum <= 4096 * 255);
}

void visit_volume(Filesystem& fs, const webc::VolumeInfo& info) {
  std::uint64_t seen = 0;
  std::vector<NodeRef> pending{fs.root()};
  while (!pending.empty()) {
    const NodeRef dir = std::move(pending.back());
    pending.pop_back();
    const DirPtr reader = dir->open_dir().value();
    std::string last;
    require(reader
                ->read(0,
                       [&](const DirEntry& entry) {
                         require(last.empty() || last < entry.name);
                         last = entry.name;
                         const NodeRef node = dir->lookup(entry.name).value();
                         const Attr attr = node->attr().value();
                         require(attr.ino == entry.ino && attr.type == entry.type);
                         ++seen;
                         if (node->is_directory()) {
                           pending.push_back(node);
                         } else {
                           visit_content(*node, attr);
                         }
                         return true;
                       })
                .has_value());
  }
  require(seen == info.files + info.directories + info.symlinks);
}

/// How a command is started was read from the file, each text of it once.
void check_start(const webc::Command& command, std::size_t file_size) {
  std::size_t bytes = command.exec_name.size() + command.cwd.size();
  for (const std::string& argument : command.main_args) bytes += argument.size();
  for (const std::string& variable : command.env) bytes += variable.size();
  require(bytes <= file_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that a read past its end is noticed.
  const auto bytes = std::make_shared<std::vector<std::byte>>(
      reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  const auto package = webc::Package::parse({*bytes, bytes}, "fuzz");
  if (!package) {
    require(package.error().trouble == Trouble::corrupt && !package.error().message.empty());
    return 0;
  }
  for (const webc::VolumeInfo& info : (*package)->volumes())
    visit_volume(*(*package)->volume(info.name), info);
  for (const webc::Atom& atom : (*package)->manifest().atoms) {
    const auto content = (*package)->atom(atom.name);
    require((content ? content->bytes.size() : 0) == atom.size);
  }
  for (const webc::Command& command : (*package)->manifest().commands) check_start(command, size);
  require(!(*package)->manifest_json().empty());
  const auto verified = (*package)->verify();
  require(verified.has_value() || verified.error().trouble == Trouble::corrupt);
  return 0;
}
