#include "core/plugin/library_task.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/plugin/library.h"
#include "core/plugin/task_limits.h"
#include "tinyzero/traits.h"

namespace tinyzero {
namespace {

std::string_view view(tz_bytes bytes) {
  if (bytes.size == 0) return "";
  if (bytes.data == nullptr)
    throw Failure("the task's code hands over a text of " + std::to_string(bytes.size) +
                  " bytes at no address");
  return {bytes.data, bytes.size};
}
tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

// A text of the library, of at most one byte more than allowed, so that check_about can refuse it.
std::string text_of(const char* text, std::size_t most) {
  return text != nullptr ? std::string(text, strnlen(text, most + 1)) : "";
}

// A call's reason for its failure.
std::string reason_of(tz_status status, const tz_error& error) {
  const std::string text = text_of(error.text, sizeof error.text - 1);
  return text.empty() ? "it gives no reason, and the status " + std::to_string(status) : text;
}

// Runs a callback from the library. No exception may cross the library's code: an exception's
// message becomes `fault`, and the status tells the library to stop.
template <class Body>
tz_status guarded(std::string& fault, const Body& body) noexcept {
  if (!fault.empty()) return TZ_BAD_ARGUMENT;
  try {
    body();
    return TZ_OK;
  } catch (const std::exception& e) {
    fault = e.what();
    return TZ_BAD_ARGUMENT;
  }
}

// Collects the items of one draw call.
struct ItemSink {
  const std::string& task;
  std::size_t expected;
  std::vector<Item> items;
  std::string fault;  // the first fault
};

tz_status add_item(void* context, const tz_item* item) {
  auto& sink = *static_cast<ItemSink*>(context);
  return guarded(sink.fault, [&] {
    check_item(sink.task, item->prompt.size, item->key.size, item->state.size, item->difficulty);
    if (sink.items.size() == sink.expected)
      throw Failure("task \"" + sink.task + "\" drew more problems than the " +
                    std::to_string(sink.expected) + " it was asked for");
    sink.items.push_back({.prompt = std::string(view(item->prompt)),
                          .key = std::string(view(item->key)),
                          .state = std::string(view(item->state)),
                          .difficulty = item->difficulty,
                          .index = 0});
  });
}

// Receives a completion. If the task writes several, the last one counts.
struct TextSink {
  const std::string& task;
  const char* what;
  std::string text;
  std::string fault;
};

tz_status set_text(void* context, tz_bytes text) {
  auto& sink = *static_cast<TextSink*>(context);
  return guarded(sink.fault, [&] {
    check_text(sink.task, sink.what, text.size, TINYZERO_TASK_MAX_TEXT);
    sink.text = view(text);
  });
}

std::vector<tz_answer> abi_answers(const Answer* answers, std::size_t n) {
  std::vector<tz_answer> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    out.push_back({bytes(answers[i].state), bytes(answers[i].completion)});
  return out;
}

// Keeps a task's notes, up to a number and a length that a person reads.
void add_note(void* context, tz_bytes text) {
  auto& notes = *static_cast<std::vector<std::string>*>(context);
  std::string ignored;  // without memory for its notes, the task remains
  if (notes.size() < kMostNotes)
    guarded(ignored, [&] { notes.emplace_back(cut_detail(plain_line(view(text)))); });
}

struct DetailSink {
  Verdict* verdicts;
  std::size_t count;
};

void set_detail(void* context, std::uint32_t row, tz_bytes text) {
  const auto& sink = *static_cast<DetailSink*>(context);
  std::string ignored;  // without memory for its detail, the verdict remains
  if (row < sink.count)
    guarded(ignored, [&] { sink.verdicts[row].detail = cut_detail(view(text)); });
}

// A row of the settings table. The library's rows may be longer than tz_param.
const tz_param& param_at(const tz_task& task, std::uint64_t i) {
  return *reinterpret_cast<const tz_param*>(reinterpret_cast<const char*>(task.params) +
                                            i * task.params->size);
}

TaskParam param_of(const std::string& task, const tz_param& row) {
  TaskParam param;
  param.type = row.type;
  param.max_count = row.max_count;
  param.name = text_of(row.name, TINYZERO_TASK_MAX_NAME);
  param.doc = text_of(row.doc, TINYZERO_TASK_MAX_LINE);
  param.fallback = text_of(row.fallback, TINYZERO_TASK_MAX_LINE);
  param.low = row.low;
  param.high = row.high;
  param.needs_name = text_of(row.needs_name, TINYZERO_TASK_MAX_NAME);
  param.needs_value = text_of(row.needs_value, TINYZERO_TASK_MAX_LINE);
  check_count(task, "choices of a setting", row.n_choices, TINYZERO_TASK_MAX_CHOICES);
  for (std::uint32_t i = 0; i < row.n_choices; ++i)
    param.choices.push_back(text_of(row.choices[i], TINYZERO_TASK_MAX_LINE));
  return param;
}

bool names_path(const tz_paths* paths, std::string_view name) {
  for (std::uint32_t i = 0; paths != nullptr && i < paths->n_names; ++i) {
    if (name == paths->names[i]) return true;
  }
  return false;
}

// The names of reward components and reasons.
void add_names(TaskAbout& about, const tz_task& task) {
  check_count(about.id, "reward components", task.n_parts, TINYZERO_TASK_MAX_PARTS);
  check_count(about.id, "reasons", task.n_reasons, TINYZERO_TASK_MAX_REASONS);
  for (std::uint32_t i = 0; i < task.n_parts; ++i)
    about.components.push_back(text_of(task.parts[i], TINYZERO_TASK_MAX_NAME));
  for (std::uint32_t i = 0; i < task.n_reasons; ++i)
    about.reasons.push_back(text_of(task.reasons[i], TINYZERO_TASK_MAX_LINE));
}

void add_params(TaskAbout& about, const tz_task& task, const tz_paths* paths) {
  check_count(about.id, "settings", task.n_params, TINYZERO_TASK_MAX_PARAMS);
  if (paths != nullptr)
    check_count(about.id, "settings that name files", paths->n_names, TINYZERO_TASK_MAX_PARAMS);
  if (task.n_params > 0 && task.params->size < sizeof(tz_param))
    throw Failure("task \"" + about.id + "\" has a table of settings whose rows are too short: " +
                  std::to_string(task.params->size) + " bytes, " +
                  std::to_string(sizeof(tz_param)) + " are needed");
  for (std::uint64_t i = 0; i < task.n_params; ++i) {
    TaskParam param = param_of(about.id, param_at(task, i));
    param.is_path = param.type == TZ_TEXT && names_path(paths, param.name);
    about.params.push_back(std::move(param));
  }
}

void add_traits(TaskAbout& about, const tz_traits* traits) {
  if (traits == nullptr) return;
  if (traits->size < sizeof *traits || traits->count == nullptr ||
      (traits->n_traits > 0 && traits->traits == nullptr))
    throw Failure("task \"" + about.id + "\" has a table of traits that is not whole",
                  "tinyzero/traits_abi.h says what it holds");
  check_count(about.id, "traits", traits->n_traits, TINYZERO_TASK_MAX_TRAITS);
  for (std::uint32_t i = 0; i < traits->n_traits; ++i) {
    const tz_trait& row = traits->traits[i];
    about.traits.push_back({.name = text_of(row.name, TINYZERO_TASK_MAX_NAME),
                            .doc = text_of(row.doc, TINYZERO_TASK_MAX_LINE),
                            .per = text_of(row.per, TINYZERO_TASK_MAX_NAME)});
  }
}

TaskAbout about_of(const tz_task& task) {
  const auto* paths = static_cast<const tz_paths*>(task.extension(TINYZERO_PATHS));
  TaskAbout about;
  about.id = text_of(task.id, TINYZERO_TASK_MAX_NAME);
  about.title = text_of(task.title, TINYZERO_TASK_MAX_LINE);
  about.version = text_of(task.version, TINYZERO_TASK_MAX_NAME);
  about.doc = text_of(task.doc, TINYZERO_TASK_MAX_DOC);
  about.reward_full = task.reward_full;
  about.reward_min = task.reward_min;
  about.reward_max = task.reward_max;
  about.is_reentrant = (task.flags & TZ_REENTRANT) != 0;
  add_names(about, task);
  add_params(about, task, paths);
  add_traits(about, static_cast<const tz_traits*>(task.extension(TINYZERO_TRAITS)));
  check_about(about);
  return about;
}

}  // namespace

LibraryTask::LibraryTask(const std::filesystem::path& path)
    : LibraryTask(load_task_module(path), path) {}

LibraryTask::LibraryTask(const tz_module& module, const std::filesystem::path& path)
    : LibraryTask(*module.tasks[0], path) {
  tasks_ = module.n_tasks;
}

LibraryTask::LibraryTask(const tz_task& descriptor, std::filesystem::path path)
    : descriptor_(&descriptor),
      solve_(static_cast<const tz_solve*>(descriptor.extension(TINYZERO_SOLVE))),
      demonstrate_(static_cast<const tz_demonstrate*>(descriptor.extension(TINYZERO_DEMONSTRATE))),
      traits_(static_cast<const tz_traits*>(descriptor.extension(TINYZERO_TRAITS))),
      path_(std::move(path)),
      about_(about_of(descriptor)) {
  if ((solve_ != nullptr && solve_->size < sizeof *solve_) ||
      (demonstrate_ != nullptr && demonstrate_->size < sizeof *demonstrate_))
    throw Failure("task \"" + about_.id +
                  "\" has an extension whose table is shorter than its ABI says");
  about_.can_solve = solve_ != nullptr;
  about_.can_demonstrate = demonstrate_ != nullptr;
}

bool LibraryTask::refuses_unknown_extensions() const {
  return descriptor_->extension("tinyzero.no_such_extension/1") == nullptr;
}

void LibraryTask::check(tz_status status, const tz_error& error, const char* doing) const {
  if (status == TZ_OK) return;
  const std::string text = "task \"" + about_.id + "\" " + doing + ": " + reason_of(status, error);
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
    in.push_back({about_.params[i].type, static_cast<std::uint32_t>(count), v.integers.data(),
                  v.reals.data(), texts.back().data()});
  }
  notes_.clear();
  const tz_host host{sizeof host, TINYZERO_TASK_ABI_MINOR, &notes_, add_note, nullptr};
  tz_instance* instance = nullptr;
  tz_error error{};
  check(descriptor_->create(&host, in.data(), &instance, &error), error, "cannot be set up");
  instance_ = std::shared_ptr<tz_instance>(instance, descriptor_->destroy);
}

std::vector<Item> LibraryTask::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) {
  std::vector<tz_draw> draws;
  draws.reserve(indices.size());
  for (const std::uint64_t index : indices) draws.push_back({seed, index});
  ItemSink sink{.task = about_.id, .expected = indices.size(), .items = {}, .fault = {}};
  sink.items.reserve(indices.size());
  const tz_item_sink out{&sink, add_item};
  tz_error error{};
  const tz_status status =
      descriptor_->draw(instance_.get(), draws.data(), draws.size(), &out, &error);
  if (!sink.fault.empty()) throw Failure(sink.fault, "this is a fault in " + path_.string());
  check(status, error, "cannot draw a problem");
  if (sink.items.size() != indices.size()) {
    throw Failure("task \"" + about_.id + "\" drew " + std::to_string(sink.items.size()) +
                  " problems of " + std::to_string(indices.size()));
  }
  for (std::size_t i = 0; i < indices.size(); ++i) sink.items[i].index = indices[i];
  return std::move(sink.items);
}

tz_status LibraryTask::judge(const Answer* answers, std::size_t n, Verdict* verdicts,
                             tz_error& error) const {
  const std::vector<tz_answer> in = abi_answers(answers, n);
  std::vector<tz_verdict> out(n);
  DetailSink details{verdicts, n};
  const tz_call call{sizeof call, 0, cursor_, &details, set_detail};
  const tz_status status =
      descriptor_->verify(instance_.get(), &call, in.data(), n, out.data(), &error);
  for (std::size_t i = 0; i < n; ++i) assign(verdicts[i], out[i]);
  return status;
}

// A status other than TZ_OK concerns the call as a whole. Then each answer is judged alone, so that
// only the answers at fault fail.
std::vector<Verdict> LibraryTask::verify(const std::vector<Answer>& answers) {
  std::vector<Verdict> verdicts(answers.size());
  tz_error error{};
  if (judge(answers.data(), answers.size(), verdicts.data(), error) == TZ_OK) return verdicts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    verdicts[i] = {};
    error = {};
    const tz_status status = judge(&answers[i], 1, &verdicts[i], error);
    if (status == TZ_OK) continue;
    verdicts[i] = {};
    verdicts[i].outcome = Outcome::error;
    verdicts[i].detail = "task \"" + about_.id + "\" cannot verify: " + reason_of(status, error);
  }
  return verdicts;
}

std::vector<TraitRow> LibraryTask::count_traits(const std::vector<Answer>& answers) {
  const std::size_t width = about_.traits.size();
  std::vector<double> out(answers.size() * width, kNoTrait);
  const std::vector<tz_answer> in = abi_answers(answers.data(), answers.size());
  const tz_call call{sizeof call, 0, cursor_, nullptr, nullptr};
  tz_error error{};
  check(traits_->count(instance_.get(), &call, in.data(), in.size(), out.data(), &error), error,
        "cannot count traits");
  std::vector<TraitRow> rows;
  for (auto row = out.begin(); row != out.end(); row += width) rows.emplace_back(row, row + width);
  return rows;
}

std::optional<std::string> LibraryTask::solve(std::string_view state) {
  TextSink sink{.task = about_.id, .what = "a solution", .text = {}, .fault = {}};
  const tz_text_sink out{&sink, set_text};
  std::uint32_t solvable = 0;
  tz_error error{};
  const tz_status status = solve_->solve(instance_.get(), bytes(state), &solvable, &out, &error);
  if (!sink.fault.empty()) throw Failure(sink.fault, "this is a fault in " + path_.string());
  check(status, error, "cannot solve");
  if (solvable == 0) return std::nullopt;
  return std::move(sink.text);
}

std::string LibraryTask::demonstrate(std::string_view state, std::uint64_t seed,
                                     std::uint64_t index) {
  TextSink sink{.task = about_.id, .what = "a demonstration", .text = {}, .fault = {}};
  const tz_text_sink out{&sink, set_text};
  tz_error error{};
  const tz_status status =
      demonstrate_->demonstrate(instance_.get(), bytes(state), {seed, index}, &out, &error);
  if (!sink.fault.empty()) throw Failure(sink.fault, "this is a fault in " + path_.string());
  check(status, error, "cannot demonstrate");
  return std::move(sink.text);
}

}  // namespace tinyzero
