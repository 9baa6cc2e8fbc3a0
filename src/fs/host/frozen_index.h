// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "fs/host/frozen_layer.h"
#include "fs/host/frozen_node.h"
#include "fs/host/host_dir.h"
#include "wasifs/error.h"

namespace wasifs::host {

/// The entries of one directory of a frozen layer, in the order of their names: a node
/// for each, in one array. Filled by one thread; once it is published nothing in it
/// changes but what FrozenNode says.
class FrozenIndex {
 public:
  /// Reads the directory `fd`, which `directory` stands for: getdents64(2), and one
  /// statx(2) for each name, relative to `fd`. A name that goes meanwhile is left out; one
  /// that cannot be looked at is only listed. Any other failure is the
  /// directory's, and asking again may help.
  [[nodiscard]] static Result<std::unique_ptr<FrozenIndex>> read(FrozenLayer& layer, FrozenNode& directory,
                                                                 int fd);
  /// The same of one name only; its error where it cannot be looked at.
  [[nodiscard]] static Result<std::unique_ptr<FrozenIndex>> read_single(FrozenLayer& layer,
                                                                        FrozenNode& directory, int fd,
                                                                        const char* name);
  /// The index in which the root of the layer lies, under no name.
  [[nodiscard]] static std::unique_ptr<FrozenIndex> of_root(FrozenLayer& layer, const struct statx& root);
  ~FrozenIndex();
  FrozenIndex(const FrozenIndex&) = delete;
  FrozenIndex& operator=(const FrozenIndex&) = delete;

  /// Null where there is no such name. Binary search: the names are other people's, and
  /// none of them can make it slow.
  [[nodiscard]] FrozenNode* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return count_; }
  /// The entry itself, which stands for another node where the file has several names.
  [[nodiscard]] FrozenNode& entry(std::size_t position) const { return entries_[position]; }

  [[nodiscard]] FrozenLayer& layer() const { return layer_; }
  /// Whose entries these are; null for the root's own.
  [[nodiscard]] const FrozenNode* directory() const { return directory_; }
  [[nodiscard]] std::string_view text(std::size_t at, std::size_t size) const {
    return {text_.data() + at, size};
  }
  /// The text at `at` up to its NUL.
  [[nodiscard]] const char* text(std::size_t at) const { return text_.data() + at; }

 private:
  friend class FrozenLayer;

  FrozenIndex(FrozenLayer& layer, const FrozenNode* directory, std::size_t room);
  void add(int fd, const Names::Entry& entry);
  void add_link_texts(int fd);

  FrozenLayer& layer_;
  const FrozenNode* const directory_;
  std::string text_;       ///< names, then the texts of symlinks; each with a NUL
  FrozenNode* entries_;    ///< raw storage: nodes can neither move nor be made empty
  std::size_t count_ = 0;  ///< of those that are there
  const std::size_t room_;
  std::unique_ptr<FrozenIndex> next_;  ///< in the layer's list
};

}  // namespace wasifs::host
