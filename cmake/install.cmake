# Installs the program, the libraries with their headers, the specifications and the trace format, and the CMake package
# that makes them usable from outside:
#
#     find_package(rmmcheck REQUIRED)
#     target_link_libraries(harness PRIVATE rmmcheck::checker)     # or rmmcheck::model, rmmcheck::traces
#
# tests/package builds such a project against a fresh installation.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rmmcheck)
set(rooms rmmcheck_base rmmcheck_model rmmcheck_traces rmmcheck_checker)

# A static library hands on everything it links. What is only headers is compiled in already, so a project outside need
# not have it; what must be linked stays, and rmmcheckConfig.cmake finds it.
set(only_headers rmmcheck_warnings taocpp::pegtl nlohmann_json::nlohmann_json CLI11::CLI11)
list(TRANSFORM only_headers REPLACE "(.+)" "$<LINK_ONLY:\\1>")
foreach(room IN LISTS rooms)
  get_target_property(handed_on ${room} INTERFACE_LINK_LIBRARIES)
  if(handed_on)
    list(REMOVE_ITEM handed_on ${only_headers})
    set_target_properties(${room} PROPERTIES INTERFACE_LINK_LIBRARIES "${handed_on}")
  endif()
  string(REPLACE rmmcheck_ "" name ${room})
  set_target_properties(${room} PROPERTIES EXPORT_NAME ${name})
endforeach()

install(TARGETS rmmcheck_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${rooms} EXPORT rmmcheck ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT rmmcheck FILE rmmcheckTargets.cmake NAMESPACE rmmcheck:: DESTINATION ${package_dir})

install(DIRECTORY model/include/ traces/include/ checker/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY specs DESTINATION ${CMAKE_INSTALL_DATADIR}/rmmcheck)
file(GLOB trace_format CONFIGURE_DEPENDS traces/FORMAT.md traces/*.schema.json)
install(FILES ${trace_format} DESTINATION ${CMAKE_INSTALL_DATADIR}/rmmcheck/traces)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(specs_dir ${CMAKE_INSTALL_DATADIR}/rmmcheck/specs)
configure_package_config_file(cmake/rmmcheckConfig.cmake.in ${PROJECT_BINARY_DIR}/rmmcheckConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS specs_dir)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rmmcheckConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rmmcheckConfig.cmake ${PROJECT_BINARY_DIR}/rmmcheckConfigVersion.cmake
        DESTINATION ${package_dir})
