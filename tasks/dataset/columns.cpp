#include "tasks/dataset/columns.h"

#include <stdexcept>

namespace tinyzero::dataset {
namespace {

constexpr const char* kPrompts[] = {"question", "prompt",        "problem", "query",
                                    "messages", "conversations", "input"};
constexpr const char* kAnswers[] = {"answer",          "reward_model.ground_truth",
                                    "ground_truth",    "final_answer",
                                    "expected_answer", "target",
                                    "label",           "solution",
                                    "output"};

template <std::size_t n>
std::string found(const char* const (&names)[n], const char* setting, const Record& sample) {
  for (const char* name : names) {
    if (sample.has(name)) return name;
  }
  throw std::invalid_argument(std::string("has no column that is known as the ") + setting +
                              "; name one of its columns with `" + setting +
                              ":`: " + sample.columns());
}

void check(const std::string& column, const char* setting, const Record& sample) {
  if (column.empty() || sample.has(column)) return;
  throw std::invalid_argument("has no column \"" + column + "\" for `" + setting +
                              ":`; its columns are " + sample.columns());
}

const std::string* first_of(const Record& record, const std::string& message, const char* name,
                            const char* other) {
  const std::string* text = record.find(message + name);
  return text != nullptr ? text : record.find(message + other);
}

std::string& slot_of(Messages& messages, const std::string& role) {
  if (role == "system" || role == "developer") return messages.system;
  if (role == "user" || role == "human") return messages.user;
  if (role == "assistant" || role == "gpt" || role == "model") return messages.assistant;
  throw std::invalid_argument("it has a message of the role \"" + role + "\"");
}

}  // namespace

Columns found_columns(Columns named, const Record& sample) {
  if (named.prompt.empty()) named.prompt = found(kPrompts, "prompt", sample);
  if (named.answer.empty()) named.answer = found(kAnswers, "answer", sample);
  check(named.prompt, "prompt", sample);
  check(named.answer, "answer", sample);
  check(named.demonstration, "demonstration", sample);
  check(named.options, "options", sample);
  check(named.difficulty, "difficulty", sample);
  return named;
}

bool has_messages(const Record& record, const std::string& column) {
  return record.has(column + ".0.role") || record.has(column + ".0.from");
}

Messages messages_of(const Record& record, const std::string& column) {
  Messages out;
  for (std::size_t i = 0;; ++i) {
    const std::string message = column + "." + std::to_string(i);
    const std::string* role = first_of(record, message, ".role", ".from");
    if (role == nullptr) return out;
    std::string& slot = slot_of(out, *role);
    if (!slot.empty())
      throw std::invalid_argument("its \"" + column + "\" has several messages of the role \"" +
                                  *role + "\", and an episode has one turn");
    const std::string* text = first_of(record, message, ".content", ".value");
    if (text == nullptr)
      throw std::invalid_argument("its \"" + column + "\" has a message without a text");
    slot = *text;
  }
}

}  // namespace tinyzero::dataset
