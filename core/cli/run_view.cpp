#include "core/cli/run_view.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>

#include "core/cli/terminal.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr int kBarWidth = 24;
constexpr std::int64_t kPlainEvery = 10;  // steps between lines where there is no terminal

std::string bar(double share) {
  const auto full = static_cast<int>(share * kBarWidth);
  std::string out;
  for (int i = 0; i < kBarWidth; ++i) out += i < full ? "━" : "╌";
  return out;
}

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double value(const Json& metrics, const char* name) { return metrics.is_object() ? metrics.value(name, 0.0) : 0.0; }

std::string tokens_per_second(double speed) {
  return speed >= 10000 ? fmt::format("{:.0f}k tok/s", speed / 1000) : fmt::format("{:.0f} tok/s", speed);
}

}  // namespace

RunView::RunView(RunFolder& folder, RunViewOptions options)
    : folder_(folder), options_(options), width_(options.quiet ? 0 : terminal_width(stderr)) {}

void RunView::line(const std::string& text) {
  folder_.log(text);
  if (options_.quiet) return;
  if (live_shown_) std::fputs("\r\x1b[K", stderr);
  live_shown_ = false;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void RunView::live(const std::string& text) {
  if (width_ == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (live_shown_ && now - last_live_ < std::chrono::milliseconds(100)) return;
  last_live_ = now;
  live_shown_ = true;
  width_ = terminal_width(stderr);
  std::fprintf(stderr, "\r%s\x1b[K", one_line(text, static_cast<std::size_t>(width_ - 1)).c_str());
  std::fflush(stderr);
}

void RunView::started(const RunFacts& f) {
  line(fmt::format("tinyzero {}  {} · {} · {} · {} core{} {} · seed {} · {}", TINYZERO_VERSION, f.task, f.algorithm, f.model, f.threads,
                   f.threads == 1 ? "" : "s", f.kernels, f.seed, f.folder));
  if (f.resumed_step >= 0)
    line(fmt::format("resumed     after {} step {}", f.resumed_phase == Phase::warm_start ? "warm-start" : "RL", f.resumed_step));
}

void RunView::preflight(const PreflightReport& r) {
  const std::string known = r.known_answers < 0 ? "no solver" : fmt::format("known answers {:.2f}", r.known_answers);
  line(fmt::format("preflight   {} · prompt {} + completion {} of {} tokens · held out {} problems, {} different · set {}", known,
                   r.longest_prompt, r.max_tokens, r.context, r.held_out, r.held_out_keys, r.held_out_fingerprint));
}

void RunView::warm_start_step(std::int64_t step, std::int64_t steps, double loss, double seconds) {
  const std::string text = fmt::format("warm start  {}/{} · loss {:.3f} · {}", step, steps, loss, duration_text(seconds));
  const bool milestone = step == steps || (width_ == 0 && step % std::max<std::int64_t>(1, steps / 10) == 0);
  if (milestone) line(text);
  else live(text);
}

void RunView::evaluated(std::int64_t step, const EvalReport& r, const Json& last_step, const EvalSample& sample) {
  std::string text = fmt::format("step {:>5}  held-out {:5.1f} % [{:.1f}, {:.1f}] · greedy {:5.1f} %", step, 100 * r.accuracy(),
                                 100 * r.accuracy_interval.low, 100 * r.accuracy_interval.high, 100 * r.greedy);
  text += fmt::format(" · {:.0f} tokens", r.length);
  if (step > 0) {
    text += fmt::format(" · entropy {:.2f} · mixed {:.0f} % · {}", value(last_step, "train/entropy"),
                        100 * value(last_step, "train/mixed_groups"), tokens_per_second(value(last_step, "speed/tokens")));
  }
  line(text);
  const std::size_t columns = width_ > 60 ? static_cast<std::size_t>(width_) - 34 : 80;
  line(fmt::format("            {:<14} {}  {}", one_line(sample.prompt, 40), one_line(sample.completion, columns), sample.reason));
}

void RunView::stepped(std::int64_t step, std::int64_t steps, const Json& m, double seconds_left) {
  const double share = static_cast<double>(step) / static_cast<double>(steps);
  const std::string numbers =
      fmt::format("reward {:.3f} · mixed {:.0f} % · {:.0f} tokens · rollout {:.1f} s · update {:.1f} s", value(m, "train/reward"),
                  100 * value(m, "train/mixed_groups"), value(m, "train/length"), value(m, "time/rollout"), value(m, "time/update"));
  if (width_ == 0 && step % kPlainEvery == 0) line(fmt::format("step {:>5}  {}", step, numbers));
  live(fmt::format("step {:>5}  {} {:.0f} %  {} · {} left", step, bar(share), 100 * share, numbers, duration_text(seconds_left)));
}

void RunView::recorded(const Json& record) {
  if (!options_.json) return;
  std::puts(json_line(record).c_str());
  std::fflush(stdout);
}

void RunView::warned(const std::string& text) {
  folder_.log("warning: " + text);
  if (live_shown_) std::fputs("\r\x1b[K", stderr);
  live_shown_ = false;
  std::fprintf(stderr, "warning: %s\n", text.c_str());
}

void RunView::finished(bool interrupted, const std::string& folder, double seconds) {
  line(fmt::format("{}  {} · peak memory {:.0f} MB · {}", interrupted ? "interrupted" : "done       ", duration_text(seconds),
                   peak_megabytes(), folder));
  if (interrupted) line(fmt::format("            go on with: tinyzero train --resume {}", folder));
}

}  // namespace tinyzero
