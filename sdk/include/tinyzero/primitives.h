// The formulas that algorithms are made of. Each names its source and is tested against golden
// numbers (tests/sdk/primitives.cpp).
#pragma once

#include "tinyzero/primitives/advantages.h"
#include "tinyzero/primitives/losses.h"
#include "tinyzero/primitives/masked.h"
#include "tinyzero/primitives/process_rewards.h"
