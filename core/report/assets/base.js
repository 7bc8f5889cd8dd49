// The report's script, part one: elements, texts and numbers. Everything that a run wrote comes onto the page as text, through `el`, `shown`
// and `textContent`.
"use strict";

const $ = (id) => document.getElementById(id);

// Makes an element. Attributes that begin with "on" are handlers. Children are elements or text; null, false and undefined are left out.
function el(tag, attributes, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on"))
      out.addEventListener(name.slice(2), value);
    else
      out.setAttribute(name, value === true ? "" : value);
  }
  out.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return out;
}

// Control characters, invisible ones, those that change the direction of text, and what stands for bytes that were no UTF-8.
const kUnseen =
    /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffd]|[\ud800-\udfff]|[\u{e0000}-\u{e01ef}])\1*/gu;

function codeName(character) { return "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0"); }

// A text in which each of these characters is a visible code.
function shown(text) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(kUnseen)) {
    if (match.index > at) out.append(text.slice(at, match.index));
    const times = match[0].length / match[1].length;
    out.append(el("span", {class: "unseen"}, codeName(match[1]) + (times > 1 ? " ×" + times : "")));
    at = match.index + match[0].length;
  }
  if (at < text.length) out.append(text.slice(at));
  return out;
}

// The same in one line of at most `most` characters, for lists.
const flat = (text, most) =>
    shown(Array.from(text.slice(0, most * 2).replace(/\n/g, " ⏎ ")).slice(0, most).join("") + (text.length > most ? " …" : ""));

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const percent = (value, digits = 1) => (isNumber(value) ? (100 * value).toFixed(digits) + " %" : "–");
const whole = (value) => (isNumber(value) ? Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",") : "–");

function number(value) {
  if (!isNumber(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace("e+", "e");
  return String(Number(value.toPrecision(size >= 1000 ? 5 : 3)));
}

function amount(value) {
  if (!isNumber(value)) return "–";
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
    if (Math.abs(value) >= size) return Number((value / size).toPrecision(3)) + unit;
  }
  return String(Number(value.toPrecision(3)));
}

function duration(seconds) {
  if (!isNumber(seconds)) return "–";
  if (seconds < 10) return Number(seconds.toFixed(1)) + " s";
  if (seconds < 100) return Math.round(seconds) + " s";
  const minutes = Math.round(seconds / 60);
  if (seconds < 6000) return Math.floor(seconds / 60) + "m" + String(Math.floor(seconds % 60)).padStart(2, "0") + "s";
  return Math.floor(minutes / 60) + "h" + String(minutes % 60).padStart(2, "0") + "m";
}

// A select with a label. Options are [value, text].
function choice(label, options, value, change) {
  const select = el("select", {onchange: () => change(select.value)});
  for (const [key, text] of options) select.append(el("option", {value: key, selected: key === value}, text));
  return el("label", {class: "field"}, el("span", null, label), select);
}

// Buttons of which one is pressed.
function switcher(label, options, value, change) {
  const buttons =
      options.map(([key, text]) => el("button", {type: "button", "aria-pressed": String(key === value), onclick: () => press(key)}, text));
  const press = (key) => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(options[i][0] === key)));
    change(key);
  };
  return el("div", {class: "field", role: "group", "aria-label": label}, el("span", null, label), el("div", {class: "switch"}, buttons));
}

// A table that scrolls sideways where it is too wide, also by keyboard. Cells are text or elements; `numbers`: columns set right.
function table(caption, head, rows, numbers = []) {
  const cell = (tag, content, i, scope) => el(tag, {class: numbers.includes(i) ? "number" : null, scope}, content);
  return el(
      "div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
      el("table", null, el("caption", {class: "hidden"}, caption),
         el("thead", null, el("tr", null, head.map((text, i) => cell("th", text, i, "col")))),
         el("tbody", null,
            rows.map(
                (row) =>
                    el("tr", {class: row.kind},
                       (row.cells || row).map((content, i) => (i === 0 ? cell("th", content, i, "row") : cell("td", content, i))))))));
}
