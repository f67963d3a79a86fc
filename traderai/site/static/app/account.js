/** The reader's own settings, as the server keeps them. */
import { signal } from "./lib.js";
import { ask, forgetAnswers, send } from "./api.js";
import { chosenLanguage, language, useLanguage } from "./i18n.js";

/** As `GET /me` tells; null until it is known. */
export const me = signal(null);

/** Load it: what `useResource("me", ...)` is given. */
export async function loadMe(abort) {
  const answer = await ask("/me", {}, abort);
  me.value = answer;
  // What was chosen on this device counts more than what was chosen on another one.
  if (!chosenLanguage() && answer.language !== language.value) await useLanguage(answer.language, { keep: false });
  return answer;
}

/** Change some of it; the shown calls are sized and worded by it, so they are asked for anew. */
export async function changeMe(changes) {
  me.value = await send("PATCH", "/me", changes);
  forgetAnswers("analysis|");
  return me.value;
}
