#include "core/train/evaluate_run.h"

#include "core/train/opened_run.h"

namespace tinyzero {

EvalReport evaluate_run(Engine& engine, const OpenedRun& run, const EvalSet& set, std::int64_t step,
                        std::vector<ScoredCompletion>* completions, const StopRequest* stop) {
  const Experiment& e = run.experiment;
  const AnsweringModel model{.engine = engine,
                             .tokenizer = run.tokenizer,
                             .eos = run.model.config.eos,
                             .framing = run.framing};
  const EvalOptions options{.samples = e.eval.samples,
                            .temperature = e.eval.temperature,
                            .max_tokens = e.rollout.max_tokens,
                            .seed = static_cast<std::uint64_t>(e.general.seed),
                            .step = static_cast<std::uint64_t>(step),
                            .greedy = true,
                            .stop = stop};
  return evaluate(model, run.task, set, options, completions);
}

}  // namespace tinyzero
