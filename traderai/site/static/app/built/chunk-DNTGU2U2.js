import{A as k,D as T,O as Q,P as X,Q as Z,T as tt,U as et,W,b as g,c as C,d as E,da as ot,f as K,h as c,ja as st,k as V,m as Y,ma as nt,q as P,r as n,s as M,sa as F,ta as H,u as J,ua as _,v as U,x as q,ya as N}from"./chunk-A3LVVLQG.js";var y=t=>t.trim()?J(t):null;function R({code:t,detail:e},o){let s=[`field.${t}.${o}`,`field.${t}`].find(P),a=/did you mean '([^']+)'/.exec(e);return[s?n(s):e,s&&a&&n("field.like",{name:a[1]})].filter(Boolean).join(" ")}function x(t,...e){let o=t&&t.errors.find(s=>e.includes(s.field));return o?R(o,o.field):""}function B(t,e){if(!t)return"";let o=t.errors.find(s=>!e.includes(s.field));return t.errors.length&&!o?"":o?R(o,o.field):P(`field.${t.code}`)?n(`field.${t.code}`):nt(t)}function L(){let[t,e]=g({busy:!1,problem:null}),o=E({text:"",key:""});return{...t,write:async(a,r,i)=>{let l=`${a} ${r} ${JSON.stringify(i)}`;o.current.text!==l&&(o.current={text:l,key:X()}),e({busy:!0,problem:null});try{let u=await Z(a,r,i,{key:o.current.key});return o.current={text:"",key:""},e({busy:!1,problem:null}),u}catch(u){return u.status&&u.status<500&&(o.current={text:"",key:""}),e({busy:!1,problem:u}),V("error"),null}}}}function j({title:t,onClose:e,onSubmit:o,submit:s,busy:a=!1,disabled:r=!1,problem:i="",kind:l="",children:u}){let $=E(null),h=E(!0);return C(()=>{let d=$.current;return d.showModal(),()=>{h.current=!1,d.open&&d.close()}},[]),c`<dialog class="sheet sheet-form" ref=${$} onClose=${()=>h.current&&e()} onClick=${d=>d.target===$.current&&$.current.close()} aria-label=${t}>
    <form class="sheet-body" onSubmit=${d=>{d.preventDefault(),!a&&!r&&o()}} novalidate>
      <div class="sheet-head"><h2>${t}</h2>
        <button type="button" class="icon-button" onClick=${()=>$.current.close()} aria-label=${n("sheet.close")}><span aria-hidden="true">✕</span></button></div>
      ${u}
      ${i&&c`<p class="note note-bad" role="alert"><span aria-hidden="true">✕</span><span>${i}</span></p>`}
      ${s&&c`<button class="button wide ${l}" disabled=${r} aria-busy=${String(a)}>${a?n("form.sending"):s}</button>`}
    </form>
  </dialog>`}var mt=200,ht=8,bt=t=>t[`name_${Y.value}`]||t.name_ru;function gt(t){let[e,o]=g({words:"",rows:[]});return C(()=>{let s=t.trim();if(!s)return;let a=new AbortController,r=setTimeout(()=>{Q("/instruments",{q:s,page_size:ht},a.signal).then(i=>o({words:s,rows:i.results}),i=>i.name!=="AbortError"&&o({words:s,rows:[]}))},mt);return()=>{clearTimeout(r),a.abort()}},[t]),e.words===t.trim()?e.rows:null}function yt(t,e,o){return t==="ArrowDown"?e+1>=o?0:e+1:e<=0?o-1:e-1}function wt({id:t,rows:e,at:o,onTake:s}){return c`<ul class="picker-list" role="listbox" id="${t}-list" aria-label=${n("picker.found")}>
    ${e.map((a,r)=>c`<li key=${a.secid} id="${t}-${r}" role="option" aria-selected=${String(r===o)} class=${r===o?"is-at":""}
        onMouseDown=${i=>i.preventDefault()} onClick=${()=>s(a)}>
        <b>${a.secid}</b><span>${bt(a)}</span>${a.is_simulated&&c`<small>${n("badge.simulated")}</small>`}</li>`)}
  </ul>`}function rt({name:t,label:e,secid:o,onPick:s,error:a=""}){let[r,i]=g(o),[l,u]=g(!1),[$,h]=g(-1),m=E(o),f=gt(l?r:"");C(()=>{o&&o!==m.current&&i(m.current=o)},[o]);let d=p=>{m.current=p,i(p),u(!1),h(-1),s(p)},w=p=>{i(p),u(!0),h(-1)},v=()=>{l&&d(r.trim().toUpperCase())},S=p=>{(p.key==="ArrowDown"||p.key==="ArrowUp")&&f&&f.length?(p.preventDefault(),h(yt(p.key,$,f.length))):p.key==="Enter"&&l?(p.preventDefault(),f&&f[$]?d(f[$].secid):v()):p.key==="Escape"&&l&&(p.preventDefault(),p.stopPropagation(),u(!1))},b=l&&f!==null&&f.length>0;return c`<div class="field picker">
    <label for=${t}>${e}</label>
    <span class="field-box"><input class="input" id=${t} type="text" role="combobox" autocomplete="off" autocapitalize="characters" spellcheck=${!1} placeholder=${n("market.search")}
        value=${r} aria-expanded=${String(b)} aria-controls="${t}-list" aria-autocomplete="list" aria-invalid=${a?"true":void 0}
        aria-activedescendant=${b&&$>=0?`${t}-${$}`:void 0} aria-describedby=${a?`${t}-error`:void 0}
        onInput=${p=>w(p.target.value)} onKeyDown=${S} onBlur=${v} /></span>
    ${b&&c`<${wt} id=${t} rows=${f} at=${$} onTake=${p=>d(p.secid)} />`}
    ${l&&f!==null&&!f.length&&r.trim()&&c`<p class="fine">${n("picker.nothing")}</p>`}
    ${a&&c`<p class="field-error" id="${t}-error" role="alert">${a}</p>`}
  </div>`}var z=["secid","qty","avg_price","price","stop","opened_at","traded_at","commission"],D=K("lots"),vt=()=>[["lots",n("unit.lots")],["shares",n("unit.shares")]];function _t(t){let e=W(t?`share|${t}`:null,a=>tt(t,a)),o=W(e.data?`share|${t}|last`:null,a=>et(t,{timeframe:"1h",limit:1},a)),s=o.data&&o.data.candles.length?o.data.candles[o.data.candles.length-1]:null;return{facts:e.data,last:s,problem:e.problem}}function I(t,{needed:e=!0,whole:o=!1}={}){let s=y(t);return s===null?e?n("field.required"):"":Number.isNaN(s)?n("field.not_a_number"):s<=0?n("field.positive"):o&&!Number.isInteger(s)?n("field.whole"):""}function at(t,e,o){let s=I(t,{needed:!1}),a=y(t);return s||a===null||!e?s:a>=e===o?n(o?"field.stop_on_the_wrong_side.long":"field.stop_on_the_wrong_side.short"):""}var it=t=>t?`${t}:00+03:00`:void 0;function kt({name:t,value:e,onInput:o,facts:s,error:a}){let r=y(e),i=s?s.lot_size:0,l=s?r>0&&D.value==="lots"?n("form.qty.lots",{count:M(r*i),n:r*i}):n("form.lot",{n:i,count:M(i)}):"";return c`<div class="field-pair">
    <${_} name=${t} label=${n("form.qty")} value=${e} onInput=${o} inputmode="numeric" hint=${l} error=${a} autocomplete="off" />
    <${F} label=${n("form.unit")} value=${D.value} onChange=${u=>D.value=u} options=${vt()} />
  </div>`}function xt({secid:t,side:e,qty:o,at:s,stop:a,when:r},i,l){let u={secid:t,qty:y(o),qty_unit:D.value,stop:y(a)??void 0,account_id:i?i.id:void 0};return l?{...u,side:e==="long"?"BUY":"SELL"}:{...u,side:e,avg_price:y(s),opened_at:it(r)}}function qt(t,e,o){let s=!o&&y(t.at)||e.last&&e.last.close;return{secid:t.secid?"":n("field.required"),qty:I(t.qty,{whole:!0}),at:o?"":I(t.at),stop:at(t.stop,s,t.side==="long")}}function St({form:t,share:e}){let o=y(t.at)||e.last&&e.last.close,s=y(t.qty)*(D.value==="lots"?e.facts?e.facts.lot_size:NaN:1);return!o||!(s>0)?null:c`<p class="worth"><span>${n("form.worth")}</span><b>${k(o*s)}</b></p>`}function Qt({account:t,onClose:e,onDone:o}){let s=!!t&&t.kind==="virtual",[a,r]=g({secid:"",side:"long",qty:"",at:"",stop:"",when:""}),[i,l]=g(!1),{busy:u,problem:$,write:h}=L(),m=_t(a.secid),f=b=>p=>r(O=>({...O,[b]:p})),d=qt(a,m,s),w=(b,...p)=>i&&d[b]||x($,...p),v=async()=>{if(l(!0),Object.values(d).some(Boolean))return;let b=await h("POST",s?"/actions":"/positions",xt(a,t,s));b&&(N([n(s?"portfolio.ordered":"portfolio.added",{secid:a.secid}),...b.remarks.map(p=>p.text)].join(" ")),o())},S=m.last&&n("form.last",{price:U(m.last.close,m.facts.decimals),when:T(m.last.begin)});return c`<${j} title=${n(s?"portfolio.order":"portfolio.add")} onClose=${e} onSubmit=${v} busy=${u}
    submit=${n(s?"portfolio.order.send":"action.save")} problem=${B($,z)}>
    <${rt} name="add-secid" label=${n("form.share")} secid=${a.secid} onPick=${f("secid")}
      error=${m.problem&&n("field.unknown_ticker")||w("secid","secid")} />
    <${F} label=${n("form.side")} value=${a.side} onChange=${f("side")}
      options=${s?[["long",n("action.BUY")],["short",n("action.SELL")]]:[["long",n("form.long")],["short",n("form.short")]]} />
    <${kt} name="add-qty" value=${a.qty} onInput=${f("qty")} facts=${m.facts} error=${w("qty","qty")} />
    ${!s&&c`<${_} name="add-price" label=${n("form.avg")} value=${a.at} onInput=${f("at")} inputmode="decimal" suffix="₽" hint=${S||n("form.avg.hint")}
      error=${w("at","avg_price","price")} autocomplete="off" />`}
    <${_} name="add-stop" label=${n("form.stop")} value=${a.stop} onInput=${f("stop")} inputmode="decimal" suffix="₽"
      hint=${n("form.stop.hint")} error=${w("stop","stop")||a.stop&&d.stop} autocomplete="off" />
    ${!s&&c`<${_} name="add-when" label=${n("form.opened")} type="datetime-local" value=${a.when} onInput=${f("when")} hint=${n("form.when.hint")}
      error=${x($,"opened_at","traded_at")} />`}
    ${s&&c`<p class="note note-plain"><span aria-hidden="true">○</span><span>${n("portfolio.order.how")}</span></p>`}
    <${St} form=${a} share=${m} />
  <//>`}var Ot=()=>M(.1,1).slice(1,2),A=t=>t==null?"":String(Number(t.toFixed(6))).replace(".",Ot());function Mt(t,e){let o={};return t.qty!==e.qty&&Object.assign(o,{qty:y(t.qty),qty_unit:"shares"}),t.at!==e.at&&(o.avg_price=y(t.at)),t.stop!==e.stop&&(o.stop=y(t.stop)),o}function Xt({one:t,held:e,account:o,onClose:s,onDone:a}){let r=o.kind==="virtual",[i]=g({qty:A(e.qty),at:A(e.avg_price),stop:A(e.stop)}),[l,u]=g(i),{busy:$,problem:h,write:m}=L(),f=b=>p=>u(O=>({...O,[b]:p})),d={qty:I(l.qty,{whole:Number.isInteger(e.qty)}),at:I(l.at),stop:at(l.stop,t.price_rub,t.side==="long")},w=Mt(l,i),v=async()=>{await m("PATCH",`/positions/${e.id}`,w)&&(N(n("portfolio.changed",{secid:t.secid})),a())},S=!Object.values(d).some(Boolean)&&Object.keys(w).length>0;return c`<${j} title=${n("portfolio.edit.title",{secid:t.secid})} onClose=${s} onSubmit=${v} busy=${$} disabled=${!S}
    submit=${n("action.save")} problem=${B(h,z)}>
    ${!r&&c`<${_} name="edit-qty" label=${n("form.qty.shares")} value=${l.qty} onInput=${f("qty")} inputmode="numeric" error=${d.qty||x(h,"qty")} autocomplete="off" />
    <${_} name="edit-price" label=${n("form.avg")} value=${l.at} onInput=${f("at")} inputmode="decimal" suffix="₽" error=${d.at||x(h,"avg_price","price")} autocomplete="off" />`}
    <${_} name="edit-stop" label=${n("form.stop")} value=${l.stop} onInput=${f("stop")} inputmode="decimal" suffix="₽"
      hint=${n("form.stop.now",{price:U(t.price_rub)})} error=${d.stop||x(h,"stop")} autocomplete="off" />
    <p class="fine">${n(r?"portfolio.edit.virtual":"portfolio.edit.how")}</p>
  <//>`}function Zt({one:t,held:e,account:o,onClose:s,onDone:a}){let r=o.kind==="virtual",[i,l]=g(r?"order":"sold"),[u,$]=g({qty:A(e.qty),at:A(Number(t.price_rub.toFixed(4))),when:""}),{busy:h,problem:m,write:f}=L(),d=p=>O=>$(G=>({...G,[p]:O})),w=y(u.qty),v=i==="sold"?{qty:I(u.qty,{whole:!0})||(w>e.qty?n("field.too_many",{count:M(e.qty)}):""),at:I(u.at)}:{},S=async()=>{let p=t.side==="long"?"SELL":"BUY",O={account_id:o.id,secid:t.secid,side:p,qty:w,qty_unit:"shares",price:y(u.at),traded_at:it(u.when)};(i==="sold"?await f("POST","/actions",O):await f("DELETE",`/positions/${e.id}`))&&(N(n(r?"portfolio.ordered":"portfolio.closed",{secid:t.secid})),a())},b=i==="sold"&&!v.qty&&!v.at?(y(u.at)-e.avg_price)*w*(t.side==="long"?1:-1):null;return c`<${j} title=${n("portfolio.close.title",{secid:t.secid})} onClose=${s} onSubmit=${S} busy=${h} disabled=${Object.values(v).some(Boolean)}
    submit=${n(`portfolio.close.${i}`)} kind=${i==="wrong"?"button-danger":""} problem=${B(m,z)}>
    ${!r&&c`<${F} label=${n("portfolio.close.how")} value=${i} onChange=${l}
      options=${[["sold",n(t.side==="long"?"portfolio.close.was.sold":"portfolio.close.was.bought")],["wrong",n("portfolio.close.was.wrong")]]} />`}
    ${i==="sold"&&c`<${_} name="close-qty" label=${n("form.qty.shares")} value=${u.qty} onInput=${d("qty")} inputmode="numeric" error=${v.qty||x(m,"qty")} autocomplete="off" />
      <${_} name="close-price" label=${n("form.price")} value=${u.at} onInput=${d("at")} inputmode="decimal" suffix="₽" error=${v.at||x(m,"price")} autocomplete="off" />
      <${_} name="close-when" label=${n("form.when")} type="datetime-local" value=${u.when} onInput=${d("when")} hint=${n("form.when.hint")} error=${x(m,"traded_at")} />`}
    <p class="fine">${n(`portfolio.close.${i}.how`)}</p>
    ${b!==null&&c`<p class="worth"><span>${n("portfolio.close.gain")}</span><b>${k(b,{signed:!0})}</b></p>`}
  <//>`}function ee(t,e){if(!e)return null;let o=new Map(e.results.map(i=>[i.secid,i.change_pct])),[s,a,r]=[0,0,0];for(let i of t){let l=o.get(i.secid);if(typeof l!="number"||i.price_is_stale)continue;let u=i.value_rub/(1+l/100);s+=i.value_rub-u,a+=Math.abs(u),r+=1}return r?{rub:s,frac:a?s/a:null,known:r,of:t.length}:null}function lt(t){let e=t.filter(a=>a.pnl_rub!==null),o=e.reduce((a,r)=>a+r.qty_shares*r.avg_price_rub,0),s=e.reduce((a,r)=>a+r.pnl_rub,0);return e.length?{rub:s,frac:o?s/o:null}:null}function oe(t,e){let o=e==="share"?t.positions.map(i=>({id:i.secid,kind:"share",frac:Math.abs(i.weight_frac)})):t.sectors.map(i=>({id:i.sector||"other",kind:"sector",frac:i.weight_frac}));o.sort((i,l)=>l.frac-i.frac);let s=o.slice(0,7),a=o.slice(7).reduce((i,l)=>i+l.frac,0);a>0&&s.push({id:"rest",kind:"rest",frac:a});let r=t.exposure.cash_frac;return r!==null&&r>0&&s.push({id:"cash",kind:"cash",frac:r}),s}function ct(t){let e=t?t.tails:[],o=(a,r)=>e.find(i=>i.method===a&&i.confidence===r)||null,s=o("historical",.95)||o("normal",.95);return s&&{main:s,worst:o("historical",.99)||o("normal",.99)}}function se(t,e=5){let{secids:o,matrix:s}=t,a=[];for(let r=0;r<o.length;r+=1)for(let i=r+1;i<o.length;i+=1)Math.abs(s[r][i])>=.7&&a.push({a:o[r],b:o[i],r:s[r][i]});return a.sort((r,i)=>Math.abs(i.r)-Math.abs(r.r)).slice(0,e)}var ut=Math.PI*52,It=1.5,Et=.6,pt=2*Math.PI*40;function ft({rub:t,frac:e=null,digits:o=2}){let s=t>0?"\u25B2":t<0?"\u25BC":"\u25CF";return c`<span class="text-${ot(t)} result"><span aria-hidden="true">${s} </span>${k(t,{signed:!0})}${e!==null&&c` <small>(${q(e,{digits:o,signed:!0})})</small>`}</span>`}function Ft({risk:t,limit:e,bad:o}){let s=e===null?Et:e*It,a=Math.min(t.volatility_annual_frac/s,1),r=e===null?null:Math.PI*(1-e/s),i=h=>[60+h*Math.cos(r),60-h*Math.sin(r)].map(m=>m.toFixed(1)),l=e!==null&&t.volatility_annual_frac>e,u=q(t.volatility_annual_frac,{digits:1}),$=e===null?n("portfolio.gauge.free",{move:u}):n(l?"portfolio.gauge.over":"portfolio.gauge.within",{move:u,limit:q(e)});return c`<figure class="gauge">
    <svg viewBox="0 0 120 68" role="img" aria-label=${$}>
      <path class="gauge-track" d="M8 60 A52 52 0 0 1 112 60" />
      <path class="gauge-value ${l?"is-over":""}" d="M8 60 A52 52 0 0 1 112 60" stroke-dasharray="${(ut*a).toFixed(1)} ${ut.toFixed(1)}" />
      ${r!==null&&c`<line class="gauge-limit" x1=${i(44)[0]} y1=${i(44)[1]} x2=${i(60)[0]} y2=${i(60)[1]} />`}
      <text x="60" y="48" text-anchor="middle" class="gauge-figure">${q(o.var_frac,{digits:1})}</text>
      <text x="60" y="64" text-anchor="middle" class="gauge-word">${n("portfolio.gauge.day")}</text>
    </svg>
    <figcaption class="fine">${$}</figcaption>
  </figure>`}function Ct({answer:t}){let{risk:e}=t,o=ct(e);if(!o)return c`<p class="note note-plain"><span aria-hidden="true">○</span><span>${n("portfolio.risk.unknown")}</span></p>`;let s=t.proposals.limits.find(a=>a.limit==="volatility");return c`<div class="risk" role="group" aria-label=${n("portfolio.risk")}>
    <${Ft} risk=${e} limit=${s?s.limit_frac:null} bad=${o.main} />
    <div class="risk-words">
      <p class="fine">${n("portfolio.var")}</p>
      <p class="risk-figure">${k(-o.main.var_rub)}</p>
      <p>${n("portfolio.var.means")}</p>
      <p class="fine">${n("portfolio.cvar",{sum:k(-o.main.cvar_rub)})}</p>
      ${o.worst&&c`<p class="fine">${n("portfolio.var.worst",{sum:k(-o.worst.var_rub)})}</p>`}
      <p class="fine">${n("portfolio.var.basis",{n:e.days,count:M(e.days),since:T(e.first_day,{withTime:!1})})}</p>
    </div>
  </div>`}function ue({answer:t,day:e,account:o}){let{exposure:s}=t,a=t.capital_rub!==null,r=lt(t.positions);return c`<section class="card hero" aria-label=${n("portfolio.value")}>
    <div class="hero-head"><p class="sub">${n(a?"portfolio.value.capital":"portfolio.value.positions")}</p>
      ${o.kind==="virtual"&&c`<${st} kind="virtual" />`}</div>
    <p class="hero-figure">${k(a?t.capital_rub:s.net_rub)}</p>
    ${e&&c`<p><${ft} rub=${e.rub} frac=${e.frac} /> <span class="fine">${n(e.known<e.of?"portfolio.day.part":"portfolio.day",e)}</span></p>`}
    <dl class="figures">
      <${H} label=${n("portfolio.result")} value=${r?c`<${ft} rub=${r.rub} frac=${r.frac} digits=${1} />`:"\u2013"} />
      <${H} label=${n("portfolio.cash")} value=${k(s.cash_rub)} note=${s.cash_frac===null?n("portfolio.cash.unknown"):q(s.cash_frac)} />
    </dl>
    <${Ct} answer=${t} />
    <p class="fine">${n("portfolio.asof",{when:T(t.as_of)})}</p>
  </section>`}var Pt=["positions_refused","prices_stale","risk_in_one","moves_together","few_bets","risk_unknown","risk_leaves_out"];function pe({answer:t}){let e=({code:r})=>Pt.includes(r)?0:1,o=[...t.warnings].filter(({code:r})=>r!=="positions_refused").sort((r,i)=>e(r)-e(i)),[s,a]=[o.filter(r=>!e(r)),o.filter(e)];return c`${s.map(r=>c`<p key=${r.code} class="note note-stale"><span aria-hidden="true">${r.code==="prices_stale"?"\u25F7":"!"}</span><span>${r.text}</span></p>`)}
    ${t.refused.map(r=>c`<p key=${r.field} class="note note-bad"><span aria-hidden="true">✕</span><span>${R(r,"")}</span></p>`)}
    ${a.length>0&&c`<div class="card plain-notes">${a.map(r=>c`<p key=${r.code}><span aria-hidden="true">○ </span>${r.text}</p>`)}</div>`}`}function dt({id:t,kind:e}){return e==="share"?t:e==="sector"?P(`sector.${t}`)?n(`sector.${t}`):t:n(`portfolio.weights.${e}`)}var $t=(t,e)=>t.kind==="cash"?"cash":t.kind==="rest"?"rest":e;function Tt({slices:t,label:e}){let o=Math.max(t.reduce((a,r)=>a+r.frac,0),1e-9),s=0;return c`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label=${e}>
    ${t.map((a,r)=>{let i=a.frac/o*pt,l=-s;s+=i;let u=t.length>1?1.5:0;return c`<circle key=${a.id} class="slice hue-${$t(a,r)}" cx="60" cy="60" r="40" stroke-dasharray="${Math.max(i-u,.5).toFixed(2)} ${pt.toFixed(2)}" stroke-dashoffset=${l.toFixed(2)} />`})}
  </svg>`}function fe({weights:t,of:e,hasShort:o}){let[s,a]=g("share"),r=t[s],i=r.map(l=>`${dt(l)} ${q(l.frac,{digits:1})}`).join(", ");return c`<section class="card" aria-labelledby="weights-title">
    <div class="card-head"><h2 id="weights-title">${n("portfolio.weights")}</h2>
      <${F} label=${n("portfolio.weights")} value=${s} onChange=${a} options=${[["share",n("portfolio.weights.share")],["sector",n("portfolio.weights.sector")]]} /></div>
    <div class="weights"><${Tt} slices=${r} label=${i} />
      <ul class="weights-list">${r.map((l,u)=>c`<li key=${l.id}><span class="swatch hue-${$t(l,u)}" aria-hidden="true"></span><span class="grow">${dt(l)}</span><b>${q(l.frac,{digits:1})}</b></li>`)}</ul></div>
    <p class="fine">${n(`portfolio.weights.of.${e}`)} ${o&&n("portfolio.weights.short")}</p>
  </section>`}export{y as a,R as b,x as c,B as d,L as e,j as f,rt as g,_t as h,I as i,at as j,Qt as k,Xt as l,Zt as m,ee as n,oe as o,se as p,ft as q,ue as r,pe as s,fe as t};
