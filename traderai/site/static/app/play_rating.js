/** How one stands in the game: rating with its uncertainty, records with their counts, and the leader board. */
import { html, useState } from "./lib.js";
import { ask, send, useResource } from "./api.js";
import { has, moment, multiple, number, t } from "./i18n.js";
import { ended } from "./play_round.js";
import { CurvePlot } from "./plots.js";
import { Field, Figure, Loaded, toast, tone, wordsOf } from "./ui.js";

const SURE = 2; // deviations: the rating lies within them with 95 %
const FEW = 10; // rounds below which a mean says little
const START = 1500; // where everybody begins

const between = ({ rating, deviation }) => ({ low: number(rating - SURE * deviation), high: number(rating + SURE * deviation) });

function Curve({ curve }) {
  if (curve.length < 2) return html`<p class="fine">${t("play.curve.few")}</p>`;
  const points = curve.map((point) => ({ y: point.rating, low: point.rating - SURE * point.deviation, high: point.rating + SURE * point.deviation, name: moment(point.at, { withTime: false }) }));
  const last = curve[curve.length - 1];
  const table = {
    heads: [t("play.curve.when"), t("play.rating"), "± 95 %"],
    rows: curve.map((point) => [moment(point.at), number(point.rating), number(SURE * point.deviation)]),
  };
  const label = t("play.curve.label", { n: curve.length, first: number(curve[0].rating), last: number(last.rating), ...between(last) });
  return html`<${CurvePlot} points=${points} base=${START} format=${(value) => number(value)} label=${label} table=${table} />
    <p class="fine">${t("play.curve.key", { start: number(START) })}</p>`;
}

function Strength({ data }) {
  const { strength, total, streak, best_streak: best } = data;
  return html`<section class="card">
    <h2>${t("play.standing")}</h2>
    <div class="play-strength"><b>${number(strength.rating)}</b>
      <span class="fine">${t("play.between", between(strength))}</span></div>
    ${total.rounds === 0 && html`<p>${t("play.fresh")}</p>`}
    ${total.rated > 0 && html`<${Curve} curve=${data.curve} />`}
    ${total.rounds > 0 && html`<dl class="figures">
      <${Figure} label=${t("play.record")} value=${`${total.wins} – ${total.draws} – ${total.losses}`} note=${t("play.rated", { n: total.rated })} kind="figure-wide" />
      <${Figure} label=${t("play.mean.you")} value=${multiple(total.mean_r)} note=${t("play.rounds", { n: total.rounds })} />
      <${Figure} label=${t("play.mean.ai")} value=${multiple(total.mean_ai_r)} />
      <${Figure} label=${t("play.streak")} value=${number(streak)} note=${t("play.streak.best", { n: number(best) })} />
      <${Figure} label=${t("play.missed")} value=${number(data.missed)} note=${t("play.missed.of", { n: number(data.dealt) })} />
    </dl>`}
    ${data.ai.length > 0 && html`<p class="fine">${data.ai.map((one) => t("play.ai.rating", { family: one.family, rating: number(one.strength.rating), error: number(SURE * one.strength.deviation) })).join(" · ")}</p>`}
  </section>`;
}

/** A record by what rounds have in common: means beside their counts. */
function Records({ title, family, groups }) {
  if (!groups.length) return null;
  return html`<section class="card"><h2>${title}</h2>
    <div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="grouped"><thead><tr>
      <th scope="col"><span class="unseen">${title}</span></th><th scope="col" class="n">${t("play.record.short")}</th>
      <th scope="col" class="n">${t("play.you")}</th><th scope="col" class="n">${t("play.ai")}</th></tr></thead>
      <tbody>${groups.map(
        (group) => html`<tr><th scope="row">${has(`${family}.${group.name}`) ? t(`${family}.${group.name}`) : t("play.unknown")}
          <small>${t("play.rounds", { n: group.rounds })}${group.rounds < FEW ? ` · ${t("play.few")}` : ""}</small></th>
          <td class="n">${group.wins}–${group.draws}–${group.losses}</td>
          <td class="n text-${tone(group.mean_r)}">${multiple(group.mean_r)}</td>
          <td class="n">${multiple(group.mean_ai_r)}</td></tr>`,
      )}</tbody></table></div>
    <p class="fine">${t("play.records.key")}</p></section>`;
}

function Nickname({ nickname, onSaved }) {
  const [draft, setDraft] = useState(null);
  const [problem, setProblem] = useState(null);
  const save = async (wanted) => {
    try {
      await send("PATCH", "/training_rating", { nickname: wanted });
      setDraft(null);
      setProblem(null);
      toast(t(wanted === null ? "play.nickname.gone" : "play.nickname.saved"));
      onSaved();
    } catch (found) {
      setProblem(found);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    save(draft.trim());
  };
  if (draft === null) {
    return html`<div class="play-nickname"><p class="grow">${nickname ? t("play.nickname.shown", { name: nickname }) : t("play.nickname.none")}</p>
      <button class="link" onClick=${() => setDraft(nickname || "")}>${t(nickname ? "play.nickname.change" : "play.nickname.choose")}</button></div>`;
  }
  return html`<form class="play-nickname-form" onSubmit=${submit}>
    <${Field} name="nickname" label=${t("play.nickname")} value=${draft} onInput=${setDraft} hint=${t("play.nickname.hint")} error=${problem ? wordsOf(problem) : ""}
      maxlength="20" autocomplete="nickname" autocapitalize="none" spellcheck=${false} />
    <div class="play-nickname-buttons"><button class="button" type="submit" disabled=${!draft.trim()}>${t("play.nickname.save")}</button>
      ${nickname && html`<button class="link" type="button" onClick=${() => save(null)}>${t("play.nickname.withdraw")}</button>`}
      <button class="link" type="button" onClick=${() => setDraft(null)}>${t("play.nickname.cancel")}</button></div>
  </form>`;
}

function Board({ rows, nickname, onSaved }) {
  return html`<section class="card"><h2>${t("play.board")}</h2>
    ${rows.length === 0 && html`<p>${t("play.board.empty")}</p>`}
    ${rows.length > 0 && html`<ol class="board">${rows.map(
      (row) => html`<li class=${row.is_you ? "board-you" : ""}>
        <span class="board-place">${row.place === null ? html`<span aria-label=${t("play.ai")}>◇</span>` : row.place}</span>
        <span class="board-name"><b>${row.name}</b><small>${row.is_you ? `${t("play.you")} · ` : row.is_ai ? `${t("play.ai")} · ` : ""}${t("play.games", { n: row.rounds })}${row.missed ? ` · ${t("play.board.missed", { n: row.missed })}` : ""}</small></span>
        <span class="board-figures"><b>${number(row.strength.rating)}</b><small>${t("play.board.least", { least: number(row.strength.rating - SURE * row.strength.deviation) })}</small></span></li>`,
    )}</ol>`}
    <p class="fine">${t("play.board.key")}</p>
    <${Nickname} nickname=${nickname} onSaved=${onSaved} /></section>`;
}

/** The player's own standing and the leader board. */
export function Standing() {
  const own = useResource(`training_rating|${ended.value}`, (abort) => ask("/training_rating", {}, abort));
  const board = useResource(`training_leaderboard|${ended.value}`, (abort) => ask("/training_leaderboard", {}, abort));
  const again = () => {
    own.reload();
    board.reload();
  };
  return html`<div class="play-side play-own"><${Loaded} from=${own} heights=${[220, 120]}>${(data) => html`<${Strength} data=${data} />
      <${Records} title=${t("play.by_regime")} family="regime" groups=${data.by_regime} />
      <${Records} title=${t("play.by_setup")} family="play.setup" groups=${data.by_setup} />`}<//></div>
    <div class="play-side play-leaders"><${Loaded} from=${board} heights=${[160]}>${(data) => html`<${Board} rows=${data.results} nickname=${own.data ? own.data.nickname : null} onSaved=${again} />`}<//></div>`;
}
