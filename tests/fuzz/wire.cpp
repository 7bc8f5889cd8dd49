// libFuzzer target: what a host reads from a worker, which it does not trust, and what a worker reads from its host.

#include <cstdint>

#include "core/base/error.h"
#include "core/plugin/worker/wire.h"

namespace {

template <class Read>
void attempt(const std::uint8_t* data, std::size_t size, const Read& read) {
  tinyzero::WireReader in(reinterpret_cast<const char*>(data), size);
  try {
    read(in);
  } catch (const tinyzero::Failure&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt(data, size, [](tinyzero::WireReader& in) { tinyzero::read_about(in); });
  attempt(data, size, [](tinyzero::WireReader& in) { tinyzero::read_values(in); });
  attempt(data, size, [](tinyzero::WireReader& in) { tinyzero::read_items(in); });
  attempt(data, size, [](tinyzero::WireReader& in) { tinyzero::read_answers(in); });
  attempt(data, size, [](tinyzero::WireReader& in) {
    tinyzero::Verdict verdicts[4];
    tinyzero::read_verdicts(in, verdicts, 4);
  });
  return 0;
}
