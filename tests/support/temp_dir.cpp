// SPDX-License-Identifier: Apache-2.0
#include "support/temp_dir.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include <sys/stat.h>

namespace wasifs::test {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Lets the owner into every directory below `root`, so that a test that took
/// permissions away does not keep us from cleaning up.
void make_accessible(const fs::path& root) {
  std::error_code error;
  fs::permissions(root, fs::perms::owner_all, fs::perm_options::add, error);
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    // The iterator enters a directory only on the next increment.
    if (it->symlink_status(error).type() == fs::file_type::directory) {
      fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, error);
    }
  }
}

}  // namespace

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  std::string name = (base != nullptr && *base != '\0' ? std::string(base) : "/tmp") + "/wasifs-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) fail_with_errno("mkdtemp " + name);
  path_ = fs::canonical(name);
}

TempDir::~TempDir() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) {
    make_accessible(path_);
    fs::remove_all(path_, error);
  }
  if (error) std::fprintf(stderr, "cannot remove %s: %s\n", path_.c_str(), error.message().c_str());
}

void TempDir::write_file(std::string_view relative, std::string_view content, mode_t mode) const {
  const fs::path file = path_ / relative;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) fail_with_errno("write " + file.string());
  if (::chmod(file.c_str(), mode) != 0) fail_with_errno("chmod " + file.string());
}

std::string TempDir::read_file(std::string_view relative) const {
  const fs::path file = path_ / relative;
  std::ifstream in(file, std::ios::binary);
  if (!in) fail_with_errno("open " + file.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void TempDir::make_dirs(std::string_view relative) const { fs::create_directories(path_ / relative); }

void TempDir::make_symlink(std::string_view relative, std::string_view text) const {
  fs::create_symlink(fs::path(text), path_ / relative);
}

bool TempDir::exists(std::string_view relative) const {
  return fs::symlink_status(path_ / relative).type() != fs::file_type::not_found;
}

}  // namespace wasifs::test
