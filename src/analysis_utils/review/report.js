"use strict";
// Hides the rows that do not hold every word searched for, and sections left empty.
const words = document.getElementById("words");
const oddOnly = document.getElementById("odd-only");
const count = document.getElementById("count");
const rows = [...document.querySelectorAll("[data-row]")];
const texts = rows.map((row) => {
  const run = row.closest("[data-run]");
  return ((run ? run.dataset.run + " " : "") + row.textContent).toLowerCase();
});

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, place) => {
    const fits = wanted.every((word) => texts[place].includes(word));
    row.hidden = !fits || (oddOnly.checked && row.dataset.verdict === "identical");
    shown += !row.hidden;
  });
  document.querySelectorAll("[data-section]").forEach((section) => {
    section.hidden = !section.querySelector("[data-row]:not([hidden])");
    if (section.tagName === "DETAILS" && wanted.length) section.open = !section.hidden;
  });
  count.textContent = shown + " of " + rows.length + " shown";
}

words.addEventListener("input", filter);
oddOnly.addEventListener("change", filter);
document.querySelector(".bar").hidden = false;
filter();
