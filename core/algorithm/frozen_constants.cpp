#include "core/algorithm/frozen_constants.h"

#include <c10/core/GradMode.h>

#include <string_view>

namespace tinyzero {
namespace {

thread_local FrozenConstants* active = nullptr;  // LibTorch's callbacks are plain functions

}  // namespace

FrozenConstants::FrozenConstants() {
  active = this;
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(nullptr, &FrozenConstants::after_operator)
          .needsOutputs(true)
          .scopes({at::RecordScope::FUNCTION}));
}

FrozenConstants::~FrozenConstants() {
  at::removeCallback(handle_);
  active = nullptr;
}

void FrozenConstants::after_operator(const at::RecordFunction& call, at::ObserverContext*) {
  if (active == nullptr || std::string_view(call.name()) != "aten::detach" ||
      call.outputs().empty())
    return;
  active->after_detach(call.outputs()[0].toTensor());
}

// The tensor here is the one that the caller receives: it is made to look at the recorded numbers.
void FrozenConstants::after_detach(at::Tensor constant) {
  if (!holds_) {
    at::Tensor copy = at::empty_like(constant, at::MemoryFormat::Contiguous);
    const c10::NoGradGuard no_grad;
    copy.copy_(constant);
    constants_.push_back(copy);
    return;
  }
  if (next_ >= constants_.size()) return;
  const at::Tensor& recorded = constants_[next_++];
  if (recorded.sizes() != constant.sizes() || recorded.scalar_type() != constant.scalar_type())
    return;
  at::TensorImpl* impl = constant.unsafeGetTensorImpl();
  impl->set_allow_tensor_metadata_change(true);
  impl->set_storage_keep_dtype(recorded.storage());
  impl->set_storage_offset(recorded.storage_offset());
  impl->set_sizes_and_strides(recorded.sizes(), recorded.strides());
}

}  // namespace tinyzero
