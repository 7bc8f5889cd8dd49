// Reading tokenizer.json without a JSON tree of the vocabulary and the merges, which have hundreds
// of thousands of entries; everything else is kept as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/tokenizer_json.h"

namespace tinyzero {

struct TokenizerFile {
  std::vector<std::pair<std::string, std::int64_t>> vocab;  // model.vocab
  // model.merges, written as "a b" or as [a, b].
  std::vector<std::pair<std::string, std::string>> merges;
  TokenizerJson rest;  // everything else
};

// Parses the `text` of the file `where`. Throws Error.
TokenizerFile parse_tokenizer_file(std::string_view text, const std::string& where);

}  // namespace tinyzero
