// An engine that samples its part of each call and exchanges completions with the other ranks, so
// that all of them have all: the tokens do not depend on who sampled them.
#pragma once

#include <memory>

#include "core/ranks/ranks.h"
#include "core/rollout/engine.h"

namespace tinyzero {

// The engine itself where there is one process. `ranks` must outlive the result. A call of it ends
// early on no rank: hooks are not for calls that are divided.
std::unique_ptr<Engine> divided_engine(std::unique_ptr<Engine> engine, Ranks& ranks);

}  // namespace tinyzero
