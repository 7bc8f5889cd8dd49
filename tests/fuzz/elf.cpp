// libFuzzer target: the reader of plugin files. The input is a whole file, or with a first byte of
// 1 changes to a real plugin's headers.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/elf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string plugin = tinyzero::read_file(std::getenv("FUZZ_PLUGIN"));
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size > 0 && data[0] == 1) {
    file = plugin;
    for (std::size_t i = 1; i + 2 < size; i += 3)
      file[(data[i] | data[i + 1] << 8) % std::min<std::size_t>(file.size(), 4096)] =
          static_cast<char>(data[i + 2]);
  }
  const int fd = ::memfd_create("plugin", 0);
  if (::write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size())) std::abort();
  try {
    tinyzero::read_library_note("/proc/self/fd/" + std::to_string(fd));
  } catch (const tinyzero::Error&) {
  }
  ::close(fd);
  return 0;
}
