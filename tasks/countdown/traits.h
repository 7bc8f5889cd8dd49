// What a completion does with a Countdown problem, counted from the equations that it writes. The
// words around them do not matter, so it counts the searches of a demonstration ("9-7=2 3,2*3=6?")
// and those of any other model ("9 - 7 = 2, and 2 * 3 = 6").
//
// An attempt combines the problem's numbers. It ends when one value is left, at a mark ("?" or "!")
// behind an equation, or when an equation goes back to values of earlier on. Attempts that differ
// only in the sides of a sum or product, or in the order of independent steps, are the same one.
// Whether an attempt hits the target is computed anew: a slip on the way does not matter.
#pragma once

#include <array>
#include <string_view>

#include "problem.h"
#include "tinyzero/traits.h"

namespace tinyzero::countdown {

inline constexpr std::array kTraits{
    Trait{"attempts", "attempts to reach the target"},
    Trait{"new_attempts", "attempts that differ from all before them"},
    Trait{"repeats", "share of the attempts that repeat an earlier one", "attempts"},
    Trait{"right_first", "where there are attempts: 1 if the first hits the target, else 0"},
    Trait{"after_miss", "attempts that are made after a miss, as long as nothing has hit"},
    Trait{"right_after_miss", "share of the attempts after a miss that hit", "after_miss"},
    Trait{"backtracks", "attempts that go on from an earlier step of the attempt before"},
    Trait{"steps", "equations that are written before the answer"},
    Trait{"slips", "share of the steps that are computed wrong", "steps"},
    Trait{"strays", "share of the steps that use a value which is not there", "steps"},
    Trait{"claims", "attempts that are marked as a hit (\"!\")"},
    Trait{"true_claims", "share of the claims that are true", "claims"},
    Trait{"gave_up",
          "where an answer follows attempts: 1 if none of them has hit or claims to, else 0"},
    Trait{"nearest", "distance of the nearest attempt from the target"}};

// Linear in the length of the completion.
std::array<double, kTraits.size()> count_traits(const Problem& problem,
                                                std::string_view completion);

}  // namespace tinyzero::countdown
