// SPDX-License-Identifier: Apache-2.0
// The tests' own writer against files of the reference's: byte for byte.
#include <map>

#include "testing.h"

namespace wasifs::webc {
namespace {

using Json = nlohmann::ordered_json;

/// Takes a package apart into what the writer needs to make it again.
void collect(Node& dir, const std::string& prefix, std::vector<test::WebcEntry>& out) {
  const DirPtr reader = dir.open_dir().value();
  ASSERT_TRUE(reader->read(0, [&](const DirEntry& entry) {
    const std::string path = prefix + std::string(entry.name);
    const NodeRef node = dir.lookup(entry.name).value();
    const std::int64_t shown = node->attr().value().mtime.sec;
    const auto modified = static_cast<std::uint64_t>(shown == 1 ? 0 : shown);
    if (node->is_directory()) {
      out.push_back(webc_dir(path, modified));
      collect(*node, path + "/", out);
    } else if (node->type() == FileType::symlink) {
      out.push_back(webc_link(path, node->read_link().value().text, modified));
    } else {
      out.push_back(webc_file(
          path, std::string(text_of_view(node->open({}).value()->view(0, SIZE_MAX).value())), modified));
    }
    return true;
  }));
}

WebcSpec spec_of(const Package& package) {
  WebcSpec spec{
      .version = package.version(), .manifest = Json::parse(package.manifest_json()), .sign_atoms = false};
  for (const VolumeInfo& volume : package.volumes()) {
    auto& entries = spec.volumes[volume.name];
    const NodeRef root = package.volume(volume.name)->root();
    const std::int64_t shown = root->attr().value().mtime.sec;
    entries.push_back(webc_dir("", static_cast<std::uint64_t>(shown == 1 ? 0 : shown)));
    collect(*root, "", entries);
  }
  for (const Atom& atom : package.manifest().atoms) {
    spec.atoms[atom.name] = std::string(text_of_view(package.atom(atom.name).value()));
  }
  return spec;
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, RebuildingGivesTheSameBytes) {
  WASIFS_NEED_FIXTURE(path, GetParam());
  WebcSpec spec = spec_of(*Package::open(path).value());
  const std::string wanted = test::read_file(path);
  spec.v1_checksum = spec.version == 1 && wanted.substr(8, 6) == "sha256";
  EXPECT_TRUE(write_webc(spec) == wanted);
}

INSTANTIATE_TEST_SUITE_P(Webc, Golden,
                         testing::Values("gen-sdk010-v3-simple", "wasmer-tests--volume", "gen-py-v2-hostpath",
                                         "gen-py-v1-tree", "hello-0.1.0", "dash-1.0.18", "staticserver",
                                         "bash-1.0.16"));

TEST(WebcWriter, RefusesWhatAVersionCannotExpress) {
  EXPECT_THROW(static_cast<void>(test::encode_webc_volume(1, {webc_link("l", "x")})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(test::encode_webc_volume(2, {webc_link("l", "x")})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(test::encode_webc_volume(3, {webc_file("a", ""), webc_file("a/b", "")})),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(test::encode_webc_volume(3, {webc_file("a", ""), webc_file("a", "")})),
               std::invalid_argument);
}

TEST(WebcWriter, SignsAtoms) {
  EXPECT_EQ(test::webc_signature(""), "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

}  // namespace
}  // namespace wasifs::webc
