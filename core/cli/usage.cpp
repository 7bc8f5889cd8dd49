#include "core/cli/usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/base/error.h"
#include "core/base/suggest.h"
#include "core/config/document.h"
#include "core/config/sections.h"
#include "core/config/synonyms.h"

namespace tinyzero {
namespace {

using Apps = std::vector<const CLI::App*>;

// The subcommands that people see.
Apps commands_of(const CLI::App& app) {
  Apps all = app.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_name().empty() && !sub->get_group().empty(); });
  return all;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  const Apps all =
      app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return all.empty() ? nullptr : all.front();
}

// "tinyzero task draw".
std::string whole_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : whole_name(*parent) + " " + command.get_name();
}

// Commands of any level that are called so.
std::vector<std::string> commands_named(const CLI::App& app, const std::string& name) {
  std::vector<std::string> found;
  for (const CLI::App* sub : commands_of(app)) {
    if (sub->get_name() == name) found.push_back("`" + whole_name(*sub) + "`");
    for (const std::string& below : commands_named(*sub, name)) found.push_back(below);
  }
  return found;
}

// What a word means that is a command elsewhere.
std::string meant_command(const std::string& word) {
  static const std::pair<const char*, const char*> kWords[] = {{"run", "train"},
                                                               {"start", "train"},
                                                               {"fit", "train"},
                                                               {"launch", "train"},
                                                               {"resume", "train --resume RUN"},
                                                               {"evaluate", "eval"},
                                                               {"validate", "eval"},
                                                               {"benchmark", "bench"},
                                                               {"sweep", "compare"},
                                                               {"infer", "model generate"},
                                                               {"predict", "model generate"},
                                                               {"sample", "model generate"},
                                                               {"init", "task new NAME"},
                                                               {"create", "task new NAME"},
                                                               {"ls", "task list"},
                                                               {"status", "watch RUN"},
                                                               {"log", "watch RUN"},
                                                               {"env", "doctor"},
                                                               {"check", "config check FILE"},
                                                               {"estimate", "plan"},
                                                               {"inspect", "episodes RUN"}};
  for (const auto& [name, meant] : kWords) {
    if (word == name) return meant;
  }
  return "";
}

[[noreturn]] void refuse_command(const CLI::App& root, const CLI::App& level,
                                 const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* sub : commands_of(level)) known.push_back(sub->get_name());
  const std::string what = "no command \"" + shown_text(word) + "\" of " + whole_name(level);
  const std::vector<std::string> elsewhere = commands_named(root, word);
  if (!elsewhere.empty())
    throw Error(what, "did you mean " + fmt::format("{}", fmt::join(elsewhere, " or ")) + "?");
  const std::string meant = &level == &root ? meant_command(word) : "";
  if (!meant.empty()) throw Error(what, "did you mean `tinyzero " + meant + "`?");
  throw Error(what, suggestion(word, known));
}

// The words without the one at `at`, which asks for help on what the others name.
std::vector<std::string> with_help(std::vector<std::string> words, std::size_t at) {
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  words.emplace_back("--help");
  return words;
}

// The command that the parser had come to.
const CLI::App& parsed_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_name() == name || option->check_name(name)) return option;
  }
  return nullptr;
}

bool takes_settings(const CLI::App& command) {
  return find_option(command, "overrides") != nullptr ||
         find_option(command, "settings") != nullptr;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// What may have been meant by an option that there is not.
std::string option_hint(const CLI::App& command, const std::string& option,
                        const std::string& value) {
  const std::string near = nearest_name(option, option_names(command)),
                    key = option.substr(option.find_first_not_of('-'));
  if (!near.empty()) return "did you mean " + near + "?";
  if (takes_settings(command)) {
    const auto& keys = general_keys();
    const std::string shown = value.empty() ? "VALUE" : value;
    if (key.find('.') != std::string::npos ||
        std::find(keys.begin(), keys.end(), key) != keys.end())
      return "settings are words without dashes: " + key + "=" + shown;
    std::string meant;
    for (const std::string& known : keys) {
      if (known.substr(known.rfind('.') + 1) == key)
        meant += (meant.empty() ? "" : " or ") + known + "=" + shown;
    }
    if (!meant.empty()) return "settings are words without dashes: " + meant;
    if (const std::string words = synonym_hint(key); key.size() > 1 && !words.empty())
      return words + "; settings are words without dashes: key=value";
  }
  return "`" + whole_name(command) + " --help` lists what there is";
}

[[noreturn]] void refuse_extra(const CLI::App& command, std::string words) {
  words = words.substr(words.find(": ") + 2);
  std::string first = words.substr(0, words.find(' '));
  for (std::size_t at = 0; at < words.size();) {  // an option rather than its value
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (words[at] == '-') {
      first = words.substr(at, end - at);
      break;
    }
    at = end + 1;
  }
  const std::size_t equals = first.find('=');
  if (first.starts_with("-")) {
    const std::string option = first.substr(0, equals),
                      value = equals == std::string::npos ? "" : first.substr(equals + 1);
    throw Error(whole_name(command) + " has no option " + shown_text(option),
                option_hint(command, option, value));
  }
  throw Error(whole_name(command) + " has no use for \"" + shown_text(first) + "\"",
              "`" + whole_name(command) + " --help` lists what it takes");
}

// "--device: tpu not in {cpu,cuda}", and of ranges, as the parser has it.
[[noreturn]] void refuse_value(const CLI::App& command, const std::string& text) {
  const std::string help = "`" + whole_name(command) + " --help` explains it";
  const std::size_t colon = text.find(": "), in = text.find(" not in {");
  if (colon == std::string::npos) throw Error(text, help);
  const std::string name = text.substr(0, colon), detail = text.substr(colon + 2);
  if (in != std::string::npos && in > colon) {
    const std::string value = text.substr(colon + 2, in - colon - 2),
                      list = text.substr(in + 9, text.find('}') - in - 9);
    std::vector<std::string> choices;
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      choices.push_back(list.substr(at, end - at));
      at = end + 1;
    }
    throw Error(fmt::format("{} is {}, expected one of {}", name, shown_text(value),
                            fmt::join(choices, ", ")),
                choice_hint(value, choices));
  }
  const std::size_t range = detail.find(" not in range ");
  if (detail.starts_with("Value ") && range != std::string::npos)
    throw Error(fmt::format("{} is {}, expected a number of {}", name,
                            shown_text(detail.substr(6, range - 6)), detail.substr(range + 14)),
                help);
  throw Error(name + ": " + detail, help);
}

[[noreturn]] void refuse_missing(const CLI::App& command, const std::string& text) {
  const std::string help = "`" + whole_name(command) + " --help` lists what there is";
  for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
    for (const std::string& word : level->remaining()) {
      if (word.starts_with("-")) refuse_extra(command, ": " + word);
    }
  }
  const std::string name = text.substr(0, text.find(" is required"));
  const CLI::Option* option = find_option(command, name);
  if (option == nullptr)
    throw Error("a command is missing: " + whole_name(command) + " COMMAND", help);
  throw Error(
      fmt::format("{} is missing its {}: {}", whole_name(command), name, option->get_description()),
      help);
}

}  // namespace

std::vector<std::string> understood_words(const CLI::App& app, std::vector<std::string> words) {
  const CLI::App* level = &app;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-")) {
      i += words[i] == "--plugins" ? 1 : 0;  // and its folder
      continue;
    }
    if (const CLI::App* command = find_command(*level, words[i])) {
      level = command;
      continue;
    }
    if (commands_of(*level).empty()) return words;
    if (words[i] == "help") return understood_words(app, with_help(std::move(words), i));
    if (words[i] == "version" && level == &app) return {"--version"};
    refuse_command(app, *level, words[i]);
  }
  return words;
}

void throw_usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = parsed_command(app);
  const std::string text = error.what(), help = "`" + whole_name(command) + " --help` explains it";
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) refuse_extra(command, text);
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) refuse_value(command, text);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) refuse_missing(command, text);
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    const std::size_t name = text.find(": "), equals = text.find(" = ");
    if (name != std::string::npos && equals != std::string::npos)
      throw Error(text.substr(name + 2, equals - name - 2) + " is " +
                      shown_text(text.substr(equals + 3)) + ", which is no number it can take",
                  help);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && text.ends_with(" missing"))
    throw Error(text.substr(0, text.find(": ")) + " wants a value", help);
  throw Error(text, help);
}

}  // namespace tinyzero
