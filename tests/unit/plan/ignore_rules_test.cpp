// SPDX-License-Identifier: Apache-2.0
// What .gitignore and its like say: by a table, and as git itself says it.
#include "plan/ignore_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::plan {
namespace {

using namespace std::string_literals;
using Strings = std::vector<std::string>;
using Verdict = IgnoreRules::Verdict;

IgnoreRules rules_of(const std::string& text) { return IgnoreRules::parse(text, ".gitignore").value(); }

/// Whether a walk from the top leaves the path out; one that ends with a slash is of a
/// directory.
bool is_ignored(const IgnoreRules& rules, std::string_view path) {
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (rules.match(path.substr(0, slash), true) == Verdict::ignored) return true;
  }
  return !path.ends_with('/') && rules.match(path, false) == Verdict::ignored;
}

struct GlobCase {
  const char* pattern;
  Strings matches;
  Strings others = {};
};

TEST(Glob, MatchesWholePaths) {
  const GlobCase cases[] = {
      {"", {""}, {"a", "/"}},
      {"a", {"a"}, {"", "b", "aa", "a/", "/a"}},
      {"*", {"", "a", ".a", "a b\n\xff"}, {"/", "a/b"}},
      {"a*b", {"ab", "axb", "abb"}, {"a", "a/b", "abc"}},
      {"a*", {"a", "ab"}, {"a/b"}},
      {"?", {"a", "\xff"}, {"", "/", "ab"}},
      {"a?c", {"abc", "a?c"}, {"ac", "a/c"}},
      {"**", {"", "a", "a/b", "/"}},
      {"**/a", {"a", "x/a", "x/y/a"}, {"ba", "x/ba", "a/x"}},
      {"a/**", {"a/", "a/b", "a/b/c"}, {"a", "b/a/c"}},
      {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"ab", "a/xb", "xa/b", "a/x/yb"}},
      {"a**b", {"ab", "axxb"}, {"a/b", "ax/xb"}},
      {"**a", {"a", "xa"}, {"x/a"}},
      {"a**/b", {"a/b", "axx/b"}, {"a/x/b"}},
      {"[ab]c", {"ac", "bc"}, {"cc", "c", "[ab]c"}},
      {"[!ab]", {"c", "!", "^"}, {"a", "b", "/", ""}},
      {"[^ab]", {"c", "!"}, {"a", "^b", "/"}},
      {"[a-c]", {"a", "b", "c"}, {"d", "-", "`"}},
      {"[a-]", {"a", "-"}, {"b"}},
      {"[-a]", {"a", "-"}, {"b"}},
      {"[c-a]", {}, {"a", "b", "c", "-"}},
      {"[]a]", {"]", "a"}, {"]a", "[]a]"}},
      {"[!]a]", {"b"}, {"]", "a"}},
      {"[\\]a]", {"]", "a"}, {"\\", "b"}},
      {"[a-\\d]", {"a", "c", "d"}, {"\\", "e"}},
      {"[\x80-\xff]", {"\x80", "\xc3", "\xff"}, {"\x7f"}},
      {"[/]", {}, {"/", "[/]"}},
      {"\\*", {"*"}, {"a", "\\*", "\\"}},
      {"\\a\\[\\\\", {"a[\\"}, {"\\a[\\"}},
      {"a]", {"a]"}, {"a"}},
      {"{a,bc}d", {"ad", "bcd"}, {"d", "abcd", "{a,bc}d"}},
      {"{a,{b,c}x}", {"a", "bx", "cx"}, {"b", "ax", "abx"}},
      {"{,a}", {"", "a"}, {","}},
      {"{*,/}", {"", "ab", "/"}, {"a/"}},
      {"a,b}", {"a,b}"}, {"a", "b"}},
      {"{a\\,b}", {"a,b"}, {"a", "b"}},
  };
  for (const GlobCase& one : cases) {
    const Glob glob = Glob::parse(one.pattern).value();
    for (const std::string& path : one.matches) EXPECT_TRUE(glob.matches(path)) << one.pattern << " " << path;
    for (const std::string& path : one.others) EXPECT_FALSE(glob.matches(path)) << one.pattern << " " << path;
  }
}

struct FileCase {
  std::string text;
  Strings ignored;
  Strings kept = {};
};

TEST(IgnoreRules, ReadTheirFileLineByLine) {
  const FileCase cases[] = {
      {"", {}, {"a", ""}},
      {"\n\r\n  \n# a\n#", {}, {"a", "#", "# a", " "}},
      {"a", {"a", "x/a", "x/y/a", "a/b"}, {"b", "ab"}},
      {"/a", {"a", "a/b"}, {"x/a"}},
      {"a/", {"a/", "x/a/", "a/b"}, {"a", "x/a"}},
      {"/a/", {"a/", "a/b"}, {"a", "x/a/"}},
      {"a/b", {"a/b", "a/b/c"}, {"x/a/b", "a", "b"}},
      {"a/b/", {"a/b/", "a/b/c"}, {"a/b", "x/a/b/"}},
      {"*.o", {"a.o", ".o", "x/y.o"}, {"a.c", "o"}},
      {"/*.o", {"a.o"}, {"x/a.o"}},
      {"x/*.o", {"x/a.o"}, {"x/y/a.o", "a.o"}},
      {"a\n!a", {}, {"a"}},
      {"!a\na", {"a"}},
      {"*\n!*.c", {"a", "x/b.c", "x/"}, {"b.c"}},
      {"*\n!*/\n!*.c", {"a", "x/a"}, {"b.c", "x/b.c", "x/"}},
      {"a/\n!a/b", {"a/b"}, {}},
      {"**", {"a", "a/b"}},
      {"**/", {"a/", "a/b"}, {"a"}},
      {"a/**", {"a/b", "a/b/c"}, {"a/", "a"}},
      {"**/a/b", {"a/b", "x/a/b"}, {"a"}},
      {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"a/", "b"}},
      {"\\#a", {"#a"}, {"a", "\\#a"}},
      {"\\!a", {"!a"}, {"a"}},
      {"!", {}, {"a", "!"}},
      {"/", {}, {"a", "a/"}},
      {"!/", {}, {"a/"}},
      {"a \t ", {"a"}, {"a "}},
      {"a\\ ", {"a "}, {"a", "a\\"}},
      {"a\\   ", {"a "}, {"a", "a   "}},
      {"a\\\\ ", {"a\\"}, {"a\\ ", "a"}},
      {" a", {" a"}, {"a"}},
      {"a\r\nb/\r\n", {"a", "b/"}, {"a\r", "b"}},
      {"\xef\xbb\xbf"
       "a",
       {"a"},
       {"\xef\xbb\xbf"
        "a"}},
      {"b\n\xef\xbb\xbf"
       "a",
       {"b",
        "\xef\xbb\xbf"
        "a"},
       {"a"}},
      {"a\\/", {"a/"}, {"a", "a\\/"}},
      {"a\\\\/", {"a\\/"}, {"a/"}},
      {"a\nb", {"a", "b"}},
      {"*.{o,a}", {"x.o", "x.a"}, {"x.c", "x.{o,a}"}},
      {"a\0b"s, {"a\0b"s}, {"a"}},
  };
  for (const FileCase& one : cases) {
    const IgnoreRules rules = rules_of(one.text);
    for (const std::string& path : one.ignored) {
      EXPECT_TRUE(is_ignored(rules, path)) << testing::PrintToString(one.text) << " " << path;
    }
    for (const std::string& path : one.kept) {
      EXPECT_FALSE(is_ignored(rules, path)) << testing::PrintToString(one.text) << " " << path;
    }
  }
}

TEST(IgnoreRules, SayNothingOfWhatTheyDoNotMatch) {
  const IgnoreRules rules = rules_of("a\n!b\n");
  EXPECT_EQ(rules.match("a", false), Verdict::ignored);
  EXPECT_EQ(rules.match("b", false), Verdict::kept);
  EXPECT_EQ(rules.match("c", false), Verdict::none);
}

TEST(IgnoreRules, NameTheLineOfWhatIsNoPattern) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\n[b", "x/.ignore:2:1: error: the pattern's [ is not closed\nhint: write \"\\[\" for the character"},
      {"[]", "x/.ignore:1:1: error: the pattern's [ is not closed\nhint: write \"\\[\" for the character"},
      {"[\\", "x/.ignore:1:1: error: the pattern's [ is not closed\nhint: write \"\\[\" for the character"},
      {"\n\n{a,[b]",
       "x/.ignore:3:1: error: the pattern's { is not closed\nhint: write \"\\{\" for the character"},
      {"a\\",
       "x/.ignore:1:1: error: the pattern's \\ at the end escapes nothing\nhint: write \"\\\\\" for the "
       "character"},
      {"a\\\r\n",
       "x/.ignore:1:1: error: the pattern's \\ at the end escapes nothing\nhint: write \"\\\\\" for the "
       "character"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto rules = IgnoreRules::parse(text, "x/.ignore");
    ASSERT_FALSE(rules) << text;
    EXPECT_EQ(rules.error().trouble, Trouble::manifest);
    EXPECT_EQ(rules.error().text(), wanted);
  }
  std::string deep(17, '{');
  EXPECT_EQ(IgnoreRules::parse(deep + std::string(17, '}'), "f").error().text(),
            "f:1:1: error: the pattern's braces are nested too deeply");
}

TEST(IgnoreRules, OfMoreBytesThanAPathHasAreRefused) {
  EXPECT_TRUE(IgnoreRules::parse(std::string(4096, 'a'), "f"));
  EXPECT_EQ(IgnoreRules::parse("x\n" + std::string(4097, 'a'), "f").error().text(),
            "f:2:1: error: the pattern's length is more than 4096 bytes\n"
            "hint: no path is as long: write more patterns, each on a line of its own");
}

TEST(Glob, StarsBesideEachOtherAreOne) {
  const Glob many = Glob::parse("a" + std::string(1000, '*') + "[b]").value();
  EXPECT_EQ(many.states(), Glob::parse("a*[b]").value().states());
  EXPECT_TRUE(many.matches("axxb"));
  EXPECT_FALSE(many.matches("a/b"));
}

/// Patterns that send a matcher that tries one thing after the other round for ever.
TEST(Glob, CostsAByteOfAPathNoMoreThanThePatternIsLong) {
  for (const std::string& part : {"a*"s, "*a"s, "**/"s, "?*"s, "[a-z]*"s, "{a,aa}"s, "{a*,*a}"s, "{*,*}"s}) {
    std::string pattern;
    while (pattern.size() < 20'000) pattern += part;
    const Glob glob = Glob::parse(pattern + "b").value();
    EXPECT_LE(glob.states(), 4 * pattern.size());
    EXPECT_FALSE(glob.matches(std::string(200, 'a')));
  }
  // A small one ends where a path of a thousand bytes would need more steps than there are.
  const Glob glob = Glob::parse("a*a*a*a*a*a*a*a*a*a*a*a*a*a*b").value();
  EXPECT_FALSE(glob.matches(std::string(1000, 'a')));
  EXPECT_TRUE(glob.matches(std::string(1000, 'a') + "b"));
}

/// Rules at random, of what git and the reference mean the same by.
class RandomRules {
 public:
  explicit RandomRules(std::uint32_t seed) : random_(seed) {}

  std::string file() {
    std::string text;
    for (std::size_t lines = 1 + pick(4); lines > 0; --lines) text += line() + (pick(4) == 0 ? "\r\n" : "\n");
    return text;
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  std::string component() {
    static const Strings kParts{"a",     "b",    "c",   "*",   "?", "[ab]", "[!a]",
                                "[a-c]", "[]a]", "\\a", "\\*", ".", "#",    "!"};
    if (pick(6) == 0) return "**";
    std::string text;
    for (std::size_t parts = 1 + pick(3); parts > 0; --parts) {
      const std::string& part = kParts[pick(kParts.size())];
      // Three stars are another matter in each of the two.
      if (part != "*" || !text.ends_with('*')) text += part;
    }
    return text;
  }

  std::string line() {
    std::string text = component();
    for (std::size_t more = pick(3); more > 0; --more) text += "/" + component();
    if (pick(4) == 0) text = "/" + text;
    if (pick(4) == 0) text += "/";
    return (pick(4) == 0 ? "!" : "") + text;
  }

  std::mt19937 random_;
};

/// git takes a slash at the end for a part of the path.
std::string without_slash(const std::string& path) { return path.substr(0, path.find_last_not_of('/') + 1); }

/// The paths of the tree that the rules are asked about; directories end with a slash.
Strings random_paths() {
  const Strings names{"a", "b", "ab", "c.a", "!a", "#b", "a*", "]"};
  Strings paths;
  for (const std::string& one : names) {
    paths.push_back(one);
    for (const std::string& dir : {"a_/"s, "b/"s, "ca/"s}) paths.push_back("d" + dir + one);
    for (const std::string& dir : {"ba/a/"s, "cb/ab/"s, "cc/b/a/"s}) paths.push_back(dir + one);
  }
  std::set<std::string> directories;
  for (const std::string& path : paths) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      directories.insert(path.substr(0, slash + 1));
    }
  }
  paths.insert(paths.end(), directories.begin(), directories.end());
  return paths;
}

TEST(IgnoreRules, SayOfRandomTreesWhatGitSays) {
  if (test::run_shell("git --version").status != 0) GTEST_SKIP() << "GIT MISSING: no git to compare with";
  constexpr int kCases = 500;
  const test::TempDir dir;
  const Strings paths = random_paths();
  std::string list;
  for (const std::string& path : paths) {
    if (path.ends_with('/')) dir.make_dirs("tree/" + path);
    if (!path.ends_with('/')) dir.write_file("tree/" + path, "");
    list += without_slash(path) + '\0';
  }
  dir.write_file("paths", list);
  RandomRules random(20261129);
  for (int i = 0; i < kCases; ++i) dir.write_file("rules/" + std::to_string(i), random.file());
  // One process for all of them but git itself, without anybody's own settings.
  const test::Finished ran = test::run_shell(R"(
    export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=/nonexistent
    git init -q tree && mkdir said && cd tree || exit 1
    for rules in ../rules/*; do
      cp "$rules" .gitignore
      git -c core.excludesFile=/dev/null check-ignore --no-index -z --stdin <../paths >"../said/${rules##*/}"
      test $? -le 1 || exit 1
    done)",
                                             dir.string());
  ASSERT_EQ(ran.status, 0) << ran.err;
  std::size_t ignored = 0;
  for (int i = 0; i < kCases; ++i) {
    const std::string text = dir.read_file("rules/" + std::to_string(i));
    std::set<std::string> said;
    std::istringstream out(dir.read_file("said/" + std::to_string(i)));
    for (std::string path; std::getline(out, path, '\0');) said.insert(path);
    ignored += said.size();
    const IgnoreRules rules = rules_of(text);
    for (const std::string& path : paths) {
      ASSERT_EQ(is_ignored(rules, path), said.contains(without_slash(path)))
          << path << " by " << testing::PrintToString(text);
    }
  }
  EXPECT_GT(ignored, paths.size() * kCases / 20) << "the rules are of use";
  EXPECT_LT(ignored, paths.size() * kCases * 19 / 20) << "the rules are of use";
}

}  // namespace
}  // namespace wasifs::plan
