// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/utf8_locale.h"

#include <cerrno>
#include <system_error>

namespace wasifs::archive {

Utf8Locale::Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{})) {
  if (locale_ == locale_t{}) throw std::system_error(errno, std::generic_category(), "newlocale");
}

Utf8Locale::~Utf8Locale() { ::freelocale(locale_); }

}  // namespace wasifs::archive
