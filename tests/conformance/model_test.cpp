// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "conformance.h"
#include "model.h"

namespace wasifs::test {

/// Random operations give what the model says, one by one and at the end.
class AgainstModel : public Conformance {
 protected:
  /// The owner and, where it is not counted, the link count of directories are
  /// not the model's business.
  std::string comparable(std::string text) const {
    if (!GetParam().counts_subdirectories) replace_all(text, "type=1 ", " nlink=", "");
    return text;
  }

  void run(std::uint64_t seed, int steps) {
    Model model;
    OperationSource fixture_source(seed);
    Vfs& fs = given(grown_fixture(fixture_source, model));
    ASSERT_EQ(comparable(dump(fs)), comparable(model.dump()));
    OperationSource source(seed + 1'000'000);
    Caller caller(fs);
    int done = 0;
    for (int step = 0; step < steps; ++step) {
      const Operation op = source.next();
      // An overlay leaves none, and ext4 stamps a directory when it answers ENOTEMPTY.
      const bool no_whiteouts = GetParam().overlay() || GetParam().host;
      if (op.kind == Operation::Kind::rename_whiteout && no_whiteouts) continue;
      const std::string got = comparable(caller.perform(op));
      if (GetParam().kernel && op.kind == Operation::Kind::name_anonymous && got == "EOPNOTSUPP") continue;
      const std::string expected = comparable(model.perform(op));
      const bool either = expected == "EPERM or EEXIST" && (got == "EPERM" || got == "EEXIST");
      ASSERT_TRUE(got == expected || either)
          << "seed " << seed << ", step " << step << ": " << op.text() << "\n     got " << got.substr(0, 200)
          << "\nexpected " << expected.substr(0, 200);
      done += got == "ok" ? 1 : 0;
    }
    EXPECT_GT(done, steps / 10) << "too few operations succeed to mean anything";
    EXPECT_EQ(comparable(dump(fs)), comparable(model.dump())) << "seed " << seed;
  }

 private:
  /// A tree of some directories, files and symlinks that the model has as well.
  static Fixture grown_fixture(OperationSource& source, Model& model) {
    using Kind = Operation::Kind;
    Fixture fixture;
    std::set<std::string> taken;
    for (int i = 0; i < 400; ++i) {
      Operation op = source.next();
      op.kind = i % 2 == 0 ? Kind::make_dir : i % 10 == 1 ? Kind::symlink : Kind::put;
      if (op.bytes.empty()) op.bytes = op.path;
      if (taken.contains(op.path) || model.perform(op) != "ok") continue;
      taken.insert(op.path);
      if (op.kind == Kind::make_dir) fixture.dir(op.path);
      if (op.kind == Kind::put) fixture.file(op.path, op.bytes);
      if (op.kind == Kind::symlink) fixture.symlink(op.path, "no/such/target");
    }
    return fixture;
  }

  /// In each line with `marker`, replaces the word that begins with `prefix`.
  static void replace_all(std::string& text, std::string_view marker, std::string_view prefix,
                          std::string_view by) {
    for (std::size_t at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1)) {
      const std::size_t word = text.find(prefix, at);
      if (word == std::string::npos) return;
      const std::size_t end = text.find_first_of(" \n", word + prefix.size());
      text.replace(word, end - word, by);
    }
  }
};
WASIFS_ON_EVERY_BACKEND(AgainstModel);

/// Fewer where every step is a round trip to a process of the kernel's choice.
int steps(const Backend& backend) { return random_operations(backend.kernel ? 1500 : 6000); }

#define WASIFS_AGAINST_MODEL(seed)   \
  TEST_P(AgainstModel, Seed##seed) { \
    WASIFS_NEED_PRIVILEGES();        \
    run(seed, steps(GetParam()));    \
  }                                  \
  static_assert(true)

WASIFS_AGAINST_MODEL(1);
WASIFS_AGAINST_MODEL(2);
WASIFS_AGAINST_MODEL(3);
WASIFS_AGAINST_MODEL(4);

}  // namespace wasifs::test
