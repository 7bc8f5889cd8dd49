#include "core/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/model/folder.h"
#include "core/run/checkpoint_checks.h"

namespace tinyzero {
namespace {

constexpr const char* kAheadFile = "ahead.safetensors";

Json state_json(const TrainerState& state, const ModelView& policy) {
  return {{"phase", state.phase == Phase::warm_start ? "warm_start" : "reinforce"},
          {"step", state.step},
          {"optimizer_steps", policy.steps},
          {"seconds", state.seconds},
          {"spent_tokens", state.spent.tokens},
          {"spent_seconds", state.spent.seconds},
          {"gradient_signal", state.gradient_signal.signal},
          {"gradient_total", state.gradient_signal.total},
          {"metrics_bytes", state.metrics_bytes},
          {"skipped", state.skipped},
          {"first_step", state.first_step},
          {"kept", state.kept},
          {"best_step", state.best_step},
          {"best_accuracy", state.best_accuracy},
          {"curriculum", state.curriculum},
          {"evaluations", state.evaluations},
          {"first_update", state.first_update},
          {"evaluation_due", state.evaluation_due}};
}

fs::path state_path(const fs::path& checkpoint) { return checkpoint / "trainer" / "state.json"; }

TrainerState read_state(const fs::path& path, std::int64_t& optimizer_steps) {
  const Json json = parse_json(read_file(path), path.string());
  try {
    TrainerState state;
    state.phase = json.at("phase") == "warm_start" ? Phase::warm_start : Phase::reinforce;
    state.step = json.at("step").get<std::int64_t>();
    optimizer_steps = json.at("optimizer_steps").get<std::int64_t>();
    state.seconds = json.at("seconds").get<double>();
    state.spent = {json.value("spent_tokens", 0.0), json.value("spent_seconds", 0.0)};
    state.gradient_signal = {json.value("gradient_signal", 0.0), json.value("gradient_total", 0.0)};
    state.metrics_bytes = json.at("metrics_bytes").get<std::int64_t>();
    state.skipped = json.at("skipped").get<std::int64_t>();
    state.first_step = json.at("first_step").get<std::map<std::string, double>>();
    state.kept = json.at("kept").get<std::map<std::string, double>>();
    state.best_step = json.value("best_step", state.best_step);
    state.best_accuracy = json.value("best_accuracy", state.best_accuracy);
    state.curriculum = json.value("curriculum", state.curriculum);
    state.evaluations = json.value("evaluations", state.evaluations);
    state.first_update = json.value("first_update", state.first_update);
    state.evaluation_due = json.value("evaluation_due", state.evaluation_due);
    return state;
  } catch (const Json::exception& e) {
    throw Error(path.string() + " is damaged: " + json_words(e));
  }
}

// The state of an optimizer for `size` learning numbers.
OptimizerState read_optimizer(const fs::path& path, std::int64_t size) {
  OptimizerState state{.moments = std::make_shared<const SafetensorsFile>(path)};
  for (const char* name : {"first_moment", "second_moment"}) {
    const auto found = state.moments->tensors().find(name);
    if (found == state.moments->tensors().end() || found->second.elements() != size)
      throw Error(path.string() + " is damaged: tensor \"" + name + "\"");
  }
  check_finite(*state.moments);
  return state;
}

// How many numbers of an auxiliary model learn: those of its adapter, or all weights.
std::int64_t learning_numbers(const Model& model, const fs::path& adapter) {
  if (!fs::exists(adapter)) return model.layout.size();
  std::int64_t numbers = 0;
  const SafetensorsFile file(adapter / "adapter_model.safetensors");
  for (const auto& [name, tensor] : file.tensors()) numbers += tensor.elements();
  return numbers;
}

SavedModel read_auxiliary_model(const fs::path& folder) {
  SavedModel saved{load_model(folder), {}};
  const fs::path state = folder / "state.json";
  if (!fs::exists(state)) return saved;
  saved.optimizer = read_optimizer(folder / "optimizer.safetensors",
                                   learning_numbers(saved.model, folder / "adapter"));
  const Json json = parse_json(read_file(state), state.string());
  if (!json.contains("optimizer_steps") || !json["optimizer_steps"].is_number_integer())
    throw Error(state.string() + " is damaged: optimizer_steps");
  saved.optimizer.steps = json["optimizer_steps"].get<std::int64_t>();
  return saved;
}

// The tokenizer's files come from the model's original folder; a new model gets new ones.
void write_model(const fs::path& folder, const ModelView& view, const Tokenizer& tokenizer) {
  FolderContent content = content_of(*view.model);
  content.dtype = view.dtype;
  write_folder(content, folder);
  if (!view.model->companions) tokenizer.save(folder);
}

void write_adapter(const fs::path& folder, const ModelView& view) {
  if (view.adapter == nullptr) return;
  fs::create_directory(folder / "adapter");
  view.adapter->save(folder / "adapter");
}

void write_auxiliary_model(const fs::path& folder, const ModelView& view,
                           const Tokenizer& tokenizer) {
  fs::create_directories(folder);
  write_model(folder, view, tokenizer);
  write_adapter(folder, view);
  if (!view.moments.empty()) {
    write_tensors(folder / "optimizer.safetensors", view.moments, view.read_moments);
    write_file_synced(folder / "state.json", Json{{"optimizer_steps", view.steps}}.dump(2) + "\n");
  }
  sync_folder(folder);
}

// Reads the adapter of a checkpoint whose weights are `whole`, and merges it into `model`, which
// must give the same weights.
void read_adapter(const fs::path& folder, const Model& whole, Model& model, Adapter& adapter) {
  constexpr float kRounding = 1e-4f;  // differently built programs may differ by this
  adapter.load(folder / "adapter");
  adapter.merge(model);
  for (const ParameterSlot& slot : model.layout.slots()) {
    for (std::int64_t i = slot.offset; i < slot.offset + slot.size; ++i) {
      const float is = model.weights.data()[i];
      const float was = whole.weights.data()[i];
      if (std::abs(is - was) <= kRounding * std::max(1.0f, std::abs(was))) continue;
      throw Error(fmt::format("{}: adapter and base give {} = {} where the checkpoint holds {}",
                              folder.string(), slot.name, is, was),
                  "the folder that model.path names has changed since the run began: restore it");
    }
  }
}

// Writes a checkpoint into a folder that is not yet visible.
void write_content(const fs::path& folder, const CheckpointContent& content) {
  const ModelView& policy = content.policy;
  const fs::path trainer = folder / "trainer";
  fs::create_directory(trainer);
  write_model(folder, policy, content.tokenizer);
  write_adapter(folder, policy);
  write_tensors(trainer / "optimizer.safetensors", policy.moments, policy.read_moments);
  for (const auto& [name, view] : content.auxiliary_models)
    write_auxiliary_model(trainer / name, view, content.tokenizer);
  if (!content.ahead.empty()) write_tensors(trainer / kAheadFile, content.ahead);
  write_file_synced(trainer / "state.json",
                    sealed(state_json(content.state, policy)).dump(2) + "\n");
  write_checksums(folder);
  sync_folder(trainer);
  sync_folder(folder);
}

std::uintmax_t view_bytes(const ModelView& view) {
  CheckpointModel m{.weights = view.model->layout.size(), .dtype = view.dtype};
  for (const auto& [name, tensor] : view.moments) m.moment_bytes += tensor.bytes;
  if (view.adapter != nullptr) m.adapter_values = view.adapter->size();
  m.companion_bytes = companion_bytes(*view.model);
  return checkpoint_bytes(m);
}

// Where a run can resume instead of from an unusable checkpoint.
std::string resume_hint(const fs::path& checkpoint) {
  const auto all = list_checkpoints(checkpoint.parent_path());
  const auto at = std::find(all.begin(), all.end(), checkpoint);
  if (at == all.begin() || at == all.end()) return "there is no checkpoint before it";
  return fmt::format(
      "the checkpoint before it is {}: without {} and later ones, `train --resume` continues from "
      "there and writes them again",
      at[-1].filename().string(), checkpoint.filename().string());
}

Checkpoint read_folder(const fs::path& folder, Model& model, Adapter* adapter) {
  Checkpoint checkpoint;
  checkpoint.has_checksums = verify_checksums(folder);
  Model loaded = load_model(folder);
  if (loaded.layout.size() != model.layout.size())
    throw Error(folder.string() + " holds a model of another shape");
  checkpoint.folder = folder;
  checkpoint.policy = read_optimizer(folder / "trainer" / "optimizer.safetensors",
                                     adapter != nullptr ? adapter->size() : model.layout.size());
  checkpoint.state = read_state(state_path(folder), checkpoint.policy.steps);
  if (const fs::path ahead = folder / "trainer" / kAheadFile; fs::exists(ahead))
    checkpoint.ahead = std::make_shared<const SafetensorsFile>(ahead);
  for (const auto& entry : fs::directory_iterator(folder / "trainer")) {
    if (entry.is_directory())
      checkpoint.auxiliary_models.emplace(entry.path().filename().string(),
                                          read_auxiliary_model(entry.path()));
  }
  if (adapter != nullptr) {
    read_adapter(folder, loaded, model, *adapter);
  } else {
    std::copy_n(loaded.weights.data(), model.weights.size(), model.weights.data());
  }
  return checkpoint;
}

}  // namespace

std::string size_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.{}f} GB", bytes / 1e9, bytes < 1e10 ? 1 : 0);
  return fmt::format("{:.{}f} MB", bytes / 1e6, bytes < 1e7 ? 1 : 0);
}

std::int64_t companion_bytes(const Model& model) {
  std::int64_t bytes = 0;
  if (!model.companions) return bytes;
  for (const auto& [name, text] : model.companions->texts) bytes += std::ssize(text);
  return bytes;
}

std::uintmax_t checkpoint_bytes(const CheckpointModel& m) {
  constexpr std::int64_t kTexts = 64 << 10;  // configuration, state, our own tokenizer, headers
  return m.weights * bytes_of(m.dtype) + m.moment_bytes + m.adapter_values * sizeof(float) +
         m.companion_bytes + kTexts;
}

std::uintmax_t checkpoint_bytes(const ModelView& policy,
                                const std::map<std::string, ModelView>& auxiliary_models) {
  std::uintmax_t bytes = view_bytes(policy);
  for (const auto& [name, view] : auxiliary_models) bytes += view_bytes(view);
  return bytes;
}

void check_space(const fs::path& folder, std::uintmax_t bytes, const std::string& what) {
  const std::uintmax_t available = free_space(folder);
  if (available >= bytes) return;
  throw Failure(fmt::format("no room for {}: it takes {}, and {} are free in {}", what,
                            size_text(bytes), size_text(available), folder.string()),
                "free some space, or choose a folder elsewhere");
}

TrainerState read_trainer_state(const fs::path& folder) {
  std::int64_t optimizer_steps = 0;
  return read_state(state_path(folder), optimizer_steps);
}

void restore_adapter(const fs::path& folder, Model& model, Adapter& adapter) {
  const Model whole = auxiliary_model_of(model, model.config.value_head);
  read_adapter(folder, whole, model, adapter);
}

Checkpoint read_checkpoint(const fs::path& folder, Model& model, Adapter* adapter) {
  try {
    return read_folder(folder, model, adapter);
  } catch (const Error& e) {
    throw Error(e.what(), (e.hint().empty() ? "" : e.hint() + "; ") + resume_hint(folder));
  }
}

void read_along(const CheckpointContent& content) {
  const auto read = [](const ModelView& view) {
    for (const auto& [name, tensor] : view.moments) view.read_moments(name, [](auto) {});
  };
  read(content.policy);
  for (const auto& [name, view] : content.auxiliary_models) read(view);
}

void save_checkpoint(const fs::path& folder, const CheckpointContent& content, std::int64_t keep) {
  const TrainerState& state = content.state;
  const std::string name = checkpoint_name(state.phase, state.step);
  const fs::path temporary = partial_checkpoint(folder, name);
  remove_unfinished(folder);
  std::uintmax_t bytes = checkpoint_bytes(content.policy, content.auxiliary_models);
  for (const auto& [tensor, info] : content.ahead) bytes += info.bytes;
  check_space(folder, bytes, "checkpoint " + name);
  fs::create_directory(temporary);  // but not its parents: a removed run folder stays removed
  try {
    write_content(temporary, content);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);  // frees space on a full disk
    throw;
  }
  publish_checkpoint(folder, name);
  const std::string best =
      state.best_step >= 0 ? checkpoint_name(Phase::reinforce, state.best_step) : "";
  if (!best.empty()) link_best(folder, best);
  sync_folder(folder);
  const auto all = list_checkpoints(folder);
  for (std::int64_t i = 0; i < std::ssize(all) - keep; ++i) {
    if (all[i].filename() != best) remove_checkpoint(all[i]);
  }
}

std::optional<Checkpoint> load_checkpoint(const fs::path& folder, Model& model,
                                          const std::function<void(const std::string&)>& warn,
                                          Adapter* adapter) {
  const auto all = list_checkpoints(folder);
  std::string first_problem;
  for (auto path = all.rbegin(); path != all.rend(); ++path) {
    const std::string name = path->filename().string();
    try {
      Checkpoint checkpoint = read_folder(*path, model, adapter);
      if (!checkpoint.has_checksums)
        warn("checkpoint " + name +
             " is from an older version and has no checksums: its bytes were not checked");
      return checkpoint;
    } catch (const Error& e) {
      if (first_problem.empty()) first_problem = e.what();
      const bool last = std::next(path) == all.rend();
      warn("checkpoint " + name + " cannot be used: " + e.what() +
           (last ? "; there is none before it"
                 : "; the run continues from " + std::next(path)->filename().string() +
                       ", unless that is damaged, too"));
    }
  }
  if (all.empty()) return std::nullopt;
  throw Error("no checkpoint in " + folder.string() + " can be used: " + first_problem,
              "start a new run, from the last good weights with model.path if there are any");
}

}  // namespace tinyzero
