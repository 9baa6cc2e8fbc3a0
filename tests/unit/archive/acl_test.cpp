// SPDX-License-Identifier: Apache-2.0
// Access control lists of tars, as star and GNU tar write them.
#include <gtest/gtest.h>

#include <chrono>

#include "archive_maker.h"
#include "fs/archive/tar_writer.h"
#include "support/acl.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

/// "LENGTH KEY=VALUE\n", the length being that of all of it.
std::string record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

RawTar with_acl(const std::string& access, const std::string& defaults = {}, char type = '5',
                std::string_view link = {}) {
  std::string records;
  if (!access.empty()) records += record("SCHILY.acl.access", access);
  if (!defaults.empty()) records += record("SCHILY.acl.default", defaults);
  RawTar tar;
  tar.entry("pax", records, 'x').entry("f", {}, type, link);
  return tar;
}

std::string attribute(Filesystem& fs, const char* name) {
  return node_at(fs, "/f")->get_xattr(name).value_or("none");
}

const std::string kText = "user::rwx,user:1000:r--,group::r-x,mask::r--,other::---";
const std::string kDefaults = "user::rw-,group::r--,group:7:rwx,mask::rwx,other::r--";

std::string default_value() {
  return acl_value({{kAclUserObj, 6}, {kAclGroupObj, 4}, {kAclGroup, 7, 7}, {kAclMask, 7}, {kAclOther, 4}});
}

TEST(ArchiveAcl, BecomesWhatLinuxHasForIt) {
  const auto fs = open_archive(with_acl(kText, kDefaults).finish());
  EXPECT_EQ(attribute(*fs, kAccessAclName), acl_of(7, 4, 5, 4, 0));
  EXPECT_EQ(attribute(*fs, kDefaultAclName), default_value());
  EXPECT_EQ(node_at(*fs, "/f")->attr()->mode, 0740) << "of the group the mask";
  EXPECT_EQ(node_at(*fs, "/f")->list_xattrs().value(),
            (std::vector<std::string>{kAccessAclName, kDefaultAclName}));
}

TEST(ArchiveAcl, IsUnderstoodInTheOtherWayOfWritingIt) {
  const auto fs = open_archive(
      with_acl("user::rwx\nuser:lisa:r--:1000\ngroup::r-x\nmask::r--\nother::---\n", {}, '0').finish());
  EXPECT_EQ(attribute(*fs, kAccessAclName), acl_of(7, 4, 5, 4, 0)) << "its number counts, not its name";
  EXPECT_EQ(attribute(*fs, kDefaultAclName), "none");
}

TEST(ArchiveAcl, ThatSaysNoMoreThanTheModeIsNone) {
  const auto fs = open_archive(with_acl("user::rwx,group::r-x,other::r--").finish());
  EXPECT_EQ(attribute(*fs, kAccessAclName), "none");
  EXPECT_EQ(node_at(*fs, "/f")->attr()->mode, 0754);
}

TEST(ArchiveAcl, ThatNamesPeopleWithoutNumbersIsRefused) {
  const std::string hint =
      "\nhint: make it again with numbers, as \"bsdtar --acls\" does, or without the lists, as \"tar "
      "--no-acls\" does";
  EXPECT_EQ(refusal(with_acl("user::rwx,user:lisa:r--,group::r-x,mask::r--,other::---").finish()),
            "error: archive \"a.tar\": entry 1 \"f\" (byte 0): its access control list names the user "
            "\"lisa\" without a number" +
                hint);
  EXPECT_EQ(refusal(with_acl({}, "user::rwx,group:staff:r--,group::r-x,mask::r--,other::---").finish()),
            "error: archive \"a.tar\": entry 1 \"f\" (byte 0): its default access control list names the "
            "group \"staff\" without a number" +
                hint);
}

TEST(ArchiveAcl, ThatIsNoneIsRefused) {
  const auto why = [](const RawTar& tar) {
    std::string text = refusal(RawTar(tar).finish());
    constexpr std::string_view kPlace = "error: archive \"a.tar\": entry 1 \"f\" (byte 0): ";
    EXPECT_TRUE(text.starts_with(kPlace)) << text;
    return text.substr(std::min(text.size(), kPlace.size()), text.find('\n') - kPlace.size());
  };
  EXPECT_EQ(why(with_acl("user::rwx,user:5:r--,group::r-x,other::---")),
            "its access control list is none: an entry is missing, or comes twice");
  EXPECT_EQ(why(with_acl("user::rwx,user:9999999999:r--,group::r-x,mask::r--,other::---")),
            "its access control list has a user whose number is too large");
  EXPECT_EQ(why(with_acl({}, kDefaults, '0')), "only a directory has a default access control list");
  EXPECT_EQ(why(with_acl(kText, {}, '2', "x")), "a symlink has no access control list");
  RawTar nfs;
  nfs.entry("pax", record("SCHILY.acl.ace", "owner@:rwx-----------:-------:allow"), 'x').entry("f");
  EXPECT_EQ(why(nfs), "its access control list is one of NFSv4, which Linux has no place for");
}

std::string compressed(const std::string& bytes, std::string_view filter) {
  return make_archive("raw", {{.path = "x", .data = bytes}}, filter);
}

TEST(ArchiveAcl, WithAnEntryThatIsNoneIsRefused) {
  // libarchive would leave it out.
  EXPECT_EQ(refusal(with_acl("user::rwx,group::r-x,mask::r--,other::---,nonsense").finish()),
            "error: archive \"a.tar\": an access control list has the entry \"nonsense\", which is none");
  for (const char* entry : {"user:1000:rwz", "user:1000", "mask:rwz", "uses:1000:r", "default:", ":"}) {
    EXPECT_NE(refusal(with_acl(std::string("user::rwx,group::r-x,mask::r--,other::---,") + entry).finish()),
              "")
        << entry;
  }
  EXPECT_EQ(refusal(with_acl("# comment\nu::rwx\n g::r-x \n,m:r--\no:---\nu:7:r:7\n").finish()), "");
}

/// Distinct named users, so many.
std::string crowd(int count) {
  std::string text = "user::rwx,group::r-x,mask::r--,other::---";
  for (int i = 0; i < count; ++i) text += ",u:" + std::to_string(i) + ":r";
  return text;
}

TEST(ArchiveAcl, OfACrowdIsRefused) {
  EXPECT_EQ(refusal(with_acl(crowd(1020)).finish()), "");
  EXPECT_NE(refusal(with_acl(crowd(1022)).finish()).find("has more than 1024 entries"), std::string::npos);
}

TEST(ArchiveAcl, OfAMegabyteIsRefusedBeforeItIsParsed) {
  // It would take libarchive more than half a minute.
  std::string text;
  for (int i = 0; i < 150'000; ++i) text += "u:a:r,";
  for (const std::string_view filter : {"none", "gzip", "zstd"}) {
    for (const char type : {'x', 'g', 'X', 'A'}) {
      const std::string body = type == 'A' ? text : record("path", "x") + record("SCHILY.acl.access", text);
      std::string tar =
          RawTar().entry("a").entry("long", "name", 'L').entry("pax", body, type).entry("f").finish();
      if (filter != "none") tar = compressed(tar, filter);
      const auto begun = std::chrono::steady_clock::now();
      const std::string why = refusal(tar);
      EXPECT_NE(why.find("archive \"a.tar\": after entry 1 \"a\" (byte 0): an access control list of 9000"),
                std::string::npos)
          << why.substr(0, 300);
      EXPECT_TRUE(why.ends_with(" bytes; 65536 is the most")) << why.substr(0, 300);
      EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    }
  }
}

TEST(ArchiveAcl, IsWrittenAsOthersReadIt) {
  const TempDir dir;
  const std::vector<std::pair<std::string, std::string>> attributes = {
      {kAccessAclName, acl_of(7, 4, 5, 4, 0)}, {kDefaultAclName, default_value()}, {"user.x", "y"}};
  const auto tar = archive::TarWriter::create(dir / "a.tar").value();
  ASSERT_TRUE(tar->add(
      {.path = "f/", .attr = {.type = FileType::directory, .mode = 0740}, .xattrs = attributes}, nullptr));
  ASSERT_TRUE(tar->finish());
  const std::string bytes = dir.read_file("a.tar");
  EXPECT_NE(bytes.find("SCHILY.acl.access="), std::string::npos);
  EXPECT_NE(bytes.find("SCHILY.acl.default="), std::string::npos);
  EXPECT_EQ(bytes.find("SCHILY.xattr.system"), std::string::npos);
  const auto fs = open_archive(bytes);
  for (const auto& [name, value] : attributes) EXPECT_EQ(attribute(*fs, name.c_str()), value);
  EXPECT_EQ(node_at(*fs, "/f")->attr()->mode, 0740);
}

TEST(ArchiveAcl, WithNumbersThatOthersCannotReadStaysAnAttribute) {
  const TempDir dir;
  const std::string value = acl_value(
      {{kAclUserObj, 7}, {kAclUser, 7, 4'000'000'000}, {kAclGroupObj, 5}, {kAclMask, 5}, {kAclOther, 0}});
  const std::vector<std::pair<std::string, std::string>> attributes = {{kAccessAclName, value}};
  const auto tar = archive::TarWriter::create(dir / "a.tar").value();
  ASSERT_TRUE(tar->add(
      {.path = "f/", .attr = {.type = FileType::directory, .mode = 0750}, .xattrs = attributes}, nullptr));
  ASSERT_TRUE(tar->finish());
  EXPECT_EQ(attribute(*open_archive(dir.read_file("a.tar")), kAccessAclName), value);
}

}  // namespace
}  // namespace wasifs::test
