// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "inspect/plan_report.h"
#include "planning.h"

namespace wasifs::plan {
namespace {

Manifest parse(std::string_view text) {
  Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  if (!manifest) {
    ADD_FAILURE() << manifest.error().text();
    return {};
  }
  return *std::move(manifest);
}

std::string parse_error(std::string_view text) {
  const Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  return manifest ? "no error" : manifest.error().text();
}

/// `name=json` of each.
Strings shown(const std::vector<Capability>& capabilities) {
  Strings out;
  for (const Capability& one : capabilities) out.push_back(one.name + "=" + one.json);
  return out;
}

TEST(Capabilities, AbsentLimitsNothing) {
  const Manifest manifest = parse("manifest-version = 1\n");
  EXPECT_EQ(manifest.capabilities.fs, FsLimits{});
  EXPECT_TRUE(manifest.capabilities.others.empty());
}

TEST(Capabilities, FsTakesSizesWithUnitsCountsAndSwitches) {
  const Manifest manifest = parse(
      "[capabilities.fs]\nmax-bytes = \"2MiB\"\nmax-inodes = 100\nmax-file-size = \"1KiB\"\nmax-open = 7\n"
      "special-files = false\n");
  const FsLimits wanted{.max_bytes = 2U << 20U,
                        .max_inodes = 100,
                        .max_file_size = 1024,
                        .max_open = 7,
                        .special_files = false};
  EXPECT_EQ(manifest.capabilities.fs, wanted);
  EXPECT_EQ(plan("[capabilities.fs]\nmax-open = 7\n").limits.max_open, 7U);
}

TEST(Capabilities, OthersArePassedOnInTheOrderOfTheDocument) {
  const Plan planned = plan(
      "[capabilities]\nthreading = true\nmax-sock-recv-size = \"16MiB\"\ninsecure-allow-all = false\n"
      "[capabilities.http-client]\nallowed-hosts = [\"a.example\", \"b \\\"c\\\"\"]\nallow-all = false\n"
      "[capabilities.polling]\nmax-poll-subscriptions = 1024\n");
  EXPECT_EQ(shown(planned.run.capabilities),
            (Strings{"threading=true", "max-sock-recv-size=16777216", "insecure-allow-all=false",
                     "http-client.allowed-hosts=[\"a.example\",\"b \\\"c\\\"\"]",
                     "http-client.allow-all=false", "polling.max-poll-subscriptions=1024"}));
  EXPECT_EQ(planned.run.capabilities[0].where.line, 2U);
  EXPECT_EQ(planned.run.capabilities[4].where.line, 7U);
}

TEST(Capabilities, ThreadingAndHttpClientAreSwitchesOrTables) {
  EXPECT_EQ(shown(parse("[capabilities]\nthreading = false\nhttp-client = true\n").capabilities.others),
            (Strings{"threading=false", "http-client=true"}));
  EXPECT_EQ(
      shown(parse("[capabilities]\nthreading = { max-threads = 4, enable-asynchronous-threading = true, "
                  "enable-deep-sleep = false, enable-exponential-cpu-backoff = \"2s\", "
                  "enable-blocking-sleep = true }\n")
                .capabilities.others),
      (Strings{"threading.max-threads=4", "threading.enable-asynchronous-threading=true",
               "threading.enable-deep-sleep=false", "threading.enable-exponential-cpu-backoff=2000",
               "threading.enable-blocking-sleep=true"}));
  EXPECT_EQ(
      shown(parse("capabilities.threading.enable-exponential-cpu-backoff = \"50ms\"\n").capabilities.others),
      (Strings{"threading.enable-exponential-cpu-backoff=50"}));
}

TEST(Capabilities, TheTighterOfRootAndCapabilitiesIsInForce) {
  const Plan root_first = plan(
      "[root]\nmemory-limit = 100\ninode-limit = 10\n[capabilities.fs]\nmax-bytes = 200\nmax-inodes = 20\n");
  EXPECT_EQ(root_first.memory_limit, 100U);
  EXPECT_EQ(root_first.inode_limit, 10U);
  const Plan capability_first = plan(
      "[root]\nmemory-limit = 300\ninode-limit = 30\n[capabilities.fs]\nmax-bytes = 200\nmax-inodes = 20\n");
  EXPECT_EQ(capability_first.memory_limit, 200U);
  EXPECT_EQ(capability_first.inode_limit, 20U);
  const Plan alone = plan("[capabilities.fs]\nmax-bytes = 5\nmax-inodes = 6\n");
  EXPECT_EQ(alone.memory_limit, 5U);
  EXPECT_EQ(alone.inode_limit, 6U);
}

TEST(Capabilities, LimitsAreShownByThePlan) {
  const Plan planned = plan(
      "[capabilities.fs]\nmax-bytes = 9\nmax-inodes = 90\nmax-file-size = 8\nmax-open = 7\n"
      "special-files = false\n");
  EXPECT_EQ(render_plan(planned),
            "plan of \"site.toml\"\nmemory limit: 9 bytes\ninode limit: 90\nfile size limit: 8 bytes\n"
            "open files limit: 7\nspecial files: none can be made\n/  cow, from root\n  upper base root\n");
  EXPECT_NE(plan_json(planned).find("\"max_file_size\":8,\"max_open\":7,\"special_files\":false"),
            std::string::npos);
  EXPECT_NE(plan_json(plan("")).find("\"max_file_size\":null,\"max_open\":null,\"special_files\":true"),
            std::string::npos);
}

struct BadCase {
  const char* name;
  const char* text;
  const char* error;
};
class CapabilitiesError : public testing::TestWithParam<BadCase> {};

TEST_P(CapabilitiesError, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(parse_error(GetParam().text), GetParam().error);
}

const BadCase kBad[] = {
    {"Section", "capabilities = 1\n",
     "site.toml:1:16: error: [capabilities] must be a table, not an integer"},
    {"Fs", "[capabilities]\nfs = true\n",
     "site.toml:2:6: error: [capabilities.fs] must be a table, not a boolean"},
    {"FsKey", "[capabilities.fs]\nmax-filesize = 1\n",
     "site.toml:2:1: error: unknown key \"max-filesize\" in [capabilities.fs]\nhint: did you mean "
     "\"max-file-size\"?"},
    {"Key", "[capabilities]\nthreads = true\n",
     "site.toml:2:1: error: unknown key \"threads\" in [capabilities]\nhint: did you mean \"threading\"?"},
    {"InnerKey", "[capabilities.threading]\nmax-thread = 2\n",
     "site.toml:2:1: error: unknown key \"max-thread\" in [capabilities.threading]\nhint: did you mean "
     "\"max-threads\"?"},
    {"Unit", "[capabilities.fs]\nmax-bytes = \"1QB\"\n",
     "site.toml:2:13: error: \"max-bytes\": \"1QB\" is not a size\nhint: a size is a whole number of bytes, "
     "or one with a unit: KiB, MiB, GiB, TiB, KB, MB, GB"},
    {"Negative", "[capabilities.fs]\nmax-open = -1\n",
     "site.toml:2:12: error: \"max-open\" must not be negative"},
    {"Switch", "[capabilities.fs]\nspecial-files = 0\n",
     "site.toml:2:17: error: \"special-files\" must be true or false, not an integer"},
    {"ThreadingType", "[capabilities]\nthreading = 4\n",
     "site.toml:2:13: error: \"threading\" must be true, false or a table, not an integer"},
    {"PollingType", "[capabilities]\npolling = true\n",
     "site.toml:2:11: error: \"polling\" must be a table, not a boolean"},
    {"PlainType", "[capabilities]\ninsecure-allow-all = {}\n",
     "site.toml:2:22: error: \"insecure-allow-all\" must be true or false, not a table"},
    {"Period", "[capabilities.threading]\nenable-exponential-cpu-backoff = \"2 h\"\n",
     "site.toml:2:34: error: \"enable-exponential-cpu-backoff\": \"2 h\" is not a period\nhint: a period is "
     "a "
     "whole number with a unit: ms or s"},
    {"PeriodOverflow",
     "[capabilities.threading]\nenable-exponential-cpu-backoff = \"18446744073709551615s\"\n",
     "site.toml:2:34: error: \"enable-exponential-cpu-backoff\": \"18446744073709551615s\" is not a "
     "period\nhint: a period is a whole number with a unit: ms or s"},
    {"Hosts", "[capabilities.http-client]\nallowed-hosts = \"a\"\n",
     "site.toml:2:17: error: \"allowed-hosts\" must be an array, not a string"},
    {"Host", "[capabilities.http-client]\nallowed-hosts = [\"a\", 1]\n",
     "site.toml:2:23: error: each of \"allowed-hosts\" must be a string, not an integer"},
    {"EmptyHost", "[capabilities.http-client]\nallowed-hosts = [\"\"]\n",
     "site.toml:2:18: error: \"allowed-hosts\" must not be empty"},
};
INSTANTIATE_TEST_SUITE_P(Bad, CapabilitiesError, testing::ValuesIn(kBad),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace wasifs::plan
