// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/memory_fs.h"

#include <sys/sysinfo.h>

#include <algorithm>

#include "fs/memory/memory_node.h"

namespace wasifs {

struct MemoryFilesystem::State : MemoryState {
  Ref<MemoryDir> root;  // declared last, so it goes while the rest is still there
};

MemoryFilesystem::MemoryFilesystem(Options options) : state_(std::make_shared<State>()) {
  state_->quota = std::move(options.quota);
  state_->frozen_time = options.frozen_time;
  // The root is there whatever the limit: a layer without one is none.
  Charge charge;
  charge.take_anyway(state_->quota.get(), 0, 1);
  state_->root = make_ref<MemoryDir>(
      *state_,
      NewNode{.type = FileType::directory, .mode = options.root_mode, .uid = options.uid, .gid = options.gid},
      charge, nullptr);
}

MemoryFilesystem::~MemoryFilesystem() = default;

NodeRef MemoryFilesystem::root() { return state_->root; }
Traits MemoryFilesystem::traits() const { return {.lasting_cookies = true}; }
std::string MemoryFilesystem::describe() const { return "memory"; }

std::string MemoryFilesystem::path_of(Node& node) {
  auto* const mine = dynamic_cast<MemoryNode*>(&node);
  if (mine == nullptr || &mine->state() != state_.get()) return {};
  return search_path(*state_->root, *mine);
}

Origin MemoryFilesystem::origin(Node& node) {
  const auto* const file = dynamic_cast<const MemoryFile*>(&node);
  std::string source = file != nullptr ? file->source() : std::string();
  return {.source = source.empty() ? describe() : std::move(source)};
}

void MemoryFilesystem::thaw() {
  state_->frozen_time.reset();
  state_->start = take_start(*state_->root);
}

Result<UpperChanges> MemoryFilesystem::changes(Node& directory) {
  auto* const mine = dynamic_cast<MemoryDir*>(&directory);
  if (mine == nullptr || &mine->state() != state_.get()) return fail(Errc::enotdir);
  return changes_in(*mine);
}

Result<StatFs> MemoryFilesystem::statfs() {
  // Without a limit the machine's memory is the limit.
  struct sysinfo machine{};
  if (::sysinfo(&machine) != 0) return fail_errno();
  const std::uint64_t unit = machine.mem_unit;
  std::uint64_t bytes = machine.totalram * unit;
  std::uint64_t free = machine.freeram * unit;
  std::uint64_t files = bytes / Content::kPageSize;
  std::uint64_t files_free = free / Content::kPageSize;
  if (const Quota* quota = state_->quota.get(); quota != nullptr) {
    if (quota->bytes_max() != Quota::kUnlimited) {
      bytes = quota->bytes_max();
      free = quota->bytes_free();
    }
    if (quota->inodes_max() != Quota::kUnlimited) {
      files = quota->inodes_max();
      files_free = quota->inodes_free();
    }
  }
  return StatFs{.block_size = Content::kPageSize,
                .blocks = bytes / Content::kPageSize,
                .blocks_free = free / Content::kPageSize,
                .files = files,
                .files_free = files_free};
}

Status MemoryFilesystem::room_for(std::uint64_t bytes, std::uint64_t inodes) {
  const Quota* const quota = state_->quota.get();
  if (quota == nullptr) return {};
  return bytes <= quota->bytes_free() && inodes <= quota->inodes_free() ? Status{} : fail(Errc::enospc);
}

Result<NodeRef> MemoryFilesystem::create_shared(Node& dir, std::string_view name, const NewNode& spec,
                                                View content) {
  Result<NodeRef> made = dir.create(name, spec);
  if (!made) return made;
  if (const Status shared = (*made)->share_content(std::move(content)); !shared) return fail(shared.error());
  return made;
}

Result<NodeRef> MemoryFilesystem::create_sealed(Node& dir, std::string_view name, const NewNode& spec,
                                                View content, std::string source) {
  Result<NodeRef> made = create_shared(dir, name, spec, std::move(content));
  if (made) static_cast<MemoryFile&>(**made).seal(std::move(source));
  return made;
}

}  // namespace wasifs
