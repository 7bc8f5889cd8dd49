#include "core/base/file_hash.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <memory>
#include <new>
#include <vector>

#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::string file_hash(const fs::path& path) {
  const FileHandle file(path, O_RDONLY);
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  if (!state) throw std::bad_alloc();
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(kBufferBytes);
  for (ssize_t n; (n = ::read(file.fd(), buffer.data(), buffer.size())) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot read " + path.string() + ": " + system_words(errno));
    XXH3_128bits_update(state.get(), buffer.data(), n);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace tinyzero
