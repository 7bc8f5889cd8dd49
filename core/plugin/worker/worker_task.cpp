#include "core/plugin/worker/worker_task.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/plugin/task_limits.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kBatchBytes = 64u << 20;  // bytes of answers in one request
constexpr double kShareOfCall = 0.25;           // share of the time limit that judging should take
constexpr const char* kNotJudged = "was stopped before this answer was judged";
constexpr std::size_t kMessageBytes = 4096;  // size of an error's message and hint
constexpr std::size_t kTextBytes = 64 + TINYZERO_TASK_MAX_TEXT;
constexpr const char* kHint = "`tinyzero task check` finds such faults";

void nothing(WireWriter&) {}

// The verdict of a row that ended the worker.
Verdict failed_row(const std::string& task, const std::string& cause) {
  Verdict out;
  out.outcome = Outcome::error;
  out.detail = "the code of task \"" + task + "\" " + cause;
  return out;
}

}  // namespace

WorkerTask::WorkerTask(std::unique_ptr<WorkerCode> code, WorkerLimits limits, WorkerPlace place)
    : code_(std::move(code)),
      limits_(limits),
      place_(std::move(place)),
      first_rows_(std::max<std::size_t>(1, limits.call_seconds / limits.row_seconds / 2)),
      judging_{.rows_at_once = first_rows_},
      counting_{.rows_at_once = first_rows_} {
  try {
    start();
  } catch (const WorkerLost& lost) {
    throw Failure(name() + " " + lost.cause + " while loading", kHint);
  }
}

// Until a task has told its id, messages name its file.
std::string WorkerTask::name() const {
  return about_.id.empty() ? "the code of " + code_->use()
                           : "the code of task \"" + about_.id + "\" (" + code_->use() + ")";
}

template <class Read>
auto WorkerTask::ask(WireOperation operation, std::size_t most, const Write& write,
                     const Read& read, std::size_t rows) {
  try {
    const double seconds =
        operation == WireOperation::about ? limits_.load_seconds : limits_.call_seconds;
    const CallLimits limits{.seconds = seconds, .row_seconds = limits_.row_seconds, .rows = rows};
    const WireReply reply = process_->call(
        operation, limits, std::clamp(most, kMessageBytes, WireRegion::kArea), write);
    WireReader in(reply.bytes.get(), reply.size);
    try {
      if (reply.status == WireStatus::ok) return read(in);
      std::string what = plain_line(in.text());
      const std::string hint = plain_line(in.text());
      if (what.empty()) what = name() + " failed without a message";
      if (reply.status == WireStatus::error) throw Error(what, hint);
      if (reply.status == WireStatus::failure) throw Failure(what, hint);
      throw BrokenMessage("it has an unknown status");
    } catch (const BrokenMessage& e) {
      process_->end(std::string("sent a reply that cannot be right: ") + e.what());
    }
  } catch (const WorkerLost&) {
    process_.reset();
    throw;
  }
}

template <class Read>
auto WorkerTask::ask_or_fail(WireOperation operation, const char* doing, std::size_t most,
                             const Write& write, const Read& read) {
  have_worker();
  try {
    return ask(operation, most, write, read);
  } catch (const WorkerLost& lost) {
    count_strike(judging_, lost.cause + " while " + doing);
    throw Failure(name() + " " + lost.cause + " while " + doing, kHint);
  }
}

void WorkerTask::start() {
  process_.reset();  // the old one ends first
  const WorkerSetup setup{.memory = limits_.memory,
                          .threads = limits_.threads,
                          .readable = readable_,
                          .folder = place_.folder,
                          .variables = place_.variables};
  process_ = std::make_unique<WorkerProcess>(*code_, setup);
  const auto open = [&](WireWriter& out) { code_->write_opening(out, setup, process_->pid()); };
  try {
    TaskAbout about = ask(WireOperation::about, kAboutBytes, open, read_about);
    check_about(about);
    clean_about(about);
    if (!about_.id.empty() && about != about_)
      throw WorkerLost{"describes itself differently than before"};
    about_ = std::move(about);
    if (created_) create_instance();
  } catch (...) {  // a worker that is not ready is not kept
    process_.reset();
    throw;
  }
}

void WorkerTask::create_instance() {
  const auto write = [&](WireWriter& out) {
    out.integer(place_.computes_only ? 1 : 0);
    write_values(out, values_);
  };
  ask(WireOperation::create, kNotesBytes, write, [&](WireReader& in) {
    if (place_.computes_only && code_->has_second_stage()) process_->check_confined();
    notes_ = read_notes(in);
  });
}

void WorkerTask::have_worker() {
  if (process_ != nullptr) {
    try {
      return process_->check_rest();
    } catch (const WorkerLost& lost) {
      process_.reset();
      count_strike(judging_, lost.cause + " between two calls");
    }
  }
  while (process_ == nullptr) {
    try {
      start();
    } catch (const WorkerLost& lost) {
      count_strike(judging_, lost.cause + " while it was started again");
    }
  }
}

void WorkerTask::allow_reading(std::vector<std::filesystem::path> paths) {
  if (paths == readable_) return;
  readable_ = std::move(paths);
  process_.reset();  // the next process may read them
}

void WorkerTask::create(const std::vector<SettingValue>& values) {
  if (created_ && place_.computes_only) process_.reset();  // the old one can no longer read files
  created_ = false;
  values_ = values;
  have_worker();
  try {
    create_instance();
  } catch (const WorkerLost& lost) {
    count_strike(judging_, lost.cause + " while being set up");
    throw Failure(name() + " " + lost.cause + " while being set up", kHint);
  } catch (const Failure&) {
    throw;
  } catch (const Error& e) {
    throw Error(e.what(), code_->create_hint(e));
  }
  created_ = true;
}

std::vector<Item> WorkerTask::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) {
  const auto write = [&](WireWriter& out) {
    out.integer(seed);
    out.integer(indices.size());
    for (const std::uint64_t index : indices) out.integer(index);
  };
  const auto read = [&](WireReader& in) { return read_items(in, indices.size()); };
  std::vector<Item> items = ask_or_fail(WireOperation::draw, "drawing problems",
                                        items_bytes(indices.size()), write, read);
  for (std::size_t i = 0; i < items.size(); ++i) {
    check_item(about_.id, items[i].prompt.size(), items[i].key.size(), items[i].state.size(),
               items[i].difficulty);
    items[i].index = indices[i];
  }
  return items;
}

std::optional<std::string> WorkerTask::solve(std::string_view state) {
  const auto read = [](WireReader& in) -> std::optional<std::string> {
    if (!in.flag()) return std::nullopt;
    return std::string(in.text(TINYZERO_TASK_MAX_TEXT));
  };
  return ask_or_fail(
      WireOperation::solve, "solving a problem", kTextBytes,
      [&](WireWriter& out) { out.text(state); }, read);
}

std::string WorkerTask::demonstrate(std::string_view state, std::uint64_t seed,
                                    std::uint64_t index) {
  const auto write = [&](WireWriter& out) {
    out.text(state);
    out.integer(seed);
    out.integer(index);
  };
  const auto read = [](WireReader& in) { return std::string(in.text(TINYZERO_TASK_MAX_TEXT)); };
  return ask_or_fail(WireOperation::demonstrate, "writing a demonstration", kTextBytes, write,
                     read);
}

std::vector<Verdict> WorkerTask::verify(const std::vector<Answer>& answers) {
  constexpr std::uint32_t kUnjudged = ~0u;
  std::vector<Verdict> out(answers.size());
  for (Verdict& verdict : out) verdict.reason = kUnjudged;
  const RowCall call{
      .ask =
          [&](std::size_t first, std::size_t n) {
            ask_about(WireOperation::verify, verdicts_bytes(n), &answers[first], n,
                      [&](WireReader& in) { read_verdicts(in, &out[first], n); });
          },
      .fail = [&](std::size_t row,
                  const std::string& cause) { out[row] = failed_row(about_.id, cause); },
      .doing = "judging answers",
      .standing = judging_};
  try {
    ask_rows(answers, call);
  } catch (const Failure& e) {
    for (Verdict& verdict : out) {
      if (verdict.reason == kUnjudged) verdict = failed_row(about_.id, kNotJudged);
    }
    throw TaskStopped(e.what(), e.hint(), std::move(out));
  }
  return out;
}

std::vector<TraitRow> WorkerTask::count_traits(const std::vector<Answer>& answers) {
  const std::size_t width = about_.traits.size();
  std::vector<TraitRow> out(answers.size(), TraitRow(width, kNoTrait));
  ask_rows(answers, {.ask =
                         [&](std::size_t first, std::size_t n) {
                           ask_about(
                               WireOperation::count_traits, traits_bytes(n, width), &answers[first],
                               n, [&](WireReader& in) { read_traits(in, &out[first], n, width); });
                         },
                     .fail = [](std::size_t, const std::string&) {},
                     .doing = "counting traits",
                     .standing = counting_,
                     .meanwhile = " while its traits were counted",
                     .most_rows = WireRegion::kArea / (width * sizeof(double)) - 1});
  return out;
}

void WorkerTask::ask_rows(const std::vector<Answer>& answers, const RowCall& call) {
  for (std::size_t first = 0, last = 0; first < answers.size(); first = last) {
    const std::size_t most = std::min(call.standing.rows_at_once, call.most_rows);
    std::size_t bytes = 0;
    for (; last < answers.size() && last - first < most && (last == first || bytes < kBatchBytes);
         ++last)
      bytes += answers[last].state.size() + answers[last].completion.size() + 16;
    ask_rows(answers, first, last - first, call);
  }
}

// Every error here is the task's fault, including a Failure that its worker sends.
template <class Read>
void WorkerTask::ask_about(WireOperation operation, std::size_t most, const Answer* answers,
                           std::size_t n, const Read& read) {
  try {
    ask(operation, most, [&](WireWriter& request) { write_answers(request, answers, n); }, read, n);
  } catch (const Error& e) {
    process_.reset();
    throw WorkerLost{std::string("failed: ") + e.what()};
  }
}

// If the worker is lost, it is asked again about the rows before and after the one at fault, which
// is safe because what it answers is a function of the row.
void WorkerTask::ask_rows(const std::vector<Answer>& answers, std::size_t first, std::size_t n,
                          const RowCall& call) {
  if (n == 0) return;
  have_worker();
  const Stopwatch watch;
  try {
    call.ask(first, n);
  } catch (const WorkerLost& lost) {
    const std::size_t row = n == 1 ? 0 : lost.row;
    count_strike(call.standing,
                 lost.cause + (row < n ? " on the answer " +
                                             shown(answers[first + row].completion) + call.meanwhile
                                       : std::string(" while ") + call.doing));
    if (row >= n) return ask_singly(answers, first, n, call);
    call.fail(first + row, lost.cause);
    ask_rows(answers, first, row, call);
    return ask_rows(answers, first + row + 1, n - row - 1, call);
  }
  call.standing.rows += n;
  const double rate = n / std::max(1e-9, watch.seconds());  // rows a second
  call.standing.rows_at_once =
      std::max(first_rows_, static_cast<std::size_t>(kShareOfCall * limits_.call_seconds * rate));
}

// Asks about one row at a time, because the worker was lost without naming the row. That loss
// already counts as the strike of the first row at fault. Rows asked about here forgive no strike.
void WorkerTask::ask_singly(const std::vector<Answer>& answers, std::size_t first, std::size_t n,
                            const RowCall& call) {
  bool is_found = false;
  for (std::size_t row = first; row < first + n; ++row) {
    const std::string cause = ask_alone(row, call);
    if (cause.empty()) continue;
    if (is_found)
      count_strike(call.standing,
                   cause + " on the answer " + shown(answers[row].completion) + call.meanwhile);
    is_found = true;
  }
}

// Asks about one row. Returns why the worker was lost; "" if it was not.
std::string WorkerTask::ask_alone(std::size_t row, const RowCall& call) {
  have_worker();
  try {
    call.ask(row, 1);
    return {};
  } catch (const WorkerLost& lost) {
    call.fail(row, lost.cause);
    return lost.cause;
  }
}

void WorkerTask::count_strike(Standing& standing, const std::string& cause) {
  standing.strikes = standing.rows < limits_.forgiven_after ? standing.strikes + 1 : 1;
  standing.rows = 0;
  if (standing.strikes < limits_.strikes) return;
  const std::string task = about_.id.empty() ? code_->use() : "task \"" + about_.id + "\"";
  throw Failure(
      standing.strikes == 1
          ? task + ": its code " + cause
          : fmt::format("{} is stopped: its worker was lost {} times, the last time because it {}",
                        task, standing.strikes, cause),
      "`tinyzero task check " + shell_word(code_->use()) + "` finds such faults");
}

void WorkerTask::create_again() { create(std::vector<SettingValue>(values_)); }

bool WorkerTask::is_same_in_threads(const std::vector<Answer>& answers, std::uint64_t threads) {
  const auto write = [&](WireWriter& out) {
    out.integer(threads);
    write_answers(out, answers.data(), answers.size());
  };
  return ask_or_fail(WireOperation::verify_in_threads, "judging in several threads", 0, write,
                     [](WireReader& in) { return in.flag(); });
}

WorkerUse WorkerTask::use() {
  return ask_or_fail(WireOperation::measure, "counting what it holds", 0, nothing,
                     [](WireReader& in) {
                       WorkerUse use;
                       for (std::uint64_t* number : {&use.resident_bytes, &use.files, &use.threads})
                         *number = in.integer();
                       return use;
                     });
}

LibraryFacts WorkerTask::inspect() {
  return ask_or_fail(WireOperation::inspect, "being asked for what it offers", 0, nothing,
                     [](WireReader& in) {
                       LibraryFacts facts;
                       facts.tasks = in.integer();
                       facts.refuses_unknown_extensions = in.flag();
                       facts.load_milliseconds = in.real();
                       return facts;
                     });
}

}  // namespace tinyzero
