// SPDX-License-Identifier: Apache-2.0
// What is noted for a program, as the reference writer (npm @wasmer/sdk 0.10.0) noted it
// for each of these modules.
#include "fs/webc/wasm_features.h"

#include <gtest/gtest.h>

#include "support/wat.h"

namespace wasifs::webc {
namespace {

using namespace std::string_literals;

enum class Noted : std::uint8_t { nothing, features, exceptions };

Noted noted(const std::string& module) {
  const auto features = wasm_features(std::as_bytes(std::span(module)));
  if (!features) return Noted::nothing;
  const std::vector<std::string> known{"simd", "bulk-memory", "reference-types", "multi-value", "threads"};
  EXPECT_TRUE(std::equal(known.begin(), known.end(), features->begin()));
  if (features->size() == known.size()) return Noted::features;
  EXPECT_EQ(features->size(), known.size() + 1);
  EXPECT_EQ(features->back(), "exception-handling");
  return Noted::exceptions;
}

const std::string kModule = "\0asm\1\0\0\0"s;
const std::string kComponent = "\0asm\x0d\0\1\0"s;

std::string leb128(std::size_t value) {
  std::string out;
  for (; value > 0x7f; value >>= 7U) out += static_cast<char>(value | 0x80U);
  return out + static_cast<char>(value);
}
std::string counted(const std::string& bytes) { return leb128(bytes.size()) + bytes; }
std::string section(int id, const std::string& content) { return static_cast<char>(id) + counted(content); }
std::string custom(const std::string& name) { return section(0, counted(name)); }
/// An import of that kind from "a", as "b".
std::string import_of(const std::string& kind) { return "\1a\1b" + kind; }
std::string imports(const std::string& first) {
  return kModule + section(1, "\1\x60\0\0"s) + section(2, "\2" + first + import_of("\4\0\0"s));
}

const std::string kTags = section(13, "\1\0\0"s);

struct Case {
  const char* name;
  std::string module;
  Noted wanted;
};

/// Otherwise the framework prints the bytes of the strings.
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class WasmFeatures : public testing::TestWithParam<Case> {};

TEST_P(WasmFeatures, AreThoseOfTheReference) { EXPECT_EQ(noted(GetParam().module), GetParam().wanted); }

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Headers, WasmFeatures,
    testing::Values(Case{"Empty", "", Noted::nothing}, Case{"Text", "(module)", Noted::nothing},
                    Case{"MagicAlone", "\0asm"s, Noted::nothing},
                    Case{"Short", "\0asm\1\0\0"s, Noted::nothing}, Case{"Header", kModule, Noted::features},
                    Case{"OtherVersion", "\0asm\2\0\0\0"s, Noted::features},
                    Case{"LastVersion", "\0asm\xff\xff\0\0"s, Noted::features},
                    Case{"OtherLayer", "\0asm\1\0\2\0"s, Noted::nothing},
                    Case{"LoneByte", kModule + "\7", Noted::nothing},
                    Case{"TagsOfAnotherVersion", "\0asm\2\0\0\0"s + kTags, Noted::features},
                    Case{"BadCodeOfAnotherVersion", "\0asm\2\0\0\0\x0a\3\1\5\0"s, Noted::nothing}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Sections, WasmFeatures,
    testing::Values(Case{"Unknown", kModule + section(0x20, ""), Noted::features},
                    Case{"Unknown14", kModule + section(14, ""), Noted::features},
                    Case{"IdOfEightBits", kModule + "\xff\0"s, Noted::nothing},
                    Case{"UnknownCutOff", kModule + "\x20\5", Noted::nothing},
                    Case{"SizeInFiveBytes", kModule + "\7\x81\x80\x80\x80\0\0"s, Noted::features},
                    Case{"SizeInSixBytes", kModule + "\7\x81\x80\x80\x80\x80\0\0"s, Noted::nothing},
                    Case{"SizeOfMoreThan32Bits", kModule + "\x20\xff\xff\xff\xff\x1f", Noted::nothing},
                    Case{"TypeEmpty", kModule + section(1, ""), Noted::nothing},
                    Case{"TypeCountTooLarge", kModule + section(1, "\xff\xff\xff\xff\xff\x0f"),
                         Noted::nothing},
                    Case{"TypeGarbage", kModule + section(1, "\1\x99"), Noted::features},
                    Case{"ImportGarbage", kModule + section(2, "\1\x99"), Noted::features},
                    Case{"ExportGarbage", kModule + section(7, "\1\1"), Noted::features},
                    Case{"StartTooLong", kModule + section(8, "\0\0"s), Noted::nothing},
                    Case{"DataCount", kModule + section(12, "\0"s), Noted::features},
                    Case{"DataCountTooLong", kModule + section(12, "\0\0"s), Noted::nothing},
                    Case{"Code", kModule + section(10, "\1\2\0\x0b"s), Noted::features},
                    Case{"CodeCutOff", kModule + section(10, "\1\5\0"s), Noted::nothing},
                    Case{"CodeTooLong", kModule + section(10, "\0\0\0"s), Noted::nothing},
                    Case{"Twice", kModule + section(1, "\0"s) + section(1, "\0"s), Noted::features},
                    Case{"OutOfOrder", kModule + section(3, "\0"s) + section(1, "\0"s), Noted::features}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Exceptions, WasmFeatures,
    testing::Values(Case{"Tag", kModule + section(1, "\1\x60\0\0"s) + kTags, Noted::exceptions},
                    Case{"NoTag", kModule + section(13, "\0"s), Noted::exceptions},
                    Case{"TagsCutOff", kModule + section(13, "\5"), Noted::exceptions},
                    Case{"TagThenBadCode", kModule + kTags + "\x0a\3\1\5\0"s, Noted::nothing},
                    Case{"TagImport", kModule + section(2, "\1" + import_of("\4\0\0"s)), Noted::exceptions},
                    Case{"OfAKindOfTheFuture", kModule + section(2, "\1" + import_of("\5\0"s)),
                         Noted::features},
                    Case{"BehindAFunction", imports(import_of("\0\0"s)), Noted::exceptions},
                    Case{"BehindATable", imports(import_of("\1\x70\0\1"s)), Noted::exceptions},
                    Case{"BehindAMemory", imports(import_of("\2\0\1"s)), Noted::exceptions},
                    Case{"BehindAMemoryOf64Bits", imports(import_of("\2\4\1"s)), Noted::exceptions},
                    Case{"BehindAGlobal", imports(import_of("\3\x7f\0"s)), Noted::exceptions},
                    Case{"BehindAGlobalOfAType", imports(import_of("\3\x63\x70\0"s)), Noted::exceptions},
                    Case{"CustomName", kModule + custom("my-exceptions"), Noted::exceptions},
                    Case{"CustomNameInCapitals", kModule + custom("Exceptions"), Noted::features},
                    Case{"CustomContent", kModule + section(0, "\1xexception"), Noted::features},
                    Case{"CustomNoName", kModule + custom(""), Noted::features},
                    Case{"CustomEmpty", kModule + section(0, ""), Noted::nothing},
                    Case{"CustomNameCutOff", kModule + section(0, "\5x"), Noted::nothing},
                    Case{"CustomNameNoUtf8", kModule + custom("\xff\xfe"), Noted::nothing}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Components, WasmFeatures,
    testing::Values(Case{"Header", kComponent, Noted::features},
                    Case{"OfAnotherVersion", "\0asm\1\0\1\0"s, Noted::features},
                    Case{"CutOff", kComponent + "\1\5", Noted::nothing},
                    Case{"SectionsMeanSomethingElse", kComponent + section(10, "") + section(13, "\0"s),
                         Noted::features},
                    Case{"CustomName", kComponent + custom("exceptions"), Noted::exceptions},
                    Case{"CustomNameFurtherIn", kComponent + section(4, kComponent + custom("exceptions")),
                         Noted::features}),
    name_of);

TEST(WasmFeaturesOfModules, AreThoseOfWhatAnAssemblerMakes) {
  if (!test::can_assemble()) GTEST_SKIP() << "WABT MISSING: no wat2wasm to make modules with";
  EXPECT_EQ(noted(test::assemble(R"((module (memory (export "memory") 1) (func (export "_start"))))")),
            Noted::features);
  EXPECT_EQ(noted(test::assemble(R"((module (import "m" "f" (func)) (import "m" "t" (table 1 funcref))
    (import "m" "mem" (memory 1 2)) (import "m" "g" (global (mut i64)))))")),
            Noted::features);
}

/// What is declared costs nothing, and nothing is read past the end.
TEST(WasmFeaturesOfModules, PartsOfAModuleAreReadToTheirEnd) {
  const std::string whole = kModule + section(1, "\1\x60\0\0"s) + section(2, "\1" + import_of("\0\0"s)) +
                            section(3, "\1\0"s) + section(10, "\1\2\0\x0b"s) + custom("name");
  ASSERT_EQ(noted(whole), Noted::features);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string part = whole.substr(0, size);
      part[at] = '\xff';
      (void)noted(part);
    }
  }
  EXPECT_EQ(noted(kModule + section(2, "\xff\xff\xff\xff\x0f")), Noted::features);
  EXPECT_EQ(noted(kModule + section(10, "\xff\xff\xff\xff\x0f")), Noted::nothing);
}

}  // namespace
}  // namespace wasifs::webc
