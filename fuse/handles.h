// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "fuse/inode_table.h"
#include "fuse/passthrough.h"
#include "wasifs/tree.h"

namespace wasifs::fuse {

/// Everything that the kernel has open, by the number it was told (the address).
/// Owns the handles: those that no release came for, because the connection was
/// cut, are closed with the table. T has members `T* previous` and `T* next`.
/// Thread-safe.
template <class T>
class HandleTable {
 public:
  HandleTable() = default;
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;
  ~HandleTable() {
    while (first_ != nullptr) delete std::exchange(first_, first_->next);
  }

  [[nodiscard]] std::uint64_t adopt(std::unique_ptr<T> handle) noexcept {
    T* const added = handle.release();
    const std::scoped_lock hold(lock_);
    added->next = first_;
    if (first_ != nullptr) first_->previous = added;
    first_ = added;
    return reinterpret_cast<std::uintptr_t>(added);
  }

  /// `number` must be one that adopt() gave and release() has not had.
  [[nodiscard]] static T& at(std::uint64_t number) noexcept { return *reinterpret_cast<T*>(number); }

  void release(std::uint64_t number) noexcept {
    std::unique_ptr<T> dead(&at(number));  // closed after the lock is dropped
    const std::scoped_lock hold(lock_);
    if (dead->next != nullptr) dead->next->previous = dead->previous;
    (dead->previous != nullptr ? dead->previous->next : first_) = dead->next;
  }

 private:
  std::mutex lock_;
  T* first_ = nullptr;
};

/// An open file. The kernel writes to one handle in two ways: appending, where
/// only the layer knows where the end is, and at an offset, which also happens
/// to an O_APPEND descriptor (dirty pages of a shared mapping go out through any
/// handle of the file; fcntl(2) may change the flag). A File does one of them, so
/// the other is opened when it is first needed. Thread-safe.
class FileHandle {
 public:
  /// `tree` must outlive the handle, and so does the Inode: the kernel forgets none
  /// that it has open.
  FileHandle(const Tree& tree, const Inode& inode, FilePtr file)
      : tree_(tree), inode_(inode), file_(std::move(file)) {}

  [[nodiscard]] const Inode& inode() const { return inode_; }
  [[nodiscard]] File& file() { return *file_; }
  /// The File that writes as asked. Errors are those of opening a second time.
  [[nodiscard]] Result<File*> writer(bool append);

  DataWay way = DataWay::cached;
  FileHandle* previous = nullptr;
  FileHandle* next = nullptr;

 private:
  const Tree& tree_;
  const Inode& inode_;
  FilePtr file_;
  std::mutex lock_;
  FilePtr other_;  ///< the other way of writing; set once, guarded by lock_
};

struct DirHandle {
  explicit DirHandle(DirPtr opened) : dir(std::move(opened)) {}

  DirPtr dir;
  DirHandle* previous = nullptr;
  DirHandle* next = nullptr;
};

}  // namespace wasifs::fuse
