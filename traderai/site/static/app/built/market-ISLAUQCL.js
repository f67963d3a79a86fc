import{a as se,f as N,g as re,h as f,i as oe}from"./chunk-M2DLYKEX.js";import{$ as P,B as M,C as g,D as q,N as G,Q as X,V as L,Z as J,b as C,ba as O,ca as R,da as _,e as F,f as c,fa as Q,g as Y,h as o,ha as E,ja as V,ka as ee,m as S,ma as ae,na as H,p as D,pa as te,q as t,qa as I,r as j,ra as v,ua as ne,v as u,w as z,x as y,y as Z}from"./chunk-XDDM2FXL.js";var le=["return_20d_pct","return_5d_pct","drawdown_20d_pct","volatility_percentile","breadth_frac"],ve=60,ie=e=>G("/regime",{days:90},e),W=e=>D(`regime.${e}`)?t(`regime.${e}`):e;function fe({values:e,label:r}){let[a,n]=[Math.min(...e),Math.max(...e)],s=p=>2+p/Math.max(1,e.length-1)*116,l=p=>n>a?36-(p-a)/(n-a)*32:20,i=e.map((p,w)=>`${w?"L":"M"}${s(w).toFixed(1)} ${l(p).toFixed(1)}`).join(""),$=e.length-1;return o`<svg class="spark" viewBox="0 0 124 40" role="img" aria-label=${r} preserveAspectRatio="none">
    <path class="spark-area" d=${`${i}L${s($).toFixed(1)} 40L2 40Z`} /><path class="spark-line" d=${i} />
    <path class="spark-dot" d=${`M${s($).toFixed(1)} ${l(e[$]).toFixed(1)}h0`} />
  </svg>`}function be({market:e}){let r=e.index.slice(-ve);if(r.length<2)return null;let a=r.map(l=>l.close),n=(a[a.length-1]/a[a.length-2]-1)*100,s=t("market.index.label",{name:e.index_secid,n:r.length,change:u(n)});return o`<div class="pulse-index"><div><small>${e.index_secid}</small><b>${j(a[a.length-1],2)}</b>
    <span class="text-${R(n)}">${n>0?"\u25B2":n<0?"\u25BC":"\u25CF"} ${u(n)}</span></div>
    <${fe} values=${a} label=${s} /></div>`}var ce=(e,r)=>e.endsWith("_frac")||e.endsWith("_percentile")?z(r):u(r,{digits:1});function ke({market:e,onClose:r}){let{current:a}=e,n=new Map(a.figures.map(l=>[l.name,l.value])),s=Object.entries(a.probabilities).sort((l,i)=>i[1]-l[1]);return o`<${E} title=${t("regime.chip",{name:W(a.name).toLowerCase()})} onClose=${r}>
    <p>${D(`regime.${a.name}.means`)?t(`regime.${a.name}.means`):""} ${e.effect}</p>
    <dl class="terms">${le.filter(l=>typeof n.get(l)=="number").map(l=>o`<div><dt>${t(`regime.figure.${l}`)}</dt><dd>${ce(l,n.get(l))}</dd></div>`)}</dl>
    <ul class="scenarios chances">${s.map(([l,i])=>o`<li><span class="scenario-name">${W(l)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{width:`${i*100}%`}}></span></span><b>${y(i)}</b></li>`)}</ul>
    <p class="fine">${t("regime.sheet",{p:y(a.probability),since:g(a.since,{withTime:!1})})} · ${t("regime.asof",{when:g(a.as_of,{withTime:!1})})}</p>
  <//>`}function xe(e){let r=new Map(e.figures.map(a=>[a.name,a.value]));return le.slice(0,3).filter(a=>typeof r.get(a)=="number").slice(0,2).map(a=>o`<span class="pulse-reason">${t(`regime.figure.${a}`)} ${ce(a,r.get(a))}</span> `)}function $e({market:e}){let[r,a]=C(!1),{current:n}=e;if(!n&&e.index.length<2)return null;let s=n&&typeof n.breadth=="number"?n.breadth:null;return o`<section class="card pulse" aria-label=${t("market.pulse")}>
    ${n&&o`<button class="pulse-regime ${e.index.length<2?"pulse-wide":""}" onClick=${()=>a(!0)} aria-haspopup="dialog">
      <small>${t("regime.title")} · ${y(n.probability)}</small><b>${W(n.name)} <span aria-hidden="true">›</span></b>
      <span class="fine">${xe(n)}</span></button>`}
    <${be} market=${e} />
    ${s!==null&&o`<div class="pulse-breadth"><span class="fine">${t("market.breadth",{share:z(s)})}</span>
      <span class="meter" aria-hidden="true"><span style=${{width:`${s*100}%`}}></span></span></div>`}
  </section>
  ${r&&o`<${ke} market=${e} onClose=${()=>a(!1)} />`}`}var pe=["turnover","edge","confidence","change","cap","name"],T=c("turnover"),we={turnover:e=>e.turnover??-1,cap:e=>e.cap??-1,edge:e=>e.edge??-9,confidence:e=>e.confidence??-1,change:e=>e.change??-999},Ce=e=>e>0?"\u25B2":e<0?"\u25BC":"\u25CF";function Se({row:e,horizon:r}){let a={ticker:e.secid,horizon:r};return o`<a class="row" href=${J(a)} onClick=${P(a)}>
    <span class="pill fill-${e.isOld?"none":_(e.action)}"><span aria-hidden="true">${e.isOld?"\u25F7":O[e.action]}</span> <span class="pill-word">${t(`action.${e.action}`)}</span></span>
    <span class="row-name"><b>${e.secid}</b><small>${e.name}</small></span>
    <span class="row-figures"><b class="text-${R(e.change)}">${e.change===null?"\u2013":`${Ce(e.change)} ${u(e.change)}`}</b><small>${M(e.turnover)}</small></span>
    <span class="row-figures"><b>${e.confidence===null?"\u2013":e.confidence}</b><small>${e.edge===null?"":Z(e.edge)}</small></span>
  </a>`}function ue({rows:e,horizon:r}){let a=we[T.value],n=[...e].sort(a?(s,l)=>a(l)-a(s):(s,l)=>s.secid.localeCompare(l.secid));return o`<div class="row-heads fine" aria-hidden="true"><span></span><span></span><span>${t("market.column.change")}</span><span>${t("market.column.edge")}</span></div>
    <div class="card list">${n.map(s=>o`<${Se} key=${s.secid} row=${s} horizon=${r} />`)}</div>`}var m=c("5d"),K=c("map"),me=c(""),B=c("turnover"),d=c(""),h=c(""),b=c(!1),k=c(!1),x=c(""),ye=["BUY","SELL","HOLD","NO_TRADE","NONE"],Me=["3d","5d","10d"],de=Y(()=>!!(d.value||h.value||b.value||k.value||x.value.trim()));function he(){d.value=h.value=x.value="",b.value=k.value=!1}function A({on:e,onChange:r,tone:a="",count:n,children:s}){return o`<button class="chip ${a&&`tone-${a}`}" aria-pressed=${String(e)} onClick=${()=>r(!e)}>${s}${n!==void 0&&o` <b>${n}</b>`}</button>`}function Le({rows:e}){let r=n=>e.filter(s=>s.action===n).length,a=e.filter(n=>n.strength==="strong").length;return o`<div class="chips" role="group" aria-label=${t("market.filter")}>
    <${A} on=${!de.value} onChange=${he} count=${e.length}>${t("market.all")}<//>
    ${ye.filter(r).map(n=>o`<${A} key=${n} on=${d.value===n} onChange=${s=>d.value=s?n:""} tone=${_(n)} count=${r(n)}>
        <span aria-hidden="true">${O[n]}</span> ${t(`action.${n}`)}<//>`)}
    <${A} on=${b.value} onChange=${n=>b.value=n} count=${a}>${t("market.strong")}<//>
    ${f.value&&f.value.length>0&&o`<${A} on=${k.value} onChange=${n=>k.value=n} count=${f.value.length}><span aria-hidden="true">★</span> ${t("market.watched")}<//>`}
  </div>`}var U=e=>me.value||(e&&!e.rows.some(r=>["BUY","SELL","HOLD"].includes(r.action))?"change":"call");function Oe({isCall:e}){return o`<div class="legend">
    <span class="legend-bar" aria-hidden="true"></span>
    <span>▼ ${t(e?"action.SELL":"market.fall")}</span><span class="grow"></span><span>${t("market.legend",{what:t(`market.area.${B.value}`).toLowerCase()})}</span><span class="grow"></span>
    <span>${t(e?"action.BUY":"market.rise")} ▲</span>
  </div>`}function ge(e){let r=x.value.trim().toLowerCase();return d.value&&e.action!==d.value||h.value&&e.sector!==h.value||b.value&&e.strength!=="strong"||k.value&&!(f.value||[]).includes(e.secid)?!1:!r||`${e.secid} ${e.name}`.toLowerCase().includes(r)}function Re({market:e}){let r=e.rows.filter(ge);return r.length?K.value==="list"?o`<${ue} rows=${r} horizon=${m.value} />`:o`<${Oe} isCall=${U(e)==="call"} /><${re} rows=${r} paint=${U(e)} area=${B.value} horizon=${m.value} />`:o`<${H} title=${t("market.nothing")} text=${t("market.nothing.text")}><button class="button button-quiet" onClick=${he}>${t("market.clear")}</button><//>`}function _e({market:e,onClose:r}){return o`<${E} title=${t("market.looks")} onClose=${r}>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.area")}</span>
      <${v} label=${t("market.area")} value=${B.value} onChange=${a=>B.value=a} options=${["turnover","cap"].map(a=>[a,t(`market.area.${a}`)])} /></div>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.paint")}</span>
      <${v} label=${t("market.paint")} value=${U(e)} onChange=${a=>me.value=a} options=${["call","change"].map(a=>[a,t(`market.paint.${a}`)])} /></div>
    <${ne} name="market-order" label=${t("market.order")} value=${T.value} onChange=${a=>T.value=a} options=${pe.map(a=>[a,t(`market.order.${a}`)])} />
  <//>`}function Ee({market:e}){let[r,a]=C(!1),n=F(()=>[...new Set(e?e.rows.map(s=>s.sector):[])].sort((s,l)=>N(s).localeCompare(N(l))),[e]);return o`<div class="tools">
    <input class="search" type="search" placeholder=${t("market.search")} aria-label=${t("market.search")} value=${x.value}
      onInput=${s=>x.value=s.target.value} />
    <${v} label=${t("market.view")} value=${K.value} onChange=${s=>K.value=s}
      options=${[["map",t("market.view.map")],["list",t("market.view.list")]]} />
  </div>
  <div class="tools">
    <${v} label=${t("market.horizon")} value=${m.value} onChange=${s=>m.value=s}
      options=${Me.map(s=>[s,t("horizon.days",{n:parseInt(s,10)})])} />
    <select class="pick grow" aria-label=${t("market.sector")} value=${h.value} onChange=${s=>h.value=s.target.value}>
      <option value="">${t("market.sector")}</option>${n.map(s=>o`<option value=${s}>${N(s)}</option>`)}
    </select>
    <button class="icon-button" onClick=${()=>a(!0)} aria-label=${t("market.looks")} aria-haspopup="dialog">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0" /></svg>
    </button>
    ${r&&o`<${_e} market=${e} onClose=${()=>a(!1)} />`}
  </div>`}function Pe(){let e=`heatmap|${m.value}|${S.value}`,{data:r,problem:a,loading:n,reload:s}=L(e,p=>X({horizon:m.value},p),60),l=L(`regime|${S.value}`,ie,300);L("watchlist",oe);let i=F(()=>r&&se(r),[r,S.value]),$=!!i&&i.rows.length>0;return o`<main class="screen" id="main">
    <${Q} title=${t("market.title")}>
      ${$&&o`<p class="sub">${g(i.dataAt)} · ${q(i.ageSeconds)}</p>`}
    <//>
    ${i&&o`<${V} origin=${i.origin} />`}
    ${i&&i.stale&&o`<${ee} ...${i} />`}
    ${l.data&&o`<${$e} market=${l.data} />`}
    ${l.loading&&o`<${I} heights=${[96]} />`}
    <${Ee} market=${i} />
    ${$&&o`<${Le} rows=${i.rows} />`}
    ${n&&o`<${I} heights=${[24,420]} />`}
    ${a&&r&&o`<${te} problem=${a} data=${r} onRetry=${s} />`}
    ${a&&!r&&o`<${ae} problem=${a} onRetry=${s} />`}
    ${i&&!$&&o`<${H} title=${t("market.empty")} text=${t("market.empty.text")} />`}
    <div aria-live="polite" class="unseen">${$&&de.value?t("market.found",{n:i.rows.filter(ge).length}):""}</div>
    ${$&&o`<${Re} market=${i} />`}
    ${$&&o`<p class="fine">${t("market.turnover",{sum:M(i.rows.reduce((p,w)=>p+(w.turnover||0),0))})}</p>`}
  </main>`}export{Pe as MarketScreen};
