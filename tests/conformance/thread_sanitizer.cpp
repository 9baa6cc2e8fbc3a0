// SPDX-License-Identifier: Apache-2.0

// The order in which a rename locks two directories follows the tree, which the
// same lock that it holds meanwhile (rename_lock) keeps from changing. The
// deadlock detector sees the order of one rename contradict that of another and
// does not see that the two cannot run at once.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WASIFS_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define WASIFS_THREAD_SANITIZER
#endif

#ifdef WASIFS_THREAD_SANITIZER
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "deadlock:wasifs::MemoryRename\n"
         "deadlock:wasifs::OverlayRename\n";
}
#endif
