// SPDX-License-Identifier: Apache-2.0
// `wasifs pack` and `wasifs unpack`: what they write, and what they say.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "cli_runner.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"
#include "support/webc_writer.h"

namespace wasifs::test {
namespace {

class PackVerb : public testing::Test {
 protected:
  PackVerb() {
    dir_.write_file("app/data/f", "x");
    dir_.write_file("app/wasmer.toml", "[fs]\n\"/v\" = \"data\"\n");
  }

  [[nodiscard]] Ran pack(std::vector<std::string> arguments, const Terminal& terminal = {}) const {
    arguments.insert(arguments.begin(), {"pack", dir_ / "app"});
    return run_cli(arguments, terminal);
  }
  [[nodiscard]] std::string digest(std::string_view file) const {
    const std::string bytes = dir_.read_file(file);
    return to_hex(sha256(std::as_bytes(std::span(bytes))));
  }

  TempDir dir_;
};

TEST_F(PackVerb, SaysTheHashThatRegistriesKnowThePackageBy) {
  const std::string path = dir_ / "p.webc";
  const Ran ran = pack({"-o", path});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "sha256:" + digest("p.webc") + "  " + path + "\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(run_cli({"webc", "verify", path}).status, 0);
  EXPECT_EQ(run_cli({"cat", path, "/v/f"}).out, "x");
}

TEST_F(PackVerb, SaysItAsJson) {
  const std::string path = dir_ / "p.webc";
  const Ran ran = pack({"--json", "--output", path});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, R"({"schema":1,"path":")" + path + R"(","sha256":")" + digest("p.webc") + "\"}\n");
}

TEST_F(PackVerb, IncludesWhatIsIgnoredWhereThatIsAskedFor) {
  dir_.write_file("app/data/.hidden", "");
  const std::string path = dir_ / "p.webc";
  ASSERT_EQ(pack({"-o", path}).status, 0);
  EXPECT_EQ(run_cli({"ls", path, "/v"}).out, "f\n");
  ASSERT_EQ(pack({"-o", path, "--include-ignored"}).status, 0);
  EXPECT_EQ(run_cli({"ls", path, "/v"}).out, ".hidden\nf\n");
}

TEST_F(PackVerb, NeedsToKnowWhereTo) {
  const Ran ran = pack({});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.starts_with("error: pack: --output is required")) << ran.err;
  EXPECT_EQ(run_cli({"pack", "-o", dir_ / "p.webc"}).status, 2);
}

TEST_F(PackVerb, NamesWhatIsNotThere) {
  const std::string none = dir_ / "none";
  const Ran missing = run_cli({"pack", none, "-o", dir_ / "p.webc"});
  EXPECT_EQ(missing.status, 6);
  EXPECT_EQ(missing.err, "error: package directory \"" + none + "\": No such file or directory\n");
  EXPECT_EQ(run_cli({"pack", dir_ / "app/data/f", "-o", dir_ / "p.webc"}).err,
            "error: package directory \"" + (dir_ / "app/data/f") + "\": Not a directory\n");
  const std::string nowhere = dir_ / "no/such/p.webc";
  const Ran unwritable = pack({"-o", nowhere});
  EXPECT_EQ(unwritable.status, 6);
  EXPECT_EQ(unwritable.err, "error: cannot write \"" + nowhere +
                                "\": No such file or directory\nhint: make the folder \"" +
                                (dir_ / "no/such") + "\" first\n");
  dir_.make_dirs("folder");
  EXPECT_EQ(pack({"-o", dir_ / "folder"}).err,
            "error: cannot write \"" + (dir_ / "folder") + "\": Is a directory\n");
}

TEST_F(PackVerb, WritesNoPackageToStandardOutput) {
  const Ran ran = pack({"-o", "-"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: pack: a package cannot be written to standard output\n"
            "hint: name a file: its index is written when the rest is\n");
}

TEST_F(PackVerb, ReplacesWhatIsThereAllAtOnce) {
  dir_.write_file("p.webc", "before", 0600);
  std::filesystem::create_hard_link(dir_ / "p.webc", dir_ / "other-name");
  ASSERT_EQ(pack({"-o", dir_ / "p.webc"}).status, 0);
  EXPECT_EQ(run_cli({"webc", "verify", dir_ / "p.webc"}).status, 0);
  EXPECT_EQ(dir_.read_file("other-name"), "before") << "nothing was written into the file that was there";
  // What fails leaves it.
  const std::string bytes = dir_.read_file("p.webc");
  std::filesystem::remove(dir_ / "app/data/f");
  ASSERT_EQ(::mkfifo((dir_ / "app/data/f").c_str(), 0600), 0);
  EXPECT_EQ(pack({"-o", dir_ / "p.webc"}).status, 6);
  EXPECT_EQ(dir_.read_file("p.webc"), bytes);
}

TEST_F(PackVerb, ObeysSourceDateEpoch) {
  const std::string path = dir_ / "p.webc";
  ASSERT_EQ(pack({"-o", path}, {.environment = {"A=B", "SOURCE_DATE_EPOCH=1234567890"}}).status, 0);
  const auto entry = nlohmann::json::parse(run_cli({"stat", "--json", path, "/v/f"}).out);
  EXPECT_TRUE(entry.dump().contains("1234567890")) << entry;
  for (const char* text : {"", "now", "-1", "1.5", " 1", "1 ", "+1", "0x10", "18446744073709551616"}) {
    const Ran ran =
        pack({"-o", dir_ / "q.webc"}, {.environment = {"SOURCE_DATE_EPOCH=" + std::string(text)}});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "error: pack: SOURCE_DATE_EPOCH: \"" + std::string(text) +
                           "\" is no number of seconds\nhint: unset it, or set it to seconds since 1970\n");
    EXPECT_FALSE(dir_.exists("q.webc"));
  }
  // It does not care what else begins with that name.
  EXPECT_EQ(pack({"-o", path}, {.environment = {"SOURCE_DATE_EPOCH_X=?"}}).status, 0);
}

/// A file system of so many bytes; unmounted at the end of the scope.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount(path_.c_str());
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(PackVerb, AFullDiskIsNamedAndLeftAsItWas) {
  const SmallDisk disk(dir_ / "small", "256k");
  if (!disk.mounted()) GTEST_SKIP() << "no small file system can be mounted here";
  dir_.write_file("small/p.webc", "before");
  dir_.write_file("app/data/big", std::string(1'000'000, 'x'));
  const std::string path = dir_ / "small/p.webc";
  const Ran ran = pack({"-o", path});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "error: cannot write \"" + path + "\": No space left on device\n");
  EXPECT_EQ(dir_.read_file("small/p.webc"), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_ / "small"), {}), 1);
}

TEST_F(PackVerb, AnInterruptedRunLeavesNothing) {
  // Sparse, and more than can be hashed and copied before the signal comes.
  ASSERT_EQ(::truncate((dir_ / "app/data/f").c_str(), off_t{1} << 40U), 0);
  dir_.make_dirs("out");
  Background run({WASIFS_PROGRAM, "pack", dir_ / "app", "-o", dir_ / "out/p.webc"});
  const std::string descriptors = "/proc/" + std::to_string(run.pid()) + "/fd";
  // It is at work when it has a file in that folder, with or without a name.
  const auto writes_there = [&] {
    std::error_code error;
    for (const auto& fd : std::filesystem::directory_iterator(descriptors, error)) {
      if (std::filesystem::read_symlink(fd, error).string().starts_with(dir_ / "out/")) return true;
    }
    return false;
  };
  ASSERT_TRUE(eventually(writes_there));
  ASSERT_EQ(::kill(run.pid(), SIGINT), 0);
  EXPECT_EQ(run.wait(), 128 + SIGINT);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "out"));
}

class UnpackVerb : public testing::Test {
 protected:
  UnpackVerb() {
    WebcSpec spec;
    spec.volumes["/v"] = {webc_file("f", "x", 1000)};
    spec.manifest["package"]["fs"] = {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", "/v"}}};
    spec.volumes["metadata"] = {};
    spec.atoms["run"] = "program";
    dir_.write_file("p.webc", write_webc(spec));
  }

  [[nodiscard]] Ran unpack(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"unpack", dir_ / "p.webc"});
    return run_cli(arguments);
  }

  TempDir dir_;
};

TEST_F(UnpackVerb, WritesTheFolderThatPackMakesItOf) {
  const Ran ran = unpack({"-o", dir_ / "out"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_EQ(dir_.read_file("out/volumes/v/f"), "x");
  EXPECT_EQ(dir_.read_file("out/atoms/run"), "program");
  ASSERT_EQ(run_cli({"pack", dir_ / "out", "-o", dir_ / "again.webc"}).status, 0);
  EXPECT_TRUE(dir_.read_file("again.webc") == dir_.read_file("p.webc"));
}

TEST_F(UnpackVerb, ATarIsTheSameFolder) {
  ASSERT_EQ(unpack({"-o", dir_ / "out.tar.gz"}).status, 0);
  dir_.make_dirs("out");
  ASSERT_EQ(run_shell("tar xf ../out.tar.gz", dir_ / "out").status, 0);
  ASSERT_EQ(run_cli({"pack", dir_ / "out", "-o", dir_ / "again.webc"}).status, 0);
  EXPECT_TRUE(dir_.read_file("again.webc") == dir_.read_file("p.webc"));
}

TEST_F(UnpackVerb, TheSecondTimeNeedsAWord) {
  ASSERT_EQ(unpack({"-o", dir_ / "out"}).status, 0);
  const Ran again = unpack({"-o", dir_ / "out"});
  EXPECT_EQ(again.status, 4);
  EXPECT_EQ(again.err,
            "error: \"" + (dir_ / "out") +
                "\" is not empty\nhint: --overwrite replaces what is there, or goes on where it was "
                "ended\n");
  dir_.write_file("out/volumes/v/f", "changed");
  ASSERT_EQ(unpack({"-o", dir_ / "out", "--overwrite"}).status, 0);
  EXPECT_EQ(dir_.read_file("out/volumes/v/f"), "x");
}

TEST_F(UnpackVerb, WarnsAndGoesOn) {
  WebcSpec spec{.version = 1};
  spec.volumes["atom"] = {webc_file("f", "x")};
  dir_.write_file("p.webc", write_webc(spec));
  const Ran ran = unpack({"-o", dir_ / "out"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "warning: \"" + (dir_ / "p.webc") + "\": version 1; packed again, it is of version 3\n");
  EXPECT_EQ(dir_.read_file("out/volumes/atom/f"), "x");
}

TEST_F(UnpackVerb, WrongWordsAreToldApart) {
  EXPECT_EQ(unpack({}).status, 2);
  EXPECT_EQ(run_cli({"unpack", dir_ / "none.webc", "-o", dir_ / "out"}).status, 6);
  dir_.write_file("p.webc", "no package");
  EXPECT_EQ(unpack({"-o", dir_ / "out"}).status, 5);
  EXPECT_FALSE(dir_.exists("out"));
}

}  // namespace
}  // namespace wasifs::test
