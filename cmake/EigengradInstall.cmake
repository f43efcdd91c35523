# cmake --install: static libraries, public headers, and eigengradConfig.cmake for find_package(eigengrad).
include(CMakePackageConfigHelpers)
get_property(layers GLOBAL PROPERTY eigengrad_layers)
foreach(layer IN LISTS layers)
  install(TARGETS eigengrad_${layer} EXPORT eigengradTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  get_property(headers GLOBAL PROPERTY eigengrad_${layer}_headers)
  foreach(header IN LISTS headers)
    get_filename_component(sub "${header}" DIRECTORY)
    install(FILES "${PROJECT_SOURCE_DIR}/${layer}/${header}"
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/eigengrad/${layer}/${sub}")
  endforeach()
endforeach()
# `cmake --install --strip` leaves archives alone.
install(CODE "
  if(CMAKE_INSTALL_DO_STRIP AND NOT \"${CMAKE_STRIP}\" STREQUAL \"\")
    file(GLOB archives \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libeigengrad_*.a\")
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded --remove-section=.comment \${archives})
  endif()")
install(TARGETS eigengrad EXPORT eigengradTargets)
install(FILES "${PROJECT_SOURCE_DIR}/eigengrad.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/eigengrad")
install(EXPORT eigengradTargets NAMESPACE eigengrad:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eigengrad)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/eigengradConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/eigengradConfig.cmake" INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eigengrad)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/eigengradConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/eigengradConfig.cmake" "${PROJECT_BINARY_DIR}/eigengradConfigVersion.cmake"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eigengrad)
