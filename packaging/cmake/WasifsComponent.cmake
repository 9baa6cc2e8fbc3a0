# SPDX-License-Identifier: Apache-2.0

# The compiler's warnings and instrumentation, for our own targets only.
add_library(wasifs_warnings INTERFACE)
target_compile_options(wasifs_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
# The optimiser of GCC 12 warns of what is not there: overlapping copies inside
# std::string's operator+ (GCC bug 105651), strings that were never set when an
# aggregate is destroyed half-built, a delete that a reference count prevents.
# Clang's warnings and the sanitizer builds look for the real ones.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(wasifs_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized
                         -Wno-free-nonheap-object)
endif()
if(WASIFS_WERROR)
  target_compile_options(wasifs_warnings INTERFACE -Werror)
endif()
if(WASIFS_SANITIZE)
  add_compile_options(-fsanitize=${WASIFS_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WASIFS_SANITIZE})
  if(WASIFS_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(WASIFS_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

# The installed headers; everything sees them.
add_library(wasifs_api INTERFACE)
target_include_directories(wasifs_api INTERFACE ${PROJECT_SOURCE_DIR}/include)

# wasifs_component(NAME DIR dir [PUBLIC components…] [PRIVATE components…]
#                  [LIBRARIES targets…] [EXCLUDE files…])
#
# A static library wasifs_NAME of the folder's sources. Its headers are included
# by their path below src/ ("fs/webc/package.h"). That works only for targets
# that link the component: each has an include directory of its own, which holds
# nothing but a link to the component's folder.
function(wasifs_component name)
  cmake_parse_arguments(arg "" "DIR" "PUBLIC;PRIVATE;LIBRARIES;EXCLUDE" ${ARGN})
  set(folder ${PROJECT_SOURCE_DIR}/${arg_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  foreach(file IN LISTS arg_EXCLUDE)
    list(REMOVE_ITEM sources ${folder}/${file})
  endforeach()
  add_library(wasifs_${name} STATIC ${sources})
  set_target_properties(wasifs_${name} PROPERTIES LINKER_LANGUAGE CXX POSITION_INDEPENDENT_CODE ON)

  string(REGEX REPLACE "^src/" "" include_path ${arg_DIR})
  set(include_root ${PROJECT_BINARY_DIR}/include/${name})
  get_filename_component(parent ${include_root}/${include_path} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${folder} ${include_root}/${include_path} SYMBOLIC)
  target_include_directories(wasifs_${name} PUBLIC ${include_root})

  target_link_libraries(wasifs_${name} PUBLIC wasifs_api)
  list(TRANSFORM arg_PUBLIC PREPEND wasifs_)
  list(TRANSFORM arg_PRIVATE PREPEND wasifs_)
  target_link_libraries(wasifs_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} ${arg_LIBRARIES} wasifs_warnings)
endfunction()
