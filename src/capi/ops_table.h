// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "wasifs/error.h"
#include "wasifs/ref.h"
#include "wasifs/types.h"
#include "wasifs/wasifs.h"

namespace wasifs::capi {

class OpsNode;

/// A user's file system: its operations, and every node of it that somebody holds,
/// by number. Shared by the Filesystem and its nodes, so that `destroy` comes after
/// the last `forget`.
///
/// Locks, in their order: `gate_`, `mutex_`. Who asks the user for a node holds the
/// gate shared until the node is in the table; who drops the last reference to one
/// takes it alone, so that no number is forgotten between the user's giving it and
/// our holding it. A node that has dropped to zero stays in the table until its
/// dispose(): whoever finds it before puts a new one in its place, and then the
/// number is not forgotten.
class OpsTable {
 public:
  OpsTable(const wasifs_fs_ops& given, void* their_user);
  OpsTable(const OpsTable&) = delete;
  OpsTable& operator=(const OpsTable&) = delete;
  ~OpsTable();

  const wasifs_fs_ops ops;
  void* const user;
  const std::string description;

  /// From now on `forget` and `destroy` are called.
  void take_over() { taken_over_ = true; }

  /// Asks the user for a node: its number and type.
  using Ask = FunctionRef<Status(std::uint64_t& number, std::uint32_t& type)>;
  /// The node that `ask` gives. eio: number 0, or no such type.
  [[nodiscard]] static Result<Ref<OpsNode>> acquire(const std::shared_ptr<OpsTable>& table, Ask ask);

  /// Takes `node` out; unless another one has replaced it, its number is forgotten.
  void release(std::uint64_t number, const OpsNode* node) noexcept;

 private:
  [[nodiscard]] static Ref<OpsNode> intern(const std::shared_ptr<OpsTable>& table, std::uint64_t number,
                                           FileType type);
  /// Forgets a number that was given and did not get into the table.
  void discard(std::uint64_t number) noexcept;
  void forget(std::uint64_t number) noexcept;

  bool taken_over_ = false;
  std::shared_mutex gate_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, OpsNode*> nodes_;
};

}  // namespace wasifs::capi
