// Byte pair encoding: of all neighbouring pairs, merge the one of lowest rank (the leftmost of
// equals) until none is left.
//
// The vocabulary of a byte-level tokenizer is kept in bytes, not in the printable symbols that the
// file writes for them. Time is n log n in the length of a piece.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/tokenizer_file.h"

namespace tinyzero {

// The printable character that stands for a byte in byte-level vocabularies (GPT-2's table): bytes
// that print stand for themselves, the others for U+0100 and up in their order.
std::string byte_symbol(int byte);

// The bytes that a token's symbols stand for; false, and nothing useful in `out`, if it holds a
// character that is no byte symbol.
bool symbols_to_bytes(std::string_view token, std::string& out);

class Bpe {
 public:
  Bpe() = default;
  // Of the file's "model", vocabulary and merges. Throws Error that begins with `where` for what is
  // not supported or contradicts itself.
  Bpe(const TokenizerFile& file, bool byte_level, const std::string& where);

  bool byte_fallback() const { return byte_fallback_; }

  // Encodes pieces one after the other and remembers short ones. One thread; the Bpe must outlive
  // it.
  class Encoder {
   public:
    explicit Encoder(const Bpe& bpe) : bpe_(bpe) {}
    void encode(std::string_view piece, std::vector<std::int32_t>& out);

    // Pairs that were looked up until now, which is what time goes into.
    std::uint64_t lookups() const { return lookups_; }

   private:
    struct Symbol {
      std::int32_t id;              // -1 once it is merged into the one before
      std::int32_t previous, next;  // places in the list, -1 at the ends
    };
    void merge(std::string_view piece, std::vector<std::int32_t>& out);
    void propose(std::int32_t left);

    const Bpe& bpe_;
    std::unordered_map<std::string, std::vector<std::int32_t>> known_;
    std::vector<Symbol> symbols_;
    std::vector<std::uint64_t> heap_;  // rank, then place: smallest on top
    std::uint64_t lookups_ = 0;
  };

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct PairHash {
    std::size_t operator()(std::uint64_t pair) const {
      return (pair * 0x9E3779B97F4A7C15ull) >> 20;
    }
  };

  std::int32_t id_of(std::string_view token) const;
  void add_merges(const TokenizerFile& file, const std::string& where);
  void symbols_of(std::string_view piece, std::vector<std::int32_t>& ids) const;

  bool byte_level_ = true, byte_fallback_ = false, ignore_merges_ = false, fuse_unknown_ = false;
  std::int32_t unknown_ = -1;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>
      ids_;                    // by text, or by bytes of a byte-level vocabulary
  std::int32_t byte_id_[256];  // the token of a byte, -1 if there is none
  std::unordered_map<std::uint64_t, std::int32_t, PairHash> ranks_;  // of a pair of ids
  std::vector<std::int32_t> merged_;  // the id that comes of a merge, by rank
};

}  // namespace tinyzero
