// Of the report's script: puts the page together. Curves come first; the completions are parsed after the page has been painted.

const kMetrics = [
  ["train/reward", "Reward", "mean raw reward of a completion"],
  ["train/accuracy", "Training accuracy", "share with the full reward"],
  ["train/kl", "KL", "from the sampling policy, nats a token"],
  ["train/entropy", "Entropy", "nats a token; near 0 the policy has stopped trying"],
  ["train/length", "Length", "tokens of a completion"],
  ["train/truncated", "Truncated", "share cut at the longest length"],
  ["train/mixed_groups", "Mixed groups", "share of problems whose samples differ in reward"],
  ["train/gradient_norm", "Gradient norm", "before clipping"],
  ["train/logp_gap", "Sampler against trainer", "mean distance of their log-probabilities"],
];
const kRest = [
  ["train/failed", "Not judged", "share the task could not judge"],
  ["train/learning_rate", "Learning rate", ""],
  ["train/loss", "Loss", "of a policy gradient: near 0 is normal"],
  ["speed/tokens", "Speed", "sampled tokens a second, over the whole step"],
  ["warm_start/loss", "Warm start", "nats a token of the demonstrations"],
];

// Every metric of the runs, beside reasons, that has a value.
function metricNames(part) {
  return [...new Set(data.runs.flatMap((run) => Object.keys(run[part].values)))].filter((name) => !name.includes("/reasons/")).sort();
}

function showControls() {
  const longest = Math.max(0, ...data.runs.map((run) => run.train.step.length));
  const windows = [1, 5, 21, 51, 101, 201].filter((n) => n === 1 || n * 3 < longest);
  const seeds = data.groups.some((group) => group.runs.length > 1);
  const set = (key, read) => (value) => {
    view[key] = read(value);
    redraw();
  };
  const groups = data.groups.map((group, g) => {
    const button =
        el("button", {
          type: "button",
          class: "group",
          "aria-pressed": "true",
          onclick: () => {
            const hide = !view.hidden.has(g);
            if (hide)
              view.hidden.add(g);
            else
              view.hidden.delete(g);
            button.setAttribute("aria-pressed", String(!hide));
            redraw();
          }
        },
           swatch(g), " ", shown(group.label), el("small", null, group.runs.length > 1 ? " " + group.runs.length + " seeds" : ""));
    return button;
  });
  $("controls")
      .append(...[switcher("Over", Object.entries(kAxes).map(([key, [label]]) => [key, label]), view.x, set("x", String)),
                  windows.length > 1 &&
                      choice(
                          "Smoothing", [["0", "automatic"], ...windows.map((n) => [String(n), n === 1 ? "off" : n + " steps"])], "0",
                          set("window", Number)),
                  seeds &&
                      el("label", {class: "field check"}, el("input", {
                           type: "checkbox",
                           checked: true,
                           onchange: (event) => {
                             view.seeds = event.target.checked;
                             redraw();
                           }
                         }),
                         el("span", null, "Seeds")),
                  data.groups.length > 1 && el("div", {class: "field groups", role: "group", "aria-label": "Groups of runs"}, groups)]
                  .filter(Boolean));
}

function curveNote() {
  const parts = [];
  if (data.groups.some((group) => group.runs.length > 1))
    parts.push(
        "Runs that differ only in their seed are one group: thin lines are seeds, the thick line is their mean at the steps they all have, the band reaches from the lowest to the highest.");
  if (data.groups.some((group) => group.runs.length === 1)) parts.push("The band of a single run's accuracy is Wilson's 95 % interval.");
  if (smoothing() > 1) parts.push("Training curves are means over " + smoothing() + " steps.");
  const thinned = data.runs.filter((run) => run.train.every > 1);
  if (thinned.length > 0) parts.push("Of long runs every " + Math.max(...thinned.map((run) => run.train.every)) + "th step at most is drawn.");
  parts.push("Drag to zoom, double-click to go back.");
  $("curve-note").textContent = parts.join(" ");
}

function showCurves() {
  const evals = metricNames("eval").filter((name) => name.startsWith("eval/") && !/_low$|_high$|\/problems$|\/keys$/.test(name));
  const names =
      {"eval/accuracy": "sampled", "eval/greedy": "greedy", "eval/length": "length", "eval/truncated": "truncated", "eval/failed": "not judged"};
  const order = Object.keys(names);
  evals.sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99) || a.localeCompare(b, "en", {numeric: true}));
  const hero = chart("eval/accuracy", "Held-out accuracy", "share of sampled completions that earn the full reward", true);
  $("accuracy").append(hero.figure);
  if (evals.length > 1) {
    const label = (name) => names[name] || name.slice(5).replace(/_/g, " ").replace("pass at ", "pass@");
    hero.figure.querySelector(".chart-head").insertBefore(choice("Show", evals.map((name) => [name, label(name)]), "eval/accuracy", (name) => {
                                                            hero.figure.querySelector("h3").firstChild.textContent =
                                                                name === "eval/accuracy" ? "Held-out accuracy" : "Evaluation: " + label(name);
                                                            hero.setName(
                                                                name,
                                                                name === "eval/accuracy" ? "share of sampled completions that earn the full reward" :
                                                                                           "on the held-out problems");
                                                          }), hero.figure.querySelector(".chart-head button"));
  }
  const known = new Set([...metricNames("train"), ...metricNames("warm")]);
  const add = (target, [name, title, hint]) => {
    target.append(chart(name, title, hint, false).figure);
  };
  kMetrics.filter(([name]) => known.has(name)).forEach((metric) => add($("charts"), metric));
  const listed = new Set([...kMetrics, ...kRest].map(([name]) => name));
  const rest = [
    ...kRest.filter(([name]) => known.has(name)),
    ...[...known]
        .filter((name) => !listed.has(name) && name !== "warm_start/step")
        .map((name) => [name, name.replace(/^[a-z]+\//, "").replace(/_/g, " "), ""])
  ];
  if (rest.length === 0) $("more").hidden = true;
  $("more").addEventListener("toggle", () => {
    const grid = $("more").querySelector(".grid");
    if (!$("more").open || grid.children.length > 0) return;
    const before = charts.length;
    rest.forEach((metric) => add(grid, metric));
    charts.slice(before).forEach((one) => one.draw());
  });
}

showComparison();
showHead();
showRuns();
showControls();
showCurves();
showOutcomes();
showTime();
showSettings();
curveNote();
redraw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
requestAnimationFrame(() => setTimeout(showCompletions, 0));
