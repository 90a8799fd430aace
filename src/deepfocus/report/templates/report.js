"use strict";

const collator = new Intl.Collator("en", { numeric: true });

function orderOf(cell) {
  const order = cell.dataset.order;
  return order === undefined ? cell.textContent : Number(order);
}

// what is not known comes last, whichever way rows are sorted
function compared(one, other, sign) {
  if (typeof one === "string") {
    if (!one || !other) return Number(!one) - Number(!other);
    return sign * collator.compare(one, other);
  }
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
  return sign * (one - other);
}

function sortBy(header) {
  const headers = [...header.parentElement.children];
  const column = headers.indexOf(header);
  const rising = header.getAttribute("aria-sort") !== "ascending";
  for (const each of headers) each.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const body = header.closest("table").tBodies[0];
  const rows = [...body.rows].map((row) => [orderOf(row.cells[column]), row]);
  rows.sort((one, other) => compared(one[0], other[0], rising ? 1 : -1));
  body.append(...rows.map((each) => each[1]));
}

function filterRows(text) {
  const rows = [...document.getElementById("source-table").tBodies[0].rows];
  const wanted = text.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const shown = rows.filter((row) => !row.hidden).length;
  document.getElementById("count").textContent = wanted ? `${shown} of ${rows.length}` : "";
}

for (const button of document.querySelectorAll(".sortable thead button")) {
  button.addEventListener("click", () => sortBy(button.parentElement));
}

document.getElementById("filter")?.addEventListener("input", (event) => filterRows(event.target.value));

// what is folded away on the screen is printed
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
