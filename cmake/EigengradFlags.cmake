# Compiler flags of our own .cpp files. Nothing here reaches a consumer, so a user's flags cannot break the ABI.
#
# -O3                   the kernels are plain loops that the compiler vectorizes
# -fno-math-errno       sqrt is one instruction; NaN and infinity keep their meaning
# -fno-trapping-math    a select may compute both sides; nobody reads the floating-point flags
# -ffp-contract=fast    a product and a sum are one instruction where the machine has it; g++'s default, and on clang what
#                       operators of classes of vectors need (core/kernels/simd.h)
# -march=x86-64-v4/-v3  the level this machine has. Plain -march=native tunes AVX-512 CPUs that g++ 12 does not know
#                       for 256-bit vectors, which costs Eigen's products 20 - 25 %; the levels tune generically.
# -Wno-(maybe-)uninitialized  g++ 12 warns of its own AVX-512 headers (GCC bug 105593)
# -Wno-restrict         g++ 12 warns of std::string's own "literal" + string (GCC bug 105651)
include(CheckCXXSourceCompiles)
include(CheckCXXSourceRuns)
include(CheckCXXCompilerFlag)

set(EIGENGRAD_WARNINGS -Wall -Wextra "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>"
    $<$<BOOL:${EIGENGRAD_WERROR}>:-Werror>)
add_library(eigengrad_flags INTERFACE)
target_compile_options(eigengrad_flags INTERFACE
  ${EIGENGRAD_WARNINGS} -Wpedantic -Wshadow -Wno-psabi $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wno-unknown-pragmas>
  "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-uninitialized>" -fno-math-errno -fno-trapping-math -ffp-contract=fast
  $<$<CONFIG:Release>:-O3> -ffunction-sections -fdata-sections)

if(EIGENGRAD_NATIVE AND NOT CMAKE_CROSSCOMPILING AND NOT EMSCRIPTEN)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"avx512f\") && __builtin_cpu_supports(\"avx512bw\") &&
      __builtin_cpu_supports(\"avx512cd\") && __builtin_cpu_supports(\"avx512dq\") && __builtin_cpu_supports(\"avx512vl\") ? 0 : 1; }"
      EIGENGRAD_HOST_V4)
    check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") &&
      __builtin_cpu_supports(\"bmi2\") ? 0 : 1; }" EIGENGRAD_HOST_V3)
    if(EIGENGRAD_HOST_V4)
      set(EIGENGRAD_ARCH -march=x86-64-v4 -mprefer-vector-width=512)
    elseif(EIGENGRAD_HOST_V3)
      set(EIGENGRAD_ARCH -march=x86-64-v3)
    endif()
  else()
    check_cxx_compiler_flag(-mcpu=native EIGENGRAD_MCPU_NATIVE)
    if(EIGENGRAD_MCPU_NATIVE)
      set(EIGENGRAD_ARCH -mcpu=native)
    endif()
  endif()
endif()
target_compile_options(eigengrad_flags INTERFACE ${EIGENGRAD_ARCH})
message(STATUS "eigengrad: machine flags: ${EIGENGRAD_ARCH}")

foreach(sanitizer IN LISTS EIGENGRAD_SANITIZE)
  add_compile_options(-fsanitize=${sanitizer} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${sanitizer})
endforeach()
if(EIGENGRAD_SANITIZE)
  add_compile_options(-fno-sanitize-recover=all)
endif()
