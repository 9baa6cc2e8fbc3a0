// SPDX-License-Identifier: Apache-2.0
#include "plan/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/temp_dir.h"
#include "support/webc_writer.h"

namespace wasifs::plan {
namespace {

using Strings = std::vector<std::string>;

/// A package that states its name and version, each where it is not empty.
std::string stating(const std::string& name, const std::string& version) {
  test::WebcSpec spec;
  auto& wapm = spec.manifest["package"]["wapm"];
  wapm = nlohmann::ordered_json::object();
  if (!name.empty()) wapm["name"] = name;
  if (!version.empty()) wapm["version"] = version;
  return test::write_webc(spec);
}

std::string hash_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hash;
  for (const char c : test::webc_sha256(bytes)) {
    hash += kDigits[static_cast<unsigned char>(c) >> 4U];
    hash += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return hash;
}

/// A folder "s" that is a store.
struct StoreFolder {
  test::TempDir dir;

  void add(const std::string& file, const std::string& bytes = stating("", "")) const {
    dir.write_file("s/" + file, bytes);
  }

  [[nodiscard]] std::string shown(std::string text) const {
    const std::string prefix = dir.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  /// The path, name and version of what is found, else the lines of the error.
  [[nodiscard]] Strings find(const std::string& specifier, const std::string& folder = "s") const {
    Store store({.folder = dir / folder, .from = "--store"});
    const auto found = store.find(parse_specifier(specifier).value());
    if (found) {
      return {shown(found->path) + " " + found->name + " " + (found->version ? found->version->text() : "-")};
    }
    Strings lines;
    for (const Diagnostic& one : found.error()) {
      EXPECT_EQ(one.trouble, Trouble::source);
      lines.push_back(shown(one.message));
    }
    return lines;
  }
};

TEST(StorePlace, IsTheFirstThatIsSet) {
  const Strings all = {"HOME=/h", "WASIFS_STORE=/w", "XDG_DATA_HOME=/x"};
  const auto place = [](ComposeOptions options) {
    const StorePlace found = find_store(options);
    return found.folder + " " + found.from;
  };
  EXPECT_EQ(place({.host_env = all, .store = "/s"}), "/s --store");
  EXPECT_EQ(place({.host_env = all}), "/w WASIFS_STORE");
  EXPECT_EQ(place({.host_env = {"HOME=/h", "XDG_DATA_HOME=/x"}}), "/x/wasifs/store XDG_DATA_HOME");
  EXPECT_EQ(place({.host_env = {"HOME=/h/"}}), "/h/.local/share/wasifs/store HOME");
  EXPECT_EQ(place({.host_env = {"WASIFS_STORE=", "XDG_DATA_HOME=relative", "HOME=/h", "HOMER=/i"}}),
            "/h/.local/share/wasifs/store HOME");
  EXPECT_EQ(place({}), " ");
}

TEST(Store, UnderstandsEveryFormOfAFileName) {
  for (const std::string form :
       {"ns--dep@1.2.3.webc", "ns--dep-1.2.3.webc", "ns/dep@1.2.3.webc", "ns/dep-1.2.3.webc",
        "dep@1.2.3.webc", "dep-1.2.3.webc", "dep-1.2.3.wasmer"}) {
    const StoreFolder store;
    store.add(form);
    EXPECT_EQ(store.find("ns/dep@^1"), Strings{"s/" + form + " ns/dep 1.2.3"});
  }
}

TEST(Store, AsksThePackageWhereTheFileNameDoesNotSay) {
  const StoreFolder store;
  store.add("anything.webc", stating("ns/dep", "1.2.3"));
  EXPECT_EQ(store.find("ns/dep@^1"), Strings{"s/anything.webc ns/dep 1.2.3"});
  // As registries name their downloads.
  store.add("bash-1.0.16-f097441a-a80b-4e0d-87d7-684918ef4bb6.webc", stating("ns/bash", "1.0.16"));
  EXPECT_EQ(store.find("ns/bash@1.0.16"),
            Strings{"s/bash-1.0.16-f097441a-a80b-4e0d-87d7-684918ef4bb6.webc ns/bash 1.0.16"});
}

TEST(Store, ReadsPackageDirectories) {
  const StoreFolder store;
  store.dir.write_file("s/ns--a@1.0.0/wasmer.toml", "");
  store.dir.write_file("s/ns/b@1.0.0/wasmer.toml", "");
  store.dir.write_file("s/c/wasmer.toml", "[package]\nname = \"ns/c\"\nversion = \"1.0.0\"\n");
  store.dir.make_dirs("s/ns/d@1.0.0");
  EXPECT_EQ(store.find("ns/a"), Strings{"s/ns--a@1.0.0 ns/a 1.0.0"});
  EXPECT_EQ(store.find("ns/b"), Strings{"s/ns/b@1.0.0 ns/b 1.0.0"});
  EXPECT_EQ(store.find("ns/c"), Strings{"s/c ns/c 1.0.0"});
  EXPECT_EQ(store.find("ns/d"), (Strings{"looked in \"s\" (--store)", "looked in \"s/ns\""}));
}

TEST(Store, PicksTheHighestVersionInTheRange) {
  const StoreFolder store;
  for (const std::string version : {"0.9.0", "1.2.0", "1.10.0", "1.9.0", "2.0.0", "1.11.0-rc.1"}) {
    store.add("ns--dep@" + version + ".webc");
  }
  EXPECT_EQ(store.find("ns/dep@1"), Strings{"s/ns--dep@1.10.0.webc ns/dep 1.10.0"});
  EXPECT_EQ(store.find("ns/dep@~1.9"), Strings{"s/ns--dep@1.9.0.webc ns/dep 1.9.0"});
  EXPECT_EQ(store.find("ns/dep"), Strings{"s/ns--dep@2.0.0.webc ns/dep 2.0.0"});
  EXPECT_EQ(store.find("ns/dep@1.11.0-rc.1"), Strings{"s/ns--dep@1.11.0-rc.1.webc ns/dep 1.11.0-rc.1"});
}

TEST(Store, PrefersTheFileNameThatSaysMoreThenTheFirst) {
  const StoreFolder store;
  store.add("a.webc", stating("ns/dep", "1.0.0"));
  store.add("b.webc", stating("ns/dep", "1.0.0"));
  EXPECT_EQ(store.find("ns/dep"), Strings{"s/a.webc ns/dep 1.0.0"});
  store.add("ns--dep@1.0.0.webc");
  EXPECT_EQ(store.find("ns/dep"), Strings{"s/ns--dep@1.0.0.webc ns/dep 1.0.0"});
}

TEST(Store, SaysWhatWasThereInstead) {
  const StoreFolder store;
  store.add("ns--dep@1.0.0.webc");
  store.add("ns--other@2.0.0.webc");
  store.add("ns/dep-1.5.0.webc");
  store.add("dep@2.1.0.webc", stating("else/dep", "2.1.0"));
  store.add("corrupt.webc", "junk");
  store.add("silent.webc");
  store.add("z.webc", stating("ns/dep", ""));
  store.add("notes.txt", "x");
  EXPECT_EQ(
      store.find("ns/dep@^2"),
      (Strings{"looked in \"s\" (--store)", "looked in \"s/ns\"",
               "\"s/corrupt.webc\" cannot be read: package \"s/corrupt.webc\" is corrupt at byte 0: this is "
               "no webc package: it starts with \"junk\" instead of \"\\x00webc\"",
               "\"s/dep@2.1.0.webc\" is \"else/dep\"",
               "\"s/ns--dep@1.0.0.webc\" is version 1.0.0, which \"^2\" does not take",
               "\"s/ns/dep-1.5.0.webc\" is version 1.5.0, which \"^2\" does not take",
               "\"s/silent.webc\" has a name neither in it nor in its file name",
               "\"s/z.webc\" has no version"}));
}

TEST(Store, ListsOnlySoMuch) {
  const StoreFolder store;
  for (int i = 10; i < 35; ++i) store.add("ns--dep@1.0." + std::to_string(i) + ".webc");
  const Strings lines = store.find("ns/dep@2");
  ASSERT_EQ(lines.size(), 22U);
  EXPECT_EQ(lines.back(), "and 5 more");
}

TEST(Store, ThatIsMissingOrUnreadableSaysSo) {
  const StoreFolder store;
  EXPECT_EQ(store.find("ns/dep", "none"), Strings{"looked in \"none\" (--store): No such file or directory"});
  store.dir.write_file("file", "x");
  EXPECT_EQ(store.find("ns/dep", "file"), Strings{"looked in \"file\" (--store): Not a directory"});
  Store nowhere({});
  const auto found = nowhere.find(parse_specifier("ns/dep").value());
  ASSERT_FALSE(found);
  ASSERT_EQ(found.error().size(), 1U);
  EXPECT_EQ(found.error()[0].message,
            "there is no package store: none of WASIFS_STORE, XDG_DATA_HOME and HOME is set");
}

TEST(Store, FindsAFileByItsHash) {
  const StoreFolder store;
  const std::string bytes = stating("ns/dep", "1.0.0");
  const std::string hash = hash_of(bytes);
  store.add("ns--dep@1.0.0.webc", bytes);
  EXPECT_EQ(store.find("sha256:" + hash), Strings{"s/ns--dep@1.0.0.webc ns/dep 1.0.0"});
  store.add(hash + ".webc", "something else");
  EXPECT_EQ(store.find("sha256:" + hash), Strings{"s/ns--dep@1.0.0.webc ns/dep 1.0.0"});
  store.add(hash + ".webc", bytes);
  EXPECT_EQ(store.find("sha256:" + hash), Strings{"s/" + hash + ".webc  -"});
}

TEST(Store, DoesNotTrustAFileThatIsNamedAfterAHash) {
  const StoreFolder store;
  const std::string hash(64, '0');
  store.add(hash + ".webc", "something else");
  EXPECT_EQ(store.find("sha256:" + hash),
            (Strings{"looked in \"s\" (--store)",
                     "\"s/" + hash + ".webc\" has the hash " + hash_of("something else")}));
}

TEST(Store, IsNotLedAstrayByWhatElseIsThere) {
  const StoreFolder store;
  store.add("ns/dep@1.0.0.webc");
  store.dir.make_symlink("s/loop", "loop");
  store.dir.make_symlink("s/again", ".");
  store.dir.make_symlink("s/ns/up", "..");
  store.dir.make_symlink("s/gone@1.0.0.webc", "nowhere");
  store.add(".hidden/dep@2.0.0.webc");
  store.add("ns/deeper/dep@3.0.0.webc");
  ASSERT_EQ(::mkfifo((store.dir / "s/dep@4.0.0.webc").c_str(), 0600), 0);
  EXPECT_EQ(store.find("ns/dep"), Strings{"s/ns/dep@1.0.0.webc ns/dep 1.0.0"});
}

TEST(Store, WithMoreNamesThanItMayHaveIsNotSearched) {
  const StoreFolder store;
  store.add("ns--dep@1.0.0.webc");
  for (std::size_t i = 0; i < Store::kMaxEntries; ++i) {
    ASSERT_EQ(::symlink("x", (store.dir / ("s/" + std::to_string(i))).c_str()), 0);
  }
  EXPECT_EQ(store.find("ns/dep"),
            Strings{"looked in \"s\" (--store): the store has more than 5000 names and is not searched"});
}

}  // namespace
}  // namespace wasifs::plan
