// SPDX-License-Identifier: Apache-2.0
// Manifests from JSON to CBOR, byte by byte, and what is refused on the way.
#include "fs/webc/manifest_cbor.h"

#include "base/sha256.h"
#include "fs/webc/cbor_check.h"
#include "testing.h"

namespace wasifs::webc {
namespace {

/// The bytes of a value, out of {"k": VALUE}.
std::string cbor_of(const std::string& value) {
  const auto cbor = manifest_cbor("{\"k\":" + value + "}", "m");
  if (!cbor) return cbor.error().message;
  const std::string bytes = to_hex(*cbor);
  constexpr std::string_view kBefore = "a1616b";  // a map of one key, "k"
  EXPECT_TRUE(bytes.starts_with(kBefore));
  return bytes.substr(kBefore.size());
}

struct Written {
  const char* json;
  const char* bytes;  ///< in hex, or the message
};

class ManifestCborValue : public testing::TestWithParam<Written> {};

TEST_P(ManifestCborValue, IsWrittenInItsShortestForm) {
  EXPECT_EQ(cbor_of(GetParam().json), GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Naturals, ManifestCborValue,
    testing::Values(Written{"0", "00"}, Written{"23", "17"}, Written{"24", "1818"}, Written{"255", "18ff"},
                    Written{"256", "190100"}, Written{"65535", "19ffff"}, Written{"65536", "1a00010000"},
                    Written{"4294967295", "1affffffff"}, Written{"4294967296", "1b0000000100000000"},
                    Written{"18446744073709551615", "1bffffffffffffffff"},
                    Written{"18446744073709551616",
                            "m: the number 18446744073709551616 has more than 64 bits"}));

INSTANTIATE_TEST_SUITE_P(
    Negatives, ManifestCborValue,
    testing::Values(Written{"-0", "00"}, Written{"-1", "20"}, Written{"-24", "37"}, Written{"-25", "3818"},
                    Written{"-256", "38ff"}, Written{"-257", "390100"}, Written{"-65537", "3a00010000"},
                    Written{"-4294967297", "3b0000000100000000"},
                    Written{"-9223372036854775808", "3b7fffffffffffffff"},
                    Written{"-9223372036854775809",
                            "m: the number -9223372036854775809 has more than 64 bits"}));

INSTANTIATE_TEST_SUITE_P(
    Reals, ManifestCborValue,
    testing::Values(Written{"0.0", "f90000"}, Written{"-0.0", "f98000"}, Written{"1.0", "f93c00"},
                    Written{"0.5", "f93800"}, Written{"-0.25", "f9b400"}, Written{"65504.0", "f97bff"},
                    Written{"65504.5", "fa477fe080"}, Written{"65536.0", "fa47800000"},
                    Written{"6.103515625e-05", "f90400"},             // the least that is normal
                    Written{"6.097555160522461e-05", "f903ff"},       // the most that is not
                    Written{"5.960464477539063e-08", "f90001"},       // the least there is
                    Written{"2.9802322387695312e-08", "fa33000000"},  // half of it
                    Written{"8.940696716308594e-08", "fa33c00000"},   // one and a half
                    Written{"1e2", "f95640"}, Written{"100000.5", "fa47c35040"},
                    Written{"1.1", "fb3ff199999999999a"}, Written{"3.4028234663852886e38", "fa7f7fffff"},
                    Written{"3.5e38", "fb47f074f8c4d3cd7b"}, Written{"1e-45", "fb3696d601ad376ab9"},
                    Written{"1.401298464324817e-45", "fa00000001"}, Written{"1e308", "fb7fe1ccf385ebc8a0"}));

INSTANTIATE_TEST_SUITE_P(Others, ManifestCborValue,
                         testing::Values(Written{"null", "f6"}, Written{"true", "f5"}, Written{"false", "f4"},
                                         Written{"\"\"", "60"}, Written{"\"\\u0000\"", "6100"},
                                         Written{"\"\\u00fc\"", "62c3bc"},
                                         Written{"\"\\ud83d\\ude00\"", "64f09f9880"}, Written{"[]", "80"},
                                         Written{"{}", "a0"},
                                         Written{"[1,[2],{\"z\":3,\"a\":4}]", "83018102a2617a03616104"}));

INSTANTIATE_TEST_SUITE_P(
    NoJson, ManifestCborValue,
    testing::Values(Written{"NaN", "m: no JSON at byte 6"}, Written{"Infinity", "m: no JSON at byte 6"},
                    Written{"-Infinity", "m: no JSON at byte 7"}, Written{"01", "m: no JSON at byte 7"},
                    Written{"'x'", "m: no JSON at byte 6"}, Written{"[1,]", "m: no JSON at byte 9"},
                    Written{"\"\xff\"", "m: no JSON at byte 7"},
                    Written{"\"\\ud800\"", "m: no JSON at byte 13"},
                    Written{"// x\n1", "m: no JSON at byte 6"},
                    Written{"1e400", "m: a number is too large at byte 10"},
                    Written{"-1e400", "m: a number is too large at byte 11"}));

TEST(ManifestCbor, LengthsHaveTheirWidth) {
  for (const std::size_t size : {23U, 24U, 255U, 256U, 65535U, 65536U}) {
    const std::string bytes = cbor_of("\"" + std::string(size, 'x') + "\"");
    const std::string head = size < 24      ? "77"
                             : size < 256   ? (size == 24 ? "7818" : "78ff")
                             : size < 65536 ? (size == 256 ? "790100" : "79ffff")
                                            : "7a00010000";
    EXPECT_TRUE(bytes == head + to_hex(std::string(size, 'x'))) << size;
  }
}

TEST(ManifestCbor, KeysKeepTheirOrder) {
  EXPECT_EQ(to_hex(manifest_cbor(R"({"b":1,"a":2,"":3})", "m").value()),
            "a3616201616102"
            "6003");
}

TEST(ManifestCbor, IsAnObject) {
  for (const char* json : {"[]", "1", "\"x\"", "null"}) {
    EXPECT_EQ(manifest_cbor(json, "dir/manifest.json").error().text(),
              "error: dir/manifest.json: no JSON object");
  }
  EXPECT_EQ(manifest_cbor("", "m").error().text(), "error: m: no JSON at byte 1");
  EXPECT_EQ(manifest_cbor("{} {}", "m").error().text(), "error: m: no JSON at byte 4");
}

TEST(ManifestCbor, AKeyIsThereOnce) {
  EXPECT_EQ(manifest_cbor(R"({"a":{"x":1,"y":2},"b":{"x":1,"x":2}})", "m").error().text(),
            "error: m: the key \"x\" is there twice in one map");
  EXPECT_TRUE(manifest_cbor(R"([{"x":1},{"x":1}])", "m").error().message.ends_with("no JSON object"));
}

/// Passes here exactly where it passes a reader.
void expect_limit(const std::string& fits, const std::string& too_much, std::string_view message) {
  const std::string cbor = manifest_cbor(fits, "m").value();
  EXPECT_TRUE(check_cbor(std::as_bytes(std::span(cbor)), {0, cbor.size()}, "m"));
  const auto refused = manifest_cbor(too_much, "m");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().trouble, Trouble::manifest);
  EXPECT_EQ(refused.error().message, message);
}

std::string nested(std::size_t depth) {
  std::string json;
  for (std::size_t i = 1; i < depth; ++i) json += i % 2 == 1 ? "{\"k\":" : "[";
  json += "{}";
  for (std::size_t i = depth - 1; i > 0; --i) json += i % 2 == 1 ? "}" : "]";
  return json;
}

std::string map_of(std::size_t keys) {
  std::string json;
  for (std::size_t i = 0; i < keys; ++i) json += (json.empty() ? "{\"" : ",\"") + std::to_string(i) + "\":0";
  return json + "}";
}

std::string list_of(std::size_t values) {
  std::string json = "{\"k\":[0";
  for (std::size_t i = 1; i < values; ++i) json += ",0";
  return json + "]}";
}

TEST(ManifestCbor, HasTheLimitsOfItsReaders) {
  expect_limit(nested(kMaxCborDepth), nested(kMaxCborDepth + 1), "m: values are nested more than 64 deep");
  expect_limit(map_of(kMaxCborMapKeys), map_of(kMaxCborMapKeys + 1), "m: a map has more than 4096 keys");
  // The map, its key, the list.
  expect_limit(list_of(kMaxCborItems - 3), list_of(kMaxCborItems - 2), "m: there are more than 65536 values");
}

TEST(ManifestCbor, DepthCostsNoStack) {
  EXPECT_EQ(manifest_cbor(std::string(1'000'000, '['), "m").error().message,
            "m: values are nested more than 64 deep");
}

}  // namespace
}  // namespace wasifs::webc
