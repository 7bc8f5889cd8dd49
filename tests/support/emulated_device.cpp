#include "support/emulated_device.h"

#include "core/base/error.h"

namespace tinyzero {
namespace {

// Products in double, so that the order of sums is no question.
template <class T>
void multiply_rows(const Product& p) {
  const T *x = static_cast<const T*>(p.x), *w = static_cast<const T*>(p.w);
  std::vector<float> right(static_cast<std::size_t>(p.n * p.k));
  for (std::size_t i = 0; i < right.size(); ++i) right[i] = widen(w[i]);
  std::vector<float> left(static_cast<std::size_t>(p.k));
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t c = 0; c < p.k; ++c)
      left[static_cast<std::size_t>(c)] = widen(x[i * p.k + c]);
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = (p.bias != nullptr ? p.bias[j] : 0.0f) + (p.add ? p.y[i * p.n + j] : 0.0f);
      const float* row = right.data() + j * p.k;
      for (std::int64_t c = 0; c < p.k; ++c)
        sum += static_cast<double>(left[static_cast<std::size_t>(c)]) * static_cast<double>(row[c]);
      p.y[i * p.n + j] = static_cast<float>(sum);
    }
  }
}

}  // namespace

class EmulatedDevice::Script : public Device::Recording {
 public:
  explicit Script(EmulatedDevice& device) : device_(device) {}
  void replay() override {
    ++device_.replays;
    for (const auto& step : steps) {
      if (const auto* kernel = std::get_if<AnyKernel>(&step)) device_.launch(*kernel);
      else device_.multiply(std::get<Product>(step));
    }
  }

  std::vector<std::variant<AnyKernel, Product>> steps;

 private:
  EmulatedDevice& device_;
};

void* EmulatedDevice::allocate(std::int64_t bytes) {
  if (bytes > free_bytes())
    throw Failure("no memory for " + std::to_string(bytes) + " bytes on the emulated device");
  std::unique_ptr<char[]> block(new char[static_cast<std::size_t>(bytes)]());
  void* memory = block.get();
  used_ += bytes;
  sizes_[memory] = bytes;
  blocks_[memory] = std::move(block);
  return memory;
}

void EmulatedDevice::release(void* memory) noexcept {
  used_ -= sizes_[memory];
  sizes_.erase(memory);
  blocks_.erase(memory);
}

void EmulatedDevice::launch(const AnyKernel& kernel) {
  if (script_ != nullptr) {
    script_->steps.emplace_back(kernel);
    return;
  }
  std::visit([&](const auto& k) { emulate(k, options_.falling); }, kernel);
}

void EmulatedDevice::multiply(const Product& product) {
  if (script_ != nullptr) {
    script_->steps.emplace_back(product);
    return;
  }
  if (product.dtype == Dtype::bf16) multiply_rows<Bf16>(product);
  else multiply_rows<float>(product);
}

std::unique_ptr<Device::Recording> EmulatedDevice::record(const std::function<void()>& work) {
  auto script = std::make_unique<Script>(*this);
  ++recordings;
  script_ = script.get();
  work();
  script_ = nullptr;
  return script;
}

}  // namespace tinyzero
