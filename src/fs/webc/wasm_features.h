// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fs/webc/bytes.h"

namespace wasifs::webc {

/// The features that the reference writer notes down for a program, in its order: those
/// that every runtime has, and `exception-handling` where the module has a section for
/// tags, imports one, or has a custom section that is called so. nullopt for bytes that
/// are no module as far as its outer structure goes, of which it notes nothing.
///
/// The reference validates the module, and reads the error: it also notes programs that
/// catch exceptions and have no tag, which no compiler makes, and takes no notice of tags
/// behind something that is not valid. Here content is not validated; nothing is
/// allocated for what the bytes declare.
[[nodiscard]] std::optional<std::vector<std::string>> wasm_features(ByteSpan module);

}  // namespace wasifs::webc
