/* A slider over the days: which counties have an agreement in force, and how many. */
"use strict";
(() => {
  const slider = document.getElementById("day");
  if (!slider) return;
  const data = window.REGISTER, shapes = window.SHAPES;
  const ns = "http://www.w3.org/2000/svg";
  const order = { WSO: 1, JEM: 2, TFM: 3 };
  const names = { TFM: "task force", JEM: "jail", WSO: "warrant" };
  const first = Date.parse(data.first), day = 864e5;
  slider.max = String(Math.round((Date.parse(data.last) - first) / day));
  const number = (text) => Math.round((Date.parse(text) - first) / day);
  for (const a of data.agreements)
    a.days = a.spells.map((s) => [number(s[0]), s[1] ? number(s[1]) : Infinity]);

  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", shapes.box);
  svg.setAttribute("role", "img");
  const title = document.createElementNS(ns, "title");
  svg.append(title);
  const places = {};
  for (const [fips, d] of Object.entries(shapes.counties)) {
    const path = document.createElementNS(ns, "path");
    path.setAttribute("d", d);
    const state = data.fips[fips.slice(0, 2)];
    const name = document.createElementNS(ns, "title");
    name.textContent = data.states[state];
    path.append(name);
    path.addEventListener("click", () => { location.href = `register.html?state=${state}`; });
    svg.append(path);
    places[fips] = path;
  }
  document.getElementById("map").append(svg);

  const draw = () => {
    const now = Number(slider.value);
    const date = new Date(first + now * day).toLocaleDateString("en-GB",
      { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const best = {}, byModel = { TFM: 0, JEM: 0, WSO: 0 }, byState = {};
    let total = 0;
    for (const a of data.agreements) {
      if (!a.days.some(([from, to]) => from <= now && now < to)) continue;
      total += 1;
      byModel[a.model] += 1;
      const row = (byState[a.state] ||= { TFM: 0, JEM: 0, WSO: 0, all: 0 });
      row[a.model] += 1;
      row.all += 1;
      if (a.fips && (order[a.model] > (order[best[a.fips]] || 0))) best[a.fips] = a.model;
    }
    for (const [fips, path] of Object.entries(places))
      path.setAttribute("class", best[fips] || "none");
    const said = `${total.toLocaleString("en-US")} agreements on the list of ${date}: ` +
      Object.keys(names).map((m) => `${names[m]} ${byModel[m]}`).join(", ") +
      `; ${Object.keys(best).filter((f) => f in places).length} counties on the map have one`;
    document.getElementById("said").textContent = said;
    title.textContent = said;
    slider.setAttribute("aria-valuetext", date);
    const body = document.getElementById("by-state");
    body.replaceChildren();
    for (const [state, row] of Object.entries(byState).sort((a, b) => b[1].all - a[1].all)) {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      const link = document.createElement("a");
      link.href = `register.html?state=${state}`;
      link.textContent = data.states[state] || state;
      head.append(link);
      line.append(head);
      for (const part of ["TFM", "JEM", "WSO", "all"]) {
        const made = document.createElement("td");
        made.className = "number";
        made.textContent = row[part];
        line.append(made);
      }
      body.append(line);
    }
  };
  let timer = 0;
  const play = document.getElementById("play");
  play.addEventListener("click", () => {
    if (timer) { clearInterval(timer); timer = 0; play.textContent = "Play"; return; }
    if (slider.value === slider.max) slider.value = "0";
    play.textContent = "Stop";
    timer = setInterval(() => {
      slider.value = String(Number(slider.value) + 14);
      draw();
      if (slider.value === slider.max) play.click();
    }, 120);
  });
  slider.addEventListener("input", draw);
  slider.value = slider.max;
  draw();
})();
