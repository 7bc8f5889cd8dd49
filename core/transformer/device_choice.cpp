#include "core/transformer/device_choice.h"

#include "core/rollout/cuda/engine.h"
#include "core/transformer/torch_engine.h"

namespace tinyzero {

std::unique_ptr<Engine> device_engine(std::shared_ptr<Device> device, const Model& model,
                                      Dtype precision,
                                      const std::function<void(const std::string&)>& note) {
  const std::string reason = DevicePass::unsupported(model.config, precision);
  if (reason.empty())
    return std::make_unique<DeviceEngine>(std::move(device), model, DeviceEngineOptions{precision});
  note("decoding with LibTorch, slowly and in f32, for the model has " + reason);
  return std::make_unique<TorchEngine>(
      model, at::hasCUDA() ? at::Device(at::kCUDA) : at::Device(at::kCPU));
}

std::unique_ptr<Engine> cuda_engine(const Model& model, Dtype precision,
                                    const std::function<void(const std::string&)>& note) {
  return device_engine(open_cuda_device(), model, precision, note);
}

}  // namespace tinyzero
