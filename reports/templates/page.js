"use strict";
// Sorts a table by the column whose heading is pressed; unknown values stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const wrap = () => {
      button.append(...heading.childNodes);
      heading.append(button);
    };
    wrap();
    // Chromium repeats headings on each printed page only where they hold no button.
    window.addEventListener("beforeprint", () => button.replaceWith(...button.childNodes));
    window.addEventListener("afterprint", wrap);
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      const next = { ascending: "descending", descending: null }[before];
      const order = next === undefined ? "ascending" : next;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      if (order) heading.setAttribute("aria-sort", order);
      const numeric = heading.classList.contains("number");
      const sign = order === "descending" ? -1 : 1;
      const compare = (one, two) => {
        const a = one.cells[column].dataset.sort;
        const b = two.cells[column].dataset.sort;
        if (a === "" || b === "") return (a === "") - (b === "");
        return sign * (numeric ? a - b : a.localeCompare(b, "en", { numeric: true }));
      };
      body.append(...(order ? [...original].sort(compare) : original));
    });
  });
}
