# LibTorch as the target tinyzero_torch, and TINYZERO_TORCH_FINGERPRINT, which an algorithm and its host must share.

# Only the wheel's LibTorch, or the one named by Torch_DIR: distributions ship old ones in the default paths.
if(NOT Torch_DIR)
  file(GLOB wheel_configs ${CMAKE_SOURCE_DIR}/.venv/lib*/python3*/site-packages/torch/share/cmake/Torch)
  list(GET wheel_configs 0 wheel_config)
  set(Torch_DIR ${wheel_config} CACHE PATH "Folder of TorchConfig.cmake" FORCE)
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
add_library(tinyzero_torch INTERFACE)
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
