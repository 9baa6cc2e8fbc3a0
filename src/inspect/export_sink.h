// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "inspect/tree_copy.h"

namespace wasifs {

/// A description of a tree: what a copy would hold, without the content. What `out` is
/// given is deterministic. Not thread-safe.
class ExportSink : public CopySink {
 public:
  /// `digest`: files are read, and their SHA-256 told.
  ExportSink(std::ostream& out, bool digest) : out_(out), digest_(digest) {}

  [[nodiscard]] Outcome<void> put(const CopiedEntry& entry) final;
  /// What comes behind the last entry.
  virtual void finish() = 0;

 protected:
  /// `sha256`: of a regular file, where it was asked for, in hex; else "".
  virtual void write(const CopiedEntry& entry, const std::string& sha256) = 0;

  std::ostream& out_;

 private:
  const bool digest_;
};

/// {"schema":1,"entries":[{"path","type","mode","uid","gid","size","nlink","mtime_ns",
/// "rdev"?,"target"?,"link"?,"xattrs"?,"sha256"?},…]}: paths from where the export began,
/// "/" for that; "link" of a further name is the path of the first; values of extended
/// attributes in base64.
class JsonExport final : public ExportSink {
 public:
  JsonExport(std::ostream& out, bool digest);
  void finish() override;

 protected:
  void write(const CopiedEntry& entry, const std::string& sha256) override;

 private:
  bool first_ = true;
};

/// As mtree(5) of FreeBSD has it, one line for each entry with its full path, names in
/// the notation of vis(3): libarchive and the mtree programs of the BSDs read it.
/// Extended attributes have no place in it.
class MtreeExport final : public ExportSink {
 public:
  MtreeExport(std::ostream& out, bool digest);
  void finish() override {}

 protected:
  void write(const CopiedEntry& entry, const std::string& sha256) override;
};

/// `name` with every byte that is not a plain character as a backslash and three octal
/// digits.
[[nodiscard]] std::string vis(std::string_view name);

}  // namespace wasifs
