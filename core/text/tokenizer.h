// Text to token ids and back, as the folder's tokenizer.json specifies: the same ids and the same
// text as the library `tokenizers` gives.
//
// Reads byte pair encoding as Qwen2, Qwen3, Llama 3 and their kin write it (bytes as symbols), and
// as Llama 2 and Mistral do (bytes where a character has no token). A file that needs anything else
// is refused, and the error names what is not supported; such models still work with token ids. The
// settings "truncation" and "padding" have no effect.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/bpe.h"
#include "core/text/decoder.h"
#include "core/text/normalizer.h"
#include "core/text/pre_tokenizer.h"

namespace tinyzero {

class Tokenizer {
 public:
  // A new byte-level vocabulary: 256 bytes, the answer tags and an end token; with `numbers` also
  // tokens for 10 … 99 and for " -> ".
  static Tokenizer make(bool numbers);

  // Reads folder/tokenizer.json. Throws Error.
  static Tokenizer load(const std::filesystem::path& folder);

  // Reads the `text` of the tokenizer.json `where`. Throws Error.
  static Tokenizer parse(std::string text, const std::string& where);

  // Writes tokenizer.json and the folder's other files about text (tokenizer_config.json, the chat
  // template …) unchanged into an existing folder, fsynced.
  void save(const std::filesystem::path& folder) const;

  // The tokens of `text` alone. Any bytes can be encoded: those that are not UTF-8 become one token
  // each.
  std::vector<std::int32_t> encode(std::string_view text) const;

  // The tokens of `text` with those that the post-processor adds, such as Llama's beginning token:
  // what a model expects to see.
  std::vector<std::int32_t> encode_prompt(std::string_view text) const;
  // One token for people to read, special tokens included; "#151645" if it has no text.
  std::string token_text(std::int32_t token) const;

  // The text of the tokens. It may end inside a character, as tokens do; replace_invalid (utf8.h)
  // makes U+FFFD of such bytes.
  std::string decode(const std::vector<std::int32_t>& ids,
                     Specials specials = Specials::skip) const {
    return decoder_.decode(ids, specials);
  }

  // For text that is shown while its tokens arrive.
  TextStream stream() const { return TextStream(decoder_); }

  std::int64_t size() const { return decoder_.size(); }
  // The id of an added token by its text, -1 if there is none.
  std::int32_t id(const std::string& token) const;

  // "byte-level BPE" or "BPE with byte fallback", for people.
  const char* kind() const {
    return bpe_.byte_fallback() ? "BPE with byte fallback" : "byte-level BPE";
  }
  const std::vector<AddedToken>& added() const { return added_.all(); }
  // The tokens that encode_prompt puts before and after a text.
  const std::vector<std::int32_t>& before() const { return before_; }
  const std::vector<std::int32_t>& behind() const { return behind_; }

  // Sentences about flags of tokenizer_config.json (add_bos_token, add_eos_token) that contradict
  // the post-processor, which decides.
  std::vector<std::string> contradictions() const;

 private:
  void read_vocabulary(const TokenizerFile& file, const std::string& where);
  void read_post_processor(const TokenizerJson& json, const std::string& where, int depth);
  void read_template(const TokenizerJson& json, const std::string& where);
  void encode_text(std::string_view text, bool at_start, Bpe::Encoder& encoder,
                   std::vector<std::int32_t>& out) const;
  void encode_plain(std::string_view text, bool at_start, Bpe::Encoder& encoder,
                    std::vector<std::int32_t>& out) const;

  std::map<std::string, std::string> files_;  // content by name, for save()
  Normalizer normalizer_;
  AddedTokens added_;
  PreTokenizer pre_tokenizer_;
  Bpe bpe_;
  Decoder decoder_;
  std::vector<std::int32_t> before_;
  std::vector<std::int32_t> behind_;
};

inline constexpr const char* kEndToken = "<|endoftext|>";

}  // namespace tinyzero
