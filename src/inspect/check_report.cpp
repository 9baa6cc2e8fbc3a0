// SPDX-License-Identifier: Apache-2.0
#include "inspect/check_report.h"

#include <algorithm>
#include <ostream>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/utf8.h"
#include "inspect/json_text.h"
#include "inspect/place_text.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

std::string_view name_of(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

void print_finding(std::ostream& out, const Finding& finding) {
  Diagnostic what = finding.what;
  what.message += " [" + finding.code + "]";
  // The hint is what to do about all of it, so it comes after the paths.
  const std::string hint = std::exchange(what.hint, {});
  out << what.text(name_of(finding.severity)) << "\n";
  for (const std::string& example : finding.examples) out << "  " << display_name(example) << "\n";
  const std::uint64_t more = finding.examples.empty() ? 0 : finding.count - finding.examples.size();
  if (more != 0) out << "  and " << more << " more\n";
  if (!hint.empty()) out << "hint: " << hint << "\n";
}

std::string json_strings(const std::vector<std::string>& strings) {
  std::vector<std::string> items;
  items.reserve(strings.size());
  for (const std::string& one : strings) items.push_back(json_string(one));
  return json_array(items);
}

std::string json_finding(const Finding& finding) {
  std::vector<std::string> causes;
  for (const Diagnostic& cause : finding.what.causes) causes.push_back(cause.text("cause"));
  JsonObject object;
  object.add("code", finding.code)
      .add("severity", name_of(finding.severity))
      .add("message", finding.what.message);
  if (finding.path.empty()) {
    object.add_json("path", "null");
  } else {
    object.add("path", finding.path);
  }
  object.add("count", finding.count).add_json("examples", json_strings(finding.examples));
  if (!std::ranges::all_of(finding.examples, is_utf8)) {
    std::vector<std::string> exact;
    for (const std::string& example : finding.examples) exact.push_back(json_string(base64(example)));
    object.add_json("examples_base64", json_array(exact));
  }
  return object.add_json("where", place_json(finding.what.where))
      .add_json("hint", finding.what.hint.empty() ? "null" : json_string(finding.what.hint))
      .add_json("causes", json_strings(causes))
      .str();
}

}  // namespace

void print_check(std::ostream& out, const CheckReport& report) {
  for (const Finding& finding : report.findings) print_finding(out, finding);
  for (const VerifiedPackage& package : report.packages) {
    out << "verified package " << quoted(package.path) << ": " << counted(package.hashes, "checksum") << ", "
        << counted(package.bytes, "byte") << "\n";
  }
  for (const VerifiedArchive& archive : report.archives) {
    out << "verified archive " << quoted(archive.path) << ": " << counted(archive.entries, "entry", "entries")
        << ", " << counted(archive.bytes, "byte") << "\n";
  }
  out << (report.findings.empty() ? "no findings" : counted(report.findings.size(), "finding")) << "\n";
}

void print_check_json(std::ostream& out, const CheckReport& report) {
  std::vector<std::string> findings;
  for (const Finding& finding : report.findings) findings.push_back(json_finding(finding));
  std::vector<std::string> packages;
  for (const VerifiedPackage& package : report.packages) {
    packages.push_back(JsonObject()
                           .add("path", package.path)
                           .add("hashes", package.hashes)
                           .add("bytes", package.bytes)
                           .str());
  }
  std::vector<std::string> archives;
  for (const VerifiedArchive& archive : report.archives) {
    archives.push_back(JsonObject()
                           .add("path", archive.path)
                           .add("entries", archive.entries)
                           .add("bytes", archive.bytes)
                           .str());
  }
  out << JsonObject()
             .add("schema", kJsonSchema)
             .add("source", report.source)
             .add_json("findings", json_array(findings))
             .add_json("packages", json_array(packages))
             .add_json("archives", json_array(archives))
             .str()
      << "\n";
}

}  // namespace wasifs
