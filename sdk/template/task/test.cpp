// Verdicts of @NAME@ that must never change. `tinyzero task check` tests the rest.

#include <cstdio>

#include "@NAME@.cpp"

int main() {
  const Task task(Task::Settings{});
  struct Case {
    const char *state, *completion;
    double reward;
  };
  const Case cases[] = {
      {"{\"digits\":[1,2,3]}", "<answer>3 2 1</answer>", 1.0},
      {"{\"digits\":[1,2,3]}", "I think <answer> 3 2 1 </answer>", 1.0},
      {"{\"digits\":[1,2,3]}", "<answer>321</answer>", 0.0},
      {"{\"digits\":[1,2,3]}", "<answer>1 2 3</answer>", 0.0},
      {"{\"digits\":[1,2,3]}", "3 2 1", 0.0},
  };
  int failed = 0;
  for (const Case& c : cases) {
    try {
      const double reward = task.verify(c.state, c.completion).reward;
      if (reward == c.reward) continue;
      std::printf("%s on %s earns %g, expected %g\n", c.completion, c.state, reward, c.reward);
    } catch (const std::exception& e) {
      std::printf("%s on %s: %s (do the cases above still fit your task?)\n", c.completion, c.state,
                  e.what());
    }
    ++failed;
  }
  return failed == 0 ? 0 : 1;
}
