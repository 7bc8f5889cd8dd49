// Attention of a pass's rows over cached keys and values (grouped-query, split over positions).
//
//   s_p = q · k_p / sqrt(d)
//   a chunk:     m = max s_p,  l = Σ exp(s_p - m),  a = Σ exp(s_p - m) v_p
//   all chunks:  Σ exp(m - M) a / Σ exp(m - M) l,  with M the largest m
//
// Positions are cut into chunks of a fixed size, so that the sums of a row do not depend on what
// else is in the pass. A block of Attend stages one chunk of one sequence's keys and values of one
// kv head once for all queries that see it: those of a row's heads in the group, or, over a prompt,
// those of all its completions. Combine adds the chunks.
#pragma once

#include <cmath>

#include "core/rollout/cuda/block.h"
#include "core/rollout/cuda/rows.h"

namespace tinyzero {

// Positions of a chunk: at most 128, and 32 KiB of keys.
template <class T>
TINYZERO_HOST_DEVICE constexpr std::int64_t chunk_positions(std::int64_t head_dim) {
  const std::int64_t fit = 32768 / (head_dim * static_cast<std::int64_t>(sizeof(T)));
  return fit < 128 ? fit : 128;
}

// Chunks of `length` positions: at least one, which may be empty, so that no grid is empty.
template <class T>
TINYZERO_HOST_DEVICE constexpr std::int64_t chunks_of(std::int64_t length, std::int64_t head_dim) {
  return length < 1 ? 1 : blocks_of(length, chunk_positions<T>(head_dim));
}

// Partial results: [row][head][chunk][head_dim + 2]. The last two numbers are the largest score and
// the sum of weights. The prompt's chunks come first.
struct AttentionChunks {
  float* data;
  std::int64_t heads;
  std::int64_t chunks;
  std::int64_t prompt_chunks;
  std::int64_t head_dim;

  TINYZERO_DEVICE float* at(std::int64_t row, std::int64_t head, std::int64_t chunk) const {
    return data + ((row * heads + head) * chunks + chunk) * (head_dim + 2);
  }
};

template <class T>
struct Attend {
  static constexpr int kThreads = 256;
  static constexpr int kQueries = 8;  // queries computed at a time; a warp takes the softmax of one
  const DeviceRow* rows;
  // Null: each row by itself, over its slot or, for a token of a prompt, over that prompt.
  const PromptRows* groups;
  const float* qkv;
  KvLayer<T> store;
  AttentionChunks out;
  std::int64_t count;    // rows or groups
  std::int64_t longest;  // most positions that one of them sees in the store

  TINYZERO_HOST_DEVICE static std::int64_t key_stride(std::int64_t dim) {
    return dim + 16 / static_cast<std::int64_t>(sizeof(T));
  }
  TINYZERO_HOST_DEVICE static std::int64_t value_ranges(std::int64_t dim) {
    return kThreads / (dim / 2);
  }

  Grid grid() const { return {count, store.kv_heads, chunks_of<T>(longest, store.head_dim)}; }

  std::int64_t shared_bytes() const {
    const std::int64_t dim = store.head_dim, positions = chunk_positions<T>(dim);
    return positions * (key_stride(dim) + dim) * static_cast<std::int64_t>(sizeof(T)) +
           (kQueries * dim + kQueries * positions + value_ranges(dim) * kQueries * dim +
            2 * kQueries) *
               static_cast<std::int64_t>(sizeof(float));
  }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const Work work = work_of(block);
    if (work.unit.count == 0 || work.positions <= 0) return;
    const Shared s = divide(block.shared);
    block.each([&](int thread) { stage(s, work, thread); });
    const std::int64_t queries = work.unit.count * (out.heads / store.kv_heads);
    for (std::int64_t tile = 0; tile < queries; tile += kQueries)
      attend_tile(block, s, work, {tile, queries});
  }

 private:
  // What a block computes: whose queries, and which positions of a sequence in the store.
  struct Work {
    PromptRows unit;
    std::int64_t sequence;
    std::int64_t first;      // position
    std::int64_t positions;  // not positive: nothing to do
    std::int64_t kv_head;
    std::int64_t chunk;  // where its partial results go
  };

  // The memory that the block's threads share.
  struct Shared {
    T* keys;         // (positions, key_stride)
    T* values;       // (positions, dim)
    float* query;    // (kQueries, dim)
    float* weights;  // (kQueries, positions)
    float* sums;     // (value_ranges, kQueries, dim)
    float* largest;  // (kQueries)
    float* total;    // (kQueries)
  };

  // Queries first … end-1 of a block, of which a tile is the first kQueries.
  struct Tile {
    std::int64_t first;
    std::int64_t end;
  };

  template <class Block>
  TINYZERO_DEVICE Work work_of(const Block& block) const {
    Work work;
    std::int64_t length;
    if (groups != nullptr) {
      work.unit = groups[block.x];
      work.sequence = work.unit.prompt;
      length = work.unit.shared;
    } else {
      const DeviceRow& row = rows[block.x];
      work.unit = {row.prompt, row.shared, static_cast<std::int32_t>(block.x),
                   row.alive != 0 ? 1 : 0};
      work.sequence = row.slot >= 0 ? row.slot : row.prompt;
      length = row.slot >= 0 ? row.position + 1 - row.shared : row.position + 1;
    }
    const std::int64_t size = chunk_positions<T>(store.head_dim);
    work.first = block.z * size;
    work.positions = length - work.first < size ? length - work.first : size;
    work.kv_head = block.y;
    work.chunk = (groups != nullptr ? 0 : out.prompt_chunks) + block.z;
    return work;
  }

  TINYZERO_DEVICE Shared divide(unsigned char* memory) const {
    const std::int64_t dim = store.head_dim, size = chunk_positions<T>(dim);
    Shared s;
    s.keys = reinterpret_cast<T*>(memory);
    s.values = s.keys + size * key_stride(dim);
    s.query = reinterpret_cast<float*>(s.values + size * dim);
    s.weights = s.query + kQueries * dim;
    s.sums = s.weights + kQueries * size;
    s.largest = s.sums + value_ranges(dim) * kQueries * dim;
    s.total = s.largest + kQueries;
    return s;
  }

  // Each thread copies pieces of 16 bytes of the chunk's keys and values.
  TINYZERO_DEVICE void stage(const Shared& s, const Work& work, int thread) const {
    constexpr std::int64_t kPiece = 16 / static_cast<std::int64_t>(sizeof(T));
    const std::int64_t dim = store.head_dim, pieces = dim / kPiece;
    const std::int64_t from = store.at(work.sequence, work.kv_head, work.first);
    for (std::int64_t i = thread; i < work.positions * pieces; i += kThreads) {
      const std::int64_t p = i / pieces, c = i % pieces * kPiece;
      copy16(s.keys + p * key_stride(dim) + c, store.keys + from + p * dim + c);
      copy16(s.values + p * dim + c, store.values + from + p * dim + c);
    }
  }

  template <class Block>
  TINYZERO_DEVICE void attend_tile(Block& block, const Shared& s, const Work& work,
                                   const Tile& tile) const {
    const std::int64_t size = chunk_positions<T>(store.head_dim), n = work.positions;
    block.each([&](int thread) { load_queries(s, work, tile, thread); });
    block.each([&](int thread) { scores(s.keys, s.query, s.weights, thread, n); });
    typename Block::template Local<float> top, sum;
    block.each([&](int thread) {
      top[thread] = -INFINITY;
      for (std::int64_t p = thread % kWarp; p < n; p += kWarp)
        top[thread] = fmaxf(top[thread], s.weights[thread / kWarp * size + p]);
    });
    block.warp_max(top);
    block.each([&](int thread) {
      sum[thread] = 0;
      for (std::int64_t p = thread % kWarp; p < n; p += kWarp) {
        float& weight = s.weights[thread / kWarp * size + p];
        weight = expf(weight - top[thread]);
        sum[thread] += weight;
      }
    });
    block.warp_sum(sum);
    block.each([&](int thread) {
      if (thread % kWarp == 0) {
        s.largest[thread / kWarp] = top[thread];
        s.total[thread / kWarp] = sum[thread];
      }
      weigh(s.values, s.weights, s.sums, thread, n);
    });
    block.each([&](int thread) { write(s, work, tile, thread); });
  }

  // The tile's queries, scaled; 0 after the last.
  TINYZERO_DEVICE void load_queries(const Shared& s, const Work& work, const Tile& tile,
                                    int thread) const {
    const std::int64_t dim = store.head_dim, group = out.heads / store.kv_heads,
                       width = (out.heads + 2 * store.kv_heads) * dim;
    const float scale = 1.0f / sqrtf(static_cast<float>(dim));
    for (std::int64_t i = thread; i < kQueries * dim; i += kThreads) {
      const std::int64_t q = tile.first + i / dim;
      s.query[i] = q < tile.end ? qkv[(work.unit.first + q / group) * width +
                                      (work.kv_head * group + q % group) * dim + i % dim] *
                                      scale
                                : 0.0f;
    }
  }

  // The tile's partial results.
  TINYZERO_DEVICE void write(const Shared& s, const Work& work, const Tile& tile,
                             int thread) const {
    const std::int64_t dim = store.head_dim, group = out.heads / store.kv_heads;
    for (std::int64_t i = thread; i < kQueries * dim; i += kThreads) {
      const std::int64_t t = i / dim, q = tile.first + t, d = i % dim;
      if (q >= tile.end) continue;
      float* to = out.at(work.unit.first + q / group, work.kv_head * group + q % group, work.chunk);
      float all = 0;
      for (std::int64_t v = 0; v < value_ranges(dim); ++v)
        all += s.sums[(v * kQueries + t) * dim + d];
      to[d] = all;
      if (d == 0) to[dim] = s.largest[t];
      if (d == dim / 2) to[dim + 1] = s.total[t];
    }
  }

  // Each thread computes the scores of one position with every subs-th query of the tile, a few
  // components of the key at a time.
  TINYZERO_DEVICE void scores(const T* keys, const float* query, float* weights, int thread,
                              std::int64_t n) const {
    const std::int64_t dim = store.head_dim, size = chunk_positions<T>(dim);
    const int subs = static_cast<int>(kThreads / size < kQueries ? kThreads / size : kQueries),
              sub = static_cast<int>(thread / size);
    const std::int64_t p = thread % size;
    if (sub >= subs || p >= n) return;
    float sum[kQueries];
    for (int j = 0; j < kQueries; ++j) sum[j] = 0;
    constexpr int kPiece = 4;
    for (std::int64_t c = 0; c < dim; c += kPiece) {
      float k[kPiece];
      for (int i = 0; i < kPiece; ++i) k[i] = widen(keys[p * key_stride(dim) + c + i]);
      for (int j = 0; j < kQueries; ++j) {
        const int q = sub + j * subs;
        if (q < kQueries) {
          for (int i = 0; i < kPiece; ++i) sum[j] += query[q * dim + c + i] * k[i];
        }
      }
    }
    for (int j = 0; j < kQueries; ++j) {
      if (sub + j * subs < kQueries) weights[(sub + j * subs) * size + p] = sum[j];
    }
  }

  // Each thread computes two components of the weighted values for every query of the tile, over
  // every value_ranges-th position.
  TINYZERO_DEVICE void weigh(const T* values, const float* weights, float* sums, int thread,
                             std::int64_t n) const {
    const std::int64_t dim = store.head_dim, half = dim / 2, size = chunk_positions<T>(dim),
                       range = thread / half, d = thread % half * 2;
    if (range >= value_ranges(dim)) return;
    float sum[kQueries][2];
    for (int q = 0; q < kQueries; ++q) sum[q][0] = sum[q][1] = 0;
    for (std::int64_t p = range; p < n; p += value_ranges(dim)) {
      const float a = widen(values[p * dim + d]), b = widen(values[p * dim + d + 1]);
      for (int q = 0; q < kQueries; ++q) {
        sum[q][0] += weights[q * size + p] * a;
        sum[q][1] += weights[q * size + p] * b;
      }
    }
    for (int q = 0; q < kQueries; ++q) {
      sums[(range * kQueries + q) * dim + d] = sum[q][0];
      sums[(range * kQueries + q) * dim + d + 1] = sum[q][1];
    }
  }
};

// y (rows, heads · head_dim): the combined chunks of each row and head.
template <class T>
struct Combine {
  static constexpr int kThreads = 256;
  const DeviceRow* rows;
  AttentionChunks chunks;
  T* y;
  std::int64_t count;

  Grid grid() const { return {count, blocks_of(chunks.heads * chunks.head_dim, kThreads), 1}; }
  std::int64_t shared_bytes() const { return 0; }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const DeviceRow& row = rows[block.x];
    if (row.alive == 0) return;
    const std::int64_t dim = chunks.head_dim, size = chunk_positions<T>(dim);
    const std::int64_t in_prompt = row.slot >= 0 ? blocks_of(row.shared, size) : 0,
                       own = blocks_of(
                           row.slot >= 0 ? row.position + 1 - row.shared : row.position + 1, size);
    block.each([&](int thread) {
      const std::int64_t i = static_cast<std::int64_t>(block.y) * kThreads + thread;
      if (i >= chunks.heads * dim) return;
      const std::int64_t head = i / dim, d = i % dim;
      const auto chunk = [&](std::int64_t k) {
        return chunks.at(block.x, head, k < in_prompt ? k : chunks.prompt_chunks + k - in_prompt);
      };
      float largest = -INFINITY, sum = 0, total = 0;
      for (std::int64_t k = 0; k < in_prompt + own; ++k) largest = fmaxf(largest, chunk(k)[dim]);
      for (std::int64_t k = 0; k < in_prompt + own; ++k) {
        const float weight = expf(chunk(k)[dim] - largest);
        sum += weight * chunk(k)[d];
        total += weight * chunk(k)[dim + 1];
      }
      narrow(sum / total, y[block.x * chunks.heads * dim + i]);
    });
  }
};

}  // namespace tinyzero
