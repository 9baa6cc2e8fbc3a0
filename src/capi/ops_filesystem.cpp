// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"
#include "capi/ops_node.h"

using namespace wasifs;
using namespace wasifs::capi;

namespace {

constexpr std::uint64_t kRoot = 1;

/// A file system whose operations are functions of C.
class OpsFilesystem final : public Filesystem {
 public:
  OpsFilesystem(std::shared_ptr<OpsTable> table, NodeRef root)
      : table_(std::move(table)), root_(std::move(root)) {}

  [[nodiscard]] NodeRef root() override { return root_; }
  [[nodiscard]] Traits traits() const override {
    const bool immutable = table_->ops.immutable != 0;
    // Persistent as far as we know, so that nothing of a mount is made in it.
    return {.immutable = immutable, .shared = !immutable, .persistent = !immutable};
  }
  [[nodiscard]] Result<StatFs> statfs() override { return StatFs{}; }
  [[nodiscard]] std::string describe() const override { return table_->description; }

 private:
  std::shared_ptr<OpsTable> table_;
  NodeRef root_;
};

Status make_filesystem(const wasifs_fs_ops& ops, void* user, wasifs_fs** out) {
  const auto table = std::make_shared<OpsTable>(ops, user);
  wasifs_stat told{};
  told.struct_size = sizeof(told);
  told.type = WASIFS_TYPE_DIRECTORY;
  auto root = OpsTable::acquire(table, [&](std::uint64_t& number, std::uint32_t& type) {
    const Status status = status_of(ops.stat(user, kRoot, &told));
    number = kRoot;
    type = told.type;
    return status;
  });
  if (!root) return fail(root.error());
  auto made = std::make_unique<wasifs_fs>();
  made->fs = std::make_shared<OpsFilesystem>(table, std::move(*root));
  table->take_over();
  *out = made.release();
  return {};
}

}  // namespace

int wasifs_fs_new(const wasifs_fs_ops* ops, void* user, wasifs_fs** out) {
  return guarded([&]() -> Status {
    const std::optional<wasifs_fs_ops> read = read_sized(ops);
    if (!read || out == nullptr) return fail(Errc::einval);
    if (read->stat == nullptr || read->lookup == nullptr) return fail(Errc::einval);
    return make_filesystem(*read, user, out);
  });
}
