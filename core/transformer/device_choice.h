// Which engine decodes on a CUDA device: the kernels, or LibTorch for a model that they cannot do.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/model/dtype.h"

namespace tinyzero {

class Device;
class Engine;
struct Model;

// An engine on `device` with a copy of the weights of `model`, which must outlive it, in f32 or
// bf16. Where the kernels cannot do the model's shape it is TorchEngine, in f32, and
// `note` is called with the reason.
std::unique_ptr<Engine> device_engine(std::shared_ptr<Device> device, const Model& model,
                                      Dtype precision,
                                      const std::function<void(const std::string&)>& note);

// The same on the CUDA device of this machine. Throws Error with a hint where there is none.
std::unique_ptr<Engine> cuda_engine(const Model& model, Dtype precision,
                                    const std::function<void(const std::string&)>& note);

}  // namespace tinyzero
