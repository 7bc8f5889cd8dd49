// bench verify: how fast a task draws and judges, on one core: in this process, and in a worker.

#include <fmt/format.h>
#include <xxhash.h>

#include <functional>
#include <optional>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/bench/measure.h"
#include "core/cli/commands.h"
#include "core/cli/interrupt.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/plugin/library_task.h"
#include "core/task/hosting.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::size_t kBatch = 512;  // rows of a call
constexpr int kRounds = 7;

struct BenchVerifyOptions {
  std::string task;
  std::vector<std::string> settings;
  double seconds = 2;
  bool json = false;
};

using Work = std::function<void()>;  // handles kBatch rows

// Rows a second of each work, in kRounds rounds. The works take turns, so that what disturbs the
// machine disturbs them alike.
std::vector<std::vector<double>> measure(double seconds, const std::vector<Work>& works) {
  std::vector<std::vector<double>> rates(works.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      const Stopwatch watch;
      double elapsed = 0;
      std::size_t calls = 0;
      for (; elapsed < seconds / kRounds; ++calls) {
        works[w]();
        elapsed = watch.seconds();
      }
      rates[w].push_back(static_cast<double>(calls * kBatch) / elapsed);
    }
  }
  return rates;
}

struct Row {
  std::string state, completion;
};

// A batch as in training: demonstrations, right answers, and answers to other problems, a third
// each.
std::vector<Row> training_like(const Task& task) {
  const std::vector<Item> items = task.draw(1, 0, kBatch);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const bool traced = i % 3 == 0 && task.can_demonstrate();
    const Item& solved = items[i % 3 == 1 ? i : (i + 1) % kBatch];
    rows.push_back({items[i].state, traced             ? task.demonstrate(items[i].state, 1, i)
                                    : task.can_solve() ? task.solve(solved.state).value_or("")
                                                       : std::string("<answer>1</answer>")});
  }
  return rows;
}

// A task in a worker, and in this process if it is one of tinyzero's own: foreign code does not run
// here.
struct MeasuredTask {
  Task worker;
  std::optional<Task> here;
};

MeasuredTask open_measured(const PluginFile& file, const Node& settings) {
  const TaskHosting hosting = read_hosting(file, &settings, "task");
  auto worker = start_worker(file, hosting, worker_limits(file, hosting));
  const std::filesystem::path from = worker->file();
  MeasuredTask task{Task(std::move(worker), from, &settings, "task", hosting.words), {}};
  if (file.built_in)
    task.here.emplace(std::make_unique<LibraryTask>(file.path), file.path, &settings);
  return task;
}

// Rows a second, but for `bytes` and `overhead`.
struct VerifyRates {
  double bytes = 0;  // of a row, state and completion
  Spread draws;
  Spread ceiling;  // hashing the same bytes once
  Spread worker;
  // In this process: only for tinyzero's own tasks.
  std::optional<Spread> here;
  Spread overhead;  // time of a worker / time of this process
};

VerifyRates measure_task(const MeasuredTask& task, double seconds) {
  VerifyRates out;
  const std::vector<Row> rows = training_like(task.worker);
  std::vector<Answer> answers;
  for (const Row& row : rows) {
    answers.push_back({row.state, row.completion});
    out.bytes += static_cast<double>(row.state.size() + row.completion.size()) / kBatch;
  }
  std::uint64_t index = 0;
  volatile std::uint64_t sink = 0;  // keeps the hashes from being optimised away
  std::vector<Work> works = {[&] {
                               (task.here ? *task.here : task.worker).draw(1, index, kBatch);
                               index += kBatch;
                             },
                             [&] {
                               for (const Row& row : rows)
                                 sink = sink + XXH3_64bits(row.state.data(), row.state.size()) +
                                        XXH3_64bits(row.completion.data(), row.completion.size());
                             },
                             [&] { task.worker.verify(answers); }};
  if (task.here) works.push_back([&] { task.here->verify(answers); });
  const auto rates = measure(seconds, works);
  out.draws = spread_of(rates[0]);
  out.ceiling = spread_of(rates[1]);
  out.worker = spread_of(rates[2]);
  if (!task.here) return out;
  out.here = spread_of(rates[3]);
  out.overhead = ratio_of(rates[3], rates[2]);
  return out;
}

Json rates_json(const std::string& id, const VerifyRates& r) {
  return {{"task", id},
          {"bytes", r.bytes},
          {"draws", spread_json(r.draws)},
          {"verdicts", r.here ? spread_json(*r.here) : Json()},
          {"worker_verdicts", spread_json(r.worker)},
          {"worker_overhead", r.here ? spread_json(r.overhead) : Json()},
          {"ceiling", spread_json(r.ceiling)}};
}

void print_rates(const std::string& id, const VerifyRates& r) {
  const auto line = [](const char* what, const Spread& s, const std::string& note) {
    print("  {:<22} {:7.3f} M/s   [{:.3f}, {:.3f}]   {}\n", what, s.median / 1e6, s.lowest / 1e6,
          s.highest / 1e6, note);
  };
  const auto share = [&](const Spread& s) {
    return fmt::format("{:.1f} % of the ceiling", 100 * s.median / r.ceiling.median);
  };
  print(
      "{} on one core, batches of {}, {:.0f} bytes a row (state and completion); median and range "
      "of {} rounds\n",
      id, kBatch, r.bytes, kRounds);
  line("draws", r.draws, r.here ? "" : "in a worker");
  if (r.here) line("verdicts", *r.here, share(*r.here));
  line("verdicts of a worker", r.worker,
       r.here ? fmt::format("{:.2f} x the time of this process [{:.2f}, {:.2f}]", r.overhead.median,
                            r.overhead.lowest, r.overhead.highest)
              : share(r.worker));
  line("ceiling", r.ceiling, "hashing the same bytes once (XXH3)");
}

int run_bench_verify(const GlobalOptions& global, const BenchVerifyOptions& options) {
  end_at_interrupt();
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.task);
  const Node settings = settings_from_words(options.settings);
  const MeasuredTask task = open_measured(file, settings);
  const VerifyRates rates = measure_task(task, options.seconds);
  const std::string& id = task.worker.about().id;
  if (options.json) print_json(rates_json(id, rates));
  else print_rates(id, rates);
  return 0;
}

}  // namespace

void add_bench_verify(const Commands& commands) {
  commands.add<BenchVerifyOptions>(
      "verify", "How fast a task draws and judges, in this process and in a worker",
      run_bench_verify, [](CLI::App& c, BenchVerifyOptions& o) {
        c.add_option("task", o.task, kTaskHelp)->required();
        c.add_option("settings", o.settings, kSettingsHelp);
        c.add_option("--seconds", o.seconds, "seconds for each figure")
            ->capture_default_str()
            ->check(between(0.01, 600.0));
        c.add_flag("--json", o.json, kJsonHelp);
      });
}

}  // namespace tinyzero
