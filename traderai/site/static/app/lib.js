/** The vendored view library under short names, so that each screen imports one line. */
import { createElement, render } from "./vendor/preact.js";
import { useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import { computed, effect, signal } from "./vendor/preact-signals.js";
import htm from "./vendor/htm.js";

const html = htm.bind(createElement);

export { computed, effect, html, render, signal, useEffect, useMemo, useRef, useState };
