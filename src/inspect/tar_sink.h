// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
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
  /// See archive::TarWriter::to_stream().
  [[nodiscard]] static Outcome<std::unique_ptr<TarSink>> to_stream(std::ostream& stream);

  /// A socket is left out, and counted, as is a time that a tar cannot hold.
  [[nodiscard]] Outcome<void> put(const CopiedEntry& entry) override;
  [[nodiscard]] const std::vector<CopyLoss>& losses() const { return losses_; }
  /// Nothing has a name before.
  [[nodiscard]] Outcome<void> finish() { return writer_->finish(); }

 private:
  [[nodiscard]] static Outcome<std::unique_ptr<TarSink>> over(
      Outcome<std::unique_ptr<archive::TarWriter>> writer);
  explicit TarSink(std::unique_ptr<archive::TarWriter> writer) : writer_(std::move(writer)) {}

  std::unique_ptr<archive::TarWriter> writer_;
  std::vector<CopyLoss> losses_;
};

}  // namespace wasifs
