#include "core/train/evaluate_run.h"

#include "core/train/opened_run.h"

namespace tinyzero {

EvalOptions eval_options(const OpenedRun& run, std::int64_t step) {
  const Experiment& e = run.experiment;
  return {.samples = e.eval.samples,
          .temperature = e.eval.temperature,
          .max_tokens = e.rollout.max_tokens,
          .seed = static_cast<std::uint64_t>(e.general.seed),
          .step = static_cast<std::uint64_t>(step),
          .greedy = true,
          .ask_again = e.eval.ask_again,
          .stop = nullptr};
}

EvalReport evaluate_run(Engine& engine, const OpenedRun& run, const EvalSet& set,
                        const EvalOptions& options, std::vector<ScoredCompletion>* completions) {
  const AnsweringModel model{.engine = engine,
                             .tokenizer = run.tokenizer,
                             .eos = run.model.config.eos,
                             .framing = run.framing};
  return evaluate(model, run.task, set, options, completions);
}

EvalReport evaluate_run(Engine& engine, const OpenedRun& run, const EvalSet& set, std::int64_t step,
                        std::vector<ScoredCompletion>* completions, const StopRequest* stop) {
  EvalOptions options = eval_options(run, step);
  options.stop = stop;
  return evaluate_run(engine, run, set, options, completions);
}

}  // namespace tinyzero
