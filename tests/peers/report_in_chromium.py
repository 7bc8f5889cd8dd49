"""Opens reports in headless Chromium and looks at the page after its scripts ran: curves, hostile completions, keyboard, contrast, phone width.

usage: tests/peers/report_in_chromium.py TINYZERO [--screenshots FOLDER]
TINYZERO is the program; the screenshots are for a person to look at. Skipped where there is no Chromium. The seconds it prints are not judged.
"""

import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOSTILE = [
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><style>*{display:none}</style>",
    "<!-- ]]> &lt;script&gt; {{data}} javascript:window.hacked=1 \u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff \u0000\u0001\u001b[31mred\r",
    "x" * 1_000_000 + "THE END",
    "\u0301" * 400 + "\U000e0041 " + "\u05d0\u05d1\u05d2 \ud83e\udd80" + "\n" * 50,
]
BYTES = b'"broken \xff\xfe\xc3(\xed\xa0\x80 bytes"'


def write_run(folder, seed, algorithm, steps, prompts, samples, hostile=False, level=0.3):
    """A run folder in the form that `train` writes, of numbers that look like those of a run."""
    rng = random.Random(f"{algorithm} {seed}")
    (folder / "episodes").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        f"seed: {seed}\ntask: {{use: countdown, numbers: 3, largest: 9}}\nmodel: {{preset: tiny}}\nalgorithm: {{use: {algorithm}}}\n"
        f"rollout: {{prompts: {prompts}, samples: {samples}, max_tokens: 256}}\ntrain: {{steps: {steps}}}\n")
    (folder / "manifest.json").write_text(json.dumps({
        "version": "0.1.0", "problem_set": "a1b2", "machine": {"processor": "AMD EPYC Processor", "cores": 2, "kernels": "avx2", "system": "Linux 6.1"},
        "plugins": [{"path": f"/plugins/{algorithm}.so", "xxh3": "00ff"}]}))
    (folder / "log.txt").write_text("2026-01-01 10:00:00  begun\n2026-01-01 10:02:00  warning: 3 % of the problems are mixed <b>\n")
    lines, seconds = [], 60.0
    for step in range(50):
        lines.append({"step": 0, "seconds": step, "warm_start/step": step + 1, "warm_start/loss": 3 * math.exp(-step / 20)})
    shift = rng.gauss(0, 0.03)
    for step in range(steps + 1):
        share = min(0.95, max(0.01, level + (0.75 - level) * (1 - math.exp(-4 * step / steps)) + shift))
        if step > 0:
            noise = rng.gauss(0, 0.02)
            seconds += 3
            lines.append({
                "step": step, "seconds": seconds, "train/reward": share + noise, "train/accuracy": share + noise, "train/length": 90 + 60 * share + 3 * noise,
                "train/truncated": max(0, 0.05 - noise), "train/failed": 0.0, "train/mixed_groups": 0.6 - 0.3 * share + noise, "train/sampled": prompts, "train/kept": prompts,
                "train/loss": noise, "train/kl": 0.002 + abs(noise) / 50, "train/entropy": 0.5 - 0.3 * share, "train/gradient_norm": 1 + abs(noise), "train/logp_gap": 1e-6,
                "train/learning_rate": 6e-4 * (1 - step / (steps + 1)), "train/skipped": 0, "train/reasons/right": share, "train/reasons/wrong_value": (1 - share) * 0.7,
                "train/reasons/no_answer": (1 - share) * 0.2, "train/reasons/numbers_not_used": (1 - share) * 0.1, "time/rollout": 1.4, "time/score": 0.05, "time/update": 1.3,
                "speed/tokens": 17000 + 500 * noise, "speed/rollout_tokens": 38000.0, "speed/slot_use": 0.93})
        if step % max(1, steps // 12) == 0:
            half = 1.96 * math.sqrt(share * (1 - share) / 512)
            lines.append({
                "step": step, "seconds": seconds, "eval/accuracy": share, "eval/accuracy_low": share - half, "eval/accuracy_high": share + half, "eval/greedy": min(1, share + 0.05),
                "eval/pass_at_2": share ** 0.5, "eval/length": 120.0, "eval/truncated": 0.02, "eval/failed": 0, "eval/problems": 512, "eval/keys": 200, "eval/difficulty_3": share * 0.9,
                "eval/difficulty_4": share * 0.6, "eval/reasons/right": share, "eval/reasons/wrong_value": 1 - share, "time/eval": 2.0})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    problems = random.Random(7)
    for step in range(1, steps + 1):
        out = []
        for problem in range(prompts):
            numbers = sorted(problems.randint(1, 9) for _ in range(3))
            target = problems.randint(1, 100)
            for sample in range(samples):
                right = rng.random() < level + 0.4 * step / steps
                text = f"{numbers[0]}+{numbers[1]}={numbers[0] + numbers[1]}? {numbers[1]}*{numbers[2]}={numbers[1] * numbers[2]}, no. " * rng.randint(1, 4) + ("= " + str(target) if right else "?")
                if hostile and step == 1:
                    text = HOSTILE[(problem * samples + sample) % len(HOSTILE)]
                out.append(json.dumps({
                    "step": step, "problem": problem, "sample": sample, "key": f"{numbers} {target}", "prompt": f"Combine {numbers} to make {target}", "completion": text,
                    "reward": 1.0 if right else 0.0, "outcome": "scored", "reason": "right" if right else "wrong value", "parts": {"answer": float(right)}, "end": "eos",
                    "tokens": len(text) // 2, "difficulty": 3 + problem % 3, "kept": True}))
        data = "\n".join(out).encode() + b"\n"
        if hostile and step == 5:
            data = b'{"problem": 0, "sample": 0, "key": "bytes", "prompt": "bytes", "reward": 0, "reason": "bytes", "completion": ' + BYTES + b"}\n" + data
        (folder / "episodes" / f"step-{step:06d}.jsonl").write_bytes(data)


# Before anything of the page: what goes wrong is kept.
FIRST = """<script>
window.faults = [];
addEventListener("error", (e) => faults.push("error: " + (e.message || e.target)), true);
addEventListener("unhandledrejection", (e) => faults.push("rejection: " + e.reason));
addEventListener("securitypolicyviolation", (e) => faults.push("policy: " + e.violatedDirective + " " + e.blockedURI));
for (const name of ["error", "warn"]) console[name] = (...words) => faults.push(name + ": " + words.join(" "));
</script>"""

# After it: looks at the page, uses it, and reports. Runs in the page, so that it also works in a frame of phone width.
CHECKS = r"""<script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const all = (what) => [...document.querySelectorAll(what)];
const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden" && !e.closest(".hidden");

function rgba(text) {
  const n = text.match(/[\d.]+/g).map(Number);
  return n.length === 4 ? n : [...n, 1];
}
function over(top, below) { return [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1); }
function background(e) {
  const layers = [];
  for (; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
  return layers.reduce((below, top) => over(top, below), rgba(getComputedStyle(document.body).backgroundColor));
}
function light(c) {
  const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}
function contrasts() {
  const poor = new Set();
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !seen(e) || /^(SCRIPT|STYLE)$/.test(e.tagName)) continue;
    ++looked;
    const style = getComputedStyle(e), back = background(e), ratio = contrast(over(rgba(style.color), back), back);
    if (ratio < 4.5) poor.add(e.tagName + "." + e.className + " " + node.data.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  const page = rgba(getComputedStyle(document.body).backgroundColor);
  const probe = document.createElement("i");
  document.body.append(probe);
  for (let i = 0; i < 8; ++i) {
    probe.style.color = "var(--curve-" + i + ")";
    const ratio = contrast(rgba(getComputedStyle(probe).color), page);
    if (ratio < 3) poor.add("curve " + i + " " + ratio.toFixed(2));
  }
  probe.remove();
  return { looked, poor: [...poor].slice(0, 20) };
}

// Names, labels and order, as a screen reader meets them.
function outline() {
  const faults = [];
  for (const e of all("button, a[href], select, input, summary, [tabindex]")) {
    const label = e.labels && e.labels.length > 0 ? e.labels[0].textContent : "";
    if (!(e.textContent.trim() && e.tagName !== "SELECT") && !e.getAttribute("aria-label") && !label.trim() && e.id !== "detail" && e.id !== "main") faults.push("no name: " + e.outerHTML.slice(0, 80));
    if (Number(e.getAttribute("tabindex")) > 0) faults.push("positive tabindex: " + e.outerHTML.slice(0, 80));
  }
  const ids = all("[id]").map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push("ids repeat");
  let level = 0;
  for (const h of all("h1, h2, h3, h4")) {
    if (Number(h.tagName[1]) > level + 1) faults.push("heading skips a level: " + h.textContent);
    level = Number(h.tagName[1]);
  }
  for (const t of all("table")) if (!t.caption || t.querySelectorAll("thead th:not([scope])").length > 0) faults.push("a table without caption or scopes");
  for (const a of all("nav a")) if (!document.querySelector(a.getAttribute("href"))) faults.push("link to nowhere: " + a.textContent);
  if (!document.documentElement.lang || all("main").length !== 1 || all("h1").length !== 1) faults.push("language, main or title is missing");
  return faults;
}

async function check() {
  const out = { opened: null };
  for (let i = 0; i < 400 && !document.querySelector("#completions[data-ready]"); ++i) await wait(25);
  const curves = () => all("figure[data-curves]").filter(seen).map((f) => [f.querySelector(".metric").textContent, Number(f.dataset.curves), Number(f.dataset.bands)]);
  const drawn = (f) => {
    const c = f.querySelector("canvas"), pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    const color = parseInt(getComputedStyle(document.documentElement).getPropertyValue("--curve-0").trim().slice(1), 16);
    let n = 0;
    for (let i = 0; i < pixels.length; i += 4) n += pixels[i + 3] === 255 && (pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]) === color;
    return n;
  };
  out.curves = curves();
  out.drawn = all("figure[data-curves]").filter((f) => f.querySelector("canvas")).map(drawn);
  out.profile = all("#comparison figure").filter((f) => f.querySelector("canvas")).map(drawn);
  out.notes = [...all(".cautions li"), ...all("#curve-note")].map((e) => e.textContent);
  out.rows = all("#runs tbody tr").length;
  out.comparison = document.querySelector("#comparison").innerText;
  out.settings = all("#settings tbody th").map((e) => e.textContent);
  out.matches = document.querySelector("#matches") ? document.querySelector("#matches").textContent : "";
  out.contrast = contrasts();
  out.outline = outline();
  out.wide = document.documentElement.scrollWidth > innerWidth ? document.documentElement.scrollWidth : 0;
  if (document.querySelector("#search")) await use(out);
  out.wide_after = document.documentElement.scrollWidth > innerWidth ? document.documentElement.scrollWidth : 0;
  out.hacked = window.hacked || null;
  out.scripts = all("script").length;
  out.images = all("img, iframe, object, embed, svg, video").length;
  out.faults = faults;
  return out;
}

async function use(out) {
  const plot = document.querySelector("#accuracy .plot");
  plot.focus();
  for (const name of ["ArrowRight", "ArrowRight", "End"]) key(plot, name);
  out.spoken = document.querySelector("#spoken").textContent;
  out.tip = !document.querySelector("#accuracy .tip").hidden;
  key(plot, "Escape");
  const button = document.querySelector("#accuracy .quiet");
  button.click();
  out.table = all("#accuracy .values tbody tr").length;
  button.click();
  const press = (text) => all(".switch button").find((b) => b.textContent === text).click();
  press("Tokens");
  out.over_tokens = plot.getAttribute("aria-label");
  press("Steps");
  const seeds = document.querySelector("#controls input[type=checkbox]");
  if (seeds) {
    seeds.click();
    out.without_seeds = Number(document.querySelector("#accuracy figure").dataset.curves);
    seeds.click();
    const group = document.querySelector("#controls .group");
    if (group) {
      group.click();
      out.one_group = Number(document.querySelector("#accuracy figure").dataset.curves);
      group.click();
    }
  }
  document.querySelector("#more summary").click();
  await wait(100);
  out.more = all("#more figure").length;
  document.activeElement.blur();
  key(document.body, "/");
  out.slash = document.activeElement.id;
  const search = document.querySelector("#search"), type = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
  type("window.hacked");
  out.hostile = { rows: all(".list li").length, text: document.querySelector("#detail").textContent, markup: all("#detail pre *:not(.unseen):not(.cut)").length };
  type("gnp.exe");
  out.unseen = all("#detail .unseen").map((e) => e.textContent);
  type("the end");
  out.cut = document.querySelector("#detail .cut") ? document.querySelector("#detail .cut").textContent : "";
  type("broken");
  out.bytes = document.querySelector("#detail pre:not(.prompt)") ? document.querySelector("#detail pre:not(.prompt)").textContent : "";
  type("there is no such text");
  out.none = document.querySelector("#detail").textContent;
  type("");
  const list = document.querySelector(".list");
  list.querySelector("button[tabindex='0']").focus();
  for (const name of ["ArrowDown", "ArrowDown", "ArrowUp"]) key(document.activeElement, name);
  out.moved = all(".list button").indexOf(document.activeElement);
  out.stops = all(".list button[tabindex='0']").length;
  const two = all("#completions .switch button")[1];
  two.click();
  out.sides = all("#detail .side").map((e) => e.querySelector("h3").textContent.trim());
  out.pairs = document.querySelector("#matches").textContent;
  out.contrast_after = contrasts();
  out.outline_after = outline();
}
check().then((out) => {
  if (parent !== window) parent.postMessage(JSON.stringify(out), "*");
  else document.body.append(Object.assign(document.createElement("pre"), { id: "result", textContent: JSON.stringify(out) }));
}, (e) => document.body.append(Object.assign(document.createElement("pre"), { id: "result", textContent: JSON.stringify({ failed: String(e.stack) }) })));
</script>"""

FRAME = """<!DOCTYPE html><body style="margin:0"><iframe style="border:0" width="390" height="800" src="%s"></iframe>
<script>addEventListener("message", (e) => document.body.append(Object.assign(document.createElement("pre"), { id: "result", textContent: e.data })));</script>"""


class Browser:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, page, *arguments, dark=False):
        command = [self.program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                   "--disable-background-networking", f"--user-data-dir={self.folder}/profile", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                   "--virtual-time-budget=60000", "--timeout=60000", *arguments, page.as_uri()]
        return subprocess.run(command, capture_output=True, timeout=300, check=True).stdout.decode("utf-8", "replace")

    def look(self, report, dark=False, phone=False):
        """What CHECKS found on the page."""
        text = report.read_text()
        page = self.folder / "instrumented.html"
        page.write_text(text.replace("<head>", "<head>" + FIRST, 1).replace("</body>", CHECKS + "</body>", 1))
        if phone:
            frame = self.folder / "frame.html"
            frame.write_text(FRAME % page.name)
            page = frame
        dom = self.run(page, "--dump-dom", "--window-size=1280,900", dark=dark)
        found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.S)
        assert found, "the page did not report: " + dom[-2000:]
        return json.loads(found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))

    def shoot(self, report, picture, width, height, dark=False):
        page = report
        if width < 500:
            page = self.folder / "phone.html"
            page.write_text(f'<!DOCTYPE html><body style="margin:0"><iframe style="border:0" width="{width}" height="{height}" src="{report.name}"></iframe>')
        self.run(page, f"--screenshot={picture}", f"--window-size={width},{height}", dark=dark)


def profile(runs):
    """A performance profile of these accuracies, with bands of a tenth."""
    shares = [(i / 20, sum(run > i / 20 for run in runs) / len(runs)) for i in range(21)]
    return [{"above": above, "value": share, "low": max(0, share - 0.1), "high": min(1, share + 0.1)} for above, share in shares]


def curve(end):
    """Estimates at quarters of a budget of a million tokens; the first has no interval."""
    return [{"tokens": 250000.0 * k, "value": end * k / 4, "low": None if k == 0 else end * k / 4 - 0.02, "high": None if k == 0 else end * k / 4 + 0.02}
            for k in range(5)]


COMPARISON = {
    "version": 1, "name": "two", "task": "countdown", "seeds": [1, 2, 3], "budget": {"unit": "tokens", "amount": 1e6}, "test": {"set": "abc", "problems": 512},
    "arms": [
        {"name": "grpo", "role": "arm", "settings": {"algorithm.use": "grpo"}, "ok": 3, "failed": 0, "unfinished": 0, "test_accuracy": {"value": 0.7, "low": 0.68, "high": 0.72},
         "area": {"tokens": {"value": 0.5, "low": 0.4, "high": 0.6}}, "profile": profile([0.68, 0.7, 0.72]), "curve": curve(0.7),
         "runs": [{"seed": s, "run": f"grpo-{s}", "state": "ok", "curve": [{"step": 0, "accuracy": 0.3}]} for s in [1, 2, 3]]},
        {"name": "ppo", "role": "arm", "ok": 2, "failed": 1, "unfinished": 0, "test_accuracy": {"value": 0.69, "low": 0.6, "high": 0.75},
         "profile": profile([0.63, 0.75]), "curve": curve(0.69),
         "against_first": {"first": "grpo", "seeds": 3, "difference": {"value": -0.01, "low": -0.05, "high": 0.03, "problems": 0.016}, "p": 0.61,
                           "p_holm": 0.0004, "verdict": "undecided", "probability_of_improvement": {"value": 0.4, "low": 0.1, "high": 0.8}},
         "runs": [{"seed": s, "run": f"ppo-{s}", "state": "ok", "curve": []} for s in [1, 2]] + [{"seed": 3, "run": "ppo-3", "state": "failed", "error": "<b>disk full</b>"}]}],
    "warnings": ["ppo seed 2 used 90 % of the budget"]}
COMPARISON["pairs"] = [{"arm": "ppo", **COMPARISON["arms"][1]["against_first"]}]


def equal(name, found, expected):
    assert found == expected, f"{name}: {found!r}, expected {expected!r}"


def check_page(name, found):
    """What holds for every page."""
    assert "failed" not in found, found
    equal(name + ": errors", found["faults"], [])
    equal(name + ": scripts ran that were a completion's", found["hacked"], None)
    equal(name + ": script elements", found["scripts"], 6)  # two of data, uPlot, the page's own, two of this test
    equal(name + ": images and frames", found["images"], 0)
    equal(name + ": wider than the window", (found["wide"], found["wide_after"]), (0, 0))
    for part in ["contrast", "contrast_after"]:
        assert found[part]["looked"] > 100, found[part]
        equal(f"{name}: {part}", found[part]["poor"], [])
    equal(name + ": outline", found["outline"], [])
    equal(name + ": outline after use", found["outline_after"], [])
    assert found["drawn"] and all(n > 50 for n in found["drawn"]), f"{name}: pixels of the first curve, by chart: {found['drawn']}"


def check_comparison(name, found):
    curves = {metric: (n, bands) for metric, n, bands in found["curves"]}
    equal(name + ": accuracy", curves["eval/accuracy"], (8, 2))  # two groups of a mean and three seeds
    for metric in ["train/reward", "train/kl", "train/entropy", "train/length", "train/truncated", "train/mixed_groups"]:
        equal(f"{name}: {metric}", curves[metric], (8, 2))
    equal(name + ": rows of the runs", found["rows"], 8)
    equal(name + ": curves without seeds", found["without_seeds"], 2)
    equal(name + ": curves of one group", found["one_group"], 4)
    for words in ["70.0 % [68.0, 72.0]", "undecided", "-1.0 [-5.0, 3.0]", "ppo-3 failed: <b>disk full</b>", "90 % of the budget", "2 done, 1 failed",
                  "Performance profiles", "Validation accuracy over the budget", "0.610", "< 0.001", "1.6", "0.40 [0.10, 0.80]", "ppo − grpo"]:
        assert words in found["comparison"], (words, found["comparison"])
    assert len(found["profile"]) == 2 and min(found["profile"]) > 50, f"{name}: pixels of the first arm's curve and profile: {found['profile']}"
    assert "algorithm.use" in found["settings"], found["settings"]
    assert "lowest to the highest" in found["notes"][-1], found["notes"]
    assert found["spoken"].startswith("Steps 60: grpo ") and "[" in found["spoken"], found["spoken"]
    assert found["tip"] and found["table"] >= 20 and found["more"] >= 5, found
    assert "over tokens" in found["over_tokens"], found["over_tokens"]
    equal(name + ": key /", found["slash"], "search")
    equal(name + ": place in the list after down, down, up", (found["moved"], found["stops"]), (1, 1))
    assert found["hostile"]["rows"] >= 2 and HOSTILE[0] in found["hostile"]["text"], found["hostile"]
    equal(name + ": elements inside a completion", found["hostile"]["markup"], 0)
    for code in ["U+202E", "U+2066", "U+200B", "U+FEFF", "U+0000", "U+001B"]:
        assert code in found["unseen"], (code, found["unseen"])
    assert "bytes left out" in found["cut"], found["cut"]
    assert found["bytes"].startswith("broken U+FFFD"), found["bytes"]
    assert "No completion matches" in found["none"], found["none"]
    assert len(found["sides"]) == 2 and "grpo-1" in found["sides"][0] and "ppo-1" in found["sides"][1], found["sides"]
    assert not found["pairs"].startswith("0 "), found["pairs"]


def report(tinyzero, folders, out):
    result = subprocess.run([tinyzero, "report", *map(str, folders), "--out", str(out)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    print(result.stdout.strip())
    return out


def main():
    tinyzero = sys.argv[1]
    program = next((p for p in map(shutil.which, ["chromium", "chromium-browser", "google-chrome"]) if p), None)
    if program is None:
        print("skipped: there is no Chromium")
        return
    screenshots = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        browser = Browser(program, folder)
        for algorithm, level in [("grpo", 0.3), ("ppo", 0.2)]:
            for seed in [1, 2, 3]:
                write_run(folder / "runs" / f"{algorithm}-{seed}", seed, algorithm, 60, 8, 4, hostile=seed == 1, level=level)
        (folder / "runs" / "comparison.json").write_text(json.dumps(COMPARISON))
        write_run(folder / "long", 1, "grpo", 2000, 16, 8)
        comparison = report(tinyzero, [folder / "runs"], folder / "comparison.html")
        one = report(tinyzero, [folder / "runs" / "grpo-1"], folder / "one.html")
        long = report(tinyzero, [folder / "long"], folder / "long.html")
        assert os.path.getsize(long) < 20e6, os.path.getsize(long)
        for dark in [False, True]:
            for phone in [False, True]:
                name = f"comparison, {'dark' if dark else 'light'}, {'phone' if phone else 'desktop'}"
                found = browser.look(comparison, dark, phone)
                check_page(name, found)
                check_comparison(name, found)
        for name, page in [("one run", one), ("2,000 steps", long)]:
            found = browser.look(page)
            check_page(name, found)
            equal(name + ": accuracy", found["curves"][0], ["eval/accuracy", 1, 1])
        assert "are in this file" in found["matches"] and "(of 2,000)" in found["matches"], found["matches"]
        print("pages: 6 looked at, no fault")
        if screenshots:
            screenshots.mkdir(parents=True, exist_ok=True)
            for dark in [False, True]:
                for page in [comparison, one, long]:
                    for width in [1280, 390]:
                        browser.shoot(page, screenshots / f"{page.stem}-{'dark' if dark else 'light'}-{width}.png", width, 5200 if width > 500 else 7600, dark)


if __name__ == "__main__":
    main()
