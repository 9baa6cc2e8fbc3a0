// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "wasifs/error.h"

namespace wasifs::plan {

// What the folder of an unpacked package looks like: manifest.json, each atom as
// atoms/NAME, each volume as a folder below volumes, the volume "metadata" as metadata.

/// The name of the file that holds the manifest.
inline constexpr std::string_view kManifestJson = "manifest.json";
/// The volume of the files that the manifest speaks of.
inline constexpr std::string_view kMetadataVolume = "metadata";

/// Where an atom lies, relative to the folder.
[[nodiscard]] std::string atom_place(std::string_view atom);
/// Where a volume lies. Folders are in one another as the names of the volumes are, so one
/// whose place is that of another or in it gets one of its own: `alone`. "/" always does,
/// and what no path can be. No two names have the same place alone.
[[nodiscard]] std::string volume_place(std::string_view volume, bool alone);

/// The manifest of an unpacked package.
class Unpacked {
 public:
  /// Trouble::manifest: no JSON, or not the JSON of a manifest.
  [[nodiscard]] static Outcome<Unpacked> parse(std::string_view json, const std::string& file);
  Unpacked(Unpacked&& other) noexcept;
  Unpacked& operator=(Unpacked&& other) noexcept;
  ~Unpacked();

  /// The names of the volumes that the package shows of its own, each once.
  [[nodiscard]] std::vector<std::string> volumes() const;
  [[nodiscard]] std::vector<std::string> atoms() const;
  /// Where the manifest signs an atom, by this hash from now on.
  void sign(const std::string& atom, const Digest& sha256);
  [[nodiscard]] std::string json() const;

 private:
  struct State;
  explicit Unpacked(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wasifs::plan
