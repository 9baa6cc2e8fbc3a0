// SPDX-License-Identifier: Apache-2.0
#include "plan/semver.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wasifs::plan {
namespace {

Version version(std::string_view text) {
  const Outcome<Version> parsed = parse_version(text);
  if (!parsed) ADD_FAILURE() << parsed.error().text();
  return parsed ? *parsed : Version{};
}

/// Whether each version, in order, is in the range.
std::vector<bool> matches(std::string_view text, const std::vector<std::string>& versions) {
  const Outcome<VersionRange> range = VersionRange::parse(text);
  if (!range) {
    ADD_FAILURE() << range.error().text();
    return {};
  }
  std::vector<bool> found;
  for (const std::string& one : versions) found.push_back(range->matches(version(one)));
  return found;
}

void expect_range(const std::string& text, const std::vector<std::string>& in,
                  const std::vector<std::string>& out) {
  EXPECT_EQ(matches(text, in), std::vector<bool>(in.size(), true)) << text;
  EXPECT_EQ(matches(text, out), std::vector<bool>(out.size(), false)) << text;
}

TEST(Version, ReadsAndWritesAllItsParts) {
  for (const std::string text :
       {"0.0.0", "1.2.3", "1.2.3-alpha.1", "1.2.3+wasix.2", "1.2.3--.-a+01.b", "18446744073709551615.0.10"}) {
    EXPECT_EQ(version(text).text(), text);
  }
  EXPECT_EQ(version("1.2.3-rc.1+b.5").pre, (std::vector<std::string>{"rc", "1"}));
  EXPECT_EQ(version("1.2.3-rc.1+b.5").build, (std::vector<std::string>{"b", "5"}));
}

TEST(Version, IsOrderedByPrecedence) {
  const std::vector<std::string> ascending = {"0.9.9",        "1.0.0-1",       "1.0.0-2",       "1.0.0-10",
                                              "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.b", "1.0.0-beta",
                                              "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
                                              "1.0.0+1",      "1.0.0+2",       "1.0.0+10",      "1.0.0+a",
                                              "1.0.1",        "1.2.0",         "1.10.0",        "10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j)
          << ascending[i] << " and " << ascending[j];
    }
  }
}

TEST(Version, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "\"\" is no version: the major number is missing"},
      {"a", "\"a\" is no version: the major number is missing before \"a\""},
      {"1", "\"1\" is no version: the minor number is missing"},
      {"1.2", "\"1.2\" is no version: the patch number is missing"},
      {"1.2.", "\"1.2.\" is no version: the patch number is missing"},
      {"1.2.x", "\"1.2.x\" is no version: the patch number is missing before \"x\""},
      {"1-2", "\"1-2\" is no version: a dot is missing before \"-2\""},
      {"01.2.3", "\"01.2.3\" is no version: the major number has a leading zero"},
      {"1.2.18446744073709551616",
       "\"1.2.18446744073709551616\" is no version: the patch number is too large"},
      {"1.2.3-", "\"1.2.3-\" is no version: the pre-release has an empty part"},
      {"1.2.3-a..b", "\"1.2.3-a..b\" is no version: the pre-release has an empty part"},
      {"1.2.3-01", "\"1.2.3-01\" is no version: the pre-release part \"01\" has a leading zero"},
      {"1.2.3+", "\"1.2.3+\" is no version: the build metadata has an empty part"},
      {"1.2.3.4", "\"1.2.3.4\" is no version: it must end before \".4\""},
      {" 1.2.3", "\" 1.2.3\" is no version: the major number is missing before \" 1.2.3\""},
      {std::string(257, '1'), "a version must not be longer than 256 bytes"},
  };
  for (const auto& [text, message] : cases) {
    const Outcome<Version> parsed = parse_version(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().trouble, Trouble::manifest);
  }
}

TEST(VersionRange, WithoutAnOperatorIsCaret) {
  expect_range("1.2.3", {"1.2.3", "1.2.4", "1.3.0", "1.99.0"},
               {"1.2.2", "2.0.0", "0.9.0", "1.2.3-a", "1.3.0-a"});
  expect_range("1.2", {"1.2.0", "1.9.0"}, {"1.1.9", "2.0.0"});
  expect_range("1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0", "1.0.0-a"});
  expect_range("0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0", "1.2.3"});
  expect_range("0.0.3", {"0.0.3"}, {"0.0.2", "0.0.4", "0.1.3"});
  expect_range("0.2", {"0.2.0", "0.2.9"}, {"0.1.9", "0.3.0"});
  expect_range("0.0", {"0.0.0", "0.0.9"}, {"0.1.0"});
  expect_range("0", {"0.0.0", "0.9.9"}, {"1.0.0"});
  expect_range("^1.2.3", {"1.2.3", "1.3.0"}, {"1.2.2", "2.0.0"});
}

TEST(VersionRange, HasAllOperators) {
  expect_range("=1.2.3", {"1.2.3", "1.2.3+b"}, {"1.2.4", "1.2.3-a"});
  expect_range("=1.2", {"1.2.0", "1.2.9"}, {"1.3.0", "1.1.0"});
  expect_range("=1", {"1.0.0", "1.9.9"}, {"2.0.0"});
  expect_range(">1.2.3", {"1.2.4", "2.0.0"}, {"1.2.3", "1.2.2"});
  expect_range(">1.2", {"1.3.0", "2.0.0"}, {"1.2.0", "1.2.9"});
  expect_range(">1", {"2.0.0"}, {"1.0.0", "1.9.9"});
  expect_range(">=1.2.3", {"1.2.3", "9.0.0"}, {"1.2.2"});
  expect_range(">=1.2", {"1.2.0", "1.3.0"}, {"1.1.9"});
  expect_range("<1.2.3", {"1.2.2", "0.1.0"}, {"1.2.3", "1.2.3-a"});
  expect_range("<1.2", {"1.1.9"}, {"1.2.0"});
  expect_range("<=1.2", {"1.2.9", "1.1.0"}, {"1.3.0"});
  expect_range("<=1.2.3", {"1.2.3"}, {"1.2.4"});
  expect_range("~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0"});
  expect_range("~1.2", {"1.2.0", "1.2.9"}, {"1.3.0"});
  expect_range("~1", {"1.0.0", "1.9.0"}, {"2.0.0"});
}

TEST(VersionRange, HasWildcardsAndSeveralConditions) {
  expect_range("*", {"0.0.0", "99.0.0", "1.0.0+b"}, {"1.0.0-a"});
  expect_range(" X ", {"1.0.0"}, {});
  expect_range("1.x", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"});
  expect_range("1.*.*", {"1.9.9"}, {"2.0.0"});
  expect_range("1.2.*", {"1.2.0", "1.2.9"}, {"1.3.0"});
  expect_range("0.2.x", {"0.2.5"}, {"0.3.0"});
  expect_range(">=1.*", {"1.0.0", "2.0.0"}, {"0.9.0"});
  expect_range(">=1, <2", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"});
  expect_range(" >= 1.2 ,<1.4,  ~1.3 ", {"1.3.0"}, {"1.2.0", "1.4.0"});
}

TEST(VersionRange, TakesAPreReleaseOnlyWhereOneOfThatVersionIsNamed) {
  expect_range("1.2.3-beta.2", {"1.2.3-beta.2", "1.2.3-beta.10", "1.2.3", "1.4.0"},
               {"1.2.3-beta.1", "1.2.4-beta.3", "1.3.0-a"});
  expect_range(">=1.0.0-a, <2.0.0", {"1.0.0-a", "1.0.0-b", "1.5.0"}, {"2.0.0-a", "1.5.0-a"});
  expect_range("=1.0.0-a", {"1.0.0-a"}, {"1.0.0-b", "1.0.0"});
  expect_range("~1.0.0-b", {"1.0.0-b", "1.0.0-c", "1.0.0"}, {"1.0.0-a", "1.0.1-a"});
}

TEST(VersionRange, WithABuildMeansThatVeryBuild) {
  expect_range("1.2.3+wasix.2", {"1.2.3+wasix.2"}, {"1.2.3", "1.2.3+wasix.1", "1.2.4+wasix.2"});
}

TEST(VersionRange, KeepsItsText) {
  EXPECT_EQ(VersionRange::parse(">=1, <2")->text(), ">=1, <2");
  EXPECT_EQ(VersionRange().text(), "*");
}

/// What the crate "semver" of the reference prints.
TEST(VersionRange, IsWrittenAsTheReferenceDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", "^1"},
      {"1.2", "^1.2"},
      {"1.2.3", "^1.2.3"},
      {"^1.2.3", "^1.2.3"},
      {"=1.2.3", "=1.2.3"},
      {"= 1", "=1"},
      {">1", ">1"},
      {">=1.0", ">=1.0"},
      {"<2", "<2"},
      {"<=2.1.0", "<=2.1.0"},
      {"~1.2", "~1.2"},
      {"*", "*"},
      {"x", "*"},
      {" X ", "*"},
      {"1.*", "1.*"},
      {"1.x", "1.*"},
      {"1.*.*", "1.*"},
      {"1.2.X", "1.2.*"},
      {">=1.*", ">=1"},
      {"^1.x", "^1"},
      {"=1.2.*", "=1.2"},
      {"1.2.3-beta.2", "^1.2.3-beta.2"},
      {"~1.0.0-b", "~1.0.0-b"},
      {"1.2.3+wasix.2", "^1.2.3"},
      {"1.2.3-a+b", "^1.2.3-a"},
      {">=1,<2", ">=1, <2"},
      {" >= 1.2 ,<1.4,  ~1.3 ", ">=1.2, <1.4, ~1.3"},
      {"1, 1.x", "^1, 1.*"},
      {"0", "^0"},
      {"18446744073709551615", "^18446744073709551615"},
  };
  for (const auto& [text, wanted] : cases) {
    const std::string canonical = VersionRange::parse(text).value().canonical();
    EXPECT_EQ(canonical, wanted) << text;
    EXPECT_EQ(VersionRange::parse(canonical).value().canonical(), canonical) << text;
  }
  EXPECT_EQ(VersionRange().canonical(), "*");
}

TEST(VersionRange, SaysWhatIsWrong) {
  std::string many = "1";
  for (int i = 0; i < 32; ++i) many += ",1";
  const std::pair<std::string, std::string> cases[] = {
      {"", "\"\" is no version range: it is empty"},
      {"  ", "\"  \" is no version range: it is empty"},
      {">=", "\">=\" is no version range: the major number is missing"},
      {"latest", "\"latest\" is no version range: the major number is missing before \"latest\""},
      {"1.", "\"1.\" is no version range: the minor number is missing"},
      {"1.2.a", "\"1.2.a\" is no version range: the patch number is missing before \"a\""},
      {"1.x.2", "\"1.x.2\" is no version range: only a wildcard can follow a wildcard"},
      {"*, 1", "\"*, 1\" is no version range: a lone wildcard must be all there is"},
      {">*", "\">*\" is no version range: a lone wildcard must be all there is"},
      {"1, ", "\"1, \" is no version range: the major number is missing"},
      {">=1 <2", "\">=1 <2\" is no version range: a comma is missing before \"<2\""},
      {"1 || 2", "\"1 || 2\" is no version range: a choice of ranges (\"||\") is not known here"},
      {"1.2-a", "\"1.2-a\" is no version range: a comma is missing before \"-a\""},
      {">=1.2.3+b", "\">=1.2.3+b\" is no version range: build metadata is for a single whole version"},
      {"=1.02", "\"=1.02\" is no version range: the minor number has a leading zero"},
      {many, "\"" + many + "\" is no version range: it has more than 32 conditions"},
      {std::string(257, '1'), "a version range must not be longer than 256 bytes"},
  };
  for (const auto& [text, message] : cases) {
    const Outcome<VersionRange> parsed = VersionRange::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().trouble, Trouble::manifest);
  }
}

}  // namespace
}  // namespace wasifs::plan
