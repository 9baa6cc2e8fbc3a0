// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <locale.h>

namespace wasifs::archive {

/// Names are bytes to us. Those that a format stores as Unicode libarchive converts from
/// and to the encoding of the thread's locale, and mangles what that cannot express: so
/// it is called with one that is UTF-8, whatever the program's is.
class Utf8Locale {
 public:
  /// Throws std::system_error.
  Utf8Locale();
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale();

  /// The thread's locale as long as it lives; to be destroyed by the same thread.
  class Use {
   public:
    explicit Use(const Utf8Locale& locale) : before_(::uselocale(locale.locale_)) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { ::uselocale(before_); }

   private:
    locale_t before_;
  };

 private:
  locale_t locale_;
};

}  // namespace wasifs::archive
