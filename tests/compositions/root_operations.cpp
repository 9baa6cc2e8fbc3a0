// SPDX-License-Identifier: Apache-2.0
#include "root_operations.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "base/path.h"
#include "cli/cli.h"
#include "cli/source.h"
#include "inspect/explain_report.h"
#include "transcript.h"

namespace wasifs::test {

namespace {

/// Longer contents are told by their size alone.
constexpr std::size_t kShownBytes = 200;

std::string error_line(Errc error) {
  const char* const name = ::strerrorname_np(static_cast<int>(error));
  return "= " + (name != nullptr ? std::string(name) : std::to_string(static_cast<int>(error)));
}

std::uint64_t number(const std::string& word, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size()) {
    throw std::invalid_argument(word + " is not a number");
  }
  return value;
}

std::string octal(std::uint16_t mode) {
  std::ostringstream out;
  out << std::oct << mode;
  return "0" + out.str();
}

std::string type_word(FileType type) {
  switch (type) {
    case FileType::regular:
      return "file";
    case FileType::directory:
      return "dir";
    case FileType::symlink:
      return "link";
    case FileType::char_device:
      return "char";
    case FileType::block_device:
      return "block";
    case FileType::fifo:
      return "fifo";
    case FileType::socket:
      break;
  }
  return "socket";
}

std::string stat_line(const Attr& attr) {
  std::string line = type_word(attr.type) + " mode=" + octal(attr.mode);
  // A directory's size and, on the host, its link count differ between file systems.
  if (attr.type == FileType::directory) return line;
  return line + " size=" + std::to_string(attr.size) + " nlink=" + std::to_string(attr.nlink);
}

OpenFlags open_flags(const std::string& word) {
  OpenFlags flags{.read = false, .write = false};
  for (const char c : word) {
    if (c == 'r') {
      flags.read = true;
    } else if (c == 'w') {
      flags.write = true;
    } else if (c == 'a') {
      flags.append = true;
    } else if (c == 't') {
      flags.truncate = true;
    } else {
      throw std::invalid_argument(word + " are no flags to open with");
    }
  }
  return flags;
}

}  // namespace

const std::map<std::string, RootOperations::Known, std::less<>>& RootOperations::known() {
  using Self = RootOperations;
  static const std::map<std::string, Known, std::less<>> all{
      {"open", {1, 1, &Self::open}},
      {"serve", {1, 1, &Self::open}},
      {"close", {0, 0, &Self::close}},
      {"tree", {0, 1, &Self::tree}},
      {"ls", {1, 1, &Self::ls}},
      {"stat", {1, 1, &Self::stat}},
      {"times", {1, 1, &Self::times}},
      {"cat", {1, 1, &Self::cat}},
      {"readlink", {1, 1, &Self::readlink}},
      {"same", {2, 2, &Self::same}},
      {"write", {2, 2, &Self::write}},
      {"append", {2, 2, &Self::append}},
      {"fill", {2, 2, &Self::fill}},
      {"create", {1, 1, &Self::create}},
      {"create-new", {1, 1, &Self::create}},
      {"truncate", {2, 2, &Self::truncate}},
      {"chmod", {2, 2, &Self::chmod}},
      {"touch", {2, 2, &Self::touch}},
      {"mkdir", {1, 1, &Self::make}},
      {"mkfifo", {1, 1, &Self::make}},
      {"rmdir", {1, 1, &Self::remove}},
      {"rm", {1, 1, &Self::remove}},
      {"rm-r", {1, 1, &Self::remove}},
      {"mv", {2, 2, &Self::rename}},
      {"mv-new", {2, 2, &Self::rename}},
      {"exchange", {2, 2, &Self::rename}},
      {"ln", {2, 3, &Self::link}},
      {"getxattr", {2, 2, &Self::getxattr}},
      {"setxattr", {3, 3, &Self::setxattr}},
      {"explain", {1, 1, &Self::explain}},
      {"usage", {1, 1, &Self::usage}},
      {"fopen", {3, 3, &Self::fopen}},
      {"fread", {1, 1, &Self::fread}},
      {"fwrite", {3, 3, &Self::fwrite}},
      {"ftruncate", {2, 2, &Self::ftruncate}},
      {"fstat", {1, 1, &Self::fstat}},
      {"fclose", {1, 1, &Self::fclose}},
      {"host-cat", {1, 1, &Self::host_cat}},
      {"host-ls", {1, 1, &Self::host_ls}},
  };
  return all;
}

std::vector<std::string> RootOperations::perform(const Words& words) {
  const auto found = known().find(words.at(0));
  if (found == known().end()) throw std::invalid_argument("unknown operation " + words[0]);
  const std::size_t arguments = words.size() - 1;
  if (arguments < found->second.least || arguments > found->second.most) {
    throw std::invalid_argument("wrong number of arguments for " + words[0]);
  }
  return (this->*found->second.operation)(words);
}

Vfs& RootOperations::root() {
  if (!vfs_) {
    Outcome<PreparedRoot> root = PreparedRoot::open("site.toml");
    if (!root) throw std::invalid_argument("site.toml cannot be composed: " + root.error().text());
    vfs_.emplace(root->tree);
    plan_ = root->plan;
  }
  return *vfs_;
}

Handle& RootOperations::handle(const std::string& name) {
  const auto found = handles_.find(name);
  if (found == handles_.end()) throw std::invalid_argument("no handle " + name + " is open");
  return *found->second;
}

RootOperations::Lines RootOperations::outcome(const Status& status) {
  if (status) return {};
  return {error_line(status.error())};
}

RootOperations::Lines RootOperations::open(const Words& words) {
  static_cast<void>(close(words));
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::Io io{.in = in, .out = out, .err = err};
  const Outcome<PreparedRoot> root =
      words[0] == "serve" ? cli::compose_source(io, words[1], {}) : cli::open_source(io, words[1]);
  int status = 0;
  if (root) {
    vfs_.emplace(root->tree);
    plan_ = root->plan;
  } else {
    status = cli::report(io, root.error());
  }
  Lines lines;
  for (const std::string& line : split_lines(err.str())) lines.push_back("! " + line);
  if (status != 0) lines.push_back("= " + std::to_string(status));
  return lines;
}

RootOperations::Lines RootOperations::close(const Words& /*words*/) {
  handles_.clear();
  vfs_.reset();
  return {};
}

void RootOperations::describe(const std::string& path, Lines& out) {
  const Result<Attr> attr = root().lstat(path);
  if (!attr) {
    out.push_back(path + "  " + error_line(attr.error()));
    return;
  }
  std::string line = path + "  " + type_word(attr->type);
  if (attr->type == FileType::symlink) {
    const Result<std::string> text = root().read_link(path);
    line += text ? " -> " + *text : " " + error_line(text.error());
  } else if (attr->type == FileType::regular) {
    const Result<std::string> content = root().content(path);
    if (!content) {
      line += " " + error_line(content.error());
    } else {
      line += content->size() <= kShownBytes ? " " + wasifs::quoted(*content)
                                             : " of " + std::to_string(content->size()) + " bytes";
    }
  } else if (attr->type == FileType::char_device || attr->type == FileType::block_device) {
    line += " " + std::to_string(major(attr->rdev)) + ":" + std::to_string(minor(attr->rdev));
  }
  out.push_back(std::move(line));
}

RootOperations::Lines RootOperations::tree(const Words& words) {
  const std::string top = words.size() > 1 ? words[1] : "/";
  if (const Result<Attr> attr = root().lstat(top); !attr) return {error_line(attr.error())};
  Lines out;
  std::vector<std::string> pending{top};
  while (!pending.empty()) {
    const std::string path = std::move(pending.back());
    pending.pop_back();
    describe(path, out);
    const Result<Attr> attr = root().lstat(path);
    if (!attr || attr->type != FileType::directory) continue;
    const Result<std::vector<Listed>> entries = root().list(path);
    if (!entries) {
      out.push_back(path + "/  " + error_line(entries.error()));
      continue;
    }
    for (const Listed& entry : *entries) pending.push_back(join(path, entry.name));
  }
  std::ranges::sort(out);
  return out;
}

RootOperations::Lines RootOperations::ls(const Words& words) {
  const Result<std::vector<Listed>> entries = root().list(words[1]);
  if (!entries) return {error_line(entries.error())};
  Lines names;
  for (const Listed& entry : *entries) names.push_back(entry.name);
  return names;
}

RootOperations::Lines RootOperations::stat(const Words& words) {
  const Result<Attr> attr = root().lstat(words[1]);
  if (!attr) return {error_line(attr.error())};
  return {stat_line(*attr)};
}

RootOperations::Lines RootOperations::times(const Words& words) {
  const Result<Attr> attr = root().lstat(words[1]);
  if (!attr) return {error_line(attr.error())};
  return {std::to_string(attr->mtime.sec)};
}

RootOperations::Lines RootOperations::cat(const Words& words) {
  const Result<std::string> content = root().content(words[1]);
  if (!content) return {error_line(content.error())};
  return {wasifs::quoted(*content)};
}

RootOperations::Lines RootOperations::readlink(const Words& words) {
  const Result<std::string> text = root().read_link(words[1]);
  if (!text) return {error_line(text.error())};
  return {wasifs::quoted(*text)};
}

RootOperations::Lines RootOperations::same(const Words& words) {
  const Result<Attr> a = root().lstat(words[1]);
  const Result<Attr> b = root().lstat(words[2]);
  if (!a || !b) return {error_line(a ? b.error() : a.error())};
  return {a->ino == b->ino ? "one file" : "two files"};
}

RootOperations::Lines RootOperations::write(const Words& words) {
  return outcome(root().put(words[1], words[2]));
}

RootOperations::Lines RootOperations::append(const Words& words) {
  return outcome(root().append(words[1], words[2]));
}

RootOperations::Lines RootOperations::fill(const Words& words) {
  return outcome(root().put(words[1], std::string(number(words[2]), 'x')));
}

RootOperations::Lines RootOperations::create(const Words& words) {
  // Exclusive creation is the tree's to allow or refuse: nothing looks before it.
  if (words[0] == "create-new") return outcome(root().make(words[1], {.mode = kCreateNew.mode}));
  const Result<HandlePtr> made = root().open(words[1], kCreate);
  if (!made) return {error_line(made.error())};
  return {};
}

RootOperations::Lines RootOperations::truncate(const Words& words) {
  return outcome(root().truncate(words[1], number(words[2])));
}

RootOperations::Lines RootOperations::chmod(const Words& words) {
  return outcome(root().chmod(words[1], static_cast<std::uint16_t>(number(words[2], 8))));
}

RootOperations::Lines RootOperations::touch(const Words& words) {
  const Time time{.sec = static_cast<std::int64_t>(number(words[2]))};
  return outcome(root().set_times(words[1], time, time));
}

RootOperations::Lines RootOperations::make(const Words& words) {
  if (words[0] == "mkdir") return outcome(root().mkdir(words[1]));
  return outcome(root().make(words[1], {.type = FileType::fifo}));
}

RootOperations::Lines RootOperations::remove(const Words& words) {
  if (words[0] == "rmdir") return outcome(root().rmdir(words[1]));
  if (words[0] == "rm") return outcome(root().unlink(words[1]));
  return outcome(remove_all(root(), words[1]));
}

RootOperations::Lines RootOperations::rename(const Words& words) {
  RenameMode mode = RenameMode::replace;
  if (words[0] == "mv-new") mode = RenameMode::no_replace;
  if (words[0] == "exchange") mode = RenameMode::exchange;
  return outcome(root().rename(words[1], words[2], mode));
}

RootOperations::Lines RootOperations::link(const Words& words) {
  if (words.size() == 3) return outcome(root().link(words[1], words[2]));
  if (words[1] != "-s") throw std::invalid_argument("ln takes A B or -s TARGET PATH");
  return outcome(root().symlink(words[2], words[3]));
}

RootOperations::Lines RootOperations::getxattr(const Words& words) {
  const Result<std::string> value = root().get_xattr(words[1], words[2]);
  if (!value) return {error_line(value.error())};
  return {wasifs::quoted(*value)};
}

RootOperations::Lines RootOperations::setxattr(const Words& words) {
  return outcome(root().set_xattr(words[1], words[2], words[3], XattrMode::any));
}

RootOperations::Lines RootOperations::explain(const Words& words) {
  static_cast<void>(root());
  const Outcome<ExplainReport> report = explain_path(*vfs_->shared_tree(), plan_, words[1]);
  if (!report) return split_lines(report.error().text());
  std::ostringstream out;
  print_explain(out, *report);
  return split_lines(out.str());
}

RootOperations::Lines RootOperations::usage(const Words& words) {
  const Result<StatFs> found = root().statfs(words[1]);
  if (!found) return {error_line(found.error())};
  return {"free: " + std::to_string(found->blocks_free * found->block_size) + " bytes, " +
          std::to_string(found->files_free) + " inodes"};
}

RootOperations::Lines RootOperations::fopen(const Words& words) {
  if (handles_.contains(words[1])) throw std::invalid_argument("handle " + words[1] + " is open already");
  Result<HandlePtr> opened = root().open(words[2], {.flags = open_flags(words[3])});
  if (!opened) return {error_line(opened.error())};
  handles_[words[1]] = *std::move(opened);
  return {};
}

RootOperations::Lines RootOperations::fread(const Words& words) {
  constexpr std::size_t kMost = std::size_t{1} << 16U;
  const Result<std::string> content = handle(words[1]).read(0, kMost);
  if (!content) return {error_line(content.error())};
  return {wasifs::quoted(*content)};
}

RootOperations::Lines RootOperations::fwrite(const Words& words) {
  const Result<std::size_t> written = handle(words[1]).write(number(words[2]), words[3]);
  if (!written) return {error_line(written.error())};
  if (*written != words[3].size()) return {"wrote " + std::to_string(*written) + " bytes"};
  return {};
}

RootOperations::Lines RootOperations::ftruncate(const Words& words) {
  return outcome(handle(words[1]).truncate(number(words[2])));
}

RootOperations::Lines RootOperations::fstat(const Words& words) {
  const Result<Attr> attr = handle(words[1]).attr();
  if (!attr) return {error_line(attr.error())};
  return {stat_line(*attr)};
}

RootOperations::Lines RootOperations::fclose(const Words& words) {
  if (handles_.erase(words[1]) == 0) throw std::invalid_argument("no handle " + words[1] + " is open");
  return {};
}

RootOperations::Lines RootOperations::host_cat(const Words& words) {
  std::ifstream file(folder_ + "/" + words[1], std::ios::binary);
  if (!file) return {"= " + std::string(::strerrorname_np(errno))};
  return {
      wasifs::quoted(std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()))};
}

RootOperations::Lines RootOperations::host_ls(const Words& words) {
  std::error_code error;
  Lines names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/" + words[1], error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error) return {"= " + std::string(::strerrorname_np(error.value()))};
  std::ranges::sort(names);
  return names;
}

}  // namespace wasifs::test
