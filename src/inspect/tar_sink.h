// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fs/archive/tar_writer.h"
#include "inspect/tree_copy.h"

namespace wasifs {

/// A copy of a tree as a tar. Paths are relative: "a/b", and "." for where it begins.
class TarSink final : public CopySink {
 public:
  /// See archive::TarWriter::create().
  [[nodiscard]] static Outcome<std::unique_ptr<TarSink>> create(const std::string& path);

  /// A socket is left out, and counted.
  [[nodiscard]] Outcome<void> put(const CopiedEntry& entry) override;
  [[nodiscard]] const std::vector<CopyLoss>& losses() const { return losses_; }
  /// Nothing has a name before.
  [[nodiscard]] Outcome<void> finish() { return writer_->finish(); }

 private:
  explicit TarSink(std::unique_ptr<archive::TarWriter> writer) : writer_(std::move(writer)) {}

  std::unique_ptr<archive::TarWriter> writer_;
  std::vector<CopyLoss> losses_;
};

}  // namespace wasifs
