#include "core/eval/evaluation.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/eval/answer_file.h"
#include "core/model/folder.h"
#include "core/rollout/engine.h"
#include "core/run/manifest.h"
#include "core/task/stream.h"
#include "core/task/task.h"
#include "core/text/prompt.h"
#include "core/text/tokenizer.h"

namespace tinyzero {
namespace {

AnswerName name_of(const Question& q) { return {q.greedy, q.problem, q.sample}; }

std::set<AnswerName> names(const std::vector<EvalAnswer>& answers) {
  std::set<AnswerName> out;
  for (const EvalAnswer& a : answers) out.insert(name_of(a));
  return out;
}

// Hashes of the files of weights, in the order of their names.
std::string weights_hash(const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") files.insert(entry.path());
  }
  std::string out;
  for (const fs::path& file : files) out += (out.empty() ? "" : " ") + file_hash(file);
  return out;
}

}  // namespace

Json task_settings(const Task& task) {
  Json out = Json::object();
  for (const ResolvedSetting& setting : task.resolved()) out[setting.path] = setting.value;
  return out;
}

Evaluator::Evaluator(EvaluationOptions options, Task task, const StopRequest* stop)
    : options_(std::move(options)), task_(std::move(task)), stop_(stop) {
  evaluation_.task = task_.about().id;
  evaluation_.split = options_.split;
  evaluation_.temperature = options_.temperature;
  evaluation_.pass_at = options_.pass_at;
  evaluation_.set = draw_eval_set(task_, split_from_name(options_.split), options_.problems);
  if (!options_.set.empty() && options_.set != evaluation_.set.fingerprint)
    throw Error("these problems have the hash " + evaluation_.set.fingerprint +
                    ", --set asks for " + options_.set,
                "use the task, settings, split and number of problems of that evaluation");
  if (!options_.save.empty()) file_ = std::make_unique<AnswerFile>(options_.save);
}

Evaluator::~Evaluator() = default;

void Evaluator::evaluate_folder(
    const FolderModel& subject,
    const std::function<std::unique_ptr<Engine>(const Model&)>& make_engine) {
  const Model model = load_model(subject.folder);
  const Tokenizer tokenizer = Tokenizer::load(subject.folder);
  const std::string framing = resolve_framing(subject.prompt_template, tokenizer);
  frame_prompt("", framing);  // refuses an unknown name
  const bool greedy = with_greedy(/*is_folder=*/true);
  const auto wanted = questions(greedy, framing);
  std::vector<EvalAnswer> answers;
  if (file_) answers = known_answers(describe_folder(subject, framing), wanted);
  count_ = {.there = answers.size(), .wanted = wanted.size()};
  if (answers.size() < wanted.size()) {
    const auto engine = make_engine(model);
    const EvalOptions eval{.samples = options_.samples,
                           .temperature = options_.temperature,
                           .max_tokens = subject.max_tokens,
                           .seed = static_cast<std::uint64_t>(options_.seed),
                           .step = 0,
                           .greedy = greedy,
                           .stop = stop_};
    const AnswerBook book{.known = names(answers),
                          .take = [&](const EvalAnswer& answer) { store(answer); }};
    const AnsweringModel answering{
        .engine = *engine, .tokenizer = tokenizer, .eos = model.config.eos, .framing = framing};
    for (EvalAnswer& a : answer_set(answering, task_, evaluation_.set, eval, nullptr, &book))
      answers.push_back(std::move(a));
  }
  add({.name = subject.folder.string(),
       .endpoint = {},
       .max_tokens = subject.max_tokens,
       .report = {}},
      answers);
}

void Evaluator::evaluate_endpoint(const EndpointModel& model, const EvaluationObserver& observer) {
  const EndpointOptions& endpoint = model.options;
  std::vector<Question> wanted = questions(with_greedy(/*is_folder=*/false), model.framing);
  const std::size_t total = wanted.size();
  std::vector<EvalAnswer> answers;
  if (file_) {
    answers = known_answers(describe_endpoint(model), wanted);
    const std::set<AnswerName> known = names(answers);
    std::erase_if(wanted, [&](const Question& q) { return known.count(name_of(q)) > 0; });
  }
  const std::size_t known = answers.size();
  count_ = {.there = known, .wanted = total};
  const Stopwatch watch;
  const AskObserver asking{.ended =
                               [&](const Asked& asked) {
                                 answers.push_back(judge(asked));
                                 store(answers.back());
                               },
                           .progress =
                               [&](const AskReport& asked) {
                                 if (!observer.progress) return;
                                 observer.progress({.model = endpoint.model,
                                                    .known = known,
                                                    .total = total,
                                                    .asked = asked,
                                                    .seconds = watch.seconds()});
                               },
                           .noted = observer.noted};
  try {
    ask_endpoint(endpoint, wanted, total, asking, stop_);
  } catch (const Failure& e) {
    throw Failure(
        e.what(),
        e.hint() + (file_ ? "; the same command asks only what " + options_.save + " does not have"
                          : "; with --save FILE the answers so far would not be lost"));
  }
  add({.name = endpoint.model,
       .endpoint = request_url(endpoint.url, endpoint.chat),
       .max_tokens = endpoint.max_tokens,
       .report = {}},
      answers);
}

std::string Evaluator::lock_note() const { return file_ ? file_->lock_note() : ""; }

void Evaluator::sync() const {
  if (file_) file_->sync();
}

// At temperature 0 the samples are greedy themselves.
bool Evaluator::with_greedy(bool is_folder) const {
  if (options_.temperature <= 0) return false;
  if (options_.greedy == GreedyAnswers::folders_only) return is_folder;
  return options_.greedy == GreedyAnswers::always;
}

// `framing` empty: prompts are asked as the task writes them.
std::vector<Question> Evaluator::questions(bool greedy, const std::string& framing) const {
  std::vector<Question> out;
  const auto& items = evaluation_.set.items;
  for (std::size_t p = 0; p < items.size(); ++p) {
    const std::string prompt =
        framing.empty() ? items[p].prompt : frame_prompt(items[p].prompt, framing);
    for (std::int64_t s = 0; s < options_.samples; ++s)
      out.push_back({.problem = p,
                     .sample = s,
                     .greedy = false,
                     .temperature = options_.temperature,
                     .prompt = prompt});
    if (greedy)
      out.push_back(
          {.problem = p, .sample = 0, .greedy = true, .temperature = 0, .prompt = prompt});
  }
  return out;
}

Json Evaluator::describe(const std::string& model, std::int64_t max_tokens) const {
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

Json Evaluator::describe_folder(const FolderModel& model, const std::string& framing) const {
  Json about = describe(model.folder.string(), model.max_tokens);
  about["weights"] = weights_hash(model.folder);
  about["template"] = framing;
  about["seed"] = options_.seed;
  if (model.device != "cpu") about["device"] = model.device;
  if (!model.precision.empty()) about["precision"] = model.precision;
  return about;
}

Json Evaluator::describe_endpoint(const EndpointModel& model) const {
  const EndpointOptions& endpoint = model.options;
  Json about = describe(endpoint.model, endpoint.max_tokens);
  about["endpoint"] = request_url(endpoint.url, endpoint.chat);
  if (!model.framing.empty()) about["template"] = model.framing;
  if (endpoint.seed) about["seed"] = *endpoint.seed;
  if (!endpoint.extra.empty()) about["body"] = endpoint.extra;
  return about;
}

// The answers in the file that are wanted now.
std::vector<EvalAnswer> Evaluator::known_answers(const Json& about,
                                                 const std::vector<Question>& wanted) {
  std::vector<EvalAnswer> answers = file_->begin(about, task_, evaluation_.set);
  std::set<AnswerName> asked;
  for (const Question& q : wanted) asked.insert(name_of(q));
  std::erase_if(answers, [&](const EvalAnswer& a) { return asked.count(name_of(a)) == 0; });
  return answers;
}

void Evaluator::store(const EvalAnswer& answer) {
  if (file_) file_->append(answer, evaluation_.set.items[answer.problem]);
  ++count_.there;
}

// The answer of an endpoint with its verdict; a failed request has none.
EvalAnswer Evaluator::judge(const Asked& asked) const {
  EvalAnswer a;
  a.problem = asked.question.problem;
  a.sample = asked.question.sample;
  a.greedy = asked.question.greedy;
  a.failed = asked.reply.kind != EndpointReply::Kind::answer;
  if (a.failed) {
    a.reason = asked.reply.reason;
    a.detail = asked.reply.detail;
    a.end = "error";
    return a;
  }
  a.completion = asked.reply.text;
  a.end = asked.reply.end;
  a.remark = asked.reply.remark;
  a.tokens = asked.reply.tokens;
  judge_answer(task_, evaluation_.set.items[a.problem], a);
  return a;
}

void Evaluator::add(EvaluatedModel model, const std::vector<EvalAnswer>& answers) {
  model.report = summarize(evaluation_.set, answers, options_.samples, task_.about().traits);
  evaluation_.models.push_back(std::move(model));
}

}  // namespace tinyzero
