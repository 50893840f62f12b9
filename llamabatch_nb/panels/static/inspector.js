// One file: what is known of it, and its pages. Python renders and sanitises the reading text (render/markdown.py), the
// only HTML that is put in place as such; everything else is text. Pages within one message turn without the kernel.

const BUS = "llamabatch-panel"; // see grid.js
const TABS = ["Reading", "Text"];
const PATIENCE = 8000; // ms without an answer before it is said that the kernel may be gone

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

/** ‹ label ›, with both buttons named. */
function stepper(what, onstep) {
  const back = h("button", { type: "button", class: "lbn-plain", "aria-label": `Previous ${what}`, onclick: () => onstep(-1) }, "‹");
  const on = h("button", { type: "button", class: "lbn-plain", "aria-label": `Next ${what}`, onclick: () => onstep(1) }, "›");
  const label = h("span", { "aria-live": "polite" });
  const node = h("span", { class: "lbn-step", role: "group", "aria-label": what }, back, label, on);
  return {
    node,
    draw(place, total) {
      node.hidden = total < 1;
      write(label, place < 0 ? `${total.toLocaleString()} ${what}s` : `${what} ${(place + 1).toLocaleString()} of ${total.toLocaleString()}`);
      for (const [button, off] of [
        [back, place <= 0],
        [on, place + 1 >= total],
      ]) {
        if (off && document.activeElement === button) button.parentNode.closest("section")?.focus();
        button.disabled = off;
      }
    },
  };
}

async function copy(text, root) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard on plain http: the old way still works in a click.
    const area = h("textarea", { class: "lbn-unseen", "aria-hidden": "true" });
    area.value = text;
    root.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function render({ model, el }) {
  const ending = new AbortController();
  const { signal } = ending;
  const uid = `lbn-${Math.random().toString(36).slice(2)}`;
  let chosen = null; // the grid's word on what is selected: it comes without the kernel
  let book = { name: null, total: 0, pages: new Map() };
  let page = 0;
  let tab = 0;
  let enter = false;
  let patience = null;
  let late = false;

  el.classList.add("lbn", "lbn-inspector");
  el.dataset.lmSuppressShortcuts = "true";
  const files = stepper("file", (by) => tell({ type: "step", by }));
  const pages = stepper("page", (by) => turn(page + by));
  const name = h("span", { class: "lbn-name" });
  const back = h("button", { type: "button", class: "lbn-plain lbn-back", onclick: close }, "‹ Files");
  const shut = h("button", { type: "button", class: "lbn-plain lbn-close", "aria-label": "Close", title: "Close", onclick: close }, "✕");
  const mark = h("span", { class: "lbn-mark", "aria-hidden": "true" });
  const word = h("span");
  const look = h("span", {}, mark, word);
  const facts = h("span");
  const reason = h("div", { class: "lbn-reason", hidden: true });
  const tabs = TABS.map((title, index) =>
    h("button", { type: "button", role: "tab", id: `${uid}-tab${index}`, "aria-controls": `${uid}-leaf`, onclick: () => choose(index) }, title),
  );
  const copier = h("button", { type: "button", class: "lbn-plain" }, "Copy text");
  const bar = h(
    "div",
    { class: "lbn-bar2" },
    h("div", { class: "lbn-tabs", role: "tablist", "aria-label": "How to read" }, ...tabs),
    pages.node,
    copier,
  );
  const leaf = h("div", { class: "lbn-leaf", role: "tabpanel", id: `${uid}-leaf`, tabindex: "0" });
  const state = h("div", { class: "lbn-state", role: "status", hidden: true });
  const root = h(
    "section",
    { tabindex: "-1" },
    h("div", { class: "lbn-top" }, back, name, files.node, shut),
    h("div", { class: "lbn-meta" }, look, facts),
    reason,
    bar,
    leaf,
    state,
  );
  el.append(root);

  function tell(detail) {
    document.dispatchEvent(new CustomEvent(BUS, { detail: { panel: model.get("panel"), ...detail } }));
  }
  function close() {
    tell({ type: "close" });
  }
  el.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); // else JupyterLab's command mode eats it
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  leaf.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey || leaf.scrollWidth > leaf.clientWidth) return; // wide text scrolls sideways instead
    event.preventDefault();
    turn(page + step);
  });
  bar.firstChild.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((tab + step + TABS.length) % TABS.length);
    tabs[tab].focus();
  });
  copier.addEventListener("click", async () => {
    const here = book.pages.get(page);
    await copy(here?.text ?? leaf.innerText, root);
    write(copier, "Copied");
    setTimeout(() => write(copier, "Copy text"), 1500);
  });

  function choose(index) {
    tab = index;
    draw();
  }
  function turn(to) {
    if (to < 0 || to >= book.total || to === page) return;
    page = to;
    leaf.scrollTop = 0;
    if (!book.pages.has(page)) ask();
    draw();
  }
  /** Ask Python for the pages from this one on; asked again, it reads the document again. */
  function ask() {
    model.set("want", { name: chosen.name, page, n: (model.get("want").n ?? 0) + 1 });
    model.save_changes();
  }

  function take() {
    const content = model.get("content");
    if (content.state !== "ready") return;
    if (content.name !== book.name) {
      book = { name: content.name, total: content.total, pages: new Map() };
      page = content.start;
      leaf.scrollTop = 0;
    }
    book.total = content.total;
    content.pages.forEach((one, index) => book.pages.set(content.start + index, one));
  }

  /** Draw what is so, and never lose the focus over it. */
  function draw() {
    const inside = el.contains(document.activeElement);
    el.classList.toggle("lbn-open", chosen !== null);
    if (chosen !== null) drawFile();
    if (!inside || el.contains(document.activeElement)) return;
    if (chosen === null) close();
    else root.focus({ preventScroll: true });
  }

  function drawFile() {
    const told = model.get("file");
    const file = told?.name === chosen.name ? told : { ...chosen, facts: [], why: "" };
    const content = model.get("content");
    const mine = content.name === chosen.name ? content : { state: "loading" };
    root.setAttribute("aria-label", `File ${file.name}`);
    write(name, file.name);
    name.title = file.name;
    look.dataset.kind = file.kind;
    write(mark, file.mark ?? "");
    write(word, file.word ?? "");
    write(facts, file.facts.map((fact) => ` · ${fact}`).join(""));
    reason.hidden = !file.why;
    reason.dataset.kind = file.kind;
    write(reason, file.why);
    files.draw(chosen.place, chosen.count);

    const here = mine.state === "ready" ? book.pages.get(page) : undefined;
    const numbered = mine.state === "ready" && book.total > 0;
    bar.hidden = !numbered;
    pages.draw(page, numbered ? book.total : 0);
    tabs.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === tab));
      button.tabIndex = index === tab ? 0 : -1;
    });
    leaf.setAttribute("aria-labelledby", `${uid}-tab${tab}`);
    leaf.hidden = !here;
    if (here) drawLeaf(here);
    drawState(mine, here);
    if (enter && (here || mine.state !== "loading")) {
      enter = false;
      (here ? leaf : root).focus({ preventScroll: true });
    }
  }

  function drawLeaf(here) {
    const key = `${book.name}\n${here.number}\n${tab}`;
    if (leaf.dataset.key === key) return; // an update of the file must not move what is being read
    leaf.dataset.key = key;
    if (here.error !== null) leaf.replaceChildren(h("div", { class: "lbn-state" }, `This page failed: ${here.error}`));
    else if (tab === 0 && here.html !== null) {
      const prose = h("div", { class: "lbn-prose" });
      prose.innerHTML = here.html;
      leaf.replaceChildren(prose.textContent.trim() ? prose : h("div", { class: "lbn-state" }, "This page has no text."));
    } else if (here.text) leaf.replaceChildren(h("pre", { class: "lbn-text" }, here.text));
    else leaf.replaceChildren(h("div", { class: "lbn-state" }, here.text === null ? "The service gave no plain text of this page." : "This page has no text."));
  }

  function drawState(mine, here) {
    const waiting = mine.state === "loading" || (mine.state === "ready" && !here);
    const dead = waiting && el.closest(".jupyter-widgets-disconnected") !== null;
    const shown = here ? "" : dead ? "gone" : waiting && late ? "late" : waiting ? "loading" : mine.state;
    state.hidden = !shown;
    if (!waiting) {
      clearTimeout(patience);
      [patience, late] = [null, false];
    } else if (patience === null) {
      patience = setTimeout(() => {
        late = true;
        draw();
      }, PATIENCE);
    }
    if (state.dataset.state === shown && state.dataset.message === (mine.message ?? "")) return;
    state.dataset.state = shown;
    state.dataset.message = mine.message ?? "";
    if (shown === "loading") state.replaceChildren("Reading…");
    else if (shown === "late") state.replaceChildren("Still reading: the kernel may be busy, stopped or gone.");
    else if (shown === "gone") state.replaceChildren("The kernel of this panel is gone, so this file cannot be read now.");
    else if (shown === "error")
      state.replaceChildren(`Reading it did not work: ${mine.message}`, h("br"), h("button", { type: "button", onclick: ask }, "Try again"));
    else state.replaceChildren(mine.message ?? "");
  }

  document.addEventListener(
    BUS,
    ({ detail }) => {
      if (detail.panel !== model.get("panel")) return;
      if (detail.type === "place") {
        const other = detail.name !== (chosen?.name ?? null);
        const opened = chosen === null && detail.name !== null;
        chosen = detail.name === null ? null : detail;
        if (other && chosen) {
          page = 0;
          clearTimeout(patience);
          [patience, late] = [null, false];
          if (book.name !== chosen.name) book = { name: null, total: 0, pages: new Map() };
        }
        draw();
        // Where the inspector takes the list's place, the focus goes with it.
        const list = el.parentElement?.querySelector(".lbn-list");
        if (opened && list && !list.offsetParent) root.focus({ preventScroll: true });
      } else if (detail.type === "enter") {
        enter = true;
        draw();
      }
    },
    { signal },
  );
  model.on("change:file", draw);
  model.on("change:content", () => {
    take();
    draw();
  });
  take();
  draw();
  tell({ type: "hello" });
  return () => {
    clearTimeout(patience);
    ending.abort();
  };
}

export default { render };
