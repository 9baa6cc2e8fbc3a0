// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"

using namespace wasifs;

// Causes nest as deep as our own code wraps them.
wasifs_error::wasifs_error(const Diagnostic& of) : diagnostic(of), text(of.text()) {
  causes.reserve(of.causes.size());
  for (const Diagnostic& cause : of.causes) causes.push_back(std::make_unique<wasifs_error>(cause));
}

namespace wasifs::capi {

std::unexpected<Diagnostic> bad_argument(std::string_view name, std::string_view why) {
  return fail(Diagnostic{.trouble = Trouble::usage,
                         .message = "argument `" + std::string(name) + "` " + std::string(why)});
}

int errno_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::usage:
    case Trouble::manifest:
      return EINVAL;
    case Trouble::conflict:
      return EEXIST;
    case Trouble::corrupt:
      return EBADMSG;
    case Trouble::source:
      return ENOENT;
    case Trouble::mount:
      return ENODEV;
    case Trouble::bug:
      break;
  }
  return EIO;
}

int report(const Diagnostic& diagnostic, wasifs_error** error) noexcept {
  try {
    if (error != nullptr) *error = std::make_unique<wasifs_error>(diagnostic).release();
  } catch (...) {
    return report_thrown(nullptr);
  }
  return errno_of(diagnostic.trouble);
}

int report_thrown(wasifs_error** error) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    if (error != nullptr) *error = nullptr;
    return ENOMEM;
  } catch (const std::exception& thrown) {
    try {
      return report(Diagnostic{.message = std::string("unexpected: ") + thrown.what()}, error);
    } catch (...) {
      if (error != nullptr) *error = nullptr;
      return ENOMEM;
    }
  } catch (...) {
    if (error != nullptr) *error = nullptr;
    return EIO;
  }
}

Outcome<std::vector<std::string>> texts_of(const char* const* texts, std::size_t count,
                                           std::string_view name) {
  if (texts == nullptr && count != 0) return bad_argument(name, "must not be NULL");
  std::vector<std::string> read;
  read.reserve(count);
  for (const char* const text : std::span(texts, count)) {
    if (text == nullptr) return bad_argument(name, "must not hold a NULL");
    read.emplace_back(text);
  }
  return read;
}

}  // namespace wasifs::capi

wasifs_trouble wasifs_error_trouble(const wasifs_error* error) {
  if (error == nullptr) return WASIFS_TROUBLE_BUG;
  return static_cast<wasifs_trouble>(error->diagnostic.trouble);
}

const char* wasifs_error_text(const wasifs_error* error) {
  return error == nullptr ? "" : error->text.c_str();
}

const char* wasifs_error_message(const wasifs_error* error) {
  return error == nullptr ? "" : error->diagnostic.message.c_str();
}

const char* wasifs_error_hint(const wasifs_error* error) {
  return error == nullptr ? "" : error->diagnostic.hint.c_str();
}

const char* wasifs_error_file(const wasifs_error* error) {
  return error == nullptr ? "" : error->diagnostic.where.file.c_str();
}

uint32_t wasifs_error_line(const wasifs_error* error) {
  return error == nullptr ? 0 : error->diagnostic.where.line;
}

uint32_t wasifs_error_column(const wasifs_error* error) {
  return error == nullptr ? 0 : error->diagnostic.where.column;
}

const wasifs_error* wasifs_error_cause(const wasifs_error* error, size_t index) {
  if (error == nullptr || index >= error->causes.size()) return nullptr;
  return error->causes[index].get();
}

void wasifs_error_free(wasifs_error* error) { delete error; }
