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
