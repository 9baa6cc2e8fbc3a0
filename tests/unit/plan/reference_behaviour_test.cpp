// SPDX-License-Identifier: Apache-2.0

// What the reference's own tests of its runner assert about composition, on the
// same situations: a package with a Python library and user mounts beside it.

#include <gtest/gtest.h>

#include "prepared.h"

namespace wasifs::plan {
namespace {

using test::webc_file;

class ReferenceBehaviour : public PrepareTest {
 protected:
  static std::vector<test::WebcEntry> library() {
    return {webc_file("lib/python3.6/collections/__init__.py", "collections"),
            webc_file("lib/python3.6/encodings/__init__.py", "encodings")};
  }
  /// A package that shows its library at `guest`.
  void write_python(const std::string& guest) const {
    test::WebcSpec spec;
    spec.manifest["package"]["fs"] = {{{"from", nullptr}, {"volume_name", "/py"}, {"mount_path", guest}}};
    spec.volumes["/py"] = library();
    write_package("python.webc", spec);
  }
};

const std::string kPython = "[container]\nsource = \"python.webc\"\n";

TEST_F(ReferenceBehaviour, PythonPackageAtTheRootAndUserDirectoryAtHome) {
  test::WebcSpec spec;
  spec.version = 1;
  spec.volumes["atom"] = library();
  write_package("python.webc", spec);
  dir_.write_file("path/to/file.txt", "Hello, World!");
  const PreparedRoot root = open(kPython + "[fs]\n\"/home\" = \"path/to\"\n");
  EXPECT_EQ(content(root, "/home/file.txt"), "Hello, World!");
  EXPECT_EQ(attr(root, "lib")->type, FileType::directory);
  EXPECT_EQ(content(root, "lib/python3.6/collections/__init__.py"), "collections");
  EXPECT_EQ(content(root, "lib/python3.6/encodings/__init__.py"), "encodings");
}

TEST_F(ReferenceBehaviour, PackageMountsStayWritable) {
  write_python("/python");
  const PreparedRoot root = open(kPython);
  ASSERT_TRUE(make_dir(root, "/python", "custom"));
  ASSERT_TRUE(write(root, "/python/custom", "sitecustomize.py", "x"));
  EXPECT_EQ(content(root, "/python/custom/sitecustomize.py"), "x");
  EXPECT_EQ(content(root, "/python/lib/python3.6/collections/__init__.py"), "collections");
}

TEST_F(ReferenceBehaviour, SymlinksCanBeMadeInPackageMounts) {
  write_python("/python");
  const PreparedRoot root = open(kPython);
  const Result<VNode> made =
      root.tree->create(*root.tree->resolve("/python"), "collections-link",
                        {.type = FileType::symlink, .target = "lib/python3.6/collections"});
  ASSERT_TRUE(made);
  EXPECT_EQ(root.tree->read_link(*made)->text, "lib/python3.6/collections");
  EXPECT_EQ(attr(root, "/python/collections-link")->type, FileType::symlink);
  EXPECT_EQ(content(root, "/python/collections-link/__init__.py"), "collections");
}

TEST_F(ReferenceBehaviour, UserMountOverridesAPackageMount) {
  write_python("/python");
  dir_.write_file("user/user.txt", "u");
  const PreparedRoot root = open(kPython + "[fs]\n\"/python\" = \"user\"\n");
  EXPECT_TRUE(exists(root, "/python/user.txt"));
  EXPECT_EQ(attr(root, "/python/lib"), fail(Errc::enoent));
}

TEST_F(ReferenceBehaviour, ConflictingMountsFailWhereConfigured) {
  write_python("/python");
  dir_.make_dirs("user");
  const auto root = try_open("[root]\nconflict = \"fail\"\n" + kPython + "[fs]\n\"/python\" = \"user\"\n");
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::conflict);
  EXPECT_EQ(root.error().message, "Unable to merge container mount \"/python\" into the prepared filesystem");
}

TEST_F(ReferenceBehaviour, RootMountsComposeEvenInFailMode) {
  write_python("/");
  dir_.write_file("user/user.txt", "u");
  const PreparedRoot root = open("[root]\nconflict = \"fail\"\n" + kPython + "[fs]\n\"/\" = \"user\"\n");
  EXPECT_TRUE(exists(root, "/user.txt"));
  EXPECT_TRUE(exists(root, "/lib/python3.6"));
}

TEST_F(ReferenceBehaviour, SeveralRootMountsComposeAndTheEarlierWins) {
  dir_.write_file("one/first.txt", "1");
  dir_.write_file("one/both.txt", "first");
  dir_.write_file("two/second.txt", "2");
  dir_.write_file("two/both.txt", "second");
  const PreparedRoot root = open("[root]\nconflict = \"fail\"\n[fs]\n\"/\" = \"one\"\n\".\" = \"two\"\n");
  EXPECT_TRUE(exists(root, "/first.txt"));
  EXPECT_TRUE(exists(root, "/second.txt"));
  EXPECT_EQ(content(root, "/both.txt"), "first");
}

TEST_F(ReferenceBehaviour, PackageMountsShareTheLimitOfTheRoot) {
  write_python("/python");
  const PreparedRoot root = open("[root]\nmemory-limit = \"32KiB\"\n" + kPython);
  EXPECT_EQ(root.plan.memory_limit, 32U << 10U);
  EXPECT_EQ(write(root, "/python", "big", std::string(64 << 10, 'x')), fail(Errc::enospc));
}

TEST_F(ReferenceBehaviour, GuestPathsThatEscapeAreRejected) {
  dir_.make_dirs("user");
  EXPECT_EQ(error("[fs]\n\"../../python\" = \"user\"\n"),
            "site.toml:2:1: error: Invalid guest mount path \"/../../python\": parent traversal escapes the "
            "virtual root");
}

TEST_F(ReferenceBehaviour, MappedDirectoryListsItsFilesWithTheHostsTimes) {
  dir_.write_file("mapped/file.txt", "Hello, World!");
  struct stat host{};
  ASSERT_EQ(::stat((dir_ / "mapped/file.txt").c_str(), &host), 0);
  const PreparedRoot root = open("[fs]\n\"/mnt/dir\" = \"mapped\"\n");
  EXPECT_EQ(names(root, "/mnt/dir"), std::vector<std::string>{"file.txt"});
  const Result<Attr> file = attr(root, "/mnt/dir/file.txt");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, 13U);
  EXPECT_EQ(file->mtime, (Time{host.st_mtim.tv_sec, static_cast<std::int32_t>(host.st_mtim.tv_nsec)}));
}

}  // namespace
}  // namespace wasifs::plan
