#include "core/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// "warm-000200" while imitating, "step-000020" in RL.
std::string checkpoint_name(const TrainerState& state) {
  return fmt::format("{}-{:06d}", state.phase == Phase::warm_start ? "warm" : "step", state.step);
}

bool older(const fs::path& a, const fs::path& b) {
  const auto rank = [](const fs::path& p) { return std::pair(p.filename().string().starts_with("step"), p.filename().string()); };
  return rank(a) < rank(b);
}

Json state_json(const TrainerState& state) {
  return {{"phase", state.phase == Phase::warm_start ? "warm_start" : "reinforce"},
          {"step", state.step},
          {"optimizer_steps", state.optimizer_steps},
          {"seconds", state.seconds},
          {"metrics_bytes", state.metrics_bytes}};
}

TrainerState read_state(const fs::path& path) {
  const Json json = parse_json(read_file(path), path.string());
  try {
    TrainerState state;
    state.phase = json.at("phase") == "warm_start" ? Phase::warm_start : Phase::reinforce;
    state.step = json.at("step").get<std::int64_t>();
    state.optimizer_steps = json.at("optimizer_steps").get<std::int64_t>();
    state.seconds = json.at("seconds").get<double>();
    state.metrics_bytes = json.at("metrics_bytes").get<std::int64_t>();
    return state;
  } catch (const Json::exception& e) {
    throw Error(path.string() + " is damaged: " + e.what());
  }
}

std::vector<float> read_moments(const SafetensorsFile& file, const std::string& name, std::int64_t size, const fs::path& path) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end() || found->second.elements() != size)
    throw Error(path.string() + " is damaged: tensor \"" + name + "\"");
  std::vector<float> out(static_cast<std::size_t>(size));
  to_float(found->second, name, out.data());
  return out;
}

Checkpoint read_checkpoint(const fs::path& folder, Model& model) {
  Model loaded = load_model(folder);
  if (loaded.layout.size() != model.layout.size()) throw Error(folder.string() + " holds a model of another shape");
  const fs::path moments = folder / "trainer" / "optimizer.safetensors";
  const SafetensorsFile file(moments);
  Checkpoint checkpoint{folder, read_state(folder / "trainer" / "state.json"),
                        read_moments(file, "first_moment", model.layout.size(), moments),
                        read_moments(file, "second_moment", model.layout.size(), moments)};
  std::memcpy(model.weights.data(), loaded.weights.data(), static_cast<std::size_t>(model.weights.size()) * sizeof(float));
  return checkpoint;
}

}  // namespace

void save_checkpoint(const fs::path& folder, const Model& model, const Tokenizer& tokenizer, const TrainerState& state,
                     const float* first_moment, const float* second_moment, std::int64_t keep) {
  const fs::path target = folder / checkpoint_name(state), temporary = folder / ("." + checkpoint_name(state) + ".partial");
  fs::remove_all(temporary);
  fs::create_directories(temporary / "trainer");
  save_model(model, temporary);
  tokenizer.save(temporary);
  write_safetensors(temporary / "trainer" / "optimizer.safetensors",
                    {{"first_moment", {model.layout.size()}, first_moment}, {"second_moment", {model.layout.size()}, second_moment}}, {});
  write_file_synced(temporary / "trainer" / "state.json", state_json(state).dump(2) + "\n");
  sync_folder(temporary / "trainer");
  sync_folder(temporary);
  fs::remove_all(target);
  fs::rename(temporary, target);
  sync_folder(folder);
  const auto all = list_checkpoints(folder);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) fs::remove_all(all[i]);
}

std::vector<fs::path> list_checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") || name.starts_with("warm-")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), older);
  return found;
}

std::optional<Checkpoint> load_checkpoint(const fs::path& folder, Model& model, const std::function<void(const std::string&)>& warn) {
  const auto all = list_checkpoints(folder);
  std::string first_problem;
  for (auto path = all.rbegin(); path != all.rend(); ++path) {
    try {
      return read_checkpoint(*path, model);
    } catch (const Error& e) {
      if (first_problem.empty()) first_problem = e.what();
      warn("checkpoint " + path->filename().string() + " cannot be used: " + e.what());
    }
  }
  if (all.empty()) return std::nullopt;
  throw Error("no checkpoint in " + folder.string() + " can be used: " + first_problem,
              "start a new run, from the last good weights with model.path if there are any");
}

}  // namespace tinyzero
