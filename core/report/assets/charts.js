// The report's script, part two: curves. A group is the runs that differ only in their seed: thin lines are its seeds, the thick line is their
// mean, and the band reaches from the lowest to the highest. A group of one run has one line, and its accuracy has Wilson's 95 % interval.

const data = JSON.parse($("data").textContent);
const view = {
  x: "step",
  window: 0,
  seeds: true,
  hidden: new Set(),
  metric: "eval/accuracy"
};
const kAxes = {
  step: ["Steps", amount],
  tokens: ["Tokens", amount],
  seconds: ["Seconds", duration]
};
const kDashes = [[], [9, 4], [3, 3], [12, 4, 3, 4]];
const charts = [];

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const groupColor = (g) => css("--curve-" + (g % 8));
const groupDash = (g) => kDashes[(Math.floor(g / 8) + g) % 4];
const swatch = (g) =>
    el("span", {class: "swatch dash-" + ((Math.floor(g / 8) + g) % 4), style: "color: var(--curve-" + (g % 8) + ")", "aria-hidden": "true"});
const faded = (color, share) => color + Math.round(2.55 * share).toString(16).padStart(2, "0");  // of #rrggbb

const metricOf = Object.fromEntries(data.metrics.map((metric) => [metric.name, metric]));
const unitOf = (name) => (metricOf[name] ? metricOf[name].unit : "");
const isShare = (name) => unitOf(name) === "share";
const valueText = (name) => (isShare(name) ? (v) => percent(v) : unitOf(name).startsWith("tokens") ? amount : number);
const seriesOf = (run, name) => [run.eval, run.warm, run.train].find((series) => name in series.values) || run.train;

// The mean of the values in a window around each index; null where there is no value.
function smooth(values, window) {
  if (window <= 1) return values;
  const half = Math.floor(window / 2);
  const sums = [0], counts = [0];
  values.forEach((v, i) => {
    sums.push(sums[i] + (isNumber(v) ? v : 0));
    counts.push(counts[i] + (isNumber(v) ? 1 : 0));
  });
  return values.map((v, i) => {
    const from = Math.max(0, i - half), to = Math.min(values.length, i + half + 1), n = counts[to] - counts[from];
    return isNumber(v) && n > 0 ? (sums[to] - sums[from]) / n : null;
  });
}

// Steps in the window of a mean: a hundredth of the longest run, unless the reader chose another number.
function smoothing() {
  if (view.window > 0) return view.window;
  const longest = Math.max(0, ...data.runs.map((run) => run.train.step.length));
  return longest < 200 ? 1 : 2 * Math.floor(longest / 200) + 1;
}

// The curve of one run, or null: {x, y, step}.
function curveOf(run, name) {
  const series = seriesOf(run, name), values = series.values[name];
  if (!values || !values.some(isNumber)) return null;
  const x = name.startsWith("warm_start/") && view.x !== "seconds" ? series.values["warm_start/step"] || series.step : series[view.x];
  return {x, step: series.step, y: name.startsWith("eval/") ? values : smooth(values, smoothing())};
}

// Mean, lowest and highest at the steps that all the curves have.
function bandOf(curves) {
  const places = curves.map((curve) => new Map(curve.step.map((step, i) => [step, i])));
  const out = {x: [], y: [], low: [], high: [], step: []};
  for (const step of curves[0].step) {
    const at = places.map((place) => place.get(step));
    if (at.includes(undefined)) continue;
    const ys = curves.map((curve, i) => curve.y[at[i]]), xs = curves.map((curve, i) => curve.x[at[i]]);
    if (!ys.every(isNumber) || !xs.every(isNumber)) continue;
    out.step.push(step);
    out.x.push(xs.reduce((a, b) => a + b) / xs.length);
    out.y.push(ys.reduce((a, b) => a + b) / ys.length);
    out.low.push(Math.min(...ys));
    out.high.push(Math.max(...ys));
  }
  return out;
}

// What is drawn for a metric: an entry for each visible group, {group, main: {x, y, low, high}, seeds: [curve…]}.
function groupsOf(name) {
  const out = [];
  data.groups.forEach((group, g) => {
    if (view.hidden.has(g)) return;
    const found = group.runs.map((r) => ({run: data.runs[r], curve: curveOf(data.runs[r], name)})).filter((c) => c.curve);
    if (found.length === 0) return;
    if (found.length > 1) {
      out.push({group: g, main: bandOf(found.map((c) => c.curve)), seeds: view.seeds ? found.map((c) => c.curve) : []});
      return;
    }
    const {run, curve} = found[0], main = {...curve};
    if (name === "eval/accuracy") {
      main.low = run.eval.values["eval/accuracy_low"];
      main.high = run.eval.values["eval/accuracy_high"];
    }
    out.push({group: g, main, seeds: []});
  });
  return out;
}

// What uPlot takes: a table for each curve, the series, and the pairs of series that bound bands.
function tablesOf(groups) {
  const tables = [], series = [{}], bands = [];
  const add = (x, ys, options) => {
    tables.push([x, ...ys]);
    ys.forEach((y, i) => series.push({spanGaps: false, points: {show: x.length === 1}, ...options[i]}));
    return series.length - ys.length;
  };
  for (const entry of groups) {
    const color = groupColor(entry.group);
    if (entry.main.low && entry.main.high) {
      const edge = {stroke: "transparent", width: 0, points: {show: false}};
      const first = add(entry.main.x, [entry.main.high, entry.main.low], [edge, edge]);
      bands.push({series: [first, first + 1], fill: faded(color, 16)});
    }
    for (const seed of entry.seeds) add(seed.x, [seed.y], [{stroke: faded(color, 45), width: 1, seed: true}]);
  }
  for (const entry of groups) {
    const few = entry.main.x.length <= 24;
    entry.place =
        add(entry.main.x, [entry.main.y],
            [{stroke: groupColor(entry.group), width: 2, dash: groupDash(entry.group), points: {show: few, size: 5, fill: groupColor(entry.group)}}]);
  }
  return {tables, series, bands};
}

function yRange(share) {
  return (u, low, high) => {
    if (!isNumber(low) || !isNumber(high)) return [0, 1];
    const pad = (high - low || Math.abs(high) || 1) * 0.08;
    const bottom = low >= 0 && (share || low < high * 0.6) ? 0 : low - pad;
    return [bottom, share ? Math.min(1.0001, high + pad) : high + pad];
  };
}

function axis(text, extra) {
  return {
    stroke: css("--muted"),
    font: "12px system-ui, sans-serif",
    grid: {stroke: css("--line"), width: 1},
    ticks: {show: false},
    values: (u, splits) => splits.map((v) => (v === null ? "" : text(v))),
    ...extra
  };
}

// The index nearest to `at` where a series has a value; -1 if it has none.
function nearest(values, at) {
  for (let d = 0; d < values.length; ++d) {
    if (isNumber(values[at - d])) return at - d;
    if (isNumber(values[at + d])) return at + d;
  }
  return -1;
}

// A figure with a metric's curves. `draw` draws them anew after any change of the view.
function chart(name, title, hint, tall) {
  const plot = el("div", {class: "plot", tabindex: "0", role: "group", "aria-roledescription": "chart", onkeydown: (event) => walk(event)});
  const tip = el("div", {class: "tip", "aria-hidden": "true"});
  const values = el("div", {class: "values"});
  const button = el(
      "button", {type: "button", class: "quiet", "aria-pressed": "false", onclick: () => showTable(button.getAttribute("aria-pressed") !== "true")},
      "Table");
  const caption = el("span", {class: "metric"});
  const heading = el("h3", null, title, " ", caption);
  const figure =
      el("figure", {class: tall ? "chart tall" : "chart"},
         el("div", {class: "chart-head"}, el("div", null, heading, el("p", {class: "hint"}, hint)), button), plot, values);
  const self = {figure, name, u: null, groups: [], draw, setName, plot};

  function setName(next, nextHint) {
    self.name = next;
    figure.querySelector(".hint").textContent = nextHint;
    draw();
  }

  function draw() {
    if (self.u) self.u.destroy();
    self.u = null;
    plot.replaceChildren(tip);
    tip.hidden = true;
    const [xName, xText] = kAxes[view.x], yText = valueText(self.name);
    caption.textContent = self.name;
    self.groups = groupsOf(self.name);
    figure.dataset.curves = self.groups.reduce((n, g) => n + 1 + g.seeds.length, 0);
    figure.dataset.bands = self.groups.filter((g) => g.main.low).length;
    plot.setAttribute(
        "aria-label",
        title + " over " + xName.toLowerCase() + ": " +
            (self.groups.map((g) => data.groups[g.group].label + " ends at " + yText(g.main.y[nearest(g.main.y, g.main.y.length - 1)])).join(", ") ||
             "no values") +
            ". Left and right arrow keys read the values.");
    if (button.getAttribute("aria-pressed") === "true") fillTable();
    if (self.groups.length === 0) {
      plot.append(el("p", {class: "empty"}, view.hidden.size > 0 ? "Nothing is switched on that has values." : "No values yet."));
      return;
    }
    const {tables, series, bands} = tablesOf(self.groups);
    self.u = new uPlot(
        {
          width: Math.max(200, plot.clientWidth),
          height: tall ? 320 : 190,
          padding: [10, 12, 0, 0],
          series,
          bands,
          legend: {show: false},
          pxAlign: 0,
          scales: {x: {time: false}, y: {range: yRange(isShare(self.name))}},
          axes: [
            axis(xText, {size: 28, space: 56}),
            axis(isShare(self.name) ? (v) => percent(v, v > 0 && v < 0.01 ? 1 : 0) : valueText(self.name), {size: 58, space: 34})
          ],
          cursor: {y: false, points: {show: false}, sync: {key: "curves"}},
          hooks: {setCursor: [(u) => showTip(u)]},
        },
        uPlot.join(tables), plot);
  }

  function lines(u, at) {
    return self.groups.map((entry) => {
      const place = nearest(u.data[entry.place], at), x = u.data[0][place], i = entry.main.x.lastIndexOf(x);
      const band = entry.main.low && isNumber(entry.main.low[i]) ?
          " [" + valueText(self.name)(entry.main.low[i]) + ", " + valueText(self.name)(entry.main.high[i]) + "]" :
          "";
      return {group: entry.group, x, text: valueText(self.name)(u.data[entry.place][place]) + band};
    });
  }

  function showTip(u) {
    const at = u.cursor.idx, mine = plot.matches(":hover") || plot === document.activeElement;
    tip.hidden = !mine || at === null || at === undefined || u.cursor.left < 0;
    if (tip.hidden) return;
    const read = lines(u, at);
    tip.replaceChildren(
        el("strong", null, view.x === "step" ? "step " + whole(read[0].x) : kAxes[view.x][1](read[0].x) + (view.x === "tokens" ? " tokens" : "")),
        ...read.map((line) => el("div", null, swatch(line.group), " ", data.groups[line.group].label, "  ", el("b", null, line.text))));
    const box = u.over.getBoundingClientRect(), outer = plot.getBoundingClientRect(), left = box.left - outer.left + u.cursor.left;
    const right = u.cursor.left > box.width / 2;
    tip.style.left = right ? "auto" : left + 14 + "px";
    tip.style.right = right ? outer.width - left + 14 + "px" : "auto";
    tip.style.top = box.top - outer.top + 6 + "px";
  }

  // Arrow keys, Home and End move the cursor from value to value; Escape takes it away.
  function walk(event) {
    const u = self.u, last = u ? u.data[0].length - 1 : -1, now = u && u.cursor.left >= 0 && isNumber(u.cursor.idx) ? u.cursor.idx : null;
    const step = Math.max(1, Math.round(last / 200));
    const next = {ArrowRight: now === null ? 0 : now + step, ArrowLeft: now === null ? last : now - step, Home: 0, End: last}[event.key];
    if (!u || (next === undefined && event.key !== "Escape")) return;
    event.preventDefault();
    if (event.key === "Escape") {
      u.setCursor({left: -10, top: -10});
      return;
    }
    const at = Math.max(0, Math.min(last, next));
    u.setCursor({left: u.valToPos(u.data[0][at], "x"), top: 10});
    u.cursor.idx = at;
    showTip(u);
    const read = lines(u, at);
    $("spoken").textContent =
        kAxes[view.x][0] + " " + kAxes[view.x][1](read[0].x) + ": " + read.map((line) => data.groups[line.group].label + " " + line.text).join(", ");
  }

  function showTable(on) {
    button.setAttribute("aria-pressed", String(on));
    if (on)
      fillTable();
    else
      values.replaceChildren();
  }

  // At most 50 rows of the values, evenly spaced.
  function fillTable() {
    const text = valueText(self.name), rows = [];
    for (const entry of self.groups) {
      const n = entry.main.x.length, every = Math.max(1, Math.ceil(n / 50));
      for (let i = 0; i < n; i += every) {
        const at = i + every >= n ? n - 1 : i;
        rows.push([
          kAxes[view.x][1](entry.main.x[at]), data.groups[entry.group].label, text(entry.main.y[at]),
          entry.main.low ? text(entry.main.low[at]) + " – " + text(entry.main.high[at]) : ""
        ]);
      }
    }
    values.replaceChildren(table(title, [kAxes[view.x][0], "Group", "Value", "Band"], rows, [0, 2, 3]));
  }

  new ResizeObserver(() => {
    if (self.u && plot.clientWidth > 0 && Math.abs(plot.clientWidth - self.u.width) > 1)
      self.u.setSize({width: plot.clientWidth, height: self.u.height});
  }).observe(plot);
  charts.push(self);
  return self;
}

// A chart of estimates, {value, low, high} of each arm at the places `at`: lines with bands.
function estimatesChart(arms, {title, hint, at, entries, place, head, y}) {
  const plot = el("div", {class: "plot", role: "img", "aria-label": title + "; the table below holds the values"});
  const self = {u: null, draw};
  const part = (arm, name) => entries(arm).map((p) => (isNumber(p[name]) ? p[name] : null));

  function draw() {
    if (self.u) self.u.destroy();
    const groups = arms.map((arm) => ({group: groupOf(arm), main: {x: at, y: part(arm, "value"), low: part(arm, "low"), high: part(arm, "high")}, seeds: []}));
    const {tables, series, bands} = tablesOf(groups);
    self.u = new uPlot(
        {
          width: Math.max(200, plot.clientWidth),
          height: 240,
          padding: [10, 24, 0, 0],
          series,
          bands,
          legend: {show: false},
          pxAlign: 0,
          scales: {x: {time: false}, y: {range: y}},
          axes: [axis(place, {size: 28, space: 56}), axis((v) => percent(v, 0), {size: 58, space: 34})],
          cursor: {show: false}
        },
        uPlot.join(tables), plot);
  }

  new ResizeObserver(() => {
    if (self.u && plot.clientWidth > 0 && Math.abs(plot.clientWidth - self.u.width) > 1) self.u.setSize({width: plot.clientWidth, height: 240});
  }).observe(plot);
  charts.push(self);
  const rows = at.map((x, i) => [place(x), ...arms.map((arm) => percent(entries(arm)[i].value) + interval(entries(arm)[i].low, entries(arm)[i].high))]);
  const figure = el(
      "figure", {class: "chart profile"}, el("h3", null, title), el("p", {class: "hint"}, hint), plot,
      el("p", {class: "hint"}, arms.map((arm) => el("span", {class: "name"}, swatch(groupOf(arm)), " " + shownName(arm) + "\u2003"))),
      el("details", null, el("summary", null, "Table"), table(title, [head, ...arms.map(shownName)], rows, rows[0].map((cell, i) => i))));
  return {figure, draw};
}

// The shares of runs above each accuracy: from the last that every run is above to the first that none is.
function profileChart(arms) {
  const all = (i, share) => arms.every((arm) => arm.profile[i].value === share), count = arms[0].profile.length;
  let first = 0, end = count;
  while (first + 1 < count && all(first + 1, 1)) ++first;
  while (end - 2 > first && all(end - 2, 0)) --end;
  return estimatesChart(arms, {
    title: "Performance profiles",
    hint: "Share of runs whose test accuracy is above the accuracy below the line; higher is better everywhere.",
    at: arms[0].profile.slice(first, end).map((p) => p.above),
    entries: (arm) => arm.profile.slice(first, end),
    place: (v) => percent(v, 0),
    head: "Above",
    y: [0, 1.0001]
  });
}

// The arms' curves over what the budget counts, at the same places for all.
function budgetChart(arms, unit) {
  return estimatesChart(arms, {
    title: "Validation accuracy over the budget",
    hint: "Mean of the seeds, with Student's 95 % interval, over the " + unit + " of the budget; read at the same places for every arm.",
    at: arms[0].curve.map((p) => p[unit]),
    entries: (arm) => arm.curve,
    place: unit === "seconds" ? duration : amount,
    head: words(unit),
    y: yRange(true)
  });
}

const redraw = () => charts.forEach((one) => one.draw());
