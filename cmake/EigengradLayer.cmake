# eigengrad_layer(<folder> [DEPENDS <folder>...] [KERNELS])
#
# Makes the static library eigengrad_<folder> (alias eigengrad::<folder>) from the folder's sources and gives it an
# include folder of forwarding headers that holds only its own headers, so <eigengrad/core/shape.h> reads the same in
# the build tree and after install, and an include of a layer that is not among DEPENDS does not compile.
# Headers under detail/ and kernels/ are private to this project: never installed, and kernels/ reaches only the
# layers that say KERNELS. Sources are globbed: the tree is the list.

# Writes a file unless it holds the text already, so that nothing is built again. Not configure_file or file(CONFIGURE):
# code may hold what looks like a variable.
function(eigengrad_write_if_new file text)
  set(old "")
  if(EXISTS "${file}")
    file(READ "${file}" old)
  endif()
  if(NOT old STREQUAL text)
    file(WRITE "${file}" "${text}")
  endif()
endfunction()

function(eigengrad_forward layer kind out)
  set(root "${PROJECT_BINARY_DIR}/include/${layer}-${kind}")
  foreach(header IN LISTS ARGN)
    eigengrad_write_if_new("${root}/eigengrad/${layer}/${header}" "#include \"${PROJECT_SOURCE_DIR}/${layer}/${header}\"\n")
  endforeach()
  file(MAKE_DIRECTORY "${root}")
  set(${out} "${root}" PARENT_SCOPE)
endfunction()

function(eigengrad_layer layer)
  cmake_parse_arguments(arg "KERNELS" "" "DEPENDS" ${ARGN})
  set(dir "${PROJECT_SOURCE_DIR}/${layer}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${dir}/*.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${dir}" "${dir}/*.h")
  set(public ${headers})
  list(FILTER public EXCLUDE REGEX "(^|/)(detail|kernels)/")
  set(detail ${headers})
  list(FILTER detail INCLUDE REGEX "(^|/)detail/")
  set(kernels ${headers})
  list(FILTER kernels INCLUDE REGEX "(^|/)kernels/")
  eigengrad_forward(${layer} public public_dir ${public})
  eigengrad_forward(${layer} detail detail_dir ${detail})
  eigengrad_forward(${layer} kernels kernels_dir ${kernels})
  set_property(GLOBAL PROPERTY eigengrad_${layer}_headers ${public})

  set(lib eigengrad_${layer})
  add_library(${lib} STATIC ${sources})
  add_library(eigengrad::${layer} ALIAS ${lib})
  set_target_properties(${lib} PROPERTIES EXPORT_NAME ${layer} POSITION_INDEPENDENT_CODE OFF)
  target_compile_features(${lib} PUBLIC cxx_std_20)
  target_include_directories(${lib}
    PUBLIC $<BUILD_INTERFACE:${public_dir}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE "${detail_dir}" "${kernels_dir}" "${dir}")
  target_link_libraries(${lib} PRIVATE $<BUILD_INTERFACE:eigengrad_flags> $<BUILD_INTERFACE:eigengrad_dep_fmt>)
  if(layer STREQUAL "core")
    target_link_libraries(${lib} PRIVATE $<BUILD_INTERFACE:eigengrad_dep_eigen>)
    if(EIGENGRAD_THREADS)
      target_link_libraries(${lib} PUBLIC Threads::Threads)
      target_compile_definitions(${lib} PUBLIC EIGENGRAD_THREADS=1)
    else()
      target_compile_definitions(${lib} PUBLIC EIGENGRAD_THREADS=0)
    endif()
  endif()
  foreach(dep IN LISTS arg_DEPENDS)
    target_link_libraries(${lib} PUBLIC eigengrad_${dep})
  endforeach()
  # Private headers of the layers below.
  set(below ${arg_DEPENDS})
  if(NOT layer STREQUAL "core")
    list(APPEND below core)
  endif()
  list(REMOVE_DUPLICATES below)
  foreach(dep IN LISTS below)
    target_include_directories(${lib} PRIVATE "${PROJECT_BINARY_DIR}/include/${dep}-detail")
    if(arg_KERNELS)
      target_include_directories(${lib} PRIVATE "${PROJECT_BINARY_DIR}/include/${dep}-kernels")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY eigengrad_layers ${layer})
endfunction()

# eigengrad::eigengrad: all layers and the umbrella header <eigengrad/eigengrad.h>.
function(eigengrad_umbrella)
  set(root "${PROJECT_BINARY_DIR}/include/umbrella")
  file(CONFIGURE OUTPUT "${root}/eigengrad/eigengrad.h"
       CONTENT "#include \"${PROJECT_SOURCE_DIR}/eigengrad.h\"\n" @ONLY)
  add_library(eigengrad INTERFACE)
  add_library(eigengrad::eigengrad ALIAS eigengrad)
  target_include_directories(eigengrad INTERFACE
    $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  get_property(layers GLOBAL PROPERTY eigengrad_layers)
  foreach(layer IN LISTS layers)
    target_link_libraries(eigengrad INTERFACE eigengrad_${layer})
  endforeach()
endfunction()
