import{C as y,N as B,O as W,P as q,S as H,T as G,V as A,b as h,c as k,ca as L,d as w,h as l,i as S,ia as U,k as T,la as z,m as C,p as v,q as i,r as x,ra as M,sa as F,t as I,ta as K,u as N,w as b,wa as j,z as g}from"./chunk-XDDM2FXL.js";function _t(t,e){if(!e)return null;let r=new Map(e.results.map(a=>[a.secid,a.change_pct])),[o,s,n]=[0,0,0];for(let a of t){let c=r.get(a.secid);if(typeof c!="number"||a.price_is_stale)continue;let u=a.value_rub/(1+c/100);o+=a.value_rub-u,s+=Math.abs(u),n+=1}return n?{rub:o,frac:s?o/s:null,known:n,of:t.length}:null}function J(t){let e=t.filter(s=>s.pnl_rub!==null),r=e.reduce((s,n)=>s+n.qty_shares*n.avg_price_rub,0),o=e.reduce((s,n)=>s+n.pnl_rub,0);return e.length?{rub:o,frac:r?o/r:null}:null}function wt(t,e){let r=e==="share"?t.positions.map(a=>({id:a.secid,kind:"share",frac:Math.abs(a.weight_frac)})):t.sectors.map(a=>({id:a.sector||"other",kind:"sector",frac:a.weight_frac}));r.sort((a,c)=>c.frac-a.frac);let o=r.slice(0,7),s=r.slice(7).reduce((a,c)=>a+c.frac,0);s>0&&o.push({id:"rest",kind:"rest",frac:s});let n=t.exposure.cash_frac;return n!==null&&n>0&&o.push({id:"cash",kind:"cash",frac:n}),o}function Q(t){let e=t?t.tails:[],r=(s,n)=>e.find(a=>a.method===s&&a.confidence===n)||null,o=r("historical",.95)||r("normal",.95);return o&&{main:o,worst:r("historical",.99)||r("normal",.99)}}function kt(t,e=5){let{secids:r,matrix:o}=t,s=[];for(let n=0;n<r.length;n+=1)for(let a=n+1;a<r.length;a+=1)Math.abs(o[n][a])>=.7&&s.push({a:r[n],b:r[a],r:o[n][a]});return s.sort((n,a)=>Math.abs(a.r)-Math.abs(n.r)).slice(0,e)}var O=t=>t.trim()?I(t):null;function D({code:t,detail:e},r){let o=[`field.${t}.${r}`,`field.${t}`].find(v),s=/did you mean '([^']+)'/.exec(e);return[o?i(o):e,o&&s&&i("field.like",{name:s[1]})].filter(Boolean).join(" ")}function Dt(t,...e){let r=t&&t.errors.find(o=>e.includes(o.field));return r?D(r,r.field):""}function Et(t,e){if(!t)return"";let r=t.errors.find(o=>!e.includes(o.field));return t.errors.length&&!r?"":r?D(r,r.field):v(`field.${t.code}`)?i(`field.${t.code}`):z(t)}function At(){let[t,e]=h({busy:!1,problem:null}),r=w({text:"",key:""});return{...t,write:async(s,n,a)=>{let c=`${s} ${n} ${JSON.stringify(a)}`;r.current.text!==c&&(r.current={text:c,key:W()}),e({busy:!0,problem:null});try{let u=await q(s,n,a,{key:r.current.key});return r.current={text:"",key:""},e({busy:!1,problem:null}),u}catch(u){return u.status&&u.status<500&&(r.current={text:"",key:""}),e({busy:!1,problem:u}),T("error"),null}}}}function st({text:t,busy:e,disabled:r,kind:o,onSubmit:s}){let n=e?i("form.sending"):t,a=l`<button class=${S?"unseen":`button wide ${o}`} tabindex=${S?-1:void 0} disabled=${r} aria-busy=${String(e)}>${n}</button>`;return S?l`${a}<${j} text=${n} onPress=${s} enabled=${!r} busy=${e} />`:a}function Ft({title:t,onClose:e,onSubmit:r,submit:o,busy:s=!1,disabled:n=!1,problem:a="",kind:c="",children:u}){let p=w(null),m=w(!0);return k(()=>{let $=p.current;return $.showModal(),()=>{m.current=!1,$.open&&$.close()}},[]),l`<dialog class="sheet sheet-form" ref=${p} onClose=${()=>m.current&&e()} onClick=${$=>$.target===p.current&&p.current.close()} aria-label=${t}>
    <form class="sheet-body" onSubmit=${$=>{$.preventDefault(),!s&&!n&&r()}} novalidate>
      <div class="sheet-head"><h2>${t}</h2>
        <button type="button" class="icon-button" onClick=${()=>p.current.close()} aria-label=${i("sheet.close")}><span aria-hidden="true">✕</span></button></div>
      ${u}
      ${a&&l`<p class="note note-bad" role="alert"><span aria-hidden="true">✕</span><span>${a}</span></p>`}
      ${o&&l`<${st} text=${o} busy=${s} disabled=${n} kind=${c} onSubmit=${r} />`}
    </form>
  </dialog>`}var V=Math.PI*52,ot=1.5,at=.6,X=2*Math.PI*40;function Y({rub:t,frac:e=null,digits:r=2}){let o=t>0?"\u25B2":t<0?"\u25BC":"\u25CF";return l`<span class="text-${L(t)} result"><span aria-hidden="true">${o} </span>${g(t,{signed:!0})}${e!==null&&l` <small>(${b(e,{digits:r,signed:!0})})</small>`}</span>`}function it({risk:t,limit:e,bad:r}){let o=e===null?at:e*ot,s=Math.min(t.volatility_annual_frac/o,1),n=e===null?null:Math.PI*(1-e/o),a=m=>[60+m*Math.cos(n),60-m*Math.sin(n)].map(_=>_.toFixed(1)),c=e!==null&&t.volatility_annual_frac>e,u=b(t.volatility_annual_frac,{digits:1}),p=e===null?i("portfolio.gauge.free",{move:u}):i(c?"portfolio.gauge.over":"portfolio.gauge.within",{move:u,limit:b(e)});return l`<figure class="dial">
    <svg viewBox="0 0 120 68" role="img" aria-label=${p}>
      <path class="dial-track" d="M8 60 A52 52 0 0 1 112 60" />
      <path class="dial-value ${c?"is-over":""}" d="M8 60 A52 52 0 0 1 112 60" stroke-dasharray="${(V*s).toFixed(1)} ${V.toFixed(1)}" />
      ${n!==null&&l`<line class="dial-limit" x1=${a(44)[0]} y1=${a(44)[1]} x2=${a(60)[0]} y2=${a(60)[1]} />`}
      <text x="60" y="48" text-anchor="middle" class="dial-figure">${b(r.var_frac,{digits:1})}</text>
      <text x="60" y="64" text-anchor="middle" class="dial-word">${i("portfolio.gauge.day")}</text>
    </svg>
    <figcaption class="fine">${p}</figcaption>
  </figure>`}function lt({answer:t}){let{risk:e}=t,r=Q(e);if(!r)return l`<p class="note note-plain"><span aria-hidden="true">○</span><span>${i("portfolio.risk.unknown")}</span></p>`;let o=t.proposals.limits.find(s=>s.limit==="volatility");return l`<div class="risk" role="group" aria-label=${i("portfolio.risk")}>
    <${it} risk=${e} limit=${o?o.limit_frac:null} bad=${r.main} />
    <div class="risk-words">
      <p class="fine">${i("portfolio.var")}</p>
      <p class="risk-figure">${g(-r.main.var_rub)}</p>
      <p>${i("portfolio.var.means")}</p>
      <p class="fine">${i("portfolio.cvar",{sum:g(-r.main.cvar_rub)})}</p>
      ${r.worst&&l`<p class="fine">${i("portfolio.var.worst",{sum:g(-r.worst.var_rub)})}</p>`}
      <p class="fine">${i("portfolio.var.basis",{n:e.days,count:x(e.days),since:y(e.first_day,{withTime:!1})})}</p>
    </div>
  </div>`}function Bt({answer:t,day:e,account:r,onAccount:o}){let{exposure:s}=t,n=t.capital_rub!==null,a=J(t.positions);return l`<section class="card hero" aria-label=${i("portfolio.value")}>
    <div class="hero-head"><p class="sub">${i(n?"portfolio.value.capital":"portfolio.value.positions")}</p>
      <span class="badges">${r.kind==="virtual"&&l`<${U} kind="virtual" />`}
        <button class="link small-link" onClick=${o}>${i("portfolio.account.change")}</button></span></div>
    <p class="hero-figure">${g(n?t.capital_rub:s.net_rub)}</p>
    ${e&&l`<p><${Y} rub=${e.rub} frac=${e.frac} /> <span class="fine">${i(e.known<e.of?"portfolio.day.part":"portfolio.day",e)}</span></p>`}
    <dl class="figures">
      <${F} label=${i("portfolio.result")} value=${a?l`<${Y} rub=${a.rub} frac=${a.frac} digits=${1} />`:"\u2013"} />
      <${F} label=${i("portfolio.cash")} value=${g(s.cash_rub)} note=${s.cash_frac===null?i("portfolio.cash.unknown"):b(s.cash_frac)} />
    </dl>
    <${lt} answer=${t} />
    <p class="fine">${i("portfolio.asof",{when:y(t.as_of)})}</p>
  </section>`}var ct=["positions_refused","prices_stale","risk_in_one","moves_together","few_bets","risk_unknown","risk_leaves_out"];function Wt({answer:t}){let e=({code:n})=>ct.includes(n)?0:1,r=[...t.warnings].filter(({code:n})=>n!=="positions_refused").sort((n,a)=>e(n)-e(a)),[o,s]=[r.filter(n=>!e(n)),r.filter(e)];return l`${o.map(n=>l`<p key=${n.code} class="note note-stale"><span aria-hidden="true">${n.code==="prices_stale"?"\u25F7":"!"}</span><span>${n.text}</span></p>`)}
    ${t.refused.map(n=>l`<p key=${n.field} class="note note-bad"><span aria-hidden="true">✕</span><span>${D(n,"")}</span></p>`)}
    ${s.length>0&&l`<div class="card plain-notes">${s.map(n=>l`<p key=${n.code}><span aria-hidden="true">○ </span>${n.text}</p>`)}</div>`}`}function Z({id:t,kind:e}){return e==="share"?t:e==="sector"?v(`sector.${t}`)?i(`sector.${t}`):t:i(`portfolio.weights.${e}`)}var tt=(t,e)=>t.kind==="cash"?"cash":t.kind==="rest"?"rest":e;function ut({slices:t,label:e}){let r=Math.max(t.reduce((s,n)=>s+n.frac,0),1e-9),o=0;return l`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label=${e}>
    ${t.map((s,n)=>{let a=s.frac/r*X,c=-o;o+=a;let u=t.length>1?1.5:0;return l`<circle key=${s.id} class="slice hue-${tt(s,n)}" cx="60" cy="60" r="40" stroke-dasharray="${Math.max(a-u,.5).toFixed(2)} ${X.toFixed(2)}" stroke-dashoffset=${c.toFixed(2)} />`})}
  </svg>`}function qt({weights:t,of:e,hasShort:r}){let[o,s]=h("share"),n=t[o],a=n.map(c=>`${Z(c)} ${b(c.frac,{digits:1})}`).join(", ");return l`<section class="card" aria-labelledby="weights-title">
    <div class="card-head"><h2 id="weights-title">${i("portfolio.weights")}</h2>
      <${M} label=${i("portfolio.weights")} value=${o} onChange=${s} options=${[["share",i("portfolio.weights.share")],["sector",i("portfolio.weights.sector")]]} /></div>
    <div class="weights"><${ut} slices=${n} label=${a} />
      <ul class="weights-list">${n.map((c,u)=>l`<li key=${c.id}><span class="swatch hue-${tt(c,u)}" aria-hidden="true"></span><span class="grow">${Z(c)}</span><b>${b(c.frac,{digits:1})}</b></li>`)}</ul></div>
    <p class="fine">${i(`portfolio.weights.of.${e}`)} ${r&&i("portfolio.weights.short")}</p>
  </section>`}var ft=36e5;function jt(t){let e=A(t?`share|${t}`:null,s=>H(t,s)),r=A(e.data?`share|${t}|last`:null,s=>G(t,{timeframe:"1h",limit:1},s)),o=r.data&&r.data.candles.length?r.data.candles[r.data.candles.length-1]:null;return{facts:e.data,last:o,problem:e.problem}}function pt(t,{needed:e=!0,whole:r=!1}={}){let o=O(t);return o===null?e?i("field.required"):"":Number.isNaN(o)?i("field.not_a_number"):o<=0?i("field.positive"):r&&!Number.isInteger(o)?i("field.whole"):""}function Jt(t,e,r){let o=pt(t,{needed:!1}),s=O(t);return o||s===null||!e?o:s>=e===r?i(r?"field.stop_on_the_wrong_side.long":"field.stop_on_the_wrong_side.short"):""}var Qt=t=>t.problem&&t.problem.status===404?i("field.unknown_ticker"):"";function Vt({last:t,facts:e}){if(!t)return"";let r=new Date(Date.parse(t.begin)+ft).toISOString();return i("form.last",{price:N(t.close,e.decimals),when:y(r)})}var Xt=t=>t?`${t}:00+03:00`:void 0;function Yt({name:t,value:e,onInput:r,unit:o,onUnit:s,facts:n,error:a}){let c=O(e),u=n?n.lot_size:0,p=u&&c>0&&o==="lots"?i("form.qty.lots",{count:x(c*u),n:c*u}):u?i("form.lot",{n:u,count:x(u)}):"";return l`<div class="field-pair">
    <${K} name=${t} label=${i("form.qty")} value=${e} onInput=${r} inputmode="numeric" hint=${p} error=${a} autocomplete="off" />
    <${M} label=${i("form.unit")} value=${o} onChange=${s} options=${[["lots",i("unit.lots")],["shares",i("unit.shares")]]} />
  </div>`}var dt=200,$t=8,mt=t=>t[`name_${C.value}`]||t.name_ru;function ht(t){let[e,r]=h({words:"",rows:[]});return k(()=>{let o=t.trim();if(!o)return;let s=new AbortController,n=setTimeout(()=>{B("/instruments",{q:o,page_size:$t},s.signal).then(a=>r({words:o,rows:a.results}),a=>a.name!=="AbortError"&&r({words:o,rows:[]}))},dt);return()=>{clearTimeout(n),s.abort()}},[t]),e.words===t.trim()?e.rows:null}function bt(t,e,r){return t==="ArrowDown"?e+1>=r?0:e+1:e<=0?r-1:e-1}function gt({id:t,rows:e,at:r,onTake:o}){return l`<ul class="picker-list" role="listbox" id="${t}-list" aria-label=${i("picker.found")}>
    ${e.map((s,n)=>l`<li key=${s.secid} id="${t}-${n}" role="option" aria-selected=${String(n===r)} class=${n===r?"is-at":""}
        onMouseDown=${a=>a.preventDefault()} onClick=${()=>o(s)}>
        <b>${s.secid}</b><span>${mt(s)}</span>${s.is_simulated&&l`<small>${i("badge.simulated")}</small>`}</li>`)}
  </ul>`}function ne({name:t,label:e,secid:r,onPick:o,error:s=""}){let[n,a]=h(r),[c,u]=h(!1),[p,m]=h(-1),_=w(r),d=ht(c?n:"");k(()=>{r&&r!==_.current&&a(_.current=r)},[r]);let $=f=>{_.current=f,a(f),u(!1),m(-1),o(f)},et=f=>{a(f),u(!0),m(-1)},P=()=>{if(!c)return;let f=n.trim().toUpperCase(),R=d&&f&&(d.find(nt=>nt.secid===f)||d[0])||null;$(R?R.secid:f)},rt=f=>{(f.key==="ArrowDown"||f.key==="ArrowUp")&&d&&d.length?(f.preventDefault(),m(bt(f.key,p,d.length))):f.key==="Enter"&&c?(f.preventDefault(),d&&d[p]?$(d[p].secid):P()):f.key==="Escape"&&c&&(f.preventDefault(),f.stopPropagation(),u(!1))},E=c&&d!==null&&d.length>0;return l`<div class="field picker">
    <label for=${t}>${e}</label>
    <span class="field-box"><input class="input" id=${t} type="text" role="combobox" autocomplete="off" autocapitalize="characters" spellcheck=${!1} placeholder=${i("market.search")}
        value=${n} aria-expanded=${String(E)} aria-controls="${t}-list" aria-autocomplete="list" aria-invalid=${s?"true":void 0}
        aria-activedescendant=${E&&p>=0?`${t}-${p}`:void 0} aria-describedby=${s?`${t}-error`:void 0}
        onInput=${f=>et(f.target.value)} onKeyDown=${rt} onBlur=${P} /></span>
    ${E&&l`<${gt} id=${t} rows=${d} at=${p} onTake=${f=>$(f.secid)} />`}
    ${c&&d!==null&&!d.length&&n.trim()&&l`<p class="fine">${i("picker.nothing")}</p>`}
    ${s&&l`<p class="field-error" id="${t}-error" role="alert">${s}</p>`}
  </div>`}export{O as a,D as b,Dt as c,Et as d,At as e,Ft as f,jt as g,pt as h,Jt as i,Qt as j,Vt as k,Xt as l,Yt as m,ne as n,_t as o,wt as p,kt as q,Y as r,Bt as s,Wt as t,qt as u};
