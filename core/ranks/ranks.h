// The processes that work on one run together. Each is a rank; all of them run the same program, in
// the same order, and exchange bytes.
//
// No engine ever adds floating-point numbers. Every sum is ours, in a fixed tree: so a result does
// not depend on the number of ranks, on the engine or on the network.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/ranks/traffic.h"

namespace tinyzero {

class ByteReader;
class ByteWriter;

// Another rank ended, or failed: this one cannot go on.
class LostRank : public Failure {
 public:
  LostRank(const std::string& what, const std::string& hint, bool is_told)
      : Failure(what, hint), is_told_(is_told) {}
  // Whether another rank says why, so that this one says nothing.
  bool is_told() const { return is_told_; }

 private:
  bool is_told_;
};

// Values for each rank or from each, one after the other, by rank.
struct RankSlices {
  std::span<float> values;
  std::vector<std::int64_t> sizes;
};

// Exchanges that all ranks must call for, in the same order. `what` names them for errors. They
// throw LostRank if another rank ended, or did not come within the limit.
class Ranks {
 public:
  virtual ~Ranks() = default;

  virtual std::int64_t rank() const = 0;
  virtual std::int64_t size() const = 0;
  bool is_first() const { return rank() == 0; }  // the rank that writes and speaks
  bool are_many() const { return size() > 1; }

  // The bytes of every rank, by rank.
  virtual std::vector<std::string> gather(const std::string& what, const std::string& bytes) = 0;
  // The same for what ranks wrote one after the other: calls read() until all of it is read.
  void share(const std::string& what, const ByteWriter& own,
             const std::function<void(ByteReader&)>& read);

  // The number of the first rank.
  double of_first(const std::string& what, double number);
  // Whether any rank says so.
  bool any(const std::string& what, bool is_so);

  // Adds up `values` of all ranks, as ((0 + 1) + (2 + 3)) + …. Rank r then has the sums of its
  // range, from cuts[r] to cuts[r + 1]; its other values are of no use. The bits continue those of
  // GradientDivision's tree.
  void add_up(const std::string& what, std::span<float> values,
              const std::vector<std::int64_t>& cuts);
  // Gives every rank the ranges of all.
  void share_ranges(const std::string& what, std::span<float> values,
                    const std::vector<std::int64_t>& cuts);
  // Bytes that either takes for the exchange of so many values, about; they are kept.
  static std::int64_t exchange_bytes(std::int64_t values);
  // Sends the bytes of rank `from` into the first rank's, which are as many. Others do nothing.
  virtual void send_to_first(const std::string& what, std::int64_t from, std::span<char> bytes) = 0;

  // Does `work` on every rank. If it throws on some, all of them end: the first of those rethrows,
  // with its rank and host, and the others throw LostRank.
  void together(const std::string& what, const std::function<void()>& work);
  // A sentence for each rank that has another text than the first one, with the first line of both
  // that differs.
  std::vector<std::string> differences(const std::string& what, const std::string& text);
  // Throws Failure with the first of these on the first rank, and LostRank on the others. `hint`
  // says what to do; empty: that all ranks must run the same.
  void agree(const std::string& what, const std::string& text, const std::string& hint = {});
  virtual std::string host_of(std::int64_t rank) const = 0;
  // "rank 2 on host n7"
  std::string name_of(std::int64_t rank) const;
  // The same ranks, for exchanges on another thread, which do not wait for those of this object.
  // The first call is one that all ranks must make together. It lives as long as this object.
  virtual Ranks& aside() = 0;
  // Lets values go from GPU to GPU from now on, if every rank has one of its own and the build can.
  // All ranks must call it together. Returns whether they do.
  virtual bool use_gpus() { return false; }
  // Tells the others that this rank ends with an error. Returns whether it is the first one that
  // does, which then prints it.
  virtual bool tell_failed() = 0;
  // Tells the failed rank that this one has noticed, so that it need not wait.
  virtual void tell_noticed() = 0;

  // The traffic since the last call: seconds in the mean over ranks, bytes of all together.
  RankTraffic traffic();

  // The part of `count` that is this rank's: [first, last). Parts are contiguous, by rank.
  struct Part {
    std::int64_t first, last;
  };
  Part part_of(std::int64_t count) const;

 protected:
  RankTraffic own_traffic_;  // of this rank; whoever exchanges adds to it

  // Sends a slice to each rank, and receives one from each.
  virtual void swap(const std::string& what, const RankSlices& sent, const RankSlices& came) = 0;

 private:
  static RankSlices slices_in(std::vector<float>& buffer, std::vector<std::int64_t> sizes);

  // Of swap(); kept, for new ones would leave holes in the heap.
  std::vector<float> sent_, came_;
};

// A run of one process: nothing is exchanged.
Ranks& one_process();

}  // namespace tinyzero
