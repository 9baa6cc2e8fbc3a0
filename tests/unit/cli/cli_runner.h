// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace wasifs::test {

/// What a run of the program left behind.
struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

/// The terminal and environment that a run is to see; by default none.
struct Terminal {
  bool out = false;
  bool err = false;
  bool utf8 = true;
  bool no_color = false;
  unsigned columns = 80;
  std::vector<std::string> environment = {};  ///< of the process
};

/// Runs `wasifs ARGUMENTS…` in this process, with streams of its own.
[[nodiscard]] inline Ran run_cli(const std::vector<std::string>& arguments, const Terminal& terminal = {},
                                 const char* program = "wasifs") {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::Io io{.in = in,
             .out = out,
             .err = err,
             .out_is_terminal = terminal.out,
             .err_is_terminal = terminal.err,
             .utf8 = terminal.utf8,
             .no_color = terminal.no_color,
             .columns = terminal.columns,
             .environment = terminal.environment};
  std::vector<const char*> argv{program};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const int status = cli::run(argv, io);
  return {.status = status, .out = out.str(), .err = err.str()};
}

}  // namespace wasifs::test
