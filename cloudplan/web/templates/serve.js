"use strict";
(() => {
  const words = document.body.dataset;

  // how far jobs are: texts are put in as texts, and the page is had anew when a job goes on to something else,
  // unless somebody is about to enter something
  const entering = () => Boolean(document.activeElement && document.activeElement.matches("input, select, textarea"))
    || [...document.querySelectorAll("input[type=file]")].some(input => input.files.length)
    || [...document.querySelectorAll("textarea")].some(area => area.value !== area.defaultValue);
  const anew = () => entering() ? setTimeout(anew, 1000) : location.reload();
  for (const place of document.querySelectorAll("[data-poll]")) {
    const look = async () => {
      try {
        const answer = await fetch(place.dataset.poll, { cache: "no-store" });
        if (!answer.ok) return anew();
        const told = await answer.json();
        for (const shown of place.querySelectorAll("[data-text]")) {
          const text = told.texts[shown.dataset.text] || (shown.tagName === "DD" ? "–" : "");
          if (shown.textContent !== text) shown.textContent = text;
        }
        if (told.over || (told.state !== place.dataset.state && !place.classList.contains("job"))) return anew();
      } catch { /* the server may be back soon */ }
      setTimeout(look, 1000);
    };
    setTimeout(look, 500);
  }

  // uploads: files may be dropped, and how much was sent is shown
  for (const form of document.querySelectorAll("form[data-upload]")) {
    const input = form.querySelector("input[type=file]"), told = form.querySelector("[data-told]");
    form.addEventListener("dragover", event => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", event => {
      event.preventDefault();
      form.classList.remove("over");
      if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
    form.addEventListener("submit", event => {
      if (!input.files.length) return;
      event.preventDefault();
      const bar = document.createElement("progress"), request = new XMLHttpRequest();
      bar.max = 1;
      bar.setAttribute("aria-label", words.sending);
      told.replaceChildren(words.sending + "… ", bar);
      request.upload.addEventListener("progress", sent => { if (sent.lengthComputable) bar.value = sent.loaded / sent.total; });
      request.addEventListener("load", () => {
        if (request.status < 400) return location.assign(request.responseURL);
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        told.textContent = answer.querySelector(".fault")?.textContent || words.failed;
      });
      request.addEventListener("error", () => { told.textContent = words.failed; });
      request.open("POST", form.action);
      request.send(new FormData(form));
    });
  }

  // the editor: numbers of lines beside it, those with a fault marked; a fault leads to its line
  for (const editor of document.querySelectorAll("[data-editor]")) {
    const area = editor.querySelector("textarea"), gutter = document.createElement("pre");
    const faulty = new Set(editor.dataset.faults.split(" ").map(Number));
    gutter.className = "gutter";
    gutter.setAttribute("aria-hidden", "true");
    let lines = 0;
    const number = () => {
      const count = area.value.split("\n").length;
      if (count === lines) return;
      lines = count;
      const parts = [];
      for (let at = 1; at <= count; at++) {
        if (faulty.has(at)) { const mark = document.createElement("b"); mark.textContent = "▶" + at + "\n"; parts.push(mark); }
        else parts.push(at + "\n");
      }
      gutter.replaceChildren(...parts);
    };
    const follow = () => { gutter.scrollTop = area.scrollTop; };
    area.addEventListener("input", number);
    area.addEventListener("scroll", follow);
    editor.prepend(gutter);
    number();
    for (const link of document.querySelectorAll("a[data-line]")) {
      link.addEventListener("click", event => {
        event.preventDefault();
        const before = area.value.split("\n").slice(0, link.dataset.line - 1), from = before.join("\n").length + (before.length ? 1 : 0);
        const end = area.value.indexOf("\n", from);
        area.focus();
        area.setSelectionRange(from, end < 0 ? area.value.length : end);
        area.scrollTop = Math.max(0, (link.dataset.line - 4) * parseFloat(getComputedStyle(area).lineHeight));
        follow();
      });
    }
  }
})();
