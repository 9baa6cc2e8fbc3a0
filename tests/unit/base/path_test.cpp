// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace wasifs {
namespace {

using namespace std::string_view_literals;
using Parts = std::vector<std::string_view>;

std::string normal(std::string_view guest) {
  const Outcome<std::string> path = normalize_guest_path(guest);
  return path ? *path : "error: " + path.error().message;
}

TEST(CheckName, AcceptsOneTo255Bytes) {
  for (const std::string_view name : {"a"sv, "..."sv, ".hidden"sv, "..x"sv, " "sv, "\xff\xfe"sv, "\n"sv}) {
    EXPECT_TRUE(check_name(name)) << name;
  }
  EXPECT_TRUE(check_name(std::string(255, 'n')));
}

TEST(CheckName, RefusesLongerNamesAsEnametoolong) {
  EXPECT_EQ(check_name(std::string(256, 'n')).error(), Errc::enametoolong);
}

TEST(CheckName, RefusesWhatIsNoNameAsEinval) {
  for (const std::string_view name : {""sv, "."sv, ".."sv, "a/b"sv, "/"sv, "a\0b"sv}) {
    EXPECT_EQ(check_name(name).error(), Errc::einval) << quoted(name);
  }
}

TEST(SplitPath, LeavesOutEmptyComponentsAndKeepsDots) {
  EXPECT_EQ(split_path("/a//b/./../c/"), (Parts{"a", "b", ".", "..", "c"}));
  EXPECT_EQ(split_path("a"), Parts{"a"});
  EXPECT_TRUE(split_path("").empty());
  EXPECT_TRUE(split_path("///").empty());
}

TEST(NormalizeGuestPath, PrefixesARelativePath) {
  EXPECT_EQ(normal("data"), "/data");
  EXPECT_EQ(normal("./data/x"), "/data/x");
  EXPECT_EQ(normal("."), "/");
}

TEST(NormalizeGuestPath, DropsDotsAndEmptyComponents) {
  EXPECT_EQ(normal("/opt/./assets/../assets/x"), "/opt/assets/x");
  EXPECT_EQ(normal("//a///b//"), "/a/b");
  EXPECT_EQ(normal("/"), "/");
  EXPECT_EQ(normal("/a/.."), "/");
}

TEST(NormalizeGuestPath, RefusesToLeaveTheRootInTheReferencesWords) {
  EXPECT_EQ(normal("../../python"),
            "error: Invalid guest mount path \"/../../python\": parent traversal escapes the virtual root");
  EXPECT_EQ(normal("/a/../../b"),
            "error: Invalid guest mount path \"/a/../../b\": parent traversal escapes the virtual root");
  EXPECT_EQ(normal(".."),
            "error: Invalid guest mount path \"/..\": parent traversal escapes the virtual root");
}

TEST(NormalizeGuestPath, RefusesTheEmptyStringANulAndALongComponent) {
  EXPECT_EQ(normal(""), "error: Invalid guest mount path \"\": it is empty; use \"/\" for the root");
  EXPECT_EQ(normal("a\0b"sv), "error: Invalid guest mount path \"a\\x00b\": it contains a NUL byte");
  const std::string name(256, 'n');
  EXPECT_EQ(normal(name),
            "error: Invalid guest mount path \"/" + name + "\": a component is longer than 255 bytes");
}

TEST(NormalizeGuestPath, NamesAPathOfAnotherKind) {
  EXPECT_EQ(normalize_guest_path("/../x", "preopen path").error().message,
            "Invalid preopen path \"/../x\": parent traversal escapes the virtual root");
}

TEST(NormalizeGuestPath, FailsAsAManifestError) {
  EXPECT_EQ(normalize_guest_path("..").error().trouble, Trouble::manifest);
}

TEST(IsAtOrBelow, ComparesWholeComponents) {
  EXPECT_TRUE(is_at_or_below("/a", "/a"));
  EXPECT_TRUE(is_at_or_below("/a/b", "/a"));
  EXPECT_TRUE(is_at_or_below("/a", "/"));
  EXPECT_TRUE(is_at_or_below("/", "/"));
  EXPECT_FALSE(is_at_or_below("/ab", "/a"));
  EXPECT_FALSE(is_at_or_below("/a", "/a/b"));
  EXPECT_FALSE(is_at_or_below("/", "/a"));
}

TEST(Quoted, EscapesWhatWouldDisturbAMessage) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quoted("a\nb\tc\x01\x7f"), "\"a\\nb\\tc\\x01\\x7f\"");
  EXPECT_EQ(quoted("\0"sv), "\"\\x00\"");
}

TEST(Quoted, KeepsUtf8AndEscapesOtherBytes) {
  EXPECT_EQ(quoted("caf\u00e9 \u20ac"), "\"caf\u00e9 \u20ac\"");
  EXPECT_EQ(quoted("\xff\xc3"), "\"\\xff\\xc3\"");
}

TEST(Utf8, MeasuresWellFormedSequences) {
  EXPECT_EQ(utf8_sequence_length("a"), 1U);
  EXPECT_EQ(utf8_sequence_length("\u00e9x"), 2U);
  EXPECT_EQ(utf8_sequence_length("\u20ac"), 3U);
  EXPECT_EQ(utf8_sequence_length("\U0001f600"), 4U);
  EXPECT_EQ(utf8_sequence_length("\U0010ffff"), 4U);
  EXPECT_EQ(utf8_sequence_length(""), 0U);
}

TEST(Utf8, RefusesWhatRfc3629Excludes) {
  for (const std::string_view bad :
       {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xe2\x82"sv, "\xc3("sv, "\xff"sv}) {
    EXPECT_EQ(utf8_sequence_length(bad), 0U) << quoted(bad);
    EXPECT_FALSE(is_utf8(bad)) << quoted(bad);
    EXPECT_FALSE(is_utf8("ok " + std::string(bad))) << quoted(bad);
  }
  EXPECT_TRUE(is_utf8("h\u00e9llo \U0001f600"));
  EXPECT_TRUE(is_utf8(""));
}

}  // namespace
}  // namespace wasifs
