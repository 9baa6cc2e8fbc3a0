// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/choose.h"

#include <sys/utsname.h>

#include <algorithm>
#include <string_view>

#include "base/path.h"
#include "base/suggest.h"

namespace wasifs::oci {

namespace {

constexpr std::size_t kMostNames = 8;
/// "sha256:" and enough digits that nobody means another one.
constexpr std::size_t kShortestDigest = 15;
constexpr std::size_t kShownDigest = 19;

/// The part behind the tag's colon. A colon before a slash is a port's.
std::string_view tag_of(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string_view::npos || name.find('/', colon) != std::string_view::npos) return name;
  return name.substr(colon + 1);
}

std::string text_of(const Platform& platform) {
  return platform.os.empty() && platform.architecture.empty() ? ""
                                                              : platform.os + "/" + platform.architecture;
}

/// How well a word names an image: 0 the best, nullopt not at all.
std::optional<int> match(const Candidate& candidate, std::string_view word) {
  if (std::ranges::find(candidate.names, word) != candidate.names.end()) return 0;
  for (const std::string& name : candidate.names) {
    const bool last_part = name.ends_with(word) && name[name.size() - word.size() - 1] == '/';
    if (last_part || tag_of(name) == word) return 1;
  }
  if (text_of(candidate.platform) == word) return 1;
  if (word.size() >= kShortestDigest && candidate.digest.starts_with(word)) return 1;
  return std::nullopt;
}

/// The architecture of this machine as images name it.
std::string host_architecture() {
  struct utsname info{};
  if (::uname(&info) != 0) return {};
  const std::string_view machine(info.machine);
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine == "i686" || machine == "i386") return "386";
  if (machine.starts_with("armv")) return "arm";
  return std::string(machine);
}

/// Which platform is the more fitting one, 0 the most.
int rank(const Platform& platform, const std::string& here) {
  if (platform.architecture == "wasm" || platform.os.starts_with("wasi")) return 0;
  return platform.os == "linux" && platform.architecture == here ? 1 : 2;
}

/// A word that names the image, for the error that asks for one.
std::string word_for(const Candidate& candidate, const std::vector<Candidate>& all) {
  const auto names_one = [&](std::string_view word) {
    return !word.empty() && std::ranges::count_if(all, [&](const Candidate& other) {
                              return match(other, word).has_value();
                            }) == 1;
  };
  for (const std::string& name : candidate.names) {
    if (names_one(name)) return name;
  }
  if (const std::string platform = text_of(candidate.platform); names_one(platform)) return platform;
  return candidate.digest.substr(0, kShownDigest);
}

std::string list(const std::vector<Candidate>& candidates) {
  std::string out;
  for (std::size_t i = 0; i < std::min(candidates.size(), kMostNames); ++i) {
    const Candidate& one = candidates[i];
    out += (i == 0 ? "" : ", ") +
           wasifs::quoted(one.names.empty() ? one.digest.substr(0, kShownDigest) : one.names.front());
    if (const std::string platform = text_of(one.platform); !platform.empty()) out += " for " + platform;
  }
  if (candidates.size() > kMostNames)
    out += " and " + std::to_string(candidates.size() - kMostNames) + " more";
  return out;
}

std::unexpected<Diagnostic> refuse(std::string message, std::string hint) {
  return fail(Diagnostic{.trouble = Trouble::source, .message = std::move(message), .hint = std::move(hint)});
}

std::unexpected<Diagnostic> no_such(const std::vector<Candidate>& candidates, const std::string& tag,
                                    const std::string& label) {
  std::vector<std::string_view> words;
  for (const Candidate& one : candidates) {
    for (const std::string& name : one.names) {
      words.push_back(name);
      words.push_back(tag_of(name));
    }
  }
  const std::string near = suggest(tag, words);
  return refuse(label + " has no image " + wasifs::quoted(tag),
                "it has " + list(candidates) + (near.empty() ? "" : "; " + near));
}

}  // namespace

Outcome<std::size_t> choose_image(const std::vector<Candidate>& candidates, const std::string& tag,
                                  const std::string& label, const std::string& path) {
  if (candidates.empty()) {
    return fail(Diagnostic{.trouble = Trouble::corrupt, .message = label + " holds no image"});
  }
  const std::string here = host_architecture();
  constexpr int kRanks = 3;
  int best = 0;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::optional<int> match_rank = tag.empty() ? 0 : match(candidates[i], tag);
    if (!match_rank) continue;
    const int score = *match_rank * kRanks + rank(candidates[i].platform, here);
    if (found.empty() || score < best) found.clear();
    if (!found.empty() && score > best) continue;
    best = score;
    found.push_back(i);
  }
  if (found.empty()) return no_such(candidates, tag, label);
  if (found.size() == 1) return found.front();
  std::vector<Candidate> several;
  for (const std::size_t i : found) several.push_back(candidates[i]);
  return refuse(
      label + " has " + std::to_string(found.size()) + " images" +
          (tag.empty() ? "" : " that " + wasifs::quoted(tag) + " can mean") + ": " + list(several),
      "name one behind \"#\", as in " + wasifs::quoted(path + "#" + word_for(several.front(), candidates)));
}

}  // namespace wasifs::oci
