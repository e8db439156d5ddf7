// What the browser does itself: say what a person did, show what the server says, and keep both fresh.
import { localTimes } from "./dates.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const view = { user: query.get("user"), channel: query.get("channel"), thread: query.get("thread") };
const readUpTo = {}; // "person channel" → ts of the newest message seen there
const typed = []; // what was sent from here, for the arrow keys
let state = null, clockAt = 0, newSince = null, recall = 0, stream = null, toastUntil = null;

// --- Talking to the server ---------------------------------------------------------------------------------------
async function ask(path, body) {
  const how = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  try {
    const answer = await fetch(path, how);
    const said = await answer.json();
    if (said.error) toast(said.error);
    return said;
  } catch {
    toast("The sandbox does not answer. Is it still running?");
    return { error: "no answer" };
  }
}
const say = (what, body) => ask(`sandbox/${what}`, body);

function toast(words) {
  $("toast").textContent = words;
  $("toast").hidden = false;
  clearTimeout(toastUntil);
  toastUntil = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

function listen() {
  stream?.close();
  stream = new EventSource(`stream?user=${view.user}`);
  stream.addEventListener("state", ({ data }) => draw(JSON.parse(data)));
  stream.addEventListener("messages", ({ data }) => JSON.parse(data).channel === view.channel && read());
  stream.onopen = () => read(); // also after a break: whatever was missed is read again
  stream.onerror = () => { $("bot").textContent = "The sandbox does not answer"; $("bot").classList.remove("on"); };
}

// --- Small helpers for the page ----------------------------------------------------------------------------------
function make(tag, facts = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), facts);
  for (const [name, value] of Object.entries(facts)) {
    if (name.includes("-") && value !== null) node.setAttribute(name, value);
  }
  node.append(...inside);
  return node;
}

// Makes a list's nodes match the items; a node whose look is unchanged stays, so focus and open menus stay too.
function keep(list, items, build) {
  const old = new Map([...list.children].map((node) => [node.keepKey, node]));
  const nodes = new Set(items.map(({ key, look, ...item }) => {
    const before = old.get(key);
    if (before?.keepLook === look) return before;
    const node = Object.assign(build(item), { keepKey: key, keepLook: look });
    const [was, now] = [before, node].map((one) => [...(one?.querySelectorAll("button, summary, select, a") ?? [])]);
    const focused = was.indexOf(document.activeElement);
    if (focused >= 0) queueMicrotask(() => now[focused]?.focus({ preventScroll: true }));
    return node;
  }));
  for (const node of old.values()) if (!nodes.has(node)) node.remove();
  let at = list.firstElementChild;
  for (const node of nodes) {
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
  }
  localTimes(list);
}
setInterval(() => localTimes(document), 30000);

function tick() {
  if (!state) return;
  const { now, speed, paused } = state.clock;
  const at = new Date(Date.parse(now) + (paused ? 0 : (performance.now() - clockAt) * speed));
  const format = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" };
  $("now").textContent = `${at.toLocaleString("en-GB", format)} UTC`;
}
setInterval(tick, 250);

// --- Drawing what the server says ----------------------------------------------------------------------------------
function draw(fresh) {
  state = fresh;
  clockAt = performance.now();
  const { users, channels, bot, clock, quota } = state;
  if (!channels.some(({ id }) => id === view.channel)) go({ channel: channels[0].id, thread: null });
  keep($("me"), users.map((one) => ({ key: one.id, look: one.name, one })),
    ({ one }) => make("option", { value: one.id, textContent: one.name }));
  $("me").value = view.user;
  $("bot").textContent = bot.words;
  $("bot").classList.toggle("on", bot.connected);
  for (const kind of ["channels", "direct"]) {
    const mine = channels.filter((one) => (one.kind === "direct") === (kind === "direct"));
    keep($(kind), mine.map((one) => {
      const seen = `${view.user} ${one.id}`;
      readUpTo[seen] ??= one.latest;
      const unread = one.id !== view.channel && one.latest > readUpTo[seen];
      return { key: one.id, look: JSON.stringify([one, unread, view.channel]), one, unread };
    }), channelRow);
  }
  const here = channels.find(({ id }) => id === view.channel);
  const hash = here.kind === "direct" ? "" : "#";
  document.title = `${hash}${here.name} · Waybill sandbox`;
  $("channel").textContent = `${hash} ${here.name}`;
  $("topic").textContent = here.archived ? "This channel is archived." : here.topic;
  $("about").hidden = here.kind === "direct";
  for (const button of $("about").querySelectorAll("button")) {
    button.disabled = here.archived || { invite: here.has_bot, remove: !here.has_bot }[button.dataset.channelDo];
  }
  $("words").placeholder = `Message ${hash}${here.name}`;
  $("words").setAttribute("aria-label", $("words").placeholder);
  $("words").disabled = here.archived;
  $("quota").textContent = `quota left: ${quota}`;
  $("rate").textContent = clock.paused ? "· paused" : `×${clock.speed}`;
  $("pause").textContent = clock.paused ? "Resume" : "Pause";
  for (const button of $("speeds").children) {
    button.setAttribute("aria-pressed", !clock.paused && Number(button.dataset.speed) === clock.speed);
  }
  tick();
  drawParcels();
  drawFaults();
}

function channelRow({ one, unread }) {
  const sign = make("span", { className: one.avatar ? `avatar ${one.avatar}` : `sign ${one.kind}`, "aria-hidden": "true" });
  sign.textContent = one.sign;
  const button = make("button", { type: "button", className: unread ? "unread" : "", "data-channel": one.id },
    sign, make("span", { className: "name", textContent: one.name }));
  if (unread) button.append(make("span", { className: "hidden", textContent: " (unread)" }));
  if (one.id === view.channel) button.setAttribute("aria-current", "page");
  return make("li", {}, button);
}

const meaning = {
  move: "The carrier scans the parcel, and TrackingMore sees it", finish: "All scans to come happen now",
  refresh: "TrackingMore asks the carrier now",
};
function drawParcels() {
  const wanted = $("find").value.trim().toLowerCase();
  const found = state.parcels.filter((one) => JSON.stringify(Object.values(one)).toLowerCase().includes(wanted));
  keep($("parcel-list"), found.map((one) => ({ key: `${one.carrier} ${one.number}`, look: JSON.stringify(one), one })), ({ one }) => {
    const act = (what, words, off) => make("button", {
      type: "button", className: "small", textContent: words, disabled: off, "data-parcel": one.number, "data-do": what, title: meaning[what],
      "aria-label": `${words}: ${one.number}`,
    });
    const over = !one.next;
    const fill = make("button", { type: "button", className: "number", "data-fill": one.number, title: "Put into the composer" },
      make("code", { textContent: one.number }));
    return make("li", { className: `parcel ${one.stored ? "stored" : ""}`, "data-number": one.number },
      make("header", {}, make("b", { textContent: one.title || one.story }), make("small", { textContent: one.carrier_name })),
      make("div", { className: "line" }, fill, make("small", { textContent: one.next || "no more scans" })),
      make("p", { className: `state ${one.status}` }, make("b", { textContent: one.words }), one.where && ` · ${one.where}`),
      make("footer", {}, act("move", "Next scan", over), act("finish", "To the end", over), ...(one.stored ? [act("refresh", "Look now", false)] : [])));
  });
}

function drawFaults() {
  const on = state.faults.filter(({ value }) => value).length;
  $("tab-faults").replaceChildren("Faults", ...(on ? [make("em", { textContent: on })] : []));
  drawRows($("faults"), state.faults, ({ service, name, words, value }) => make("label", {},
    make("input", { type: "checkbox", checked: value, "data-service": service, "data-fault": name }), words));
}

async function drawCalls() {
  if ($("calls").hidden || document.hidden) return;
  const { calls = [] } = await say("calls");
  drawRows($("calls"), calls, ({ at, what, ok, answer }) => make("p", {}, make("time", { textContent: at }),
    make("code", { textContent: what, title: what }), make("span", { className: ok ? "" : "bad", textContent: answer })));
}
setInterval(drawCalls, 2000);

function drawRows(list, rows, build) { // one heading a service, above its rows
  const titled = rows.flatMap((one, n) => (one.service === rows[n - 1]?.service ? [one] : [{ title: one.service }, one]));
  keep(list, titled.map((one) => ({ key: `${one.title} ${one.service} ${one.name}`, look: JSON.stringify(one), one })),
    ({ one }) => (one.title ? make("h2", { textContent: one.title }) : build(one)));
}

// --- Messages --------------------------------------------------------------------------------------------------------
let reading = null, again = false;
function read() { // one reading at a time; a wish that comes meanwhile makes one more
  if (reading) { again = true; return reading; }
  reading = readOnce().finally(() => { reading = null; if (again) { again = false; read(); } });
  return reading;
}
async function readOnce() {
  if (!view.channel) return;
  const { channel, user, thread } = view;
  const where = `messages?channel=${channel}&user=${user}`;
  const [here, replies] = await Promise.all([say(where), thread && say(`${where}&thread=${thread}`)]);
  if (channel !== view.channel || user !== view.user || here.error) return;
  fill($("log"), here.messages, `${user} ${channel}`);
  $("thread").hidden = !thread || !replies?.messages?.length;
  $("thread-of").textContent = $("channel").textContent;
  fill($("replies"), $("thread").hidden ? [] : replies.messages, `${user} ${channel} ${thread}`);
}
function fill(log, messages, subject) {
  const atEnd = log.subject !== subject || isAtEnd(log);
  const items = messages.map(({ ts, html }) => ({ key: ts, look: html, html }));
  if (log === $("log")) {
    const first = newSince && messages.findIndex((one) => !one.ephemeral && one.ts > newSince);
    if (first > 0) items.splice(first, 0, { key: "new", look: "new" });
    readUpTo[subject] = messages.filter((one) => !one.ephemeral).at(-1)?.ts ?? "";
    if (!items.length) items.push({ key: "empty", look: "empty" });
  }
  keep(log, items, ({ html }) => {
    if (html) return new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    if (!messages.length) return make("p", { className: "empty" }, make("b", { textContent: "Nothing here yet" }),
      "Follow a parcel: type /track add and a number, or click a number in the Carrier panel on the right.");
    return make("div", { className: "new", role: "separator", textContent: "New", "aria-label": "New messages" });
  });
  log.subject = subject;
  if (atEnd) toEnd(log);
}
const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 90;
const toEnd = (log) => { log.scrollTop = log.scrollHeight; log.atEnd = true; };
const shape = (log) => `${log.clientWidth} ${log.clientHeight}`;
const sizes = new ResizeObserver((all) => {
  for (const { target } of all) { target.shape = shape(target); if (target.atEnd) toEnd(target); }
});
for (const log of [$("log"), $("replies")]) {
  sizes.observe(log);
  log.addEventListener("scroll", () => { // a log that changes its shape scrolls, too, though nobody wished it
    if (log.shape === shape(log)) log.atEnd = isAtEnd(log);
  });
}

function go(to) {
  const before = `${view.user} ${view.channel}`;
  Object.assign(view, to);
  const here = `${view.user} ${view.channel}`, latest = state?.channels.find(({ id }) => id === view.channel)?.latest;
  if (here !== before) newSince = latest > readUpTo[here] ? readUpTo[here] : null;
  if (!view.thread) $("thread").hidden = true;
  const words = Object.entries(view).filter(([, value]) => value);
  history.replaceState(null, "", `?${new URLSearchParams(words)}`);
  if (state && state.channels.some(({ id }) => id === view.channel)) draw(state);
  if (to.user) listen();
  return read();
}

// --- What a person does ------------------------------------------------------------------------------------------------
function confirmed({ title, text, confirm, deny, style }) {
  const dialog = $("confirm");
  $("confirm-title").textContent = title;
  $("confirm-text").innerHTML = text; // made by the server, as safe as a message
  $("confirm-no").textContent = deny;
  $("confirm-yes").textContent = confirm;
  $("confirm-yes").className = `button ${style}`;
  dialog.returnValue = "";
  dialog.showModal();
  $("confirm-yes").focus();
  return new Promise((done) => { dialog.onclose = () => done(dialog.returnValue === "yes"); });
}

async function press(control, value) {
  const { action, block, confirm } = control.dataset;
  const ts = control.closest("[data-ts]").dataset.ts;
  if (confirm && !(await confirmed(JSON.parse(confirm)))) return;
  control.classList.add("busy");
  await say("press", { user: view.user, channel: view.channel, ts, action_id: action, block_id: block, value });
  control.classList.remove("busy");
  read();
}

async function send() {
  const words = $("words").value.trim();
  if (!words) return;
  typed.push(words);
  recall = typed.length;
  $("words").value = "";
  compose();
  newSince = null;
  toEnd($("log"));
  await say("type", { user: view.user, channel: view.channel, text: words });
  await read();
  toEnd($("log"));
}

function compose() { // the composer grows with its words, and hints at commands while one is begun
  const box = $("words"), words = box.value;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
  $("composer").querySelector(":scope > button").disabled = !words.trim();
  const hints = words.startsWith("/") ? state.commands.filter(({ usage }) => usage.startsWith(words.toLowerCase()) && usage !== words) : [];
  keep($("hints"), hints.map((one, n) => ({ key: one.usage, look: `${n === 0}`, one, first: n === 0 })), ({ one, first }) =>
    make("li", { role: "option", "aria-selected": "false", "data-fill-command": one.usage },
      make("b", { textContent: one.usage }), make("small", { textContent: one.summary }), first ? make("kbd", { textContent: "Tab" }) : ""));
  $("hints").hidden = !hints.length;
}
function fillIn(words) {
  $("words").value = words;
  compose();
  $("words").focus();
}

const clicks = { // data-… of what was clicked → what it does; the nearest one counts
  action: (node) => node.matches("select") || press(node, node.dataset.value),
  channel: (node, event) => {
    event.preventDefault();
    go({ channel: node.dataset.channel, thread: null });
    if (event.detail) $("words").focus(); // whoever came by keyboard stays in the list
  },
  thread: (node) => go({ thread: node.dataset.thread }),
  dismiss: (node) => say("dismiss", { user: view.user, channel: view.channel, ts: node.dataset.dismiss }).then(read),
  fill: (node) => fillIn(`/track add ${node.dataset.fill}`),
  fillCommand: (node) => fillIn(`${node.dataset.fillCommand} `),
  parcel: (node) => say("parcel", { number: node.dataset.parcel, do: node.dataset.do }),
  speed: (node) => say("clock", { speed: Number(node.dataset.speed), resume: true }),
  step: (node) => say("clock", { step_seconds: Number(node.dataset.step) }),
  channelDo: (node) => say("slack", { do: node.dataset.channelDo, channel: view.channel }),
};
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    const chosen = menu.contains(event.target) && event.target.closest("[role=menuitem]");
    if (chosen) menu.firstElementChild.focus();
    if (chosen || !menu.contains(event.target)) menu.open = false;
  }
  const names = Object.keys(clicks);
  const node = event.target.closest(names.map((name) => `[data-${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}]`).join());
  const name = names.find((one) => node && one in node.dataset);
  if (name) clicks[name](node, event);
});
document.addEventListener("toggle", ({ target: menu }) => {
  if (!menu.matches?.(".menu") || !menu.open) return;
  const box = menu.lastElementChild.getBoundingClientRect(), around = (menu.closest(".log") ?? document.body).getBoundingClientRect();
  menu.classList.toggle("up", box.bottom > around.bottom);
  menu.classList.toggle("left", box.right > around.right);
}, true);
document.addEventListener("change", ({ target }) => {
  if (target.matches("select[data-action]")) press(target, target.value);
  if (target.dataset.fault) say("fault", { service: target.dataset.service, name: target.dataset.fault, value: target.checked });
});
document.addEventListener("keydown", (event) => {
  const menu = document.activeElement.closest(".menu[open]");
  if (event.key === "Escape" && menu) { menu.open = false; menu.firstElementChild.focus(); return; }
  if (event.key === "Escape" && !$("hints").hidden) { $("hints").hidden = true; return; }
  if (event.key === "Escape" && view.thread && !$("confirm").open) { go({ thread: null }); $("words").focus(); return; }
  if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    const items = [...menu.querySelectorAll("[role=menuitem]:not(:disabled)")];
    const next = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    items.at(next % items.length)?.focus();
    event.preventDefault();
  }
});
$("words").addEventListener("input", compose);
$("words").addEventListener("keydown", (event) => {
  const hint = !$("hints").hidden && $("hints").firstElementChild;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === "Tab" && hint && !event.shiftKey) { event.preventDefault(); hint.click(); }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  if (step && (!$("words").value || typed[recall] === $("words").value)) {
    recall = Math.min(Math.max(recall + step, 0), typed.length);
    event.preventDefault();
    fillIn(typed[recall] ?? "");
  }
});
$("composer").addEventListener("submit", (event) => { event.preventDefault(); send(); });
$("find").addEventListener("input", drawParcels);
$("me").addEventListener("change", () => go({ user: $("me").value, thread: null }));
$("close-thread").addEventListener("click", () => go({ thread: null }));
$("pause").addEventListener("click", () => say("clock", state.clock.paused ? { resume: true } : { pause: true }));
const fold = (folded) => $("panel").setAttribute("aria-expanded", !document.body.classList.toggle("folded", folded));
$("panel").addEventListener("click", () => fold());
if (innerWidth <= 1040) fold(true);
const tabs = [...document.querySelectorAll("[role=tab]")];
for (const tab of tabs) {
  tab.addEventListener("click", () => {
    for (const one of tabs) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
      $(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    drawCalls();
  });
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) { const next = tabs.at((tabs.indexOf(tab) + step) % tabs.length); next.focus(); next.click(); }
  });
}
for (const speed of [1, 60, 600, 3600]) $("speeds").append(make("button", { type: "button", textContent: `×${speed}`, "data-speed": speed }));
for (const [words, seconds] of [["+1 h", 3600], ["+3 h", 10800], ["+1 day", 86400]]) {
  $("steps").append(make("button", { type: "button", textContent: words, "data-step": seconds }));
}

const first = await say(`state?user=${view.user ?? ""}`);
view.user ??= first.users[0].id;
draw(first);
compose();
listen();
$("words").focus();
