// SPDX-License-Identifier: Apache-2.0
#include "capi/ops_table.h"

#include "capi/attributes.h"
#include "capi/ops_node.h"

namespace wasifs::capi {

OpsTable::OpsTable(const wasifs_fs_ops& given, void* their_user)
    : ops(given),
      user(their_user),
      description(given.description == nullptr ? "a file system of the program" : given.description) {}

OpsTable::~OpsTable() {
  if (taken_over_ && ops.destroy != nullptr) ops.destroy(user);
}

Result<Ref<OpsNode>> OpsTable::acquire(const std::shared_ptr<OpsTable>& table, Ask ask) {
  std::uint64_t number = 0;
  std::uint32_t type = 0;
  try {
    const std::shared_lock gate(table->gate_);
    if (const Status asked = ask(number, type); !asked) return fail(asked.error());
    if (const Result<FileType> known = file_type_of(type); known && number != 0) {
      return intern(table, number, *known);
    }
  } catch (...) {
    if (number != 0) table->discard(number);
    throw;
  }
  if (number != 0) table->discard(number);
  return fail(Errc::eio);
}

Ref<OpsNode> OpsTable::intern(const std::shared_ptr<OpsTable>& table, std::uint64_t number, FileType type) {
  const std::lock_guard lock(table->mutex_);
  OpsNode*& slot = table->nodes_[number];
  if (slot != nullptr && slot->type() == type && slot->try_add_ref()) return Ref<OpsNode>::adopt(slot);
  // Counted before anybody can see it: the table must never show a count of zero
  // for a node that is not on its way out.
  Ref<OpsNode> fresh(new OpsNode(table, number, type));
  slot = fresh.get();
  return fresh;
}

void OpsTable::release(std::uint64_t number, const OpsNode* node) noexcept {
  const std::unique_lock gate(gate_);
  {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(number);
    if (found == nodes_.end() || found->second != node) return;
    nodes_.erase(found);
  }
  forget(number);
}

void OpsTable::discard(std::uint64_t number) noexcept {
  const std::unique_lock gate(gate_);
  {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(number);
    if (found != nodes_.end() && found->second != nullptr) return;
    if (found != nodes_.end()) nodes_.erase(found);
  }
  forget(number);
}

void OpsTable::forget(std::uint64_t number) noexcept {
  if (taken_over_ && ops.forget != nullptr) ops.forget(user, number);
}

}  // namespace wasifs::capi
