# Eigen, fmt and doctest: the installed ones where CMake finds them, otherwise pinned releases.
# Eigen and fmt are used as headers only, inside our own .cpp files; nothing of them reaches a consumer.
include(FetchContent)

function(eigengrad_fetch name url hash)
  message(STATUS "eigengrad: ${name} not found, fetching ${url}")
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP ON)
  FetchContent_GetProperties(${name})
  if(NOT ${name}_POPULATED)
    FetchContent_Populate(${name})
  endif()
  set(${name}_SOURCE_DIR "${${name}_SOURCE_DIR}" PARENT_SCOPE)
endfunction()

# eigengrad_headers(<target> <include dir>): a header-only dependency.
function(eigengrad_headers target dir)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE "${dir}")
endfunction()

find_package(Eigen3 3.4 QUIET NO_MODULE)
if(TARGET Eigen3::Eigen)
  get_target_property(eigen_dir Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
else()
  eigengrad_fetch(eigen https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
                  8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
  set(eigen_dir "${eigen_SOURCE_DIR}")
endif()
eigengrad_headers(eigengrad_dep_eigen "${eigen_dir}")

find_package(fmt 9 QUIET)
if(NOT TARGET fmt::fmt)
  find_package(fmt QUIET)
endif()
if(TARGET fmt::fmt)
  get_target_property(fmt_dir fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
else()
  eigengrad_fetch(fmt https://github.com/fmtlib/fmt/archive/refs/tags/9.1.0.tar.gz
                  5dea48d1fcddc3ec571ce2058e13910a0d4a6bab4cc09a809d8b1dd1c88ae6f2)
  set(fmt_dir "${fmt_SOURCE_DIR}/include")
endif()
eigengrad_headers(eigengrad_dep_fmt "${fmt_dir}")

if(EIGENGRAD_TESTS)
  find_package(doctest 2.4 QUIET)
  if(TARGET doctest::doctest)
    get_target_property(doctest_dir doctest::doctest INTERFACE_INCLUDE_DIRECTORIES)
  else()
    eigengrad_fetch(doctest https://github.com/doctest/doctest/archive/refs/tags/v2.4.9.tar.gz
                    19b2df757f2f3703a5e63cee553d85596875f06d91a3333acd80a969ef210856)
    set(doctest_dir "${doctest_SOURCE_DIR}")
  endif()
  eigengrad_headers(eigengrad_dep_doctest "${doctest_dir}")
endif()

if(EIGENGRAD_THREADS)
  find_package(Threads REQUIRED)
endif()
