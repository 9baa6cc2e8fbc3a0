// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

namespace wasifs::test {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// FIPS 180-4's examples.
constexpr std::string_view kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, OfPiecesIsThatOfTheWhole) {
  EXPECT_EQ(to_hex(sha256(bytes_of(""))), kOfNothing);
  EXPECT_EQ(to_hex(sha256(bytes_of("abc"))), kOfAbc);
  EXPECT_EQ(to_hex(sha256({bytes_of("a"), bytes_of(""), bytes_of("bc")})), kOfAbc);
  Sha256 stream;
  stream.add(bytes_of("ab"));
  stream.add(bytes_of("c"));
  EXPECT_EQ(to_hex(stream.take()), kOfAbc);
  EXPECT_EQ(to_hex(stream.take()), kOfNothing) << "it starts anew";
}

TEST(Sha256, ASignatureIsReadAsItIsWritten) {
  const Digest digest = sha256(bytes_of("abc"));
  EXPECT_EQ(signature_text(digest), "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(parse_signature(signature_text(digest)), digest);
  for (const std::string_view bad : {"", "sha256:", "md5:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
                                     "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa==",
                                     "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
                                     "sha256:!ngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}) {
    EXPECT_EQ(parse_signature(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace wasifs::test
