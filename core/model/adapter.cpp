#include "core/model/adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/model/safetensors.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// PEFT's names.
constexpr const char* kPrefix = "base_model.model.";
constexpr const char* kA = ".lora_A.weight";
constexpr const char* kB = ".lora_B.weight";
constexpr const char* kHeadWeight = "score.weight";
constexpr const char* kHeadBias = "score.bias";
constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kWeightsFile = "adapter_model.safetensors";

struct Target {
  const char* name;
  const char* module;
};
constexpr Target kTargets[] = {{"q", "q_proj"},      {"k", "k_proj"},       {"v", "v_proj"},
                               {"o", "o_proj"},      {"gate", "gate_proj"}, {"up", "up_proj"},
                               {"down", "down_proj"}};

const char* module_of(const std::string& target) {
  const auto found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                  [&](const Target& t) { return target == t.name; });
  if (found == std::end(kTargets))
    throw Error("no matrix \"" + target + "\" to adapt", "use q, k, v, o, gate, up or down");
  return found->module;
}

bool is_target(const ParameterSlot& slot, const std::vector<std::string>& targets) {
  if (slot.shape.size() != 2) return false;
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return slot.name.ends_with("." + std::string(module_of(target)) + ".weight");
  });
}

// The name of a matrix without ".weight".
std::string module_name(const ParameterSlot& slot) {
  return slot.name.substr(0, slot.name.rfind('.'));
}

std::vector<AdaptedMatrix> matrices_of(const ParameterLayout& layout,
                                       const AdapterOptions& options) {
  std::vector<AdaptedMatrix> matrices;
  std::int64_t base = 0;
  std::int64_t value = 0;
  for (const ParameterSlot& slot : layout.slots()) {
    if (!is_target(slot, options.targets)) continue;
    const std::int64_t rows = slot.shape[0];
    const std::int64_t columns = slot.shape[1];
    matrices.push_back({.name = module_name(slot),
                        .weight = slot.offset,
                        .rows = rows,
                        .columns = columns,
                        .base = base,
                        .a = value,
                        .b = value + options.rank * columns});
    base += slot.size;
    value += options.rank * (rows + columns);
  }
  return matrices;
}

// A low-rank product scale B A.
struct LowRank {
  const float* a;  // (rank, columns)
  const float* b;  // (rows, rank)
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t rank;
  float scale;
};

// w (rows, columns) += scale B A.
void add_low_rank(const LowRank& l, float* w) {
  std::vector<float> row(l.columns);
  for (std::int64_t i = 0; i < l.rows; ++i) {
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::int64_t r = 0; r < l.rank; ++r) {
      const float factor = l.b[i * l.rank + r];
      for (std::int64_t j = 0; j < l.columns; ++j) row[j] += factor * l.a[r * l.columns + j];
    }
    for (std::int64_t j = 0; j < l.columns; ++j) w[i * l.columns + j] += l.scale * row[j];
  }
}

// Whether all n numbers are exact in bf16.
bool is_bf16(const float* x, std::int64_t n) {
  std::uint32_t lost = 0;
  for (std::int64_t i = 0; i < n; ++i) lost |= std::bit_cast<std::uint32_t>(x[i]) & 0xFFFFu;
  return lost == 0;
}

// What the configuration of a PEFT folder says about rank and scale.
struct PeftConfig {
  fs::path path;
  std::int64_t rank = 0;
  double alpha = 0;
  bool by_root = false;  // the scale is alpha / √rank

  double scale() const { return alpha / (by_root ? std::sqrt(rank) : rank); }
};

// Whether a setting of PEFT is absent, false or empty.
bool is_off(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || found->is_null() || *found == Json(false) ||
         (found->is_structured() && found->empty());
}

enum class ValueHead { refused, allowed };

void refuse_unsupported_settings(const Json& json, const fs::path& path, ValueHead head) {
  const auto refuse = [&](const std::string& what) {
    throw Error(path.string() + ": " + what, "merge it with PEFT");
  };
  if (!json.is_object() || !json.contains("peft_type") || json["peft_type"] != "LORA")
    refuse("not an adapter of type LORA");
  for (const char* name :
       {"use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save",
        "lora_bias", "trainable_token_indices", "target_parameters", "alora_invocation_tokens"}) {
    if (is_off(json, name)) continue;
    if (head == ValueHead::allowed && json[name] == Json{"score"}) continue;
    refuse(std::string(name) + " is not supported");
  }
  if (!is_off(json, "bias") && json["bias"] != "none") refuse("trained biases are not supported");
  const auto init = json.find("init_lora_weights");  // other values change the base, too
  if (init != json.end() && !init->is_null() && !init->is_boolean() && *init != "gaussian")
    refuse("init_lora_weights " + init->dump() + " is not supported");
}

PeftConfig read_config(const fs::path& folder, ValueHead head) {
  const fs::path path = folder / kConfigFile;
  if (!fs::exists(path))
    throw Error(folder.string() + " has no adapter_config.json",
                "give the folder of a LoRA adapter as PEFT writes it");
  const Json json = parse_json(read_file(path), path.string());
  refuse_unsupported_settings(json, path, head);
  const auto rank = json.find("r");
  const auto alpha = json.find("lora_alpha");
  if (rank == json.end() || !rank->is_number_integer() || rank->get<std::int64_t>() < 1 ||
      rank->get<std::int64_t>() > 1 << 20)
    throw Error(path.string() + " is damaged: r");
  if (alpha == json.end() || !alpha->is_number())
    throw Error(path.string() + " is damaged: lora_alpha");
  return {.path = path,
          .rank = rank->get<std::int64_t>(),
          .alpha = alpha->get<double>(),
          .by_root = !is_off(json, "use_rslora")};
}

// Reads a tensor as f32.
std::vector<float> read_tensor(const SafetensorsFile& file, const std::string& name,
                               const std::vector<std::int64_t>& shape) {
  const std::string path = file.path().string();
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) throw Error(path + " has no tensor \"" + name + "\"");
  if (found->second.shape != shape)
    throw Error(fmt::format("{}: tensor \"{}\" has shape [{}], expected [{}]", path, name,
                            fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")),
                "is it an adapter of this model?");
  std::vector<float> out(found->second.elements());
  to_float(file.path(), found->second, name, out.data());
  return out;
}

std::int64_t value_floats_of(const std::vector<AdaptedMatrix>& matrices, std::int64_t rank) {
  std::int64_t floats = 0;
  for (const AdaptedMatrix& m : matrices) floats += rank * (m.rows + m.columns);
  return floats;
}

std::int64_t base_floats_of(const std::vector<AdaptedMatrix>& matrices) {
  std::int64_t floats = 0;
  for (const AdaptedMatrix& m : matrices) floats += m.rows * m.columns;
  return floats;
}

Json peft_config(const AdapterOptions& options, bool value_head) {
  std::vector<std::string> modules;
  for (const std::string& target : options.targets) modules.push_back(module_of(target));
  const bool whole = options.alpha == std::floor(options.alpha);
  return {{"peft_type", "LORA"},
          {"task_type", value_head ? "TOKEN_CLS" : "CAUSAL_LM"},
          {"base_model_name_or_path", options.base},
          {"r", options.rank},
          {"lora_alpha", whole ? Json(std::llround(options.alpha)) : Json(options.alpha)},
          {"lora_dropout", 0.0},
          {"target_modules", modules},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"use_rslora", false},
          {"use_dora", false},
          {"modules_to_save", value_head ? Json{"score"} : Json()},
          {"inference_mode", true}};
}

}  // namespace

AdapterFloats Adapter::floats(const ParameterLayout& layout, const AdapterOptions& options) {
  const auto matrices = matrices_of(layout, options);
  return {.values = value_floats_of(matrices, options.rank), .base = base_floats_of(matrices)};
}

std::vector<std::int64_t> Adapter::tensor_sizes(const ParameterLayout& layout,
                                                const AdapterOptions& options) {
  std::vector<std::int64_t> sizes;
  for (const AdaptedMatrix& m : matrices_of(layout, options)) {
    sizes.push_back(options.rank * m.columns);
    sizes.push_back(m.rows * options.rank);
  }
  return sizes;
}

void Adapter::check_rank(const ParameterLayout& layout, const AdapterOptions& options) {
  for (const AdaptedMatrix& m : matrices_of(layout, options)) {
    if (options.rank <= std::min(m.rows, m.columns)) continue;
    throw Error(fmt::format("an adapter of rank {} for {}, a matrix of {} x {}", options.rank,
                            m.name, m.rows, m.columns),
                fmt::format("use a rank of at most {}", std::min(m.rows, m.columns)));
  }
}

Adapter::Adapter(const Model& model, const AdapterOptions& options, std::uint64_t seed)
    : options_(options),
      matrices_(matrices_of(model.layout, options)),
      values_(value_floats_of(matrices_, options.rank)) {
  check_rank(model.layout, options);
  keep_base(model);
  draw_values(seed);
}

void Adapter::keep_base(const Model& model) {
  const auto weights = [&](const AdaptedMatrix& m) { return model.weights.data() + m.weight; };
  const bool exact = std::all_of(matrices_.begin(), matrices_.end(), [&](const AdaptedMatrix& m) {
    return is_bf16(weights(m), m.rows * m.columns);
  });
  auto base = std::make_shared<Base>();
  if (exact) base->bf16.resize(base_floats_of(matrices_));
  else base->f32 = FloatBuffer::uninitialized(base_floats_of(matrices_));
  for (const AdaptedMatrix& m : matrices_) {
    const std::int64_t n = m.rows * m.columns;
    if (exact)
      from_float(Dtype::bf16, weights(m), n, reinterpret_cast<char*>(base->bf16.data() + m.base));
    else std::copy_n(weights(m), n, base->f32.data() + m.base);
  }
  base_ = std::move(base);
}

void Adapter::draw_values(std::uint64_t seed) {
  for (std::size_t i = 0; i < matrices_.size(); ++i) {
    const AdaptedMatrix& m = matrices_[i];
    const double bound = 1.0 / std::sqrt(m.columns);
    Rng rng(seed, {i});
    for (std::int64_t k = m.a; k < m.b; ++k)
      values_.data()[k] = static_cast<float>(bound * (2.0 * rng.uniform() - 1.0));
  }
}

Adapter::Adapter(const Adapter& of, const Model& model)
    : options_(of.options_),
      matrices_(matrices_of(model.layout, of.options_)),
      base_(of.base_),
      head_width_(model.config.value_head ? model.config.width : 0),
      values_(value_floats_of(matrices_, options_.rank) + (head_width_ > 0 ? head_width_ + 1 : 0)) {
  begin_as(of);
}

void Adapter::begin_as(const Adapter& of) {
  const std::int64_t common = value_floats_of(matrices_, options_.rank);
  std::copy_n(of.values_.data(), common, values_.data());
  std::fill_n(values_.data() + common, values_.size() - common, 0.0f);
}

void Adapter::merge(Model& model, std::int64_t part, std::int64_t parts) const {
  for (std::size_t i = part; i < matrices_.size(); i += parts) {
    const AdaptedMatrix& m = matrices_[i];
    float* const w = model.weights.data() + m.weight;
    read_base(m, w);
    add_low_rank({.a = values_.data() + m.a,
                  .b = values_.data() + m.b,
                  .rows = m.rows,
                  .columns = m.columns,
                  .rank = options_.rank,
                  .scale = static_cast<float>(options_.scale())},
                 w);
  }
  if (head_width_ > 0 && part == 0)
    std::copy_n(values_.data() + head(), head_width_ + 1,
                model.weights.data() + model.layout.head());
}

void Adapter::unmerge(Model& model) const {
  for (const AdaptedMatrix& m : matrices_) read_base(m, model.weights.data() + m.weight);
}

void Adapter::read_base(const AdaptedMatrix& m, float* out) const {
  const std::int64_t n = m.rows * m.columns;
  if (base_->bf16.empty()) std::copy_n(base_->f32.data() + m.base, n, out);
  else to_float(Dtype::bf16, reinterpret_cast<const char*>(base_->bf16.data() + m.base), n, out);
}

std::int64_t Adapter::base_bytes() const {
  return base_->f32.size() * sizeof(float) + base_->bf16.size() * sizeof(std::uint16_t);
}

void Adapter::save(const fs::path& folder) const {
  const float* const values = values_.data();
  std::vector<TensorView> tensors;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape,
                       const float* data) {
    tensors.push_back({.name = kPrefix + name, .shape = std::move(shape), .data = data});
  };
  for (const AdaptedMatrix& m : matrices_) {
    add(m.name + kA, {options_.rank, m.columns}, values + m.a);
    add(m.name + kB, {m.rows, options_.rank}, values + m.b);
  }
  if (head_width_ > 0) {
    add(kHeadWeight, {1, head_width_}, values + head());
    add(kHeadBias, {1}, values + head() + head_width_);
  }
  write_safetensors(folder / kWeightsFile, tensors, {{"format", "pt"}});
  write_file_synced(folder / kConfigFile, peft_config(options_, head_width_ > 0).dump(2) + "\n");
  sync_folder(folder);
}

void Adapter::load(const fs::path& folder) {
  const PeftConfig config =
      read_config(folder, head_width_ > 0 ? ValueHead::allowed : ValueHead::refused);
  if (config.rank != options_.rank || std::abs(config.scale() - options_.scale()) > 1e-9)
    throw Error(
        fmt::format("{} holds an adapter of rank {} and scale {}, expected rank {} and scale {}",
                    folder.string(), config.rank, config.scale(), options_.rank, options_.scale()));
  const SafetensorsFile file(folder / kWeightsFile);
  const std::size_t expected = 2 * matrices_.size() + (head_width_ > 0 ? 2 : 0);
  if (file.tensors().size() != expected)
    throw Error(fmt::format("{} holds {} tensors, expected {}", file.path().string(),
                            file.tensors().size(), expected));
  const auto read = [&](const std::string& name, const std::vector<std::int64_t>& shape,
                        std::int64_t offset) {
    const std::vector<float> numbers = read_tensor(file, kPrefix + name, shape);
    std::copy(numbers.begin(), numbers.end(), values_.data() + offset);
  };
  for (const AdaptedMatrix& m : matrices_) {
    read(m.name + kA, {options_.rank, m.columns}, m.a);
    read(m.name + kB, {m.rows, options_.rank}, m.b);
  }
  if (head_width_ == 0) return;
  read(kHeadWeight, {1, head_width_}, head());
  read(kHeadBias, {1}, head() + head_width_);
}

void merge_adapter(Model& model, const fs::path& folder) {
  const PeftConfig config = read_config(folder, ValueHead::refused);
  const fs::path path = folder / kWeightsFile;
  if (!fs::exists(path)) throw Error(folder.string() + " has no adapter_model.safetensors");
  const SafetensorsFile file(path);
  std::size_t read = 0;
  for (const ParameterSlot& slot : model.layout.slots()) {
    const std::string name = kPrefix + module_name(slot);
    if (!slot.name.ends_with("_proj.weight") || !file.tensors().contains(name + kA)) continue;
    const std::int64_t rows = slot.shape[0];
    const std::int64_t columns = slot.shape[1];
    const std::vector<float> a = read_tensor(file, name + kA, {config.rank, columns});
    const std::vector<float> b = read_tensor(file, name + kB, {rows, config.rank});
    add_low_rank({.a = a.data(),
                  .b = b.data(),
                  .rows = rows,
                  .columns = columns,
                  .rank = config.rank,
                  .scale = static_cast<float>(config.scale())},
                 model.weights.data() + slot.offset);
    read += 2;
  }
  if (read == 0 || read != file.tensors().size())
    throw Error(
        fmt::format("{} holds {} tensors, of which {} belong to matrices of this model's layers",
                    path.string(), file.tensors().size(), read),
        "is it an adapter of this model, with no other targets than q, k, v, o, gate, up and "
        "down?");
}

}  // namespace tinyzero
