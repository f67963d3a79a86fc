import{A as g,D as y,O as q,P as H,Q as G,T as L,U,W as F,_ as z,b as h,c as w,d as k,ea as K,h as l,i as S,k as I,ka as P,n as N,na as j,q as v,r as i,s as x,u as B,ua as M,v as W,va as R,wa as J,x as b,za as Q}from"./chunk-OFME77TP.js";function kt(t,e){if(!e)return null;let r=new Map(e.results.map(a=>[a.secid,a.change_pct])),[s,o,n]=[0,0,0];for(let a of t){let c=r.get(a.secid);if(typeof c!="number"||a.price_is_stale)continue;let u=a.value_rub/(1+c/100);s+=a.value_rub-u,o+=Math.abs(u),n+=1}return n?{rub:s,frac:o?s/o:null,known:n,of:t.length}:null}function V(t){let e=t.filter(o=>o.pnl_rub!==null),r=e.reduce((o,n)=>o+n.qty_shares*n.avg_price_rub,0),s=e.reduce((o,n)=>o+n.pnl_rub,0);return e.length?{rub:s,frac:r?s/r:null}:null}function wt(t,e){let r=e==="share"?t.positions.map(a=>({id:a.secid,kind:"share",frac:Math.abs(a.weight_frac)})):t.sectors.map(a=>({id:a.sector||"other",kind:"sector",frac:a.weight_frac}));r.sort((a,c)=>c.frac-a.frac);let s=r.slice(0,7),o=r.slice(7).reduce((a,c)=>a+c.frac,0);o>0&&s.push({id:"rest",kind:"rest",frac:o});let n=t.exposure.cash_frac;return n!==null&&n>0&&s.push({id:"cash",kind:"cash",frac:n}),s}function X(t){let e=t?t.tails:[],r=(o,n)=>e.find(a=>a.method===o&&a.confidence===n)||null,s=r("historical",.95)||r("normal",.95);return s&&{main:s,worst:r("historical",.99)||r("normal",.99)}}function vt(t,e=5){let{secids:r,matrix:s}=t,o=[];for(let n=0;n<r.length;n+=1)for(let a=n+1;a<r.length;a+=1)Math.abs(s[n][a])>=.7&&o.push({a:r[n],b:r[a],r:s[n][a]});return o.sort((n,a)=>Math.abs(a.r)-Math.abs(n.r)).slice(0,e)}var O=t=>t.trim()?B(t):null;function D({code:t,detail:e},r){let s=[`field.${t}.${r}`,`field.${t}`].find(v),o=/did you mean '([^']+)'/.exec(e);return[s?i(s):e,s&&o&&i("field.like",{name:o[1]})].filter(Boolean).join(" ")}function At(t,...e){let r=t&&t.errors.find(s=>e.includes(s.field));return r?D(r,r.field):""}function Ft(t,e){if(!t)return"";let r=t.errors.find(s=>!e.includes(s.field));return t.errors.length&&!r?"":r?D(r,r.field):v(`field.${t.code}`)?i(`field.${t.code}`):j(t)}function Pt(){let[t,e]=h({busy:!1,problem:null}),r=k({text:"",key:""});return{...t,write:async(o,n,a)=>{let c=`${o} ${n} ${JSON.stringify(a)}`;r.current.text!==c&&(r.current={text:c,key:H()}),e({busy:!0,problem:null});try{let u=await G(o,n,a,{key:r.current.key});return r.current={text:"",key:""},e({busy:!1,problem:null}),u}catch(u){return u.status&&u.status<500&&(r.current={text:"",key:""}),e({busy:!1,problem:u}),I("error"),null}}}}function st({text:t,busy:e,disabled:r,kind:s,onSubmit:o}){let n=e?i("form.sending"):t,a=l`<button class=${S?"unseen":`button wide ${s}`} tabindex=${S?-1:void 0} disabled=${r} aria-busy=${String(e)}>${n}</button>`;return S?l`${a}<${Q} text=${n} onPress=${o} enabled=${!r} busy=${e} />`:a}function Rt({title:t,onClose:e,onSubmit:r,submit:s,busy:o=!1,disabled:n=!1,problem:a="",kind:c="",children:u}){let p=k(null),m=k(!0);return w(()=>{let $=p.current;$.showModal();let E=z(()=>$.close());return()=>{E(),m.current=!1,$.open&&$.close()}},[]),l`<dialog class="sheet sheet-form" ref=${p} onClose=${()=>m.current&&e()} onClick=${$=>$.target===p.current&&p.current.close()} aria-label=${t}>
    <form class="sheet-body" onSubmit=${$=>{$.preventDefault(),!o&&!n&&r()}} novalidate>
      <div class="sheet-head"><h2>${t}</h2>
        <button type="button" class="icon-button" onClick=${()=>p.current.close()} aria-label=${i("sheet.close")}><span aria-hidden="true">✕</span></button></div>
      ${u}
      ${a&&l`<p class="note note-bad" role="alert"><span aria-hidden="true">✕</span><span>${a}</span></p>`}
      ${s&&l`<${st} text=${s} busy=${o} disabled=${n} kind=${c} onSubmit=${r} />`}
    </form>
  </dialog>`}var Y=Math.PI*52,at=1.5,it=.6,Z=2*Math.PI*40;function tt({rub:t,frac:e=null,digits:r=2}){let s=t>0?"\u25B2":t<0?"\u25BC":"\u25CF";return l`<span class="text-${K(t)} result"><span aria-hidden="true">${s} </span>${g(t,{signed:!0})}${e!==null&&l` <small>(${b(e,{digits:r,signed:!0})})</small>`}</span>`}function lt({risk:t,limit:e,bad:r}){let s=e===null?it:e*at,o=Math.min(t.volatility_annual_frac/s,1),n=e===null?null:Math.PI*(1-e/s),a=m=>[60+m*Math.cos(n),60-m*Math.sin(n)].map(_=>_.toFixed(1)),c=e!==null&&t.volatility_annual_frac>e,u=b(t.volatility_annual_frac,{digits:1}),p=e===null?i("portfolio.gauge.free",{move:u}):i(c?"portfolio.gauge.over":"portfolio.gauge.within",{move:u,limit:b(e)});return l`<figure class="dial">
    <svg viewBox="0 0 120 68" role="img" aria-label=${p}>
      <path class="dial-track" d="M8 60 A52 52 0 0 1 112 60" />
      <path class="dial-value ${c?"is-over":""}" d="M8 60 A52 52 0 0 1 112 60" stroke-dasharray="${(Y*o).toFixed(1)} ${Y.toFixed(1)}" />
      ${n!==null&&l`<line class="dial-limit" x1=${a(44)[0]} y1=${a(44)[1]} x2=${a(60)[0]} y2=${a(60)[1]} />`}
      <text x="60" y="48" text-anchor="middle" class="dial-figure">${b(r.var_frac,{digits:1})}</text>
      <text x="60" y="64" text-anchor="middle" class="dial-word">${i("portfolio.gauge.day")}</text>
    </svg>
    <figcaption class="fine">${p}</figcaption>
  </figure>`}function ct({answer:t}){let{risk:e}=t,r=X(e);if(!r)return l`<p class="note note-plain"><span aria-hidden="true">○</span><span>${i("portfolio.risk.unknown")}</span></p>`;let s=t.proposals.limits.find(o=>o.limit==="volatility");return l`<div class="risk" role="group" aria-label=${i("portfolio.risk")}>
    <${lt} risk=${e} limit=${s?s.limit_frac:null} bad=${r.main} />
    <div class="risk-words">
      <p class="fine">${i("portfolio.var")}</p>
      <p class="risk-figure">${g(-r.main.var_rub)}</p>
      <p>${i("portfolio.var.means")}</p>
      <p class="fine">${i("portfolio.cvar",{sum:g(r.main.cvar_rub)})}</p>
      ${r.worst&&l`<p class="fine">${i("portfolio.var.worst",{sum:g(r.worst.var_rub)})}</p>`}
      <p class="fine">${i("portfolio.var.basis",{n:e.days,count:x(e.days),since:y(e.first_day,{withTime:!1})})}</p>
    </div>
  </div>`}function qt({answer:t,day:e,account:r,onAccount:s}){let{exposure:o}=t,n=t.capital_rub!==null,a=V(t.positions);return l`<section class="card hero" aria-label=${i("portfolio.value")}>
    <div class="hero-head"><p class="sub">${i(n?"portfolio.value.capital":"portfolio.value.positions")}</p>
      <button class="link small-link" onClick=${s}>${i("portfolio.account.change")}</button></div>
    <span class="badges">${t.warnings.some(c=>c.code==="simulated")&&l`<${P} kind="simulated" />`}${r.kind==="virtual"&&l`<${P} kind="virtual" />`}</span>
    <p class="hero-figure">${g(n?t.capital_rub:o.net_rub)}</p>
    ${e&&l`<p><${tt} rub=${e.rub} frac=${e.frac} /> <span class="fine">${i(e.known<e.of?"portfolio.day.part":"portfolio.day",e)}</span></p>`}
    <dl class="figures">
      <${R} label=${i("portfolio.result")} value=${a?l`<${tt} rub=${a.rub} frac=${a.frac} digits=${1} />`:"\u2013"} />
      <${R} label=${i("portfolio.cash")} value=${g(o.cash_rub)} note=${o.cash_frac===null?i("portfolio.cash.unknown"):b(o.cash_frac)} />
    </dl>
    <${ct} answer=${t} />
    <p class="fine">${i("portfolio.asof",{when:y(t.as_of)})}</p>
  </section>`}var ut=["positions_refused","prices_stale","risk_in_one","moves_together","few_bets","risk_unknown","risk_leaves_out"];function Ht({answer:t}){let e=({code:n})=>ut.includes(n)?0:1,r=[...t.warnings].filter(({code:n})=>n!=="positions_refused").sort((n,a)=>e(n)-e(a)),[s,o]=[r.filter(n=>!e(n)),r.filter(e)];return l`${s.map(n=>l`<p key=${n.code} class="note note-stale"><span aria-hidden="true">${n.code==="prices_stale"?"\u25F7":"!"}</span><span>${n.text}</span></p>`)}
    ${t.refused.map(n=>l`<p key=${n.field} class="note note-bad"><span aria-hidden="true">✕</span><span>${D(n,"")}</span></p>`)}
    ${o.length>0&&l`<div class="card plain-notes">${o.map(n=>l`<p key=${n.code}><span aria-hidden="true">○ </span>${n.text}</p>`)}</div>`}`}function et({id:t,kind:e}){return e==="share"?t:e==="sector"?v(`sector.${t}`)?i(`sector.${t}`):t:i(`portfolio.weights.${e}`)}var rt=(t,e)=>t.kind==="cash"?"cash":t.kind==="rest"?"rest":e;function ft({slices:t,label:e}){let r=Math.max(t.reduce((o,n)=>o+n.frac,0),1e-9),s=0;return l`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label=${e}>
    ${t.map((o,n)=>{let a=o.frac/r*Z,c=-s;s+=a;let u=t.length>1?1.5:0;return l`<circle key=${o.id} class="slice hue-${rt(o,n)}" cx="60" cy="60" r="40" stroke-dasharray="${Math.max(a-u,.5).toFixed(2)} ${Z.toFixed(2)}" stroke-dashoffset=${c.toFixed(2)} />`})}
  </svg>`}function Gt({weights:t,of:e,hasShort:r}){let[s,o]=h("share"),n=t[s],a=n.map(c=>`${et(c)} ${b(c.frac,{digits:1})}`).join(", ");return l`<section class="card" aria-labelledby="weights-title">
    <div class="card-head"><h2 id="weights-title">${i("portfolio.weights")}</h2>
      <${M} label=${i("portfolio.weights")} value=${s} onChange=${o} options=${[["share",i("portfolio.weights.share")],["sector",i("portfolio.weights.sector")]]} /></div>
    <div class="weights"><${ft} slices=${n} label=${a} />
      <ul class="weights-list">${n.map((c,u)=>l`<li key=${c.id}><span class="swatch hue-${rt(c,u)}" aria-hidden="true"></span><span class="grow">${et(c)}</span><b>${b(c.frac,{digits:1})}</b></li>`)}</ul></div>
    <p class="fine">${i(`portfolio.weights.of.${e}`)} ${r&&i("portfolio.weights.short")}</p>
  </section>`}var pt=36e5;function Qt(t){let e=F(t?`share|${t}`:null,o=>L(t,o)),r=F(e.data?`share|${t}|last`:null,o=>U(t,{timeframe:"1h",limit:1},o)),s=r.data&&r.data.candles.length?r.data.candles[r.data.candles.length-1]:null;return{facts:e.data,last:s,problem:e.problem}}function dt(t,{needed:e=!0,whole:r=!1}={}){let s=O(t);return s===null?e?i("field.required"):"":Number.isNaN(s)?i("field.not_a_number"):s<=0?i("field.positive"):r&&!Number.isInteger(s)?i("field.whole"):""}function Vt(t,e,r){let s=dt(t,{needed:!1}),o=O(t);return s||o===null||!e?s:o>=e===r?i(r?"field.stop_on_the_wrong_side.long":"field.stop_on_the_wrong_side.short"):""}var Xt=t=>t.problem&&t.problem.status===404?i("field.unknown_ticker"):"";function Yt({last:t,facts:e}){if(!t)return"";let r=new Date(Date.parse(t.begin)+pt).toISOString();return i("form.last",{price:W(t.close,e.decimals),when:y(r)})}var Zt=t=>t?`${t}:00+03:00`:void 0;function te({name:t,value:e,onInput:r,unit:s,onUnit:o,facts:n,error:a}){let c=O(e),u=n?n.lot_size:0,p=u&&c>0&&s==="lots"?i("form.qty.lots",{count:x(c*u),n:c*u}):u?i("form.lot",{n:u,count:x(u)}):"";return l`<div class="field-pair">
    <${J} name=${t} label=${i("form.qty")} value=${e} onInput=${r} inputmode="numeric" hint=${p} error=${a} autocomplete="off" />
    <${M} label=${i("form.unit")} value=${s} onChange=${o} options=${[["lots",i("unit.lots")],["shares",i("unit.shares")]]} />
  </div>`}var $t=200,mt=8,ht=t=>t[`name_${N.value}`]||t.name_ru;function bt(t){let[e,r]=h({words:"",rows:[]});return w(()=>{let s=t.trim();if(!s)return;let o=new AbortController,n=setTimeout(()=>{q("/instruments",{q:s,page_size:mt},o.signal).then(a=>r({words:s,rows:a.results}),a=>a.name!=="AbortError"&&r({words:s,rows:[]}))},$t);return()=>{clearTimeout(n),o.abort()}},[t]),e.words===t.trim()?e.rows:null}function gt(t,e,r){return t==="ArrowDown"?e+1>=r?0:e+1:e<=0?r-1:e-1}function _t({id:t,rows:e,at:r,onTake:s}){return l`<ul class="picker-list" role="listbox" id="${t}-list" aria-label=${i("picker.found")}>
    ${e.map((o,n)=>l`<li key=${o.secid} id="${t}-${n}" role="option" aria-selected=${String(n===r)} class=${n===r?"is-at":""}
        onMouseDown=${a=>a.preventDefault()} onClick=${()=>s(o)}>
        <b>${o.secid}</b><span>${ht(o)}</span>${o.is_simulated&&l`<small>${i("badge.simulated")}</small>`}</li>`)}
  </ul>`}function se({name:t,label:e,secid:r,onPick:s,error:o=""}){let[n,a]=h(r),[c,u]=h(!1),[p,m]=h(-1),_=k(r),d=bt(c?n:"");w(()=>{r&&r!==_.current&&a(_.current=r)},[r]);let $=f=>{_.current=f,a(f),u(!1),m(-1),s(f)},E=f=>{a(f),u(!0),m(-1)},T=()=>{if(!c)return;let f=n.trim().toUpperCase(),C=d&&f&&(d.find(ot=>ot.secid===f)||d[0])||null;$(C?C.secid:f)},nt=f=>{(f.key==="ArrowDown"||f.key==="ArrowUp")&&d&&d.length?(f.preventDefault(),m(gt(f.key,p,d.length))):f.key==="Enter"&&c?(f.preventDefault(),d&&d[p]?$(d[p].secid):T()):f.key==="Escape"&&c&&(f.preventDefault(),f.stopPropagation(),u(!1))},A=c&&d!==null&&d.length>0;return l`<div class="field picker">
    <label for=${t}>${e}</label>
    <span class="field-box"><input class="input" id=${t} type="text" role="combobox" autocomplete="off" autocapitalize="characters" spellcheck=${!1} placeholder=${i("market.search")}
        value=${n} aria-expanded=${String(A)} aria-controls="${t}-list" aria-autocomplete="list" aria-invalid=${o?"true":void 0}
        aria-activedescendant=${A&&p>=0?`${t}-${p}`:void 0} aria-describedby=${o?`${t}-error`:void 0}
        onInput=${f=>E(f.target.value)} onKeyDown=${nt} onBlur=${T} /></span>
    ${A&&l`<${_t} id=${t} rows=${d} at=${p} onTake=${f=>$(f.secid)} />`}
    ${c&&d!==null&&!d.length&&n.trim()&&l`<p class="fine">${i("picker.nothing")}</p>`}
    ${o&&l`<p class="field-error" id="${t}-error" role="alert">${o}</p>`}
  </div>`}export{O as a,D as b,At as c,Ft as d,Pt as e,Rt as f,Qt as g,dt as h,Vt as i,Xt as j,Yt as k,Zt as l,te as m,se as n,kt as o,wt as p,vt as q,tt as r,qt as s,Ht as t,Gt as u};
