#include "core/transformer/scratch.h"

#include "core/model/parameters.h"

namespace tinyzero {

float* scratch(Scratch purpose, std::int64_t floats) {
  constexpr int kPurposes = 6;
  thread_local FloatBuffer buffers[kPurposes];
  FloatBuffer& buffer = buffers[static_cast<int>(purpose)];
  if (buffer.size() < floats) buffer = FloatBuffer::uninitialized(floats);
  return buffer.data();
}

}  // namespace tinyzero
