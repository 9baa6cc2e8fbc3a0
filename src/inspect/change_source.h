// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wasifs/tree.h"

namespace wasifs {

/// Says what of a tree was changed, directory by directory.
class ChangeSource {
 public:
  ChangeSource() = default;
  ChangeSource(const ChangeSource&) = delete;
  ChangeSource& operator=(const ChangeSource&) = delete;
  virtual ~ChangeSource() = default;

  /// See Tree::changes(). `is_new`: of `dir` and all below it everything counts anyway, and
  /// only the names that are `removed` are wanted, so that they are passed over.
  /// Trouble::source.
  [[nodiscard]] virtual Outcome<UpperChanges> changes(std::string_view path, const VNode& dir,
                                                      bool is_new) = 0;
};

/// A composed tree speaks for itself.
class TreeChanges final : public ChangeSource {
 public:
  explicit TreeChanges(const Tree& tree) : tree_(tree) {}
  [[nodiscard]] Outcome<UpperChanges> changes(std::string_view path, const VNode& dir, bool is_new) override;

 private:
  const Tree& tree_;
};

/// A mounted one does by its attributes.
class MountChanges final : public ChangeSource {
 public:
  [[nodiscard]] Outcome<UpperChanges> changes(std::string_view path, const VNode& dir, bool is_new) override;
};

/// An upper on the host: all that it holds is changed, and its marks say the rest. What
/// was moved or has its content elsewhere cannot be told without the layers below it.
class UpperDirChanges final : public ChangeSource {
 public:
  explicit UpperDirChanges(const Tree& upper) : upper_(upper) {}
  [[nodiscard]] Outcome<UpperChanges> changes(std::string_view path, const VNode& dir, bool is_new) override;

 private:
  const Tree& upper_;
};

/// A directory of the host, and nothing else, as a tree that is only looked at.
/// Trouble::source.
[[nodiscard]] Outcome<std::shared_ptr<const Tree>> open_directory(const std::string& path);

/// A text that is told in pages (see src/base/change_text.h) under the attribute `name`, of
/// which `get` gives each. efbig: there is no end to them.
[[nodiscard]] Result<std::string> read_paged_attribute(
    const std::string& name, FunctionRef<Result<std::string>(const std::string& page)> get);

}  // namespace wasifs
