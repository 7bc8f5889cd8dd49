// Names from other trainers and their equivalents here: for hints in errors and for
// docs/experiments.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero {

// Keys of TRL, verl, OpenRLHF, CleanRL, torchtune and Hugging Face that mean the same.
struct Synonym {
  // As other trainers write them, separated by spaces; with dots where the last name alone would be
  // ambiguous.
  std::string_view theirs;
  std::string_view ours;  // dotted keys, separated by spaces; empty if there is no equivalent
  std::string_view note;  // what differs, or why there is no equivalent; may be empty
};
extern const std::span<const Synonym> kSynonyms;

// The keys in a text that are separated by spaces.
std::vector<std::string_view> split_keys(std::string_view text);

// A key that does not exist.
struct UnknownKey {
  std::string path;                      // dotted: "train.lr"
  std::string section;                   // the part of it that exists: "train"
  std::vector<std::string> known;        // names that exist in the section
  std::vector<std::string> plugin_keys;  // dotted keys of the task and the algorithm in use
};

// What to write in place of an unknown key.
std::string key_hint(const UnknownKey& key);

// "that is train.learning_rate here" for a dotted key of another trainer. The whole key counts, or
// its longest end that is a synonym. Empty for any other key.
std::string synonym_hint(const std::string& path);

// The choice that another word for it means: "gpu" is cuda, "float32" is f32. Empty if none is
// known.
std::string choice_meant(const std::string& word, const std::vector<std::string>& choices);

// "did you mean \"cuda\"?", or the list of choices.
std::string choice_hint(const std::string& word, const std::vector<std::string>& choices);

}  // namespace tinyzero
