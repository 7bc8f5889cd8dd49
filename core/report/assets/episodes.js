// The report's script, part four: completions. A list of those that match the filters, with the chosen one next to it; or one problem under two
// runs.

const kPage = 100;  // rows of the list; more on demand

function showCompletions() {
  const book = JSON.parse($("episodes").textContent);
  const place = $("completions");
  const groups = book.runs.map((run) => run.groups);
  const all = groups.flatMap((list, r) => list.map((group, i) => ({run: r, place: i, group})));
  if (all.length === 0) {
    place.append(el("p", {class: "note"}, "The run folders hold no completions."));
    place.dataset.ready = "";
    return;
  }
  const rewards = all.flatMap((entry) => entry.group.samples.map((s) => s.reward)).filter(isNumber);
  const lowest = rewards.reduce((a, b) => Math.min(a, b), Infinity), highest = rewards.reduce((a, b) => Math.max(a, b), -Infinity);
  const meanReward = (group) => mean(group.samples.map((s) => s.reward).filter(isNumber));
  const want = {
    mode: "one",
    a: "0",
    b: data.runs.length > 1 ? String(otherRun()) : "0",
    step: "",
    reason: "",
    reward: "",
    difficulty: "",
    who: "",
    text: "",
    order: ""
  };
  let rows = [], limit = kPage, chosen = 0;

  // A run of another group, with the same seed if there is one.
  function otherRun() {
    const first = data.runs[0], others = data.runs.map((run, r) => r).filter((r) => data.runs[r].group !== first.group);
    const twin = others.find((r) => data.runs[r].seed === first.seed);
    return twin !== undefined ? twin : others.length > 0 ? others[0] : 1;
  }

  // ---- what matches ----

  const bucket = (group) => (isNumber(group.difficulty) ? Math.floor(group.difficulty) : null);
  function rewardFits(reward) {
    if (want.reward === "") return true;
    if (!isNumber(reward)) return want.reward === "none";
    if (want.reward === "high") return reward === highest;
    if (want.reward === "low") return reward === lowest;
    return want.reward === "between" && reward > lowest && reward < highest;
  }
  const groupFits = (group) =>
      (want.step === "" || String(group.step) === want.step) && (want.difficulty === "" || String(bucket(group)) === want.difficulty);
  const textFits = (group, sample) =>
      want.text === "" || [group.prompt, group.key, sample.text, sample.tail || ""].some((text) => text.toLowerCase().includes(want.text));

  function single() {
    const out = [];
    for (const group of groups[Number(want.a)]) {
      if (!groupFits(group)) continue;
      for (const sample of group.samples) {
        if ((want.reason === "" || String(sample.reason) === want.reason) && rewardFits(sample.reward) && textFits(group, sample))
          out.push({group, sample});
      }
    }
    const by = {
      longest: (r) => -r.sample.tokens,
      shortest: (r) => r.sample.tokens,
      highest: (r) => -(r.sample.reward ?? -Infinity),
      lowest: (r) => r.sample.reward ?? Infinity
    }[want.order];
    return by ? out.map((row, i) => [by(row), i, row]).sort((x, y) => x[0] - y[0] || x[1] - y[1]).map((x) => x[2]) : out;
  }

  // Problems that both runs met: at the same step if they did, else at the nearest. One run against itself: first and last meeting.
  function pairs() {
    const key = (group) => group.key || group.prompt, met = new Map();
    for (const group of groups[Number(want.b)]) met.set(key(group), [...(met.get(key(group)) || []), group]);
    const out = [], done = new Set();
    for (const a of groups[Number(want.a)]) {
      const others = (met.get(key(a)) || []).filter((b) => b !== a);
      if (others.length === 0 || (want.a === want.b && done.has(key(a)))) continue;
      done.add(key(a));
      const b = want.a === want.b ? others[others.length - 1] :
                                    others.reduce((best, g) => (Math.abs(g.step - a.step) < Math.abs(best.step - a.step) ? g : best));
      if (want.a === want.b && b.step === a.step) continue;
      const gain = meanReward(b) - meanReward(a);
      const fits = want.who === "" || (want.who === "a" && gain < 0) || (want.who === "b" && gain > 0) || (want.who === "equal" && gain === 0);
      if (fits && groupFits(a) && [...a.samples, ...b.samples].some((s) => textFits(a, s))) out.push({a, b});
    }
    return out;
  }

  // ---- the controls ----

  const set = (key) => (value) => {
    want[key] = value;
    update();
  };
  const numeric = (values) => [...new Set(values)].sort((x, y) => x - y);
  const steps = numeric(all.map((entry) => entry.group.step)), difficulties = numeric(all.map((entry) => bucket(entry.group)).filter(isNumber));
  const reasons = book.reasons.map((text, i) => [String(i), text || "(none)"]).sort((x, y) => (x[1] < y[1] ? -1 : 1));
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "text of prompt or completion",
    oninput: () => {
      want.text = search.value.toLowerCase();
      update();
    }
  });
  const fields = {
    a: choice(data.runs.length > 1 ? "Run" : "Run A", runChoices(), want.a, set("a")),
    b: choice("Against", runChoices(), want.b, set("b")),
    step: choice("Step", [["", "all"], ...steps.map((s) => [String(s), String(s)])], "", set("step")),
    reward: choice(
        "Reward",
        [
          ["", "any"], ["high", "highest (" + number(highest) + ")"], ["between", "between"], ["low", "lowest (" + number(lowest) + ")"],
          ["none", "not judged"]
        ],
        "", set("reward")),
    reason: choice("Reason", [["", "any"], ...reasons], "", set("reason")),
    difficulty: choice("Difficulty", [["", "any"], ...difficulties.map((d) => [String(d), d + " to " + (d + 1)])], "", set("difficulty")),
    who: choice("Mean reward", [["", "any"], ["a", "higher in the first"], ["b", "higher in the second"], ["equal", "equal"]], "", set("who")),
    order: choice(
        "Order",
        [
          ["", "as sampled"], ["longest", "longest first"], ["shortest", "shortest first"], ["highest", "highest reward first"],
          ["lowest", "lowest reward first"]
        ],
        "", set("order")),
    text: el("label", {class: "field search"}, el("span", null, "Search ", el("kbd", null, "/")), search),
  };
  const mode = switcher(
      "Show", [["one", "One run"], ["two", data.runs.length > 1 ? "Two runs side by side" : "Early and late side by side"]], "one", set("mode"));
  const count = el("p", {class: "note", role: "status", id: "matches"});
  const list = el("ul", {class: "list", "aria-label": "Completions that match", onkeydown: (event) => move(event)});
  const more =
      el("button", {
        type: "button",
        class: "quiet",
        onclick: () => {
          limit += kPage;
          render();
        }
      },
         "Show more");
  const detail = el("div", {class: "detail", id: "detail", tabindex: "-1", "aria-live": "off"});
  place.append(
      el("div", {class: "controls"}, mode, Object.values(fields)), count, el("div", {class: "browser"}, el("div", null, list, more), detail));

  // ---- the list ----

  function update() {
    const two = want.mode === "two";
    fields.a.hidden = data.runs.length < 2;
    fields.b.hidden = !two || data.runs.length < 2;
    fields.who.hidden = !two;
    for (const name of ["reward", "reason", "order"]) fields[name].hidden = two;
    fields.difficulty.hidden = difficulties.length < 2;
    rows = two ? pairs() : single();
    limit = kPage;
    chosen = 0;
    const run = book.runs[Number(want.a)];
    const kept = whole(run.shown) + " of the " + whole(run.of) + " completions of " + whole(run.steps) + " steps (of " + whole(run.steps_of) +
        ") are in this file";
    count.textContent = whole(rows.length) +
        (two                   ? (rows.length === 1 ? " problem" : " problems") + " met twice" :
             rows.length === 1 ? " completion matches" :
                                 " completions match") +
        ". " + (run.shown === run.of && run.steps === run.steps_of ? "All completions of the run are in this file" : kept) +
        (run.broken > 0 ? "; " + run.broken + " broken lines are left out." : ".");
    render();
  }

  const chip = (reward) =>
      el("span", {class: "chip " + (isNumber(reward) ? (reward === highest && highest > lowest ? "good" : "") : "none")},
         isNumber(reward) ? number(reward) : "not judged");
  function rowOf(row, i) {
    const content = row.sample ?
        [
          el("span", {class: "row-head"}, "step " + row.group.step, chip(row.sample.reward),
             el("span", null, shown(book.reasons[row.sample.reason]))),
          el("span", {class: "row-text"}, flat(row.group.prompt, 60), el("br"), flat(row.sample.text, 90))
        ] :
        [
          el("span", {class: "row-head"}, "step " + row.a.step + (row.b.step === row.a.step ? "" : " and " + row.b.step), chip(meanReward(row.a)),
             "→", chip(meanReward(row.b))),
          el("span", {class: "row-text"}, flat(row.a.prompt, 90))
        ];
    return el(
        "li", null,
        el("button", {type: "button", tabindex: i === chosen ? "0" : "-1", "aria-current": i === chosen ? "true" : null, onclick: () => choose(i)},
           content));
  }

  function render() {
    list.replaceChildren(...rows.slice(0, limit).map(rowOf));
    more.hidden = rows.length <= limit;
    more.textContent = "Show more (" + whole(rows.length - limit) + " left)";
    showDetail();
  }

  function choose(i) {
    const buttons = list.querySelectorAll("button");
    buttons[chosen].removeAttribute("aria-current");
    buttons[chosen].tabIndex = -1;
    chosen = i;
    buttons[i].setAttribute("aria-current", "true");
    buttons[i].tabIndex = 0;
    buttons[i].focus();
    showDetail();
  }

  function move(event) {
    const last = Math.min(limit, rows.length) - 1;
    const next = {ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: last}[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(last, next)));
  }

  // ---- what was chosen ----

  function completion(sample) {
    const facts = [
      sample.tokens >= 0 && whole(sample.tokens) + " tokens", sample.end === "length" ? "cut at the longest length" : sample.end && "ended by itself",
      book.outcomes[sample.outcome] !== "scored" && book.outcomes[sample.outcome], sample.kept === false && "not in the update",
      "sample " + sample.sample
    ].filter(Boolean);
    const parts = Object.entries(sample.parts || {});
    return [
      el("p", {class: "verdict"}, chip(sample.reward), " ", el("b", null, shown(book.reasons[sample.reason] || "")), " ",
         el("span", {class: "muted"}, shown(facts.join(" · ")))),
      parts.length > 0 &&
          el("p", {class: "muted"}, "Parts of the reward: ",
             parts.map(([name, v], i) => [i > 0 ? ", " : "", shown(name), " ", isNumber(v) ? number(v) : shown(String(v))]).flat()),
      el("pre", {class: "text", tabindex: "0", role: "group", "aria-label": "Completion"}, shown(sample.text),
         sample.cut > 0 && el("span", {class: "cut"}, whole(sample.cut) + " bytes left out"), sample.cut > 0 && shown(sample.tail),
         sample.text === "" && el("i", null, "(empty)"))
    ];
  }

  function problem(group) {
    return [
      el("h3", null, "Problem"), el("pre", {class: "text prompt", tabindex: "0", role: "group", "aria-label": "Prompt"}, shown(group.prompt)),
      el("p", {class: "muted"}, "key ", el("code", null, shown(group.key)), isNumber(group.difficulty) && " · difficulty " + number(group.difficulty))
    ];
  }

  // The samples of a group, one of them open.
  function samples(title, group, open) {
    const body = el("div"), buttons = el("div", {class: "samples", role: "group", "aria-label": "Samples of this problem"});
    const show = (sample) => {
      body.replaceChildren(...completion(sample).filter(Boolean));
      [...buttons.children].forEach((button, i) => button.setAttribute("aria-pressed", String(group.samples[i] === sample)));
    };
    for (const sample of group.samples) {
      buttons.append(
          el("button", {
            type: "button",
            "aria-pressed": "false",
            "aria-label": "Sample " + sample.sample + ", reward " + number(sample.reward),
            onclick: () => show(sample)
          },
             chip(sample.reward)));
    }
    show(open || group.samples[0]);
    const left = group.of - group.samples.length;
    return el(
        "section", {class: "side"}, el("h3", null, title),
        group.of > 1 &&
            el("p", {class: "muted"},
               whole(group.of) + " samples, mean reward " + number(meanReward(group)) +
                   (left > 0 ? "; " + whole(left) + " are not in this file" : "")),
        group.of > 1 && buttons, body);
  }

  function showDetail() {
    const row = rows[chosen];
    if (!row)
      detail.replaceChildren(
          el("p", {class: "empty"}, want.mode === "two" ? "No problem was met twice among the completions in this file." : "No completion matches."));
    else if (row.sample)
      detail.replaceChildren(...problem(row.group), samples("Completion at step " + row.group.step, row.group, row.sample));
    else {
      const title = (r, group) => [swatch(data.runs[r].group), " ", shown(data.runs[r].name), " at step " + group.step];
      detail.replaceChildren(
          ...problem(row.a), el("div", {class: "sides"}, samples(title(Number(want.a), row.a), row.a), samples(title(Number(want.b), row.b), row.b)));
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName))
      return;
    event.preventDefault();
    search.focus();
  });
  update();
  place.dataset.ready = "";
}
