// SPDX-License-Identifier: Apache-2.0

// Bytes as the manifest.json of an unpacked package, and as the manifest of a package.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/path.h"
#include "fs/webc/cbor_check.h"
#include "fs/webc/manifest_cbor.h"
#include "plan/unpacked.h"

namespace {

using namespace wasifs;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_refusal(const Diagnostic& error) {
  require(error.trouble == Trouble::manifest && !error.message.empty());
}

/// What is written is what readers take.
void check_cbor_of(std::string_view json) {
  const auto cbor = webc::manifest_cbor(json, "m");
  if (!cbor) return require_refusal(cbor.error());
  const auto read = webc::check_cbor(std::as_bytes(std::span(*cbor)), {0, cbor->size()}, "m");
  require(read && *read == cbor->size());
}

void check_place(const std::string& place) {
  require(place == "metadata" || place.starts_with("volumes/"));
  for (const std::string_view part : split_path(place)) require(part != "." && part != "..");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_cbor_of(text);
  auto unpacked = plan::Unpacked::parse(text, "manifest.json");
  if (!unpacked) {
    require_refusal(unpacked.error());
    return 0;
  }
  std::set<std::string> alone;
  for (const std::string& volume : unpacked->volumes()) {
    check_place(plan::volume_place(volume, false));
    check_place(plan::volume_place(volume, true));
    require(alone.insert(plan::volume_place(volume, true)).second);
  }
  for (const std::string& atom : unpacked->atoms()) {
    require(check_name(atom).has_value());
    unpacked->sign(atom, {});
  }
  require(webc::manifest_cbor(unpacked->json(), "m").has_value());
  return 0;
}
