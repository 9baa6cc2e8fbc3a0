// SPDX-License-Identifier: Apache-2.0
#include "archive_maker.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>

#include "base/path.h"

namespace wasifs::test {

namespace {

constexpr std::size_t kBlock = 512;

[[noreturn]] void give_up(::archive* writer) {
  const char* const said = archive_error_string(writer);
  throw std::runtime_error(said == nullptr ? "libarchive failed" : said);
}

void check(::archive* writer, int status) {
  if (status < ARCHIVE_WARN) give_up(writer);
}

la_ssize_t append(::archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

unsigned bits_of(FileType type) {
  static const std::map<FileType, unsigned> kBits = {
      {FileType::regular, AE_IFREG},     {FileType::directory, AE_IFDIR},    {FileType::symlink, AE_IFLNK},
      {FileType::char_device, AE_IFCHR}, {FileType::block_device, AE_IFBLK}, {FileType::fifo, AE_IFIFO},
      {FileType::socket, AE_IFSOCK}};
  return kBits.at(type);
}

void write_item(::archive* writer, const ArchiveItem& item) {
  const std::unique_ptr<::archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
  archive_entry_set_pathname(entry.get(), item.path.c_str());
  archive_entry_set_filetype(entry.get(), bits_of(item.type));
  archive_entry_set_perm(entry.get(), item.mode);
  archive_entry_set_uid(entry.get(), 1000);
  archive_entry_set_gid(entry.get(), 100);
  archive_entry_set_mtime(entry.get(), item.mtime.sec, item.mtime.nsec);
  archive_entry_set_size(entry.get(), 0);
  if (item.hard_link) {
    archive_entry_set_hardlink(entry.get(), item.data.c_str());
  } else if (item.type == FileType::symlink) {
    archive_entry_set_symlink(entry.get(), item.data.c_str());
  } else {
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(item.data.size()));
  }
  if (item.ino != 0) {
    archive_entry_set_ino64(entry.get(), item.ino);
    archive_entry_set_nlink(entry.get(), 3);
  }
  if (item.rdev != 0) archive_entry_set_rdev(entry.get(), item.rdev);
  for (const auto& [name, value] : item.xattrs) {
    archive_entry_xattr_add_entry(entry.get(), name.c_str(), value.data(), value.size());
  }
  for (const auto& [offset, length] : item.segments) {
    archive_entry_sparse_add_entry(entry.get(), static_cast<la_int64_t>(offset),
                                   static_cast<la_int64_t>(length));
  }
  check(writer, archive_write_header(writer, entry.get()));
  if (item.hard_link || item.type != FileType::regular || item.data.empty()) return;
  if (archive_write_data(writer, item.data.data(), item.data.size()) < 0) give_up(writer);
}

std::string describe(Node& node, const std::map<std::uint64_t, std::string>& seen) {
  const Attr attr = node.attr().value();
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", attr.mode);
  static const std::map<FileType, std::string> kTypes = {
      {FileType::regular, "file"},     {FileType::directory, "dir"},      {FileType::symlink, "link"},
      {FileType::char_device, "char"}, {FileType::block_device, "block"}, {FileType::fifo, "fifo"},
      {FileType::socket, "socket"}};
  std::string line = kTypes.at(attr.type) + " " + mode.data();
  if (const auto first = seen.find(attr.ino); first != seen.end()) return line + " = " + first->second;
  if (attr.type == FileType::symlink) line += " -> " + node.read_link().value().text;
  if (attr.type == FileType::regular) line += " " + std::to_string(attr.size);
  return line;
}

}  // namespace

ArchiveItem dir_item(std::string path, std::uint16_t mode) {
  return {.path = std::move(path), .type = FileType::directory, .mode = mode};
}
ArchiveItem link_item(std::string path, std::string text) {
  return {.path = std::move(path), .type = FileType::symlink, .data = std::move(text), .mode = 0777};
}
ArchiveItem hard_link_item(std::string path, std::string target) {
  return {.path = std::move(path), .data = std::move(target), .hard_link = true};
}

std::string make_archive(std::string_view format, const std::vector<ArchiveItem>& items,
                         std::string_view filter, std::string_view options) {
  const std::unique_ptr<::archive, decltype(&archive_write_free)> writer(archive_write_new(),
                                                                         &archive_write_free);
  std::string out;
  check(writer.get(), archive_write_set_format_by_name(writer.get(), std::string(format).c_str()));
  if (filter != "none") {
    check(writer.get(), archive_write_add_filter_by_name(writer.get(), std::string(filter).c_str()));
  }
  archive_write_set_bytes_in_last_block(writer.get(), 1);  // no zeros behind a compressed stream
  if (format == "pax") {
    check(writer.get(), archive_write_set_format_option(writer.get(), "pax", "hdrcharset", "BINARY"));
  }
  check(writer.get(), archive_write_set_options(writer.get(), std::string(options).c_str()));
  check(writer.get(), archive_write_open(writer.get(), &out, nullptr, append, nullptr));
  for (const ArchiveItem& item : items) write_item(writer.get(), item);
  check(writer.get(), archive_write_close(writer.get()));
  return out;
}

RawTar& RawTar::entry(std::string_view name, std::string_view data, char type, std::string_view link) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%011zo", data.size());
  header(name, size.data(), type, link);
  bytes_ += data;
  pad();
  return *this;
}

RawTar& RawTar::lying(std::string_view name, std::string_view size_in_octal, std::string_view data) {
  header(name, size_in_octal, '0', {});
  bytes_ += data;
  pad();
  return *this;
}

void RawTar::header(std::string_view name, std::string_view size, char type, std::string_view link) {
  std::array<char, kBlock> block{};
  const auto put = [&block](std::size_t at, std::string_view text) {
    std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(157, link.substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%06o", sum);
  put(148, {text.data(), 7});
  bytes_.append(block.data(), block.size());
}

void RawTar::pad() { bytes_.append((kBlock - bytes_.size() % kBlock) % kBlock, '\0'); }

std::string RawTar::finish() { return bytes_ + std::string(2 * kBlock, '\0'); }

std::shared_ptr<archive::ArchiveFilesystem> open_archive(std::string bytes, archive::OpenOptions options) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  auto opened = archive::ArchiveFilesystem::parse({.bytes = std::as_bytes(std::span(*owner)), .owner = owner},
                                                  "a.tar", options);
  if (!opened) throw std::runtime_error(opened.error().text());
  return *std::move(opened);
}

std::string refusal(std::string bytes, archive::OpenOptions options) {
  try {
    const auto opened = open_archive(std::move(bytes), std::move(options));
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string listing(Filesystem& fs) {
  std::string out;
  std::map<std::uint64_t, std::string> seen;
  std::vector<std::string> left = {""};
  while (!left.empty()) {
    const std::string path = left.back();
    left.pop_back();
    const NodeRef node = node_at(fs, path);
    out += (path.empty() ? "/" : path) + ": " + describe(*node, seen) + "\n";
    if (!node->is_directory()) {
      if (node->attr().value().nlink > 1) seen.emplace(node->attr().value().ino, path);
      continue;
    }
    std::vector<std::string> names;
    const auto status = node->open_dir().value()->read(0, [&](const DirEntry& entry) {
      names.emplace_back(entry.name);
      return true;
    });
    if (!status) throw std::runtime_error(path + " cannot be listed");
    for (auto name = names.rbegin(); name != names.rend(); ++name) left.push_back(path + "/" + *name);
  }
  return out;
}

NodeRef node_at(Filesystem& fs, std::string_view path) {
  NodeRef at = fs.root();
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> next = at->lookup(name);
    if (!next) throw std::runtime_error(std::string(path) + ": " + message(next.error()));
    at = *next;
  }
  return at;
}

std::string content(Filesystem& fs, std::string_view path) {
  const NodeRef node = node_at(fs, path);
  std::string bytes(static_cast<std::size_t>(node->attr().value().size) + 1, '\0');
  const FilePtr file = node->open({}).value();
  bytes.resize(file->read_at(0, std::as_writable_bytes(std::span(bytes))).value());
  return bytes;
}

}  // namespace wasifs::test
