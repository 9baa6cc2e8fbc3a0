// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/mapping.h"
#include "base/path.h"
#include "fs/archive/verify.h"
#include "inspect/check_parts.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

class ArchiveChecker {
 public:
  ArchiveChecker(plan::Archives& archives, CheckReport& report) : archives_(archives), report_(report) {}

  void check(const PlannedLayer& layer) {
    if (layer.kind == LayerKind::archive) return check_file(layer, layer.whiteouts);
    if (layer.kind != LayerKind::image) return;
    const auto image = archives_.image(layer.source, layer.tag);
    if (!image) return;  // which the check of the images tells
    // The file that holds all layers, unless it is a directory.
    if (!is_directory(layer.source)) check_file(layer, Whiteouts::none);
    const oci::ImageLayer& part = (*image)->layers().at(layer.layer);
    const std::string label = layer.source + ": " + part.name;
    if (part.content != oci::LayerContent::tar || !seen_.emplace(label, Whiteouts::oci).second) return;
    add(layer, label, archive::verify_archive(part.bytes, label, Whiteouts::oci));
  }

 private:
  void check_file(const PlannedLayer& layer, Whiteouts whiteouts) {
    if (!seen_.emplace(layer.source, whiteouts).second) return;
    const Outcome<View> mapped = map_file(layer.source, "archive");
    if (!mapped) return add(layer, layer.source, fail(mapped.error()));
    const View bytes = *mapped;
    add(layer, layer.source,
        archive::verify_archive(bytes, layer.source, whiteouts, [bytes] { release_pages(bytes); }));
  }

  void add(const PlannedLayer& layer, const std::string& label, const Outcome<archive::ScanNotes>& notes) {
    if (!notes) {
      const bool corrupt = notes.error().trouble == Trouble::corrupt;
      Finding finding{.code = corrupt ? "archive-corrupt" : "unreadable",
                      .severity = Severity::error,
                      .what = notes.error()};
      if (finding.what.where.file.empty()) finding.what.where = layer.where;
      report_.findings.push_back(std::move(finding));
      return;
    }
    add_ending(layer, label, notes->ending);
    add_entries("absolute-path", layer, label, notes->absolute,
                "has entries with absolute paths: they lie below its root", "");
    add_entries("name-encoding", layer, label, notes->encoding, "has names that are no UTF-8",
                "the names are kept as they are; a guest may be unable to open them");
    add_entries("entry-repeated", layer, label, notes->repeated,
                "has several entries of one name: the last counts", "");
    report_.archives.push_back({.path = label, .entries = notes->entries, .bytes = notes->bytes});
  }

  static Finding finding(std::string code, const PlannedLayer& layer, const std::string& label,
                         const std::string& what, std::string hint) {
    return {.code = std::move(code),
            .what = {.trouble = Trouble::corrupt,
                     .message = "archive " + wasifs::quoted(label) + " " + what,
                     .where = layer.where,
                     .hint = std::move(hint)}};
  }

  void add_entries(std::string code, const PlannedLayer& layer, const std::string& label,
                   const archive::ScanNotes::Entries& entries, const std::string& what, std::string hint) {
    if (entries.count == 0) return;
    Finding made = finding(std::move(code), layer, label, what, std::move(hint));
    made.count = entries.count;
    made.examples = entries.first;
    report_.findings.push_back(std::move(made));
  }

  void add_ending(const PlannedLayer& layer, const std::string& label, const archive::Ending& ending) {
    const auto add = [&](const std::string& what, std::string hint) {
      report_.findings.push_back(finding("archive-end", layer, label, what, std::move(hint)));
    };
    const std::string hidden = "what follows does not show";
    if (ending.trailing != 0) {
      add("ends before its file does: at least " + counted(ending.trailing, "byte") + " follow", hidden);
    }
    if (ending.tar_continues) add("goes on behind the mark of its end", hidden);
    if (ending.unmarked) {
      add("has no mark of its end: it may have been cut off between two entries",
          "if entries are missing, fetch or make it again");
    }
  }

  plan::Archives& archives_;
  CheckReport& report_;
  std::set<std::pair<std::string, Whiteouts>> seen_;
};

}  // namespace

void check_archives(const Plan& plan, plan::Archives& archives, CheckReport& report) {
  ArchiveChecker checker(archives, report);
  for (const PlannedMount& mount : plan.mounts) {
    for (const PlannedLayer& layer : mount.lowers) checker.check(layer);
  }
}

}  // namespace wasifs
