// SPDX-License-Identifier: Apache-2.0

// The JSON documents of images. The first byte of the input chooses the reader.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "fs/oci/choose.h"
#include "fs/oci/documents.h"

namespace {

using namespace wasifs;

/// Aborts unless what every descriptor promises holds for this one.
void check(const oci::Descriptor& descriptor) {
  if (!oci::is_digest(descriptor.digest)) std::abort();
}

void check(const Diagnostic& error) {
  if (error.trouble != Trouble::corrupt || !error.message.starts_with("x: ")) std::abort();
}

void read_as_index(std::span<const std::byte> bytes) {
  const auto index = oci::read_index(bytes, "x");
  if (!index) return check(index.error());
  if (index->size() > oci::kMaxEntries) std::abort();
  std::vector<oci::Candidate> candidates;
  for (const oci::Descriptor& one : *index) {
    check(one);
    candidates.push_back({.names = {one.ref_name}, .platform = one.platform, .digest = one.digest});
  }
  for (const char* tag : {"", "latest", "linux/amd64"}) {
    const auto chosen = oci::choose_image(candidates, tag, "image \"x\"", "x");
    if (chosen && *chosen >= candidates.size()) std::abort();
    if (!chosen && chosen.error().text().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      read_as_index(bytes);
      break;
    case 1: {
      const auto manifest = oci::read_image_manifest(bytes, "x");
      if (!manifest) check(manifest.error());
      if (manifest) check(manifest->config);
      break;
    }
    case 2:
      if (const auto config = oci::read_config(bytes, "x"); !config) check(config.error());
      break;
    case 3:
      if (const auto saved = oci::read_saved(bytes, "x"); !saved) check(saved.error());
      break;
    default:
      if (const auto known = oci::read_layout_marker(bytes, "x"); !known) check(known.error());
  }
  return 0;
}
