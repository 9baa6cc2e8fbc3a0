// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "package_text.h"
#include "root_operations.h"
#include "support/temp_dir.h"
#include "transcript.h"
#include "unit/cli/cli_runner.h"

extern char** environ;

namespace wasifs::test {

namespace {

using Kind = TranscriptItem::Kind;
using Lines = std::vector<std::string>;

constexpr std::string_view kFolderWord = "$DIR";
constexpr std::int64_t kDefaultTime = 1'000'000'000;
constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// The process in `folder`, with no environment, until the end of the scope.
class Isolation {
 public:
  explicit Isolation(const std::string& folder) : before_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (before_ < 0 || ::chdir(folder.c_str()) != 0) throw_errno("chdir " + folder);
    for (char** variable = environ; *variable != nullptr; ++variable) environment_.emplace_back(*variable);
    ::clearenv();
  }
  Isolation(const Isolation&) = delete;
  Isolation& operator=(const Isolation&) = delete;
  ~Isolation() {
    ::clearenv();
    for (const std::string& variable : environment_) set(variable);
    static_cast<void>(::fchdir(before_));
    ::close(before_);
  }

  /// NAME=VALUE.
  static void set(const std::string& variable) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }

 private:
  int before_;
  Lines environment_;
};

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == equals;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// `text` with what no text file should hold as \xNN.
std::string printable(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f;
    if ((control && c != '\t') || (byte >= 0x80 && !utf8)) {
      out.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
    } else {
      out += c;
    }
  }
  return out;
}

/// What has been made in the folder, so that it can be given its times when nothing
/// changes directories any more.
class Sections {
 public:
  Sections(const TempDir& folder, const Transcript& transcript) : folder_(folder), transcript_(transcript) {}

  void make(const TranscriptItem& item) {
    const std::string& kind = item.words[0];
    if (kind == "link") return make_link(item);
    if (item.words.size() < 2) transcript_.fail(item, "a section names what it makes");
    const Attributes attributes = read_attributes(item, 2);
    const std::string& path = checked(item, item.words[1]);
    if (kind != "file" && attributes.text) transcript_.fail(item, "text= is for a file");
    make_parents(path);
    if (kind == "file") {
      write(path, content_of(item, attributes), attributes.mode.value_or(kFileMode));
    } else if (kind == "package") {
      write(path, package_of(item), attributes.mode.value_or(kFileMode));
    } else if (kind == "dir") {
      want_no_body(item);
      make_directory(path, attributes.mode.value_or(kDirectoryMode));
    } else {
      transcript_.fail(item, "unknown section " + kind);
    }
    times_.emplace_back(path, attributes.mtime.value_or(kDefaultTime));
  }

  /// Backwards: what is in a directory comes after it.
  void set_times() {
    for (auto at = times_.rbegin(); at != times_.rend(); ++at) {
      const timespec time{.tv_sec = at->second, .tv_nsec = 0};
      const std::array<timespec, 2> both{time, time};
      if (::utimensat(AT_FDCWD, (folder_ / at->first).c_str(), both.data(), AT_SYMLINK_NOFOLLOW) != 0) {
        throw_errno("utimensat " + at->first);
      }
    }
    times_.clear();
  }

 private:
  struct Attributes {
    std::optional<mode_t> mode;
    std::optional<std::int64_t> mtime;
    std::optional<std::string> text;
  };

  template <class T>
  T number(const TranscriptItem& item, std::string_view word, int base) const {
    T value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc() || end != word.data() + word.size()) {
      transcript_.fail(item, std::string(word) + " is not a number");
    }
    return value;
  }

  Attributes read_attributes(const TranscriptItem& item, std::size_t first) const {
    Attributes attributes;
    for (std::size_t i = first; i < item.words.size(); ++i) {
      const std::string_view word = item.words[i];
      const std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
      if (word.starts_with("mode=")) {
        attributes.mode = number<mode_t>(item, value, 8);
      } else if (word.starts_with("mtime=")) {
        attributes.mtime = number<std::int64_t>(item, value, 10);
      } else if (word.starts_with("text=")) {
        attributes.text = value;
      } else {
        transcript_.fail(item, "unknown attribute " + item.words[i]);
      }
    }
    return attributes;
  }

  /// Nothing is to be made outside the folder.
  const std::string& checked(const TranscriptItem& item, const std::string& path) const {
    if (path.empty() || path.starts_with('/') || path.find("..") != std::string::npos) {
      transcript_.fail(item, path + " is no path in the case's folder");
    }
    return path;
  }

  void want_no_body(const TranscriptItem& item) const {
    if (!item.body.empty()) transcript_.fail(item, "this section has no content");
  }

  static std::string joined(const TranscriptItem& item) {
    std::string text;
    for (const std::string& line : item.body) text += line + "\n";
    return text;
  }

  std::string content_of(const TranscriptItem& item, const Attributes& attributes) const {
    if (!attributes.text) return joined(item);
    want_no_body(item);
    return *attributes.text;
  }

  std::string package_of(const TranscriptItem& item) const {
    try {
      return write_webc(read_package_text(joined(item)));
    } catch (const std::invalid_argument& error) {
      transcript_.fail(item, error.what());
    }
  }

  void make_link(const TranscriptItem& item) {
    if (item.words.size() != 4 || item.words[2] != "->") {
      transcript_.fail(item, "expected link PATH -> TARGET");
    }
    want_no_body(item);
    const std::string& path = checked(item, item.words[1]);
    make_parents(path);
    std::string target = item.words[3];
    replace_all(target, kFolderWord, folder_.string());
    folder_.make_symlink(path, target);
    times_.emplace_back(path, kDefaultTime);
  }

  void make_parents(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (folder_.exists(parent)) continue;
      make_directory(parent, kDirectoryMode);
      times_.emplace_back(parent, kDefaultTime);
    }
  }

  void make_directory(const std::string& path, mode_t mode) const {
    folder_.make_dirs(path);
    if (::chmod((folder_ / path).c_str(), mode) != 0) throw_errno("chmod " + path);
  }

  void write(const std::string& path, const std::string& content, mode_t mode) const {
    folder_.write_file(path, content, mode);
  }

  const TempDir& folder_;
  const Transcript& transcript_;
  std::vector<std::pair<std::string, std::int64_t>> times_;
};

/// Standard output as lines of a body.
void add_output(const std::string& text, Lines& out) {
  for (const std::string& line : split_lines(text)) {
    const bool marked = line.starts_with('!') || line.starts_with('=') || line.starts_with('\\');
    out.push_back(marked ? "\\" + line : line);
  }
  if (!text.empty() && !text.ends_with('\n')) out.push_back("\\ no newline");
}

/// The longest common subsequence of two outputs, as a difference to read.
class Difference {
 public:
  Difference(const Lines& expected, const Lines& actual) : expected_(expected), actual_(actual) {
    lengths_.assign(expected.size() + 1, std::vector<std::size_t>(actual.size() + 1));
    for (std::size_t i = expected.size(); i-- > 0;) {
      for (std::size_t k = actual.size(); k-- > 0;) {
        lengths_[i][k] = expected[i] == actual[k] ? lengths_[i + 1][k + 1] + 1
                                                  : std::max(lengths_[i + 1][k], lengths_[i][k + 1]);
      }
    }
  }

  /// "-" is what was expected, "+" what came; `first` is the line of expected[0].
  [[nodiscard]] std::string text(std::size_t first) const {
    std::string out;
    std::size_t i = 0;
    std::size_t k = 0;
    while (i < expected_.size() || k < actual_.size()) {
      const bool both = i < expected_.size() && k < actual_.size();
      if (both && expected_[i] == actual_[k]) {
        out += "    " + expected_[i] + "\n";
        ++i, ++k;
      } else if (i < expected_.size() && (!both || lengths_[i + 1][k] >= lengths_[i][k + 1])) {
        out += "  - " + expected_[i] + "    (line " + std::to_string(first + i) + ")\n";
        ++i;
      } else {
        out += "  + " + actual_[k++] + "\n";
      }
    }
    return out;
  }

 private:
  const Lines& expected_;
  const Lines& actual_;
  std::vector<std::vector<std::size_t>> lengths_;
};

class Runner {
 public:
  explicit Runner(const Transcript& transcript)
      : transcript_(transcript), sections_(folder_, transcript), root_(folder_.string()) {}

  TranscriptResult run() {
    const Isolation isolation(folder_.string());
    TranscriptResult result;
    std::vector<Lines> outputs;
    for (const TranscriptItem& item : transcript_.items) {
      if (item.kind == Kind::section) {
        sections_.make(item);
        continue;
      }
      sections_.set_times();
      Lines lines = item.kind == Kind::program ? run_program_step(item) : run_operation(item);
      for (std::string& line : lines) {
        replace_all(line, folder_.string(), kFolderWord);
        line = printable(line);
      }
      if (lines != item.body) result.problems.push_back(problem(item, lines));
      outputs.push_back(std::move(lines));
    }
    result.actual = transcript_.with_outputs(outputs);
    return result;
  }

 private:
  Lines with_folder(const TranscriptItem& item) const {
    Lines words = item.words;
    for (std::string& word : words) replace_all(word, kFolderWord, folder_.string());
    return words;
  }

  Lines run_program_step(const TranscriptItem& item) const {
    const Lines words = with_folder(item);
    const auto program = std::ranges::find_if_not(words, is_assignment);
    if (program == words.end() || *program != "wasifs") {
      transcript_.fail(item, "the only program here is wasifs");
    }
    ::clearenv();
    std::for_each(words.begin(), program, Isolation::set);
    const Ran ran = run_cli(Lines(program + 1, words.end()), {.environment = Lines(words.begin(), program)});
    ::clearenv();
    Lines lines;
    add_output(ran.out, lines);
    for (const std::string& line : split_lines(ran.err)) lines.push_back("! " + line);
    if (ran.status != 0) lines.push_back("= " + std::to_string(ran.status));
    return lines;
  }

  Lines run_operation(const TranscriptItem& item) {
    try {
      return root_.perform(with_folder(item));
    } catch (const std::invalid_argument& error) {
      transcript_.fail(item, error.what());
    }
  }

  std::string problem(const TranscriptItem& item, const Lines& actual) const {
    return transcript_.name + ":" + std::to_string(item.line) + ": " + transcript_.lines[item.line - 1] +
           "\n" + Difference(item.body, actual).text(item.line + 1);
  }

  const Transcript& transcript_;
  TempDir folder_;
  Sections sections_;
  RootOperations root_;  // after the folder: it goes first
};

}  // namespace

TranscriptResult run_transcript(std::string_view text, const std::string& name) {
  const Transcript transcript = Transcript::parse(text, name);
  return Runner(transcript).run();
}

}  // namespace wasifs::test
