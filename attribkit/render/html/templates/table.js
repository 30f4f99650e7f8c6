// Of a long table shows the first rows, and the others on demand. It starts every table that was not started yet, so
// several copies may run in one notebook; it defines no global name.
(() => {
  "use strict";
  const FIRST = 10, MORE = 3;
  for (const table of document.querySelectorAll("table.table:not([data-ready])")) {
    table.dataset.ready = "";
    const rows = table.tBodies[0], rest = rows.rows.length - FIRST;
    if (rest < MORE) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "rest";
    button.textContent = `Show ${rest.toLocaleString("en")} more rows`;
    button.addEventListener("click", () => { rows.classList.remove("brief"); button.remove(); });
    rows.classList.add("brief");
    table.closest(".wide").after(button);
  }
})();
