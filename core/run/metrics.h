// Every metric of a run: one table of the names in metrics.jsonl, from which docs/metrics.md and
// the titles, units and order of a report's curves follow.
//
// An algorithm's own metrics are not in it. They are the names below train/ that the table lacks,
// and are described on the algorithm's page; whatever reads metrics takes them as plain numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero {

enum class MetricUnit {
  number,
  share,   // from 0 to 1; people read it in percent
  tokens,  // a count that grows large: "21k"
  tokens_per_second,
  seconds,
  nats,  // a token
  problems
};
enum class Better { up, down, neither };

// Where a report draws the curve.
enum class Curve { shown, folded, hidden };

struct Metric {
  // "train/reward". A word in capitals stands for any text: "train/reasons/REASON".
  std::string_view name;
  std::string_view title;  // of a curve; the word in capitals is replaced there, too
  MetricUnit unit = MetricUnit::number;
  Better better = Better::neither;
  Curve curve = Curve::folded;
  bool of_algorithms = false;  // added by building blocks of the SDK, for whoever uses them
  std::string_view meaning;    // a sentence without its full stop, in Markdown
};

// In the order in which they are read: by the part of the name before the slash, then by
// importance.
std::span<const Metric> metrics();

// The row of a recorded name; null for one that only an algorithm or an older program knows.
const Metric* find_metric(std::string_view name);

// Whether "train/NAME" is the host's, so that an algorithm must not add NAME. All names of losses
// and gradient norms of auxiliary models are.
bool is_of_host(std::string_view name);

// "share", "tokens per second"; "" for a plain number.
std::string unit_text(MetricUnit unit);

// The title of a recorded name: "Held-out accuracy", "pass@4"; of an unknown one its own last
// words.
std::string metric_title(std::string_view name);

// Recorded names in the order of the table, the unknown ones behind it.
void sort_metrics(std::vector<std::string>& names);

// The section "## Every metric" of docs/metrics.md.
std::string metrics_markdown();

}  // namespace tinyzero
