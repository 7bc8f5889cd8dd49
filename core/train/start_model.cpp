#include "core/train/start_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/model/folder.h"
#include "core/run/checkpoint.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kRoundedAtOnce = 4096;
// A new model's vocabulary is padded to a multiple of this, as those of real models are.
constexpr std::int64_t kVocabMultiple = 32;

void check_heads(const Experiment& experiment, const ModelConfig& c) {
  if (c.heads % c.kv_heads != 0)
    throw Error(
        place_of(experiment, "model.heads", "model.kv_heads"),
        fmt::format("model.heads is {}, model.kv_heads {}: heads must share key/value heads evenly",
                    c.heads, c.kv_heads));
  if (c.width % c.heads != 0 || c.width / c.heads % 2 != 0)
    throw Error(place_of(experiment, "model.heads", "model.width"),
                fmt::format("model.width is {}, model.heads {}: a head must have an even size",
                            c.width, c.heads));
}

ModelConfig new_config(const Experiment& experiment, const Tokenizer& tokenizer) {
  const ModelSettings& s = experiment.model;
  ModelConfig c = preset_config(s.preset);
  const auto set = [](std::int64_t& field, std::int64_t value) {
    if (value > 0) field = value;
  };
  set(c.layers, s.layers);
  set(c.width, s.width);
  set(c.heads, s.heads);
  set(c.kv_heads, s.kv_heads);
  set(c.mlp, s.mlp);
  set(c.context, s.context);
  check_heads(experiment, c);
  c.head_dim = c.width / c.heads;
  c.vocab = (tokenizer.size() + kVocabMultiple - 1) / kVocabMultiple * kVocabMultiple;
  c.eos = {tokenizer.id(kEndToken)};
  return c;
}

Model new_model(const Experiment& experiment, const ModelConfig& config) {
  Model model(config);
  initialize(model, stream_key(experiment.general.seed, RandomStream::weights));
  return model;
}

// Replaces the weights by the nearest numbers of bf16.
void round_to_bf16(Model& model) {
  float* w = model.weights.data();
  std::vector<char> rounded(bytes_of(Dtype::bf16) * kRoundedAtOnce);
  for (std::int64_t at = 0; at < model.weights.size(); at += kRoundedAtOnce) {
    const std::size_t n = std::min(kRoundedAtOnce, model.weights.size() - at);
    from_float(Dtype::bf16, w + at, n, rounded.data());
    to_float(Dtype::bf16, rounded.data(), n, w + at);
  }
}

AdapterOptions adapter_options(const Experiment& e, const std::string& base) {
  return {.rank = e.lora.rank, .alpha = e.lora.alpha, .targets = e.lora.targets, .base = base};
}

// Calls work(), and lets an Error say where lora.rank was set.
template <class Work>
auto at_rank(const Experiment& experiment, const Work& work) {
  try {
    return work();
  } catch (const Error& e) {
    throw Error(experiment.place("lora.rank"), e.what(), e.hint());
  }
}

}  // namespace

Place place_of(const Experiment& experiment, const std::string& one, const std::string& other) {
  const Place place = experiment.place(one);
  return place.source.empty() ? experiment.place(other) : place;
}

void check_start_folder(const Experiment& experiment, const fs::path& start, bool with_weights) {
  std::error_code unknown;
  if (start.empty()) return;
  if (fs::is_directory(start, unknown)) {
    try {
      return check_model_folder(start);
    } catch (const Error& e) {
      throw Error(experiment.place("model.path"), e.what(), e.hint());
    }
  }
  const ResolvedSetting* path = experiment.find("model.path");
  Node named;  // the setting as it was written, or could have been
  if (path != nullptr) named.origin = path->origin;
  named.scalar =
      start.lexically_relative(fs::absolute(fs::path(named.origin.source)).parent_path()).string();
  const std::string hint = with_weights
                               ? "give the folder of a Hugging Face model or of a checkpoint"
                               : "of a model that is not here yet, download its config.json "
                                 "and tokenizer.json into that folder";
  throw Error(experiment.place("model.path"), "model.path " + start.string() + " is no folder",
              hint + "; " + missing_path_hint(named));
}

Tokenizer start_tokenizer(const Experiment& experiment, const fs::path& start) {
  return experiment.model.path.empty() ? Tokenizer::make(experiment.model.tokenizer == "numbers")
                                       : Tokenizer::load(start);
}

ModelConfig start_config(const Experiment& experiment, const Tokenizer& tokenizer,
                         const fs::path& start) {
  const ModelConfig config =
      experiment.model.path.empty() ? new_config(experiment, tokenizer) : read_model_config(start);
  if (config.eos.empty())
    throw Error(start.string() + "/config.json names no eos_token_id: completions would never end",
                "add it");
  return config;
}

Model start_weights(const Experiment& experiment, const ModelConfig& config,
                    const fs::path& start) {
  Model model = experiment.model.path.empty() ? new_model(experiment, config) : load_model(start);
  check_companions(model);  // checkpoints carry them
  if (experiment.train.weights == "bf16") round_to_bf16(model);
  return model;
}

bool is_stored_in_bf16(const fs::path& start) {
  std::error_code unknown;
  if (!fs::exists(start / "model.safetensors", unknown) &&
      !fs::exists(start / "model.safetensors.index.json", unknown))
    return false;
  const std::map<Dtype, std::int64_t> dtypes = ModelFolder(start).dtypes();
  return dtypes.size() == 1 && dtypes.begin()->first == Dtype::bf16;
}

void check_rank(const Experiment& experiment, const Model& model) {
  if (experiment.lora.rank == 0) return;
  at_rank(experiment, [&] { Adapter::check_rank(model.layout, adapter_options(experiment, "")); });
}

std::unique_ptr<Adapter> new_adapter(const Experiment& experiment, const Model& model) {
  if (experiment.lora.rank == 0) return nullptr;
  return at_rank(experiment, [&] {
    return std::make_unique<Adapter>(model, adapter_options(experiment, experiment.model.path),
                                     stream_key(experiment.general.seed, RandomStream::adapter));
  });
}

fs::path start_of_run(const Experiment& experiment, const fs::path& folder) {
  const fs::path start = experiment.model.path;
  if (start.empty() || fs::exists(start)) return start;
  const auto checkpoints = list_checkpoints(folder / "checkpoints");
  for (auto path = checkpoints.rbegin(); path != checkpoints.rend(); ++path) {
    try {
      load_model(*path);
      Tokenizer::load(*path);
      return *path;
    } catch (const Error&) {  // an older one may do
    }
  }
  return start;
}

}  // namespace tinyzero
