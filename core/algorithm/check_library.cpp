// Checks of the library itself: its file, its settings, and the models and metrics that it names.

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/algorithm/called.h"
#include "core/algorithm/checks.h"
#include "core/algorithm/trial.h"
#include "core/base/error.h"
#include "core/config/yaml.h"

namespace tinyzero {
namespace {

const Origin kOrigin{"the check", 0, 0};
constexpr std::size_t kSteps = 3;

PluginFile file_of(const AlgorithmCheckOptions& options) {
  return PluginCatalog(std::vector<std::filesystem::path>{})
      .find(TINYZERO_NOTE_ALGORITHM, options.library.string());
}

std::vector<TrialStep> random_steps(const AlgorithmCheckOptions& options) {
  std::vector<TrialStep> steps;
  for (std::size_t i = 0; i < kSteps; ++i)
    steps.push_back(kept_part(options, random_step(options.seed, i)));
  return steps;
}

// Changes one setting of a map, or adds it.
void set(Node& settings, const std::string& name, const std::string& yaml) {
  Node value = parse_yaml(yaml, kOrigin.source);
  value.origin = kOrigin;
  settings.kind = Node::Kind::map;
  if (Node* old = settings.find(name)) *old = std::move(value);
  else settings.entries.push_back({name, kOrigin, std::move(value)});
}

// Some value that is not `refused`.
std::string other_value(const Setting& setting, const std::string& refused) {
  if (setting.type() == SettingType::boolean) return refused == "true" ? "false" : "true";
  for (const std::string& choice : setting.choices)
    if (choice != refused) return yaml_text(choice);
  if (setting.type() == SettingType::text) return "other";
  const double middle = setting.low <= 1 && 1 <= setting.high ? 1 : setting.low;
  return real_text(refused == real_text(middle) ? setting.high : middle);
}

// Sets what a setting needs to have an effect, and what that needs in turn.
void enable(Node& settings, const SettingsTable& table, const Setting& setting) {
  if (const Setting* other = table.find(setting.needs_name)) {
    enable(settings, table, *other);
    set(settings, other->name,
        other->type() == SettingType::text ? yaml_text(setting.needs_value) : setting.needs_value);
  }
  const Setting* other = table.find(setting.idle_name);
  if (other == nullptr) return;
  enable(settings, table, *other);
  const Node* now = settings.find(other->name);
  if ((now != nullptr ? now->scalar : other->fallback) == setting.idle_value)
    set(settings, other->name, other_value(*other, setting.idle_value));
}

// Values at the edges of what a row allows, as YAML.
std::vector<std::string> edges(const Setting& row) {
  std::vector<std::string> out;
  if (row.type() == SettingType::boolean) out = {"true", "false"};
  for (const double edge : {row.low, row.high})
    if (std::isfinite(edge)) out.push_back(real_text(edge));
  for (const std::string& choice : row.choices) out.push_back(yaml_text(choice));
  if (row.type() == SettingType::text && row.choices.empty()) out.push_back("\"\"");
  if (row.is_list() && row.max_count > 1 && out.size() == 2)
    out.push_back("[" + out[0] + ", " + out[1] + "]");
  return out;
}

// One step with these settings: its losses are finite, and its metrics are its own.
void must_work(const AlgorithmCheckOptions& options, const Node& settings) {
  AlgorithmCheckOptions with = options;
  with.settings = settings;
  for (const Measured& m : measure_step(with, kept_part(with, random_step(options.seed, 0)))) {
    require(std::isfinite(m.loss), fmt::format("{} is {}", m.name, m.loss));
    check_own_metrics(m.metrics);
  }
}

// In a process of its own, so that the report of a crash names the value.
void must_work_forked(const AlgorithmCheckOptions& options, const Node& settings,
                      const std::string& what) {
  constexpr double kSeconds = 10;
  const CheckResult result = run_check_forked("the algorithm's code", kSeconds, [&] {
    must_work(options, settings);
    return CheckResult{};
  });
  require(result.grade != Grade::fail, "with " + what + ": " + result.detail);
}

// Whether the value is refused with an Error. Anything else that goes wrong is a fault.
bool is_refused(const AlgorithmCheckOptions& options, const SettingsTable& table,
                const Setting& row, const std::string& value) {
  Node settings = options.settings;
  enable(settings, table, row);
  set(settings, row.name, value);
  try {
    open_for_check(options, settings);
  } catch (const Error&) {
    // Refused by Algorithm::check(), or because it has no effect with the settings given.
    return true;
  } catch (const std::exception& e) {
    throw CheckFailed("check() throws something other than std::invalid_argument at " + row.name +
                      ": " + value + ": " + e.what());
  }
  must_work_forked(options, settings, row.name + ": " + value + ", which check() allows");
  return false;
}

void check_variants(const AlgorithmCheckOptions& options, const std::vector<Variant>& variants) {
  std::set<std::string> names;
  for (const Variant& variant : variants) {
    require(is_snake_case(variant.name), "variant \"" + variant.name + "\" is not in snake_case");
    require(names.insert(variant.name).second, "variant \"" + variant.name + "\" is listed twice");
    require(!variant.doc.empty(), "variant \"" + variant.name + "\" has no doc");
    Node settings;
    set(settings, "variant", variant.name);
    must_work_forked(options, settings, "variant " + variant.name);
  }
}

}  // namespace

CheckResult check_algorithm_file(const AlgorithmCheckOptions& options) {
  const PluginFile file = file_of(options);
  const AlgorithmModule& module = load_algorithm_module(file);  // compares the fingerprints
  const std::string id = module.id;
  require(file.note.field("id") == id,
          "its note says id \"" + file.note.field("id") + "\", its code \"" + id + "\"");
  require(is_snake_case(id), "the id \"" + id + "\" is not in snake_case");
  require(module.title != nullptr && *module.title != '\0', "it has no title");
  require(module.doc != nullptr && *module.doc != '\0', "it has no doc");
  return {Grade::pass, fmt::format("{} · {} · LibTorch {} · {}", id, module.title,
                                   file.note.field("torch"), file.note.field("compiler"))};
}

CheckResult check_algorithm_settings(const AlgorithmCheckOptions& options) {
  const auto algorithm = load_algorithm_module(file_of(options)).make();
  SettingsTable table;
  algorithm->describe(table);
  std::set<std::string> names = {"use", "variant"};
  std::size_t tried = 0, refused = 0;
  for (const Setting& row : table.rows()) {
    require(is_snake_case(row.name), "setting \"" + row.name + "\" is not in snake_case");
    require(names.insert(row.name).second,
            "setting \"" + row.name + "\" is listed twice, or has a name of the host's own");
    require(!row.doc.empty(), "setting \"" + row.name + "\" has no doc");
    for (const std::string& other : {row.needs_name, row.idle_name})
      require(other.empty() || table.find(other) != nullptr,
              "setting \"" + row.name + "\" depends on \"" + other + "\", which does not exist");
    for (const std::string& value : edges(row)) {
      ++tried;
      if (is_refused(options, table, row, value)) ++refused;
    }
  }
  const std::vector<Variant> variants = algorithm->variants();
  check_variants(options, variants);
  must_work_forked(options, options.settings, "the settings given");
  return {
      Grade::pass,
      fmt::format(
          "{} settings, {} values at their edges, {} of them refused with a reason; {} variants",
          table.rows().size(), tried, refused, variants.size())};
}

CheckResult check_models(const AlgorithmCheckOptions& options) {
  std::set<std::string> names;
  std::string list;
  const std::vector<AuxiliaryModel> models = open_for_check(options).algorithm->auxiliary_models();
  for (const AuxiliaryModel& model : models) {
    require(is_snake_case(model.name), "the model \"" + model.name + "\" is not in snake_case");
    require(names.insert(model.name).second, "two models are called \"" + model.name + "\"");
    require(
        std::isfinite(model.learning_rate) && model.learning_rate >= 0 &&
            std::isfinite(model.clip_norm) && model.clip_norm >= 0 && model.epochs >= 0,
        fmt::format(
            "the model \"{}\" has learning rate {}, clip_norm {}, epochs {}; none may be negative",
            model.name, model.learning_rate, model.clip_norm, model.epochs));
    list += fmt::format("{}{} ({}, {})", list.empty() ? "" : ", ", model.name,
                        model.value_head ? "values" : "log-probs",
                        model.learning_rate > 0 ? "learns" : "frozen");
  }
  std::set<std::string> trained;
  const std::vector<TrialStep> steps = random_steps(options);
  const TrialReport report =
      run_trial(options, steps, [&](std::size_t step, const Objective& objective) {
        if (objective.is_policy) return;
        const Measured m = measure(objective);
        require(std::isfinite(m.loss) && m.gradients[0].isfinite().all().item<bool>(),
                fmt::format("{} is {} in step {} ({}), or its gradient is not finite", m.name,
                            m.loss, step + 1, steps[step].name));
      });
  for (const std::string& name : report.asked) names.erase(name);
  if (!names.empty())
    return {Grade::warn, "the model \"" + *names.begin() +
                             "\" takes memory, and nothing asks for it in " +
                             fmt::format("{} steps", kSteps)};
  return {Grade::pass, models.empty() ? "no auxiliary models" : list};
}

CheckResult check_metrics(const AlgorithmCheckOptions& options) {
  Metrics all;
  const TrialReport report = run_trial(
      options, random_steps(options),
      [&](std::size_t, const Objective& objective) { all.add(measure(objective).metrics); });
  all.add(report.metrics);
  check_own_metrics(all);
  std::string list;
  for (const auto& [name, mean] : all.values()) {
    require(is_snake_case(name), "the metric \"" + name + "\" is not in snake_case");
    require(std::isfinite(mean.sum) && std::isfinite(mean.count),
            fmt::format("the metric \"{}\" has sum {} and count {}", name, mean.sum, mean.count));
    require(mean.count >= 0,
            fmt::format("the metric \"{}\" has a negative count, {}", name, mean.count));
    list += (list.empty() ? "" : ", ") + name;
  }
  return {Grade::pass, list.empty() ? "none" : list};
}

}  // namespace tinyzero
