// SPDX-License-Identifier: Apache-2.0
#include "plan/store.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/mapping.h"
#include "base/path.h"
#include "base/sha256.h"
#include "fs/webc/package.h"
#include "plan/layer_source.h"
#include "plan/package_dir.h"

namespace wasifs::plan {

namespace {

/// Causes that one error lists of what did not fit.
constexpr std::size_t kMaxListed = 20;

Diagnostic note(std::string message) { return {.trouble = Trouble::source, .message = std::move(message)}; }

std::string_view variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string_view one : environment) {
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
  }
  return {};
}

/// The wanted name may be stated without its namespace.
bool is_name_of(std::string_view stated, const PackageSpecifier& wanted) {
  return stated == wanted.full_name() || stated == wanted.name;
}

std::string_view stem_of(std::string_view file) { return file.substr(0, file.rfind('.')); }

Result<std::string> hash_of(const std::string& path) {
  const Outcome<View> bytes = map_file(path, "package");
  if (!bytes) return fail(Errc::eio);
  return to_hex(sha256(bytes->bytes));
}

}  // namespace

StorePlace find_store(const ComposeOptions& options) {
  if (options.store) return {.folder = *options.store, .from = "--store"};
  const auto in = [](std::string_view folder, std::string_view below) {
    return std::string(folder).append(folder.ends_with('/') ? "" : "/").append(below);
  };
  if (const auto store = variable(options.host_env, "WASIFS_STORE"); !store.empty()) {
    return {.folder = std::string(store), .from = "WASIFS_STORE"};
  }
  if (const auto data = variable(options.host_env, "XDG_DATA_HOME"); data.starts_with('/')) {
    return {.folder = in(data, "wasifs/store"), .from = "XDG_DATA_HOME"};
  }
  if (const auto home = variable(options.host_env, "HOME"); !home.empty()) {
    return {.folder = in(home, ".local/share/wasifs/store"), .from = "HOME"};
  }
  return {};
}

struct Store::Search {
  /// A package of the wanted name.
  struct Candidate {
    StoredPackage package;
    bool complete = false;  ///< the file name says all
  };
  std::optional<Candidate> best;
  std::vector<Diagnostic> others;  ///< what did not fit, and why
  std::size_t unlisted = 0;

  void refuse(std::string why) {
    if (others.size() < kMaxListed) {
      others.push_back(note(std::move(why)));
    } else {
      ++unlisted;
    }
  }

  /// Entries come by path, so an equal one stays where it is.
  void offer(Candidate candidate) {
    if (best) {
      const auto order = *candidate.package.version <=> *best->package.version;
      if (order < 0 || (order == 0 && (best->complete || !candidate.complete))) return;
    }
    best = std::move(candidate);
  }
};

void Store::read() {
  if (was_read_) return;
  was_read_ = true;
  if (place_.folder.empty()) {
    places_.push_back(note("there is no package store: none of WASIFS_STORE, XDG_DATA_HOME and HOME is set"));
    return;
  }
  read_folder(place_.folder, {});
  std::ranges::sort(entries_, {}, &Entry::path);
}

void Store::read_folder(const std::string& folder, const std::string& name_space) {
  std::string place = "looked in " + wasifs::quoted(folder);
  if (name_space.empty()) place += " (" + place_.from + ")";
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (++names_ > kMaxEntries) break;
    names.push_back(at->path().filename().string());
  }
  if (error) place += ": " + message(static_cast<Errc>(error.value()));
  if (names_ > kMaxEntries) {
    place += ": the store has more than " + std::to_string(kMaxEntries) + " names and is not searched";
  }
  places_.push_back(note(std::move(place)));
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (names_ <= kMaxEntries && !name.starts_with('.')) {
      add_file(resolve_source(folder, name), name, name_space);
    }
  }
}

void Store::add_file(const std::string& path, std::string_view file, const std::string& name_space) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return;  // gone, or a link that leads nowhere
  if (S_ISREG(found.st_mode) && has_package_name(file)) {
    add_package(path, false, stem_of(file), name_space);
  } else if (S_ISDIR(found.st_mode)) {
    if (is_package_dir(path)) {
      add_package(path, true, file, name_space);
    } else if (name_space.empty()) {
      read_folder(path, std::string(file));
    }
  }
}

void Store::add_package(std::string path, bool directory, std::string_view stem,
                        const std::string& name_space) {
  Entry entry{.path = std::move(path),
              .directory = directory,
              .stem = std::string(stem),
              .name_space = name_space,
              .name = {}};
  // The version is what stands behind the last '@', or behind the first '-' that
  // has a version behind it.
  std::size_t split = stem.rfind('@');
  if (split == std::string_view::npos) {
    split = stem.find('-');
    while (split != std::string_view::npos && !parse_version(stem.substr(split + 1))) {
      split = stem.find('-', split + 1);
    }
  }
  if (split != std::string_view::npos) {
    if (Outcome<Version> version = parse_version(stem.substr(split + 1))) {
      entry.version = *std::move(version);
      std::string_view name = stem.substr(0, split);
      if (const std::size_t dashes = name.find("--");
          name_space.empty() && dashes != std::string_view::npos) {
        entry.name_space = name.substr(0, dashes);
        name.remove_prefix(dashes + 2);
      }
      entry.name = name;
    }
  }
  entries_.push_back(std::move(entry));
}

/// Opens the package once, for its name.
const Outcome<Store::Stated>& Store::stated(Entry& entry) {
  if (entry.stated) return *entry.stated;
  const auto read = [&]() -> Outcome<webc::PackageManifest> {
    if (entry.directory) {
      Outcome<PackageDir> opened = open_package_dir(entry.path);
      if (!opened) return fail(std::move(opened.error()));
      return std::move(opened->info.manifest);
    }
    const auto opened = webc::Package::open(entry.path);
    if (!opened) return fail(opened.error());
    return (*opened)->manifest();
  };
  Outcome<webc::PackageManifest> manifest = read();
  if (!manifest) return entry.stated.emplace(fail(std::move(manifest.error())));
  Stated found{.name = std::move(manifest->name)};
  if (Outcome<Version> version = parse_version(manifest->version)) found.version = *std::move(version);
  return entry.stated.emplace(std::move(found));
}

void Store::look_at(Entry& entry, const PackageSpecifier& wanted, Search& search) const {
  const bool complete = !entry.name.empty() && !entry.name_space.empty();
  if (!entry.name.empty() && entry.name != wanted.name) return;
  if (complete && entry.name_space != wanted.name_space) return;
  StoredPackage package{.path = entry.path, .name = entry.name, .version = entry.version};
  if (!complete) {
    const Outcome<Stated>& own = stated(entry);
    if (!own && entry.name.empty()) {
      return search.refuse(wasifs::quoted(entry.path) + " cannot be read: " + own.error().message);
    }
    if (own && !own->name.empty()) package.name = own->name;
    if (own && own->version) package.version = own->version;
    if (package.name.empty()) {
      return search.refuse(wasifs::quoted(entry.path) + " has a name neither in it nor in its file name");
    }
    if (!is_name_of(package.name, wanted)) {
      // Only its file name made it worth a look.
      if (!entry.name.empty())
        search.refuse(wasifs::quoted(entry.path) + " is " + wasifs::quoted(package.name));
      return;
    }
  }
  if (!package.version) return search.refuse(wasifs::quoted(entry.path) + " has no version");
  if (!wanted.range.matches(*package.version)) {
    return search.refuse(wasifs::quoted(entry.path) + " is version " + package.version->text() + ", which " +
                         wasifs::quoted(wanted.range.text()) + " does not take");
  }
  package.name = wanted.full_name();
  search.offer({.package = std::move(package), .complete = complete});
}

std::optional<StoredPackage> Store::find_hash(const std::string& sha256, Search& search) const {
  // A file that is named so comes first, to save hashing the others.
  std::vector<const Entry*> files;
  for (const bool named : {true, false}) {
    for (const Entry& entry : entries_) {
      if (!entry.directory && (entry.stem == sha256) == named) files.push_back(&entry);
    }
  }
  for (const Entry* entry : files) {
    const Result<std::string> hash = hash_of(entry->path);
    if (hash && *hash == sha256) {
      return StoredPackage{.path = entry->path,
                           .name = full_package_name(entry->name_space, entry->name),
                           .version = entry->version};
    }
    if (entry->stem != sha256) continue;
    search.refuse(wasifs::quoted(entry->path) + (hash ? " has the hash " + *hash : " cannot be read"));
  }
  return std::nullopt;
}

std::expected<StoredPackage, std::vector<Diagnostic>> Store::find(const PackageSpecifier& wanted) {
  read();
  Search search;
  if (names_ <= kMaxEntries && !wanted.sha256.empty()) {
    if (auto found = find_hash(wanted.sha256, search)) return *std::move(found);
  } else if (names_ <= kMaxEntries) {
    for (Entry& entry : entries_) look_at(entry, wanted, search);
    if (search.best) return std::move(search.best->package);
  }
  std::vector<Diagnostic> causes = places_;
  std::ranges::move(search.others, std::back_inserter(causes));
  if (search.unlisted > 0) causes.push_back(note("and " + std::to_string(search.unlisted) + " more"));
  return std::unexpected(std::move(causes));
}

}  // namespace wasifs::plan
