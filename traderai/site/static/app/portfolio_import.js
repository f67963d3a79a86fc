/** A broker's export, looked at before anything is written. */
import { html, useEffect, useState } from "./lib.js";
import { call } from "./api.js";
import { fieldProblem, FormSheet, otherProblem, useWrite, wrongWords } from "./forms.js";
import { has, language, moment, number, price, roubles, t } from "./i18n.js";
import { Select, toast } from "./ui.js";

const SHOWN = 50; // rows of each list; the counts are of all

/** The text of a file in UTF-8, UTF-16 or Windows-1251, whatever a broker's program writes. */
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1251").decode(bytes);
  }
}

function Good({ row }) {
  return html`<li class=${row.known ? "is-known" : ""}><span class="row-number">${row.row}</span>
    <span class="grow"><b>${row.secid}</b> ${t(`action.${row.side}.word`)} ${t("call.size.shares", { n: row.qty, count: number(row.qty) })} × ${price(row.price)}
      <small>${moment(row.traded_at)}${row.known ? ` · ${t("import.known")}` : ""}</small>
      ${row.remarks.map((remark) => html`<small key=${remark.code}>${remark.text}</small>`)}</span>
    <b>${roubles(row.qty * row.price)}</b></li>`;
}

function Broken({ row }) {
  const name = has(`import.field.${row.field}`) ? t(`import.field.${row.field}`) : row.field;
  return html`<li><span class="row-number">${row.row}</span><span class="grow"><b>${name || t("import.row")}</b>
    <small>${wrongWords(row, row.field)}</small></span></li>`;
}

function Rows({ title, kind, mark, rows, row }) {
  if (!rows.length) return null;
  return html`<details class="import-rows import-${kind}" open>
    <summary><span aria-hidden="true">${mark} </span>${title}</summary>
    <ol>${rows.slice(0, SHOWN).map((one) => html`<${row} key=${`${one.row}-${one.field || ""}`} row=${one} />`)}</ol>
    ${rows.length > SHOWN && html`<p class="fine">${t("import.more", { count: number(rows.length - SHOWN) })}</p>`}
  </details>`;
}

function Preview({ report }) {
  const fresh = report.taken.filter((row) => !row.known);
  return html`<div class="import-report" aria-live="polite">
    <p><b>${t("import.rows", { n: report.rows, count: number(report.rows) })}</b> <span class="fine">${t("import.layout", { name: has(`import.layout.${report.layout}`) ? t(`import.layout.${report.layout}`) : report.layout })}</span></p>
    <${Rows} title=${t("import.broken", { count: number(report.problems.length) })} kind="bad" mark="✕" rows=${report.problems} row=${Broken} />
    <${Rows} title=${t("import.good", { count: number(fresh.length) })} kind="good" mark="✓" rows=${fresh} row=${Good} />
    ${report.known > 0 && html`<p class="fine">${t("import.again", { n: report.known, count: number(report.known) })}</p>`}
  </div>`;
}

/** What the server makes of the file; asked anew when the unit changes. */
function usePreview(content, unit, account) {
  const [state, setState] = useState({ report: null, problem: null, busy: false });
  useEffect(() => {
    if (!content) return undefined;
    const controller = new AbortController();
    setState({ report: null, problem: null, busy: true });
    call("/actions/import", { method: "POST", body: { content, dry_run: true, ...aboutOf(unit, account) }, signal: controller.signal }).then(
      (report) => setState({ report, problem: null, busy: false }),
      (problem) => problem.name !== "AbortError" && setState({ report: null, problem, busy: false }),
    );
    return () => controller.abort();
  }, [content, unit]);
  return state;
}

const aboutOf = (unit, account) => ({ qty_unit: unit || undefined, account_id: account ? account.id : undefined });

/** The sheet: choose a file, see what it holds, then import. */
export function ImportSheet({ account, onClose, onDone }) {
  const [file, setFile] = useState({ name: "", content: "" });
  const [unit, setUnit] = useState("");
  const { report, problem: unread, busy: reading } = usePreview(file.content, unit, account);
  const { busy, problem, write } = useWrite();
  const take = async (event) => {
    const chosen = event.target.files[0];
    if (chosen) setFile({ name: chosen.name, content: await textOf(chosen) });
  };
  const submit = async () => {
    const done = await write("POST", "/actions/import", { content: file.content, dry_run: false, ...aboutOf(unit, account) });
    if (!done) return;
    toast(t("import.done", { n: done.added, count: number(done.added) }));
    onDone();
  };
  const wrong = unread && (fieldProblem(unread, "file", "content") || otherProblem(unread, ["file", "content", "qty_unit"]));
  return html`<${FormSheet} key=${language.value} title=${t("import.title")} onClose=${onClose} onSubmit=${submit} busy=${busy} disabled=${!report || !report.added}
    submit=${report && report.added ? t("import.send", { n: report.added, count: number(report.added) }) : t("import.send.none")} problem=${otherProblem(problem, [])}>
    <p class="fine">${t("import.how")}</p>
    <div class="field file"><label for="import-file" class="button button-quiet">${file.name || t("import.choose")}</label>
      <input id="import-file" type="file" class="unseen" accept=".csv,.txt,.tsv,text/csv,text/plain" onChange=${take} aria-describedby=${wrong ? "import-wrong" : undefined} />
      ${wrong && html`<p class="field-error" id="import-wrong" role="alert">${wrong}</p>`}</div>
    <${Select} name="import-unit" label=${t("import.unit")} value=${unit} onChange=${setUnit} options=${[["", t("import.unit.file")], ["shares", t("unit.shares")], ["lots", t("unit.lots")]]} error=${unread ? fieldProblem(unread, "qty_unit") : ""} />
    ${reading && html`<p class="fine" role="status">${t("import.reading")}</p>`}
    ${report && html`<${Preview} report=${report} />`}
  <//>`;
}
