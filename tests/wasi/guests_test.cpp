// SPDX-License-Identifier: Apache-2.0
// The C programs in guests/, each on every kind of root, in wabt's interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "cli/guest.h"
#include "support/fixtures.h"
#include "support/fuse_mount.h"
#include "wasi/root_kinds.h"
#include "wasi/sdk.h"
#include "wasifs/wasi.h"

namespace wasifs {
namespace {

using test::RootKind;

std::vector<std::string> guest_names() {
  std::vector<std::string> names;
  std::istringstream list(WASIFS_GUEST_NAMES);
  for (std::string name; std::getline(list, name, ' ');) names.push_back(name);
  return names;
}

using Case = std::tuple<std::string, RootKind>;

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return std::get<0>(info.param) + "_on_" + name_of(std::get<1>(info.param));
}

class Guests : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (const std::string why = test::no_guests(); !why.empty()) GTEST_SKIP() << why;
  }
};

wasi::ContextOptions options_of(const std::string& guest, std::string& out, std::string& err) {
  wasi::ContextOptions options;
  options.args = {guest + ".wasm"};
  if (guest == "arguments") {
    options.args.insert(options.args.end(), {"two words", ""});
    options.env = {"A=1", "EMPTY="};
  }
  options.preopens = {{.alias = "/", .path = "/", .rights = {.read = true, .write = true, .create = true}}};
  options.stdio = {wasi::stream_of_bytes("in"), wasi::stream_to_bytes(&out), wasi::stream_to_bytes(&err)};
  if (guest.find("wasix") != std::string::npos) {
    options.paths = wasi::PathPolicy::wasix;
    options.layout = wasi::Layout::wasmer;
  }
  return options;
}

TEST_P(Guests, FindsWhatItExpects) {
  const auto& [name, kind] = GetParam();
  const test::TempDir dir;
  const PreparedRoot root = test::make_root(kind, dir);
  std::string out;
  std::string err;
  auto context = wasi::Context::create(root.tree, options_of(name, out, err));
  ASSERT_TRUE(context) << context.error().text();
  const cli::Program program{.name = name, .bytes = test::read_file(test::guest_file(name, ".wasm"))};
  const engine::Ended ended = cli::run_guest(program, "_start", **context);
  EXPECT_NE(ended.how, engine::Ended::How::trapped) << ended.message;
  const bool exits = name == "exit";
  EXPECT_EQ(ended.exit_code, exits ? 42U : 0U) << out << err;
  if (exits) {
    EXPECT_EQ(out, "last words\n");
    EXPECT_TRUE(root.tree->resolve("/before-exit"));
    EXPECT_EQ(dir.exists("root/before-exit"), kind == RootKind::host) << "where it was written to";
  }
  EXPECT_EQ(err, "");
}

INSTANTIATE_TEST_SUITE_P(All, Guests,
                         testing::Combine(testing::ValuesIn(guest_names()),
                                          testing::ValuesIn(test::kRootKinds)),
                         case_name);

/// What the guests' own code imports, without what the C library does: MODULE.NAME each.
std::set<std::string> imports_of(const std::string& object) {
  const test::Finished dump = test::run_program({WASIFS_WASM_OBJDUMP, "-x", object});
  std::set<std::string> imports;
  std::istringstream lines(dump.out);
  constexpr std::string_view kArrow = " <- ";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t arrow = line.find(kArrow);
    if (arrow != std::string::npos && line.find("func[") != std::string::npos) {
      imports.insert(line.substr(arrow + kArrow.size()));
    }
  }
  return imports;
}

TEST(GuestCoverage, EveryFunctionIsCalled) {
  if (const std::string why = test::no_guests(); !why.empty()) GTEST_SKIP() << why;
  std::set<std::string> called;
  for (const std::string& name : guest_names()) called.merge(imports_of(test::guest_file(name, ".o")));
  for (const wasi::Function& function : wasi::functions(wasi::Abi::preview1)) {
    EXPECT_TRUE(called.contains("wasi_snapshot_preview1." + std::string(function.name))) << function.name;
  }
  // What wasix has beside preview1.
  for (const wasi::Function& function : wasi::functions(wasi::Abi::wasix)) {
    if (wasi::find_function(wasi::Abi::preview1, function.name)) continue;
    EXPECT_TRUE(called.contains("wasix_32v1." + std::string(function.name))) << function.name;
  }
  // Where wasi_unstable differs from preview1.
  for (const char* name : {"fd_seek", "fd_filestat_get", "path_filestat_get", "poll_oneoff"}) {
    EXPECT_TRUE(called.contains("wasi_unstable." + std::string(name))) << name;
  }
}

}  // namespace
}  // namespace wasifs
