// The C++ layer over the task ABI: write a struct, end the file with TINYZERO_TASK.
//
//   struct Guess {
//     struct Settings {
//       std::int64_t largest = 9;
//       void describe(tinyzero::SettingsTable& t) {
//         t.add("largest", largest, "largest number to guess").between(1, 99);
//       }
//     };
//     static constexpr tinyzero::About about{
//         "guess", "guess a number", "1.0.0", "What the task asks and how it scores."};
//     static constexpr std::array parts{"correct"};  // names of the reward components
//     static constexpr std::array reasons{"correct", "no answer", "wrong number"};
//
//     // May throw std::invalid_argument. With a second parameter, `const Notes& notes`, it can
//     // tell a person what it found: rows of a file that it left out, say.
//     explicit Guess(const Settings& settings);
//     // Pure; may throw tinyzero::Exhausted.
//     tinyzero::Item draw(tinyzero::Draw draw) const;
//     // Pure; may throw tinyzero::BadState.
//     tinyzero::Verdict verify(std::string_view state, std::string_view completion) const;
//     // Optional: a completion that earns the full reward.
//     std::optional<std::string> solve(std::string_view state) const;
//     // Optional: a worked trace for a warm start.
//     std::string demonstrate(std::string_view state, tinyzero::Rng& rng) const;
//     // Optional: what a completion does, as numbers that are never rewarded, in the order of
//     // their table. Pure; tinyzero::kNoTrait where a trait does not apply.
//     static constexpr std::array traits{tinyzero::Trait{"words", "words before the answer"}};
//     std::array<double, 1> count_traits(std::string_view state,
//                                        std::string_view completion) const;
//   };
//   TINYZERO_TASK(Guess, "guess")
//
// The methods are const and must not touch shared state: the host calls them from several threads
// at once. Every exception is caught here. In verify it makes the row an `error`; elsewhere it
// becomes a status with the exception's text.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tinyzero/item.h"
#include "tinyzero/note.h"
#include "tinyzero/rng.h"
#include "tinyzero/settings.h"
#include "tinyzero/state.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits.h"

namespace tinyzero {

struct About {
  const char* id;
  const char* title;
  const char* version;
  const char* doc;
  double reward_full = 1.0;  // the reward of a right answer
  double reward_min = 0.0;
  double reward_max = 1.0;
};

// Thrown by draw when the settings allow no problem.
class Exhausted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a constructor has to say to a person. The host shows each text, a line, once.
class Notes {
 public:
  Notes() = default;  // nobody listens
  explicit Notes(const tz_host* host) : host_(host) {}
  void add(std::string_view text) const {
    if (host_ != nullptr && host_->log != nullptr)
      host_->log(host_->context, {text.data(), text.size()});
  }

 private:
  const tz_host* host_ = nullptr;
};

// The functions of the C ABI, implemented by the struct `Task`.
template <class Task>
class TaskBinding {
 public:
  static const tz_module* module() { return &binding().module_; }

 private:
  using Settings = typename Task::Settings;

  static_assert(Task::parts.size() <= TINYZERO_TASK_MAX_PARTS,
                "a task names at most TINYZERO_TASK_MAX_PARTS (6) reward components");
  static_assert(Task::reasons.size() < TINYZERO_TASK_MAX_REASONS,
                "a task has fewer than TINYZERO_TASK_MAX_REASONS (256) reasons");

  static const TaskBinding& binding() {
    static const TaskBinding binding;
    return binding;
  }

  TaskBinding() {
    settings_.describe(table_);
    for (const Setting& row : table_.rows()) {
      params_.push_back(param(row));
      if (row.is_path) path_names_.push_back(row.name.c_str());
    }
    paths_ = {sizeof paths_, static_cast<std::uint32_t>(path_names_.size()), path_names_.data()};
    if constexpr (CountsTraits<Task>::value) {
      static_assert(Task::traits.size() <= TINYZERO_TASK_MAX_TRAITS,
                    "a task has at most TINYZERO_TASK_MAX_TRAITS (64) traits");
      for (const Trait& trait : Task::traits)
        trait_rows_.push_back({trait.name, trait.doc, trait.per});
      traits_ = {sizeof traits_, static_cast<std::uint32_t>(trait_rows_.size()), trait_rows_.data(),
                 count_traits};
    }
    reasons_.assign(Task::reasons.begin(), Task::reasons.end());
    reasons_.push_back("task error");

    task_.size = sizeof task_;
    task_.flags = TZ_REENTRANT;
    task_.id = Task::about.id;
    task_.title = Task::about.title;
    task_.version = Task::about.version;
    task_.doc = Task::about.doc;
    task_.reward_full = Task::about.reward_full;
    task_.reward_min = Task::about.reward_min;
    task_.reward_max = Task::about.reward_max;
    task_.n_parts = static_cast<std::uint32_t>(Task::parts.size());
    task_.parts = Task::parts.data();
    task_.n_reasons = static_cast<std::uint32_t>(reasons_.size());
    task_.reasons = reasons_.data();
    task_.n_params = params_.size();
    task_.params = params_.data();
    task_.create = create;
    task_.destroy = [](tz_instance* instance) { delete reinterpret_cast<Task*>(instance); };
    task_.draw = draw;
    task_.verify = verify;
    task_.extension = extension;
    module_ = {sizeof module_, TINYZERO_TASK_ABI_MAJOR, TINYZERO_TASK_ABI_MINOR, 1, &tasks_};
  }

  tz_param param(const Setting& row) {
    tz_param out{};
    out.size = sizeof out;
    out.type = static_cast<std::uint32_t>(row.type());
    out.max_count =
        static_cast<std::uint32_t>(row.is_list() ? std::max<std::size_t>(row.max_count, 2) : 1);
    out.name = row.name.c_str();
    out.doc = row.doc.c_str();
    out.fallback = row.fallback.c_str();
    out.low = row.low;
    out.high = row.high;
    if (!row.needs_name.empty()) {
      out.needs_name = row.needs_name.c_str();
      out.needs_value = row.needs_value.c_str();
    }
    choices_.push_back(std::make_unique<std::vector<const char*>>());
    for (const std::string& choice : row.choices) choices_.back()->push_back(choice.c_str());
    out.n_choices = static_cast<std::uint32_t>(choices_.back()->size());
    out.choices = choices_.back()->data();
    return out;
  }

  static void set_error(tz_error* error, const char* text) {
    if (error == nullptr) return;
    std::strncpy(error->text, text, sizeof error->text - 1);
    error->text[sizeof error->text - 1] = '\0';
  }

  // Runs `body` and turns whatever it throws into a status and a text.
  template <class Body>
  static tz_status guarded(tz_error* error, Body body) noexcept {
    try {
      return body();
    } catch (const Exhausted& e) {
      set_error(error, e.what());
      return TZ_EXHAUSTED;
    } catch (const std::invalid_argument& e) {
      set_error(error, e.what());
      return TZ_BAD_ARGUMENT;
    } catch (const std::exception& e) {
      set_error(error, e.what());
      return TZ_INTERNAL;
    } catch (...) {  // no exception may cross the ABI
      set_error(error, "the task threw something that is not a std::exception");
      return TZ_INTERNAL;
    }
  }

  static tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
  static std::string_view view(tz_bytes text) {
    return {text.size == 0 ? "" : text.data, static_cast<std::size_t>(text.size)};
  }
  static const Task& task(tz_instance* instance) {
    return *reinterpret_cast<const Task*>(instance);
  }

  static tz_status create(const tz_host* host, const tz_value* values, tz_instance** out,
                          tz_error* error) {
    const tz_status status = guarded(error, [&]() -> tz_status {
      Settings settings;
      SettingsTable table;
      settings.describe(table);
      for (std::size_t i = 0; i < table.rows().size(); ++i) {
        SettingValue value;
        for (std::uint32_t k = 0; k < values[i].count; ++k) {
          if (values[i].type == TZ_REAL) value.reals.push_back(values[i].reals[k]);
          else if (values[i].type == TZ_TEXT) value.texts.emplace_back(view(values[i].texts[k]));
          else value.integers.push_back(values[i].integers[k]);
        }
        table.rows()[i].assign(value);
      }
      if constexpr (std::is_constructible_v<Task, const Settings&, const Notes&>)
        *out = reinterpret_cast<tz_instance*>(new Task(settings, Notes(host)));
      else *out = reinterpret_cast<tz_instance*>(new Task(settings));
      return TZ_OK;
    });
    return status == TZ_BAD_ARGUMENT ? TZ_BAD_PARAMETER : status;
  }

  static tz_status draw(tz_instance* instance, const tz_draw* draws, std::uint32_t n,
                        const tz_item_sink* sink, tz_error* error) {
    return guarded(error, [&]() -> tz_status {
      for (std::uint32_t i = 0; i < n; ++i) {
        const Item item = task(instance).draw({draws[i].seed, draws[i].index});
        const tz_item out{bytes(item.prompt), bytes(item.key), bytes(item.state), item.difficulty};
        const tz_status status = sink->add(sink->context, &out);
        if (status != TZ_OK) return status;
      }
      return TZ_OK;
    });
  }

  static void explain(const tz_call* call, std::uint32_t row, std::string_view text) {
    if (call != nullptr && call->explain != nullptr) call->explain(call->context, row, bytes(text));
  }

  static tz_status verify(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                          std::uint32_t n, tz_verdict* out, tz_error*) {
    for (std::uint32_t i = 0; i < n; ++i) {
      if (call != nullptr && call->cursor != nullptr) *call->cursor = i;
      tz_error problem{};
      const tz_status status = guarded(&problem, [&]() -> tz_status {
        const Verdict verdict =
            task(instance).verify(view(answers[i].state), view(answers[i].completion));
        if (verdict.reason >= Task::reasons.size()) {
          throw std::out_of_range("verify gave reason " + std::to_string(verdict.reason) +
                                  "; the task's reasons are 0 to " +
                                  std::to_string(Task::reasons.size() - 1));
        }
        out[i] = abi_verdict(verdict);
        if (!verdict.detail.empty()) explain(call, i, verdict.detail);
        return TZ_OK;
      });
      if (status == TZ_OK) continue;
      out[i] = tz_verdict{};
      out[i].outcome = TZ_ERROR;
      out[i].reason = static_cast<std::uint32_t>(Task::reasons.size());
      explain(call, i, problem.text);
    }
    return TZ_OK;
  }

  template <class T, class = void>
  struct CanSolve : std::false_type {};
  template <class T>
  struct CanSolve<T, std::void_t<decltype(&T::solve)>> : std::true_type {};
  template <class T, class = void>
  struct CanDemonstrate : std::false_type {};
  template <class T>
  struct CanDemonstrate<T, std::void_t<decltype(&T::demonstrate)>> : std::true_type {};

  template <class T, class = void>
  struct CountsTraits : std::false_type {};
  template <class T>
  struct CountsTraits<T, std::void_t<decltype(&T::count_traits)>> : std::true_type {};

  template <class T, class = void>
  struct NamesTraits : std::false_type {};
  template <class T>
  struct NamesTraits<T, std::void_t<decltype(T::traits)>> : std::true_type {};
  static_assert(CountsTraits<Task>::value || !NamesTraits<Task>::value,
                "a task with a table `traits` needs a method count_traits(state, completion)");

  static const void* extension(const char* id) {
    if constexpr (CanSolve<Task>::value) {
      static const tz_solve table{sizeof table, 0, solve};
      if (std::strcmp(id, TINYZERO_SOLVE) == 0) return &table;
    }
    if constexpr (CanDemonstrate<Task>::value) {
      static const tz_demonstrate table{sizeof table, 0, demonstrate};
      if (std::strcmp(id, TINYZERO_DEMONSTRATE) == 0) return &table;
    }
    const tz_traits& traits = binding().traits_;
    if (traits.n_traits > 0 && std::strcmp(id, TINYZERO_TRAITS) == 0) return &traits;
    const tz_paths& paths = binding().paths_;
    if (paths.n_names > 0 && std::strcmp(id, TINYZERO_PATHS) == 0) return &paths;
    return nullptr;
  }

  static tz_status solve(tz_instance* instance, tz_bytes state, std::uint32_t* solvable,
                         const tz_text_sink* out, tz_error* error) {
    return guarded(error, [&]() -> tz_status {
      const std::optional<std::string> completion = task(instance).solve(view(state));
      *solvable = completion ? 1 : 0;
      return completion ? out->write(out->context, bytes(*completion)) : TZ_OK;
    });
  }

  static tz_status demonstrate(tz_instance* instance, tz_bytes state, tz_draw draw,
                               const tz_text_sink* out, tz_error* error) {
    return guarded(error, [&]() -> tz_status {
      Rng rng(draw.seed, {draw.index});
      return out->write(out->context, bytes(task(instance).demonstrate(view(state), rng)));
    });
  }

  // A row of a state that the task did not write has no traits. Whatever else is thrown is a fault
  // of the task, and fails the call.
  static tz_status count_traits(tz_instance* instance, const tz_call* call,
                                const tz_answer* answers, std::uint32_t n, double* out,
                                tz_error* error) {
    for (std::uint32_t i = 0; i < n; ++i, out += Task::traits.size()) {
      if (call != nullptr && call->cursor != nullptr) *call->cursor = i;
      const tz_status status = guarded(error, [&]() -> tz_status {
        const std::array<double, Task::traits.size()> row =
            task(instance).count_traits(view(answers[i].state), view(answers[i].completion));
        std::copy(row.begin(), row.end(), out);
        return TZ_OK;
      });
      if (status == TZ_BAD_ARGUMENT) std::fill_n(out, Task::traits.size(), kNoTrait);
      else if (status != TZ_OK) return status;
    }
    return TZ_OK;
  }

  Settings settings_;
  SettingsTable table_;
  std::vector<tz_param> params_;
  std::vector<std::unique_ptr<std::vector<const char*>>> choices_;
  std::vector<const char*> reasons_;
  std::vector<const char*> path_names_;
  std::vector<tz_trait> trait_rows_;
  tz_traits traits_{};
  tz_paths paths_{};
  tz_task task_{};
  const tz_task* tasks_ = &task_;
  tz_module module_{};
};

}  // namespace tinyzero

// Exports the task; once in a library. `id_` repeats about.id as a literal, for the note.
#define TINYZERO_TASK(Type, id_)                                                       \
  TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=" id_ "\nabi=1.0\nsdk=" TINYZERO_VERSION       \
                                    "\ncompiler=" TINYZERO_COMPILER "\n");             \
  extern "C" __attribute__((visibility("default"))) const tz_module* tinyzero_task_v1( \
      std::uint32_t, std::uint32_t) {                                                  \
    static_assert(std::string_view(Type::about.id) == id_,                             \
                  "TINYZERO_TASK: the id differs from about.id");                      \
    return tinyzero::TaskBinding<Type>::module();                                      \
  }
