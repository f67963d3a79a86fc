import{a as B,b as le,c as ie,d as ce,e as $e,j as w,k as pe}from"./chunk-DXK5FTUJ.js";import{$ as V,C as R,D as b,E as X,O as J,R as P,T as Q,W as k,b as M,ba as ee,da as _,e as H,ea as N,f as c,fa as E,g as Z,h as o,ha as ae,ja as T,la as te,ma as ne,n as O,oa as se,pa as U,q as z,r as t,ra as re,s as q,sa as W,ta as A,ua as x,w as m,x as I,xa as oe,y as L,z as G}from"./chunk-OFME77TP.js";var ue=["return_20d_pct","return_5d_pct","drawdown_20d_pct","volatility_percentile","breadth_frac"],Ce=60,de=e=>J("/regime",{days:90},e),K=e=>z(`regime.${e}`)?t(`regime.${e}`):e;function Se({values:e,label:n}){let[a,s]=[Math.min(...e),Math.max(...e)],r=p=>2+p/Math.max(1,e.length-1)*116,l=p=>s>a?36-(p-a)/(s-a)*32:20,i=e.map((p,f)=>`${f?"L":"M"}${r(f).toFixed(1)} ${l(p).toFixed(1)}`).join(""),$=e.length-1;return o`<svg class="spark" viewBox="0 0 124 40" role="img" aria-label=${n} preserveAspectRatio="none">
    <path class="spark-area" d=${`${i}L${r($).toFixed(1)} 40L2 40Z`} /><path class="spark-line" d=${i} />
    <path class="spark-dot" d=${`M${r($).toFixed(1)} ${l(e[$]).toFixed(1)}h0`} />
  </svg>`}function ye({market:e}){let n=e.index.slice(-Ce);if(n.length<2)return null;let a=n.map(l=>l.close),s=(a[a.length-1]/a[a.length-2]-1)*100,r=t("market.index.label",{name:e.index_secid,n:n.length,change:m(s)});return o`<div class="pulse-index"><div><small>${e.index_secid}</small><b>${q(a[a.length-1],2)}</b>
    <span class="text-${N(s)}">${s>0?"\u25B2":s<0?"\u25BC":"\u25CF"} ${m(s)}</span></div>
    <${Se} values=${a} label=${r} /></div>`}var me=(e,n)=>e.endsWith("_frac")||e.endsWith("_percentile")?I(n):m(n,{digits:1});function Me({market:e,onClose:n}){let{current:a}=e,s=new Map(a.figures.map(l=>[l.name,l.value])),r=Object.entries(a.probabilities).sort((l,i)=>i[1]-l[1]);return o`<${T} title=${t("regime.chip",{name:K(a.name).toLowerCase()})} onClose=${n}>
    <p>${z(`regime.${a.name}.means`)?t(`regime.${a.name}.means`):""} ${e.effect}</p>
    <dl class="terms">${ue.filter(l=>typeof s.get(l)=="number").map(l=>o`<div><dt>${t(`regime.figure.${l}`)}</dt><dd>${me(l,s.get(l))}</dd></div>`)}</dl>
    <ul class="scenarios chances">${r.map(([l,i])=>o`<li><span class="scenario-name">${K(l)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{width:`${i*100}%`}}></span></span><b>${L(i)}</b></li>`)}</ul>
    <p class="fine">${t("regime.sheet",{p:L(a.probability),since:b(a.since,{withTime:!1})})} · ${t("regime.asof",{when:b(a.as_of,{withTime:!1})})}</p>
  <//>`}function Oe(e){let n=new Map(e.figures.map(a=>[a.name,a.value]));return ue.slice(0,3).filter(a=>typeof n.get(a)=="number").slice(0,2).map(a=>o`<span class="pulse-reason">${t(`regime.figure.${a}`)} ${me(a,n.get(a))}</span> `)}function he({market:e}){let[n,a]=M(!1),{current:s}=e;if(!s&&e.index.length<2)return null;let r=s&&typeof s.breadth=="number"?s.breadth:null;return o`<section class="card pulse" aria-label=${t("market.pulse")}>
    ${s&&o`<button class="pulse-regime ${e.index.length<2?"pulse-wide":""}" onClick=${()=>a(!0)} aria-haspopup="dialog">
      <small>${t("regime.title")} · ${L(s.probability)}</small><b>${K(s.name)} <span aria-hidden="true">›</span></b>
      <span class="fine">${Oe(s)}</span></button>`}
    <${ye} market=${e} />
    ${r!==null&&o`<div class="pulse-breadth"><span class="fine">${t("market.breadth",{share:I(r)})}</span>
      <span class="meter" aria-hidden="true"><span style=${{width:`${r*100}%`}}></span></span></div>`}
  </section>
  ${n&&o`<${Me} market=${e} onClose=${()=>a(!1)} />`}`}var ge=["turnover","edge","confidence","change","cap","name"],d=c("turnover"),Le={turnover:e=>e.turnover??-1,cap:e=>e.cap??-1,edge:e=>e.edge??-9,confidence:e=>e.confidence??-1,change:e=>e.change??-999},Re=e=>e>0?"\u25B2":e<0?"\u25BC":"\u25CF";function _e({row:e,horizon:n}){let a={ticker:e.secid,horizon:n};return o`<a class="row" href=${V(a)} onClick=${ee(a)} aria-label=${le(e)}>
    <span class="pill fill-${e.isOld?"none":E(e.action)}"><span aria-hidden="true">${e.isOld?"\u25F7":_[e.action]}</span> <span class="pill-word">${t(`action.${e.action}`)}</span></span>
    <span class="row-name"><b>${e.secid}</b><small>${e.name}</small></span>
    <span class="row-figures"><b class="text-${N(e.change)}">${e.change===null?"\u2013":`${Re(e.change)} ${m(e.change)}`}</b><small>${R(e.turnover)}</small></span>
    <span class="row-figures"><b>${e.confidence===null?"\u2013":e.confidence}</b><small>${e.edge===null?"":G(e.edge)}</small></span>
  </a>`}var Ne=[["name"],["change","turnover"],["confidence","edge"]];function Ee(){return o`<div class="row-heads" role="group" aria-label=${t("market.order")}><span></span>${Ne.map(e=>o`<span>${e.map(n=>o`<button class="row-order" aria-pressed=${String(d.value===n)} onClick=${()=>A(()=>d.value=n)}>${t(`market.column.${n}`)}<span aria-hidden="true">${d.value===n?n==="name"?" \u25B4":" \u25BE":""}</span></button>`)}</span>`)}</div>`}function ve({rows:e,horizon:n}){let a=Le[d.value],s=[...e].sort(a?(r,l)=>a(l)-a(r):(r,l)=>r.secid.localeCompare(l.secid));return o`<${Ee} />
    <div class="card list">${s.map(r=>o`<${_e} key=${r.secid} row=${r} horizon=${n} />`)}</div>`}var h=c("5d"),Y=c("map"),fe=c(""),D=c("turnover"),g=c(""),v=c(""),C=c(!1),S=c(!1),y=c(""),Te=["BUY","SELL","HOLD","NO_TRADE","NONE"],Ae=["3d","5d","10d"],be=Z(()=>!!(g.value||v.value||C.value||S.value||y.value.trim()));function ke(){g.value=v.value=y.value="",C.value=S.value=!1}function F({on:e,onChange:n,tone:a="",count:s,children:r}){return o`<button class="chip ${a&&`tone-${a}`}" aria-pressed=${String(e)} onClick=${()=>A(()=>n(!e))}>${r}${s!==void 0&&o` <b>${s}</b>`}</button>`}function Be({rows:e}){let n=s=>e.filter(r=>r.action===s).length,a=e.filter(s=>s.strength==="strong").length;return o`<div class="chips" role="group" aria-label=${t("market.filter")}>
    <${F} on=${!be.value} onChange=${ke} count=${e.length}>${t("market.all")}<//>
    ${Te.filter(n).map(s=>o`<${F} key=${s} on=${g.value===s} onChange=${r=>g.value=r?s:""} tone=${E(s)} count=${n(s)}>
        <span aria-hidden="true">${_[s]}</span> ${t(`action.${s}`)}<//>`)}
    <${F} on=${C.value} onChange=${s=>C.value=s} count=${a}>${t("market.strong")}<//>
    ${w.value&&w.value.length>0&&o`<${F} on=${S.value} onChange=${s=>S.value=s} count=${w.value.length}><span aria-hidden="true">★</span> ${t("market.watched")}<//>`}
  </div>`}var j=e=>fe.value||(e&&!e.rows.some(n=>["BUY","SELL","HOLD"].includes(n.action))?"change":"call");function Fe({isCall:e}){return o`<div class="legend">
    <span class="legend-bar" aria-hidden="true"></span>
    <span>▼ ${t(e?"action.SELL":"market.fall")}</span><span class="grow"></span><span>${t("market.legend",{what:t(`market.area.${D.value}`).toLowerCase()})}</span><span class="grow"></span>
    <span>${t(e?"action.BUY":"market.rise")} ▲</span>
  </div>`}function xe(e){let n=ce(y.value);return g.value&&e.action!==g.value||v.value&&e.sector!==v.value||C.value&&e.strength!=="strong"||S.value&&!(w.value||[]).includes(e.secid)?!1:!n||e.words.includes(n)}function De({market:e}){let n=e.rows.filter(xe);return n.length?Y.value==="list"?o`<${ve} rows=${n} horizon=${h.value} />`:o`<${Fe} isCall=${j(e)==="call"} /><${ie} rows=${n} paint=${j(e)} area=${D.value} horizon=${h.value} />`:o`<${U} title=${t("market.nothing")} text=${t("market.nothing.text")}><button class="button button-quiet" onClick=${ke}>${t("market.clear")}</button><//>`}function He({market:e,onClose:n}){return o`<${T} title=${t("market.looks")} onClose=${n}>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.area")}</span>
      <${x} label=${t("market.area")} value=${D.value} onChange=${a=>D.value=a} options=${["turnover","cap"].map(a=>[a,t(`market.area.${a}`)])} /></div>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.paint")}</span>
      <${x} label=${t("market.paint")} value=${j(e)} onChange=${a=>fe.value=a} options=${["call","change"].map(a=>[a,t(`market.paint.${a}`)])} /></div>
    <${oe} name="market-order" label=${t("market.order")} value=${d.value} onChange=${a=>d.value=a} options=${ge.map(a=>[a,t(`market.order.${a}`)])} />
  <//>`}function ze({market:e}){let[n,a]=M(!1),s=H(()=>[...new Set(e?e.rows.map(r=>r.sector):[])].sort((r,l)=>B(r).localeCompare(B(l))),[e]);return o`<div class="tools">
    <input class="search" type="search" placeholder=${t("market.search")} aria-label=${t("market.search")} value=${y.value}
      onInput=${r=>y.value=r.target.value} />
    <${x} label=${t("market.view")} value=${Y.value} onChange=${r=>Y.value=r}
      options=${[["map",t("market.view.map")],["list",t("market.view.list")]]} />
  </div>
  <div class="tools">
    <${x} label=${t("market.horizon")} value=${h.value} onChange=${r=>h.value=r}
      options=${Ae.map(r=>[r,t("horizon.days",{n:parseInt(r,10)})])} />
    <select class="pick grow" aria-label=${t("market.sector")} value=${v.value} onChange=${r=>v.value=r.target.value}>
      <option value="">${t("market.sector")}</option>${s.map(r=>o`<option value=${r}>${B(r)}</option>`)}
    </select>
    <button class="icon-button" onClick=${()=>a(!0)} aria-label=${t("market.looks")} aria-haspopup="dialog">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0" /></svg>
    </button>
    ${n&&o`<${He} market=${e} onClose=${()=>a(!1)} />`}
  </div>`}function oa(){let e=`heatmap|${h.value}|${O.value}`,{data:n,problem:a,loading:s,reload:r}=k(e,u=>P({horizon:h.value},u),60),l=k(`regime|${O.value}`,de,300);k("watchlist",pe);let i=H(()=>n&&$e(n),[n,O.value]),$=!!i&&i.rows.length>0,p=i&&i.stale?i.rows.find(u=>!u.origin.simulated):null,f=k(p?`instrument|${p.secid}`:null,u=>Q(p.secid,u),300);return o`<main class="screen" id="main">
    <${ae} title=${t("market.title")}>
      ${$&&!i.stale&&o`<p class="sub">${b(i.dataAt)} · ${X(i.ageSeconds)}</p>`}
    <//>
    ${i&&o`<${te} origin=${i.origin} />`}
    ${i&&i.stale&&o`<${ne} ...${i} session=${f.data&&f.data.session} />`}
    ${l.data&&o`<${he} market=${l.data} />`}
    ${l.loading&&o`<${W} heights=${[96]} />`}
    <${ze} market=${i} />
    ${$&&o`<${Be} rows=${i.rows} />`}
    ${s&&o`<${W} heights=${[24,420]} />`}
    ${a&&n&&o`<${re} problem=${a} data=${n} onRetry=${r} />`}
    ${a&&!n&&o`<${se} problem=${a} onRetry=${r} />`}
    ${i&&!$&&o`<${U} title=${t("market.empty")} text=${t("market.empty.text")} />`}
    <div aria-live="polite" class="unseen">${$&&be.value?t("market.found",{n:i.rows.filter(xe).length}):""}</div>
    ${$&&o`<${De} market=${i} />`}
    ${$&&o`<p class="fine">${t("market.turnover",{sum:R(i.rows.reduce((u,we)=>u+(we.turnover||0),0))})}</p>`}
  </main>`}export{oa as MarketScreen};
