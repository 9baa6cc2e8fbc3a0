// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "wasifs/export.h"

namespace wasifs {

/// A thread-safe intrusive reference count. An object is born with a count of
/// zero and is disposed of when the last Ref to it goes.
///
/// *Pinned* objects are not counted at all: they live as long as the pool that
/// holds them (an immutable layer keeps all its nodes in one array), and taking
/// a reference to one writes no shared memory.
class WASIFS_API RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void add_ref() const noexcept {
    if (!pinned()) count_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept {
    if (!pinned() && count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const_cast<RefCounted*>(this)->dispose();
    }
  }
  /// Takes a reference unless the count has already dropped to zero: how a
  /// table of weak entries revives what it finds. False if it came too late.
  [[nodiscard]] bool try_add_ref() const noexcept {
    if (pinned()) return true;
    std::uint32_t seen = count_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (count_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  /// True if the caller's reference is the only one, so that nobody else can
  /// reach the object any more. Pinned objects are never unique.
  [[nodiscard]] bool unique() const noexcept { return count_.load(std::memory_order_acquire) == 1; }

 protected:
  struct Pinned {};
  RefCounted() noexcept = default;
  explicit RefCounted(Pinned) noexcept : count_(kPinned) {}
  virtual ~RefCounted() = default;

  /// Releases a reference without disposing: true if it was the last one and
  /// the caller has to do that. For chains that must not be walked recursively.
  [[nodiscard]] bool drop() const noexcept {
    return !pinned() && count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  /// Called once, by the thread that released the last reference.
  virtual void dispose() noexcept { delete this; }

 private:
  static constexpr std::uint32_t kPinned = 0x8000'0000U;
  [[nodiscard]] bool pinned() const noexcept {
    return (count_.load(std::memory_order_relaxed) & kPinned) != 0;
  }
  mutable std::atomic<std::uint32_t> count_{0};
};

/// Shared ownership of a RefCounted object; null when default-constructed.
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  Ref(std::nullptr_t) noexcept {}
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->add_ref();
  }
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::convertible_to<U*, T*>
  Ref(Ref<U> other) noexcept : object_(other.detach()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  /// Takes over a reference that was already counted.
  [[nodiscard]] static Ref adopt(T* counted) noexcept {
    Ref ref;
    ref.object_ = counted;
    return ref;
  }
  /// Gives up ownership without releasing.
  [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  bool operator==(const Ref& other) const noexcept = default;
  bool operator==(std::nullptr_t) const noexcept { return object_ == nullptr; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
[[nodiscard]] Ref<T> make_ref(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

/// A borrowed callable, for callbacks that do not outlive the call.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& callable) noexcept  // NOLINT(google-explicit-constructor): that is its purpose
      : object_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace wasifs
