// SPDX-License-Identifier: Apache-2.0

// The order in which a rename locks two directories follows the tree, which the
// lock that it holds meanwhile (rename_lock) keeps from changing. The deadlock
// detector takes the orders of renames that can never run at once for a cycle, and
// searching for cycles among thousands of such locks can take it minutes. Data
// races are reported as always.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WASIFS_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define WASIFS_THREAD_SANITIZER
#endif

#ifdef WASIFS_THREAD_SANITIZER
// The sanitizer's library finds it by its name, so it must not be hidden as our code is.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "detect_deadlocks=0"; }
#endif
