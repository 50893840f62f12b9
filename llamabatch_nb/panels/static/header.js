// The header of a run: status, bar, counts, times, Cancel, Retry, details. Everything that comes over the wire is put in place
// as text; clocks tick here, not over the wire.

/** An element with properties and children; `text` children are always text. */
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Same units as `vocabulary.duration`. */
function duration(total) {
  let seconds = Math.max(0, Math.floor(total));
  if (seconds < 1) return "under 1 s";
  if (seconds < 60) return `${seconds} s`;
  let minutes = Math.floor(seconds / 60);
  seconds %= 60;
  if (minutes < 10 && seconds) return `${minutes} min ${seconds} s`;
  if (minutes < 60) return `${minutes} min`;
  let hours = Math.floor(minutes / 60);
  minutes %= 60;
  if (hours < 24) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  hours %= 24;
  return hours ? `${days} d ${hours} h` : `${days} d`;
}

function clock(epoch, seconds = false) {
  const when = new Date(epoch * 1000);
  const time = { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) };
  const today = when.toDateString() === new Date().toDateString();
  return when.toLocaleString([], today ? time : { weekday: "short", day: "numeric", month: "short", ...time });
}

/** A button with consequences: it asks in place first, and says what it will do (panels.md). */
function consequence(name, refusal, act) {
  const button = h("button", { type: "button", onclick: () => ask(true) });
  const question = h("span");
  const yes = h("button", { type: "button" });
  const no = h("button", { type: "button", onclick: () => ask(false) }, refusal);
  const confirm = h("div", { class: "lbn-confirm", role: "group", "aria-label": `Confirm the ${name}`, hidden: true });
  confirm.append(question, yes, no);
  function ask(open) {
    confirm.hidden = !open;
    (open ? no : button).focus();
  }
  confirm.addEventListener("keydown", (event) => {
    if (event.key === "Escape") ask(false);
  });
  yes.addEventListener("click", () => {
    confirm.hidden = true;
    button.disabled = true;
    act();
  });
  return {
    button,
    confirm,
    yes,
    /** `off`: nobody is there to be asked. Returns whether the focus was here and has no place any more. */
    draw(now, texts, off) {
      const focused = confirm.contains(document.activeElement) || document.activeElement === button;
      if (now.state !== "open" || off) confirm.hidden = true;
      button.hidden = now.state === "over";
      button.disabled = now.state !== "open" || off;
      write(button, now.state === "asked" ? texts.asked : texts.open);
      write(question, now.question);
      write(yes, now.label);
      return focused && (button.hidden || button.disabled);
    },
  };
}

const SILENCE = 15; // seconds without a heartbeat (sent every 5 s) before the panel says so

/** Hide the saved static state while this panel is mounted: that of the same output, or of the page where there are none. */
function hideStatic(el, name, signal) {
  const hidden = new Set();
  const area = () => el.closest(".jp-OutputArea");
  const apply = () => {
    if (!el.isConnected) return;
    for (const block of document.getElementsByClassName(name)) {
      if (block.closest(".jp-OutputArea") !== area()) continue;
      const host = block.closest(".jp-OutputArea-child") ?? block;
      if (host.style.display !== "none") host.style.display = "none";
      hidden.add(host);
    }
  };
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { childList: true, subtree: true });
  apply();
  signal.addEventListener("abort", () => {
    observer.disconnect();
    for (const host of hidden) host.style.display = "";
  });
}

/** A second panel of the same run in the same notebook starts as one line, and opens when it becomes the only one. */
function startCompact(el, key, expand, signal) {
  const notebook = () => el.closest(".jp-Notebook") ?? document.body;
  const others = () =>
    [...notebook().querySelectorAll(`.lbn-header[data-run="${CSS.escape(key)}"]`)].filter(
      (other) => other !== el && !other.closest(".lbn-compact"),
    );
  const panel = () => el.closest(".lbn-panel");
  let mine = false; // compact by itself, so it may open by itself
  const open = () => {
    panel()?.classList.remove("lbn-compact");
    expand.hidden = true;
    observer.disconnect();
  };
  const look = () => {
    if (!panel()) return;
    if (!mine && others().length) {
      mine = true;
      expand.hidden = false;
      panel().classList.add("lbn-compact");
    } else if (mine && !others().length) open();
    else if (!mine) observer.disconnect();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true });
  expand.addEventListener("click", open);
  signal.addEventListener("abort", () => observer.disconnect());
  look();
}

function render({ model, el }) {
  const ending = new AbortController();
  const { signal } = ending;
  el.classList.add("lbn", "lbn-header");
  el.dataset.lmSuppressShortcuts = "true";
  el.dataset.run = model.get("static_class");
  el.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); // else JupyterLab's command mode eats it
  });

  const mark = h("span", { class: "lbn-mark", "aria-hidden": "true" });
  const word = h("span");
  const status = h("span", { class: "lbn-status" }, mark, word);
  const title = h("span", { class: "lbn-title" });
  const configuration = h("span", { class: "lbn-muted" });
  const where = h("span", { class: "lbn-muted lbn-far" });
  const expand = h("button", { type: "button", hidden: true }, "Expand");
  const cancel = consequence("cancel", "Keep running", () => request("cancel"));
  const retry = consequence("retry", "Not now", () => request("retry"));
  cancel.yes.classList.add("lbn-danger");
  retry.button.classList.add("lbn-primary");
  const more = h(
    "button",
    { type: "button", class: "lbn-plain", "aria-label": "Details", "aria-expanded": "false", title: "Details" },
    "⋯",
  );
  const bar = h("div", { class: "lbn-bar", role: "progressbar", "aria-label": "Files done", "aria-valuemin": "0" });
  const counts = h("span", { class: "lbn-facts" });
  const times = h("span", { class: "lbn-facts lbn-far" });
  const hint = h("span", { class: "lbn-muted" });
  const looked = h("span", { class: "lbn-muted lbn-facts lbn-far" });
  const foot = h("div", { class: "lbn-line" }, hint, looked);
  const trouble = h("div", { class: "lbn-note", hidden: true }, h("span", { class: "lbn-mark", "aria-hidden": "true" }), h("span"));
  const notice = h("div", { class: "lbn-note", "data-kind": "warn", role: "status", hidden: true });
  const gone = h("div", { class: "lbn-note", "data-tone": "gone", role: "status", hidden: true });
  const details = h("dl", { class: "lbn-details", hidden: true });
  const live = h("div", { class: "lbn-unseen", "aria-live": "polite" });
  const root = h(
    "section",
    { class: "lbn-head" },
    h(
      "div",
      { class: "lbn-first" },
      h("div", { class: "lbn-line" }, status, h("span", {}, title, " ", configuration), where),
      h("div", { class: "lbn-actions" }, expand, retry.button, cancel.button, more),
    ),
    retry.confirm,
    cancel.confirm,
    bar,
    h("div", { class: "lbn-line" }, counts, times),
    trouble,
    notice,
    foot,
    gone,
    details,
    live,
  );
  el.append(root);

  function request(action) {
    write(...(action === "cancel" ? [cancel.button, "Cancelling…"] : [retry.button, "Retrying…"]));
    model.set("request", { action, n: (model.get("request").n ?? 0) + 1 });
    model.save_changes();
    more.focus();
  }
  more.addEventListener("click", () => {
    details.hidden = !details.hidden;
    more.setAttribute("aria-expanded", String(!details.hidden));
  });

  function drawIdentity() {
    const identity = model.get("identity");
    root.setAttribute("aria-label", `Run ${identity.title}`);
    write(title, identity.title);
    write(configuration, `· ${identity.configuration}`);
    write(where, identity.where);
    details.replaceChildren(...identity.details.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]));
  }
  function drawStatus() {
    const now = model.get("status");
    status.dataset.kind = now.kind;
    write(mark, now.mark);
    write(word, now.word);
    tick();
  }
  function drawProgress() {
    const now = model.get("progress");
    const kinds = now.segments.map(([kind]) => kind).join();
    if (bar.dataset.kinds !== kinds) {
      bar.dataset.kinds = kinds;
      bar.replaceChildren(...now.segments.map(([kind]) => h("span", { "data-kind": kind })));
    }
    now.segments.forEach(([, count, label], index) => {
      bar.children[index].style.setProperty("--n", count);
      bar.children[index].title = label;
    });
    bar.setAttribute("aria-valuemax", now.total);
    bar.setAttribute("aria-valuetext", now.text);
    if (now.done === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", now.done);
    write(counts, now.text);
    tick();
  }
  function drawNotes() {
    const now = model.get("notes");
    hint.replaceChildren(...now.hint.map((part, index) => (index % 2 ? h("code", {}, part) : part)));
    trouble.hidden = !now.trouble;
    if (now.trouble) {
      trouble.dataset.kind = now.trouble.kind;
      write(trouble.firstChild, now.trouble.mark);
    }
    write(notice, model.get("notice"));
    notice.hidden = !notice.textContent;
    tick();
  }
  function drawActions() {
    const off = gone.dataset.sure === "true";
    const again = model.get("retry");
    const lost = [
      cancel.draw(model.get("cancel"), { open: "Cancel…", asked: "Cancelling…" }, off),
      retry.draw(again, { open: again.button, asked: "Retrying…" }, off),
    ];
    if (lost.includes(true)) more.focus(); // never lose the focus on an update
  }
  // The kernel's clock may differ from the browser's. A look is never younger than its arrival, so the smallest
  // difference seen is nearest to what the clocks are apart.
  let apart = Date.now() / 1000 - model.get("looked");
  function hear() {
    apart = Math.min(apart, Date.now() / 1000 - model.get("looked"));
    tick();
  }
  function tick() {
    const now = model.get("progress");
    const time = Date.now() / 1000 - apart; // by the kernel's clock
    const ago = time - model.get("looked");
    const ended = model.get("status").ended;
    const parts = [];
    if (now.started !== null && now.ended !== null)
      parts.push(`${now.verb} ${clock(now.ended)} after ${duration(now.ended - now.started)}`);
    else if (now.started !== null && !ended) parts.push(`${duration(time - now.started)} elapsed`);
    if (now.rate) parts.push(now.rate);
    if (now.ready !== null && now.ready > time) parts.push(`ready about ${clock(now.ready + apart)}`);
    write(times, parts.join(" · "));
    drawTimes(model.get("notes").trouble, time);
    write(looked, ended || !gone.hidden ? "" : `looked ${ago < 1 ? "just now" : `${duration(ago)} ago`}`);
    foot.hidden = !hint.textContent && !looked.textContent;
    drawGone(ago, ended);
  }
  function drawTimes(now, time) {
    if (!now) return;
    const said = [];
    if (now.since !== null) said.push(`since ${clock(now.since + apart)}`);
    if (now.until !== null && now.until > time) said.push(`next try ${clock(now.until + apart, now.until - time < 600)}`);
    write(trouble.lastChild, said.length ? [now.text.replace(/\.$/, ""), ...said].join(" · ") : now.text);
  }
  function drawGone(ago, ended) {
    // JupyterLab marks the boxes of a restarted kernel, but not the anywidgets in them.
    const sure = el.closest(".jupyter-widgets-disconnected") !== null;
    const again = model.get("identity").open;
    const back = again ? ` ${again} brings the run back.` : "";
    let text = "";
    if (sure) text = `The kernel of this panel is gone; this is the last state.${back}`;
    else if (model.get("notes").trouble?.kind === "bad") text = ""; // it may have ended the watch: that line says so
    else if (!ended && ago > SILENCE) text = `No news for ${duration(ago)}: the kernel may be busy, stopped or gone.${back}`;
    write(gone, text);
    gone.hidden = !text;
    if (gone.dataset.sure !== String(sure)) {
      gone.dataset.sure = String(sure);
      drawActions();
    }
  }

  model.on("change:identity", drawIdentity);
  model.on("change:status", drawStatus);
  model.on("change:progress", drawProgress);
  model.on("change:looked", hear);
  model.on("change:notes", drawNotes);
  model.on("change:notice", drawNotes);
  model.on("change:cancel", drawActions);
  model.on("change:retry", drawActions);
  model.on("change:announcement", () => write(live, model.get("announcement")));
  drawIdentity();
  drawStatus();
  drawNotes();
  drawActions();
  drawProgress();
  const timer = setInterval(tick, 1000);
  hideStatic(el, model.get("static_class"), signal);
  startCompact(el, model.get("static_class"), expand, signal);
  return () => {
    clearInterval(timer);
    ending.abort();
  };
}

export default { render };
