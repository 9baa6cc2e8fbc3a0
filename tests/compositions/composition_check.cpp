// SPDX-License-Identifier: Apache-2.0
#include "composition_check.h"

#include <cstring>
#include <vector>

#include "random_source.h"

namespace wasifs::test {

namespace {

using Kind = NaiveEntry::Kind;

int number(const Status& status) { return status ? 0 : static_cast<int>(status.error()); }

std::string error_name(int error) {
  if (error == 0) return "success";
  const char* const name = ::strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

std::string names_of(const Refusals& refusals) {
  if (refusals.empty()) return "success";
  std::string out;
  for (const int error : refusals) out += (out.empty() ? "" : " or ") + error_name(error);
  return out;
}

/// Reads a whole tree into a map, and notes what does not agree with itself.
class Reader {
 public:
  explicit Reader(Vfs& fs) : fs_(fs) {}

  NaiveTree read() {
    std::vector<std::string> pending;
    if (read_entry("", fs_.lstat("/"))) pending.emplace_back();
    while (!pending.empty()) {
      const std::string path = std::move(pending.back());
      pending.pop_back();
      const Result<std::vector<Listed>> entries = fs_.list(path.empty() ? "/" : path);
      if (!entries) {
        note(path, "cannot be listed: " + message(entries.error()));
        continue;
      }
      for (const Listed& entry : *entries) {
        std::string child = path + "/" + entry.name;
        if (tree_.contains(child)) note(child, "is listed twice");
        const Result<Attr> attr = fs_.lstat(child);
        if (attr && attr->type != entry.type) note(child, "is listed with another type");
        if (attr && attr->ino != entry.ino) note(child, "is listed with another inode number");
        if (read_entry(child, attr)) pending.push_back(std::move(child));
      }
    }
    return std::move(tree_);
  }
  [[nodiscard]] const std::string& problems() const { return problems_; }

 private:
  void note(const std::string& path, const std::string& what) { problems_ += path + " " + what + "\n"; }

  /// True for a directory.
  bool read_entry(const std::string& path, const Result<Attr>& attr) {
    if (!attr) return note(path, "is listed, but " + message(attr.error())), false;
    NaiveEntry& entry = tree_[path];
    if (attr->type == FileType::directory) return true;
    const bool file = attr->type == FileType::regular;
    entry.kind = file ? Kind::file : Kind::link;
    const Result<std::string> text = file ? fs_.content(path) : fs_.read_link(path);
    if (!text) return note(path, "cannot be read: " + message(text.error())), false;
    entry.text = *text;
    if (attr->size != text->size()) note(path, "has another size than what is read");
    return false;
  }

  Vfs& fs_;
  NaiveTree tree_;
  std::string problems_;
};

/// The lines that only one of them has.
std::string difference(const NaiveTree& expected, const NaiveTree& actual) {
  std::string out;
  for (const auto& [path, entry] : expected) {
    const auto found = actual.find(path);
    if (found == actual.end() || found->second != entry) out += "- " + naive_text({{path, entry}});
  }
  for (const auto& [path, entry] : actual) {
    const auto found = expected.find(path);
    if (found == expected.end() || found->second != entry) out += "+ " + naive_text({{path, entry}});
  }
  return out;
}

std::string found_though_absent(Vfs& fs, const NaiveTree& expected) {
  std::string out;
  for (const auto& [path, entry] : expected) {
    if (entry.kind != Kind::directory) continue;
    for (const std::string& name : RandomSource::names()) {
      const std::string child = path + "/" + name;
      if (expected.contains(child)) continue;
      const Result<Attr> attr = fs.lstat(child);
      if (attr || attr.error() != Errc::enoent) {
        out +=
            child + " should not be there: " + error_name(attr ? 0 : static_cast<int>(attr.error())) + "\n";
      }
    }
  }
  return out;
}

}  // namespace

int perform(Vfs& fs, const NaiveChange& change) {
  switch (change.kind) {
    case NaiveChange::Kind::make_directory:
      return number(fs.mkdir(change.path));
    case NaiveChange::Kind::put:
      return number(fs.put(change.path, change.text));
    case NaiveChange::Kind::append:
      return number(fs.append(change.path, change.text));
    case NaiveChange::Kind::make_link:
      return number(fs.symlink(change.text, change.path));
    case NaiveChange::Kind::unlink:
      return number(fs.unlink(change.path));
    case NaiveChange::Kind::rmdir:
      return number(fs.rmdir(change.path));
    case NaiveChange::Kind::remove_all:
      return number(remove_all(fs, change.path));
    case NaiveChange::Kind::rename:
      return number(fs.rename(change.path, change.other, RenameMode::replace));
    case NaiveChange::Kind::exchange:
      break;
  }
  return number(fs.rename(change.path, change.other, RenameMode::exchange));
}

std::string compare(Vfs& fs, const NaiveTree& expected) {
  Reader reader(fs);
  const NaiveTree actual = reader.read();
  return difference(expected, actual) + reader.problems();
}

std::string compare_and_seek(Vfs& fs, const NaiveTree& expected) {
  return compare(fs, expected) + found_though_absent(fs, expected);
}

std::string change_both(Vfs& fs, NaiveWorld& world, RandomSource& random, std::size_t count,
                        std::string& log) {
  for (std::size_t i = 0; i < count; ++i) {
    const NaiveChange change = random.change(world);
    log += "> " + change.describe() + "\n";
    const Refusals expected = world.change(change);
    const int came = perform(fs, change);
    if (came != 0) log += "= " + error_name(came) + "\n";
    // What changes nothing may succeed where a change is refused: the kernel does not
    // even ask about a name that is moved to itself.
    const bool agreed = came == 0 ? expected.empty() || change.path == change.other : expected.contains(came);
    if (!agreed) return "expected " + names_of(expected) + ", got " + error_name(came) + "\n";
  }
  return {};
}

}  // namespace wasifs::test
