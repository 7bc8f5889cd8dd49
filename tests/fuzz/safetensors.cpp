// libFuzzer target: the reader of safetensors. The input is a whole file; with a first byte below
// 128 it is only a header, to which a length and some data are put. A finding is a crash, a
// sanitizer's report, a hang, much memory, an exception that is no Error, or a tensor outside of
// the file.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/base/error.h"
#include "core/model/safetensors.h"

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void read(const std::string& path) {
  const tinyzero::SafetensorsFile file(path);
  std::size_t data = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    data += tensor.bytes;
    if (tensor.dtype != "F32" && tensor.dtype != "BF16" && tensor.dtype != "F16") continue;
    const auto n = static_cast<std::size_t>(tensor.elements());
    require(n * tinyzero::bytes_of(tinyzero::dtype_of(tensor, name)) == tensor.bytes,
            "a tensor's bytes are those of its shape");
    std::vector<float> numbers(n);
    tinyzero::to_float(path, tensor, name, numbers.data());  // reads every byte
  }
  require(data + 8 <= file.bytes(), "the tensors lie in the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size > 0 && data[0] < 128) {
    const std::uint64_t header = size - 1;
    file.replace(0, 1, reinterpret_cast<const char*>(&header), 8);
    file.append(data[0], '\x3C');
  }
  const int fd = ::memfd_create("weights", 0);
  if (::write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size())) std::abort();
  try {
    read("/proc/self/fd/" + std::to_string(fd));
  } catch (const tinyzero::Error&) {
  }
  ::close(fd);
  return 0;
}
