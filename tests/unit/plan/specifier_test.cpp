// SPDX-License-Identifier: Apache-2.0
#include "plan/specifier.h"

#include <gtest/gtest.h>

#include <string>

namespace wasifs::plan {
namespace {

const std::string kHash = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

TEST(PackageSpecifier, NamesAPackageAndARange) {
  const struct {
    std::string text, name_space, name, range;
  } cases[] = {
      {"name", "", "name", "*"},
      {"ns/name", "ns", "name", "*"},
      {"ns/name@", "ns", "name", "*"},
      {"ns/name@latest", "ns", "name", "*"},
      {"ns/name@^1.2", "ns", "name", "^1.2"},
      {"name@>=1, <2", "", "name", ">=1, <2"},
      {"reg.example:ns/name@1.0.0", "ns", "name", "1.0.0"},
      {"reg.example:name", "", "name", "*"},
      {"https://reg.example/ns/name@1.0.0", "ns", "name", "1.0.0"},
      {"https://reg.example/v2/packages/ns/name@~1?x=y#z", "ns", "name", "~1"},
      {"http://reg.example:8080/name", "", "name", "*"},
      {"Michael-F-Bryan/static_server.x@1", "Michael-F-Bryan", "static_server.x", "1"},
  };
  for (const auto& one : cases) {
    const Outcome<PackageSpecifier> parsed = parse_specifier(one.text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    EXPECT_EQ(parsed->text, one.text);
    EXPECT_EQ(parsed->name_space, one.name_space) << one.text;
    EXPECT_EQ(parsed->name, one.name) << one.text;
    EXPECT_EQ(parsed->range.text(), one.range) << one.text;
    EXPECT_EQ(parsed->sha256, "");
  }
  EXPECT_EQ(parse_specifier("ns/name@1")->full_name(), "ns/name");
  EXPECT_EQ(parse_specifier("name")->full_name(), "name");
}

TEST(PackageSpecifier, NamesAHash) {
  for (const std::string& text :
       {"sha256:" + kHash, "https://cdn.example/webcimages/" + kHash + ".webc",
        std::string("sha256:5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03")}) {
    const Outcome<PackageSpecifier> parsed = parse_specifier(text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    EXPECT_EQ(parsed->sha256, kHash);
    EXPECT_EQ(parsed->name, "");
  }
}

TEST(PackageSpecifier, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "\"\" names no package: \"\" is no name of a package"},
      {"@1", "\"@1\" names no package: \"\" is no name of a package"},
      {"/name", "\"/name\" names no package: a package cannot depend on a path"},
      {"../x", "\"../x\" names no package: a package cannot depend on a path"},
      {"a/b/c", "\"a/b/c\" names no package: \"a/b\" is no name of a namespace"},
      {"ns/..", "\"ns/..\" names no package: \"..\" is no name of a package"},
      {"ns/na me", "\"ns/na me\" names no package: \"na me\" is no name of a package"},
      {"ns/name@nightly",
       "\"ns/name@nightly\" names no package: \"nightly\" is no version range: the major number is missing "
       "before \"nightly\""},
      {"sha256:12", "\"sha256:12\" names no package: a sha256 has 64 hexadecimal digits"},
      {"https://reg.example", "\"https://reg.example\" names no package: \"\" is no name of a package"},
      {"https://reg.example/ns/",
       "\"https://reg.example/ns/\" names no package: \"\" is no name of a package"},
      {std::string(1025, 'a'),
       "\"" + std::string(128, 'a') + "\" names no package: it is longer than 1024 bytes"},
  };
  for (const auto& [text, message] : cases) {
    const Outcome<PackageSpecifier> parsed = parse_specifier(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().trouble, Trouble::corrupt);
  }
}

}  // namespace
}  // namespace wasifs::plan
