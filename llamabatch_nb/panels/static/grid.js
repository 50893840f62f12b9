// The file list: every row lives here, only the visible ones are in the page. Rows come as
// [name, mark, word, kind, pages, why], first a hundred of them, then the rest, then what changed (views.RowLedger).
// Names and reasons are a stranger's text: everything is put in place as text.

const ROW = 28; // px, as in grid.css
const SPARE = 6; // rows drawn beyond each edge
const [NAME, MARK, WORD, KIND, PAGES, WHY] = [0, 1, 2, 3, 4, 5];
const URGENCY = ["bad", "partial", "warn", "active", "waiting", "neutral", "good"]; // how "status" sorts
const COLUMNS = [
  { title: "file", key: NAME },
  { title: "status", key: WORD },
  { title: "pages", key: PAGES, number: true },
  { title: "why", key: WHY },
];
const BUS = "llamabatch-panel"; // what the parts of one panel tell each other, without the kernel

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

/** Rows by index, kept by revision. A gap or a hole is asked for again; until then true rows stay true. */
class Store {
  constructor(start) {
    this.revision = start.revision ?? 0;
    this.rows = [...(start.rows ?? [])];
    this.rows.length = start.total ?? 0;
    this.whole = this.count() === this.rows.length;
  }
  count() {
    return this.rows.reduce((sum) => sum + 1, 0); // reduce skips holes
  }
  /** Returns whether this patch follows on the last one. */
  apply(patch) {
    if (!patch.revision || patch.revision <= this.revision) return true;
    const follows = patch.revision === this.revision + 1;
    this.revision = patch.revision;
    this.rows.length = patch.total;
    for (const [index, ...row] of patch.rows) this.rows[index] = row;
    this.whole = this.count() === this.rows.length;
    return follows;
  }
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const status = (row) => row[WORD].split(",")[0];
const calm = (row) => !["bad", "partial"].includes(row[KIND]);
const ORDER = {
  [NAME]: (a, b) => collator.compare(a[NAME], b[NAME]),
  [WORD]: (a, b) => URGENCY.indexOf(a[KIND]) - URGENCY.indexOf(b[KIND]) || collator.compare(a[WORD], b[WORD]),
  [PAGES]: (a, b) => (a[PAGES] ?? -1) - (b[PAGES] ?? -1),
  // Reasons first in ascending order, then where a row comes from (attempt, copy), then rows with nothing to explain.
  [WHY]: (a, b) => !a[WHY] - !b[WHY] || calm(a) - calm(b) || collator.compare(a[WHY], b[WHY]),
};

function render({ model, el }) {
  const ending = new AbortController();
  const { signal } = ending;
  const uid = `lbn-${Math.random().toString(36).slice(2)}`;
  const store = new Store(model.get("start"));
  const state = { sort: null, down: false, search: "", status: "", active: null };
  let view = []; // indices of rows, filtered and sorted
  const drawn = new Map(); // place in the view -> row element
  let asking = null;
  let saving = null;

  el.classList.add("lbn", "lbn-grid");
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); // else JupyterLab's command mode eats it
  });

  const search = h("input", { type: "search", placeholder: "Search…", "aria-label": "Search files" });
  const filter = h("select", { "aria-label": "Status" });
  const count = h("span", { class: "lbn-count lbn-muted", role: "status" });
  const heads = COLUMNS.map(({ title, number, key }, index) => {
    const button = h("button", { type: "button", tabindex: index ? "-1" : "0", onclick: () => sortBy(key) }, title);
    return h("div", { role: "columnheader", "aria-sort": "none", class: number ? "lbn-number" : null }, button);
  });
  const columns = h("div", { class: "lbn-columns lbn-rowshape", role: "row", "aria-rowindex": "1" }, ...heads);
  const body = h("div", { class: "lbn-rows", role: "rowgroup" });
  const empty = h("div", { class: "lbn-empty", hidden: true });
  const scroll = h("div", { class: "lbn-scroll", role: "presentation", tabindex: "-1" }, body, empty);
  const table = h(
    "div",
    { class: "lbn-table", role: "grid", "aria-label": "Files", "aria-colcount": COLUMNS.length, tabindex: "0" },
    h("div", { role: "rowgroup" }, columns),
    scroll,
  );
  const handle = h("div", {
    class: "lbn-resize",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "horizontal",
    "aria-label": "Height of the panel",
    "aria-valuemin": "160",
    "aria-valuemax": "1600",
    "aria-valuenow": "480",
  });
  el.append(h("div", { class: "lbn-list" }, h("div", { class: "lbn-tools" }, search, filter, count), table), handle);

  // -- what is shown ------------------------------------------------------------------------------------------------
  function arrange() {
    const needle = state.search.toLowerCase();
    view = [];
    store.rows.forEach((row, index) => {
      if (state.status && status(row) !== state.status) return;
      if (needle && !`${row[NAME]}\n${row[WORD]}\n${row[WHY]}`.toLowerCase().includes(needle)) return;
      view.push(index);
    });
    if (state.sort !== null) {
      const order = ORDER[state.sort];
      view.sort((a, b) => (state.down ? -1 : 1) * order(store.rows[a], store.rows[b]) || a - b);
    }
    const total = store.rows.length;
    write(count, view.length === total ? `${total.toLocaleString()} files` : `${view.length.toLocaleString()} of ${total.toLocaleString()} files`);
    empty.hidden = view.length > 0;
    write(empty, total ? "No file matches." : "No files yet.");
    body.style.height = `${view.length * ROW}px`;
    table.setAttribute("aria-rowcount", view.length + 1);
    const long = store.rows.some((row) => row[WORD].length > 14);
    table.style.setProperty("--lbn-status", long ? "200px" : "116px");
    drawFilter();
    fit();
    tellPlace();
  }

  /** Few files need little room; a filter must not make the panel jump. */
  function fit() {
    const natural = Math.max(store.rows.length, 3) * ROW + 92;
    el.closest(".lbn-body")?.style.setProperty("--lbn-natural", `${natural}px`);
    draw();
  }

  function drawFilter() {
    const counts = new Map();
    store.rows.forEach((row) => counts.set(status(row), (counts.get(status(row)) ?? 0) + 1));
    if (state.status && !counts.has(state.status)) counts.set(state.status, 0);
    const wanted = [["", `All statuses`], ...[...counts].map(([word, n]) => [word, `${word} (${n.toLocaleString()})`])];
    const now = [...filter.options].map((option) => [option.value, option.text]);
    if (JSON.stringify(now) === JSON.stringify(wanted)) return;
    filter.replaceChildren(...wanted.map(([value, text]) => h("option", { value }, text)));
    filter.value = state.status;
  }

  function drawRow(place) {
    const row = store.rows[view[place]];
    let node = drawn.get(place);
    if (!node) {
      node = h(
        "div",
        { class: "lbn-row lbn-rowshape", role: "row" },
        h("div", { role: "rowheader" }),
        h("div", { role: "gridcell" }, h("span", { class: "lbn-mark", "aria-hidden": "true" }), h("span")),
        h("div", { role: "gridcell", class: "lbn-number" }),
        h("div", { role: "gridcell", class: "lbn-why" }),
      );
      node.style.top = `${place * ROW}px`;
      node.setAttribute("aria-rowindex", place + 2);
      drawn.set(place, node);
      body.append(node);
    }
    if (node.row !== row) {
      node.row = row;
      const [file, word, pages, why] = node.children;
      write(file, row[NAME]);
      file.title = row[NAME];
      word.dataset.kind = row[KIND];
      write(word.firstChild, row[MARK]);
      write(word.lastChild, row[WORD]);
      word.title = row[WORD];
      write(pages, row[PAGES] === null ? "–" : row[PAGES].toLocaleString());
      write(why, row[WHY]);
      why.title = row[WHY];
    }
    const active = row[NAME] === state.active;
    node.classList.toggle("lbn-active", active);
    node.setAttribute("aria-selected", String(row[NAME] === model.get("selected")));
    if (active) {
      node.id = `${uid}-active`;
      table.setAttribute("aria-activedescendant", node.id);
    } else node.removeAttribute("id");
  }

  function draw() {
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - SPARE);
    const last = Math.min(view.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + SPARE);
    for (const [place, node] of drawn) {
      if (place >= first && place < last) continue;
      node.remove();
      drawn.delete(place);
    }
    table.removeAttribute("aria-activedescendant");
    for (let place = first; place < last; place++) drawRow(place);
    const more = scroll.scrollTop + scroll.clientHeight < view.length * ROW - 2;
    scroll.classList.toggle("lbn-more", more);
    table.style.setProperty("--lbn-gutter", `${scroll.offsetWidth - scroll.clientWidth}px`);
  }

  function sortBy(key) {
    // Up, down, and back to the order of the directory.
    if (state.sort !== key) [state.sort, state.down] = [key, false];
    else if (!state.down) state.down = true;
    else [state.sort, state.down] = [null, false];
    heads.forEach((head, index) => {
      const on = COLUMNS[index].key === state.sort;
      head.setAttribute("aria-sort", on ? (state.down ? "descending" : "ascending") : "none");
    });
    rearrange();
  }

  // -- choosing -----------------------------------------------------------------------------------------------------
  const placeOf = (name) => (name === null ? -1 : view.findIndex((index) => store.rows[index][NAME] === name));

  function tell(detail) {
    document.dispatchEvent(new CustomEvent(BUS, { detail: { panel: model.get("panel"), ...detail } }));
  }
  function tellPlace() {
    const name = model.get("selected");
    const row = name === null ? undefined : store.rows.find((one) => one?.[NAME] === name);
    tell({ type: "place", name, mark: row?.[MARK], word: row?.[WORD], kind: row?.[KIND], place: placeOf(name), count: view.length });
  }
  function reveal(place) {
    const top = place * ROW;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + ROW - scroll.clientHeight;
  }
  /** Another order or filter starts at the top, but does not lose sight of the row in hand. */
  function rearrange() {
    scroll.scrollTop = 0;
    arrange();
    const place = placeOf(state.active);
    if (place >= 0) reveal(place);
    draw();
  }
  function activate(place) {
    if (place < 0 || place >= view.length) return;
    state.active = store.rows[view[place]][NAME];
    reveal(place);
    draw();
  }
  /** Select a file here and in Python; while keys repeat, Python is told of the last one only. */
  function select(name, soon = false) {
    if (name === model.get("selected")) return;
    model.set("selected", name);
    clearTimeout(saving);
    if (soon) saving = setTimeout(() => model.save_changes(), 120);
    else model.save_changes();
  }
  const isOpen = () => model.get("selected") !== null;

  table.addEventListener("keydown", (event) => {
    if (event.target !== table && event.target !== scroll) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / ROW) - 1);
    const here = placeOf(state.active);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      activate(Math.max(0, Math.min(view.length - 1, here < 0 ? (step > 1e9 ? step : 0) : here + step)));
      if (isOpen()) select(state.active, true);
    } else if ((event.key === "Enter" || event.key === " ") && here >= 0) {
      event.preventDefault();
      select(state.active);
      if (event.key === "Enter") tell({ type: "enter" });
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      select(null);
    }
  });
  columns.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = heads.map((head) => head.firstChild);
    const next = step && buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
  table.addEventListener("focus", () => {
    if (placeOf(state.active) < 0) activate(Math.max(0, placeOf(model.get("selected"))));
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".lbn-row")?.row;
    if (!row || document.getSelection().toString()) return;
    state.active = row[NAME];
    select(row[NAME]);
    table.focus({ preventScroll: true });
    draw();
  });
  const awake = (on) => {
    scroll.classList.toggle("lbn-awake", on);
    draw();
  };
  table.addEventListener("focusin", () => awake(true));
  table.addEventListener("focusout", (event) => table.contains(event.relatedTarget) || awake(false));
  scroll.addEventListener("scroll", draw, { passive: true });

  let typing = null;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      state.search = search.value.trim();
      rearrange();
    }, 150);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") table.focus();
  });
  filter.addEventListener("change", () => {
    state.status = filter.value;
    rearrange();
  });

  document.addEventListener(
    BUS,
    ({ detail }) => {
      if (detail.panel !== model.get("panel")) return;
      if (detail.type === "step") {
        activate(placeOf(model.get("selected")) + detail.by);
        select(state.active);
      } else if (detail.type === "close") {
        select(null);
        table.focus({ preventScroll: true });
      } else if (detail.type === "hello") tellPlace();
    },
    { signal },
  );

  // -- height -------------------------------------------------------------------------------------------------------
  function resize(height) {
    const px = Math.round(Math.max(160, Math.min(1600, height)));
    el.closest(".lbn-body")?.style.setProperty("--lbn-height", `${px}px`);
    handle.setAttribute("aria-valuenow", px);
  }
  const height = () => el.closest(".lbn-body")?.clientHeight ?? 480;
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 20, ArrowUp: -20, PageDown: 120, PageUp: -120 }[event.key];
    if (!step) return;
    event.preventDefault();
    resize(height() + step);
  });
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    const from = height() - event.clientY;
    const move = ({ clientY }) => resize(from + clientY);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
  });
  const sizes = new ResizeObserver(fit);
  sizes.observe(scroll);

  // -- from Python --------------------------------------------------------------------------------------------------
  /** The rest follows by itself; what has not come after a while, or was missed, is asked for. */
  function askLater(wait) {
    clearTimeout(asking);
    asking = setTimeout(() => {
      model.set("want", { rows: "all", n: (model.get("want").n ?? 0) + 1 });
      model.save_changes();
    }, wait);
  }
  function patched() {
    const follows = store.apply(model.get("patch"));
    if (!follows) askLater(100);
    else if (!store.whole) askLater(2000);
    else clearTimeout(asking);
    arrange();
  }
  model.on("change:patch", patched);
  model.on("change:selected", () => {
    const name = model.get("selected");
    if (name !== null && name !== state.active) {
      state.active = name;
      if (placeOf(name) >= 0) reveal(placeOf(name));
    }
    draw();
    tellPlace();
  });
  state.active = model.get("selected");
  patched();
  // A reloaded page starts from what is true now, and no patch is on its way to it.
  if (!store.whole && store.revision) askLater(100);
  return () => {
    for (const timer of [asking, saving, typing]) clearTimeout(timer);
    sizes.disconnect();
    ending.abort();
  };
}

export default { render };
