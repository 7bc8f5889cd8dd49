// Words that people bring from other trainers, and what they are called here: for hints in errors
// and for docs/experiments.md.
#pragma once

#include <string>
#include <vector>

namespace tinyzero {

// Keys that mean the same elsewhere: of TRL, verl, OpenRLHF, CleanRL, torchtune and Hugging Face.
struct Synonym {
  std::vector<std::string>
      names;  // as they write it, with dots where one part alone would be ambiguous
  std::vector<std::string> ours;  // dotted keys; empty: there is none
  std::string note;               // what differs, or why there is none; may be empty
};
const std::vector<Synonym>& synonyms();

// Dotted keys of every setting but those of plugins.
const std::vector<std::string>& general_keys();

// What to type in place of an unknown key. `path` is dotted ("train.lr"), `section` the part of it
// that is known, `known` the names that could stand there, `plugin_keys` the dotted keys of the
// task and the algorithm in use.
struct UnknownKey {
  std::string path, section;
  std::vector<std::string> known;
  std::vector<std::string> plugin_keys;
};
std::string key_hint(const UnknownKey& key);

// "that is train.learning_rate here" for a dotted key of another trainer, by all of it or its
// longest end that is a synonym; empty for any other.
std::string synonym_words(const std::string& path);

// The choice that a word means which is none of them: "gpu" is cuda, "float32" is f32. Empty:
// nobody knows.
std::string choice_meant(const std::string& word, const std::vector<std::string>& choices);

// "did you mean \"cuda\"?", or the list of choices.
std::string choice_hint(const std::string& word, const std::vector<std::string>& choices);

}  // namespace tinyzero
