// SPDX-License-Identifier: Apache-2.0
// Roots, builders and file systems through the C ABI.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "handles.h"
#include "support/tar_writer.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

/// The text of the error that opening `source` ends with.
std::string refusal(const char* source, const wasifs_compose_options* options, int error_number = EINVAL) {
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_root_open(source, WASIFS_NUL, options, &root, &error), error_number);
  EXPECT_EQ(root, nullptr);
  const ErrorHandle told(error);
  return wasifs_error_text(error);
}

TEST(CRootTest, AManifestIsComposedWithOptions) {
  TempDir dir;
  dir.write_file("site/index.html", "<p>");
  dir.write_file("site.toml",
                 "[[mount]]\nguest = \"/srv\"\ntype = \"host\"\nsource = \"site\"\naccess = \"ro\"\n");
  const std::string volume = dir / "site" + ":/tmp/scratch:ro";
  const std::array volumes = {volume.c_str()};
  const std::array env = {"A=1", "B=2"};
  const std::array args = {"x"};
  wasifs_compose_options options = WASIFS_INIT(wasifs_compose_options);
  options.volumes = volumes.data();
  options.volume_count = volumes.size();
  options.env = env.data();
  options.env_count = env.size();
  options.args = args.data();
  options.arg_count = args.size();
  options.cwd = "/srv";
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  const std::string source = dir / "site.toml";
  ASSERT_EQ(wasifs_root_open(source.data(), source.size(), &options, &root, &error), 0)
      << wasifs_error_text(error);
  RootHandle handle(root);
  EXPECT_EQ(read_file(handle, "/srv/index.html"), "<p>");
  EXPECT_EQ(read_file(handle, "/tmp/scratch/index.html"), "<p>");
  EXPECT_STREQ(wasifs_root_cwd(root), "/srv");
  EXPECT_STREQ(wasifs_root_arg(root, 0), "x");
  EXPECT_EQ(wasifs_root_arg(root, 1), nullptr);
  EXPECT_STREQ(wasifs_root_env(root, 1), "B=2");
  EXPECT_EQ(wasifs_root_env(root, 2), nullptr);
  EXPECT_STREQ(wasifs_root_command(root), "");
}

TEST(CRootTest, WhatIsWrongIsTold) {
  EXPECT_NE(refusal("/no/such.toml", nullptr, ENOENT).find("/no/such.toml"), std::string::npos);
  TempDir dir;
  dir.write_file("bad.toml", "[[mount]]\nguest = 1\n");
  EXPECT_NE(refusal((dir / "bad.toml").c_str(), nullptr).find("bad.toml:2:"), std::string::npos);
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_root_open(nullptr, 3, nullptr, &root, &error), EINVAL);
  const ErrorHandle told(error);
  EXPECT_STREQ(wasifs_error_text(error), "error: argument `source` must not be NULL");
  EXPECT_EQ(wasifs_root_open("/", WASIFS_NUL, nullptr, nullptr, nullptr), EINVAL);
}

TEST(CRootTest, OptionsAreChecked) {
  wasifs_compose_options options{};
  EXPECT_NE(refusal("/", &options).find("struct_size"), std::string::npos);
  options = WASIFS_INIT(wasifs_compose_options);
  options.use_count = 1;
  EXPECT_NE(refusal("/", &options).find("`options.uses` must not be NULL"), std::string::npos);
  const std::array<const char*, 1> missing = {nullptr};
  options.uses = missing.data();
  EXPECT_NE(refusal("/", &options).find("must not hold a NULL"), std::string::npos);
}

TEST(CRootTest, ACopyOutlivesWhatItWasCopiedFrom) {
  RootHandle root = root_with(memory_fs());
  const RootHandle copy(wasifs_root_copy(root.get()));
  ASSERT_EQ(write_file(root, "/m/a", "hello"), 0);
  const FileHandle file = open_file(root, "/m/a", WASIFS_OPEN_READ);
  root.reset();
  EXPECT_EQ(read_file(copy, "/m/a"), "hello");
  std::array<char, 8> buffer{};
  std::size_t done = 0;
  EXPECT_EQ(wasifs_file_read(file.get(), 0, buffer.data(), buffer.size(), &done), 0);
  EXPECT_EQ(done, 5U);
}

TEST(CRootTest, ARootThatIsNotThereSaysNothing) {
  EXPECT_EQ(wasifs_root_copy(nullptr), nullptr);
  EXPECT_EQ(wasifs_root_arg(nullptr, 0), nullptr);
  EXPECT_EQ(wasifs_root_env(nullptr, 0), nullptr);
  EXPECT_EQ(wasifs_root_cwd(nullptr), nullptr);
  EXPECT_EQ(wasifs_root_command(nullptr), nullptr);
  wasifs_root_free(nullptr);
  wasifs_builder_free(nullptr);
  wasifs_fs_free(nullptr);
}

TEST(CBuilderTest, ComposesWhatItIsGiven) {
  TempDir dir;
  dir.write_file("etc/motd", "welcome");
  wasifs_fs* host = nullptr;
  ASSERT_EQ(wasifs_fs_host(dir.string().c_str(), WASIFS_NUL, 1, &host, nullptr), 0);
  const FsHandle layer(host);
  wasifs_builder* made = nullptr;
  ASSERT_EQ(wasifs_builder_new(&made), 0);
  const BuilderHandle builder(made);
  EXPECT_EQ(wasifs_builder_add_root_layer(made, host), 0);
  EXPECT_EQ(wasifs_builder_set_quota(made, 1 << 20, 1000), 0);
  EXPECT_EQ(wasifs_builder_add_mount(made, "/data", 5, memory_fs().get(), WASIFS_ACCESS_RW), 0);
  EXPECT_EQ(wasifs_builder_add_arg(made, "prog", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_builder_add_env(made, "LANG", 4, "C.UTF-8", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_builder_set_cwd(made, "/data", WASIFS_NUL), 0);
  const RootHandle root = build(builder);
  EXPECT_EQ(read_file(root, "/etc/motd"), "welcome");
  EXPECT_EQ(stat_of(root, "/dev/null").type, std::uint32_t{WASIFS_TYPE_CHAR_DEVICE}) << "the base root";
  EXPECT_EQ(write_file(root, "/data/a", "x"), 0);
  EXPECT_STREQ(wasifs_root_env(root.get(), 0), "LANG=C.UTF-8");
  EXPECT_STREQ(wasifs_root_cwd(root.get()), "/data");
  const std::string large(2 << 20, 'x');
  EXPECT_EQ(write_file(root, "/tmp/large", large), ENOSPC) << "the quota";
  EXPECT_EQ(read_file(build(builder), "/data/a"), "x") << "another root over the same file system";
}

TEST(CBuilderTest, ChangesToTheRootGoToItsUpper) {
  TempDir dir;
  wasifs_fs* host = nullptr;
  ASSERT_EQ(wasifs_fs_host(dir.string().c_str(), WASIFS_NUL, 0, &host, nullptr), 0);
  const FsHandle upper(host);
  const BuilderHandle builder = empty_builder();
  EXPECT_EQ(wasifs_builder_set_root_upper(builder.get(), host), 0);
  EXPECT_EQ(write_file(build(builder), "/new", "made"), 0);
  EXPECT_EQ(dir.read_file("new"), "made");
}

TEST(CBuilderTest, WhatWasAddedWrongIsToldAtTheEnd) {
  const BuilderHandle builder = empty_builder();
  EXPECT_EQ(wasifs_builder_add_mount(builder.get(), "/../x", WASIFS_NUL, memory_fs().get(), WASIFS_ACCESS_RW),
            0);
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_builder_build(builder.get(), &root, &error), EINVAL);
  const ErrorHandle told(error);
  EXPECT_NE(std::string(wasifs_error_text(error)).find("/../x"), std::string::npos);
}

TEST(CBuilderTest, AConflictIsAnErrorOnDemand) {
  const BuilderHandle builder = empty_builder();
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(wasifs_builder_add_mount(builder.get(), "/a", WASIFS_NUL, memory_fs().get(), WASIFS_ACCESS_RW),
              0);
  }
  EXPECT_NE(build(builder), nullptr) << "the last one wins";
  ASSERT_EQ(wasifs_builder_set_fail_on_conflict(builder.get()), 0);
  wasifs_root* root = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_builder_build(builder.get(), &root, &error), EEXIST);
  const ErrorHandle told(error);
  EXPECT_EQ(wasifs_error_trouble(error), WASIFS_TROUBLE_CONFLICT);
}

TEST(CBuilderTest, APackageThatIsNotThereIsASource) {
  const BuilderHandle builder = empty_builder();
  EXPECT_EQ(wasifs_builder_set_store(builder.get(), "/no/store", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_builder_inject(builder.get(), "/no/such.webc", WASIFS_NUL), 0);
  wasifs_root* root = nullptr;
  EXPECT_EQ(wasifs_builder_build(builder.get(), &root, nullptr), ENOENT);
}

TEST(CBuilderTest, NullsAreRefused) {
  const BuilderHandle builder = empty_builder();
  wasifs_builder* const b = builder.get();
  const FsHandle fs = memory_fs();
  EXPECT_EQ(wasifs_builder_new(nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_set_empty_base(nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_set_fail_on_conflict(nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_set_quota(nullptr, 0, 0), EINVAL);
  EXPECT_EQ(wasifs_builder_set_store(b, nullptr, 1), EINVAL);
  EXPECT_EQ(wasifs_builder_add_mount(nullptr, "/", 1, fs.get(), WASIFS_ACCESS_RW), EINVAL);
  EXPECT_EQ(wasifs_builder_add_mount(b, nullptr, 1, fs.get(), WASIFS_ACCESS_RW), EINVAL);
  EXPECT_EQ(wasifs_builder_add_mount(b, "/", 1, nullptr, WASIFS_ACCESS_RW), EINVAL);
  EXPECT_EQ(wasifs_builder_add_mount(b, "/", 1, fs.get(), static_cast<wasifs_access>(3)), EINVAL);
  EXPECT_EQ(wasifs_builder_add_root_layer(b, nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_set_root_upper(b, nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_set_root_upper(nullptr, fs.get()), EINVAL);
  EXPECT_EQ(wasifs_builder_add_root_layer(nullptr, fs.get()), EINVAL);
  EXPECT_EQ(wasifs_builder_inject(b, nullptr, WASIFS_NUL), EINVAL);
  EXPECT_EQ(wasifs_builder_add_arg(nullptr, "", 0), EINVAL);
  EXPECT_EQ(wasifs_builder_add_env(b, nullptr, 1, "", 0), EINVAL);
  EXPECT_EQ(wasifs_builder_add_env(b, "A", 1, nullptr, 1), EINVAL);
  EXPECT_EQ(wasifs_builder_set_cwd(b, nullptr, 1), EINVAL);
  wasifs_root* root = nullptr;
  EXPECT_EQ(wasifs_builder_build(nullptr, &root, nullptr), EINVAL);
  EXPECT_EQ(wasifs_builder_build(b, nullptr, nullptr), EINVAL);
}

TEST(CFilesystemTest, TroubleIsTold) {
  wasifs_fs* fs = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_fs_host("/no/such/dir", WASIFS_NUL, 0, &fs, &error), ENOENT);
  ErrorHandle told(error);
  EXPECT_EQ(wasifs_error_trouble(error), WASIFS_TROUBLE_SOURCE);
  TempDir dir;
  dir.write_file("x.webc", "\0webc001 and nothing more");
  EXPECT_NE(wasifs_fs_package((dir / "x.webc").c_str(), WASIFS_NUL, "", 0, &fs, nullptr), 0);
  EXPECT_EQ(wasifs_fs_package("/no/such.webc", WASIFS_NUL, nullptr, 0, &fs, nullptr), ENOENT);
  EXPECT_EQ(wasifs_fs_memory(0, 0, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_host(nullptr, 1, 0, &fs, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_host("/", 1, 0, nullptr, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_package(nullptr, 1, "", 0, &fs, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_package("x", 1, nullptr, 1, &fs, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_package("x", 1, "", 0, nullptr, nullptr), EINVAL);
  EXPECT_EQ(fs, nullptr);
}

TEST(CFilesystemTest, MemoryHasLimitsOfItsOwn) {
  wasifs_fs* fs = nullptr;
  ASSERT_EQ(wasifs_fs_memory(8192, 3, &fs), 0);
  const FsHandle handle(fs);
  const RootHandle root = root_with(handle);
  EXPECT_EQ(write_file(root, "/m/large", std::string(9000, 'x')), ENOSPC);
  EXPECT_EQ(write_file(root, "/m/b", ""), 0);
  EXPECT_EQ(write_file(root, "/m/c", ""), ENOSPC);
}

TEST(CFilesystemTest, AnArchiveIsALayer) {
  const TempDir dir;
  dir.write_file("a.tar", TarWriter().file("d/f", "content").file("d/.wh.gone", "").bytes());
  wasifs_fs* fs = nullptr;
  ASSERT_EQ(wasifs_fs_archive((dir / "a.tar").c_str(), WASIFS_NUL, 0, &fs, nullptr), 0);
  const FsHandle handle(fs);
  const RootHandle root = root_with(handle);
  EXPECT_EQ(read_file(root, "/m/d/f"), "content");
  EXPECT_EQ(read_file(root, "/m/d/.wh.gone"), "");
  wasifs_fs* layer = nullptr;
  ASSERT_EQ(wasifs_fs_archive((dir / "a.tar").c_str(), WASIFS_NUL, 1, &layer, nullptr), 0);
  const FsHandle layer_handle(layer);
  const RootHandle over = root_with(layer_handle);
  EXPECT_EQ(read_file(over, "/m/d/.wh.gone"), "errno " + std::to_string(ENOENT));
  wasifs_error* error = nullptr;
  dir.write_file("bad.tar", "no archive");
  EXPECT_NE(wasifs_fs_archive((dir / "bad.tar").c_str(), WASIFS_NUL, 0, &fs, &error), 0);
  EXPECT_EQ(wasifs_error_trouble(error), WASIFS_TROUBLE_CORRUPT);
  wasifs_error_free(error);
  EXPECT_EQ(wasifs_fs_archive(nullptr, 1, 0, &fs, nullptr), EINVAL);
  EXPECT_EQ(wasifs_fs_archive("x", 1, 0, nullptr, nullptr), EINVAL);
}

}  // namespace
}  // namespace wasifs::test
