#include "core/task/task.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "core/base/error.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

std::string_view view(tz_bytes bytes) { return {bytes.size == 0 ? "" : bytes.data, static_cast<std::size_t>(bytes.size)}; }
tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

// Collects the items of one draw call.
tz_status add_item(void* context, const tz_item* item) {
  static_cast<std::vector<Item>*>(context)->push_back(
      {std::string(view(item->prompt)), std::string(view(item->key)), std::string(view(item->state)), item->difficulty, 0});
  return TZ_OK;
}

tz_status set_text(void* context, tz_bytes text) {
  *static_cast<std::string*>(context) = view(text);
  return TZ_OK;
}

void set_detail(void* context, std::uint32_t row, tz_bytes text) {
  auto& verdicts = *static_cast<std::vector<Verdict>*>(context);
  if (row < verdicts.size()) verdicts[row].detail = view(text);
}

// The next row of a table whose rows may be longer than ours.
const tz_param& param_at(const tz_task& task, std::uint64_t i) {
  return *reinterpret_cast<const tz_param*>(reinterpret_cast<const char*>(task.params) + i * task.params->size);
}

}  // namespace

struct TaskSettings::Storage {
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;
  SettingValue value;  // what abi_values points at
  std::vector<tz_bytes> views;
};

TaskSettings::TaskSettings(const tz_task& task) {
  for (std::uint64_t i = 0; i < task.n_params; ++i) {
    const tz_param& param = param_at(task, i);
    auto storage = std::make_shared<Storage>();
    const auto add = [&](auto& scalar, auto& list) -> Setting& {
      return param.max_count > 1 ? table_.add(param.name, list, param.doc).up_to(param.max_count)
                                 : table_.add(param.name, scalar, param.doc);
    };
    Setting& row = param.type == TZ_INTEGER   ? add(storage->integer, storage->integers)
                   : param.type == TZ_REAL    ? add(storage->real, storage->reals)
                   : param.type == TZ_BOOLEAN ? table_.add(param.name, storage->boolean, param.doc)
                                              : add(storage->text, storage->texts);
    for (std::uint32_t c = 0; c < param.n_choices; ++c) row.choices.emplace_back(param.choices[c]);
    if (param.needs_name != nullptr) row.only_when(param.needs_name, param.needs_value);
    row.assign(parse_setting(parse_yaml(param.fallback, "default of task " + std::string(task.id)), row, param.name));
    row.fallback = param.fallback;
    if (param.type == TZ_INTEGER || param.type == TZ_REAL) row.between(param.low, param.high);
    storage_.push_back(std::move(storage));
  }
}

std::vector<tz_value> TaskSettings::abi_values() {
  std::vector<tz_value> out;
  for (std::size_t i = 0; i < storage_.size(); ++i) {
    const Setting& row = table_.rows()[i];
    Storage& s = *storage_[i];
    s.value = row.value();
    s.views.clear();
    for (const std::string& text : s.value.texts) s.views.push_back(bytes(text));
    const std::size_t count = s.value.integers.size() + s.value.reals.size() + s.value.texts.size();
    out.push_back({static_cast<std::uint32_t>(row.type()), static_cast<std::uint32_t>(count), s.value.integers.data(), s.value.reals.data(),
                   s.views.data()});
  }
  return out;
}

Task Task::open(const PluginCatalog& catalog, const std::string& use, const Node* settings) {
  const PluginFile file = catalog.find(TINYZERO_NOTE_TASK, use);
  const tz_module& module = load_task_module(file.path);
  return Task(*module.tasks[0], file.path, settings);
}

Task::Task(const tz_task& descriptor, std::filesystem::path path, const Node* settings) : descriptor_(&descriptor), path_(std::move(path)) {
  TaskSettings table(descriptor);
  resolved_ = read_settings(settings, table.table(), "task", {"use"});
  const std::vector<tz_value> values = table.abi_values();
  const tz_host host{sizeof host, TINYZERO_TASK_ABI_MINOR, nullptr, nullptr, nullptr};
  tz_instance* instance = nullptr;
  tz_error error{};
  check(descriptor.create(&host, values.data(), &instance, &error), error, "cannot be set up");
  instance_ = std::shared_ptr<tz_instance>(instance, descriptor.destroy);
  solve_ = static_cast<const tz_solve*>(descriptor.extension(TINYZERO_SOLVE));
  demonstrate_ = static_cast<const tz_demonstrate*>(descriptor.extension(TINYZERO_DEMONSTRATE));
}

void Task::check(tz_status status, const tz_error& error, const char* doing) const {
  if (status == TZ_OK) return;
  const std::string text =
      "task \"" + std::string(descriptor_->id) + "\" " + doing + ": " + std::string(error.text, strnlen(error.text, sizeof error.text));
  if (status == TZ_INTERNAL) throw Failure(text, "this is a fault in " + path_.string());
  throw Error(text, "`tinyzero task show " + std::string(descriptor_->id) + "` explains its settings");
}

std::vector<Item> Task::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) const {
  std::vector<tz_draw> draws;
  for (const std::uint64_t index : indices) draws.push_back({seed, index});
  std::vector<Item> items;
  const tz_item_sink sink{&items, add_item};
  tz_error error{};
  check(descriptor_->draw(instance_.get(), draws.data(), static_cast<std::uint32_t>(draws.size()), &sink, &error), error,
        "cannot draw a problem");
  if (items.size() != indices.size())
    throw Failure("task \"" + std::string(descriptor_->id) + "\" drew " + std::to_string(items.size()) + " problems of " +
                  std::to_string(indices.size()));
  for (std::size_t i = 0; i < items.size(); ++i) items[i].index = indices[i];
  return items;
}

std::vector<Verdict> Task::verify(const std::vector<Answer>& answers) const {
  std::vector<tz_answer> in;
  for (const Answer& answer : answers) in.push_back({bytes(answer.state), bytes(answer.completion)});
  std::vector<tz_verdict> out(answers.size());
  std::vector<Verdict> verdicts(answers.size());
  volatile std::uint32_t cursor = 0;
  const tz_call call{sizeof call, 0, &cursor, &verdicts, set_detail};
  tz_error error{};
  check(descriptor_->verify(instance_.get(), &call, in.data(), static_cast<std::uint32_t>(in.size()), out.data(), &error), error,
        "cannot verify");
  for (std::size_t i = 0; i < out.size(); ++i) {
    Verdict& verdict = verdicts[i];
    verdict.reward = out[i].reward;
    verdict.outcome = static_cast<Outcome>(out[i].outcome);
    verdict.reason = out[i].reason;
    std::copy(std::begin(out[i].parts), std::end(out[i].parts), verdict.parts.begin());
    const bool in_range = verdict.reward >= descriptor_->reward_min && verdict.reward <= descriptor_->reward_max;
    if (is_usable(verdict.outcome) && in_range) continue;
    if (is_usable(verdict.outcome) || out[i].outcome > TZ_ERROR) {
      verdict.detail = "the task gave the reward " + std::to_string(out[i].reward) + " with outcome " + std::to_string(out[i].outcome) +
                       ", outside what it declares";
      verdict.outcome = Outcome::error;
    }
    verdict.reward = 0;
  }
  return verdicts;
}

std::string Task::reason(const Verdict& verdict) const {
  if (verdict.outcome == Outcome::error && !verdict.detail.empty()) return verdict.detail;
  return verdict.reason < descriptor_->n_reasons ? descriptor_->reasons[verdict.reason] : "";
}

std::optional<std::string> Task::solve(std::string_view state) const {
  if (solve_ == nullptr) throw Error("task \"" + std::string(descriptor_->id) + "\" has no solver");
  std::string completion;
  const tz_text_sink sink{&completion, set_text};
  std::uint32_t solvable = 0;
  tz_error error{};
  check(solve_->solve(instance_.get(), bytes(state), &solvable, &sink, &error), error, "cannot solve");
  if (solvable == 0) return std::nullopt;
  return completion;
}

std::string Task::demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) const {
  if (demonstrate_ == nullptr)
    throw Error("task \"" + std::string(descriptor_->id) + "\" has no demonstrations", "set warm_start.steps: 0");
  std::string completion;
  const tz_text_sink sink{&completion, set_text};
  tz_error error{};
  check(demonstrate_->demonstrate(instance_.get(), bytes(state), {seed, index}, &sink, &error), error, "cannot demonstrate");
  return completion;
}

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::scored: return "scored";
    case Outcome::unparsable: return "unparsable";
    case Outcome::abstain: return "abstain";
    case Outcome::error: return "error";
    default: return "timeout";
  }
}

}  // namespace tinyzero
