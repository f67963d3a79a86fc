/** What became of every signal: the whole record of one source, paper apart from proven. */
import { html, signal } from "./lib.js";
import { ask, useResource } from "./api.js";
import { ago, language, moment, number, t } from "./i18n.js";
import { BaseRates, Calibration, Caveats, Confidence, Equity, Groups, Summary, Told } from "./record_parts.js";
import { SaidList } from "./record_list.js";
import { Empty, Loaded, ScreenHead, Segments } from "./ui.js";

const SOURCES = ["live", "replay", "simulated"];
const QUIET_S = 7 * 86400; // without a new signal for so long a live record is called old
const REFRESH_S = 300;

const source = signal("live");
const proven = signal(false);

function Tools() {
  return html`<div class="tools">
    <${Segments} label=${t("record.source")} value=${source.value} onChange=${(key) => (source.value = key)} options=${SOURCES.map((key) => [key, t(`record.source.${key}`)])} />
    <${Segments} label=${t("record.kind")} value=${proven.value ? "proven" : "paper"} onChange=${(key) => (proven.value = key === "proven")}
      options=${[["paper", t("record.kind.paper")], ["proven", t("record.kind.proven")]]} />
  </div>
  <p class="fine">${t(`record.source.${source.value}.means`)}</p>`;
}

/** Nothing has ended: that is said, with what there is, and with where else to look. */
function Nothing({ record }) {
  const isTold = record.told.total > 0;
  const decided = record.said.reduce((sum, one) => sum + one.number, 0);
  // Of what has ended nothing was a trade: that is a result, too.
  const state = record.told.no_trade > 0 ? "held" : isTold ? "open" : "";
  const said = record.said.map((one) => `${t(`action.${one.name}`)}: ${number(one.number)}`).join(", ");
  return html`<${Empty} title=${t(state ? `record.empty.${state}` : "record.empty")} text=${t(state ? `record.empty.${state}.text` : record.proven ? "record.empty.proven" : "record.empty.text")}>
    ${decided > 0 && html`<p class="fine">${t("record.empty.said", { said })}</p>`}
    ${isTold && html`<${Told} told=${record.told} reasons=${record.void_reasons} />`}
    ${record.proven
      ? html`<button class="button" onClick=${() => (proven.value = false)}>${t("record.empty.paper")}</button>`
      : record.source === "live" && html`<button class="button" onClick=${() => (source.value = "replay")}>${t("record.empty.replay")}</button>`}
  <//>
  ${record.base_rates.length > 0 && html`<section class="card"><h2>${t("record.empty.base")}</h2><${BaseRates} rows=${record.base_rates} /></section>`}`;
}

function Old({ record }) {
  const age = record.told.last_at ? (record.servedAt - Date.parse(record.told.last_at)) / 1000 : 0;
  if (record.source !== "live" || age < QUIET_S) return null;
  return html`<div class="note note-stale" role="status"><span aria-hidden="true">◷</span><span>${t("record.old", { when: moment(record.told.last_at), ago: ago(age) })}</span></div>`;
}

function Body({ record }) {
  const { figures, told } = record;
  return html`<${Old} record=${record} />
    ${told.total > 0 && html`<p class="fine">${t("record.span", { first: moment(told.first_at, { withTime: false }), last: moment(told.last_at, { withTime: false }), as_of: moment(record.as_of) })}</p>`}
    ${!figures && html`<${Nothing} record=${record} />`}
    ${figures && html`<div class="record-grid">
      <${Summary} record=${record} />
      <${Equity} curve=${record.curve} />
      <${Confidence} groups=${record.groups.confidence} />
      <${Calibration} rows=${record.calibration} />
      <${Groups} groups=${record.groups} />
      <${Caveats} caveats=${record.caveats} />
    </div>`}
    ${!figures && record.caveats.length > 0 && html`<${Caveats} caveats=${record.caveats} />`}
    ${told.total > 0 && html`<${SaidList} key=${record.source} source=${record.source} />`}`;
}

/** The screen behind "More". */
export function RecordScreen() {
  const key = `track_record|${source.value}|${proven.value}|${language.value}`;
  const found = useResource(key, (abort) => ask("/track_record", { source: source.value, proven: String(proven.value) }, abort), REFRESH_S);
  return html`<main class="screen record" id="main">
    <${ScreenHead} title=${t("record.title")} withBack />
    <${Tools} />
    <${Loaded} from=${found} heights=${[260, 240, 200]}>${(record) => html`<${Body} record=${record} />`}<//>
  </main>`;
}
