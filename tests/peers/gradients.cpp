// What tests/peers/transformers_gradients.py asks: the gradient of a loss on a model folder.
//
//   gradients FOLDER OUT [micro_batch=N] [replicas=N] [recompute=1] < case.json
//
// Writes a safetensors file of gradients under the names of the weights, and prints the loss.

#include <cstdio>
#include <iostream>
#include <iterator>

#include "core/model/folder.h"
#include "support/gradients.h"

using namespace tinyzero;

int main(int argc, char** argv) {
  try {
    if (argc < 3)
      throw std::runtime_error(
          "usage: gradients FOLDER OUT [micro_batch=N] [replicas=N] [recompute=1]");
    LossPath path;
    for (int i = 3; i < argc; ++i) {
      const std::string word = argv[i], name = word.substr(0, word.find('=')),
                        value = word.substr(name.size() + 1);
      if (name == "micro_batch") path.micro_batch = std::stoll(value);
      else if (name == "replicas") path.replicas = std::stoll(value);
      else if (name == "recompute") path.recompute = value == "1";
      else throw std::runtime_error("no setting " + name);
    }
    const std::string text{std::istreambuf_iterator<char>(std::cin),
                           std::istreambuf_iterator<char>()};
    Model model = load_model(argv[1]);
    const LossGradient found = gradient_of(model, LossCase::from_json(Json::parse(text)), path);
    std::vector<TensorView> tensors;
    for (const ParameterSlot& slot : model.layout.slots())
      tensors.push_back(
          {slot.name, slot.shape, found.gradient.const_data_ptr<float>() + slot.offset});
    write_safetensors(argv[2], tensors, {});
    std::printf("%.9g\n", found.loss);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gradients: %s\n", e.what());
    return 1;
  }
}
