#include "core/config/synonyms.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/suggest.h"
#include "core/config/sections.h"
#include "core/config/yaml.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// A word in the form in which words are compared: lower case, "_" for "-".
std::string folded_word(std::string word) {
  for (char& c : word) c = c == '-' ? '_' : ascii_lower(c);
  return word;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// "a, b or c".
template <class Texts>
std::string alternatives(const Texts& texts) {
  std::string out;
  for (auto text = std::begin(texts); text != std::end(texts); ++text) {
    const bool last = std::next(text) == std::end(texts);
    out += (out.empty() ? "" : last ? " or " : ", ") + std::string(*text);
  }
  return out;
}

// The synonym for a whole dotted path, or for its longest end that is one; null if there is none.
const Synonym* find_synonym(const std::string& path) {
  for (std::string end = folded_word(path);;) {
    for (const Synonym& s : kSynonyms) {
      const std::vector<std::string_view> theirs = split_keys(s.theirs);
      if (std::find(theirs.begin(), theirs.end(), end) != theirs.end()) return &s;
    }
    const std::size_t dot = end.find('.');
    if (dot == std::string::npos) return nullptr;
    end = end.substr(dot + 1);
  }
}

// Dotted keys whose last name is this one.
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

bool is_dotted_key(const std::string& name, const std::vector<std::string>& keys) {
  return name.find('.') != std::string::npos &&
         std::find(keys.begin(), keys.end(), name) != keys.end();
}

// A hint for "train.steps" as a key of a file.
std::string dotted_key_hint(const std::string& name) {
  const std::size_t dot = name.find('.');
  return fmt::format("in a file write {}: {{{}: …}}; keys with a dot are for the command line",
                     name.substr(0, dot), name.substr(dot + 1));
}

// A hint for a name that exists in other sections; empty if it does not.
std::string elsewhere_hint(const std::string& name, const std::vector<std::string>& keys) {
  std::vector<std::string> found = keys_named(name, keys);
  if (found.empty()) return "";
  std::transform(found.begin(), found.end(), found.begin(), full_key);
  return "it belongs elsewhere: " + alternatives(found);
}

// A hint for a name that is misspelt and belongs to another section; empty if none is near.
std::string near_key_hint(const std::string& name, const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys) names.push_back(last_name(key));
  const std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean {}?", alternatives(keys_named(near, keys)));
}

// Other words for choices, and what they mean here, by priority.
constexpr std::pair<const char*, const char*> kChoices[] = {{"gpu", "cuda"},
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

}  // namespace

std::vector<std::string_view> split_keys(std::string_view text) {
  std::vector<std::string_view> keys;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    keys.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return keys;
}

std::string synonym_hint(const std::string& path) {
  const Synonym* s = find_synonym(path);
  if (s == nullptr) return "";
  if (s->ours.empty()) return std::string(s->note);
  return fmt::format("that is {} here{}{}", alternatives(split_keys(s->ours)),
                     s->note.empty() ? "" : ": ", s->note);
}

std::string key_hint(const UnknownKey& key) {
  const std::string name = key.section.empty() ? key.path : key.path.substr(key.section.size() + 1);
  if (const std::string hint = colon_hint(name); !hint.empty()) return hint;
  std::vector<std::string> keys = general_keys();
  keys.insert(keys.end(), key.plugin_keys.begin(), key.plugin_keys.end());
  if (key.section.empty() && is_dotted_key(name, keys)) return dotted_key_hint(name);
  const std::string folded = folded_word(name);
  if (std::find(key.known.begin(), key.known.end(), folded) != key.known.end())
    return "did you mean \"" + folded + "\"?";
  if (const std::string hint = elsewhere_hint(last_name(folded), keys); !hint.empty()) return hint;
  if (const std::string hint = synonym_hint(key.path); !hint.empty()) return hint;
  if (nearest_name(name, key.known).empty()) {
    const std::string hint = near_key_hint(last_name(name), keys);
    if (!hint.empty()) return hint;
  }
  return suggestion(name, key.known);
}

std::string choice_meant(const std::string& word, const std::vector<std::string>& choices) {
  const auto offered = [&](const std::string& choice) {
    return std::find(choices.begin(), choices.end(), choice) != choices.end();
  };
  const std::string folded = folded_word(word);
  if (offered(folded)) return folded;
  for (const auto& [name, meant] : kChoices) {
    if (folded_word(name) == folded && offered(meant)) return meant;
  }
  return "";
}

std::string choice_hint(const std::string& word, const std::vector<std::string>& choices) {
  const std::string meant = choice_meant(word, choices);
  return meant.empty() ? suggestion(word, choices) : "did you mean \"" + meant + "\"?";
}

}  // namespace tinyzero
