import{b as z}from"./chunk-SC2AGQLB.js";import{$ as k,Ba as C,F as l,G as c,I as v,K as M,M as g,X as b,Y as S,Z as a,a as p,b as n,ba as w,c as m,ca as y,h as t,i,j as d,m as u,oa as T,p as $,q as f,r,sa as x}from"./chunk-OFME77TP.js";var R={market:"M3 3h8v10H3zM13 3h8v6h-8zM3 15h8v6H3zM13 11h8v10h-8z",portfolio:"M12 3a9 9 0 1 0 9 9h-9zM15 3.5A9 9 0 0 1 20.5 9H15z",coach:"M12 3l8 3v6c0 5-3.4 8-8 9-4.6-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",play:"M5 20V12M5 9V6M12 20v-5M12 12V4M19 20v-9M19 8V5M3 9h4v3H3zM10 12h4v3h-4zM17 8h4v3h-4z",more:"M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0"};function V(){return t`<nav class="tabs" aria-label=${r("tabs.label")}>
    <span class="tabs-brand" aria-hidden="true"><img src=${document.body.dataset.icon} width="32" height="32" alt="" /></span>
    ${S.map(e=>t`<a class="tab" href=${k({tab:e})} onClick=${w({tab:e})} aria-current=${a.value.tab===e?"page":void 0}>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d=${R[e]} /></svg>
        <span>${r(`tab.${e}`)}</span></a>`)}
  </nav>`}var H={market:()=>import("./market-7K7HD2FI.js").then(e=>e.MarketScreen),ticker:()=>import("./ticker-AK43XFO5.js").then(e=>e.TickerScreen),portfolio:()=>import("./portfolio-VNF26JDX.js").then(e=>e.PortfolioScreen),coach:()=>import("./coach-LP4NVADN.js").then(e=>e.CoachScreen),play:()=>import("./play-3ES2LMGE.js").then(e=>e.PlayScreen),record:()=>import("./record-CUFUWBWF.js").then(e=>e.RecordScreen),more:()=>import("./more-TKRP7MCS.js").then(e=>e.MoreScreen)},o={};function P({name:e}){let[,s]=n(0),[A,h]=n(!1),B=()=>{h(!1),H[e]().then(E=>{o[e]=E,s(O=>O+1)},()=>h(!0))};return m(()=>{o[e]||B()},[e]),o[e]?t`<${o[e]} key=${`${e}|${a.value.ticker}`} ...${a.value} />`:t`<main class="screen" id="main">${A?t`<${T} problem=${{status:0,code:"offline"}} onRetry=${()=>window.location.reload()} />`:t`<${x} heights=${[32,96,320]} />`}</main>`}function F(){let e=l.value,s=e!=="expired"?`session.${e}`:i?f(`problem.${c.value}`)?`problem.${c.value}`:"session.telegram":"session.browser";return t`<main class="screen screen-narrow outside" id="main"><section class="card state" role="alert">
    <div class="state-mark" aria-hidden="true"><svg viewBox="0 0 24 24" width="24" height="24"><path d="M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3" /></svg></div>
    <h1>${r(e==="expired"?"session.title":`session.${e}.title`)}</h1>
    <p>${r(s)}</p>
    ${i?t`<button class="button" onClick=${u}>${r("session.close")}</button>`:t`<a class="button" href=${M()}>${r("session.again")}</a>`}
  </section></main>`}function I(){let e=l.value==="open";return t`<a class="skip" href="#main">${r("app.skip")}</a>
    ${e&&t`<${V} />`}
    <div class="page">
      ${!g.value&&t`<div class="offline" role="status"><span aria-hidden="true">!</span> ${r("offline.text")}</div>`}
      ${e?t`<${P} name=${a.value.screen} />`:t`<${F} />`}
      <footer class="legal"><p>${r("legal.notice")}</p></footer>
    </div>
    <${C} />`}async function N(){d(),z(),b(),y(),await Promise.all([$(),v(),H[a.value.screen]().then(s=>o[a.value.screen]=s,()=>null)]);let e=document.getElementById("app");e.replaceChildren(),p(t`<${I} />`,e)}N();
