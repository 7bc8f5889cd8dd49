// Which completion decodes in which slot: the host's half of a generate call on a device.
#pragma once

#include <vector>

#include "core/rollout/cuda/rows.h"
#include "core/rollout/engine.h"

namespace tinyzero {

class Schedule {
 public:
  // The arguments must outlive it. Slots and places of prompts are at least one.
  Schedule(const std::vector<Prompt>& prompts, const Sampling& sampling, std::int64_t slots,
           std::int64_t places);

  // Gives free slots to the next samples, in their order, as long as there is a place for their
  // prompts. Returns the rows of the prompts that must be computed first: all tokens but each
  // prompt's last.
  std::vector<DeviceRow> refill();

  // One row for each completion that goes on, those of one prompt side by side; and whose rows they
  // are.
  std::vector<DeviceRow> rows();
  std::vector<PromptRows> groups() const;
  // Tokens after which all of them must have ended.
  std::int64_t most_left() const;

  // Takes what the device did with the last rows(): `rows` as they are now, and the `looks` tokens
  // of each of which the first `fresh` are new.
  void take(const std::vector<DeviceRow>& rows, const std::vector<Drawn>& drawn,
            std::int64_t looks);

  // In the order of prompts, then samples; once rows() is empty after a refill().
  std::vector<Episode> episodes() { return std::move(episodes_); }

 private:
  struct Slot {
    Episode* episode = nullptr;  // null: free
    DeviceRow row;
  };

  const std::vector<Prompt>& prompts_;
  const Sampling& sampling_;
  std::vector<Slot> slots_;
  std::vector<std::int64_t> users_;  // by place: slots that see it
  std::vector<Episode> episodes_;
  std::vector<std::size_t> order_;     // slots of the last rows()
  std::size_t prompt_ = 0, next_ = 0;  // of the next sample; its number among all
  std::int64_t sample_ = 0;
  std::int32_t place_ = -1;  // of that prompt; -1: none yet
};

}  // namespace tinyzero
