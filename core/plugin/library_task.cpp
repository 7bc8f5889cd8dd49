#include "core/plugin/library_task.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/plugin/library.h"

namespace tinyzero {
namespace {

std::string_view view(tz_bytes bytes) { return {bytes.size == 0 ? "" : bytes.data, static_cast<std::size_t>(bytes.size)}; }
tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
std::string text_of(const char* text) { return text != nullptr ? text : ""; }

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

// A row of a table whose rows may be longer than ours.
const tz_param& param_at(const tz_task& task, std::uint64_t i) {
  return *reinterpret_cast<const tz_param*>(reinterpret_cast<const char*>(task.params) + i * task.params->size);
}

bool names_path(const tz_paths* paths, std::string_view name) {
  for (std::uint32_t i = 0; paths != nullptr && i < paths->n_names; ++i) {
    if (name == paths->names[i]) return true;
  }
  return false;
}

TaskAbout about_of(const tz_task& task) {
  const auto* paths = static_cast<const tz_paths*>(task.extension(TINYZERO_PATHS));
  TaskAbout about;
  about.id = text_of(task.id);
  about.title = text_of(task.title);
  about.version = text_of(task.version);
  about.doc = text_of(task.doc);
  about.reward_full = task.reward_full;
  about.reward_min = task.reward_min;
  about.reward_max = task.reward_max;
  about.parts.assign(task.parts, task.parts + std::min(task.n_parts, TINYZERO_TASK_MAX_PARTS));
  about.reasons.assign(task.reasons, task.reasons + task.n_reasons);
  about.is_reentrant = (task.flags & TZ_REENTRANT) != 0;
  for (std::uint64_t i = 0; i < task.n_params; ++i) {
    const tz_param& row = param_at(task, i);
    TaskParam param{
        row.type, row.max_count, row.name, row.doc, row.fallback, row.low, row.high, {}, text_of(row.needs_name), text_of(row.needs_value)};
    param.choices.assign(row.choices, row.choices + row.n_choices);
    param.is_path = row.type == TZ_TEXT && names_path(paths, row.name);
    about.params.push_back(std::move(param));
  }
  return about;
}

}  // namespace

LibraryTask::LibraryTask(const std::filesystem::path& path) : LibraryTask(*load_task_module(path).tasks[0], path) {}

LibraryTask::LibraryTask(const tz_task& descriptor, std::filesystem::path path)
    : descriptor_(&descriptor),
      solve_(static_cast<const tz_solve*>(descriptor.extension(TINYZERO_SOLVE))),
      demonstrate_(static_cast<const tz_demonstrate*>(descriptor.extension(TINYZERO_DEMONSTRATE))),
      path_(std::move(path)),
      about_(about_of(descriptor)) {
  about_.can_solve = solve_ != nullptr;
  about_.can_demonstrate = demonstrate_ != nullptr;
}

void LibraryTask::check(tz_status status, const tz_error& error, const char* doing) const {
  if (status == TZ_OK) return;
  const std::string text = "task \"" + about_.id + "\" " + doing + ": " + std::string(error.text, strnlen(error.text, sizeof error.text));
  if (status == TZ_INTERNAL) throw Failure(text, "this is a fault in " + path_.string());
  throw Error(text, "`tinyzero task show " + about_.id + "` explains its settings");
}

void LibraryTask::create(const std::vector<SettingValue>& values) {
  std::vector<std::vector<tz_bytes>> texts;  // what the values' views point at
  std::vector<tz_value> in;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const SettingValue& v = values[i];
    texts.emplace_back();
    for (const std::string& text : v.texts) texts.back().push_back(bytes(text));
    const std::size_t count = v.integers.size() + v.reals.size() + v.texts.size();
    in.push_back({about_.params[i].type, static_cast<std::uint32_t>(count), v.integers.data(), v.reals.data(), texts.back().data()});
  }
  const tz_host host{sizeof host, TINYZERO_TASK_ABI_MINOR, nullptr, nullptr, nullptr};
  tz_instance* instance = nullptr;
  tz_error error{};
  check(descriptor_->create(&host, in.data(), &instance, &error), error, "cannot be set up");
  instance_ = std::shared_ptr<tz_instance>(instance, descriptor_->destroy);
}

std::vector<Item> LibraryTask::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) {
  std::vector<tz_draw> draws;
  draws.reserve(indices.size());
  for (const std::uint64_t index : indices) draws.push_back({seed, index});
  std::vector<Item> items;
  items.reserve(indices.size());
  const tz_item_sink sink{&items, add_item};
  tz_error error{};
  check(descriptor_->draw(instance_.get(), draws.data(), static_cast<std::uint32_t>(draws.size()), &sink, &error), error,
        "cannot draw a problem");
  if (items.size() != indices.size()) {
    throw Failure("task \"" + about_.id + "\" drew " + std::to_string(items.size()) + " problems of " + std::to_string(indices.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) items[i].index = indices[i];
  return items;
}

std::vector<Verdict> LibraryTask::verify(const std::vector<Answer>& answers) {
  std::vector<tz_answer> in;
  in.reserve(answers.size());
  for (const Answer& answer : answers) in.push_back({bytes(answer.state), bytes(answer.completion)});
  std::vector<tz_verdict> out(answers.size());
  std::vector<Verdict> verdicts(answers.size());
  const tz_call call{sizeof call, 0, cursor_, &verdicts, set_detail};
  tz_error error{};
  check(descriptor_->verify(instance_.get(), &call, in.data(), static_cast<std::uint32_t>(in.size()), out.data(), &error), error,
        "cannot verify");
  for (std::size_t i = 0; i < out.size(); ++i) assign(verdicts[i], out[i]);
  return verdicts;
}

std::optional<std::string> LibraryTask::solve(std::string_view state) {
  std::string completion;
  const tz_text_sink sink{&completion, set_text};
  std::uint32_t solvable = 0;
  tz_error error{};
  check(solve_->solve(instance_.get(), bytes(state), &solvable, &sink, &error), error, "cannot solve");
  if (solvable == 0) return std::nullopt;
  return completion;
}

std::string LibraryTask::demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) {
  std::string completion;
  const tz_text_sink sink{&completion, set_text};
  tz_error error{};
  check(demonstrate_->demonstrate(instance_.get(), bytes(state), {seed, index}, &sink, &error), error, "cannot demonstrate");
  return completion;
}

}  // namespace tinyzero
