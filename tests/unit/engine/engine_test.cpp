// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "support/wat.h"

namespace wasifs::engine {
namespace {

using test::assemble;
using How = Ended::How;

/// Has "host.call" (i32, i64) -> i32, "host.exit" (i32) -> nothing and "host.plain"
/// () -> i32, and remembers what it was called with.
class RecordingHost final : public Host {
 public:
  struct Call {
    std::size_t index;
    std::vector<std::uint64_t> args;
    std::size_t memory_size;
  };

  [[nodiscard]] std::optional<HostFunction> find(std::string_view module,
                                                 std::string_view name) const override {
    if (module != "host") return std::nullopt;
    if (name == "call") return make(0, "iI", true);
    if (name == "exit") return make(1, "i", false);
    if (name == "plain") return make(2, "", true);
    return std::nullopt;
  }

  HostResult call(const HostFunction& function, void* memory, std::size_t size, const std::uint64_t* args,
                  std::size_t count) override {
    calls.push_back({function.index, {args, args + count}, size});
    if (size >= 4) std::memcpy(memory, "wxyz", 4);
    HostResult result;
    result.value = answer;
    if (function.index == 1) result.exit_code = static_cast<std::uint32_t>(args[0]);
    return result;
  }

  std::vector<Call> calls;
  std::uint32_t answer = 0;

 private:
  static HostFunction make(std::size_t index, std::string_view params, bool returns) {
    HostFunction function;
    function.index = index;
    function.params = params;
    function.returns = returns;
    return function;
  }
};

class Engine : public testing::Test {
 protected:
  void SetUp() override { WASIFS_NEED_ENGINE(); }
  Ended run(std::string_view wat, const std::string& entry = "_start") {
    return engine::run(assemble(wat), entry, host_);
  }

  RecordingHost host_;
};

TEST_F(Engine, PassesArgumentsAndResultsThrough) {
  host_.answer = 0xffff'fffe;
  const Ended ended = run(R"((module
    (import "host" "call" (func $call (param i32 i64) (result i32)))
    (memory 1)
    (func (export "_start")
      (if (i32.ne (call $call (i32.const -1) (i64.const -2)) (i32.const -2)) (then unreachable)))))");
  EXPECT_EQ(ended.how, How::returned) << ended.message;
  ASSERT_EQ(host_.calls.size(), 1U);
  // An i32 comes zero-extended.
  EXPECT_EQ(host_.calls[0].args, (std::vector<std::uint64_t>{0xffff'ffffU, 0xffff'ffff'ffff'fffeU}));
  EXPECT_EQ(host_.calls[0].memory_size, 65536U);
}

TEST_F(Engine, FindsTheMemoryWhereItIsAfterItGrew) {
  const Ended ended = run(R"((module
    (import "host" "plain" (func $plain (result i32)))
    (memory 1)
    (func (export "_start")
      (drop (call $plain))
      (drop (memory.grow (i32.const 600)))
      (i32.store (i32.const 0) (i32.const 0))
      (drop (call $plain))
      (if (i32.ne (i32.load8_u (i32.const 0)) (i32.const 119)) (then unreachable)))))");
  EXPECT_EQ(ended.how, How::returned) << ended.message;
  ASSERT_EQ(host_.calls.size(), 2U);
  EXPECT_EQ(host_.calls[0].memory_size, 65536U);
  EXPECT_EQ(host_.calls[1].memory_size, 601U * 65536U);
}

TEST_F(Engine, ServesAModuleWithoutMemory) {
  const Ended ended = run(R"((module
    (import "host" "plain" (func $plain (result i32)))
    (func (export "_start") (drop (call $plain)))))");
  EXPECT_EQ(ended.how, How::returned);
  ASSERT_EQ(host_.calls.size(), 1U);
  EXPECT_EQ(host_.calls[0].memory_size, 0U);
}

TEST_F(Engine, GivesAModuleTheMemoryThatItImports) {
  for (const char* memory : {"2", "2 4 shared"}) {
    host_.calls.clear();
    const Ended ended = run(R"((module
      (import "host" "plain" (func $plain (result i32)))
      (import "env" "memory" (memory )" +
                            std::string(memory) + R"())
      (func (export "_start") (drop (call $plain)))))");
    EXPECT_EQ(ended.how, How::returned) << ended.message;
    ASSERT_EQ(host_.calls.size(), 1U);
    EXPECT_EQ(host_.calls[0].memory_size, 2U * 65536U);
  }
}

TEST_F(Engine, EndsAGuestThatExits) {
  const Ended ended = run(R"((module
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "plain" (func $plain (result i32)))
    (func (export "_start") (call $exit (i32.const 7)) (drop (call $plain)))))");
  EXPECT_EQ(ended.how, How::exited);
  EXPECT_EQ(ended.exit_code, 7U);
  EXPECT_EQ(host_.calls.size(), 1U) << "the guest went on";
}

TEST_F(Engine, ExitsFromAStartFunctionToo) {
  const Ended ended = run(R"((module
    (import "host" "exit" (func $exit (param i32)))
    (memory 1)
    (func $first (call $exit (i32.const 0)))
    (start $first)
    (func (export "_start") unreachable)))");
  EXPECT_EQ(ended.how, How::exited);
  EXPECT_EQ(host_.calls.at(0).memory_size, 65536U);
}

TEST_F(Engine, InitialisesAReactorBeforeItsEntry) {
  host_.answer = 1;
  const Ended ended = run(R"((module
    (import "host" "plain" (func $plain (result i32)))
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $ready (call $plain)))
    (func (export "go") (if (i32.eqz (global.get $ready)) (then unreachable)))))",
                          "go");
  EXPECT_EQ(ended.how, How::returned) << ended.message;
}

TEST_F(Engine, TellsOfATrap) {
  const Ended ended = run(R"((module (func (export "_start") unreachable)))");
  EXPECT_EQ(ended.how, How::trapped);
  EXPECT_EQ(ended.message, "unreachable executed");
}

TEST_F(Engine, StopsEndlessRecursion) {
  const Ended ended = run(R"((module (func $f (export "_start") (call $f))))");
  EXPECT_EQ(ended.how, How::trapped);
  EXPECT_EQ(ended.message, "call stack exhausted");
}

TEST_F(Engine, ListsEveryImportThatIsMissing) {
  const Ended ended = run(R"((module
    (import "host" "call" (func (param i32 i64) (result i32)))
    (import "host" "none" (func))
    (import "other" "f" (func))
    (import "other" "g" (global i32))
    (func (export "_start"))))");
  EXPECT_EQ(ended.how, How::imports);
  EXPECT_EQ(ended.names, (std::vector<std::string>{"host.none", "other.f", "other.g"}));
}

TEST_F(Engine, RefusesAnImportOfAnotherSignature) {
  const Ended ended = run(R"((module
    (import "host" "call" (func (param i32) (result i32)))
    (func (export "_start"))))");
  EXPECT_EQ(ended.how, How::imports);
  ASSERT_EQ(ended.names.size(), 1U);
  EXPECT_TRUE(ended.names[0].ends_with(" (of another type)")) << ended.names[0];
}

TEST_F(Engine, ListsTheExportsOfAModuleWithoutTheEntry) {
  const Ended ended =
      run(R"((module (memory (export "memory") 1) (func (export "main")) (func (export "f"))))");
  EXPECT_EQ(ended.how, How::no_entry);
  EXPECT_EQ(ended.names, (std::vector<std::string>{"main", "f"}));
}

TEST_F(Engine, RefusesAnEntryThatTakesArguments) {
  EXPECT_EQ(run(R"((module (func (export "_start") (param i32))))").how, How::bad_entry);
  const Ended hostile =
      run(R"((module (func (export "_start")) (func (export "_initialize") (param i32 i64 i64))))");
  EXPECT_EQ(hostile.how, How::bad_entry);
  EXPECT_EQ(hostile.message, "_initialize");
}

TEST_F(Engine, RefusesWhatIsNoModule) {
  EXPECT_EQ(engine::run("#!/bin/sh\n", "_start", host_).how, How::not_wasm);
  EXPECT_EQ(engine::run("", "_start", host_).how, How::not_wasm);
  const std::string good = assemble(R"((module (func (export "_start"))))");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Ended ended = engine::run(std::string_view(good).substr(0, size), "_start", host_);
    // A module that ends between two sections is a smaller one.
    EXPECT_NE(ended.how, How::returned) << size;
    EXPECT_NE(ended.how, How::trapped) << size;
  }
}

}  // namespace
}  // namespace wasifs::engine
