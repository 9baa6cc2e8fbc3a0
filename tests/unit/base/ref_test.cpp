// SPDX-License-Identifier: Apache-2.0
#include "wasifs/ref.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace wasifs {
namespace {

class Counted : public RefCounted {
 public:
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() override { --alive_; }

 private:
  int& alive_;
};

class PinnedObject final : public RefCounted {
 public:
  PinnedObject() : RefCounted(Pinned{}) {}
};

TEST(Ref, TheLastOneDisposesOfTheObject) {
  int alive = 0;
  {
    Ref<Counted> first = make_ref<Counted>(alive);
    EXPECT_TRUE(first->unique());
    const Ref<Counted> second = first;
    EXPECT_FALSE(first->unique());
    first = nullptr;
    EXPECT_EQ(alive, 1);
    EXPECT_TRUE(second->unique());
  }
  EXPECT_EQ(alive, 0);
}

TEST(Ref, AssigningToItselfKeepsTheObject) {
  int alive = 0;
  Ref<Counted> ref = make_ref<Counted>(alive);
  const Ref<Counted>& same = ref;
  ref = same;
  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(ref->unique());
}

TEST(Ref, DetachAndAdoptPassTheReferenceOn) {
  int alive = 0;
  Ref<Counted> ref = make_ref<Counted>(alive);
  Counted* const raw = ref.detach();
  EXPECT_FALSE(ref);
  EXPECT_EQ(alive, 1);
  {
    const Ref<Counted> adopted = Ref<Counted>::adopt(raw);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Ref, ConvertsToABaseWithoutCounting) {
  int alive = 0;
  Ref<RefCounted> base = make_ref<Counted>(alive);
  EXPECT_TRUE(base->unique());
  base = nullptr;
  EXPECT_EQ(alive, 0);
}

TEST(Ref, AnObjectThatIsGoingIsNotRevived) {
  struct Late final : RefCounted {
    explicit Late(bool& late_result) : revived(late_result) {}
    void dispose() noexcept override {
      revived = try_add_ref();
      delete this;
    }
    bool& revived;
  };
  bool revived = true;
  {
    const Ref<Late> ref = make_ref<Late>(revived);
  }
  EXPECT_FALSE(revived);
}

TEST(Ref, APinnedObjectIsNeverUniqueAndNeverDisposedOf) {
  PinnedObject object;
  {
    const Ref<PinnedObject> first(&object);
    const Ref<PinnedObject> second = first;
    EXPECT_FALSE(first->unique());
    EXPECT_TRUE(object.try_add_ref());
  }
  EXPECT_FALSE(object.unique());
}

TEST(Ref, CountsAcrossThreads) {
  int alive = 0;
  Ref<Counted> shared = make_ref<Counted>(alive);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([copy = shared] {
        for (int i = 0; i < 10'000; ++i) const Ref<Counted> another = copy;
      });
    }
  }
  EXPECT_TRUE(shared->unique());
  shared = nullptr;
  EXPECT_EQ(alive, 0);
}

TEST(FunctionRef, CallsWhatItBorrows) {
  int sum = 0;
  const auto add = [&](int value) {
    sum += value;
    return sum > 3;
  };
  const FunctionRef<bool(int)> call(add);
  EXPECT_FALSE(call(3));
  EXPECT_TRUE(call(1));
}

}  // namespace
}  // namespace wasifs
