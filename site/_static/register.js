/* The register, browsable without a server: filters over window.REGISTER. */
"use strict";
(() => {
  const root = document.getElementById("register");
  if (!root) return;
  const data = window.REGISTER;
  const models = { TFM: "task force", JEM: "jail", WSO: "warrant" };
  const step = 100;
  let shown = step;
  const get = (id) => document.getElementById(id);
  const cell = (row, text, tag = "td") => {
    const made = document.createElement(tag);
    made.textContent = text;
    row.append(made);
    return made;
  };

  for (const [code, name] of Object.entries(data.states))
    get("state").append(new Option(name, code));

  const matches = () => {
    const words = get("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = get("state").value, model = get("model").value;
    const now = get("now").value;
    return data.agreements.filter((a) =>
      (!state || a.state === state) && (!model || a.model === model) &&
      (!now || (now === "yes") === !a.until) &&
      words.every((w) => a.search.includes(w)));
  };

  const details = (row, a, button) => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { row.nextSibling.remove(); return; }
    const extra = document.createElement("tr");
    extra.className = "details";
    const place = cell(extra, "");
    place.colSpan = 6;
    const list = document.createElement("ul");
    const line = (text) => {
      const item = document.createElement("li");
      item.textContent = text;
      list.append(item);
      return item;
    };
    line(`Identifier: ${a.id}`);
    if (a.ori) line(`FBI identifier (ORI): ${a.ori}`);
    for (const s of a.spells)
      line(`On the lists from ${s[0]}` + (s[1] ? `; not on the list of ${s[1]}` : " on"));
    if (a.reason) line(`How it left: ${a.reason}`);
    if (/^https?:/.test(a.document || "")) {
      const anchor = document.createElement("a");
      anchor.href = a.document;
      anchor.textContent = "the agreement, as ICE published it";
      line("Document: ").append(anchor);
    }
    place.append(list);
    row.after(extra);
  };

  const draw = () => {
    const found = matches(), body = get("rows");
    body.replaceChildren();
    for (const a of found.slice(0, shown)) {
      const row = document.createElement("tr");
      const name = cell(row, "", "th");
      name.scope = "row";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = a.agency;
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => details(row, a, button));
      name.append(button);
      cell(row, data.states[a.state]);
      cell(row, a.county || "");
      cell(row, models[a.model] || a.model);
      cell(row, a.signed || "").className = "day";
      cell(row, a.until ? `until ${a.until}` : "in force").className = "day";
      body.append(row);
    }
    const n = found.length.toLocaleString("en-US");
    get("count").textContent =
      `${n} agreement${found.length === 1 ? "" : "s"}` +
      (found.length > shown ? `, the first ${shown} shown` : "");
    get("more").hidden = found.length <= shown;
  };
  const filters = ["find", "state", "model", "now"];
  const again = () => {
    shown = step;
    const kept = filters.filter((id) => get(id).value).map((id) => [id, get(id).value]);
    try { history.replaceState(null, "", `?${new URLSearchParams(kept)}`); } catch { /* a folder may forbid it */ }
    draw();
  };
  for (const id of filters) get(id).addEventListener("input", again);
  for (const link of document.querySelectorAll(".states a"))
    link.addEventListener("click", (event) => {
      event.preventDefault();
      for (const id of filters) get(id).value = "";
      get("state").value = new URL(link.href).searchParams.get("state");
      again();
      get("count").scrollIntoView();
      get("state").focus({ preventScroll: true });
    });
  get("more").addEventListener("click", () => { shown += 5 * step; draw(); });
  const asked = new URLSearchParams(location.search);
  for (const id of filters) if (asked.get(id)) get(id).value = asked.get(id);
  draw();
})();
