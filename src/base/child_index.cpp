// SPDX-License-Identifier: Apache-2.0
#include "base/child_index.h"

namespace wasifs {

ChildIndex::ChildIndex(std::size_t entries) : memory_(Stretch::before(entries) * sizeof(Slot)) {
  memory_.use(Stretch::before(entries) * sizeof(Slot));
}

void ChildIndex::insert(ChildRange siblings, std::string_view name, std::uint32_t child) {
  const Stretch stretch(siblings);
  const std::uint64_t hash = hash_(siblings.first, name);
  std::size_t at = stretch.start_for(hash);
  while (slots()[at].child != 0) at = stretch.next(at);
  slots()[at] = {tag_of(hash), child};
}

}  // namespace wasifs
