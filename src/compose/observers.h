// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wasifs/node.h"
#include "wasifs/observer.h"
#include "wasifs/tree.h"

namespace wasifs {

/// Who is told of the changes of one tree. Thread-safe. Its lock guards the list and
/// is not held while anybody is told.
class Observers {
 public:
  void add(std::shared_ptr<TreeObserver> observer);
  void remove(const TreeObserver* observer);

  /// Whether anybody but `except` is there. False, as a rule: then there is nothing to
  /// find out for tell(), and it costs two loads.
  [[nodiscard]] bool any_but(const TreeObserver* except) const {
    if (count_.load(std::memory_order_acquire) == 0) return false;
    const TreeObserver* const sole = sole_.load(std::memory_order_acquire);
    return sole == nullptr || sole != except;
  }
  /// Tells all but `except`, who has made the change itself.
  void tell(const Change& change, const TreeObserver* except) const;

  /// What they tell of themselves, where they do.
  [[nodiscard]] std::vector<std::string> statuses() const;

  /// `file`, which shows `node`, as one that tells of what is written to it.
  [[nodiscard]] FilePtr watch(FilePtr file, VNode node, const TreeObserver* except) const;

 private:
  void note_count();
  [[nodiscard]] std::vector<std::shared_ptr<TreeObserver>> listeners() const;

  std::atomic<std::size_t> count_{0};
  std::atomic<const TreeObserver*> sole_{nullptr};  ///< the one that there is; null where there are more
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<TreeObserver>> list_;
};

}  // namespace wasifs
