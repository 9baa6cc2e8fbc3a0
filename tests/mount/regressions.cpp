// SPDX-License-Identifier: Apache-2.0
#include "regressions.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "support/fixtures.h"
#include "wasifs/root.h"

namespace wasifs::test {

using nlohmann::json;

void Regressions::mount(const std::string& manifest) {
  mount_.reset();
  dir_.write_file("site.toml", manifest);
  const Outcome<PreparedRoot> root = PreparedRoot::open(dir_ / "site.toml");
  ASSERT_TRUE(root) << root.error().text();
  serve(root->tree);
}

std::string Regressions::package(const std::string& guest, std::vector<WebcEntry> entries) {
  WebcSpec spec;
  spec.volumes["/v"] = std::move(entries);
  spec.manifest = {{"package",
                    {{"fs", nlohmann::ordered_json::array(
                                {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", guest}}})}}}};
  return write_webc(spec);
}

std::string Regressions::sh(const std::string& script) const {
  const Finished run = run_shell(script, mount_->path());
  return run.status == 0 ? run.out : run.out + "status " + std::to_string(run.status) + ": " + run.err;
}

std::string Regressions::names(const std::string& directory) const { return sh("ls -A " + directory); }

std::string Regressions::content(const std::string& name) const { return sh("cat " + name); }

struct stat Regressions::stat(std::string_view name) const {
  struct stat status{};
  EXPECT_EQ(::lstat(at(name).c_str(), &status), 0) << name;
  return status;
}

std::pair<std::uint64_t, std::uint64_t> Regressions::used() const {
  std::array<char, 4096> text{};
  const ssize_t length = ::getxattr(mount_->path().c_str(), "user.wasifs.status", text.data(), text.size());
  EXPECT_GT(length, 0);
  const json status = json::parse(text.begin(), text.begin() + length);
  return {status.at("memory").at("used"), status.at("inodes").at("used")};
}

int error_of(int returned) { return returned < 0 ? errno : 0; }

}  // namespace wasifs::test
