# cmake -DROOT=<source tree> -P rules.cmake: rules about the text of the tree that no compiler checks.
set(broken "")

# Each rule: files, a regular expression that none of their lines may match, why.
function(forbid files regex why)
  foreach(file IN LISTS ${files})
    file(STRINGS "${ROOT}/${file}" hits REGEX "${regex}")
    foreach(hit IN LISTS hits)
      set(broken "${broken}\n  ${file}: ${hit}\n    ${why}")
    endforeach()
  endforeach()
  set(broken "${broken}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE headers RELATIVE "${ROOT}" "${ROOT}/core/*.h" "${ROOT}/autograd/*.h" "${ROOT}/nn/*.h" "${ROOT}/optim/*.h"
     "${ROOT}/io/*.h" "${ROOT}/data/*.h" "${ROOT}/eigengrad.h")
file(GLOB_RECURSE sources RELATIVE "${ROOT}" "${ROOT}/core/*.cpp" "${ROOT}/autograd/*.cpp" "${ROOT}/nn/*.cpp"
     "${ROOT}/optim/*.cpp" "${ROOT}/io/*.cpp" "${ROOT}/data/*.cpp")
set(public ${headers})
list(FILTER public EXCLUDE REGEX "/(detail|kernels)/")
set(plain ${public})
list(REMOVE_ITEM plain core/eigen.h)
set(library ${headers} ${sources})
set(no_eigen ${library})
list(FILTER no_eigen EXCLUDE REGEX "^core/")

forbid(plain "^[ \t]*#[ \t]*include[ \t]*[<\"](Eigen|unsupported|fmt)/" "a public header includes neither Eigen nor fmt")
forbid(plain "^[ \t]*#[ \t]*include[ \t]*<(iostream|ostream|istream|sstream|fstream|iomanip|regex|functional|algorithm|ranges|map|unordered_map|thread|mutex|future|filesystem|chrono|random)>"
       "a public header includes only light standard headers")
forbid(plain "^[ \t]*#[ \t]*define[ \t]" "a public header defines no macro")
forbid(no_eigen "#[ \t]*include[ \t]*[<\"](Eigen/|unsupported/|.*detail/eigen\\.h)" "only core sees Eigen")
forbid(library "#[ \t]*include[ \t]*[<\"](\\.\\./)+(core|autograd|nn|optim|io)/" "a path around the layers; spell it <eigengrad/...>")
forbid(library "#[ \t]*include[ \t]*[<\"].*mmintrin\\.h" "no intrinsics of one machine; the core is built for WebAssembly too")
set(code "^(([^/]|/[^/])*[^A-Za-z0-9_:./])?")  # not in a comment
forbid(library "${code}(std::)?(abort|exit|printf|puts) *\\(" "the library never prints and never ends the program")
forbid(library "${code}std::(cout|cerr|clog)" "the library never prints and never ends the program")

# No text file names a place on somebody's machine.
find_program(git git)
if(git AND EXISTS "${ROOT}/.git")
  # core.quotePath off: names as they are. safe.directory: the tree may belong to another user, as in a container.
  execute_process(COMMAND "${git}" -c "safe.directory=*" -c core.quotePath=off ls-files WORKING_DIRECTORY "${ROOT}" OUTPUT_VARIABLE files RESULT_VARIABLE code)
  string(STRIP "${files}" files)
  string(REPLACE "\n" ";" files "${files}")
endif()
if(NOT files)
  set(files ${library})
endif()
list(FILTER files INCLUDE REGEX "(\\.(h|cpp|cmake|in|txt|md|json|py|sh|js|html)|/run|^run)$")
list(REMOVE_ITEM files tests/tree/rules.cmake)
set(existing "")
foreach(file IN LISTS files)
  if(EXISTS "${ROOT}/${file}")
    list(APPEND existing "${file}")
  endif()
endforeach()
forbid(existing "(^|[^A-Za-z0-9_./}])/(work|home|root|Users|mnt)/[A-Za-z0-9_.]" "names a place on one machine")
set(shipped ${existing})
list(FILTER shipped EXCLUDE REGEX "^tests/")
forbid(shipped "(^|[^A-Za-z0-9_./}])/tmp/" "only tests may use /tmp; ask the system for a temporary folder")

if(broken)
  message(FATAL_ERROR "rules of the tree:${broken}")
endif()
list(LENGTH existing count)
message("${count} files keep the rules of the tree")
