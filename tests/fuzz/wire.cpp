// libFuzzer target: what a host reads from a worker, which it does not trust, and what a worker
// reads from its host. Whatever is read keeps to the limits of tinyzero/task_abi.h, reads back the
// same once written, and takes no more memory than a few times its bytes.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/plugin/task_limits.h"
#include "core/plugin/worker/region.h"
#include "core/plugin/worker/wire.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits_abi.h"

namespace {

using namespace tinyzero;

void must(bool holds) {
  if (!holds) std::abort();
}

template <class Read>
void attempt(const std::uint8_t* data, std::size_t size, const Read& read) {
  WireReader in(reinterpret_cast<const char*>(data), size);
  try {
    read(in);
  } catch (const BrokenMessage&) {
  }
}

// The bytes that `write` makes are those that were read, as far as they were read.
template <class Write>
void must_read_back(const std::uint8_t* data, std::size_t size, const Write& write) {
  std::string area(size + 64, '\0');
  WireWriter out(area.data(), area.size());
  write(out);
  must(out.size() <= size && std::memcmp(area.data(), data, out.size()) == 0);
}

void read_abouts(const std::uint8_t* data, std::size_t size) {
  attempt(data, size, [&](WireReader& in) {
    const TaskAbout about = read_about(in);
    must(about.components.size() <= TINYZERO_TASK_MAX_PARTS &&
         about.reasons.size() <= TINYZERO_TASK_MAX_REASONS &&
         about.params.size() <= TINYZERO_TASK_MAX_PARAMS &&
         about.traits.size() <= TINYZERO_TASK_MAX_TRAITS &&
         about.doc.size() <= TINYZERO_TASK_MAX_DOC);
    must_read_back(data, size, [&](WireWriter& out) { write_about(out, about); });
    try {
      check_about(about);
      must(std::isfinite(about.reward_full) && !about.id.empty() &&
           about.id.size() <= TINYZERO_TASK_MAX_NAME);
    } catch (const Failure&) {
    }
  });
}

void read_problems(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    attempt(data, size, [&](WireReader& in) {
      const std::vector<Item> items = read_items(in, n);
      must(items.size() == n);
      for (const Item& item : items)
        must(item.prompt.size() <= TINYZERO_TASK_MAX_PROMPT &&
             item.state.size() <= TINYZERO_TASK_MAX_STATE);
      must_read_back(data, size, [&](WireWriter& out) { write_items(out, items); });
      for (const Item& item : items) {
        try {
          check_item("x", item.prompt.size(), item.key.size(), item.state.size(), item.difficulty);
          must(std::isfinite(item.difficulty));
        } catch (const Failure&) {
        }
      }
    });
  }
}

void read_judgements(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{4}}) {
    attempt(data, size, [&](WireReader& in) {
      std::vector<Verdict> verdicts(n);
      read_verdicts(in, verdicts.data(), n);
      for (const Verdict& verdict : verdicts)
        must(verdict.detail.size() <= TINYZERO_TASK_MAX_DETAIL);
    });
    attempt(data, size, [&](WireReader& in) {
      std::vector<TraitRow> rows(n);
      read_traits(in, rows.data(), n, 2);
      must(rows.back().size() == 2);
    });
  }
}

// The bytes as a reply in shared memory, of the size that its first bytes claim.
void take_reply(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 1 << 14;
  static WireRegion& region = *new WireRegion;
  if (size < sizeof(std::uint64_t)) return;
  std::uint64_t claimed = 0;
  std::memcpy(&claimed, data, sizeof claimed);
  std::memcpy(region.reply(), data, size);
  region.header().reply_size = claimed;
  try {
    must(region.take_reply(kMost).size == claimed);
  } catch (const BrokenMessage&) {
    must(claimed > kMost);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_abouts(data, size);
  read_problems(data, size);
  read_judgements(data, size);
  take_reply(data, size);
  attempt(data, size, [&](WireReader& in) {
    const std::vector<SettingValue> values = read_values(in);
    must_read_back(data, size, [&](WireWriter& out) { write_values(out, values); });
  });
  attempt(data, size, [](WireReader& in) { read_answers(in); });
  return 0;
}
