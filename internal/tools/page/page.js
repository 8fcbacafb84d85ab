"use strict";
// The page shows what the program inside it answers. Everything is put in as text, never as
// markup: names and messages in a report come from strangers.
(() => {
const $ = (id) => document.getElementById(id);
const largest = { trust: 1 << 20, pack: 256 << 20 }; // bytes; the program has limits of its own
const chosen = { trust: null, pack: null };

function made(tag, text, kind) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

const looks = {
  pass: ["✓", "passed", "ok"], fail: ["✗", "failed", "refused"], not_run: ["?", "not known", "unknown"],
  verified: ["✓", "verified", "ok"], failed: ["✗", "failed", "refused"], indeterminate: ["?", "indeterminate", "unknown"],
};

function marked(tag, status) {
  const [mark, word, kind] = looks[status] ?? ["?", "not known", "unknown"];
  return made(tag, mark + " " + word, kind);
}

// One row a check name: what passed is counted, what did not is told one by one.
function rows(checks) {
  const byName = new Map();
  for (const c of checks) {
    if (!byName.has(c.name)) byName.set(c.name, []);
    byName.get(c.name).push(c);
  }
  const out = [];
  for (const [name, all] of byName) {
    const bad = all.filter((c) => c.status !== "pass");
    if (bad.length === 0) out.push({ name, status: "pass", told: all.length > 1 ? all.length + " checks" : all[0].detail ?? "" });
    for (const c of bad) out.push({ name, status: c.status, told: said(c) });
  }
  return out.sort((a, b) => (a.status === "pass") - (b.status === "pass"));
}

function said(c) {
  const parts = [c.code, c.subject, c.detail];
  if (c.expected) parts.push("expected " + c.expected);
  if (c.got) parts.push("got " + c.got);
  return parts.filter(Boolean).join(" · ");
}

function table(checks) {
  const t = made("table");
  const head = t.createTHead().insertRow();
  for (const h of ["Check", "Answer", "What"]) head.append(made("th", h));
  const body = t.createTBody();
  for (const r of rows(checks)) {
    body.insertRow().append(made("td", r.name), marked("td", r.status), made("td", r.told));
  }
  return t;
}

function operation(o) {
  const d = made("dl");
  const add = (k, v) => { if (v) d.append(made("dt", k), made("dd", v)); };
  add("operation", [o.kind, o.repository, o.resource].filter(Boolean).join(" "));
  add("outcome", [o.fate ?? o.status, o.code].filter(Boolean).join(" · "));
  add("at", o.url);
  add("asked by", o.requester);
  add("approved by", o.approvers.join(", "));
  add("authorised by", o.authorities.join(", "));
  add(o.status === "success" ? "published by" : "claimed by", o.publisher);
  add("resolved by", o.resolver);
  add("content", o.operation);
  add("leaves", o.positions.map((p) => p.record + " " + p.index).join(", "));
  return d;
}

function show(answer) {
  const r = JSON.parse(answer.json);
  const [mark, word, kind] = looks[r.verdict] ?? looks.failed;
  const passed = r.checks.filter((c) => c.status === "pass").length;
  $("verdict").textContent = mark + " " + word + (r.unwitnessed ? " (unwitnessed)" : "") + (r.shown ? ": " + r.shown : r.code ? ": " + r.code : "");
  $("verdict").className = kind;
  const basis = [passed + " of " + r.checks.length + " checks passed", r.unwitnessed, r.run && "run " + r.run,
    r.checkpoint && "log " + r.checkpoint.origin + " at size " + r.checkpoint.size + ", quorum " + r.checkpoint.quorum,
    r.trust_digest && "trust file version " + r.trust_version + ", " + r.trust_digest, r.at && "judged at " + r.at];
  $("basis").textContent = basis.filter(Boolean).join("\n");
  $("checks").replaceChildren(table(r.checks));
  $("operations").replaceChildren(...(r.operations.length ? r.operations.map(operation) : [made("p", "nothing that this report could establish")]));
  $("uncovered").replaceChildren(...r.not_covered.map((s) => made("li", s)));
  $("text").textContent = answer.text;
  const save = $("save");
  if (save.href) URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([answer.json], { type: "application/json" }));
  $("report").hidden = false;
  document.title = word + " – marketops verifier";
}

let latest = 0; // an answer that a later choice has overtaken is not shown

async function judge() {
  const turn = ++latest;
  $("report").hidden = true;
  const missing = Object.keys(chosen).filter((k) => !chosen[k]).map((k) => (k === "pack" ? "the pack" : "the trust file"));
  if (missing.length) return say("Ready. Still needed: " + missing.join(" and ") + ".");
  for (const [k, f] of Object.entries(chosen)) {
    if (f.size > largest[k]) return say(f.name + " is larger than " + largest[k] + " bytes and was not read.");
  }
  say("Checking " + chosen.pack.name + "…");
  await new Promise((done) => setTimeout(done)); // lets the line above be seen
  try {
    const [pack, trust] = await Promise.all([bytes(chosen.pack), bytes(chosen.trust)]);
    if (turn !== latest) return;
    show(globalThis.marketopsVerify(pack, trust, $("digest").value.trim()));
    say("Checked " + chosen.pack.name + " against " + chosen.trust.name + ".");
  } catch (e) {
    say("Nothing was established: " + e.message);
  }
}

const bytes = async (f) => new Uint8Array(await f.arrayBuffer());
const say = (s) => { $("state").textContent = s; };

// A dropped trust file is known by its name; everything else is a pack.
function take(files, into) {
  for (const f of files) chosen[into ?? (f.name.endsWith(".json") ? "trust" : "pack")] = f;
  judge();
}

async function start() {
  const packed = Uint8Array.from(atob($("program").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(await new Response(stream).arrayBuffer(), go.importObject);
  go.run(instance).then(() => say("Nothing was established: the verifier stopped; load the page again."));
  for (const k of Object.keys(chosen)) {
    $(k).addEventListener("click", (e) => { e.target.value = ""; }); // so that the same name can be chosen again
    $(k).addEventListener("change", (e) => take(e.target.files, k));
  }
  $("digest").addEventListener("change", judge);
  document.addEventListener("dragover", (e) => { e.preventDefault(); document.body.classList.add("over"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (e) => { e.preventDefault(); document.body.classList.remove("over"); take(e.dataTransfer.files); });
  judge();
}

start().catch((e) => say("Nothing was established: the verifier did not start: " + e.message));
})();
