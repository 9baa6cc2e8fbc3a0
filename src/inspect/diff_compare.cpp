// SPDX-License-Identifier: Apache-2.0
#include "inspect/diff_compare.h"

#include <sys/sysmacros.h>

#include <set>
#include <utility>

#include "inspect/content.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

bool is_device(const Attr& attr) {
  return attr.type == FileType::char_device || attr.type == FileType::block_device;
}

std::string device_text(std::uint64_t rdev) {
  return std::to_string(gnu_dev_major(rdev)) + ":" + std::to_string(gnu_dev_minor(rdev));
}

std::string owner_text(const Attr& attr) { return std::to_string(attr.uid) + ":" + std::to_string(attr.gid); }

class Comparer {
 public:
  Comparer(const DiffObject& a, const DiffObject& b, const DiffOptions& options)
      : a_(a), b_(b), options_(options) {}

  std::expected<Comparison, CompareError> run() {
    if (a_.attr.type != b_.attr.type) {
      add("type", std::string(type_name(a_.attr.type)), std::string(type_name(b_.attr.type)));
      // One of them may be a file; its bytes are then all gone, or all new.
      found_.content = a_.attr.type == FileType::regular || b_.attr.type == FileType::regular;
    }
    // The bits of a link mean nothing, and not every layer can keep them.
    const bool links = a_.attr.type == FileType::symlink || b_.attr.type == FileType::symlink;
    if (options_.mode && !links && a_.attr.mode != b_.attr.mode) {
      add("mode", octal_mode(a_.attr.mode), octal_mode(b_.attr.mode));
    }
    if (options_.owner && (a_.attr.uid != b_.attr.uid || a_.attr.gid != b_.attr.gid)) {
      add("owner", owner_text(a_.attr), owner_text(b_.attr));
    }
    if (a_.attr.type == b_.attr.type) compare_what_it_is();
    if (options_.xattrs && !error_) compare_xattrs();
    if (options_.times && a_.attr.mtime != b_.attr.mtime) {
      add("mtime", precise_time(a_.attr.mtime), precise_time(b_.attr.mtime));
    }
    if (error_) return std::unexpected(*error_);
    return std::move(found_);
  }

 private:
  void add(std::string what, std::string before = {}, std::string after = {}) {
    found_.aspects.push_back(
        {.what = std::move(what), .before = std::move(before), .after = std::move(after)});
  }
  void failed(Errc error, bool second) { error_ = {.error = error, .second = second}; }

  static std::string precise_time(const Time& time) {
    const std::string nanos = std::to_string(time.nsec);
    std::string text = time_string(time);
    if (time.nsec != 0) text.insert(text.size() - 1, "." + std::string(9 - nanos.size(), '0') + nanos);
    return text;
  }

  void compare_what_it_is() {
    if (a_.attr.type == FileType::regular) return compare_files();
    if (a_.attr.type == FileType::symlink) return compare_links();
    if (is_device(a_.attr) && a_.attr.rdev != b_.attr.rdev) {
      add("device", device_text(a_.attr.rdev), device_text(b_.attr.rdev));
    }
  }

  void compare_files() {
    if (a_.attr.size != b_.attr.size) {
      add("size", std::to_string(a_.attr.size), std::to_string(b_.attr.size));
      found_.content = true;
    }
    if (found_.content && !options_.digests) return add("content");
    const Result<FilePtr> file_a = a_.tree->open(a_.node, {});
    if (!file_a) return failed(file_a.error(), false);
    const Result<FilePtr> file_b = b_.tree->open(b_.node, {});
    if (!file_b) return failed(file_b.error(), true);
    if (!found_.content) {
      const Result<bool> same = same_content(**file_a, **file_b, a_.attr.size);
      // Whose fault it was is not known.
      if (!same) return failed(same.error(), false);
      if (*same) return;
      found_.content = true;
    }
    add_content(**file_a, **file_b);
  }

  void add_content(File& file_a, File& file_b) {
    if (!options_.digests || a_.attr.size > kMostDigested || b_.attr.size > kMostDigested)
      return add("content");
    const Result<Digest> digest_a = digest_of(file_a, a_.attr.size);
    if (!digest_a) return failed(digest_a.error(), false);
    const Result<Digest> digest_b = digest_of(file_b, b_.attr.size);
    if (!digest_b) return failed(digest_b.error(), true);
    add("content", "sha256:" + to_hex(*digest_a), "sha256:" + to_hex(*digest_b));
  }

  void compare_links() {
    // As the layers have them, not as a mount would show them.
    Result<Link> link_a = a_.node.node->read_link();
    if (!link_a) return failed(link_a.error(), false);
    Result<Link> link_b = b_.node.node->read_link();
    if (!link_b) return failed(link_b.error(), true);
    if (link_a->text != link_b->text) add("target", std::move(link_a->text), std::move(link_b->text));
  }

  void compare_xattrs() {
    const Result<Xattrs> xattrs_a = xattrs_of(a_);
    if (!xattrs_a) return failed(xattrs_a.error(), false);
    const Result<Xattrs> xattrs_b = xattrs_of(b_);
    if (!xattrs_b) return failed(xattrs_b.error(), true);
    std::set<std::string_view> names;
    for (const Xattrs& all : {std::cref(*xattrs_a), std::cref(*xattrs_b)}) {
      for (const auto& [name, value] : all) names.insert(name);
    }
    for (const std::string_view name : names) {
      const auto in_a = xattrs_a->find(std::string(name));
      const auto in_b = xattrs_b->find(std::string(name));
      const bool has_a = in_a != xattrs_a->end();
      const bool has_b = in_b != xattrs_b->end();
      if (has_a && has_b && in_a->second == in_b->second) continue;
      add("xattr " + std::string(name), has_a ? "present" : "absent",
          !has_b  ? "absent"
          : has_a ? "changed"
                  : "present");
    }
  }

  const DiffObject& a_;
  const DiffObject& b_;
  const DiffOptions& options_;
  Comparison found_;
  std::optional<CompareError> error_;
};

}  // namespace

Result<Xattrs> xattrs_of(const DiffObject& object) {
  Xattrs all;
  const auto names = object.tree->list_xattrs(object.node);
  if (!names) return names.error() == Errc::enotsup ? Result<Xattrs>(std::move(all)) : fail(names.error());
  for (const std::string& name : *names) {
    Result<std::string> value = object.tree->get_xattr(object.node, name);
    if (value) {
      all.emplace(name, *std::move(value));
    } else if (value.error() != Errc::enodata) {
      return fail(value.error());
    }
  }
  return all;
}

std::expected<Comparison, CompareError> compare(const DiffObject& a, const DiffObject& b,
                                                const DiffOptions& options) {
  return Comparer(a, b, options).run();
}

}  // namespace wasifs
