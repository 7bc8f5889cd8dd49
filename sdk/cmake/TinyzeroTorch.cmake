# LibTorch as the target tinyzero_torch, and TINYZERO_TORCH_FINGERPRINT, which an algorithm and its host must share.
#
# In the build of tinyzero the version must be TINYZERO_TORCH_VERSION. In that of an algorithm elsewhere, tinyzeroConfig.cmake has set
# tinyzero_TORCH, what the program was built against, and tinyzero_TORCH_DIR, where that was.

# Only the LibTorch named by Torch_DIR, the program's, or the wheel's: distributions ship old ones in the default paths.
if(NOT Torch_DIR)
  if(tinyzero_TORCH)
    set(torch_configs ${tinyzero_TORCH_DIR})
    if(NOT EXISTS ${tinyzero_TORCH_DIR}/TorchConfig.cmake)
      message(FATAL_ERROR "The LibTorch that tinyzero was built against (${tinyzero_TORCH}) is not in ${tinyzero_TORCH_DIR} any more.\n"
        "Set Torch_DIR to the folder of TorchConfig.cmake in another one of that version:\n  -DTorch_DIR=…/torch/share/cmake/Torch\n")
    endif()
  else()
    file(GLOB torch_configs ${CMAKE_SOURCE_DIR}/.venv/lib*/python3*/site-packages/torch/share/cmake/Torch)
  endif()
  list(GET torch_configs 0 torch_config)
  set(Torch_DIR ${torch_config} CACHE PATH "Folder of TorchConfig.cmake" FORCE)
endif()
set(TORCH_CUDA_ARCH_LIST "8.0;8.6;8.9;9.0;10.0;12.0+PTX")
find_package(Torch CONFIG REQUIRED PATHS ${Torch_DIR} NO_DEFAULT_PATH)
if(TINYZERO_TORCH_VERSION AND NOT Torch_VERSION VERSION_EQUAL TINYZERO_TORCH_VERSION)
  message(FATAL_ERROR "LibTorch in ${Torch_DIR} is ${Torch_VERSION}, this project is built against ${TINYZERO_TORCH_VERSION}.\n"
    "Run ./tinyzero, which installs it, or set Torch_DIR; -DTINYZERO_TORCH_VERSION= accepts any version from 2.11 on.")
elseif(Torch_VERSION VERSION_LESS 2.11)
  message(FATAL_ERROR "LibTorch in ${Torch_DIR} is ${Torch_VERSION}; 2.11 is the oldest that works.")
endif()

# at::parallel_for runs serially in files compiled without -fopenmp; a second OpenMP runtime beside LibTorch's own must not be linked.
get_filename_component(torch_lib_dir ${TORCH_LIBRARY} DIRECTORY)
file(GLOB torch_openmp ${torch_lib_dir}/libgomp*.so* ${torch_lib_dir}/../../torch.libs/libgomp*.so*)
add_library(tinyzero_torch INTERFACE IMPORTED)
target_include_directories(tinyzero_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(tinyzero_torch INTERFACE ${TORCH_LIBRARIES} ${torch_openmp})
target_compile_options(tinyzero_torch INTERFACE -fopenmp)
# LibTorch brings headers of its own fmt, of another version than the system's library: what sees them uses them as headers only.
target_compile_definitions(tinyzero_torch INTERFACE FMT_HEADER_ONLY)

if(TORCH_CUDA_LIBRARIES)
  set(TINYZERO_TORCH_FLAVOUR cuda)
else()
  set(TINYZERO_TORCH_FLAVOUR cpu)
endif()
set(TINYZERO_TORCH_FINGERPRINT "${Torch_VERSION} ${TINYZERO_TORCH_FLAVOUR}" CACHE INTERNAL "")
if(tinyzero_TORCH AND NOT TINYZERO_TORCH_FINGERPRINT STREQUAL tinyzero_TORCH)
  message(FATAL_ERROR "LibTorch in ${Torch_DIR} is ${TINYZERO_TORCH_FINGERPRINT}; ${TINYZERO_PROGRAM} was built against ${tinyzero_TORCH} "
    "and loads no algorithm that was built against another.\n"
    "Take the program's own:\n  cmake --fresh -Dtinyzero_DIR=${tinyzero_DIR} -DTorch_DIR=${tinyzero_TORCH_DIR} ${CMAKE_BINARY_DIR}\n")
endif()
