// SPDX-License-Identifier: Apache-2.0
#include "base/acl.h"

#include <gtest/gtest.h>

#include "support/acl.h"

namespace wasifs::test {
namespace {

Errc refusal(std::string_view value) {
  const Result<Acl> acl = Acl::parse(value);
  return acl ? Errc{} : acl.error();
}

TEST(Acl, IsWrittenAsItWasRead) {
  const std::string value = acl_value({{kAclUserObj, 7},
                                       {kAclUser, 1, 5},
                                       {kAclUser, 2, 70000},
                                       {kAclGroupObj, 3},
                                       {kAclGroup, 4, 1},
                                       {kAclMask, 5},
                                       {kAclOther, 6}});
  EXPECT_EQ(Acl::parse(value)->value(), value);
}

TEST(Acl, IsMadeOfEntriesInAnyOrder) {
  const Result<Acl> acl = Acl::of({{.tag = Acl::kOther, .bits = 0},
                                   {.tag = Acl::kMask, .bits = 5},
                                   {.tag = Acl::kUser, .bits = 6, .id = 9},
                                   {.tag = Acl::kUser, .bits = 7, .id = 8},
                                   {.tag = Acl::kGroupObj, .bits = 5},
                                   {.tag = Acl::kUserObj, .bits = 7}});
  ASSERT_TRUE(acl);
  EXPECT_EQ(acl->value(), acl_value({{kAclUserObj, 7},
                                     {kAclUser, 7, 8},
                                     {kAclUser, 6, 9},
                                     {kAclGroupObj, 5},
                                     {kAclMask, 5},
                                     {kAclOther, 0}}));
  EXPECT_EQ(acl->entries().size(), 6U);
  EXPECT_EQ(Acl::of({{.tag = Acl::kUserObj, .bits = 7}}).error(), Errc::einval);
}

TEST(Acl, AnIdThatMeansNothingIsNotKept) {
  const std::string odd = acl_value({{kAclUserObj, 7, 12}, {kAclGroupObj, 5, 0}, {kAclOther, 0, 1}});
  EXPECT_EQ(Acl::parse(odd)->value(), minimal_acl(7, 5, 0));
}

TEST(Acl, TheGroupsBitsAreTheMaskWhereThereIsOne) {
  EXPECT_EQ(Acl::parse(minimal_acl(7, 5, 1))->permissions(), 0751);
  EXPECT_EQ(Acl::parse(acl_of(7, 7, 5, 2, 1))->permissions(), 0721);
  EXPECT_TRUE(Acl::parse(minimal_acl(7, 5, 1))->minimal());
  EXPECT_FALSE(Acl::parse(acl_of(7, 7, 5, 2, 1))->minimal());
  EXPECT_FALSE(
      Acl::parse(acl_value({{kAclUserObj, 7}, {kAclGroupObj, 5}, {kAclMask, 5}, {kAclOther, 1}}))->minimal());
}

TEST(Acl, LimitsAndChangesAreThoseOfAMode) {
  Acl limited = *Acl::parse(acl_of(7, 7, 5, 6, 4));
  limited.limit(0641);
  EXPECT_EQ(limited.value(), acl_of(6, 7, 5, 4, 0));
  Acl changed = *Acl::parse(minimal_acl(0, 0, 0));
  changed.set_permissions(04752);
  EXPECT_EQ(changed.value(), minimal_acl(7, 5, 2));
}

TEST(Acl, RefusesWhatIsNone) {
  const std::string good = minimal_acl(7, 5, 1);
  EXPECT_EQ(refusal(good), Errc{});
  EXPECT_EQ(refusal(""), Errc::einval);
  EXPECT_EQ(refusal(good.substr(0, 4)), Errc::einval) << "nothing is granted to anybody";
  EXPECT_EQ(refusal(good.substr(0, good.size() - 1)), Errc::einval);
  EXPECT_EQ(refusal(good.substr(0, good.size() - 8)), Errc::einval) << "others are missing";
  EXPECT_EQ(refusal("\3" + good.substr(1)), Errc::enotsup) << "another version";
  EXPECT_EQ(refusal(acl_value({{kAclUserObj, 8}, {kAclGroupObj, 5}, {kAclOther, 1}})), Errc::einval);
  EXPECT_EQ(refusal(acl_value({{kAclUserObj, 7}, {kAclUserObj, 7}, {kAclGroupObj, 5}, {kAclOther, 1}})),
            Errc::einval);
  EXPECT_EQ(refusal(acl_value({{kAclUserObj, 7}, {kAclGroupObj, 5}, {kAclOther, 1}, {64, 1}})), Errc::einval);
  EXPECT_EQ(refusal(acl_value({{kAclUserObj, 7}, {kAclGroupObj, 5}, {kAclGroup, 1, 9}, {kAclOther, 1}})),
            Errc::einval)
      << "a named group without a mask";
  EXPECT_EQ(
      refusal(acl_value({{kAclUserObj, 7}, {kAclUser, 7}, {kAclGroupObj, 5}, {kAclMask, 1}, {kAclOther, 1}})),
      Errc::einval)
      << "a named user without a name";
}

}  // namespace
}  // namespace wasifs::test
