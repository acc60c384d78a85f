# Installs a build into an empty folder, then configures, builds and runs the project beside this file against it.
# Run by CTest; tests/CMakeLists.txt sets the variables.
set(prefix ${WORK_DIR}/prefix)
set(outside ${WORK_DIR}/build)
file(REMOVE_RECURSE ${WORK_DIR})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${outside} -G ${GENERATOR} -D CMAKE_BUILD_TYPE=${CONFIG}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_FLAGS=${FLAGS} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${outside})

execute_process(COMMAND ${outside}/outside OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said STREQUAL "2 calls\n")
  message(FATAL_ERROR "The outside project should have said '2 calls', but said '${said}'")
endif()

# The installed program, with the installed specification.
run(${prefix}/bin/rmmcheck show ${prefix}/share/rmmcheck/specs/rmm-1.0-rel0)
