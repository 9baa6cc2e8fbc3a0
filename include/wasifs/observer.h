// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wasifs/export.h"

namespace wasifs {

struct VNode;

/// Something in a Tree that is not any more what it was.
struct Change {
  enum class Kind : std::uint8_t {
    content,     ///< the bytes of `node` in the range, and with them its attributes
    attributes,  ///< what stat tells of `node`
    name,        ///< what `name` means in the directory `node`
  };
  Kind kind;
  const VNode& node;
  std::string_view name = {};
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< bytes; 0: to the end
};

/// Is told of changes by whoever shows a Tree to somebody with a cache. See
/// Tree::observed_by.
class WASIFS_API TreeObserver {
 public:
  TreeObserver() = default;
  TreeObserver(const TreeObserver&) = delete;
  TreeObserver& operator=(const TreeObserver&) = delete;
  virtual ~TreeObserver() = default;

  /// Called after the change, on the thread that has made it and before its call
  /// returns, with no lock of the tree held: what the observer has done is done when
  /// the writer goes on. Several threads may call at the same time.
  virtual void changed(const Change& change) noexcept = 0;

  /// What it shows the tree to and what is in force there, as a JSON object for
  /// `user.wasifs.status`. "": nothing to tell.
  [[nodiscard]] virtual std::string status() const { return {}; }
};

}  // namespace wasifs
