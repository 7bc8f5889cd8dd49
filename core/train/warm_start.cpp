#include "core/train/warm_start.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/learn/learner.h"
#include "core/learn/packing.h"
#include "core/learn/update.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/schedule.h"
#include "core/task/stream.h"
#include "core/task/task.h"
#include "core/text/prompt.h"
#include "core/train/opened_run.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kWarmupShare = 20;  // the learning rate rises for one step in so many

}  // namespace

std::vector<Sequence> demonstrations(const OpenedRun& run, std::uint64_t step) {
  const Task& task = run.demonstrated();
  const std::uint64_t seed = stream_key(run.experiment.general.seed, RandomStream::demonstrations);
  const auto items =
      draw_step(task, /*stage=*/nullptr, seed, step, run.experiment.warm_start.batch);
  std::vector<Sequence> out;
  for (const Item& item : items) {
    Sequence sequence;
    sequence.ids = run.tokenizer.encode_prompt(frame_prompt(item.prompt, run.framing));
    sequence.prompt = std::ssize(sequence.ids);
    const auto trace = run.tokenizer.encode(task.demonstrate(item.state, seed, item.index));
    sequence.ids.insert(sequence.ids.end(), trace.begin(), trace.end());
    sequence.ids.push_back(static_cast<std::int32_t>(run.model.config.eos.front()));
    if (std::ssize(sequence.ids) > run.model.config.context) {
      throw Error(
          fmt::format("a demonstration of task \"{}\" has {} tokens with its prompt, the model's "
                      "context is {}",
                      task.about().id, sequence.ids.size(), run.model.config.context),
          "raise model.context, or ask the task for shorter demonstrations");
    }
    out.push_back(std::move(sequence));
  }
  return out;
}

double warm_start_step(Learner& learner, const OpenedRun& run, std::int64_t step) {
  const WarmStartSettings& s = run.experiment.warm_start;
  const std::int64_t warmup = (s.steps + kWarmupShare - 1) / kWarmupShare;
  const UpdateOptions options{
      .micro_batch = run.experiment.train.micro_batch,
      .learning_rate = s.learning_rate * schedule_factor("cosine", step, s.steps, warmup),
      .clip_norm = run.experiment.train.clip_norm,
      .rule = update_rule_from_name(s.optimizer)};
  return imitate(learner.workers(), learner.optimizer(), demonstrations(run, step), options);
}

}  // namespace tinyzero
