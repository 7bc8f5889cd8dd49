#include "core/forecast/passes.h"

namespace tinyzero {

StepPasses passes_of(const Algorithm& algorithm, const TrainSettings& settings) {
  StepPasses passes;
  passes.learning = settings.epochs;
  passes.reading = settings.importance_cap > 0 ? 1 : 0;
  for (const AuxiliaryModel& model : algorithm.auxiliary_models()) {
    passes.reading += 1;
    if (model.learning_rate > 0)
      passes.learning += model.epochs > 0 ? model.epochs : settings.epochs;
  }
  return passes;
}

}  // namespace tinyzero
