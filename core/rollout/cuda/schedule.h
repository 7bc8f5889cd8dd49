// Which completion decodes in which slot: the host's half of a call of generate() on a device.
#pragma once

#include <vector>

#include "core/rollout/cuda/rows.h"
#include "core/rollout/engine.h"

namespace tinyzero {

class Schedule {
 public:
  // The arguments of the call, which must outlive the schedule.
  struct Call {
    const std::vector<Prompt>& prompts;
    const Sampling& sampling;
    const GenerateHooks& hooks;
  };

  // Slots, and places of prompts, are at least one each.
  Schedule(const Call& call, std::int64_t slots, std::int64_t places);

  // Gives free slots to the next samples, in order, as long as there are places for their prompts.
  // Returns the rows of prompts that must be computed first: all tokens but each prompt's last.
  std::vector<DeviceRow> refill();

  // One row for each unfinished completion. Rows of one prompt are neighbours, and groups() says
  // which they are.
  std::vector<DeviceRow> rows();
  std::vector<PromptRows> groups() const;
  // The most tokens that any of these completions may still get.
  std::int64_t most_left() const;

  // Takes the device's work on the last rows(): the rows as they are now, and `looks` tokens for
  // each, of which the first `fresh` are new.
  void take(const std::vector<DeviceRow>& rows, const std::vector<Drawn>& drawn,
            std::int64_t looks);

  // All episodes, by prompt and sample. Legal once rows() is empty after a refill().
  std::vector<Episode> episodes() { return std::move(episodes_); }

 private:
  struct Slot {
    Episode* episode = nullptr;  // null: free
    DeviceRow row;
  };

  // Gives the current prompt a free place, and appends the rows to compute there; false if no place
  // is free.
  bool place_prompt(std::vector<DeviceRow>& wanted);
  void start_sample(std::size_t slot);
  void append(Episode& episode, const Drawn& token);
  void finish(Slot& slot);

  const Call call_;
  const bool fixed_lengths_;
  std::vector<Slot> slots_;
  std::vector<std::int64_t> users_;  // by place: slots that see its prompt
  std::vector<Episode> episodes_;
  std::vector<std::size_t> order_;  // slots of the last rows()
  // The next sample to start:
  std::size_t next_ = 0;     // index among all episodes
  std::size_t prompt_ = 0;   // index of its prompt
  std::int64_t sample_ = 0;  // index in its prompt
  std::int32_t place_ = -1;  // place of its prompt; -1: none yet
};

}  // namespace tinyzero
