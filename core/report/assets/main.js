// The report's script, last part: puts the page together. Curves come first; completions are parsed after the page has been painted.

// The metrics that are drawn as curves of this kind ("shown" or "folded"), in the order of their table.
const metricsOf = (curve, isWanted) => data.metrics.filter((metric) => metric.curve === curve && isWanted(metric.name));

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
  const isEvaluation = (name) => name.startsWith("eval/");
  const isTraining = (name) => data.runs.some((run) => name in run.train.values || name in run.warm.values);
  const evaluations = [...metricsOf("shown", isEvaluation), ...metricsOf("folded", isEvaluation)];
  const held = metricOf["eval/accuracy"] || {name: "eval/accuracy", title: "Held-out accuracy", hint: ""};
  const hero = chart(held.name, held.title, held.hint, true);
  $("accuracy").append(hero.figure);
  if (evaluations.length > 1) {
    const show = (name) => {
      const metric = metricOf[name];
      hero.figure.querySelector("h3").firstChild.textContent = metric === held ? held.title : "Evaluation: " + metric.title;
      hero.setName(name, metric.hint);
    };
    hero.figure.querySelector(".chart-head")
        .insertBefore(
            choice("Show", evaluations.map((metric) => [metric.name, metric.title]), held.name, show),
            hero.figure.querySelector(".chart-head button"));
  }
  const add = (target, metric) => target.append(chart(metric.name, metric.title, metric.hint, false).figure);
  metricsOf("shown", isTraining).forEach((metric) => add($("charts"), metric));
  const folded = metricsOf("folded", isTraining);
  if (folded.length === 0) $("more").hidden = true;
  $("more").addEventListener("toggle", () => {
    const grid = $("more").querySelector(".grid");
    if (!$("more").open || grid.children.length > 0) return;
    const before = charts.length;
    folded.forEach((metric) => add(grid, metric));
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
