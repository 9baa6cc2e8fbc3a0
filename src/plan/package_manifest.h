// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "plan/pack_toml.h"

namespace wasifs::plan {

/// What the manifest of a package says of a program in it.
struct AtomFacts {
  std::string name;
  std::string kind;  ///< a URL
  Digest sha256;
  std::optional<std::vector<std::string>> features = {};  ///< see webc::wasm_features()
};

/// The manifest of the package that is made of a wasmer.toml, as one JSON object: keys,
/// their order and what is left out are the reference's, so that webc::manifest_cbor()
/// gives its bytes. `file` names wasmer.toml in messages.
///
/// Trouble::manifest: annotations that contradict what the command itself says, or have a
/// number that is not finite.
[[nodiscard]] Outcome<std::string> package_manifest_json(const PackToml& toml, std::vector<AtomFacts> atoms,
                                                         const std::string& file);

/// That of a package of one volume, "/", which is the whole root.
[[nodiscard]] std::string root_manifest_json();

}  // namespace wasifs::plan
