/** The reader's own settings, as the server keeps them. */
import { signal } from "./lib.js";
import { ask, forgetAnswers, send } from "./api.js";

/** As `GET /me` tells; null until it is known. */
export const me = signal(null);

/** Load it: what `useResource("me", ...)` is given. */
export async function loadMe(abort) {
  me.value = await ask("/me", {}, abort);
  return me.value;
}

/** Change some of it; the shown calls are sized and worded by it, so they are asked for anew. */
export async function changeMe(changes) {
  me.value = await send("PATCH", "/me", changes);
  forgetAnswers("analysis|");
  return me.value;
}
