#include "core/eval/pass_at.h"

#include "core/eval/evaluate.h"
#include "core/task/stream.h"

namespace tinyzero {

PassAt pass_at(const std::vector<Tally>& tallies, const std::vector<std::int64_t>& ks) {
  PassAt out;
  for (const std::int64_t k : ks) out[k] = pass_interval(tallies, k);
  return out;
}

std::map<std::int64_t, PassAt> pass_at_by_difficulty(const EvalSet& set, const EvalReport& report,
                                                     const std::vector<std::int64_t>& ks) {
  std::map<std::int64_t, std::vector<Tally>> tallies;
  for (std::size_t p = 0; p < report.tallies.size(); ++p)
    tallies[difficulty_bucket(set.items[p].difficulty)].push_back(report.tallies[p]);
  std::map<std::int64_t, PassAt> out;
  for (const auto& [difficulty, own] : tallies) out[difficulty] = pass_at(own, ks);
  return out;
}

NewlySolved newly_solved(const EvalReport& before, const EvalReport& after) {
  NewlySolved out;
  Tally sum;
  for (std::size_t p = 0; p < before.tallies.size(); ++p) {
    if (before.tallies[p].judged == 0 || before.tallies[p].right > 0) continue;
    const Tally& own = after.tallies[p];
    ++out.unsolved;
    out.solved += own.right > 0 ? 1 : 0;
    sum = {sum.right + own.right, sum.judged + own.judged};
  }
  out.accuracy = sum.judged > 0 ? sum.right / sum.judged : 0;
  return out;
}

}  // namespace tinyzero
