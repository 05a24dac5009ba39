const form = document.querySelector("form.ask");
const fields = ["expr", "network", "vars", "wrt"];
const field = (name) => document.getElementById(name);
const state = document.getElementById("state");
const wrong = document.getElementById("wrong");
const result = document.getElementById("result");
// What the reader has typed is left alone; what has been guessed follows the formula.
const guessed = { vars: true, wrt: true };
let asked = 0;
let pending = null;
let timer = 0;

const kind = () => form.elements.kind.value;

function arrange() {
  const now = kind();
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(now);
}

function remember() {
  const said = new URLSearchParams({ kind: kind() });
  for (const name of fields) if (field(name).value && !guessed[name]) said.set(name, field(name).value);
  history.replaceState(null, "", "#" + said);
}

function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const choice of form.elements.kind) choice.checked = choice.value === (said.get("kind") || "objective");
  for (const name of fields) {
    if (!said.has(name)) continue;
    field(name).value = said.get(name);
    if (name in guessed) guessed[name] = false;
  }
}

async function ask() {
  const number = ++asked;
  if (pending) pending.abort();
  pending = new AbortController();
  const body = { kind: kind(), expr: field("expr").value, network: field("network").value };
  for (const name of ["vars", "wrt"]) body[name] = guessed[name] ? "" : field(name).value;
  result.classList.add("stale");
  let reply;
  try {
    const response = await fetch("/explain", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: pending.signal,
    });
    reply = await response.json();
  } catch (error) {
    if (error.name === "AbortError") return;
    reply = { error: "no answer: is `cargo gradsmith serve` still running?" };
  }
  if (number !== asked) return;
  for (const name of ["vars", "wrt"]) if (guessed[name] && reply[name]) field(name).value = reply[name];
  const bad = reply.error !== undefined;
  field("expr").setAttribute("aria-invalid", String(bad));
  if (bad) {
    wrong.textContent = reply.error;
    state.textContent = "";
    return;
  }
  wrong.textContent = "";
  result.innerHTML = reply.html;
  result.classList.remove("stale");
  state.textContent = "derived in " + reply.ms + " ms";
  document.title = reply.title;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => { remember(); ask(); }, 200);
}

form.addEventListener("submit", (event) => { event.preventDefault(); soon(); });
form.addEventListener("input", (event) => {
  const name = event.target.id;
  // An empty field is for guessing again.
  if (name in guessed) guessed[name] = event.target.value.trim() === "";
  arrange();
  soon();
});
document.getElementById("examples").addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-expr]");
  if (!chosen) return;
  for (const choice of form.elements.kind) choice.checked = choice.value === chosen.dataset.kind;
  field("expr").value = chosen.dataset.expr;
  if (chosen.dataset.network) field("network").value = chosen.dataset.network;
  for (const name in guessed) { guessed[name] = true; field(name).value = ""; }
  arrange();
  soon();
});
recall();
arrange();
ask();
