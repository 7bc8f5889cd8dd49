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

constexpr const char* kPrefix = "base_model.model.";  // of PEFT's names
constexpr const char *kA = ".lora_A.weight", *kB = ".lora_B.weight";
constexpr const char *kHeadWeight = "score.weight", *kHeadBias = "score.bias";

struct Target {
  const char *name, *module;
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

std::vector<AdaptedMatrix> matrices_of(const ParameterLayout& layout,
                                       const AdapterOptions& options) {
  std::vector<AdaptedMatrix> matrices;
  std::int64_t base = 0, value = 0;
  for (const ParameterSlot& slot : layout.slots()) {
    const bool wanted =
        slot.shape.size() == 2 &&
        std::any_of(options.targets.begin(), options.targets.end(), [&](const std::string& target) {
          return slot.name.ends_with("." + std::string(module_of(target)) + ".weight");
        });
    if (!wanted) continue;
    const std::int64_t rows = slot.shape[0], columns = slot.shape[1];
    matrices.push_back({slot.name.substr(0, slot.name.rfind('.')), slot.offset, rows, columns, base,
                        value, value + options.rank * columns});
    base += slot.size;
    value += options.rank * (rows + columns);
  }
  return matrices;
}

// w (rows, columns) += scale b a, with a (rank, columns) and b (rows, rank).
void add_low_rank(const float* a, const float* b, std::int64_t rows, std::int64_t columns,
                  std::int64_t rank, float scale, float* w) {
  std::vector<float> row(columns);
  for (std::int64_t i = 0; i < rows; ++i) {
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::int64_t r = 0; r < rank; ++r) {
      const float factor = b[i * rank + r];
      for (std::int64_t j = 0; j < columns; ++j) row[j] += factor * a[r * columns + j];
    }
    for (std::int64_t j = 0; j < columns; ++j) w[i * columns + j] += scale * row[j];
  }
}

bool is_bf16(const float* x, std::int64_t n) {
  std::uint32_t rest = 0;
  for (std::int64_t i = 0; i < n; ++i) rest |= std::bit_cast<std::uint32_t>(x[i]) & 0xFFFFu;
  return rest == 0;
}

// The configuration of a PEFT folder, and what it says of the scale.
struct PeftConfig {
  fs::path path;
  std::int64_t rank = 0;
  double alpha = 0;
  bool by_root = false;  // scale alpha / √rank

  double scale() const { return alpha / (by_root ? std::sqrt(rank) : static_cast<double>(rank)); }
};

// Whether a setting of PEFT is absent, false or empty.
bool is_off(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || found->is_null() || *found == Json(false) ||
         (found->is_structured() && found->empty());
}

PeftConfig read_config(const fs::path& folder, bool with_head = false) {
  PeftConfig config{folder / "adapter_config.json"};
  if (!fs::exists(config.path))
    throw Error(folder.string() + " has no adapter_config.json",
                "give the folder of a LoRA adapter as PEFT writes it");
  const Json json = parse_json(read_file(config.path), config.path.string());
  const auto refuse = [&](const std::string& what) {
    throw Error(config.path.string() + ": " + what, "merge it with PEFT");
  };
  if (!json.is_object() || !json.contains("peft_type") || json["peft_type"] != "LORA")
    refuse("not an adapter of type LORA");
  for (const char* name :
       {"use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save",
        "lora_bias", "trainable_token_indices", "target_parameters", "alora_invocation_tokens"})
    if (!is_off(json, name) && !(with_head && json[name] == Json{"score"}))
      refuse(std::string(name) + " is not supported");
  if (!is_off(json, "bias") && json["bias"] != "none")
    refuse("biases that were trained are not supported");
  const auto init = json.find("init_lora_weights");  // others than these change the base, too
  if (init != json.end() && !init->is_null() && !init->is_boolean() && *init != "gaussian")
    refuse("init_lora_weights " + init->dump() + " is not supported");
  const auto rank = json.find("r"), alpha = json.find("lora_alpha");
  if (rank == json.end() || !rank->is_number_integer() || rank->get<std::int64_t>() < 1 ||
      rank->get<std::int64_t>() > 1 << 20)
    throw Error(config.path.string() + " is damaged: r");
  if (alpha == json.end() || !alpha->is_number())
    throw Error(config.path.string() + " is damaged: lora_alpha");
  config.rank = rank->get<std::int64_t>();
  config.alpha = alpha->get<double>();
  config.by_root = !is_off(json, "use_rslora");
  return config;
}

// One tensor of a file, f32.
std::vector<float> read_tensor(const SafetensorsFile& file, const fs::path& path,
                               const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) throw Error(path.string() + " has no tensor \"" + name + "\"");
  if (found->second.shape != shape)
    throw Error(fmt::format("{}: tensor \"{}\" has shape [{}], expected [{}]", path.string(), name,
                            fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")),
                "is it an adapter of this model?");
  std::vector<float> out(found->second.elements());
  to_float(path, found->second, name, out.data());
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

}  // namespace

AdapterFloats Adapter::floats(const ParameterLayout& layout, const AdapterOptions& options) {
  const auto matrices = matrices_of(layout, options);
  return {value_floats_of(matrices, options.rank), base_floats_of(matrices)};
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
  const auto of = [&](const AdaptedMatrix& m) { return model.weights.data() + m.weight; };
  const bool exact = std::all_of(matrices_.begin(), matrices_.end(), [&](const AdaptedMatrix& m) {
    return is_bf16(of(m), m.rows * m.columns);
  });
  auto base = std::make_shared<Base>();
  if (exact) base->bf16.resize(base_floats_of(matrices_));
  else base->f32 = FloatBuffer::uninitialized(base_floats_of(matrices_));
  for (std::size_t i = 0; i < matrices_.size(); ++i) {
    const AdaptedMatrix& m = matrices_[i];
    if (exact)
      from_float(Dtype::bf16, of(m), m.rows * m.columns,
                 reinterpret_cast<char*>(base->bf16.data() + m.base));
    else std::copy_n(of(m), m.rows * m.columns, base->f32.data() + m.base);
    const double bound = 1.0 / std::sqrt(m.columns);
    Rng rng(seed, {i});
    for (std::int64_t k = m.a; k < m.b; ++k)
      values_.data()[k] = static_cast<float>(bound * (2.0 * rng.uniform() - 1.0));
  }
  base_ = std::move(base);
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
  for (std::size_t i = part; i < matrices_.size(); i += static_cast<std::size_t>(parts)) {
    const AdaptedMatrix& m = matrices_[i];
    read_base(m, model.weights.data() + m.weight);
    add_low_rank(values_.data() + m.a, values_.data() + m.b, m.rows, m.columns, options_.rank,
                 static_cast<float>(options_.scale()), model.weights.data() + m.weight);
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
  return base_->f32.size() * static_cast<std::int64_t>(sizeof(float)) +
         static_cast<std::int64_t>(base_->bf16.size() * sizeof(std::uint16_t));
}

void Adapter::save(const fs::path& folder) const {
  std::vector<TensorView> tensors;
  for (const AdaptedMatrix& m : matrices_) {
    tensors.push_back({kPrefix + m.name + kA, {options_.rank, m.columns}, values_.data() + m.a});
    tensors.push_back({kPrefix + m.name + kB, {m.rows, options_.rank}, values_.data() + m.b});
  }
  if (head_width_ > 0) {
    tensors.push_back(
        {kPrefix + std::string(kHeadWeight), {1, head_width_}, values_.data() + head()});
    tensors.push_back(
        {kPrefix + std::string(kHeadBias), {1}, values_.data() + head() + head_width_});
  }
  std::vector<std::string> modules;
  for (const std::string& target : options_.targets) modules.push_back(module_of(target));
  const Json alpha = options_.alpha == std::floor(options_.alpha)
                         ? Json(std::llround(options_.alpha))
                         : Json(options_.alpha);
  write_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}});
  write_file_synced(folder / "adapter_config.json",
                    Json{{"peft_type", "LORA"},
                         {"task_type", head_width_ > 0 ? "TOKEN_CLS" : "CAUSAL_LM"},
                         {"base_model_name_or_path", options_.base},
                         {"r", options_.rank},
                         {"lora_alpha", alpha},
                         {"lora_dropout", 0.0},
                         {"target_modules", modules},
                         {"bias", "none"},
                         {"fan_in_fan_out", false},
                         {"use_rslora", false},
                         {"use_dora", false},
                         {"modules_to_save", head_width_ > 0 ? Json{"score"} : Json()},
                         {"inference_mode", true}}
                            .dump(2) +
                        "\n");
  sync_folder(folder);
}

void Adapter::load(const fs::path& folder) {
  const PeftConfig config = read_config(folder, head_width_ > 0);
  if (config.rank != options_.rank || std::abs(config.scale() - options_.scale()) > 1e-9)
    throw Error(
        fmt::format("{} holds an adapter of rank {} and scale {}, expected rank {} and scale {}",
                    folder.string(), config.rank, config.scale(), options_.rank, options_.scale()));
  const fs::path path = folder / "adapter_model.safetensors";
  const SafetensorsFile file(path);
  const std::size_t expected = 2 * matrices_.size() + (head_width_ > 0 ? 2 : 0);
  if (file.tensors().size() != expected)
    throw Error(fmt::format("{} holds {} tensors, expected {}", path.string(),
                            file.tensors().size(), expected));
  for (const AdaptedMatrix& m : matrices_) {
    const auto a = read_tensor(file, path, kPrefix + m.name + kA, {options_.rank, m.columns}),
               b = read_tensor(file, path, kPrefix + m.name + kB, {m.rows, options_.rank});
    std::copy(a.begin(), a.end(), values_.data() + m.a);
    std::copy(b.begin(), b.end(), values_.data() + m.b);
  }
  if (head_width_ == 0) return;
  const auto weight = read_tensor(file, path, kPrefix + std::string(kHeadWeight), {1, head_width_}),
             bias = read_tensor(file, path, kPrefix + std::string(kHeadBias), {1});
  std::copy(weight.begin(), weight.end(), values_.data() + head());
  values_.data()[head() + head_width_] = bias.front();
}

void merge_adapter(Model& model, const fs::path& folder) {
  const PeftConfig config = read_config(folder);
  const fs::path path = folder / "adapter_model.safetensors";
  if (!fs::exists(path)) throw Error(folder.string() + " has no adapter_model.safetensors");
  const SafetensorsFile file(path);
  std::size_t read = 0;
  for (const ParameterSlot& slot : model.layout.slots()) {
    const std::string name = kPrefix + slot.name.substr(0, slot.name.rfind('.'));
    if (!slot.name.ends_with("_proj.weight") || !file.tensors().contains(name + kA)) continue;
    const std::int64_t rows = slot.shape[0], columns = slot.shape[1];
    const auto a = read_tensor(file, path, name + kA, {config.rank, columns}),
               b = read_tensor(file, path, name + kB, {rows, config.rank});
    float* w = model.weights.data() + slot.offset;
    add_low_rank(a.data(), b.data(), rows, columns, config.rank, static_cast<float>(config.scale()),
                 w);
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
