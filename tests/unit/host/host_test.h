// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

#include "fs/host/host_fs.h"
#include "support/temp_dir.h"

/// What the tests of the host layer share.
namespace wasifs::test {

/// The value, or an exception that fails the test and names the errno.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("unexpected error: " + message(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The error, or an exception if there is none.
template <class T>
Errc error_of(const Result<T>& result) {
  if (result) throw std::runtime_error("unexpected success");
  return result.error();
}

inline std::shared_ptr<HostFilesystem> open_host(const std::string& path,
                                                 HostFilesystem::Options options = {}) {
  auto opened = HostFilesystem::open(path, options);
  if (!opened) throw std::runtime_error(opened.error().text());
  return *opened;
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string read_text(File& file, std::uint64_t offset = 0, std::size_t length = 4096) {
  std::string text(length, '?');
  text.resize(must(file.read_at(offset, std::as_writable_bytes(std::span(text)))));
  return text;
}

inline std::string content_of(Node& node) { return read_text(*must(node.open({.read = true}))); }

/// All entries of a directory, by name; a name that comes twice fails.
inline std::map<std::string, DirEntry> list(Node& dir) {
  std::map<std::string, DirEntry> entries;
  must(must(dir.open_dir())->read(0, [&](const DirEntry& entry) {
    EXPECT_TRUE(entries.emplace(entry.name, entry).second) << entry.name;
    return true;
  }));
  return entries;
}

/// A mapped directory "root" with a directory "outside" beside it that nothing
/// may ever lead to.
class HostTest : public testing::Test {
 protected:
  HostTest() {
    // Others may pass, for the tests that run as an ordinary user.
    ::chmod(temp_.path().c_str(), 0755);
    temp_.make_dirs("root");
    temp_.make_dirs("outside");
    temp_.write_file("outside/secret", "secret");
    fs_ = open_host(temp_ / "root");
    root_ = fs_->root();
  }

  [[nodiscard]] NodeRef at(std::string_view name) const { return must(root_->lookup(name)); }
  /// A regular file owned by us.
  NodeRef make(std::string_view name, std::uint16_t mode = 0644) const {
    return must(root_->create(name, mine({.mode = mode})));
  }
  [[nodiscard]] static NewNode mine(NewNode spec) {
    spec.uid = ::geteuid();
    spec.gid = ::getegid();
    return spec;
  }
  [[nodiscard]] struct stat host_stat(std::string_view relative) const {
    struct stat stat = {};
    const std::string path = temp_ / relative;
    if (::lstat(path.c_str(), &stat) != 0) {
      throw std::system_error(errno, std::generic_category(), "lstat " + path);
    }
    return stat;
  }

  TempDir temp_;
  std::shared_ptr<HostFilesystem> fs_;
  NodeRef root_;
};

/// The process's umask, for a scope.
class ScopedUmask {
 public:
  explicit ScopedUmask(mode_t mask) : before_(::umask(mask)) {}
  ~ScopedUmask() { ::umask(before_); }
  ScopedUmask(const ScopedUmask&) = delete;
  ScopedUmask& operator=(const ScopedUmask&) = delete;

 private:
  mode_t before_;
};

/// An ordinary user's credentials, for a scope. Needs root.
class ScopedUser {
 public:
  static constexpr uid_t kUser = 54321;
  ScopedUser() {
    if (::setegid(kUser) != 0 || ::seteuid(kUser) != 0) {
      throw std::system_error(errno, std::generic_category(), "seteuid");
    }
  }
  ~ScopedUser() {
    if (::seteuid(0) != 0 || ::setegid(0) != 0) std::abort();
  }
  ScopedUser(const ScopedUser&) = delete;
  ScopedUser& operator=(const ScopedUser&) = delete;
};

/// A tmpfs mounted for a scope; not mounted() where that is not permitted.
class ScopedTmpfs {
 public:
  explicit ScopedTmpfs(std::string where)
      : where_(std::move(where)), mounted_(::mount("none", where_.c_str(), "tmpfs", 0, "size=1m") == 0) {}
  ~ScopedTmpfs() {
    if (mounted_) ::umount2(where_.c_str(), MNT_DETACH);
  }
  ScopedTmpfs(const ScopedTmpfs&) = delete;
  ScopedTmpfs& operator=(const ScopedTmpfs&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string where_;
  bool mounted_;
};

}  // namespace wasifs::test

#define WASIFS_NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root"
