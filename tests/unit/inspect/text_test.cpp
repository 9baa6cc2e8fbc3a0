// SPDX-License-Identifier: Apache-2.0
#include "inspect/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "inspect/json_text.h"

namespace wasifs {
namespace {

Attr with_mode(FileType type, std::uint16_t mode) {
  Attr attr;
  attr.type = type;
  attr.mode = mode;
  return attr;
}

TEST(ModeString, ShowsTypePermissionsAndSpecialBits) {
  EXPECT_EQ(mode_string(with_mode(FileType::directory, 0755)), "drwxr-xr-x");
  EXPECT_EQ(mode_string(with_mode(FileType::regular, 0640)), "-rw-r-----");
  EXPECT_EQ(mode_string(with_mode(FileType::regular, 06755)), "-rwsr-sr-x");
  EXPECT_EQ(mode_string(with_mode(FileType::regular, 06644)), "-rwSr-Sr--");
  EXPECT_EQ(mode_string(with_mode(FileType::directory, 01777)), "drwxrwxrwt");
  EXPECT_EQ(mode_string(with_mode(FileType::directory, 01776)), "drwxrwxrwT");
  EXPECT_EQ(mode_string(with_mode(FileType::char_device, 0666)), "crw-rw-rw-");
}

TEST(OctalMode, HasFourDigits) {
  EXPECT_EQ(octal_mode(0644), "0644");
  EXPECT_EQ(octal_mode(04755), "4755");
  EXPECT_EQ(octal_mode(0), "0000");
}

TEST(Wrapped, BreaksAtSpacesAndIndentsWhatFollows) {
  EXPECT_EQ(wrapped("one two three four", 2, 11), "  one two\n    three\n    four");
  EXPECT_EQ(wrapped("one two", 0, 80), "one two");
  EXPECT_EQ(wrapped("", 2, 80), "  ");
  EXPECT_EQ(wrapped("exactly ten", 0, 11), "exactly ten");
}

TEST(Wrapped, KeepsQuotedNamesAndLongWordsWhole) {
  EXPECT_EQ(wrapped("at \"a b c d e f\" here", 0, 10), "at\n  \"a b c d e f\"\n  here");
  EXPECT_EQ(wrapped("x \"a \\\" b\" y", 0, 3), "x\n  \"a \\\" b\"\n  y");
  EXPECT_EQ(wrapped("abcdefgh ij", 0, 4), "abcdefgh\n  ij");
}

TEST(Wrapped, CountsCharactersNotBytes) { EXPECT_EQ(wrapped("äöü äöü", 0, 7), "äöü äöü"); }

TEST(TimeString, KnowsLeapYearsTheEpochAndTimesBeforeIt) {
  EXPECT_EQ(time_string({.sec = 0, .nsec = 0}), "1970-01-01 00:00:00Z");
  EXPECT_EQ(time_string({.sec = 1'709'211'900, .nsec = 5}), "2024-02-29 13:05:00Z");
  EXPECT_EQ(time_string({.sec = -1, .nsec = 0}), "1969-12-31 23:59:59Z");
  EXPECT_EQ(time_string({.sec = 253'402'300'800, .nsec = 0}), "10000-01-01 00:00:00Z");
  EXPECT_EQ(time_string({.sec = -62'198'755'200, .nsec = 0}), "-0001-01-01 00:00:00Z");
}

TEST(TimeString, HasNoUndefinedBehaviourAtTheLimits) {
  EXPECT_EQ(time_string({.sec = std::numeric_limits<std::int64_t>::max(), .nsec = 0}),
            "292277026596-12-04 15:30:07Z");
  EXPECT_EQ(time_string({.sec = std::numeric_limits<std::int64_t>::min(), .nsec = 0}),
            "-292277022657-01-27 08:29:52Z");
}

TEST(Nanoseconds, AreSaturatedOutsideWhat64BitsHold) {
  EXPECT_EQ(nanoseconds({.sec = 1, .nsec = 5}), 1'000'000'005);
  EXPECT_EQ(nanoseconds({.sec = -1, .nsec = 5}), -999'999'995);
  EXPECT_EQ(nanoseconds({.sec = std::numeric_limits<std::int64_t>::max(), .nsec = 0}),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(nanoseconds({.sec = std::numeric_limits<std::int64_t>::min(), .nsec = 0}),
            std::numeric_limits<std::int64_t>::min());
}

TEST(DisplayName, LeavesPrintableNamesAloneAndQuotesOthers) {
  EXPECT_EQ(display_name("plain name"), "plain name");
  EXPECT_EQ(display_name("gr\u00fc\u00df"), "gr\u00fc\u00df");
  EXPECT_EQ(display_name("new\nline"), "\"new\\nline\"");
  EXPECT_EQ(display_name("\x1b[31m"), "\"\\x1b[31m\"");
  EXPECT_EQ(display_name("bad\xff"), "\"bad\\xff\"");
  EXPECT_EQ(display_name("\"q\""), "\"\\\"q\\\"\"");
  EXPECT_EQ(display_name(""), "\"\"");
}

TEST(Cut, CountsCharactersAndMarksTheCut) {
  EXPECT_EQ(cut("abcdef", 6, true), "abcdef");
  EXPECT_EQ(cut("abcdef", 4, true), "abc\u2026");
  EXPECT_EQ(cut("abcdef", 4, false), "abc~");
  EXPECT_EQ(cut("\u00e4\u00f6\u00fc\u00df", 3, true), "\u00e4\u00f6\u2026");
  EXPECT_EQ(cut("abc", 0, true), "");
}

TEST(Counted, KnowsThePlural) {
  EXPECT_EQ(counted(1, "file"), "1 file");
  EXPECT_EQ(counted(0, "file"), "0 files");
  EXPECT_EQ(counted(2, "directory", "directories"), "2 directories");
}

TEST(PathError, NamesActionPathAndReason) {
  const Diagnostic error = path_error("read", "/a\nb", Errc::eacces);
  EXPECT_EQ(error.text(), "error: cannot read \"/a\\nb\": Permission denied");
  EXPECT_EQ(error.trouble, Trouble::source);
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(JsonObject, KeepsOrderAndEscapes) {
  EXPECT_EQ(JsonObject().add("b", "x\"\n").add("a", 7U).add("n", -1).add("t", true).str(),
            R"({"b":"x\"\n","a":7,"n":-1,"t":true})");
  EXPECT_EQ(JsonObject().str(), "{}");
}

TEST(JsonObject, AddsTheExactBytesOfWhatIsNoUtf8) {
  EXPECT_EQ(JsonObject().add("path", "/a\xff").str(), "{\"path\":\"/a\ufffd\",\"path_base64\":\"L2H/\"}");
}

TEST(JsonArray, JoinsValues) {
  EXPECT_EQ(json_array({}), "[]");
  EXPECT_EQ(json_array(std::vector<std::string>{"1", "{}"}), "[1,{}]");
}

}  // namespace
}  // namespace wasifs
