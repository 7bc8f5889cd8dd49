// The report's script, part three: tables of runs and settings, a comparison's numbers, outcomes, and how time was spent.

const interval = (low, high) => (isNumber(low) && isNumber(high) ? " [" + (100 * low).toFixed(1) + ", " + (100 * high).toFixed(1) + "]" : "");
const accuracyText = (e) => (e ? percent(e.accuracy) + interval(e.accuracy_low, e.accuracy_high) : "–");
const same = (values) => values.every((value) => value === values[0]);

// Facts that all runs share are below the title; the others have a column each.
function facts() {
  const names = [["task", "Task"], ["algorithm", "Algorithm"], ["model", "Model"], ["machine", "Machine"]];
  const shared = names.filter(([key]) => same(data.runs.map((run) => run[key])) && data.runs[0][key]);
  return {shared, own: names.filter(([key]) => !same(data.runs.map((run) => run[key])))};
}

function showHead() {
  const parts = facts().shared.map(([key, label]) => [el("span", {class: "hidden"}, label + " "), shown(data.runs[0][key])]);
  if (data.runs.length === 1) parts.push(["seed ", shown(data.runs[0].seed)]);
  $("facts").replaceChildren(...parts.flatMap((part, i) => [...(i > 0 ? [" · "] : []), ...part]));
  $("version").textContent = data.version;
  const notes = [...data.cautions];
  for (const run of data.runs) {
    for (const note of run.notes) notes.push(run.name + ": " + note + ".");
  }
  if (notes.length > 0) $("cautions").append(el("ul", {class: "cautions"}, notes.map((note) => el("li", null, shown(note)))));
  for (const section of document.querySelectorAll("main > section:not([hidden])"))
    $("sections").append(el("a", {href: "#" + section.id}, section.querySelector("h2").textContent));
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

// "mean [lowest, highest]" of the seeds' accuracies.
function groupAccuracy(runs, which) {
  const values = runs.map((run) => run.evaluations && run.evaluations[which].accuracy).filter(isNumber);
  return values.length === runs.length ? percent(mean(values)) + interval(Math.min(...values), Math.max(...values)) : "–";
}

function showRuns() {
  const own = facts().own.filter(([key]) => key !== "algorithm" || data.groups.length > 1);
  const head = ["Run", "Seed", ...own.map(([, label]) => label), "Start", "Best seen", "Last [95 %]", "Greedy", "Steps", "Tokens", "Time"];
  const rows = [];
  data.groups.forEach((group, g) => {
    const runs = group.runs.map((r) => data.runs[r]);
    for (const run of runs) {
      const e = run.evaluations, best = e ? percent(e.best.accuracy) + " at " + e.best.step : "–";
      rows.push([
        el("span", {class: "name"}, swatch(g), " ", shown(run.name)), shown(run.seed), ...own.map(([key]) => shown(run[key])),
        accuracyText(e && e.first), best, el("strong", null, accuracyText(e && e.last)), e ? percent(e.last.greedy) : "–",
        whole(run.steps) + (run.planned > run.steps ? " of " + whole(run.planned) : ""), amount(run.tokens), duration(run.time.total)
      ]);
    }
    if (runs.length > 1) {
      const greedy = runs.map((run) => run.evaluations && run.evaluations.last.greedy).filter(isNumber);
      rows.push({
        kind: "sum",
        cells: [
          el("span", {class: "name"}, swatch(g), " ", shown(group.label), " · mean of " + runs.length + " seeds"), "", ...own.map(() => ""),
          groupAccuracy(runs, "first"), groupAccuracy(runs, "best"), el("strong", null, groupAccuracy(runs, "last")),
          greedy.length === runs.length ? percent(mean(greedy)) : "–", "", amount(mean(runs.map((run) => run.tokens))),
          duration(mean(runs.map((run) => run.time.total)))
        ]
      });
    }
  });
  const first = 2 + own.length;
  $("runs").append(table("Runs", head, rows, Array.from({length: 7}, (_, i) => first + i)));
  $("runs").append(el(
      "p", {class: "note"},
      "Accuracy on held-out problems, sampled; intervals of a run are Wilson's at 95 %, of a mean the lowest and the highest seed. The best seen is a maximum, and flatters. Tokens are " +
          (data.spent ? "all that RL cost: sampled, learned from, and read by other models." : "those sampled for RL.")));
  const warned = data.runs.filter((run) => run.warnings.length > 0);
  if (warned.length > 0) {
    const total = warned.reduce((n, run) => n + run.warnings.length, 0);
    $("runs").append(
        el("details", null, el("summary", null, total + (total === 1 ? " warning" : " warnings") + " while training"),
           el("ul", null, warned.flatMap((run) => run.warnings.map((words) => el("li", null, el("b", null, shown(run.name)), ": ", shown(words)))))));
  }
}

// ---- comparison.json, whatever it holds: objects become lists of names and values, lists of objects become tables ----

const words = (key) => key.replace(/_/g, " ");
function leaf(value) {
  if (value === null) return "–";
  if (isNumber(value)) return number(value);
  if (Array.isArray(value)) return el("span", null, "[", value.map((v, i) => [i > 0 ? ", " : "", leaf(v)]).flat(), "]");
  if (typeof value === "object")
    return el("span", null, Object.entries(value).map(([key, v], i) => [i > 0 ? ", " : "", words(key) + " ", leaf(v)]).flat());
  return shown(String(value));
}

const isScalar = (value) => value === null || typeof value !== "object";
const isPlain = (value) => isScalar(value) || (Object.keys(value).length <= 5 && Object.values(value).every(isScalar));
const isRows = (value) => Array.isArray(value) && value.length > 0 && value.every((v) => v && typeof v === "object" && !Array.isArray(v));

function block(name, value, depth) {
  const head = el(depth > 1 ? "h4" : "h3", null, shown(words(name)));
  if (isRows(value) && value.every((row) => Object.values(row).every((v) => !isRows(v)))) {
    const keys = [...new Set(value.flatMap((row) => Object.keys(row)))];
    const numbers = keys.map((key, i) => (i > 0 && value.some((row) => isNumber(row[key]) || isPlain(row[key]) && Array.isArray(row[key])) ? i : -1))
                        .filter((i) => i >= 0);
    return [
      head, table(words(name) || "Values", keys.map(words), value.map((row) => keys.map((key) => (key in row ? leaf(row[key]) : ""))), numbers)
    ];
  }
  if (isRows(value)) return [head, ...value.flatMap((row, i) => block(String(row.name || i + 1), row, depth + 1))].filter(Boolean);
  if (Array.isArray(value)) return [head, el("ul", null, value.slice(0, 200).map((v) => el("li", null, leaf(v))))];
  const entries = Object.entries(value), plain = entries.filter(([, v]) => isPlain(v)), rest = entries.filter(([, v]) => !isPlain(v));
  const maps = rest.length > 1 && rest.every(([, v]) => !Array.isArray(v) && Object.values(v).every(isPlain));
  return [
    name === "" ? null : head,
    plain.length > 0 && el("dl", null, plain.map(([key, v]) => el("div", null, el("dt", null, shown(words(key))), el("dd", null, leaf(v))))),
    ...(maps ? block("", rest.map(([key, v]) => ({name: key, ...v})), depth + 1).slice(1) : rest.flatMap(([key, v]) => block(key, v, depth + 1)))
  ];
}

// {"value", "low", "high"} in percent.
const estimate = (e) => (e && isNumber(e.value) ? percent(e.value) + interval(e.low, e.high) : "–");
const points = (e) => (e && isNumber(e.value) ? (e.value > 0 ? "+" : "") + (100 * e.value).toFixed(1) + interval(e.low, e.high) : "–");

const groupOf = (arm) => data.groups.findIndex((group) => group.label === arm.name);
const shownName = (arm) => String(arm.name);

const half = (e) => (e && isNumber(e.problems) ? (100 * e.problems).toFixed(1) : "–");
const chance = (p) => (!isNumber(p) ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3));
const better = (e) => (e && isNumber(e.value) ? e.value.toFixed(2) + (isNumber(e.low) ? " [" + e.low.toFixed(2) + ", " + e.high.toFixed(2) + "]" : "") : "–");

// What one arm is against another: columns for a pair, which against() takes from a row.
function pairColumns(against, heading) {
  return [
    [heading + ", points [95 %]", (row) => points(against(row).difference), (row) => against(row).difference],
    ["± problems", (row) => half(against(row).difference), (row) => against(row).difference && isNumber(against(row).difference.problems)],
    ["p", (row) => chance(against(row).p), (row) => isNumber(against(row).p)],
    ["p (Holm)", (row) => chance(against(row).p_holm), (row) => isNumber(against(row).p_holm)],
    ["P(better) [95 %]", (row) => better(against(row).probability_of_improvement), (row) => against(row).probability_of_improvement],
    ["Verdict", (row) => shown(against(row).verdict || ""), (row) => against(row).verdict],
  ];
}

// A table whose columns are [heading, cell of a row, whether a row has it]; those that no row has are left out.
function tableOf(title, all, rows) {
  const columns = all.filter(([, , has]) => rows.some(has));
  const numbers = columns.map(([head], i) => (/^(Test|Area|Against|Difference|±|p|P\()/.test(head) ? i : -1)).filter((i) => i >= 0);
  return table(title, columns.map(([head]) => head), rows.map((row) => columns.map(([, cell]) => cell(row))), numbers);
}

function arms(comparison) {
  const unit = (comparison.budget || {}).unit, first = comparison.arms[0].name;
  return tableOf("Arms of the comparison", [
    ["Arm", (arm) => el("span", {class: "name"}, groupOf(arm) >= 0 && [swatch(groupOf(arm)), " "], shown(String(arm.name))), () => true],
    ["Role", (arm) => shown(words(arm.role || "")), (arm) => arm.role && arm.role !== "arm"],
    ["Test accuracy [95 %]", (arm) => el("strong", null, estimate(arm.test_accuracy)), (arm) => arm.test_accuracy],
    ["Area over " + unit, (arm) => estimate((arm.area || {})[unit]), (arm) => arm.area && arm.area[unit]],
    ...pairColumns((arm) => arm.against_first || {}, "Against " + first),
    [
      "Runs",
      (arm) => arm.ok + " done" + (arm.failed > 0 ? ", " + arm.failed + " failed" : "") +
          (arm.unfinished > 0 ? ", " + arm.unfinished + " unfinished" : ""),
      (arm) => isNumber(arm.ok)
    ],
  ], comparison.arms);
}

// The verdicts of all pairs, where they were asked for.
function pairs(comparison) {
  if (!isRows(comparison.pairs)) return [];
  const name = ["Pair", (pair) => shown(pair.arm + " − " + pair.first), () => true];
  return [el("h3", null, "All pairs"), tableOf("All pairs", [name, ...pairColumns((pair) => pair, "Difference")], comparison.pairs)];
}

// What the arms' completions of the test do: pass@k and traits, means over seeds. Nothing if no arm says it.
function behaviour(comparison) {
  const fields = [["pass_at", (k) => "pass@" + k, percent], ["traits", words, number]];
  const rows = fields.flatMap(([field, label, text]) => {
    const of = (arm) => (arm[field] && typeof arm[field] === "object" ? arm[field] : {});
    const names = [...new Set(comparison.arms.flatMap((arm) => Object.keys(of(arm))))];
    return names.map((name) => [shown(label(name)), ...comparison.arms.map((arm) => (isNumber(of(arm)[name]) ? text(of(arm)[name]) : "–"))]);
  });
  if (rows.length === 0) return [];
  const heads = comparison.arms.map((arm) => shown(String(arm.name)));
  const columns = heads.map((_, i) => i + 1);
  return [el("h3", null, "What the completions of the test do"), table("What the completions of the test do", ["", ...heads], rows, columns)];
}

function showComparison() {
  const comparison = data.comparison, place = $("comparison");
  if (!comparison || typeof comparison !== "object") return;
  place.hidden = false;
  if (isRows(comparison.arms)) {
    place.append(arms(comparison), ...pairs(comparison), ...behaviour(comparison));
    const failed = comparison.arms.flatMap(
        (arm) => (isRows(arm.runs) ? arm.runs : []).filter((run) => run.error).map((run) => run.run + " failed: " + run.error));
    const said = [...failed, ...(Array.isArray(comparison.warnings) ? comparison.warnings.filter((text) => typeof text === "string") : [])];
    if (said.length > 0) place.append(el("ul", {class: "cautions"}, said.map((text) => el("li", null, shown(text)))));
    const unit = (comparison.budget || {}).unit;
    const grouped = comparison.arms.filter((arm) => groupOf(arm) >= 0);
    const known = (field) => grouped.filter((arm) => isRows(arm[field]) && arm[field].length === (comparison.arms[0][field] || []).length);
    const possible = [
      [known("curve").filter((arm) => arm.curve.every((p) => isNumber(p[unit]))), (some) => budgetChart(some, unit)],
      [known("profile"), profileChart]
    ];
    for (const [some, chart] of possible.filter(([some]) => some.length > 0)) {
      const {figure, draw} = chart(some);
      place.append(figure);
      draw();
    }
  }
  const rest = Array.isArray(comparison) ? {rows: comparison} : comparison;
  place.append(
      el("details", {open: !isRows(comparison.arms)}, el("summary", null, "Everything in comparison.json"), ...block("", rest, 0).filter(Boolean)));
}

// ---- settings ----

function differences(title, part, columns, note) {
  const out = [el("h3", null, title)];
  if (part.different.length > 0)
    out.push(table(title, ["", ...columns], part.different.map((row) => [shown(row.key), ...row.values.map((v) => (v === "" ? "–" : shown(v)))])));
  else if (columns.length > 1)
    out.push(el("p", {class: "note"}, note));
  if (part.equal.length > 0) {
    out.push(
        el("details", null, el("summary", null, columns.length > 1 ? part.equal.length + " that are equal" : "All " + part.equal.length),
           table(title + ", equal", ["", "Value"], part.equal.map(([key, value]) => [shown(key), shown(value)]))));
  }
  return out;
}

function showSettings() {
  const groups = data.groups.map((group, g) => el("span", {class: "name"}, swatch(g), " ", shown(group.label)));
  $("settings")
      .append(
          ...differences("Configuration", data.settings, groups, "No setting but the seed differs."),
          ...differences(
              "Made with", data.made, data.runs.map((run) => shown(run.name)),
              "All runs were made by the same program on the same machine, and evaluated on the same problems."));
}

// ---- outcomes: shares of the reasons a task gave, one run at a time ----

function runChoices() { return data.runs.map((run, r) => [String(r), run.name]); }

const reasonColor = (i) => css("--curve-" + (i % 8));
const kReasonsShown = 7;

function outcomesOf(run, kind) {
  const series = kind === "eval" ? run.eval : run.train, prefix = kind + "/reasons/";
  const names = Object.keys(series.values).filter((name) => name.startsWith(prefix));
  const total = (name) => series.values[name].reduce((a, v) => a + (v || 0), 0);
  names.sort((a, b) => total(b) - total(a) || (a < b ? -1 : 1));
  const filled = (name) => smooth(series.values[name].map((v) => v || 0), kind === "eval" ? 1 : smoothing());
  const rows = names.slice(0, kReasonsShown).map((name) => ({name: name.slice(prefix.length).replace(/_/g, " "), y: filled(name)}));
  const rest = names.slice(kReasonsShown).map(filled);
  if (rest.length > 0) rows.push({name: "other reasons", y: rest[0].map((_, i) => rest.reduce((a, y) => a + y[i], 0))});
  return {x: series[view.x], rows};
}

function showOutcomes() {
  const self = {run: "0", kind: "train", u: null, draw};
  const plot = el("div", {class: "plot", role: "img"}), legend = el("div", {class: "legend"});
  if (data.runs.every((run) => outcomesOf(run, "train").rows.length === 0 && outcomesOf(run, "eval").rows.length === 0)) {
    $("outcomes").append(el("p", {class: "note"}, "No completion was judged yet."));
    return;
  }
  const change = (key) => (value) => {
    self[key] = value;
    draw();
  };
  $("outcomes")
      .append(
          el("div", {class: "controls"}, data.runs.length > 1 && choice("Run", runChoices(), self.run, change("run")),
             switcher("Completions of", [["train", "Training"], ["eval", "Evaluation"]], self.kind, change("kind"))),
          el("figure", {class: "chart tall"}, plot, legend),
          el("p", {class: "note"}, "Shares of completions by the reason the task gave; the commonest reasons are named."));

  function draw() {
    if (self.u) self.u.destroy();
    const {x, rows} = outcomesOf(data.runs[Number(self.run)], self.kind);
    plot.replaceChildren();
    const last = x.length - 1;
    legend.replaceChildren(...rows.map(
        (row, i) =>
            el("span", null, el("i", {style: "background: var(--curve-" + (i % 8) + ")"}), shown(row.name), " ",
               el("b", null, percent(row.y[0], 0) + " → " + percent(row.y[last], 0)))));
    plot.setAttribute(
        "aria-label",
        "Shares of outcomes, first to last: " +
            rows.map((row) => row.name + " " + percent(row.y[0], 0) + " to " + percent(row.y[last], 0)).join(", "));
    if (rows.length === 0 || x.length === 0) {
      plot.append(el("p", {class: "empty"}, "No values yet."));
      return;
    }
    const below = x.map(() => 0), stacks = rows.map((row) => row.y.map((v, i) => (below[i] += v)));
    const series =
        [{}, ...rows.map((row, i) => ({stroke: reasonColor(i), width: 1, fill: faded(reasonColor(i), 55), points: {show: x.length === 1}}))];
    self.u = new uPlot(
        {
          width: Math.max(200, plot.clientWidth),
          height: 280,
          padding: [10, 12, 0, 0],
          series,
          pxAlign: 0,
          legend: {show: false},
          bands: rows.slice(1).map((_, i) => ({series: [i + 2, i + 1]})),
          scales: {x: {time: false}, y: {range: [0, 1]}},
          axes: [axis(kAxes[view.x][1], {size: 28, space: 56}), axis((v) => percent(v, 0), {size: 58})],
          cursor: {show: false}
        },
        [x, ...stacks], plot);
  }
  new ResizeObserver(() => {
    if (self.u && plot.clientWidth > 0) self.u.setSize({width: plot.clientWidth, height: 280});
  }).observe(plot);
  charts.push(self);
}

// ---- time ----

function showTime() {
  const names = [...new Set(data.runs.flatMap((run) => run.time.parts.map((part) => part.name)))];
  const order = ["warm start", "rollout", "scoring", "update", "evaluation", "other"];
  names.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  if (names.length === 0) {
    $("time").append(el("p", {class: "note"}, "No step was timed yet."));
    return;
  }
  const color = (name) => "var(--curve-" + order.indexOf(name) + ")";
  const rows = data.runs.map((run) => {
    const part = (name) => (run.time.parts.find((p) => p.name === name) || {seconds: 0}).seconds;
    const bar =
        el("div", {class: "bar", "aria-hidden": "true"},
           names.map((name) => el("i", {style: "background: " + color(name) + "; flex-grow: " + (part(name) || 0)})));
    return [
      el("span", {class: "name"}, swatch(run.group), " ", shown(run.name)), bar, duration(run.time.total),
      ...names.map((name) => el("span", null, duration(part(name)), el("small", null, " " + percent(part(name) / run.time.total, 0))))
    ];
  });
  const head = [
    "Run", "", "Total", ...names.map((name) => el("span", {class: "name"}, el("i", {class: "dot", style: "background: " + color(name)}), " " + name))
  ];
  $("time").append(table("Seconds by what they were spent on", head, rows, head.map((_, i) => i).slice(2)));
}
