// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/handle.h"

#include <archive.h>
#include <archive_entry.h>

#include <new>

namespace wasifs::archive {

namespace {

template <class T>
T* checked(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

void CloseReader::operator()(::archive* handle) const { archive_read_free(handle); }
void CloseWriter::operator()(::archive* handle) const { archive_write_free(handle); }
void FreeEntry::operator()(::archive_entry* entry) const { archive_entry_free(entry); }

Reader new_reader() { return Reader(checked(archive_read_new())); }
Writer new_writer() { return Writer(checked(archive_write_new())); }
Entry new_entry() { return Entry(checked(archive_entry_new())); }

std::string reason(::archive* handle) {
  const char* const said = archive_error_string(handle);
  std::string text = said == nullptr ? "" : said;
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text;
}

Diagnostic failure(::archive* handle, Trouble trouble, std::string_view action) {
  Diagnostic diagnostic{.trouble = trouble, .message = std::string(action)};
  if (const std::string why = reason(handle); !why.empty()) diagnostic.message += ": " + why;
  return diagnostic;
}

}  // namespace wasifs::archive
