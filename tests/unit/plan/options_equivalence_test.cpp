// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>
#include <sstream>

#include "inspect/tree_report.h"
#include "planning.h"
#include "prepared.h"

namespace wasifs::plan {
namespace {

/// One composition said in two ways.
struct Said {
  ComposeOptions flags;
  std::string manifest;
};

/// Every layer, access and decision of a plan and the whole tree, as text.
std::string whole_text(const PreparedRoot& root) {
  std::ostringstream out;
  for (const std::string& line : layers(root.plan)) out << line << "\n";
  for (const PlannedMount& mount : root.plan.mounts) out << static_cast<int>(mount.access) << mount.opaque;
  out << "\n";
  for (const std::string& line : decisions(root.plan)) out << line << "\n";
  const WalkableTree tree(*root.tree);
  EXPECT_TRUE(print_tree_json(out, tree, root.tree->root(), "/").empty());
  return out.str();
}

class OptionsEquivalence : public PrepareTest {
 protected:
  void SetUp() override {
    for (int i = 0; i < kFolders; ++i) {
      const std::string folder = "d" + std::to_string(i);
      dir_.write_file(folder + "/name", folder);
      dir_.write_file(folder + "/in/" + folder, "x");
      dir_.write_file(folder + "/a/b/c", folder);
      write_package("p" + std::to_string(i) + ".webc", package_at("/p" + std::to_string(i)));
    }
  }

  static test::WebcSpec package_at(const std::string& guest) {
    test::WebcSpec spec;
    spec.manifest = {
        {"package", {{"fs", {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", guest}}}}}}};
    spec.volumes["/v"] = {test::webc_file("file" + guest.substr(1), guest)};
    return spec;
  }

  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }

  Said compose() {
    Said said;
    std::set<std::string> guests;
    for (int i = below(4); i > 0; --i) {
      const std::string guest = kGuests[static_cast<std::size_t>(below(kGuestCount))];
      if (guest != "/" && !guests.insert(guest).second) continue;
      const std::string folder = dir_ / ("d" + std::to_string(below(kFolders)));
      const std::string access = kAccess[static_cast<std::size_t>(below(3))];
      // The default needs no word, and a mapped directory has no other.
      const bool plain = access == "rw" && below(2) == 0;
      said.flags.volumes.push_back(folder + ":" + guest + (plain ? "" : ":" + access));
      said.manifest += host(guest, folder, "access = \"" + access + "\"");
    }
    for (int i = 0; i < kFolders; ++i) {
      if (below(4) != 0) continue;
      const std::string package = dir_ / ("p" + std::to_string(i) + ".webc");
      said.flags.uses.push_back(package);
      said.manifest += "[[use]]\nsource = \"" + package + "\"\n";
    }
    return said;
  }

  /// Everything that is made carries the time of the manifest.
  PreparedRoot open_with(const std::string& manifest, const ComposeOptions& options) {
    dir_.write_file("site.toml", manifest);
    std::filesystem::last_write_time(dir_ / "site.toml", std::filesystem::file_time_type{});
    return must(PreparedRoot::open(dir_ / "site.toml", options));
  }

  static constexpr int kFolders = 4;
  static constexpr int kGuestCount = 6;
  static constexpr const char* kGuests[kGuestCount] = {"/", "/a", "/a/b", "/in", "x/y", "/tmp/../etc"};
  static constexpr const char* kAccess[3] = {"rw", "cow", "ro"};
  std::mt19937 random_{20240229};
};

TEST_F(OptionsEquivalence, FlagsAndAManifestGiveTheSameTreeAndPlan) {
  for (int round = 0; round < 200; ++round) {
    const Said said = compose();
    const std::string base = host("/", dir_ / "d0") + host("/base", dir_ / "d1");
    const std::string by_flags = whole_text(open_with(base, said.flags));
    const std::string by_manifest = whole_text(open_with(said.manifest + base, {}));
    ASSERT_EQ(by_flags, by_manifest) << said.manifest;
  }
}

}  // namespace
}  // namespace wasifs::plan
