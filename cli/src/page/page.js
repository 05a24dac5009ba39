"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const said = button.parentElement.querySelector(".copied");
  const done = (text) => { said.textContent = text; setTimeout(() => { said.textContent = ""; }, 2000); };
  const text = source.value;
  // Where the clipboard is not to be had, as in some files: what is selected can be copied.
  const select = () => {
    source.hidden = false;
    source.select();
    const copied = document.execCommand("copy");
    if (copied) { source.hidden = true; button.focus(); done("copied"); } else done("press Ctrl+C");
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done("copied"), select);
  else select();
});
// Nothing scrolls on paper: a formula that is wider is made smaller.
window.addEventListener("beforeprint", () => {
  const paper = 680;
  for (const formula of document.querySelectorAll("math")) {
    const cell = formula.closest("td.says");
    const room = cell ? Math.min(paper, cell.clientWidth) : paper;
    const width = formula.getBoundingClientRect().width;
    if (width > room) formula.style.fontSize = 108 * room / width + "%";
  }
});
window.addEventListener("afterprint", () => {
  for (const formula of document.querySelectorAll("math")) formula.style.fontSize = "";
});
