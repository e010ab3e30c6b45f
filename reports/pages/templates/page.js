// Draws the charts when they come into view, and makes tables sortable and filterable. Everything it shows is in the
// page without it: the figures of each chart are in a table.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const parsed = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");
  const specs = parsed("charts") || {};
  let moved = false;

  async function draw(place, log = false) {
    const spec = specs[place.dataset.chart][log ? 1 : 0];
    place.drawn?.finalize();
    // Errors only: a layer whose points are all filtered out would warn.
    place.drawn = await vegaEmbed(place, spec, { actions: false, renderer: "svg", logLevel: 1 });
    all("svg", place).forEach((svg) => svg.setAttribute("aria-hidden", "true"));
    if (!moved) unfold();
  }

  const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
    seen.unobserve(entry.target);
    draw(entry.target);
  }), { rootMargin: "400px" });
  all(".drawing").forEach((place) => seen.observe(place));

  all(".toggle-log").forEach((button) => button.addEventListener("click", () => {
    const log = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(log));
    draw(button.closest("figure").querySelector(".drawing"), log);
  }));

  const collator = new Intl.Collator("en", { numeric: true });
  const figure = (text) => Number(text.replace(/,/g, "").match(/^-?[\d.]+/)?.[0] ?? NaN);
  function sort(table, column, direction) {
    const rows = [...table.tBodies[0].rows];
    const text = (row) => row.cells[column]?.innerText.trim() ?? "";
    const numeric = rows.every((row) => !text(row) || !Number.isNaN(figure(text(row))));
    const compare = (a, b) => numeric ? (figure(text(a)) || 0) - (figure(text(b)) || 0) : collator.compare(text(a), text(b));
    rows.sort((a, b) => direction * compare(a, b)).forEach((row) => table.tBodies[0].append(row));
  }
  all("table.sortable").forEach((table) => all("thead th", table).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sort(table, column, ascending ? 1 : -1);
    });
  }));

  all("table.filterable").filter((table) => table.tBodies[0].rows.length > 5).forEach((table) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    label.className = "filter";
    label.append("Filter ", input);
    table.parentElement.before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  });

  all(".download").forEach((button) => button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById("results").textContent], { type: "application/json" }));
    link.download = button.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }));

  // Each section's title is a link to the section.
  all("section[id] > h2").forEach((title) => {
    const link = document.createElement("a");
    link.className = "anchor";
    link.href = `#${title.parentElement.id}`;
    link.textContent = "#";
    link.setAttribute("aria-label", `Link to ${title.textContent}`);
    title.append(" ", link);
  });

  // A link may lead into something that is folded. Charts that are drawn later move it, until the reader moves the page.
  function unfold() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
    target.scrollIntoView({ behavior: "instant" });
  }
  addEventListener("hashchange", () => { moved = false; unfold(); });
  ["wheel", "touchstart", "pointerdown", "keydown"].forEach((kind) => addEventListener(kind, () => { moved = true; }));
  unfold();

  // Paper cannot be unfolded: print everything.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    folded.forEach((details) => { details.open = true; });
    all(".drawing").filter((place) => !place.drawn).forEach((place) => draw(place));
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
})();
