# SPDX-License-Identifier: Apache-2.0

# libwasifs.so and libwasifs.a: all components that an embedder can reach, in one
# file each, and how they are installed. Neither knows FUSE or the command line.
set(wasifs_library_components base device memory host webc archive oci compose wasi plan capi)
set(wasifs_library_objects "")
foreach(component IN LISTS wasifs_library_components)
  list(APPEND wasifs_library_objects $<TARGET_OBJECTS:wasifs_${component}>)
endforeach()

add_library(wasifs_shared SHARED ${wasifs_library_objects})
add_library(wasifs_static STATIC ${wasifs_library_objects})
add_library(wasifs::wasifs ALIAS wasifs_shared)
add_library(wasifs::static ALIAS wasifs_static)
set_target_properties(wasifs_shared PROPERTIES EXPORT_NAME wasifs VERSION ${PROJECT_VERSION} SOVERSION 0)
set_target_properties(wasifs_static PROPERTIES EXPORT_NAME static)

# Only the names of the list in packaging/abi/ are shown, and each has a version.
set(wasifs_version_script ${PROJECT_SOURCE_DIR}/packaging/cmake/libwasifs.map)
target_link_options(wasifs_shared PRIVATE -Wl,--version-script=${wasifs_version_script})
set_target_properties(wasifs_shared PROPERTIES LINK_DEPENDS ${wasifs_version_script})
# A sanitizer's library is the program's, not ours.
if(NOT WASIFS_SANITIZE)
  target_link_options(wasifs_shared PRIVATE -Wl,-z,defs)
endif()

foreach(library wasifs_shared wasifs_static)
  # What LIBRARIES of the components say.
  target_link_libraries(${library} PRIVATE PkgConfig::nettle PkgConfig::libarchive PkgConfig::zlib
                        PkgConfig::tomlplusplus)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # The installed targets say the same in wasifsConfig.cmake, where C++ is in use.
  target_compile_features(${library} INTERFACE $<BUILD_INTERFACE:cxx_std_23>)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME wasifs LINKER_LANGUAGE CXX)
endforeach()

# A project of C alone does not link these by itself.
target_link_libraries(wasifs_static INTERFACE $<INSTALL_INTERFACE:stdc++> $<INSTALL_INTERFACE:m>)

include(CMakePackageConfigHelpers)
set(wasifs_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wasifs)
configure_package_config_file(packaging/cmake/wasifsConfig.cmake.in ${PROJECT_BINARY_DIR}/wasifsConfig.cmake
  INSTALL_DESTINATION ${wasifs_cmake_dir} NO_SET_AND_CHECK_MACRO)
# As long as the major version is 0, a minor one may break what was.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/wasifsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
# From where wasifs.pc is to the prefix, so that an installed tree can be moved.
file(RELATIVE_PATH wasifs_pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(packaging/cmake/wasifs.pc.in ${PROJECT_BINARY_DIR}/wasifs.pc @ONLY)

install(TARGETS wasifs_shared EXPORT wasifsTargets)
install(TARGETS wasifs_static EXPORT wasifsStaticTargets)
foreach(export wasifsTargets wasifsStaticTargets)
  install(EXPORT ${export} NAMESPACE wasifs:: DESTINATION ${wasifs_cmake_dir})
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/wasifsConfig.cmake ${PROJECT_BINARY_DIR}/wasifsConfigVersion.cmake
  DESTINATION ${wasifs_cmake_dir})
install(FILES ${PROJECT_BINARY_DIR}/wasifs.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY include/wasifs DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/man/wasifs-embed.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
