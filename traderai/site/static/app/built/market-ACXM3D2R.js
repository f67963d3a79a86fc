import{a as se,f as N,g as re,h as b,i as le}from"./chunk-4UQOGIEB.js";import{C as L,D as g,E as Z,O as q,R as X,W as O,_ as J,aa as P,b as S,ca as R,da as _,e as D,ea as v,f as c,g as U,ga as Q,h as l,ia as E,ka as V,la as ee,m as y,na as ae,oa as H,q as z,qa as te,r as t,ra as I,s as Y,sa as f,va as ne,w as u,x as F,y as M,z as G}from"./chunk-A3LVVLQG.js";var oe=["return_20d_pct","return_5d_pct","drawdown_20d_pct","volatility_percentile","breadth_frac"],fe=60,ie=e=>q("/regime",{days:90},e),W=e=>z(`regime.${e}`)?t(`regime.${e}`):e;function be({values:e,label:s}){let[a,n]=[Math.min(...e),Math.max(...e)],r=p=>2+p/Math.max(1,e.length-1)*116,o=p=>n>a?36-(p-a)/(n-a)*32:20,i=e.map((p,C)=>`${C?"L":"M"}${r(C).toFixed(1)} ${o(p).toFixed(1)}`).join(""),$=e.length-1;return l`<svg class="spark" viewBox="0 0 124 40" role="img" aria-label=${s} preserveAspectRatio="none">
    <path class="spark-area" d=${`${i}L${r($).toFixed(1)} 40L2 40Z`} /><path class="spark-line" d=${i} />
    <circle cx=${r($)} cy=${o(e[$])} r="2.5" />
  </svg>`}function ke({market:e}){let s=e.index.slice(-fe);if(s.length<2)return null;let a=s.map(o=>o.close),n=(a[a.length-1]/a[a.length-2]-1)*100,r=t("market.index.label",{name:e.index_secid,n:s.length,change:u(n)});return l`<div class="pulse-index"><div><small>${e.index_secid}</small><b>${Y(a[a.length-1],2)}</b>
    <span class="text-${_(n)}">${n>0?"\u25B2":n<0?"\u25BC":"\u25CF"} ${u(n)}</span></div>
    <${be} values=${a} label=${r} /></div>`}var ce=(e,s)=>e.endsWith("_frac")||e.endsWith("_percentile")?F(s):u(s,{digits:1});function we({market:e,onClose:s}){let{current:a}=e,n=new Map(a.figures.map(o=>[o.name,o.value])),r=Object.entries(a.probabilities).sort((o,i)=>i[1]-o[1]);return l`<${E} title=${t("regime.chip",{name:W(a.name).toLowerCase()})} onClose=${s}>
    <p>${z(`regime.${a.name}.means`)?t(`regime.${a.name}.means`):""} ${e.effect}</p>
    <dl class="facts">${oe.filter(o=>typeof n.get(o)=="number").map(o=>l`<div><dt>${t(`regime.figure.${o}`)}</dt><dd>${ce(o,n.get(o))}</dd></div>`)}</dl>
    <ul class="scenarios">${r.map(([o,i])=>l`<li><span class="scenario-name">${W(o)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{width:`${i*100}%`}}></span></span><b>${M(i)}</b></li>`)}</ul>
    <p class="fine">${t("regime.sheet",{p:M(a.probability),since:g(a.since,{withTime:!1})})} ${t("regime.asof",{when:g(a.as_of,{withTime:!1})})}</p>
  <//>`}function xe(e){let s=new Map(e.figures.map(a=>[a.name,a.value]));return oe.slice(0,3).filter(a=>typeof s.get(a)=="number").slice(0,2).map(a=>`${t(`regime.figure.${a}`)} ${ce(a,s.get(a))}`).join(", ")}function $e({market:e}){let[s,a]=S(!1),{current:n}=e;if(!n&&e.index.length<2)return null;let r=n&&typeof n.breadth=="number"?n.breadth:null;return l`<section class="card pulse" aria-label=${t("market.pulse")}>
    ${n&&l`<button class="pulse-regime ${e.index.length<2?"pulse-wide":""}" onClick=${()=>a(!0)} aria-haspopup="dialog">
      <small>${t("regime.title")} · ${M(n.probability)}</small><b>${W(n.name)} <span aria-hidden="true">›</span></b>
      <span class="fine">${xe(n)}</span></button>`}
    <${ke} market=${e} />
    ${r!==null&&l`<div class="pulse-breadth"><span class="fine">${t("market.breadth",{share:F(r)})}</span>
      <span class="meter" aria-hidden="true"><span style=${{width:`${r*100}%`}}></span></span></div>`}
    ${s&&l`<${we} market=${e} onClose=${()=>a(!1)} />`}
  </section>`}var pe=["turnover","edge","confidence","change","cap","name"],B=c("turnover"),Ce={turnover:e=>e.turnover??-1,cap:e=>e.cap??-1,edge:e=>e.edge??-9,confidence:e=>e.confidence??-1,change:e=>e.change??-999},Se=e=>e>0?"\u25B2":e<0?"\u25BC":"\u25CF";function ye({row:e,horizon:s}){let a={ticker:e.secid,horizon:s};return l`<a class="row" href=${J(a)} onClick=${P(a)}>
    <span class="pill fill-${e.isOld?"none":v(e.action)}"><span aria-hidden="true">${e.isOld?"\u25F7":R[e.action]}</span> <span class="pill-word">${t(`action.${e.action}`)}</span></span>
    <span class="row-name"><b>${e.secid}</b><small>${e.name}</small></span>
    <span class="row-figures"><b class="text-${_(e.change)}">${e.change===null?"\u2013":`${Se(e.change)} ${u(e.change)}`}</b><small>${L(e.turnover)}</small></span>
    <span class="row-figures"><b>${e.confidence===null?"\u2013":e.confidence}</b><small>${e.edge===null?"":G(e.edge)}</small></span>
  </a>`}function ue({rows:e,horizon:s}){let a=Ce[B.value],n=[...e].sort(a?(r,o)=>a(o)-a(r):(r,o)=>r.secid.localeCompare(o.secid));return l`<div class="row-heads fine" aria-hidden="true"><span></span><span></span><span>${t("market.column.change")}</span><span>${t("market.column.edge")}</span></div>
    <div class="card list">${n.map(r=>l`<${ye} key=${r.secid} row=${r} horizon=${s} />`)}</div>`}var m=c("5d"),j=c("map"),me=c(""),A=c("turnover"),d=c(""),h=c(""),k=c(!1),w=c(!1),x=c(""),de=["BUY","SELL","HOLD","NO_TRADE","NONE"],Me=["3d","5d","10d"],he=U(()=>!!(d.value||h.value||k.value||w.value||x.value.trim()));function ge(){d.value=h.value=x.value="",k.value=w.value=!1}function Le({rows:e}){let s=de.map(a=>[a,e.filter(n=>n.action===a).length]);return s.filter(([,a])=>a).length<2?null:l`<div class="breadth" role="img" aria-label=${s.map(([a,n])=>`${t(`action.${a}`)}: ${n}`).join(", ")}>
    ${s.map(([a,n])=>n>0&&l`<div class="breadth-part fill-${v(a)}" style=${{flexGrow:n}}></div>`)}
  </div>`}function T({on:e,onChange:s,tone:a="",count:n,children:r}){return l`<button class="chip ${a&&`tone-${a}`}" aria-pressed=${String(e)} onClick=${()=>s(!e)}>${r}${n!==void 0&&l` <b>${n}</b>`}</button>`}function Oe({rows:e}){let s=n=>e.filter(r=>r.action===n).length,a=e.filter(n=>n.strength==="strong").length;return l`<div class="chips" role="group" aria-label=${t("market.filter")}>
    <${T} on=${!he.value} onChange=${ge} count=${e.length}>${t("market.all")}<//>
    ${de.filter(s).map(n=>l`<${T} key=${n} on=${d.value===n} onChange=${r=>d.value=r?n:""} tone=${v(n)} count=${s(n)}>
        <span aria-hidden="true">${R[n]}</span> ${t(`action.${n}`)}<//>`)}
    <${T} on=${k.value} onChange=${n=>k.value=n} count=${a}>${t("market.strong")}<//>
    ${b.value&&b.value.length>0&&l`<${T} on=${w.value} onChange=${n=>w.value=n} count=${b.value.length}><span aria-hidden="true">★</span> ${t("market.watched")}<//>`}
  </div>`}var K=e=>me.value||(e&&!e.rows.some(s=>["BUY","SELL","HOLD"].includes(s.action))?"change":"call");function Re({isCall:e}){return l`<div class="legend">
    <span class="legend-bar" aria-hidden="true"></span>
    <span>▼ ${t(e?"action.SELL":"market.fall")}</span><span class="grow"></span><span>${t("market.legend",{what:t(`market.area.${A.value}`).toLowerCase()})}</span><span class="grow"></span>
    <span>${t(e?"action.BUY":"market.rise")} ▲</span>
  </div>`}function ve(e){let s=x.value.trim().toLowerCase();return d.value&&e.action!==d.value||h.value&&e.sector!==h.value||k.value&&e.strength!=="strong"||w.value&&!(b.value||[]).includes(e.secid)?!1:!s||`${e.secid} ${e.name}`.toLowerCase().includes(s)}function _e({market:e}){let s=e.rows.filter(ve);return s.length?j.value==="list"?l`<${ue} rows=${s} horizon=${m.value} />`:l`<${Re} isCall=${K(e)==="call"} /><${re} rows=${s} paint=${K(e)} area=${A.value} horizon=${m.value} />`:l`<${H} title=${t("market.nothing")} text=${t("market.nothing.text")}><button class="button button-quiet" onClick=${ge}>${t("market.clear")}</button><//>`}function Ee({market:e,onClose:s}){return l`<${E} title=${t("market.looks")} onClose=${s}>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.area")}</span>
      <${f} label=${t("market.area")} value=${A.value} onChange=${a=>A.value=a} options=${["turnover","cap"].map(a=>[a,t(`market.area.${a}`)])} /></div>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.paint")}</span>
      <${f} label=${t("market.paint")} value=${K(e)} onChange=${a=>me.value=a} options=${["call","change"].map(a=>[a,t(`market.paint.${a}`)])} /></div>
    <${ne} name="market-order" label=${t("market.order")} value=${B.value} onChange=${a=>B.value=a} options=${pe.map(a=>[a,t(`market.order.${a}`)])} />
  <//>`}function Ne({market:e}){let[s,a]=S(!1),n=D(()=>[...new Set(e?e.rows.map(r=>r.sector):[])].sort((r,o)=>N(r).localeCompare(N(o))),[e]);return l`<div class="tools">
    <input class="search" type="search" placeholder=${t("market.search")} aria-label=${t("market.search")} value=${x.value}
      onInput=${r=>x.value=r.target.value} />
    <${f} label=${t("market.view")} value=${j.value} onChange=${r=>j.value=r}
      options=${[["map",t("market.view.map")],["list",t("market.view.list")]]} />
  </div>
  <div class="tools">
    <${f} label=${t("market.horizon")} value=${m.value} onChange=${r=>m.value=r}
      options=${Me.map(r=>[r,t("horizon.days",{n:parseInt(r,10)})])} />
    <select class="pick grow" aria-label=${t("market.sector")} value=${h.value} onChange=${r=>h.value=r.target.value}>
      <option value="">${t("market.sector")}</option>${n.map(r=>l`<option value=${r}>${N(r)}</option>`)}
    </select>
    <button class="icon-button" onClick=${()=>a(!0)} aria-label=${t("market.looks")} aria-haspopup="dialog">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0" /></svg>
    </button>
    ${s&&l`<${Ee} market=${e} onClose=${()=>a(!1)} />`}
  </div>`}function Qe(){let e=`heatmap|${m.value}|${y.value}`,{data:s,problem:a,loading:n,reload:r}=O(e,p=>X({horizon:m.value},p),60),o=O(`regime|${y.value}`,ie,300);O("watchlist",le);let i=D(()=>s&&se(s),[s,y.value]),$=!!i&&i.rows.length>0;return l`<main class="screen" id="main">
    <${Q} title=${t("market.title")}>
      ${$&&l`<p class="sub">${g(i.dataAt)} · ${Z(i.ageSeconds)}</p>`}
    <//>
    ${i&&l`<${V} origin=${i.origin} />`}
    ${i&&i.stale&&l`<${ee} ...${i} />`}
    ${o.data&&l`<${$e} market=${o.data} />`}
    ${o.loading&&l`<${I} heights=${[96]} />`}
    <${Ne} market=${i} />
    ${$&&l`<${Oe} rows=${i.rows} /><${Le} rows=${i.rows} />`}
    ${n&&l`<${I} heights=${[24,420]} />`}
    ${a&&s&&l`<${te} problem=${a} data=${s} onRetry=${r} />`}
    ${a&&!s&&l`<${ae} problem=${a} onRetry=${r} />`}
    ${i&&!$&&l`<${H} title=${t("market.empty")} text=${t("market.empty.text")} />`}
    <div aria-live="polite" class="unseen">${$&&he.value?t("market.found",{n:i.rows.filter(ve).length}):""}</div>
    ${$&&l`<${_e} market=${i} />`}
    ${$&&l`<p class="fine">${t("market.turnover",{sum:L(i.rows.reduce((p,C)=>p+(C.turnover||0),0))})}</p>`}
  </main>`}export{Qe as MarketScreen};
