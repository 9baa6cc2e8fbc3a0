// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Marks what a program finds in libwasifs.so; everything else of it is hidden.
#if defined(__GNUC__)
#define WASIFS_API __attribute__((visibility("default")))
#else
#define WASIFS_API
#endif
