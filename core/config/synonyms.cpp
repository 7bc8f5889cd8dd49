#include "core/config/synonyms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/suggest.h"
#include "core/config/experiment.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// The word as it is compared: small letters, "-" as "_".
std::string folded_word(std::string word) {
  for (char& c : word) c = c == '-' ? '_' : ascii_lower(c);
  return word;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string listed(const std::vector<std::string>& words, const char* last) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> first(words.begin(), words.end() - 1);
  return fmt::format("{} {} {}", fmt::join(first, ", "), last, words.back());
}

// The synonym of a dotted path: of all of it, else of its longest end that is one.
const Synonym* find_synonym(const std::string& path) {
  for (std::string end = folded_word(path);;) {
    for (const Synonym& s : synonyms()) {
      if (std::find(s.names.begin(), s.names.end(), end) != s.names.end()) return &s;
    }
    const std::size_t dot = end.find('.');
    if (dot == std::string::npos) return nullptr;
    end = end.substr(dot + 1);
  }
}

// Keys of the whole tree whose last name is this one.
std::vector<std::string> keys_named(const std::string& name, const std::vector<std::string>& keys) {
  std::vector<std::string> found;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(found),
               [&](const std::string& key) { return last_name(key) == name; });
  return found;
}

// "train.steps", or "seed (at the top of the file)".
std::string full_key(const std::string& key) {
  return key.find('.') == std::string::npos ? key + " (at the top of the file)" : key;
}

// "steps:20", which YAML takes for one word.
std::string blank_hint(const std::string& name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == name.size()) return "";
  return fmt::format("a colon wants a blank after it: {}: {}", name.substr(0, colon),
                     name.substr(colon + 1));
}

}  // namespace

const std::vector<std::string>& general_keys() {
  static const std::vector<std::string> keys = [] {
    Experiment defaults;
    std::vector<std::string> out;
    for (const SectionTable& section : section_tables(defaults)) {
      for (const Setting& row : section.table.rows())
        out.push_back(section.name.empty() ? row.name : section.name + "." + row.name);
    }
    return out;
  }();
  return keys;
}

std::string synonym_words(const std::string& path) {
  const Synonym* s = find_synonym(path);
  if (s == nullptr) return "";
  if (s->ours.empty()) return s->note;
  return fmt::format("that is {} here{}", listed(s->ours, "or"),
                     s->note.empty() ? "" : ": " + s->note);
}

std::string key_hint(const UnknownKey& key) {
  const std::string name = key.section.empty() ? key.path : key.path.substr(key.section.size() + 1);
  if (const std::string hint = blank_hint(name); !hint.empty()) return hint;
  std::vector<std::string> tree = general_keys();
  tree.insert(tree.end(), key.plugin_keys.begin(), key.plugin_keys.end());
  const std::size_t dot = name.find('.');
  if (key.section.empty() && std::find(tree.begin(), tree.end(), name) != tree.end() &&
      dot != std::string::npos)
    return fmt::format(
        "in a file it is {}: {{{}: …}}; with the dot it is a word of the command line",
        name.substr(0, dot), name.substr(dot + 1));
  const std::string small = folded_word(name);
  if (std::find(key.known.begin(), key.known.end(), small) != key.known.end())
    return "did you mean \"" + small + "\"?";
  std::vector<std::string> elsewhere = keys_named(last_name(small), tree);
  if (!elsewhere.empty()) {
    std::transform(elsewhere.begin(), elsewhere.end(), elsewhere.begin(), full_key);
    return fmt::format("it belongs elsewhere: {}", listed(elsewhere, "or"));
  }
  if (const std::string words = synonym_words(key.path); !words.empty()) return words;
  if (const std::string near = nearest_name(name, key.known); !near.empty())
    return suggestion(name, key.known);
  std::vector<std::string> names;
  for (const std::string& path : tree) names.push_back(last_name(path));
  if (const std::string near = nearest_name(last_name(name), names); !near.empty())
    return fmt::format("did you mean {}?", listed(keys_named(near, tree), "or"));
  return suggestion(name, key.known);
}

std::string choice_meant(const std::string& word, const std::vector<std::string>& choices) {
  static const std::pair<const char*, const char*> kWords[] = {
      {"gpu", "cuda"},
      {"nvidia", "cuda"},
      {"cuda:0", "cuda"},
      {"mps", "cpu"},
      {"float32", "f32"},
      {"fp32", "f32"},
      {"float", "f32"},
      {"single", "f32"},
      {"32", "f32"},
      {"bfloat16", "bf16"},
      {"bfloat", "bf16"},
      {"float16", "f16"},
      {"fp16", "f16"},
      {"half", "f16"},
      {"fp16", "bf16"},
      {"float16", "bf16"},
      {"half", "bf16"},
      {"mixed", "bf16"},
      {"8bit", "int8"},
      {"adam", "adamw"},
      {"adamw_torch", "adamw"},
      {"adamw_8bit", "adamw"},
      {"none", "constant"},
      {"const", "constant"},
      {"constant_with_warmup", "constant"},
      {"linear_with_warmup", "linear"},
      {"cosine_with_warmup", "cosine"},
      {"val", "validation"},
      {"valid", "validation"},
      {"dev", "validation"},
      {"eval", "test"},
      {"heldout", "test"},
      {"chatml", "qwen"},
      {"token_mean", "token"},
      {"token-mean", "token"},
      {"seq-mean-token-mean", "sequence"},
      {"seq-mean-token-sum", "sequence_sum"},
      {"kl", "k1"},
      {"low_var_kl", "k3"},
      {"mse", "k2"},
      {"q_proj", "q"},
      {"k_proj", "k"},
      {"v_proj", "v"},
      {"o_proj", "o"},
      {"gate_proj", "gate"},
      {"up_proj", "up"},
      {"down_proj", "down"}};
  const auto offered = [&](const std::string& choice) {
    return std::find(choices.begin(), choices.end(), choice) != choices.end();
  };
  const std::string small = folded_word(word);
  if (offered(small)) return small;
  for (const auto& [name, meant] : kWords) {
    if (folded_word(name) == small && offered(meant)) return meant;
  }
  return "";
}

std::string choice_hint(const std::string& word, const std::vector<std::string>& choices) {
  const std::string meant = choice_meant(word, choices);
  return meant.empty() ? suggestion(word, choices) : "did you mean \"" + meant + "\"?";
}

}  // namespace tinyzero
