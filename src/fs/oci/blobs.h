// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "wasifs/node.h"

namespace wasifs::oci {

/// The files of an image, by relative names such as "index.json" or
/// "blobs/sha256/ab…". Whatever the names say, only files of the image are read.
/// Thread-safe.
class Blobs {
 public:
  virtual ~Blobs() = default;

  [[nodiscard]] virtual bool has(const std::string& name) const = 0;
  /// The bytes where they lie. Trouble::corrupt: there is no such file, or it is
  /// none; Trouble::source: it cannot be read.
  [[nodiscard]] virtual Outcome<View> bytes(const std::string& name) const = 0;

  /// `image "PATH"`, for a sentence.
  [[nodiscard]] const std::string& label() const { return label_; }

 protected:
  explicit Blobs(std::string label) : label_(std::move(label)) {}
  [[nodiscard]] Diagnostic problem(Trouble trouble, const std::string& name, const std::string& what) const;

 private:
  std::string label_;
};

/// Those of a directory. No name leads out of it, and no symlink is followed.
[[nodiscard]] Outcome<std::unique_ptr<Blobs>> open_directory(const std::string& path, std::string label);

/// Those of an opened tar. `docker save` names a layer that two images share by a
/// symlink, so those are followed as far as they stay inside.
[[nodiscard]] std::unique_ptr<Blobs> blobs_of(FilesystemPtr tar, std::string label);

}  // namespace wasifs::oci
