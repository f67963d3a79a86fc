/** The company behind a share: its figures beside its sector, and its news. */
import { html } from "./lib.js";
import { ask, useResource } from "./api.js";
import { ago, language, moment, number, percent, t } from "./i18n.js";
import { sectorName } from "./treemap.js";
import { Loaded } from "./ui.js";

const NEWS_SHOWN = 6;
const valueText = (figure, value) => (value === null ? "–" : figure.unit === "pct" ? percent(value, { digits: 1, signed: false }) : number(value, 1));

const isBeside = ({ value, peers }) => value !== null && peers > 2;

function Gauge({ figure }) {
  const { name, value, median, lower, peers } = figure;
  const isCompared = isBeside(figure);
  const place = isCompared ? (lower / (peers - 1)) * 100 : 0;
  const words = isCompared ? t("company.place", { lower, peers: peers - 1, median: valueText(figure, median) }) : value === null ? t("company.unknown") : "";
  return html`<div class="gauge">
    <dt>${name}</dt><dd><b>${valueText(figure, value)}</b>
    ${isCompared && html`<div class="gauge-scale" aria-hidden="true"><span style=${{ left: `${place}%` }}></span></div>`}
    <p class="fine">${words}${words && figure.known_at && html`<br />`}${figure.known_at && html`${t("company.since", { period: figure.period, when: moment(figure.known_at, { withTime: false }) })}`}</p></dd>
  </div>`;
}

/** Five figures as they were known when the call was made. */
export function Company({ secid, sector, at }) {
  const path = `/instruments/${encodeURIComponent(secid)}/fundamentals`;
  const { data } = useResource(`company|${secid}|${at}|${language.value}`, (abort) => ask(path, { at }, abort));
  // No figure at all: a fund, a young share, a simulated one. A card of dashes would say less than none.
  if (!data || data.results.every((figure) => figure.value === null)) return null;
  return html`<section class="card card-wide"><h2>${t("company.title")}</h2>
    <p class="fine">${sector && data.results.some(isBeside) ? t("company.beside", { sector: sectorName(sector).toLowerCase() }) : t("company.known")}</p>
    <dl class="gauges">${data.results.map((figure) => html`<${Gauge} key=${figure.metric} figure=${figure} />`)}</dl>
  </section>`;
}

const ageOf = (iso, servedAt) => (servedAt - Date.parse(iso)) / 1000;
// Addresses come from outside: nothing but a web page is linked.
const isWebPage = (url) => /^https?:\/\//i.test(url || "");

function Item({ news, servedAt }) {
  const side = news.direction > 0 ? "up" : news.direction < 0 ? "down" : "flat";
  // Channels write their titles with Telegram's marks of bold and italics.
  const words = news.title.replace(/\*\*|__/g, "").trim();
  const title = isWebPage(news.url) ? html`<a href=${news.url} target="_blank" rel="noopener noreferrer">${words}</a>` : words;
  return html`<li><span class="news-mark text-${side}" role="img" aria-label=${t(`news.${side}`)}>${{ up: "▲", down: "▼", flat: "●" }[side]}</span>
    <span><span lang=${news.language || undefined}>${title}</span><small class="fine">${ago(ageOf(news.published_at, servedAt))} · ${news.source}${typeof news.score === "number" ? ` · ${t("news.score", { n: Math.round(news.score) })}` : ""}</small></span></li>`;
}

/** The newest news that name the share. */
export function News({ secid }) {
  const news = useResource(`news|${secid}|${language.value}`, (abort) => ask("/news", { secid, page_size: NEWS_SHOWN }, abort), 300);
  if (news.problem && news.problem.status === 404) return null;
  return html`<section class="card"><h2>${t("news.title")}</h2>
    <${Loaded} from=${news} heights=${[48, 48]}>${(data) =>
      data.results.length
        ? html`<ul class="news">${data.results.map((item) => html`<${Item} key=${item.id} news=${item} servedAt=${data.servedAt} />`)}</ul>`
        : html`<p class="fine">${t("news.none")}</p>`}<//>
  </section>`;
}
