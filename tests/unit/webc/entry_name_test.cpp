// SPDX-License-Identifier: Apache-2.0
// Names are checked several bytes at a time: no place in a word may be overlooked.
#include <gtest/gtest.h>

#include <string>

#include "fs/webc/bytes.h"

namespace wasifs::webc {
namespace {

constexpr std::size_t kLongest = 26;  // three words and a bit
constexpr std::uint64_t kOffset = 1000;

/// Calls `visit` with names of all lengths that have `byte` at all places.
template <class Visit>
void each_name_with(char byte, const Visit& visit) {
  for (std::size_t size = 1; size <= kLongest; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      // Neighbours at both ends of what is allowed: nothing carries over.
      for (const char filler : {'\x01', '.', '0', 'a', '\x7f'}) {
        std::string name(size, filler);
        name[at] = byte;
        visit(name, at);
      }
    }
  }
}

TEST(EntryName, ASlashANulOrAByteThatIsNoUtf8IsFoundWhereverItIs) {
  for (const char bad : {'/', '\0', '\xff'}) {
    each_name_with(bad, [](const std::string& name, std::size_t at) {
      const auto checked = check_entry_name(name, kOffset);
      ASSERT_FALSE(checked.has_value()) << testing::PrintToString(name);
      ASSERT_EQ(checked.error().offset, kOffset + at) << testing::PrintToString(name);
    });
  }
}

TEST(EntryName, EveryOtherByteOfAsciiIsAllowedEverywhere) {
  for (int byte = 1; byte < 128; ++byte) {
    if (byte == '/') continue;
    each_name_with(static_cast<char>(byte), [](const std::string& name, std::size_t /*at*/) {
      if (name == "." || name == "..") return;
      ASSERT_TRUE(check_entry_name(name, kOffset).has_value()) << testing::PrintToString(name);
    });
  }
}

TEST(EntryName, Utf8IsAllowedEverywhere) {
  for (std::size_t before = 0; before < kLongest; ++before) {
    for (const char* const text : {"\u00e9", "\u20ac", "\U0001f600"}) {
      EXPECT_TRUE(check_entry_name(std::string(before, 'a') + text + "b", kOffset).has_value());
    }
  }
}

}  // namespace
}  // namespace wasifs::webc
