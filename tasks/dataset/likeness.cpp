#include "tasks/dataset/likeness.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "tasks/dataset/normal_text.h"

namespace tinyzero::dataset {
namespace {

// "1 row", "2 rows"
std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// The problems of one wording.
struct Wording {
  std::string_view key;  // of the first
  bool has_other = false;
  bool is_tested = false;
  bool is_trained = false;
};

}  // namespace

void drop_tested(std::vector<Row>& rows, std::vector<std::string>& notes) {
  std::unordered_set<std::string> tested;
  for (const Row& row : rows) {
    if (row.is_test) tested.insert(row.key);
  }
  const std::size_t dropped = std::erase_if(
      rows, [&](const Row& row) { return !row.is_test && tested.count(row.key) > 0; });
  if (dropped > 0)
    notes.push_back(counted(dropped, "row") +
                    " of `file` left out: the same problems are in `test_file`");
}

void note_contradictions(const std::vector<Row>& rows, std::vector<std::string>& notes) {
  std::unordered_map<std::string_view, const Row*> first;
  std::size_t count = 0;
  const Row *one = nullptr, *other = nullptr;
  for (const Row& row : rows) {
    const auto [found, is_new] = first.try_emplace(row.key, &row);
    if (is_new || found->second->answers == row.answers) continue;
    if (++count == 1) one = found->second, other = &row;
  }
  if (count > 0)
    notes.push_back(counted(count, "row") +
                    " with the problem of another row and a different answer: lines " +
                    std::to_string(one->line) + " and " + std::to_string(other->line) +
                    (count > 1 ? ", …" : ""));
}

void note_near_duplicates(const std::vector<Row>& rows, bool has_test_file,
                          std::vector<std::string>& notes) {
  std::unordered_map<std::string, Wording> wordings;
  std::vector<const Wording*> of_row;
  for (const Row& row : rows) {
    Wording& wording =
        wordings.try_emplace(wording_of(row.key), Wording{.key = row.key}).first->second;
    wording.has_other = wording.has_other || wording.key != row.key;
    (row.is_test ? wording.is_tested : wording.is_trained) = true;
    of_row.push_back(&wording);
  }
  const std::size_t near = std::count_if(of_row.begin(), of_row.end(), [&](const Wording* w) {
    return w->has_other && (!has_test_file || (w->is_tested && w->is_trained));
  });
  if (near == 0) return;
  notes.push_back(std::to_string(near) + " of " + counted(rows.size(), "problem") +
                  " differ from another in digits, case or white space alone" +
                  (has_test_file ? ", some to train on from some to test with"
                                 : "; hold_out: wordings keeps such problems in one split"));
}

}  // namespace tinyzero::dataset
