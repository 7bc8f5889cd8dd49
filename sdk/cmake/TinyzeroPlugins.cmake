# tinyzero_add_task(NAME SOURCES…) and tinyzero_add_algorithm(NAME SOURCES…): a plugin library NAME.so in <build>/plugins that exports
# its one entry function and nothing else, with every symbol resolved at link time. Only the second looks for LibTorch.

set(TINYZERO_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(tinyzero_add_plugin name entry)
  add_library(${name} MODULE ${ARGN})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE tinyzero_sdk)
  set(map ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
  file(CONFIGURE OUTPUT ${map} CONTENT "{ global: ${entry}; local: *; };\n")
  target_link_options(${name} PRIVATE -Wl,--version-script=${map} -Wl,--gc-sections)
  if(NOT TINYZERO_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins LINK_DEPENDS ${map})
endfunction()

function(tinyzero_add_task name)
  tinyzero_add_plugin(${name} tinyzero_task_v1 ${ARGN})
endfunction()

# A macro, so that LibTorch is found in the caller's scope: its CUDA build enables a language, which a function may not.
macro(tinyzero_add_algorithm name)
  if(NOT TARGET tinyzero_algorithm_sdk)
    include(${TINYZERO_PLUGIN_CMAKE_DIR}/TinyzeroTorch.cmake)
    tinyzero_add_algorithm_sdk()
  endif()
  tinyzero_add_plugin(${name} tinyzero_algorithm_v1 ${ARGN})
  target_link_libraries(${name} PRIVATE tinyzero_algorithm_sdk)
  set_target_properties(${name} PROPERTIES CXX_STANDARD 20)  # the host's: it is part of the fingerprint
endmacro()

# The target tinyzero_algorithm_sdk: what an algorithm, its tests and its host are compiled with. The fingerprint names LibTorch as it was
# found, and the interface as a hash of the headers that define it, as they are here.
function(tinyzero_add_algorithm_sdk)
  get_target_property(include tinyzero_sdk INTERFACE_INCLUDE_DIRECTORIES)
  set(interface "")
  foreach(header algorithm.h batch.h primitives/batch.h settings.h)
    file(SHA256 ${include}/tinyzero/${header} hash)
    string(APPEND interface ${hash})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${include}/tinyzero/${header})
  endforeach()
  string(SHA256 interface "${interface}")
  string(SUBSTRING ${interface} 0 16 interface)
  add_library(tinyzero_algorithm_sdk INTERFACE IMPORTED)  # visible from here on down, like the targets of LibTorch
  target_link_libraries(tinyzero_algorithm_sdk INTERFACE tinyzero_sdk tinyzero_torch)
  target_compile_definitions(tinyzero_algorithm_sdk INTERFACE TINYZERO_ALGORITHM_API="${interface}"
    TINYZERO_TORCH="${TINYZERO_TORCH_FINGERPRINT}")
endfunction()
