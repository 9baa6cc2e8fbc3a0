// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/fixtures.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::Ran;
using test::run_cli;
using test::TempDir;

class Webc : public ::testing::Test {
 protected:
  Webc() { dir_.write_file("demo.webc", bytes_); }
  [[nodiscard]] std::string demo() const { return dir_ / "demo.webc"; }
  [[nodiscard]] std::string digest() const {
    std::string hex;
    for (const char byte : test::webc_sha256(bytes_)) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      hex += kDigits[static_cast<unsigned char>(byte) >> 4U];
      hex += kDigits[static_cast<unsigned char>(byte) & 15U];
    }
    return hex;
  }

  TempDir dir_;
  std::string bytes_ = test::demo_package();
};

TEST_F(Webc, InfoTellsWhatThePackageSaysAboutItself) {
  const Ran ran = run_cli({"webc", "info", demo()});
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "file:         " + demo() + "\n" +                                   //
                         "size:         " + std::to_string(bytes_.size()) + " bytes\n" +  //
                         "sha256:       " + digest() + "\n" +
                         "webc version: 3\n"
                         "name:         wasifs/demo\n"
                         "version:      1.0.0\n"
                         "description:  A page and a command\n"
                         "entrypoint:   hello\n"
                         "commands:\n"
                         "  hello: atom \"hello\", runner https://webc.org/runner/wasi\n"
                         "atoms:\n"
                         "  hello: 36 bytes, kind https://webc.org/kind/wasm\n"
                         "    signature: " +
                         test::webc_signature(test::kEmptyProgram) +
                         "\n"
                         "volumes:\n"
                         "  /site: 2 files, 1 directory, 1 symlink, 50 bytes\n"
                         "mounts:\n"
                         "  /srv <- volume \"/site\"\n");
}

TEST_F(Webc, InfoJsonHoldsTheSameAndTheWholeManifest) {
  const json document = json::parse(run_cli({"webc", "info", "--json", demo()}).out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["sha256"], digest());
  EXPECT_EQ(document["webc_version"], 3);
  EXPECT_EQ(document["commands"][0]["atom"], "hello");
  EXPECT_EQ(document["volumes"][0]["symlinks"], 1);
  EXPECT_EQ(document["fs"][0]["mount_path"], "/srv");
  EXPECT_EQ(document["manifest"]["package"]["wapm"]["name"], "wasifs/demo");
}

TEST_F(Webc, LsShowsEveryVolumeEntryAndAtom) {
  const Ran ran = run_cli({"webc", "ls", demo()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out,
            "volume \"/site\": 2 files, 1 directory, 1 symlink, 50 bytes\n"
            "  d           -  /\n"
            "  d           -  /css\n"
            "  -          19  /css/style.css\n"
            "  -          31  /index.html\n"
            "  l          13  /style.css -> css/style.css\n"
            "atom \"hello\": 36 bytes\n");
}

TEST_F(Webc, LsJsonListsEntriesPerVolume) {
  const json document = json::parse(run_cli({"webc", "ls", "--json", demo()}).out);
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["volumes"].size(), 1U);
  EXPECT_EQ(document["volumes"][0]["name"], "/site");
  const json& entries = document["volumes"][0]["entries"];
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[2]["path"], "/css/style.css");
  EXPECT_EQ(entries[2]["mtime_ns"], 1'700'000'000'000'000'000);
  EXPECT_EQ(entries[4]["target"], "css/style.css");
  EXPECT_EQ(document["atoms"][0]["name"], "hello");
  EXPECT_EQ(document["atoms"][0]["size"], 36);
}

TEST_F(Webc, VerifyCountsWhatItChecked) {
  const Ran ran = run_cli({"webc", "verify", demo()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out.find("ok: "), 0U);
  const json document = json::parse(run_cli({"webc", "verify", "--json", demo()}).out);
  EXPECT_EQ(document["ok"], true);
  EXPECT_EQ(ran.out, "ok: " + std::to_string(document["hashes"].get<unsigned>()) + " checksums, " +
                         std::to_string(document["bytes"].get<unsigned>()) + " bytes\n");
  EXPECT_GE(document["hashes"], 5);
}

TEST_F(Webc, VerifyListsEveryMismatchAndIsStatusFive) {
  const std::size_t at = bytes_.find("teal");
  ASSERT_NE(at, std::string::npos);
  bytes_[at] = 'T';
  dir_.write_file("demo.webc", bytes_);
  const Ran ran = run_cli({"webc", "verify", demo()});
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("cause: "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("style.css"), std::string::npos) << ran.err;
  const Ran machine = run_cli({"webc", "verify", "--json", demo()});
  EXPECT_EQ(machine.status, 5);
  const json document = json::parse(machine.out);
  EXPECT_EQ(document["ok"], false);
  EXPECT_FALSE(document["mismatches"].empty());
}

TEST_F(Webc, WhatIsNoPackageIsStatusFive) {
  dir_.write_file("text.webc", "certainly no package");
  for (const char* verb : {"info", "ls", "verify"}) {
    const Ran ran = run_cli({"webc", verb, dir_ / "text.webc"});
    EXPECT_EQ(ran.status, 5);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find("error: "), std::string::npos) << ran.err;
  }
}

TEST_F(Webc, AMissingFileIsStatusSix) {
  const Ran ran = run_cli({"webc", "info", dir_ / "none.webc"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("none.webc"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("No such file or directory"), std::string::npos) << ran.err;
}

TEST(WebcFixtures, EveryRealPackageCanBeShownAndVerified) {
  const std::vector<std::string> fixtures = test::all_fixtures();
  if (fixtures.empty()) {
    GTEST_SKIP() << "FIXTURES MISSING: set WASIFS_FIXTURES to the folder of webc fixtures to run this test";
  }
  for (const std::string& path : fixtures) {
    for (const char* verb : {"info", "ls", "verify"}) {
      const Ran ran = run_cli({"webc", verb, "--json", path});
      ASSERT_EQ(ran.status, 0) << verb << " " << path << ": " << ran.err;
      EXPECT_EQ(json::parse(ran.out)["schema"], 1);
    }
  }
}

}  // namespace
}  // namespace wasifs
