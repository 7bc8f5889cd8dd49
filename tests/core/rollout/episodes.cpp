// From problems to prompts, and from completions to verdicts.

#include "core/rollout/episodes.h"

#include <doctest/doctest.h>

#include "support/golden.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/episodes");
