// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <utility>

#include "wasifs/node.h"
#include "wasifs/run_spec.h"

namespace wasifs {

class OpenSlot;

/// What a Tree enforces on whatever is open in it: how many files and directories
/// that may be, and how long a file may grow. Shared by everything that is open,
/// so it outlives the Tree where it must. Thread-safe.
///
/// Lock order: growth_lock() comes before every lock of a layer.
class OpenLimits : public std::enable_shared_from_this<OpenLimits> {
 public:
  /// Null where `limits` has nothing of the kind.
  [[nodiscard]] static std::shared_ptr<OpenLimits> make(const FsLimits& limits);

  [[nodiscard]] std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }
  /// enfile.
  [[nodiscard]] Result<OpenSlot> take_slot();

  /// `file`, which shows `node`, as the limits let it be used; it holds `slot`.
  [[nodiscard]] FilePtr limit(FilePtr file, Node& node, OpenSlot slot);
  /// set_attr() of `node`; efbig where that would make it grow past the limit.
  [[nodiscard]] Status set_attr(Node& node, const SetAttr& change);

 private:
  friend class OpenSlot;
  friend class LimitedFile;

  explicit OpenLimits(const FsLimits& limits)
      : max_open_(limits.max_open.value_or(kUnlimited)),
        max_size_(limits.max_file_size.value_or(kUnlimited)) {}

  /// Does `change`, which lets `node` end at `end`, unless the limit forbids it:
  /// efbig.
  [[nodiscard]] Status resize(Node& node, std::uint64_t end, FunctionRef<Status()> change);
  /// Held alone by whoever decides by the size of the file, so that nobody moves
  /// its end in between; shared by every other change of content.
  [[nodiscard]] std::shared_mutex& growth_lock(const Node& node) {
    return growth_locks_[(std::hash<const Node*>{}(&node) >> 6U) % growth_locks_.size()];
  }

  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

  const std::uint64_t max_open_;
  const std::uint64_t max_size_;
  std::atomic<std::uint64_t> open_{0};
  std::array<std::shared_mutex, 16> growth_locks_;
};

/// A place among the open files and directories, given back at the end. An empty
/// one counts nothing.
class OpenSlot {
 public:
  OpenSlot() = default;
  OpenSlot(OpenSlot&&) noexcept = default;
  OpenSlot& operator=(OpenSlot&&) = delete;
  ~OpenSlot() {
    if (limits_ != nullptr) limits_->open_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  friend class OpenLimits;
  explicit OpenSlot(std::shared_ptr<OpenLimits> limits) : limits_(std::move(limits)) {}

  std::shared_ptr<OpenLimits> limits_;
};

}  // namespace wasifs
