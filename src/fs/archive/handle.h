// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wasifs/error.h"

struct archive;
struct archive_entry;

/// libarchive's objects as owners, and what it says as a Diagnostic.
namespace wasifs::archive {

struct CloseReader {
  void operator()(::archive* handle) const;
};
struct CloseWriter {
  void operator()(::archive* handle) const;
};
struct FreeEntry {
  void operator()(::archive_entry* entry) const;
};

/// Freed by whatever way the scope is left; a writer that was not closed before
/// leaves an archive that ends in its middle.
using Reader = std::unique_ptr<::archive, CloseReader>;
using Writer = std::unique_ptr<::archive, CloseWriter>;
using Entry = std::unique_ptr<::archive_entry, FreeEntry>;

/// Each throws std::bad_alloc where there is no memory.
[[nodiscard]] Reader new_reader();
[[nodiscard]] Writer new_writer();
[[nodiscard]] Entry new_entry();

/// What libarchive says of its last failure, without what only a programmer of it
/// needs; "" where it says nothing.
[[nodiscard]] std::string reason(::archive* handle);

/// `ACTION: REASON`, or `ACTION` alone where there is none.
[[nodiscard]] Diagnostic failure(::archive* handle, Trouble trouble, std::string_view action);

}  // namespace wasifs::archive
