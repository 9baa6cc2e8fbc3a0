// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/fixtures.h"
#include "transcript.h"

namespace wasifs::test {
namespace {

constexpr const char* kCases = WASIFS_TEST_DATA "/compositions";

std::vector<std::string> case_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    files.push_back(entry.path().filename().string());
  }
  std::ranges::sort(files);
  return files;
}

/// The name of a test: that of the file, with what GoogleTest does not take as '_'.
std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

bool updating() {
  const char* const update = std::getenv("WASIFS_UPDATE_CASES");
  return update != nullptr && std::string_view(update) == "1";
}

class Compositions : public testing::TestWithParam<std::string> {};

TEST_P(Compositions, Case) {
  const std::string path = std::string(kCases) + "/" + GetParam();
  ASSERT_TRUE(path.ends_with(".txt")) << path << " is no case: a case is a file NAME.txt";
  const std::string text = read_file(path);
  TranscriptResult result;
  try {
    result = run_transcript(text, GetParam());
  } catch (const TranscriptError& error) {
    FAIL() << error.what();
  }
  if (updating() && result.actual != text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << result.actual;
    FAIL() << GetParam() << " was rewritten with what was printed: read the difference, then run it again";
  }
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
}

INSTANTIATE_TEST_SUITE_P(Files, Compositions, testing::ValuesIn(case_files()), test_name);

}  // namespace
}  // namespace wasifs::test
