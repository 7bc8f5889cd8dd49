#include "core/train/divided_engine.h"

#include "core/base/bytes.h"

namespace tinyzero {
namespace {

void put(ByteWriter& out, const Episode& episode) {
  out.put(episode.prompt);
  out.put(episode.sample);
  out.put(episode.end);
  out.put(episode.tokens);
  out.put(episode.logp);
}

Episode get_episode(ByteReader& in) {
  Episode episode;
  episode.prompt = in.get<std::int64_t>();
  episode.sample = in.get<std::int64_t>();
  episode.end = in.get<End>();
  episode.tokens = in.get_all<std::int32_t>();
  episode.logp = in.get_all<float>();
  return episode;
}

class DividedEngine : public Engine {
 public:
  DividedEngine(std::unique_ptr<Engine> engine, Ranks& ranks)
      : engine_(std::move(engine)), ranks_(ranks) {}

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling& sampling,
                                const GenerateHooks&) override {
    const auto [first, last] = ranks_.part_of(std::ssize(prompts));
    std::vector<Prompt> part(prompts.begin() + first, prompts.begin() + last);
    for (std::int64_t i = first; i < last; ++i) {
      Prompt& prompt = part[i - first];
      if (prompt.number < 0) prompt.number = i;  // the stream that it has in the whole call
    }
    ByteWriter own;
    for (Episode& episode : engine_->generate(part, sampling)) {
      episode.prompt += first;
      put(own, episode);
    }
    std::vector<Episode> all;
    ranks_.share("completions", own, [&](ByteReader& in) { all.push_back(get_episode(in)); });
    return all;
  }

  std::vector<std::vector<float>> score(const std::vector<std::vector<std::int32_t>>& sequences,
                                        double temperature) override {
    return engine_->score(sequences, temperature);
  }
  void refresh() override { engine_->refresh(); }
  void release_scratch() override { engine_->release_scratch(); }
  const DecodeStatistics& statistics() const override { return engine_->statistics(); }

 private:
  std::unique_ptr<Engine> engine_;
  Ranks& ranks_;
};

}  // namespace

std::unique_ptr<Engine> divided_engine(std::unique_ptr<Engine> engine, Ranks& ranks) {
  if (!ranks.are_many()) return engine;
  return std::make_unique<DividedEngine>(std::move(engine), ranks);
}

}  // namespace tinyzero
