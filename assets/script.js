// Liveness and comfort. Every page works without it.
"use strict";

/** A time that is left, as the pages word it. */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
}

function bytes(n) {
  if (n === null || n === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit += 1; }
  return `${n < 9.95 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

const grouped = (n) => Number(n).toLocaleString("en-US");

/** Writes a text where it changed, so that nothing that is selected or read aloud is disturbed. */
function put(root, name, text) {
  const place = root.querySelector(`[data-live="${name}"]`);
  if (place && place.textContent !== text) place.textContent = text;
}

function bar(root, done, units) {
  const meter = root.querySelector('meter[data-live="percent"]');
  if (meter && units > 0) meter.value = Math.floor((100 * done) / units);
}

function state(root, word) {
  const place = root.querySelector('[data-live="state"]');
  if (!place || place.textContent === word) return;
  place.textContent = word;
  place.className = `state ${word}`;
}

/** What is known of a run: the first event has all of it, later ones what changed. */
function showRun(root, run, changed) {
  if ("state" in changed) state(root, run.state);
  if ("done" in changed || "units" in changed) {
    put(root, "done", grouped(run.done));
    put(root, "units", grouped(run.units));
    bar(root, run.done, run.units);
  }
  if ("not_ok" in changed) put(root, "not_ok", grouped(run.not_ok));
  if ("per_minute" in changed) put(root, "per_minute", run.per_minute === null ? "" : run.per_minute.toFixed(1));
  if ("eta_seconds" in changed) put(root, "eta", duration(run.eta_seconds));
  for (const shard of changed.shards || []) showShard(root, shard);
  if ("mishaps" in changed) showMishaps(root, run.mishaps);
}

function showMishaps(root, all) {
  const box = root.querySelector("[data-mishaps]");
  if (!box) return;
  box.hidden = all.length === 0;
  box.querySelector("ul").replaceChildren(...all.map((words) => {
    const item = document.createElement("li");
    item.textContent = words;
    return item;
  }));
}

/** The row of a shard; of one that was started after the page was made, a new one in its place. */
function rowOf(root, number) {
  const row = root.querySelector(`[data-shard="${number}"]`);
  const box = root.querySelector("[data-shards]");
  const empty = box && box.querySelector("template");
  if (row || !empty) return row;
  const made = empty.content.firstElementChild.cloneNode(true);
  made.dataset.shard = number;
  made.querySelector("th").textContent = number;
  made.querySelector("meter").setAttribute("aria-label", `units done of shard ${number}`);
  made.querySelector("a").href = box.dataset.shards + number;
  made.querySelector("a span").textContent = ` of shard ${number}`;
  const body = box.querySelector("tbody");
  body.insertBefore(made, [...body.rows].find((other) => Number(other.dataset.shard) > number) || null);
  box.hidden = false;
  root.querySelector("[data-none]").hidden = true;
  return made;
}

function showShard(root, shard) {
  const row = rowOf(root, shard.shard);
  if (!row) return;
  const counts = shard.counts;
  const done = counts.ok + counts.skipped + counts.failed;
  state(row, shard.state);
  put(row, "done", grouped(done));
  put(row, "units", grouped(counts.total));
  bar(row, done, counts.total);
  put(row, "current_user", shard.current_user || "");
  put(row, "stage", shard.stage || "");
  put(row, "per_minute", shard.per_minute === null ? "" : shard.per_minute.toFixed(1));
  put(row, "eta", duration(shard.eta_seconds));
  put(row, "memory", bytes(shard.memory_bytes));
  put(row, "failed", grouped(counts.failed));
  put(row, "restarts", grouped(shard.restarts));
  put(row, "last_error", shard.last_error || "");
  row.querySelector(".error").title = shard.last_error || "";
}

/** One stream a page, closed while nobody looks: a browser opens six connections to a host and no more. */
function watch(root) {
  let stream = null;
  let run = {};
  const told = root.querySelector('[data-live="told"]');
  const more = root.querySelector("[data-more]");
  const take = (event) => {
    const changed = JSON.parse(event.data);
    run = { ...run, ...changed };
    showRun(root, run, changed);
    // Rows stay as they are: whoever reads them decides when others come.
    if (more && run.mark !== root.dataset.mark) { more.href = location.href; more.hidden = false; }
  };
  const open = () => {
    if (stream) return;
    stream = new EventSource(root.dataset.events);
    stream.addEventListener("status", take);
    stream.addEventListener("change", take);
    stream.addEventListener("problem", (event) => {
      const problem = JSON.parse(event.data);
      if (told) told.textContent = [`${problem.not_ok} units are not ok`, ...problem.mishaps.slice(0, 1)].join("; ");
    });
    stream.addEventListener("finished", () => {
      if (told) told.textContent = "The run is complete.";
      for (const place of root.querySelectorAll("[data-over]")) place.hidden = false;
      for (const place of root.querySelectorAll("[data-unless-over]")) place.hidden = true;
      stream.close();
      stream = "over";
    });
  };
  const close = () => { if (stream && stream !== "over") { stream.close(); stream = null; } };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
}

/** Adds what is added to a log, and stays at its end if the reader is there. */
function follow(box) {
  const log = document.getElementById("log");
  let from = Number(box.dataset.from);
  let timer = null;
  const look = async () => {
    const answer = await fetch(`${box.dataset.follow}?from=${from}`);
    if (!answer.ok) return;
    const next = Number(answer.headers.get("x-next"));
    const text = await answer.text();
    if (next > from) {
      const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      log.append(text);
      from = next;
      if (atEnd) log.scrollTop = log.scrollHeight;
    }
  };
  box.addEventListener("change", () => {
    clearInterval(timer);
    timer = box.checked ? setInterval(look, 1000) : null;
  });
}

/** The editor: Ctrl-Enter, cancel, history in this browser, and names that complete. */
function editor(form) {
  const text = form.querySelector("textarea");
  const cancel = form.querySelector("[data-cancel]");
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("submit", () => { remember(text.value); cancel.hidden = false; });
  // The connection is closed, and with it the query ends.
  cancel.addEventListener("click", () => { window.stop(); cancel.hidden = true; });
  addEventListener("pageshow", () => { cancel.hidden = true; });
  history(form, text);
  complete(form, text);
}

const ASKED = "results-asked";

function asked() {
  try { return JSON.parse(localStorage.getItem(ASKED) || "[]"); } catch { return []; }
}

function remember(sql) {
  if (!sql.trim()) return;
  const all = [sql, ...asked().filter((other) => other !== sql)].slice(0, 50);
  try { localStorage.setItem(ASKED, JSON.stringify(all)); } catch { /* a full store keeps what it has */ }
}

function history(form, text) {
  const box = form.querySelector("[data-history]");
  const all = asked();
  if (all.length === 0) return;
  const list = box.querySelector("ul");
  for (const sql of all) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sql.length > 200 ? `${sql.slice(0, 200)}…` : sql;
    button.addEventListener("click", () => { text.value = sql; text.focus(); });
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  }
  box.hidden = false;
}

/** Names of tables and columns: the word before the caret, completed with Tab or Enter, left with Escape. */
function complete(form, text) {
  const select = form.querySelector("select");
  let words = [];
  let of = null; // the run whose names are here or asked for
  let typed = false; // since the caret came, so that names that come late are shown
  let list = null;
  let chosen = 0;
  const load = async () => {
    const run = select.value;
    if (run === of) return;
    of = run;
    words = [];
    const answer = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/tables`).catch(() => null);
    const tables = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (run !== of) return; // another has been chosen meanwhile
    if (!tables) { of = null; return; }
    words = [...new Set(tables.flatMap((table) => [table.name, ...table.columns.map((column) => column.name)]))];
    if (typed) open();
  };
  const before = () => (text.value.slice(0, text.selectionStart).match(/[\w.]+$/) || [""])[0];
  const close = () => {
    if (list) list.parentNode.remove();
    list = null;
    text.removeAttribute("aria-activedescendant");
    text.removeAttribute("aria-controls");
  };
  const mark = () => {
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
    text.setAttribute("aria-activedescendant", list.children[chosen].id);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = () => {
    const word = before();
    const end = text.selectionStart;
    text.setRangeText(list.children[chosen].textContent, end - word.length, end, "end");
    close();
  };
  const open = () => {
    close();
    const word = before().toLowerCase();
    if (word.length < 2) return;
    const found = words.filter((name) => name.toLowerCase().startsWith(word) && name.toLowerCase() !== word).slice(0, 30);
    if (found.length === 0) return;
    const place = document.createElement("div");
    place.className = "words";
    list = document.createElement("ul");
    list.id = "words";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Names that fit");
    found.forEach((name, n) => {
      const item = document.createElement("li");
      item.id = `word-${n}`;
      item.setAttribute("role", "option");
      item.textContent = name;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); chosen = n; take(); });
      list.append(item);
    });
    place.append(list);
    text.after(place);
    chosen = 0;
    text.setAttribute("aria-controls", "words");
    mark();
  };
  text.setAttribute("aria-autocomplete", "list");
  text.addEventListener("input", () => { typed = true; open(); });
  text.addEventListener("blur", () => { typed = false; close(); });
  text.addEventListener("keydown", (event) => {
    if (!list || event.ctrlKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : list.children.length - 1)) % list.children.length;
      mark();
    } else if (event.key === "Tab" || event.key === "Enter") take();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  select.addEventListener("change", load);
  text.addEventListener("focus", load);
}

for (const root of document.querySelectorAll("[data-events]")) watch(root);
for (const box of document.querySelectorAll("[data-follow]")) follow(box);
for (const form of document.querySelectorAll("#editor")) editor(form);
