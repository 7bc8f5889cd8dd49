# tinyzero_add_task(NAME SOURCES…) and tinyzero_add_algorithm(NAME SOURCES…): a plugin library NAME.so in <build>/plugins that exports
# its one entry function and nothing else, with every symbol resolved at link time.

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

function(tinyzero_add_algorithm name)
  tinyzero_add_plugin(${name} tinyzero_algorithm_v1 ${ARGN})
  target_link_libraries(${name} PRIVATE tinyzero_torch)
  target_compile_definitions(${name} PRIVATE TINYZERO_ALGORITHM_API="${TINYZERO_ALGORITHM_API}" TINYZERO_TORCH="${TINYZERO_TORCH_FINGERPRINT}")
endfunction()
