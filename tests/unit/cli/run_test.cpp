// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli_runner.h"
#include "engine/engine.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"
#include "support/wat.h"
#include "support/webc_writer.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::assemble;
using test::Ran;
using test::run_cli;

/// Prints its arguments, one a line, and ends with the number of them.
const std::string kArguments = R"((module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.const 4096))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
    (call $exit (i32.load (i32.const 0))))))";

/// Opens the path that its data segment has, as a directory's file, and ends with the errno.
std::string opens(const std::string& path) {
  return R"((module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ")" +
         path + R"(")
  (func (export "_start")
    (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const )" +
         std::to_string(path.size()) + R"() (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
      (i32.const 0))))))";
}

std::string exits(const std::string& code) {
  return R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const )" +
         code + "))))";
}

/// A package with commands of these names, each with a program of that text.
std::string package(const std::vector<std::pair<std::string, std::string>>& commands,
                    const std::string& entrypoint = "") {
  test::WebcSpec spec;
  spec.manifest = {
      {"package", {{"wapm", {{"name", "test/tools"}, {"version", "1.0.0"}, {"description", ""}}}}}};
  if (!entrypoint.empty()) spec.manifest["entrypoint"] = entrypoint;
  for (const auto& [name, wat] : commands) {
    spec.atoms[name] = assemble(wat);
    spec.manifest["commands"][name] = {{"runner", "https://webc.org/runner/wasi"},
                                       {"annotations", {{"wasi", {{"atom", name}}}}}};
  }
  return test::write_webc(spec);
}

class Run : public testing::Test {
 protected:
  void SetUp() override { WASIFS_NEED_ENGINE(); }
  [[nodiscard]] std::string program(const std::string& name, const std::string& wat) const {
    dir_.write_file(name, assemble(wat));
    return dir_ / name;
  }
  [[nodiscard]] std::string empty_root() const {
    dir_.make_dirs("root");
    return dir_ / "root";
  }
  [[nodiscard]] std::string tools(const std::string& entrypoint = "") const {
    dir_.write_file("tools.webc", package({{"args", kArguments}, {"fail", exits("3")}}, entrypoint));
    return dir_ / "tools.webc";
  }

  test::TempDir dir_;
};

TEST_F(Run, RunsTheDefaultCommandWithItsArguments) {
  const Ran ran = run_cli({"run", tools("args"), "--", "one", "--two"});
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, std::string("args\0one\0--two\0", 15));
  EXPECT_EQ(ran.status, 3);
}

TEST_F(Run, RunsTheCommandThatIsNamed) {
  EXPECT_EQ(run_cli({"run", tools("args"), "fail"}).status, 3);
  EXPECT_EQ(run_cli({"run", tools("fail"), "args", "--", "x"}).out, std::string("args\0x\0", 7));
}

TEST_F(Run, RunsAFileOfTheHost) {
  const std::string file = program("prog.wasm", kArguments);
  const Ran ran = run_cli({"run", empty_root(), file, "--", "x"});
  EXPECT_EQ(ran.out, std::string("prog.wasm\0x\0", 12));
  // The package's own command has no part in it.
  EXPECT_EQ(run_cli({"run", tools("args"), file}).out, std::string("prog.wasm\0", 10));
}

TEST_F(Run, GivesTheExitStatusOfTheGuest) {
  for (const auto& [code, status] : {std::pair("0", 0), {"1", 1}, {"255", 255}, {"256", 255}, {"-1", 255}}) {
    EXPECT_EQ(run_cli({"run", empty_root(), program("exit.wasm", exits(code))}).status, status) << code;
  }
  const std::string returns = program("return.wasm", R"((module (func (export "_start"))))");
  EXPECT_EQ(run_cli({"run", empty_root(), returns}).status, 0);
}

TEST_F(Run, TellsOfATrap) {
  const std::string file = program("trap.wasm", R"((module (func (export "_start") unreachable)))");
  const Ran ran = run_cli({"run", empty_root(), file});
  EXPECT_EQ(ran.status, 134);
  EXPECT_EQ(ran.err, "error: program \"" + file + "\": it trapped: unreachable executed\n");
}

TEST_F(Run, TakesPathsAsThePolicySays) {
  dir_.write_file("root/file", "x");
  const std::string file = program("open.wasm", opens("/file"));
  EXPECT_EQ(run_cli({"run", dir_ / "root", file}).status, 0);
  EXPECT_EQ(run_cli({"run", dir_ / "root", file, "--paths", "wasix"}).status, 0);
  EXPECT_EQ(run_cli({"run", dir_ / "root", file, "--paths=strict"}).status, 76);  // notcapable
  const Ran ran = run_cli({"run", dir_ / "root", file, "--paths", "posix"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: run: --paths: \"posix\" is none of strict, wasix\nhint: see \"wasifs run --help\"\n");
}

TEST_F(Run, TracesEachCall) {
  dir_.write_file("root/file", "x");
  const std::string file = program("open.wasm", opens("/file"));
  const Ran ran = run_cli({"run", dir_ / "root", "--trace", file});
  EXPECT_EQ(ran.status, 0);
  std::istringstream lines(ran.err);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  json call = json::parse(line);
  EXPECT_GT(call["nanoseconds"], 0);
  call.erase("nanoseconds");
  EXPECT_EQ(call, json::parse(R"({"module": "wasi_snapshot_preview1", "function": "path_open",
    "args": {"fd": 3, "dirflags": 0, "path": 16, "path_len": 5, "oflags": 0, "rights_base": 2,
             "rights_inheriting": 0, "fdflags": 0, "fd_out": 0},
    "path": "/file", "result": "success"})"));
  ASSERT_TRUE(std::getline(lines, line));
  call = json::parse(line);
  EXPECT_EQ(call["function"], "proc_exit");
  EXPECT_EQ(call["exit_code"], 0);
  EXPECT_FALSE(call.contains("result"));
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(Run, TracesIntoAFileAndAnyBytes) {
  const std::string file = program("open.wasm", opens("\\ff"));
  // The text of the path has three letters, so two zeros follow: a NUL is refused.
  const std::string trace = dir_ / "trace.jsonl";
  const Ran ran = run_cli({"run", empty_root(), "--trace=" + trace, file});
  EXPECT_EQ(ran.err, "");
  const std::string text = dir_.read_file("trace.jsonl");
  const json call = json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(call["path_base64"], "/wAA");
  EXPECT_EQ(call["result"], "inval");
  const Ran refused = run_cli({"run", empty_root(), "--trace=" + (dir_ / "none/trace"), file});
  EXPECT_EQ(refused.status, 6);
  EXPECT_EQ(refused.err, "error: --trace \"" + (dir_ / "none/trace") + "\": No such file or directory\n");
}

TEST_F(Run, WithoutACommandSaysWhatCouldBeRun) {
  const std::string several = tools();
  const Ran ran = run_cli({"run", several});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: run: \"" + several +
                "\" has several commands and none is the default\nhint: name one of \"args\", \"fail\"\n");
  const Ran none = run_cli({"run", empty_root()});
  EXPECT_EQ(none.status, 2);
  EXPECT_EQ(none.err, "error: run: \"" + (dir_ / "root") +
                          "\" has no command that could be run\n"
                          "hint: name a WebAssembly file of the host: wasifs run SOURCE FILE.wasm\n");
}

TEST_F(Run, OfAnUnknownCommandSuggestsTheNearest) {
  const std::string source = tools("args");
  const Ran ran = run_cli({"run", source, "arg"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: package \"" + source +
                         "\" has no command \"arg\"\n"
                         "hint: its commands are \"args\" and \"fail\"; did you mean \"args\"?\n");
  const Ran none = run_cli({"run", empty_root(), "args"});
  EXPECT_EQ(none.status, 2);
  EXPECT_EQ(none.err,
            "error: command \"args\": there is no package that is run\n"
            "hint: a manifest names the package in [container]\n");
}

TEST_F(Run, RefusesWhatIsNoProgram) {
  dir_.write_file("text.wasm", "#!/bin/sh\n");
  const Ran ran = run_cli({"run", empty_root(), dir_ / "text.wasm"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err,
            "error: program \"" + (dir_ / "text.wasm") +
                "\": it is no WebAssembly program: it does not begin as a WebAssembly module does\n");
  const Ran missing = run_cli({"run", empty_root(), dir_ / "none.wasm"});
  EXPECT_EQ(missing.status, 6);
  const std::string hint = "hint: with a slash or \".wasm\" it is a file of the host, not of the tree\n";
  EXPECT_EQ(missing.err,
            "error: program \"" + (dir_ / "none.wasm") + "\": No such file or directory\n" + hint);
  const Ran directory = run_cli({"run", empty_root(), dir_ / "root"});
  EXPECT_EQ(directory.status, 6);
  EXPECT_EQ(directory.err, "error: program \"" + (dir_ / "root") + "\": Is a directory\n" + hint);
}

TEST_F(Run, SaysWhereTheArgumentsOfTheGuestGo) {
  const Ran ran = run_cli({"run", empty_root(), "prog.wasm", "argument"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: run: unexpected argument \"argument\"\n"
            "hint: the arguments of the guest come behind \"--\"\n");
}

TEST_F(Run, SaysWhereATraceIsNotWhole) {
  const std::string file = program("exits.wasm", exits("3"));
  const Ran ran = run_cli({"run", empty_root(), file, "--trace=/dev/full"});
  EXPECT_EQ(ran.status, 3) << "the guest's";
  EXPECT_EQ(ran.err, "error: --trace \"/dev/full\": it could not be written, and is not whole\n");
}

TEST_F(Run, IsEndedBySigpipeAsAnyProgram) {
  // It never looks at the error of a write.
  const std::string file = program("yes.wasm", R"((module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\02\00\00\00y\n")
    (func (export "_start")
      (loop $again
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
        (br $again)))))");
  const test::Finished ran = test::run_program(
      {"bash", "-c", "timeout 60 \"$0\" run \"$1\" \"$2\" | head -n 1; exit ${PIPESTATUS[0]}", WASIFS_PROGRAM,
       empty_root(), file});
  EXPECT_EQ(ran.out, "y\n");
  EXPECT_EQ(ran.status, 128 + SIGPIPE);
}

TEST_F(Run, ListsEveryImportThatIsMissing) {
  const std::string file = program("imports.wasm", R"((module
    (import "wasix_32v1" "futex_wait" (func (param i32)))
    (import "env" "f" (func))
    (func (export "_start"))))");
  const Ran ran = run_cli({"run", empty_root(), file});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "error: program \"" + file +
                         "\": it imports what wasifs does not serve: wasix_32v1.futex_wait, env.f\n"
                         "hint: wasi_snapshot_preview1, wasi_unstable and the file-system part of wasix_32v1 "
                         "are served; threads, processes and sockets are not\n");
}

TEST_F(Run, SuggestsAnEntryFunction) {
  const std::string file = program("main.wasm", R"((module (func (export "start")) (func (export "f"))))");
  const Ran near = run_cli({"run", empty_root(), file});
  EXPECT_EQ(near.status, 6);
  EXPECT_EQ(near.err, "error: program \"" + file +
                          "\": it has no function \"_start\" to start with\nhint: did you mean \"start\"?\n");
  const std::string other = program("other.wasm", R"((module (func (export "go")) (func (export "f"))))");
  EXPECT_EQ(run_cli({"run", empty_root(), other}).err,
            "error: program \"" + other +
                "\": it has no function \"_start\" to start with\nhint: it exports \"go\", \"f\"\n");
}

TEST(RunWithoutAnEngine, SaysWhatToInstall) {
  if (!engine::engine_name().empty()) GTEST_SKIP() << "this build has an engine";
  const Ran ran = run_cli({"run", "/", "x.wasm"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("apt-get install wabt"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace wasifs
