"use strict";
(() => {
  const number = text => parseFloat(text.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-").replace(",", "."));
  const key = cell => { const text = cell ? cell.textContent.trim() : ""; return [number(text), text]; };
  for (const table of document.querySelectorAll("table.sort")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, at) => {
      if (head.tagName !== "TH") return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1, numeric = head.classList.contains("number");
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
        const keyed = [...body.rows].map(row => [key(row.cells[at]), row]);
        keyed.sort(([one], [two]) => down * (numeric ? (one[0] || 0) - (two[0] || 0) : one[1].localeCompare(two[1])));
        body.append(...keyed.map(([, row]) => row));
      });
    });
  }
  const words = document.body.dataset;
  for (const table of document.querySelectorAll("table.filter")) {
    if (table.tBodies[0].rows.length < 12) continue;
    const label = document.createElement("label"), input = document.createElement("input");
    input.type = "search";
    label.className = "search";
    label.append(words.filter + " ", input);
    table.closest(".scroll").before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const hide = () => { tip.hidden = true; };
  document.addEventListener("pointerover", event => {
    const shape = event.target.closest && event.target.closest("[data-tip]");
    if (!shape) return hide();
    const box = shape.getBoundingClientRect();
    tip.textContent = shape.dataset.tip;
    tip.hidden = false;
    tip.style.left = Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8)) + scrollX + "px";
    tip.style.top = box.bottom + scrollY + 6 + "px";
  });
  document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
})();
