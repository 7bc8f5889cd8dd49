#include "core/train/imitation_checks.h"

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/train/curriculum.h"

namespace tinyzero {

void check_imitation(const Experiment& e, const Task& task) {
  if (!e.train.imitate) return;
  if (e.rollout.ahead > 0)
    throw Error(e.place("rollout.ahead"),
                "rollout.ahead has no use with train.imitate: demonstrations are not sampled",
                "set rollout.ahead: 0");
  if (e.train.random_reward > 0)
    throw Error(e.place("train.random_reward"),
                "train.random_reward has no use with train.imitate: what is imitated does not "
                "depend on rewards",
                "set one of them");
  if (e.rollout.mixed_rounds > 0)
    throw Error(
        e.place("rollout.mixed_rounds"),
        "rollout.mixed_rounds has no use with train.imitate: all demonstrations are imitated",
        "set rollout.mixed_rounds: 0");
  if (Curriculum(e.curriculum, task).stage() != nullptr)
    throw Error(e.place("train.imitate"),
                "train.imitate cannot follow a curriculum: the task has levels",
                "set train.imitate: false, or give the task one level");
}

}  // namespace tinyzero
