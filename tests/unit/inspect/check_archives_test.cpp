// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "inspect/check.h"
#include "inspect/check_report.h"
#include "support/tar_writer.h"
#include "unit/plan/prepared.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::TarWriter;

class CheckArchives : public plan::PrepareTest {
 protected:
  [[nodiscard]] CheckReport check(std::string_view name) const {
    return check_root(must(PreparedRoot::open(dir_ / name)));
  }

  /// As it is printed, without the folder.
  [[nodiscard]] std::string text(std::string_view name) const {
    std::ostringstream out;
    print_check(out, check(name));
    std::string text = out.str();
    const std::string prefix = dir_.string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }
};

/// A zip with one empty file, which ends where its directory should.
std::string cut_zip() {
  using namespace std::string_literals;
  return "PK\x03\x04\x0a\0\0\0\0\0"s + std::string(16, '\0') + "\x01\0\0\0"s + "f" +  //
         "PK\x01\x02"s + std::string(24, '\0') + "\x01\0"s + std::string(16, '\0') + "f";
}

TEST_F(CheckArchives, ASoundOneIsVerified) {
  dir_.write_file("a.tar", TarWriter().directory("d/").file("d/f", "12345").bytes());
  EXPECT_EQ(text("a.tar"), "verified archive \"a.tar\": 2 entries, 5 bytes\nno findings\n");
}

TEST_F(CheckArchives, OddEntriesAreNamed) {
  dir_.write_file("a.tar",
                  TarWriter().file("/abs", "").file("n\xff", "").file("two", "1").file("two", "22").bytes());
  EXPECT_EQ(text("a.tar"),
            "a.tar: warning: archive \"a.tar\" has entries with absolute paths: they lie below its root "
            "[absolute-path]\n"
            "  /abs\n"
            "a.tar: warning: archive \"a.tar\" has names that are no UTF-8 [name-encoding]\n"
            "  \"n\\xff\"\n"
            "hint: the names are kept as they are; a guest may be unable to open them\n"
            "a.tar: warning: archive \"a.tar\" has several entries of one name: the last counts "
            "[entry-repeated]\n"
            "  two\n"
            "verified archive \"a.tar\": 4 entries, 3 bytes\n"
            "3 findings\n");
}

TEST_F(CheckArchives, WhatIsOddAtTheEndIsTold) {
  const std::string tar = TarWriter().file("f", "x").bytes();
  dir_.write_file("cut.tar", std::string_view(tar).substr(0, 1024));
  EXPECT_EQ(text("cut.tar"),
            "cut.tar: warning: archive \"cut.tar\" has no mark of its end: it may have been cut off between "
            "two entries [archive-end]\n"
            "hint: if entries are missing, fetch or make it again\n"
            "verified archive \"cut.tar\": 1 entry, 1 byte\n"
            "1 finding\n");
  dir_.write_file("two.tar", tar + tar);
  EXPECT_EQ(check("two.tar").findings.at(0).code, "archive-end");
}

TEST_F(CheckArchives, WhatMountsAllTheSameMayBeCorrupt) {
  dir_.write_file("cut.zip", cut_zip());
  const CheckReport report = check("cut.zip");
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].code, "archive-corrupt");
  EXPECT_EQ(report.findings[0].severity, Severity::error);
  EXPECT_TRUE(report.corrupt());
  EXPECT_TRUE(report.archives.empty());
}

TEST_F(CheckArchives, TheArchivesOfAManifestAreEachReadOnce) {
  dir_.write_file("a.tar", TarWriter().file("/f", "x").bytes());
  dir_.write_file("site.toml",
                  "[[mount]]\nguest = \"/a\"\ntype = \"archive\"\nsource = \"a.tar\"\n"
                  "[[mount]]\nguest = \"/b\"\ntype = \"archive\"\nsource = \"a.tar\"\n");
  const CheckReport report = check("site.toml");
  EXPECT_EQ(report.archives.size(), 1U);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].what.where.line, 4U) << "where the manifest names it";
}

TEST_F(CheckArchives, JsonHasNamesExactly) {
  dir_.write_file("a.tar", TarWriter().file("n\xff", "").bytes());
  std::ostringstream out;
  print_check_json(out, check("a.tar"));
  const json document = json::parse(out.str());
  EXPECT_EQ(document["archives"][0]["path"], dir_ / "a.tar");
  EXPECT_EQ(document["archives"][0]["entries"], 1);
  EXPECT_EQ(document["archives"][0]["bytes"], 0);
  const json& finding = document["findings"].at(0);
  EXPECT_EQ(finding["code"], "name-encoding");
  EXPECT_EQ(finding["severity"], "warning");
  EXPECT_EQ(finding["count"], 1);
  EXPECT_EQ(finding["examples"][0], "n\xef\xbf\xbd");
  EXPECT_EQ(finding["examples_base64"][0], "bv8=");
}

}  // namespace
}  // namespace wasifs
