// SPDX-License-Identifier: Apache-2.0
// What guards the border of the C ABI, and the objects that tell of errors.
#include "capi/boundary.h"

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <stdexcept>

#include "handles.h"

namespace wasifs::test {
namespace {

using namespace wasifs::capi;

TEST(BoundaryTest, NothingIsThrownPastIt) {
  EXPECT_EQ(guarded([]() -> Status { throw std::bad_alloc(); }), ENOMEM);
  EXPECT_EQ(guarded([]() -> Status { throw std::runtime_error("x"); }), EIO);
  EXPECT_EQ(guarded([]() -> Status { throw 1; }), EIO);
  EXPECT_EQ(guarded([]() -> Status { return fail(Errc::enoent); }), ENOENT);
  EXPECT_EQ(guarded([]() -> Status { return {}; }), 0);
  EXPECT_EQ(guarded_value(7, []() -> int { throw 1; }), 7);
}

TEST(BoundaryTest, WhatIsThrownWhileSettingUpIsTold) {
  wasifs_error* error = nullptr;
  EXPECT_EQ(guarded(&error, []() -> Outcome<void> { throw std::runtime_error("the reason"); }), EIO);
  ErrorHandle told(error);
  EXPECT_EQ(wasifs_error_trouble(error), WASIFS_TROUBLE_BUG);
  EXPECT_STREQ(wasifs_error_message(error), "unexpected: the reason");
  EXPECT_EQ(guarded(&error, []() -> Outcome<void> { throw std::bad_alloc(); }), ENOMEM);
  EXPECT_EQ(error, nullptr) << "there is no memory for an object";
  EXPECT_EQ(guarded(&error, []() -> Outcome<void> { throw 1; }), EIO);
  EXPECT_EQ(guarded(nullptr, []() -> Outcome<void> { throw std::runtime_error("x"); }), EIO);
}

TEST(BoundaryTest, EachKindOfTroubleHasItsErrno) {
  const auto of = [](Trouble trouble) {
    wasifs_error* error = nullptr;
    const int number = report({.trouble = trouble, .message = "m"}, &error);
    const ErrorHandle told(error);
    EXPECT_EQ(static_cast<int>(wasifs_error_trouble(error)), static_cast<int>(trouble));
    return number;
  };
  EXPECT_EQ(of(Trouble::usage), EINVAL);
  EXPECT_EQ(of(Trouble::manifest), EINVAL);
  EXPECT_EQ(of(Trouble::conflict), EEXIST);
  EXPECT_EQ(of(Trouble::corrupt), EBADMSG);
  EXPECT_EQ(of(Trouble::source), ENOENT);
  EXPECT_EQ(of(Trouble::bug), EIO);
}

TEST(BoundaryTest, AnErrorHasItsPartsAndItsCauses) {
  const Diagnostic inner{.trouble = Trouble::source, .message = "no such file", .hint = "make it"};
  const Diagnostic outer{.trouble = Trouble::manifest,
                         .message = "mount \"/data\"",
                         .where = {.file = "site.toml", .line = 12, .column = 10},
                         .causes = {inner}};
  wasifs_error* error = nullptr;
  ASSERT_EQ(report(outer, &error), EINVAL);
  const ErrorHandle told(error);
  EXPECT_STREQ(wasifs_error_text(error), outer.text().c_str());
  EXPECT_STREQ(wasifs_error_message(error), "mount \"/data\"");
  EXPECT_STREQ(wasifs_error_hint(error), "");
  EXPECT_STREQ(wasifs_error_file(error), "site.toml");
  EXPECT_EQ(wasifs_error_line(error), 12U);
  EXPECT_EQ(wasifs_error_column(error), 10U);
  const wasifs_error* cause = wasifs_error_cause(error, 0);
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(wasifs_error_trouble(cause), WASIFS_TROUBLE_SOURCE);
  EXPECT_STREQ(wasifs_error_hint(cause), "make it");
  EXPECT_EQ(wasifs_error_cause(cause, 0), nullptr);
  EXPECT_EQ(wasifs_error_cause(error, 1), nullptr);
}

TEST(BoundaryTest, AnErrorThatIsNotThereSaysNothing) {
  EXPECT_EQ(wasifs_error_trouble(nullptr), WASIFS_TROUBLE_BUG);
  EXPECT_STREQ(wasifs_error_text(nullptr), "");
  EXPECT_STREQ(wasifs_error_message(nullptr), "");
  EXPECT_STREQ(wasifs_error_hint(nullptr), "");
  EXPECT_STREQ(wasifs_error_file(nullptr), "");
  EXPECT_EQ(wasifs_error_line(nullptr), 0U);
  EXPECT_EQ(wasifs_error_column(nullptr), 0U);
  EXPECT_EQ(wasifs_error_cause(nullptr, 0), nullptr);
  wasifs_error_free(nullptr);
}

TEST(BoundaryTest, TextsComeWithALengthOrANul) {
  EXPECT_EQ(text_of("abc", 2), "ab");
  EXPECT_EQ(text_of("abc", WASIFS_NUL), "abc");
  EXPECT_EQ(text_of(nullptr, 0), "");
  EXPECT_EQ(text_of(nullptr, 1), std::nullopt);
  EXPECT_EQ(text_of(nullptr, WASIFS_NUL), std::nullopt);
  EXPECT_FALSE(bytes_of<std::byte>(static_cast<void*>(nullptr), 1));
  EXPECT_TRUE(bytes_of<std::byte>(static_cast<void*>(nullptr), 0));
}

TEST(BoundaryTest, AStructOfOldHasTheRestZero) {
  wasifs_stat given = WASIFS_INIT(wasifs_stat);
  given.ino = 5;
  given.size = 9;
  given.struct_size = offsetof(wasifs_stat, size);
  const auto read = read_sized(&given);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ino, 5U);
  EXPECT_EQ(read->size, 0U) << "it is behind what the caller knows";
  given.struct_size = 0;
  EXPECT_FALSE(read_sized(&given));
  EXPECT_FALSE(read_sized<wasifs_stat>(nullptr));
}

TEST(BoundaryTest, OptionsOfAFutureVersionMustBeZero) {
  struct {
    wasifs_compose_options known;
    std::array<char, 8> more;
  } newer{};
  newer.known.struct_size = sizeof(newer);
  newer.known.no_dependencies = 1;
  const auto read = read_options(&newer.known);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->no_dependencies, 1);
  newer.more[7] = 1;
  EXPECT_FALSE(read_options(&newer.known));
}

TEST(BoundaryTest, AStructIsWrittenNoFurtherThanItsSize) {
  wasifs_stat out = WASIFS_INIT(wasifs_stat);
  out.size = 77;
  out.struct_size = offsetof(wasifs_stat, size);
  wasifs_stat value{};
  value.ino = 3;
  value.size = 4;
  EXPECT_TRUE(write_sized(&out, value));
  EXPECT_EQ(out.ino, 3U);
  EXPECT_EQ(out.size, 77U);
  EXPECT_EQ(out.struct_size, offsetof(wasifs_stat, size)) << "it stays the caller's";
  out.struct_size = 1;
  EXPECT_FALSE(write_sized(&out, value));
  EXPECT_FALSE(write_sized<wasifs_stat>(nullptr, value));
}

TEST(BoundaryTest, TheVersionIsThatOfTheHeader) {
  EXPECT_EQ(wasifs_abi_version(), WASIFS_ABI_MAJOR << 16 | WASIFS_ABI_MINOR);
  EXPECT_STREQ(wasifs_version(), "0.1.0");
}

}  // namespace
}  // namespace wasifs::test
