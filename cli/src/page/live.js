const form = document.querySelector("form.ask");
const field = (name) => document.getElementById(name);
const texts = ["expr", "network", "declare", "inputs", "hyper", "define", "var", "wrt", "bounds", "st"];
const switches = ["residual", "entries"];
const [state, wrong, result, more, example] = ["state", "wrong", "result", "more", "example"].map(field);
const kinds = [...form.elements.kind].map((choice) => choice.value);
// What the reader has typed is left alone; what has been guessed follows the formula.
const guessed = { var: true, wrt: true, hyper: true };
// What was typed last of each kind.
const drafts = {};
let asked = 0;
let pending = null;
let timer = 0;

const kind = () => form.elements.kind.value;
const says = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function belongs(name) {
  const part = field(name).closest("[data-for]");
  return !part || part.dataset.for.split(" ").includes(kind());
}

function arrange() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind());
}

// What is asked, and what a link says.
function typed() {
  const said = { kind: kind() };
  for (const name of texts) {
    if (belongs(name) && !guessed[name] && field(name).value.trim()) said[name] = field(name).value;
  }
  for (const name of switches) if (belongs(name) && field(name).checked) said[name] = true;
  if (field("steps").value !== "all") said.steps = field("steps").value;
  return said;
}

function fill(said) {
  for (const choice of form.elements.kind) choice.checked = choice.value === said.kind;
  arrange();
  for (const name of texts) field(name).value = said[name] ?? "";
  for (const name of switches) field(name).checked = String(said[name]) === "true";
  field("steps").value = said.steps ?? "all";
  if (field("steps").selectedIndex < 0) field("steps").value = "all";
  for (const name in guessed) {
    guessed[name] = field(name).value.trim() === "";
    guess(name, "");
  }
  more.open = [...more.querySelectorAll("textarea, select, input")].some(
    (f) => belongs(f.id) && (f.type === "checkbox" ? f.checked : f.value !== "" && f.value !== "all"));
}

const first = (of) => ({ ...example.querySelector(`[data-kind=${of}]`).dataset });

// A link that says nothing that is known is as no link.
function recall() {
  const said = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  said.kind ??= "objective";
  const known = kinds.includes(said.kind);
  fill(known && said.expr ? said : first(known ? said.kind : "objective"));
}

function remember(said) {
  drafts[said.kind] = said;
  const link = "#" + new URLSearchParams(said);
  // What is too long to be asked is too long for a link.
  history.replaceState(null, "", link.length > LONGEST ? location.pathname : link);
}

function guess(name, text) {
  const is = guessed[name] && text !== "";
  if (guessed[name]) {
    field(name).placeholder = text;
    // Who has just emptied a field is about to type.
    if (document.activeElement !== field(name)) field(name).value = text;
  }
  field(name).classList.toggle("guess", is);
  field(name + "-guess").hidden = !is;
  says(field(name + "-more"), !guessed[name] && text ? "guessed besides: " + text : "");
}

// Lines of formulas with carets under them stay as long as they are; words wrap.
function mistake(element, text) {
  if (element.textContent.trimEnd() === text) return;
  element.replaceChildren(...(text ? text.split("\n") : []).map((line) => {
    const span = document.createElement("span");
    span.className = line.startsWith("  | ") ? "code" : "";
    span.textContent = line + "\n";
    return span;
  }));
}

function complain(errors) {
  const said = {};
  for (const error of errors) {
    const name = texts.includes(error.field) && belongs(error.field) ? error.field : "";
    (said[name] ??= []).push(error.says);
  }
  for (const name of texts) {
    const bad = name in said;
    mistake(field(name + "-wrong"), bad ? said[name].join("\n\n") : "");
    field(name).setAttribute("aria-invalid", String(bad));
    if (bad && more.contains(field(name))) more.open = true;
  }
  mistake(wrong, (said[""] ?? []).join("\n\n"));
}

async function answer(said) {
  const body = JSON.stringify(said);
  if (new Blob([body]).size > LONGEST) {
    const longest = texts.filter((name) => said[name]).sort((a, b) => said[b].length - said[a].length)[0];
    const text = `error: more than ${LONGEST} characters\nhelp: \`cargo gradsmith explain\` takes longer texts`;
    return { errors: [{ field: longest, says: text }] };
  }
  try {
    const response = await fetch("/explain", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      signal: pending.signal,
    });
    return response.ok ? await response.json() : { errors: [{ says: "error: " + (await response.text()).trim() }] };
  } catch (error) {
    if (error.name === "AbortError") return null;
    return { errors: [{ says: "error: no answer: is `cargo gradsmith serve` still running?" }] };
  }
}

async function ask() {
  const number = ++asked;
  if (pending) pending.abort();
  pending = new AbortController();
  const said = typed();
  remember(said);
  result.classList.add("stale");
  const reply = await answer(said);
  if (!reply || number !== asked) return;
  for (const name in guessed) if (reply.guessed && name in reply.guessed) guess(name, reply.guessed[name]);
  complain(reply.errors ?? []);
  if (reply.errors) {
    says(state, result.firstChild ? "not derived; what is below is of the last formula that was" : "not derived");
    return;
  }
  result.innerHTML = reply.html;
  result.classList.remove("stale");
  says(state, "derived in " + reply.ms + " ms");
  document.title = reply.title;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, 200);
}

form.addEventListener("submit", (event) => { event.preventDefault(); soon(); });
form.addEventListener("input", (event) => {
  const changed = event.target;
  if (changed === example) {
    if (!example.value) return;
    fill({ ...example.selectedOptions[0].dataset });
  } else {
    example.value = "";
    if (changed.name === "kind") fill(drafts[kind()] ?? first(kind()));
    // An empty field is for guessing again.
    if (changed.id in guessed) {
      guessed[changed.id] = changed.value.trim() === "";
      guess(changed.id, "");
    }
  }
  soon();
});
form.addEventListener("focusout", (event) => {
  const left = event.target;
  if (guessed[left.id] && left.value.trim() === "") left.value = left.placeholder;
});
window.addEventListener("hashchange", () => { clearTimeout(timer); recall(); ask(); });
recall();
ask();
