/** What we hold of the reader: take it along, take it away; and the way out. */
import { html, useRef, useState } from "./lib.js";
import { ask, send } from "./api.js";
import { t } from "./i18n.js";
import { forget, hasToken, session, signOut } from "./session.js";
import { insideTelegram } from "./telegram.js";
import { Field, Sheet, toast, wordsOf } from "./ui.js";

/** Hand a text over as a file. */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function Deletion({ username, onClose }) {
  const [name, setName] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (name.trim() !== username) return setError(t("more.delete.wrong", { username }));
    setBusy(true);
    try {
      await send("DELETE", "/me/data", { confirm: username });
      forget();
      session.value = "deleted";
    } catch (problem) {
      setError(problem.of("confirm") || wordsOf(problem));
      setBusy(false);
    }
    return undefined;
  };
  return html`<${Sheet} title=${t("more.delete")} onClose=${onClose}>
    <p>${t("more.delete.text")}</p>
    <form class="form" onSubmit=${submit} novalidate>
      <${Field} name="confirm" label=${t("more.delete.confirm", { username })} value=${name} onInput=${setName} error=${error} autocomplete="off" autocapitalize="none" spellcheck=${false} />
      <button class="button button-danger wide" disabled=${busy || !name.trim()}>${t("more.delete.do")}</button>
    </form>
  <//>`;
}

/** Some of Telegram's applications save no file and do not say so: the text is there to be copied. */
function Copy({ text, onClose }) {
  const box = useRef(null);
  const copy = async () => {
    box.current.select();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      document.execCommand("copy"); // a frame that may not use the clipboard itself
    }
    onClose();
    toast(t("more.export.copied"));
  };
  return html`<${Sheet} title=${t("more.export")} onClose=${onClose}>
    <p>${t("more.export.copy.text")}</p>
    <textarea class="input export-text" ref=${box} readonly rows="8" aria-label=${t("more.export")} value=${text}></textarea>
    <button class="button wide" onClick=${copy}>${t("more.export.copy")}</button>
  <//>`;
}

export function MyData({ username }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [copied, setCopied] = useState("");
  const take = async () => {
    setBusy(true);
    try {
      const { servedAt, receivedAt, ...held } = await ask("/me/data");
      const text = JSON.stringify(held, null, 2);
      download("traderai.json", text);
      if (insideTelegram) setCopied(text);
      else toast(t("more.export.done"));
    } catch (problem) {
      toast(wordsOf(problem), "error");
    }
    setBusy(false);
  };
  return html`<section class="card" aria-labelledby="more-data"><h2 id="more-data">${t("more.data")}</h2>
    <p class="fine">${t("more.data.text")}</p>
    <div class="actions"><button class="button button-quiet" disabled=${busy} onClick=${take}>${t("more.export")}</button>
      <button class="button button-quiet text-danger" onClick=${() => setOpen(true)} aria-haspopup="dialog">${t("more.delete")}</button></div>
    ${copied && html`<${Copy} text=${copied} onClose=${() => setCopied("")} />`}
    ${open && html`<${Deletion} username=${username} onClose=${() => setOpen(false)} />`}
  </section>`;
}

export function SignOut() {
  const leave = async () => {
    try {
      if (hasToken()) await send("DELETE", "/auth/token");
      await signOut();
    } catch (problem) {
      toast(wordsOf(problem), "error");
    }
  };
  return html`<button class="button button-quiet wide" onClick=${leave}>${t("more.signout")}</button>`;
}
