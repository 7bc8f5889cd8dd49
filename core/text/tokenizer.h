// Text to token ids and back, as the folder's tokenizer.json says.
//
// Reads byte-level BPE without a pre-tokenizing expression, which is what tinyzero writes for models made from scratch: every byte is
// a token, so any text can be written and read, and merges may join digits into numbers. Other tokenizer.json files are refused by
// the name of what is not supported; such models still work with token ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

class Tokenizer {
 public:
  // A new byte-level vocabulary: 256 bytes, with `numbers` one token for each of 10 … 99 and for " -> ", the answer tags, and an end token.
  static Tokenizer make(bool numbers);

  // Reads folder/tokenizer.json. Throws Error.
  static Tokenizer load(const std::filesystem::path& folder);

  // Writes tokenizer.json and tokenizer_config.json into an existing folder, fsynced.
  void save(const std::filesystem::path& folder) const;

  std::vector<std::int32_t> encode(std::string_view text) const;

  // The bytes of the tokens; special tokens (the end) are left out, ids without a token as well.
  std::string decode(const std::vector<std::int32_t>& ids) const;
  // One token as people read it; special ones have no bytes of their own, and are named or numbered: "#151645".
  std::string token_text(std::int32_t token) const;

  std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }
  // The id of a token by its text, -1 if there is none.
  std::int32_t id(const std::string& token) const;

 private:
  struct Added {
    std::int32_t id;
    bool special;
  };

  static Tokenizer from_json(const Json& json, const std::string& where);
  void encode_piece(std::string_view piece, std::vector<std::int32_t>& out) const;

  Json json_;
  std::vector<std::string> bytes_;                                                   // of each id
  std::vector<bool> special_;                                                        // of each id
  std::int32_t byte_id_[256] = {};                                                   // the token of one byte
  std::map<std::string, Added> added_;                                               // matched in the text before anything else
  std::unordered_map<std::uint64_t, std::pair<std::int32_t, std::int32_t>> merges_;  // (left, right) -> (rank, merged id)
};

inline constexpr const char* kEndToken = "<|endoftext|>";

}  // namespace tinyzero
