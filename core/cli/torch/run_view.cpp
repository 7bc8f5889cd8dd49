#include "core/cli/torch/run_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "core/base/memory.h"
#include "core/base/shell_word.h"
#include "core/cli/output.h"
#include "core/cli/run_text.h"
#include "core/cli/terminal.h"
#include "core/run/checkpoint.h"
#include "core/run/run_folder.h"
#include "core/train/preflight.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kPlainEvery = 10;  // steps between lines where there is no terminal
constexpr std::size_t kPage = 120;        // columns: at most, and where there is no terminal

// `start`: also what was known before the policy was sampled.
std::string preflight_text(const PreflightReport& r, bool start) {
  std::vector<std::string> parts;
  if (start)
    parts.push_back(r.known_answers < 0 ? "no solver"
                                        : fmt::format("known answers {:.2f}", r.known_answers));
  if (r.samples > 0) {
    parts.push_back(fmt::format("mixed groups {:.0f} %", 100 * r.mixed_groups));
    parts.push_back(fmt::format("truncated {:.0f} %", 100 * r.truncated));
    parts.push_back("run about " + duration_text(r.seconds));
  }
  if (start) {
    parts.push_back(fmt::format("prompt {} + completion {} of {} tokens", r.longest_prompt,
                                r.max_tokens, r.context));
    parts.push_back(
        fmt::format("memory {} of {}", size_text(r.memory_needed), size_text(r.memory_free)));
    parts.push_back(fmt::format("disk {} of {}", size_text(r.disk_needed), size_text(r.disk_free)));
  }
  return fmt::format("preflight   {}", fmt::join(parts, " · "));
}

// The first prompt, a token in each pair of brackets, and what ends a completion.
std::string tokens_text(const PreflightReport& r) {
  std::string text = fmt::format("            {} tokens: ", r.prompt.size());
  for (const std::string& token : r.prompt) text += "[" + one_line(token, 40) + "]";
  return text + " · ends at " + fmt::format("{}", fmt::join(r.stops, ", "));
}

}  // namespace

RunView::RunView(RunFolder& folder, RunViewOptions options)
    : folder_(folder), options_(options), screen_(stderr, options.quiet) {}

void RunView::line(const std::string& text) {
  folder_.log(text);
  screen_.line(text);
}

void RunView::line(const std::function<std::string(std::size_t)>& text, Screen::Style style) {
  const std::size_t columns = screen_.columns();
  folder_.log(text(kPage));
  screen_.line(text(columns > 0 ? std::min(columns, kPage) : kPage), style);
}

void RunView::started(const RunFacts& f) {
  line(fmt::format("tinyzero {}  {} · {} · {} · {} core{} {} · seed {} · {}", TINYZERO_VERSION,
                   f.task, f.algorithm, f.model, f.threads, f.threads == 1 ? "" : "s", f.kernels,
                   f.seed, f.folder));
  if (f.resumed_step >= 0)
    line(fmt::format("resumed     after {} step {}",
                     f.resumed_phase == Phase::warm_start ? "warm-start" : "RL", f.resumed_step));
}

void RunView::preflight(const PreflightReport& r) {
  if (r.longest_prompt == 0) return line("preflight   skipped: preflight.problems is 0");
  const std::string text = preflight_text(r, !preflight_told_);
  line([&](std::size_t columns) {
    return r.warnings.empty() ? with_word(text, "ok", columns) : text;
  });
  // It is long, so people see it only when something is wrong.
  if (r.warnings.empty()) folder_.log(tokens_text(r));
  else line(tokens_text(r));
  if (!preflight_told_)
    folder_.log(fmt::format("            held out {} problems, {} different · set {}", r.held_out,
                            r.held_out_keys, r.held_out_fingerprint));
  preflight_told_ = true;
  for (const std::string& warning : r.warnings) warned(warning);
}

void RunView::warm_start_step(std::int64_t step, std::int64_t steps, double loss, double seconds) {
  const std::string text = fmt::format("warm start  {}/{} · loss {:.3f} · {}", step, steps, loss,
                                       duration_text(seconds));
  const bool milestone = step == steps || (screen_.columns() == 0 &&
                                           step % std::max<std::int64_t>(1, steps / 10) == 0);
  if (milestone) return line(text);
  const Json record = {{"warm_start/step", step}, {"warm_start/loss", loss}};
  const double left = seconds / static_cast<double>(step) * static_cast<double>(steps - step);
  screen_.live([&](std::size_t columns) { return live_text(record, steps, left, columns); });
}

void RunView::evaluated(const Json& record, const Json& last_step, const EvalSample& sample) {
  line(evaluation_text(record, last_step));
  line(
      [&](std::size_t columns) {
        return sample_text(sample.prompt, sample.completion, sample.reason, columns);
      },
      Screen::Style::faint);
}

void RunView::stepped(std::int64_t step, std::int64_t steps, const Json& metrics,
                      double seconds_left) {
  if (screen_.columns() == 0 && step % kPlainEvery == 0) line(step_text(metrics));
  screen_.live(
      [&](std::size_t columns) { return live_text(metrics, steps, seconds_left, columns); });
}

void RunView::recorded(const Json& record) {
  if (!options_.json || output_lost_ || try_print_json(record)) return;
  output_lost_ = true;
  warned("standard output takes no metrics any more: " + output_problem() +
         "; all of them are in metrics.jsonl");
}

void RunView::warned(const std::string& text) {
  folder_.log("warning: " + text);
  screen_.line("warning: " + text, Screen::Style::warning);
}

void RunView::noted(const std::string& text) {
  folder_.log(text);
  screen_.line(text);
}

void RunView::finished(bool interrupted, const std::string& folder, double seconds) {
  line(fmt::format("{}  {} · peak memory {} · {}", interrupted ? "interrupted" : "done       ",
                   duration_text(seconds), size_text(static_cast<double>(peak_memory())), folder));
  if (interrupted)
    line(fmt::format("            continue with: tinyzero train --resume {}", shell_word(folder)));
}

}  // namespace tinyzero
