// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "operation.h"

namespace wasifs::test {

/// What a file system must do, said as simply as possible: maps and strings, no
/// layers, no locks, no pages. Answers an Operation as Caller::perform() should.
class Model {
 public:
  [[nodiscard]] std::string perform(const Operation& operation);
  /// As dump() of a file system that holds the same.
  [[nodiscard]] std::string dump() const;

 private:
  struct Object {
    FileType type;
    std::uint16_t mode;
    std::uint32_t names = 1;
    std::uint32_t owner = 0;
    std::optional<Time> mtime = {};  ///< as set_mtime set it; absent: changed since
    std::string text = {};
    std::map<std::string, std::string> xattrs = {};
    std::map<std::string, std::shared_ptr<Object>> children = {};
  };
  using ObjectPtr = std::shared_ptr<Object>;
  /// A directory and a name in it; `object` is null where the name is free.
  struct Place {
    Object* dir = nullptr;
    std::string name;
    ObjectPtr object;
    std::string error;  ///< the way to the directory is none
  };

  [[nodiscard]] static Place no_way(std::string error);
  [[nodiscard]] Place find(std::string_view path) const;
  [[nodiscard]] std::string make(const Place& at, FileType type, std::uint16_t mode, std::string text);
  [[nodiscard]] std::string change_file(const Operation& operation, const Place& at);
  [[nodiscard]] std::string name_anonymous(const Operation& operation, const Place& at);
  [[nodiscard]] std::string hold(const Operation& operation, const Place& at);
  [[nodiscard]] std::string perform_held(const Operation& operation);
  [[nodiscard]] static std::string set_attr(const Operation& operation, Object& object);
  [[nodiscard]] std::string inspect(const Operation& operation, const Place& at) const;
  [[nodiscard]] std::string link(const Place& from, const Place& to);
  [[nodiscard]] std::string remove(const Place& at, bool directory);
  [[nodiscard]] std::string rename(const Place& from, const Place& to, RenameMode mode);
  [[nodiscard]] static bool contains(const Object& dir, const Object* sought);
  [[nodiscard]] static ObjectState state_of(const Object& object);
  [[nodiscard]] static std::string stat(const Object& object);
  static void write(Object& file, std::size_t offset, std::string_view bytes);
  /// Gives the name in `dir` to `object`, or takes it away for a null one.
  static void enter(Object& dir, const std::string& name, ObjectPtr object);

  ObjectPtr root_ = std::make_shared<Object>(Object{.type = FileType::directory, .mode = 0755});
  std::array<ObjectPtr, Operation::kSlots> held_ = {};
};

}  // namespace wasifs::test
