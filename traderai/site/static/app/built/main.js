import{b as S}from"./chunk-ZS5JASIA.js";import{b as T}from"./chunk-USXVPBWT.js";import{F as l,G as c,I as v,K as M,M as g,X as b,Y as k,Z as a,_ as y,a as m,aa as w,b as n,ba as z,c as h,h as t,i,j as d,l as u,na as C,p as f,q as $,r,ra as x,za as V}from"./chunk-A3LVVLQG.js";var P={market:"M3 3h8v10H3zM13 3h8v6h-8zM3 15h8v6H3zM13 11h8v10h-8z",portfolio:"M12 3a9 9 0 1 0 9 9h-9zM15 3.5A9 9 0 0 1 20.5 9H15z",coach:"M12 3l8 3v6c0 5-3.4 8-8 9-4.6-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",play:"M5 20V12M5 9V6M12 20v-5M12 12V4M19 20v-9M19 8V5M3 9h4v3H3zM10 12h4v3h-4zM17 8h4v3h-4z",more:"M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0"};function A(){return t`<nav class="tabs" aria-label=${r("tabs.label")}>
    <span class="tabs-brand" aria-hidden="true"><img src=${document.body.dataset.icon} width="32" height="32" alt="" /></span>
    ${k.map(e=>t`<a class="tab" href=${y({tab:e})} onClick=${w({tab:e})} aria-current=${a.value.tab===e?"page":void 0}>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d=${P[e]} /></svg>
        <span>${r(`tab.${e}`)}</span></a>`)}
  </nav>`}var E={market:()=>import("./market-ACXM3D2R.js").then(e=>e.MarketScreen),ticker:()=>import("./ticker-YXCFHIAA.js").then(e=>e.TickerScreen),portfolio:()=>import("./portfolio-KO7TMTJY.js").then(e=>e.PortfolioScreen),coach:()=>import("./coach-AA43K45G.js").then(e=>e.CoachScreen),play:()=>import("./play-IOS5MAS6.js").then(e=>e.PlayScreen),record:()=>import("./record-5FBZBJQV.js").then(e=>e.RecordScreen),more:()=>import("./more-IV4ASSXO.js").then(e=>e.MoreScreen)},s={};function F({name:e}){let[,o]=n(0),[H,p]=n(!1),O=()=>{p(!1),E[e]().then(R=>{s[e]=R,o(B=>B+1)},()=>p(!0))};return h(()=>{s[e]||O()},[e]),s[e]?t`<${s[e]} key=${`${e}|${a.value.ticker}`} ...${a.value} />`:t`<main class="screen" id="main">${H?t`<${C} problem=${{status:0,code:"offline"}} onRetry=${()=>window.location.reload()} />`:t`<${x} heights=${[32,96,320]} />`}</main>`}function I(){let e=l.value,o=e!=="expired"?`session.${e}`:i?$(`problem.${c.value}`)?`problem.${c.value}`:"session.telegram":"session.browser";return t`<main class="screen" id="main"><section class="card state" role="alert">
    <div class="state-mark" aria-hidden="true">⏻</div>
    <h1>${r(e==="expired"?"session.title":`session.${e}.title`)}</h1>
    <p>${r(o)}</p>
    ${i?t`<button class="button" onClick=${u}>${r("session.close")}</button>`:t`<a class="button" href=${M()}>${r("session.again")}</a>`}
  </section></main>`}function N(){let e=l.value==="open";return t`<a class="skip" href="#main">${r("app.skip")}</a>
    ${e&&t`<${A} />`}
    <div class="page">
      ${!g.value&&t`<div class="offline" role="status"><span aria-hidden="true">⌁</span> ${r("offline.text")}</div>`}
      ${e?t`<${F} name=${a.value.screen} />`:t`<${I} />`}
      <footer class="legal"><p>${r("legal.notice")}</p></footer>
    </div>
    <${V} />`}async function L(){d(),T(),b(),z(),await Promise.all([f(),v(),E[a.value.screen]().then(o=>s[a.value.screen]=o,()=>null)]);let e=document.getElementById("app");e.replaceChildren(),m(t`<${N} />`,e),S().catch(()=>{})}L();
