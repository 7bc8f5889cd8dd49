// Reading tokenizer.json: the vocabulary and the merges, which are hundreds of thousands of
// entries, without a tree of them; the rest as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyzero {

// Objects with keys looked up in logarithmic time: the file may come from anybody.
using TokenizerJson = nlohmann::json;

struct TokenizerFile {
  std::vector<std::pair<std::string, std::int64_t>> vocab;  // model.vocab
  std::vector<std::pair<std::string, std::string>>
      merges;          // model.merges, written as "a b" or as [a, b]
  TokenizerJson rest;  // everything else
};

// Parses `text`, which came from `where`; throws Error.
TokenizerFile parse_tokenizer_file(std::string_view text, const std::string& where);

// The member `key` of an object, null if there is none.
const TokenizerJson& member(const TokenizerJson& object, const char* key);

// The member `key` as a flag, number or text; `fallback` if it is absent or null. Throws Error
// naming `where` for another type.
bool flag_of(const TokenizerJson& object, const char* key, bool fallback, const std::string& where);
std::int64_t number_of(const TokenizerJson& object, const char* key, std::int64_t fallback,
                       const std::string& where);
std::string text_of(const TokenizerJson& object, const char* key, const std::string& fallback,
                    const std::string& where);

// The member "type" of a part such as the normalizer; "" for null. Throws Error for a part that is
// no object.
std::string type_of(const TokenizerJson& part, const std::string& where);

// Ends with an Error: `what` is not supported.
[[noreturn]] void unsupported(const std::string& where, const std::string& what);

}  // namespace tinyzero
