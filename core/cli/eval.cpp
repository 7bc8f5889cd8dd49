// eval: accuracy of runs, model folders and models behind endpoints on the same held-out problems.

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>

#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/base/secret.h"
#include "core/cli/decode.h"
#include "core/cli/eval_report.h"
#include "core/cli/interrupt.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "core/eval/answer_file.h"
#include "core/eval/ask.h"
#include "core/run/manifest.h"
#include "core/task/open_task.h"
#include "core/text/prompt.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kEndpointTokens = 1024;
constexpr double kPlainSeconds = 10;  // between lines where there is no terminal

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What is to be evaluated, beside the models behind an endpoint.
struct Candidates {
  std::vector<Subject> folders;
  std::string task;
  Node settings;
};

bool is_setting(const std::string& word) {
  return word.find('=') != std::string::npos && !fs::exists(word);
}

Candidates find_candidates(const EvalCommandOptions& options) {
  std::vector<std::string> targets, settings;
  for (const std::string& word : options.words)
    (is_setting(word) ? settings : targets).push_back(word);
  if (targets.empty() && options.endpoint.empty())
    throw Error("nothing to evaluate",
                "give a run or a model folder, or --endpoint URL --model NAME");
  if (!options.prompt_template.empty() && targets.empty() && !options.completions)
    throw Error("--template has no effect: a chat endpoint frames prompts itself",
                "leave it away, or add --completions");
  if (!options.endpoint.empty() && options.models.empty())
    throw Error("--model is missing: which of the endpoint's models?",
                "add --model NAME, as the endpoint calls it");
  Candidates out{{}, options.task, settings_from_words(settings)};
  for (const std::string& target : targets) {
    out.folders.push_back(find_subject(target, options.task, settings, options.max_tokens));
    if (!options.prompt_template.empty())
      out.folders.back().prompt_template = options.prompt_template;
  }
  const auto run = std::find_if(out.folders.begin(), out.folders.end(),
                                [](const Subject& s) { return s.own_task; });
  if (run != out.folders.end()) {
    out.task = run->task;
    out.settings = run->settings;
  }
  if (out.task.empty())
    throw Error(
        "--task is missing: " +
            (targets.empty() ? "an endpoint" : targets.front() + " is a model folder, which") +
            " has no task of its own",
        "add --task NAME");
  std::set<std::string> names;
  for (const Subject& s : out.folders) {
    if (!names.insert(s.folder).second) throw Error(s.folder.string() + " is given twice");
  }
  for (const std::string& model : options.models) {
    if (!names.insert(model).second) throw Error("the model " + model + " is given twice");
  }
  return out;
}

Json task_settings(const Task& task) {
  Json out = Json::object();
  for (const ResolvedSetting& setting : task.resolved()) out[setting.path] = setting.value;
  return out;
}

// All are asked the same: what other runs bring must be what the first one brought.
void check_same_task(const PluginCatalog& catalog, const Candidates& candidates, const Task& task) {
  const Json wanted = task_settings(task);
  for (const Subject& subject : candidates.folders) {
    if (!subject.own_task) continue;
    const Json other = task_settings(open_task(catalog, subject.task, &subject.settings));
    if (subject.task == candidates.task && other == wanted) continue;
    std::string differs = "task " + subject.task + ", not " + candidates.task;
    for (const auto& [name, value] : other.items()) {
      const Json first = wanted.value(name, Json("nothing"));
      if (subject.task == candidates.task && first != value)
        differs = name + " " + value.get<std::string>() + ", not " + first.get<std::string>();
    }
    throw Error(
        "the runs have different tasks: that of " + subject.folder.string() + " has " + differs,
        "name the settings to evaluate on, key=value");
  }
}

void warn_of_changed_files(const Candidates& candidates, const Task& task) {
  for (const Subject& subject : candidates.folders) {
    if (!subject.own_task) continue;
    for (const Change& change : changed_files(subject.run, task.resolved()))
      print(stderr, "warning: {} has changed since the run {} began: its hash was {}, and is {}\n",
            change.what, subject.run.string(), change.before, change.now);
  }
}

// The key in the environment, which no longer holds it when this returns.
std::string take_key(const std::string& name) {
  std::string key = take_secret(name);
  check_key(key, name);
  return key;
}

EndpointOptions endpoint_options(const EvalCommandOptions& options) {
  EndpointOptions out;
  out.url = options.endpoint;
  out.chat = !options.completions;
  out.key_name = options.key_env.empty() ? "OPENAI_API_KEY" : options.key_env;
  out.max_tokens = options.max_tokens > 0 ? options.max_tokens : kEndpointTokens;
  out.seed = options.seed;
  out.concurrency = options.concurrency;
  out.requests_per_minute = options.requests_per_minute;
  out.retries = options.retries;
  out.timeout = options.timeout;
  out.ca_file = options.ca_file;
  if (!out.ca_file.empty()) FileHandle(out.ca_file, O_RDONLY);  // libcurl would wait for a pipe
  out.max_failed = options.max_failed;
  request_url(out.url, out.chat);  // refuses a bad address before anything is done
  for (const std::string& field : options.body) {
    const std::size_t equals = field.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw Error("--body " + field + " is not NAME=VALUE", "for example --body top_p=0.95");
    const std::string value = field.substr(equals + 1);
    out.extra[field.substr(0, equals)] = json_if_valid(value).value_or(Json(value));
  }
  out.key = take_key(out.key_name);
  if (!options.key_env.empty() && out.key.empty())
    throw Error("the environment has no key in " + out.key_name,
                "set it, or leave --key-env away if the endpoint needs none");
  if (out.key.empty() || is_private(out.url)) return out;
  if (!options.key_env.empty()) {
    print(stderr, "note: the key in {} goes to {} in clear, which has no TLS\n", out.key_name,
          options.endpoint);
    return out;
  }
  print(stderr, "note: the key in {} is not sent to {}, which has no TLS; --key-env {} sends it\n",
        out.key_name, options.endpoint, out.key_name);
  out.key.clear();
  return out;
}

std::string progress_text(const std::string& model, std::size_t known, std::size_t total,
                          const AskReport& r, double seconds) {
  const auto ended = static_cast<double>(r.answered + r.failed),
             left = static_cast<double>(total - known) - ended;
  std::string text = fmt::format("{}  {} of {} answered", model, known + r.answered, total);
  if (r.failed > 0) text += fmt::format(" · {} failed", r.failed);
  if (ended > 0)
    text += fmt::format(" · {:.1f} a second · {} left", ended / seconds,
                        duration_text(left * seconds / ended));
  return text;
}

// One evaluation: the problems, and where answers are kept.
class Evaluator {
 public:
  Evaluator(const EvalCommandOptions& options, Task task, EngineMaker make_engine,
            const StopWish& stop)
      : options_(options),
        task_(std::move(task)),
        make_engine_(std::move(make_engine)),
        stop_(stop) {
    evaluation_ = {task_.about().id, options.split, options.temperature, {}, {}};
    evaluation_.set = draw_eval_set(task_, split_from_name(options.split), options.problems);
    if (!options.set.empty() && options.set != evaluation_.set.fingerprint)
      throw Error("these problems have the hash " + evaluation_.set.fingerprint +
                      ", --set asks for " + options.set,
                  "use the task, settings, split and number of problems of that evaluation");
    if (options.save.empty()) return;
    file_ = std::make_unique<AnswerFile>(options.save);
    if (!file_->lock_note().empty()) print(stderr, "note: {}\n", file_->lock_note());
  }

  void run_folder(const Subject& subject) {
    const Model model = load_model(subject.folder);
    const Tokenizer tokenizer = Tokenizer::load(subject.folder);
    const std::string framing = resolve_framing(subject.prompt_template, tokenizer);
    frame_prompt("", framing);  // refuses a name that is none
    const std::int64_t seed = options_.seed.value_or(1);
    std::vector<EvalAnswer> answers;
    const auto wanted = questions(with_greedy(true), framing);
    if (file_) {
      Json about = describe(subject.folder.string(), subject.max_tokens);
      about["weights"] = weights_hash(subject.folder);
      about["template"] = framing;
      about["seed"] = seed;
      if (options_.decode.device != "cpu") about["device"] = options_.decode.device;
      if (!options_.decode.precision.empty()) about["precision"] = options_.decode.precision;
      answers = known_answers(about, wanted);
    }
    if (answers.size() < wanted.size()) {
      const auto engine = make_engine_(model);
      const EvalOptions eval{options_.samples,
                             options_.temperature,
                             subject.max_tokens,
                             static_cast<std::uint64_t>(seed),
                             0,
                             with_greedy(true),
                             &stop_};
      AnswerBook book{names(answers), [&](const EvalAnswer& a) { keep(a); }};
      const std::size_t known = answers.size();
      try {
        for (EvalAnswer& a : answer_set(*engine, tokenizer, model.config.eos, framing, task_,
                                        evaluation_.set, eval, nullptr, &book))
          answers.push_back(std::move(a));
      } catch (const Interrupted&) {
        tell_interrupted(subject.folder.string(), known + kept_, wanted.size());
        throw;
      }
    }
    add(subject.folder.string(), "", subject.max_tokens, answers);
  }

  void run_endpoint(EndpointOptions endpoint, const std::string& model) {
    endpoint.model = model;
    const std::string url = request_url(endpoint.url, endpoint.chat);
    const std::string framing =
        endpoint.chat ? ""
        : options_.prompt_template.empty() || options_.prompt_template == "auto"
            ? "base"
            : options_.prompt_template;
    std::vector<Question> wanted = questions(with_greedy(false), framing);
    const std::size_t total = wanted.size();
    std::vector<EvalAnswer> answers;
    if (file_) {
      Json about = describe(model, endpoint.max_tokens);
      about["endpoint"] = url;
      if (!framing.empty()) about["template"] = framing;
      if (endpoint.seed) about["seed"] = *endpoint.seed;
      if (!endpoint.extra.empty()) about["body"] = endpoint.extra;
      answers = known_answers(about, wanted);
      const std::set<AnswerName> known = names(answers);
      std::erase_if(wanted, [&](const Question& q) {
        return known.count({q.greedy, q.problem, q.sample}) > 0;
      });
    }
    const std::size_t known = answers.size();
    Screen screen(stderr);
    auto shown = Clock::now();
    const auto begin = shown;
    const auto progress = [&](const AskReport& r) {
      const auto text = [&](std::size_t) {
        return progress_text(model, known, total, r, since(begin));
      };
      screen.live(text);
      if (screen.columns() > 0 || since(shown) < kPlainSeconds) return;
      screen.line(text(0));
      shown = Clock::now();
    };
    const AskObserver observer{[&](const Asked& asked) { answers.push_back(judge(asked)); },
                               progress,
                               [&](const std::string& text) { screen.line("note: " + text); }};
    try {
      ask_endpoint(endpoint, wanted, total, observer, &stop_);
    } catch (const Interrupted&) {
      screen.clear();
      tell_interrupted(model, answers.size(), total);
      throw;
    } catch (const Failure& e) {
      throw Failure(e.what(),
                    e.hint() + (file_ ? "; the same command asks only what " + options_.save +
                                            " does not have"
                                      : "; with --save FILE the answers so far would not be lost"));
    }
    add(model, url, endpoint.max_tokens, answers);
  }

  const Evaluation& finish() const {
    if (file_) file_->sync();
    return evaluation_;
  }

 private:
  static std::set<AnswerName> names(const std::vector<EvalAnswer>& answers) {
    std::set<AnswerName> out;
    for (const EvalAnswer& a : answers) out.insert(name_of(a));
    return out;
  }

  // At temperature 0 the samples are greedy themselves.
  bool with_greedy(bool by_default) const {
    return options_.temperature > 0 && (options_.greedy || (by_default && !options_.no_greedy));
  }

  // What is to be asked, with prompts framed by `framing`; empty: as they are.
  std::vector<Question> questions(bool greedy, const std::string& framing) const {
    std::vector<Question> out;
    const auto& items = evaluation_.set.items;
    for (std::size_t p = 0; p < items.size(); ++p) {
      const std::string prompt =
          framing.empty() ? items[p].prompt : frame_prompt(items[p].prompt, framing);
      for (std::int64_t s = 0; s < options_.samples; ++s)
        out.push_back({p, s, false, options_.temperature, prompt});
      if (greedy) out.push_back({p, 0, true, 0, prompt});
    }
    return out;
  }

  Json describe(const std::string& model, std::int64_t max_tokens) const {
    Json about = {{"model", model},
                  {"task", evaluation_.task},
                  {"settings", task_settings(task_)},
                  {"split", options_.split},
                  {"problems", evaluation_.set.items.size()},
                  {"problem_set", evaluation_.set.fingerprint},
                  {"temperature", options_.temperature},
                  {"max_tokens", max_tokens}};
    if (const Json files = setting_files(task_.resolved()); !files.empty()) about["files"] = files;
    return about;
  }

  // The answers of the file that are wanted now.
  std::vector<EvalAnswer> known_answers(const Json& about, const std::vector<Question>& wanted) {
    std::vector<EvalAnswer> answers = file_->begin(about, task_, evaluation_.set);
    std::set<AnswerName> asked;
    for (const Question& q : wanted) asked.insert({q.greedy, q.problem, q.sample});
    std::erase_if(answers, [&](const EvalAnswer& a) { return asked.count(name_of(a)) == 0; });
    return answers;
  }

  static std::string weights_hash(const fs::path& folder) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".safetensors") files.insert(entry.path());
    }
    std::string out;
    for (const fs::path& file : files) out += (out.empty() ? "" : " ") + file_hash(file);
    return out;
  }

  // Of a folder, whose answers are appended once they are judged.
  void keep(const EvalAnswer& answer) {
    if (!file_) return;
    file_->append(answer, evaluation_.set.items[answer.problem]);
    ++kept_;
  }

  void tell_interrupted(const std::string& model, std::size_t kept, std::size_t wanted) const {
    if (file_) {
      file_->sync();
      print(stderr,
            "interrupted: {} of {} answers of {} are in {}; the same command goes on from there\n",
            kept, wanted, model, options_.save);
    } else {
      print(stderr,
            "interrupted: nothing is kept; with --save FILE answers are, and the same command goes "
            "on\n");
    }
  }

  EvalAnswer judge(const Asked& asked) {
    const Item& item = evaluation_.set.items[asked.question.problem];
    EvalAnswer a;
    a.problem = asked.question.problem;
    a.sample = asked.question.sample;
    a.greedy = asked.question.greedy;
    a.failed = asked.reply.kind != EndpointReply::Kind::answer;
    if (a.failed) {
      a.reason = asked.reply.reason;
      a.detail = asked.reply.detail;
      a.end = "error";
    } else {
      a.completion = asked.reply.text;
      a.end = asked.reply.end;
      a.remark = asked.reply.remark;
      a.tokens = asked.reply.tokens;
      judge_answer(task_, item, a);
    }
    if (file_) file_->append(a, item);
    return a;
  }

  void add(const std::string& name, const std::string& url, std::int64_t max_tokens,
           const std::vector<EvalAnswer>& answers) {
    evaluation_.models.push_back(
        {name, url, max_tokens, summarize(evaluation_.set, answers, options_.samples)});
  }

  const EvalCommandOptions& options_;
  Task task_;
  EngineMaker make_engine_;
  const StopWish& stop_;
  Evaluation evaluation_;
  std::unique_ptr<AnswerFile> file_;
  std::size_t kept_ = 0;  // answers of folders that were appended
};

}  // namespace

int eval_command(const GlobalOptions& global, const EvalCommandOptions& options) {
  EngineMaker make_engine = engine_maker(global, options.decode);
  const Candidates candidates = find_candidates(options);
  EndpointOptions endpoint;
  if (!options.endpoint.empty()) endpoint = endpoint_options(options);
  const PluginCatalog catalog = scan_plugins(global);
  Task task = open_task(catalog, candidates.task, &candidates.settings);
  check_same_task(catalog, candidates, task);
  warn_of_changed_files(candidates, task);
  const StopWish& stop = catch_interrupts(
      {"stopping: answers under way are given up; once more ends it at once",
       options.save.empty()
           ? "stopped at once; nothing is kept"
           : "stopped at once; the same command goes on with what is in " + options.save});
  Evaluator evaluator(options, std::move(task), std::move(make_engine), stop);
  for (const Subject& subject : candidates.folders) evaluator.run_folder(subject);
  for (const std::string& model : options.models) evaluator.run_endpoint(endpoint, model);
  const Evaluation& evaluation = evaluator.finish();
  options.json ? print_evaluation_json(evaluation) : print_evaluation(evaluation);
  return 0;
}

}  // namespace tinyzero
