// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "cli/fd_stream.h"

namespace {

/// The variable's value, "" where it is not set.
std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no thread has started yet
  return value == nullptr ? "" : value;
}

std::vector<std::string> whole_environment() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

/// What POSIX says decides the character set: the first of the three that is set.
bool locale_is_utf8() {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (locale.empty()) locale = environment(name);
  }
  std::ranges::transform(locale, locale.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

unsigned terminal_columns() {
  constexpr unsigned kDefault = 80;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : kDefault;
}

}  // namespace

int main(int argc, char** argv) {
  wasifs::cli::FdStreambuf out_buffer(STDOUT_FILENO);
  wasifs::cli::FdStreambuf err_buffer(STDERR_FILENO, 0);
  std::ostream out(&out_buffer);
  std::ostream err(&err_buffer);
  wasifs::cli::Io io{.in = std::cin,
                     .out = out,
                     .err = err,
                     .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                     .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                     .utf8 = locale_is_utf8(),
                     .no_color = !environment("NO_COLOR").empty(),
                     .columns = terminal_columns(),
                     .environment = whole_environment(),
                     .descriptors = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}};
  return wasifs::cli::run({argv, static_cast<std::size_t>(argc)}, io);
}
