// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/documents.h"

#include <gtest/gtest.h>

namespace wasifs::oci {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string index_error(const std::string& text) {
  const auto read = read_index(bytes_of(text), "x");
  if (read) return "no error";
  EXPECT_EQ(read.error().trouble, Trouble::corrupt);
  return read.error().message;
}

TEST(OciDocuments, IndexIsRead) {
  const auto index = read_index(
      bytes_of(R"({"manifests": [{"mediaType": "m", "digest": ")" + kDigest +
               R"(", "size": 7, "platform": {"os": "wasip1", "architecture": "wasm"}, "annotations":
               {"org.opencontainers.image.ref.name": "t", "io.containerd.image.name": "r/n:t"}}]})"),
      "x");
  ASSERT_TRUE(index) << index.error().text();
  ASSERT_EQ(index->size(), 1U);
  EXPECT_EQ(index->front().digest, kDigest);
  EXPECT_EQ(index->front().size, 7U);
  EXPECT_EQ(index->front().platform, (Platform{.os = "wasip1", .architecture = "wasm"}));
  EXPECT_EQ(index->front().ref_name, "t");
  EXPECT_EQ(index->front().image_name, "r/n:t");
}

TEST(OciDocuments, WhatIsWrongIsNamed) {
  const auto entry = [](const std::string& digest, const std::string& size) {
    return R"({"manifests": [{"digest": ")" + digest + R"(", "size": )" + size + "}]}";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", "x: byte 0: it is no JSON"},
      {R"({"manifests": [)", "x: byte 15: it is no JSON"},
      {"{} x", "x: byte 3: it is no JSON"},
      {"[]", "x: it is no map"},
      {"{}", "x: manifests is missing, it must be a list"},
      {R"({"manifests": 1})", "x: manifests is no list"},
      {R"({"manifests": [1]})", "x: manifests[0] is no map"},
      {R"({"manifests": [{}]})", "x: manifests[0].digest is missing, it must be a text"},
      {entry("sha256:../../../etc/passwd", "1"),
       "x: manifests[0].digest is no digest that can be read: sha256 and 64 hexadecimal digits in lower "
       "case"},
      {entry(kDigest, "-1"), "x: manifests[0].size is no number of bytes"},
      {entry(kDigest, "1e3"), "x: manifests[0].size is no number of bytes"},
      {entry(kDigest, "\"1\""), "x: manifests[0].size is no number of bytes"},
      {std::string(65, '['), "x: byte 64: values lie more than 64 deep"},
      {std::string(kMaxDocument + 1, ' '), "x: it has 4194305 bytes, and a document may have 4194304"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(index_error(text), message) << text.substr(0, 80);
}

TEST(OciDocuments, ListsAreBounded) {
  std::string text = R"({"manifests": [)";
  for (std::size_t i = 0; i <= kMaxEntries; ++i) text += i == 0 ? "1" : ",1";
  EXPECT_EQ(index_error(text + "]}"), "x: manifests is no list of at most 4096 entries");
}

TEST(OciDocuments, OnlyWellFormedDigestsAreDigests) {
  EXPECT_TRUE(is_digest(kDigest));
  EXPECT_FALSE(is_digest(kDigest + "a"));
  EXPECT_FALSE(is_digest(kDigest.substr(0, 70)));
  EXPECT_FALSE(is_digest("sha512:" + std::string(64, 'a')));
  EXPECT_FALSE(is_digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(is_digest("sha256:" + std::string(61, 'a') + "/.."));
}

TEST(OciDocuments, ConfigIsRead) {
  const auto config = read_config(
      bytes_of(R"({"os": "linux", "architecture": "arm64", "config": {"Env": ["A=b"], "Entrypoint": ["/e"],
                   "Cmd": null, "WorkingDir": "/w", "User": "1000"}})"),
      "x");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->platform.architecture, "arm64");
  EXPECT_EQ(config->env, std::vector<std::string>{"A=b"});
  EXPECT_EQ(config->entrypoint, std::vector<std::string>{"/e"});
  EXPECT_TRUE(config->cmd.empty());
  EXPECT_EQ(config->working_dir, "/w");
  EXPECT_EQ(config->user, "1000");
  EXPECT_EQ(read_config(bytes_of(R"({"config": {"Env": [1]}})"), "x").error().message,
            "x: config.Env[0] is no text");
}

TEST(OciDocuments, SavedImagesAreRead) {
  const auto saved =
      read_saved(bytes_of(R"([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar"]}])"), "x");
  ASSERT_TRUE(saved) << saved.error().text();
  EXPECT_EQ(saved->front().config, "c.json");
  EXPECT_EQ(saved->front().tags, std::vector<std::string>{"a:1"});
  EXPECT_EQ(saved->front().layers, std::vector<std::string>{"l/layer.tar"});
  EXPECT_EQ(read_saved(bytes_of("{}"), "x").error().message, "x: it is no list");
}

TEST(OciDocuments, LayoutsOfOtherVersionsAreRefused) {
  EXPECT_TRUE(read_layout_marker(bytes_of(R"({"imageLayoutVersion": "1.0.0"})"), "x"));
  EXPECT_EQ(read_layout_marker(bytes_of(R"({"imageLayoutVersion": "2.0"})"), "x").error().message,
            "x: image layouts of version \"2.0\" cannot be read, only those of 1");
}

}  // namespace
}  // namespace wasifs::oci
