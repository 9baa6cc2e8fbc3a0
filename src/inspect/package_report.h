// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

#include "fs/webc/package.h"
#include "inspect/text.h"
#include "inspect/tree_report.h"

namespace wasifs {

/// The SHA-256 of a whole package file in hex, by which registries and lock
/// files know it. The errors are those of Package::open.
[[nodiscard]] Outcome<std::string> package_digest(const std::string& path);

/// "2 files, 1 directory, 0 symlinks, 50 bytes".
[[nodiscard]] std::string volume_counts(const webc::VolumeInfo& volume);

/// What a package says about itself; `digest` as package_digest() gives it. The text is for
/// a person: in 80 columns, of endless texts the beginning, and of what nothing here
/// understands the names. The JSON has the whole manifest.
void print_package_info(std::ostream& out, const webc::Package& package, std::string_view digest);
void print_package_info_json(std::ostream& out, const webc::Package& package, std::string_view digest);

/// Each volume with all its entries, then the atoms.
[[nodiscard]] Problems print_package_listing(std::ostream& out, const webc::Package& package,
                                             const TextStyle& style);
/// {"schema":1,"volumes":[{"name","entries":[…]}],"atoms":[…]}.
[[nodiscard]] Problems print_package_listing_json(std::ostream& out, const webc::Package& package);

/// "ok: N checksums, M bytes". A failed verification is the caller's to report.
void print_verified(std::ostream& out, const webc::Package::Verified& verified);
/// {"schema":1,"path","ok","hashes"?,"bytes"?,"mismatches"?}: for a success the
/// counts, for a failure the text of each mismatch.
void print_verified_json(std::ostream& out, const webc::Package& package,
                         const Outcome<webc::Package::Verified>& verified);

}  // namespace wasifs
