// bench verify: how fast a task draws and judges, on one core: in this process, and in a worker.

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 512;  // rows of a call
constexpr int kRounds = 7;

struct Spread {
  double median = 0, lowest = 0, highest = 0;
};

using Work = std::function<void()>;  // does kBatch rows

// Rows a second of each work. The works take turns, so that what disturbs the machine disturbs them
// alike.
std::vector<std::vector<double>> measure(double seconds, const std::vector<Work>& works) {
  std::vector<std::vector<double>> rates(works.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      const auto start = Clock::now();
      double elapsed = 0;
      std::size_t calls = 0;
      for (; elapsed < seconds / kRounds; ++calls) {
        works[w]();
        elapsed = std::chrono::duration<double>(Clock::now() - start).count();
      }
      rates[w].push_back(static_cast<double>(calls * kBatch) / elapsed);
    }
  }
  return rates;
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[kRounds / 2], values.front(), values.back()};
}

// Round by round, a / b.
Spread ratio_of(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] /= b[i];
  return spread_of(std::move(a));
}

struct Row {
  std::string state, completion;
};

// A batch as in training: demonstrations, right answers, and answers of other problems, a third
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

}  // namespace

int bench_verify_command(const GlobalOptions& global, const BenchVerifyOptions& options) {
  end_at_interrupt();
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.task);
  const Node settings = settings_from_words(options.settings);
  const Task outside(std::make_unique<WorkerTask>(file.path, WorkerLimits{}), file.path, &settings);
  std::optional<Task> inside;  // code of others does not run in this process
  if (file.built_in) inside.emplace(std::make_unique<LibraryTask>(file.path), file.path, &settings);
  const std::vector<Row> rows = training_like(outside);
  std::vector<Answer> answers;
  double bytes = 0;
  for (const Row& row : rows) {
    answers.push_back({row.state, row.completion});
    bytes += static_cast<double>(row.state.size() + row.completion.size()) / kBatch;
  }
  std::uint64_t index = 0;
  volatile std::uint64_t sink = 0;
  const Work draw = [&] {
    (inside ? *inside : outside).draw(1, index, kBatch);
    index += kBatch;
  };
  const Work hash = [&] {
    for (const Row& row : rows)
      sink = sink + XXH3_64bits(row.state.data(), row.state.size()) +
             XXH3_64bits(row.completion.data(), row.completion.size());
  };
  std::vector<Work> works = {draw, hash, [&] { outside.verify(answers); }};
  if (inside) works.push_back([&] { inside->verify(answers); });
  const auto rates = measure(options.seconds, works);
  const Spread drawing = spread_of(rates[0]), ceiling = spread_of(rates[1]),
               worker = spread_of(rates[2]);
  const Spread judging = inside ? spread_of(rates[3]) : Spread(),
               overhead = inside ? ratio_of(rates[3], rates[2]) : Spread();

  const std::string& id = outside.about().id;
  const auto json = [](const Spread& r) {
    return Json{{"median", r.median}, {"lowest", r.lowest}, {"highest", r.highest}};
  };
  if (options.json) {
    print_json({{"task", id},
                {"bytes", bytes},
                {"draws", json(drawing)},
                {"verdicts", inside ? json(judging) : Json()},
                {"worker_verdicts", json(worker)},
                {"worker_overhead", inside ? json(overhead) : Json()},
                {"ceiling", json(ceiling)}});
    return 0;
  }
  const auto line = [](const char* what, const Spread& r, const std::string& note) {
    print("  {:<22} {:7.3f} M/s   [{:.3f}, {:.3f}]   {}\n", what, r.median / 1e6, r.lowest / 1e6,
          r.highest / 1e6, note);
  };
  const auto share = [&](const Spread& r) {
    return fmt::format("{:.1f} % of the ceiling", 100 * r.median / ceiling.median);
  };
  print(
      "{} on one core, batches of {}, {:.0f} bytes a row (state and completion); median and range "
      "of {} rounds\n",
      id, kBatch, bytes, kRounds);
  line("draws", drawing, inside ? "" : "in a worker");
  if (inside) line("verdicts", judging, share(judging));
  line("verdicts of a worker", worker,
       inside ? fmt::format("{:.2f} x the time of this process [{:.2f}, {:.2f}]", overhead.median,
                            overhead.lowest, overhead.highest)
              : share(worker));
  line("ceiling", ceiling, "hashing the same bytes once (XXH3)");
  return 0;
}

}  // namespace tinyzero
