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
// Nothing scrolls on paper: a formula that is wider is made smaller, a table of formulas as a whole.
const formulas = () => document.querySelectorAll("table:has(math):not(.code), math");
const shrink = () => {
  const paper = 680;
  const start = document.querySelector("main").firstElementChild.getBoundingClientRect().left;
  for (const formula of formulas()) {
    const cell = formula.closest("td");
    if (cell && !cell.matches(".says")) continue;
    const { left, width } = formula.getBoundingClientRect();
    const room = cell ? cell.clientWidth : paper - (left - start);
    const now = parseFloat(formula.style.fontSize) || (formula.matches("math") ? 108 : 100);
    if (width > room) formula.style.fontSize = now * room / width + "%";
  }
};
// What stands between formulas does not shrink, so that once is not enough.
window.addEventListener("beforeprint", () => { for (let k = 0; k < 4; k++) shrink(); });
window.addEventListener("afterprint", () => {
  for (const formula of formulas()) formula.style.fontSize = "";
});
