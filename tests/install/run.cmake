# cmake -DCASE=find_package|add_subdirectory ... -P run.cmake: configures the consumer, builds it, runs its programs.
set(dir "${SCRATCH}/${CASE}")
set(options "-DCMAKE_CXX_COMPILER=${CXX}" "-DCASE=${CASE}" "-DROOT=${ROOT}" "-DEigen3_DIR=${Eigen3_DIR}" "-Dfmt_DIR=${fmt_DIR}")
if(CASE STREQUAL "find_package")
  # A fresh prefix each time: a header that is no longer installed must not be found.
  file(REMOVE_RECURSE "${dir}")
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${dir}/prefix" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND options "-DCMAKE_PREFIX_PATH=${dir}/prefix" -DCMAKE_BUILD_TYPE=Release)
  file(GLOB_RECURSE private "${dir}/prefix/include/*/detail/*" "${dir}/prefix/include/*/kernels/*")
  if(private)
    message(FATAL_ERROR "private headers were installed: ${private}")
  endif()
else()
  list(APPEND options -DCMAKE_BUILD_TYPE=Debug -DEIGENGRAD_NATIVE=OFF)
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${SOURCE}/consumer" -B "${dir}/build" ${options}
  OUTPUT_FILE "${SCRATCH}/${CASE}.txt" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${dir}/build" -j 2 COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CTEST}" --test-dir "${dir}/build" --output-on-failure COMMAND_ERROR_IS_FATAL ANY)
