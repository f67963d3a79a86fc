import{a as w,b as wt,c as k,d as T,e as L,f as E,g as kt,h as D,i as J,j as xt,k as St,l as Z,m as qt,n as Ct,o as Ot,p as tt,q as Et,r as G,s as Pt,t as Tt,u as Dt}from"./chunk-ZLQEOLRJ.js";import{$ as mt,A as _,Aa as A,D as O,E as ut,N as z,O as U,R as dt,W as B,aa as V,b as g,ba as ft,c as N,da as Y,e as ct,f as W,h as i,ha as bt,ka as ht,n as I,oa as K,pa as gt,q as F,qa as yt,r as e,ra as vt,s as f,sa as X,t as $t,ua as H,v as P,va as M,w as pt,wa as x,x as C,xa as _t}from"./chunk-OFME77TP.js";var Xt="1000000",It=t=>t.name==="main"?e("portfolio.account.main"):t.name;function Ft({first:t,onClose:o,onDone:n}){let[s,a]=g({kind:t?"virtual":"real",name:"",capital:t?Xt:""}),[l,r]=g(!1),{busy:c,problem:$,write:u}=L(),d=b=>S=>a(v=>({...v,[b]:S})),y=s.kind==="virtual",p={name:s.name.trim()?"":e("field.required"),capital:D(s.capital,{needed:y})},m=b=>l&&p[b]||k($,b),h=async()=>{if(r(!0),p.name||p.capital)return;let b=await u("POST","/accounts",{kind:s.kind,name:s.name.trim(),capital:w(s.capital)});b&&(A(e("portfolio.account.made",{name:b.name})),n({account:b.id}))};return i`<${E} title=${e("portfolio.account.title")} onClose=${o} onSubmit=${h} busy=${c} submit=${e("portfolio.account.open")}
    problem=${T($,["name","capital"])}>
    <${H} label=${e("portfolio.kind")} value=${s.kind} onChange=${d("kind")} options=${[["real",e("portfolio.kind.real")],["virtual",e("portfolio.kind.virtual")]]} />
    <p class="fine">${e(`portfolio.kind.${s.kind}.how`)}</p>
    <${x} name="account-name" label=${e("portfolio.account.name")} value=${s.name} onInput=${d("name")} maxlength="60" error=${m("name")} autocomplete="off" />
    <${x} name="account-capital" label=${e("portfolio.account.capital")} value=${s.capital} onInput=${d("capital")} inputmode="decimal" suffix="₽"
      hint=${e(y?"portfolio.account.capital.virtual":"portfolio.account.capital.real")} error=${m("capital")} autocomplete="off" />
  <//>`}function Mt({account:t,onClose:o,onDone:n}){let s=t.kind==="virtual",[a,l]=g({name:t.name,capital:t.capital===null?"":$t(t.capital)}),{busy:r,problem:c,write:$}=L(),u=p=>m=>l(h=>({...h,[p]:m})),d={name:a.name.trim()?"":e("field.required"),capital:D(a.capital,{needed:!1})},y=async()=>{let p={name:a.name.trim(),...s?{}:{capital:w(a.capital)}},m=await $("PATCH",`/accounts/${t.id}`,p);m&&(A(e("portfolio.account.changed",{name:m.name})),n())};return i`<${E} title=${e("portfolio.account.edit")} onClose=${o} onSubmit=${y} busy=${r} disabled=${!!(d.name||d.capital)} submit=${e("action.save")}
    problem=${T(c,["name","capital"])}>
    <${x} name="account-name" label=${e("portfolio.account.name")} value=${a.name} onInput=${u("name")} maxlength="60" error=${d.name||k(c,"name")} autocomplete="off" />
    ${!s&&i`<${x} name="account-capital" label=${e("portfolio.account.capital")} value=${a.capital} onInput=${u("capital")} inputmode="decimal" suffix="₽"
      hint=${e("portfolio.account.capital.real")} error=${d.capital||k(c,"capital")} autocomplete="off" />`}
  <//>`}var et=["secid","qty","avg_price","price","stop","opened_at","traded_at","commission"],Q=W("lots");function Jt({secid:t,side:o,qty:n,at:s,stop:a,when:l},r,c){let $={secid:t,qty:w(n),qty_unit:Q.value,stop:w(a)??void 0,account_id:r?r.id:void 0};return c?{...$,side:o==="long"?"BUY":"SELL"}:{...$,side:o,avg_price:w(s),opened_at:Z(l)}}function Zt(t,o,n){let s=!n&&w(t.at)||o.last&&o.last.close;return{secid:t.secid?"":e("field.required"),qty:D(t.qty,{whole:!0}),at:n?"":D(t.at),stop:J(t.stop,s,t.side==="long")}}function te({form:t,share:o}){let n=w(t.at)||o.last&&o.last.close,s=w(t.qty)*(Q.value==="lots"?o.facts?o.facts.lot_size:NaN:1);return!n||!(s>0)?null:i`<p class="worth"><span>${e("form.worth")}</span><b>${_(n*s)}</b></p>`}function At({account:t,secid:o="",onClose:n,onDone:s}){let a=!!t&&t.kind==="virtual",[l,r]=g({secid:o,side:"long",qty:"",at:"",stop:"",when:""}),[c,$]=g(!1),{busy:u,problem:d,write:y}=L(),p=kt(l.secid),m=v=>q=>r(R=>({...R,[v]:q})),h=Zt(l,p,a),b=(v,...q)=>c&&h[v]||k(d,...q),S=async()=>{if($(!0),Object.values(h).some(Boolean))return;let v=await y("POST",a?"/actions":"/positions",Jt(l,t,a));v&&(A([e(a?"portfolio.ordered":"portfolio.added",{secid:l.secid}),...v.remarks.map(q=>q.text)].join(" ")),s())};return i`<${E} title=${e(a?"portfolio.order":"portfolio.add")} onClose=${n} onSubmit=${S} busy=${u}
    submit=${e(a?"portfolio.order.send":"action.save")} problem=${T(d,et)}>
    <${Ct} name="add-secid" label=${e("form.share")} secid=${l.secid} onPick=${m("secid")}
      error=${xt(p)||b("secid","secid")} />
    <${H} label=${e("form.side")} value=${l.side} onChange=${m("side")}
      options=${a?[["long",e("action.BUY")],["short",e("action.SELL")]]:[["long",e("form.long")],["short",e("form.short")]]} />
    <${qt} name="add-qty" value=${l.qty} onInput=${m("qty")} unit=${Q.value} onUnit=${v=>Q.value=v} facts=${p.facts} error=${b("qty","qty")} />
    ${!a&&i`<${x} name="add-price" label=${e("form.avg")} value=${l.at} onInput=${m("at")} inputmode="decimal" suffix="₽" hint=${St(p)||e("form.avg.hint")}
      error=${b("at","avg_price","price")} autocomplete="off" />`}
    <${x} name="add-stop" label=${e("form.stop")} value=${l.stop} onInput=${m("stop")} inputmode="decimal" suffix="₽"
      hint=${e("form.stop.hint")} error=${b("stop","stop")||l.stop&&h.stop} autocomplete="off" />
    ${!a&&i`<${x} name="add-when" label=${e("form.opened")} type="datetime-local" value=${l.when} onInput=${m("when")} hint=${e("form.when.hint")}
      error=${k(d,"opened_at","traded_at")} />`}
    ${a&&i`<p class="note note-plain"><span aria-hidden="true">○</span><span>${e("portfolio.order.how")}</span></p>`}
    <${te} form=${l} share=${p} />
  <//>`}var ee=()=>f(.1,1).slice(1,2),j=t=>t==null?"":String(Number(t.toFixed(6))).replace(".",ee());function oe(t,o){let n={};return t.qty!==o.qty&&Object.assign(n,{qty:w(t.qty),qty_unit:"shares"}),t.at!==o.at&&(n.avg_price=w(t.at)),t.stop!==o.stop&&(n.stop=w(t.stop)),n}function Lt({one:t,held:o,account:n,onClose:s,onDone:a}){let l=n.kind==="virtual",[r]=g({qty:j(o.qty),at:j(o.avg_price),stop:j(o.stop)}),[c,$]=g(r),{busy:u,problem:d,write:y}=L(),p=v=>q=>$(R=>({...R,[v]:q})),m={qty:D(c.qty,{whole:Number.isInteger(o.qty)}),at:D(c.at),stop:J(c.stop,t.price_rub,t.side==="long")},h=oe(c,r),b=async()=>{await y("PATCH",`/positions/${o.id}`,h)&&(A(e("portfolio.changed",{secid:t.secid})),a())},S=!Object.values(m).some(Boolean)&&Object.keys(h).length>0;return i`<${E} title=${e("portfolio.edit.title",{secid:t.secid})} onClose=${s} onSubmit=${b} busy=${u} disabled=${!S}
    submit=${e("action.save")} problem=${T(d,et)}>
    ${!l&&i`<${x} name="edit-qty" label=${e("form.qty.shares")} value=${c.qty} onInput=${p("qty")} inputmode="numeric" error=${m.qty||k(d,"qty")} autocomplete="off" />
    <${x} name="edit-price" label=${e("form.avg")} value=${c.at} onInput=${p("at")} inputmode="decimal" suffix="₽" error=${m.at||k(d,"avg_price","price")} autocomplete="off" />`}
    <${x} name="edit-stop" label=${e("form.stop")} value=${c.stop} onInput=${p("stop")} inputmode="decimal" suffix="₽"
      hint=${e("form.stop.now",{price:P(t.price_rub)})} error=${m.stop||k(d,"stop")} autocomplete="off" />
    <p class="fine">${e(l?"portfolio.edit.virtual":"portfolio.edit.how")}</p>
  <//>`}function ot({one:t,held:o,account:n,onClose:s,onDone:a}){let l=n.kind==="virtual",[r,c]=g(l?"order":"sold"),[$,u]=g({qty:j(o.qty),at:j(t.price_rub),when:""}),{busy:d,problem:y,write:p}=L(),m=q=>R=>u(rt=>({...rt,[q]:R})),h=w($.qty),b=r==="sold"?{qty:D($.qty,{whole:!0})||(h>o.qty?e("field.too_many",{count:f(o.qty)}):""),at:D($.at)}:{},S=async()=>{let q=t.side==="long"?"SELL":"BUY",R={account_id:n.id,secid:t.secid,side:q,qty:h,qty_unit:"shares",price:w($.at),traded_at:Z($.when)};(r==="sold"?await p("POST","/actions",R):await p("DELETE",`/positions/${o.id}`))&&(A(e(l?"portfolio.ordered":"portfolio.closed",{secid:t.secid})),a())},v=r==="sold"&&!b.qty&&!b.at?(w($.at)-o.avg_price)*h*(t.side==="long"?1:-1):null;return i`<${E} title=${e("portfolio.close.title",{secid:t.secid})} onClose=${s} onSubmit=${S} busy=${d} disabled=${Object.values(b).some(Boolean)}
    submit=${e(`portfolio.close.${r}`)} kind=${r==="wrong"?"button-danger":""} problem=${T(y,et)}>
    ${!l&&i`<${H} label=${e("portfolio.close.how")} value=${r} onChange=${c}
      options=${[["sold",e(t.side==="long"?"portfolio.close.was.sold":"portfolio.close.was.bought")],["wrong",e("portfolio.close.was.wrong")]]} />`}
    ${r==="sold"&&i`<${x} name="close-qty" label=${e("form.qty.shares")} value=${$.qty} onInput=${m("qty")} inputmode="numeric" error=${b.qty||k(y,"qty")} autocomplete="off" />
      <${x} name="close-price" label=${e("form.price")} value=${$.at} onInput=${m("at")} inputmode="decimal" suffix="₽" error=${b.at||k(y,"price")} autocomplete="off" />
      <${x} name="close-when" label=${e("form.when")} type="datetime-local" value=${$.when} onInput=${m("when")} hint=${e("form.when.hint")} error=${k(y,"traded_at")} />`}
    <p class="fine">${e(`portfolio.close.${r}.how`)}</p>
    ${v!==null&&i`<p class="worth"><span>${e("portfolio.close.gain")}</span><b>${_(v,{signed:!0})}</b></p>`}
  <//>`}var it=50;async function ie(t){let o=new Uint8Array(await t.arrayBuffer());if(o[0]===255&&o[1]===254)return new TextDecoder("utf-16le").decode(o);if(o[0]===254&&o[1]===255)return new TextDecoder("utf-16be").decode(o);try{return new TextDecoder("utf-8",{fatal:!0}).decode(o)}catch{return new TextDecoder("windows-1251").decode(o)}}function se({row:t}){return i`<li class=${t.known?"is-known":""}><span class="row-number">${t.row}</span>
    <span class="grow"><b>${t.secid}</b> ${e(`action.${t.side}.word`)} ${e("call.size.shares",{n:t.qty,count:f(t.qty)})} × ${P(t.price)}
      <small>${O(t.traded_at)}${t.known?` \xB7 ${e("import.known")}`:""}</small>
      ${t.remarks.map(o=>i`<small key=${o.code}>${o.text}</small>`)}</span>
    <b>${_(t.qty*t.price)}</b></li>`}function ne({row:t}){let o=F(`import.field.${t.field}`)?e(`import.field.${t.field}`):t.field;return i`<li><span class="row-number">${t.row}</span><span class="grow"><b>${o||e("import.row")}</b>
    <small>${wt(t,t.field)}</small></span></li>`}function Rt({title:t,kind:o,mark:n,rows:s,row:a}){return s.length?i`<details class="import-rows import-${o}" open>
    <summary><span aria-hidden="true">${n} </span>${t}</summary>
    <ol>${s.slice(0,it).map(l=>i`<${a} key=${`${l.row}-${l.field||""}`} row=${l} />`)}</ol>
    ${s.length>it&&i`<p class="fine">${e("import.more",{count:f(s.length-it)})}</p>`}
  </details>`:null}function ae({report:t}){let o=t.taken.filter(n=>!n.known);return i`<div class="import-report" aria-live="polite">
    <p><b>${e("import.rows",{n:t.rows,count:f(t.rows)})}</b> <span class="fine">${e("import.layout",{name:F(`import.layout.${t.layout}`)?e(`import.layout.${t.layout}`):t.layout})}</span></p>
    <${Rt} title=${e("import.broken",{count:f(t.problems.length)})} kind="bad" mark="✕" rows=${t.problems} row=${ne} />
    <${Rt} title=${e("import.good",{count:f(o.length)})} kind="good" mark="✓" rows=${o} row=${se} />
    ${t.known>0&&i`<p class="fine">${e("import.again",{n:t.known,count:f(t.known)})}</p>`}
  </div>`}function le(t,o,n){let[s,a]=g({report:null,problem:null,busy:!1});return N(()=>{if(!t)return;let l=new AbortController;return a({report:null,problem:null,busy:!0}),z("/actions/import",{method:"POST",body:{content:t,dry_run:!0,...Bt(o,n)},signal:l.signal}).then(r=>a({report:r,problem:null,busy:!1}),r=>r.name!=="AbortError"&&a({report:null,problem:r,busy:!1})),()=>l.abort()},[t,o]),s}var Bt=(t,o)=>({qty_unit:t||void 0,account_id:o?o.id:void 0});function Nt({account:t,onClose:o,onDone:n}){let[s,a]=g({name:"",content:""}),[l,r]=g(""),{report:c,problem:$,busy:u}=le(s.content,l,t),{busy:d,problem:y,write:p}=L(),m=async S=>{let v=S.target.files[0];v&&a({name:v.name,content:await ie(v)})},h=async()=>{let S=await p("POST","/actions/import",{content:s.content,dry_run:!1,...Bt(l,t)});S&&(A(e("import.done",{n:S.added,count:f(S.added)})),n())},b=$&&(k($,"file","content")||T($,["file","content","qty_unit"]));return i`<${E} key=${I.value} title=${e("import.title")} onClose=${o} onSubmit=${h} busy=${d} disabled=${!c||!c.added}
    submit=${c&&c.added?e("import.send",{n:c.added,count:f(c.added)}):e("import.send.none")} problem=${T(y,[])}>
    <p class="fine">${e("import.how")}</p>
    <div class="field file"><label for="import-file" class="button button-quiet">${s.name||e("import.choose")}</label>
      <input id="import-file" type="file" class="unseen" accept=".csv,.txt,.tsv,text/csv,text/plain" onChange=${m} aria-describedby=${b?"import-wrong":void 0} />
      ${b&&i`<p class="field-error" id="import-wrong" role="alert">${b}</p>`}</div>
    <${_t} name="import-unit" label=${e("import.unit")} value=${l} onChange=${r} options=${[["",e("import.unit.file")],["shares",e("unit.shares")],["lots",e("unit.lots")]]} error=${$?k($,"qty_unit"):""} />
    ${u&&i`<p class="fine" role="status">${e("import.reading")}</p>`}
    ${c&&i`<${ae} report=${c} />`}
  <//>`}var re={pending:"\u25F7",filled:"\u2713",refused:"\u2715"};function ce({order:t}){return i`<li><span class="order-side text-${t.side==="BUY"?"up":"down"}" aria-hidden="true">${Y[t.side]}</span>
    <span class="grow"><b>${t.secid}</b>: ${e(`action.${t.side}.todo`)} ${e("call.size.shares",{n:t.qty,count:f(t.qty)})}
      <small>${O(t.ordered_at)}</small>${t.refusal_text&&i`<small>${t.refusal_text}</small>`}</span>
    <span class="state-word"><span aria-hidden="true">${re[t.state]||""} </span>${e(`orders.${t.state}`)}</span></li>`}function st({account:t,turn:o}){let n=B(`portfolio|${t.id}|orders|${I.value}`,s=>U("/orders",{account_id:t.id},s),60);return N(()=>{o&&n.reload()},[o]),i`<section class="card" aria-labelledby="orders-title"><h2 id="orders-title">${e("orders.title")}</h2>
    <${yt} from=${n} heights=${[48]}>${s=>s.results.length?i`<ul class="lines">${s.results.map(a=>i`<${ce} key=${a.id} order=${a} />`)}</ul>`:i`<p class="fine">${e("orders.none")}</p>`}<//>
  </section>`}var $e={ADD:"+",HOLD:"\u25CF",REDUCE:"\u2212",CLOSE:"\u2715"},pe={ADD:"up",HOLD:"flat",REDUCE:"down",CLOSE:"down"};function Ut({action:t}){return i`<span class="pill advice fill-${pe[t]}"><span aria-hidden="true">${$e[t]}</span> ${e(`portfolio.advice.${t}`)}</span>`}var Ht=t=>e("call.size.shares",{n:t,count:f(t,Number.isInteger(t)?0:2)});function ue({one:t,onOpen:o}){return i`<button class="row row-position" onClick=${o} aria-haspopup="dialog">
    <span class="row-name"><b>${t.secid}${t.side==="short"&&i` <i class="side">${e("portfolio.short")}</i>`}</b>
      <small>${Ht(t.qty_shares)} · ${C(Math.abs(t.weight_frac),{digits:1})}</small>
      ${t.price_is_stale&&i`<small class="old"><span aria-hidden="true">◷ </span>${e("portfolio.price.old",{when:O(t.price_as_of,{withTime:!1})})}</small>`}</span>
    <span class="row-figures"><b>${_(t.value_rub)}</b><small>${t.pnl_rub===null?"\u2013":i`<${G} rub=${t.pnl_rub} />`}</small></span>
    <${Ut} action=${t.action} />
  </button>`}function de({signal:t}){if(!t)return null;let o=[e(`action.${t.action}`),t.confidence===null?"":e("tile.confidence",{n:t.confidence}),ut(t.data_age_seconds)];return i`<p class="fine signal-line">${e("portfolio.signal")}: ${o.filter(Boolean).join(" \xB7 ")}
    ${!t.proven&&["BUY","SELL","HOLD"].includes(t.action)&&i` <${ht} kind="paper" />`}</p>`}function me({one:t}){return i`<dl class="figures">
    <${M} label=${e("portfolio.avg")} value=${P(t.avg_price_rub)} />
    <${M} label=${e("portfolio.price")} value=${P(t.price_rub)} note=${O(t.price_as_of)} />
    <${M} label=${e("portfolio.pnl")} value=${t.pnl_rub===null?"\u2013":i`<${G} rub=${t.pnl_rub} frac=${t.pnl_frac} digits=${1} />`} kind="figure-wide" />
    <${M} label=${e("portfolio.stop")} value=${t.stop_rub===null?e("portfolio.stop.none"):P(t.stop_rub)}
      note=${t.stop_distance_frac===null?"":t.stop_distance_frac<0?e("portfolio.stop.passed"):e("portfolio.stop.away",{away:C(t.stop_distance_frac,{digits:1})})} />
    <${M} label=${e("portfolio.risk.share")} value=${t.risk_share_frac===null?"\u2013":pt(t.risk_share_frac*100,{digits:0,signed:!1})} />
    <${M} label=${e("portfolio.exit")} value=${t.exit_days===null?e("portfolio.exit.never"):t.exit_days<1?e("portfolio.exit.day"):e("portfolio.exit.days",{n:Math.ceil(t.exit_days)})} />
    <${M} label=${e("portfolio.beta")} value=${t.beta===null?"\u2013":f(t.beta,2)} />
    ${t.dividend_ex_date&&i`<${M} label=${e("portfolio.dividend")} value=${O(t.dividend_ex_date,{withTime:!1})} kind="figure-wide" />`}
  </dl>`}function fe({one:t,onMode:o}){return i`<p class="advice-head"><${Ut} action=${t.action} /><span class="fine">${F(`portfolio.basis.${t.basis}`)?e(`portfolio.basis.${t.basis}`):""}</span></p>
    <ul class="reasons">${t.reasons.map(n=>i`<li key=${n.code}>${n.text}</li>`)}</ul>
    <${de} signal=${t.signal} />
    <${me} one=${t} />
    <div class="doors">
      <button type="button" class="button button-quiet" onClick=${()=>o("edit")}>${e("portfolio.edit")}</button>
      <button type="button" class="button button-quiet" onClick=${()=>o("close")}>${e("portfolio.close")}</button>
      <a class="button button-quiet" href=${mt({ticker:t.secid})} onClick=${ft({ticker:t.secid})}>${e("portfolio.chart")}</a>
      <button type="button" class="button button-quiet" onClick=${()=>V({tab:"coach",ticker:t.secid})}>${e("portfolio.check")}</button>
    </div>`}function be({one:t,held:o,account:n,onClose:s,onChanged:a}){let[l,r]=g("view"),c=()=>{s(),a()};return l==="edit"?i`<${Lt} one=${t} held=${o} account=${n} onClose=${s} onDone=${c} />`:l==="close"?i`<${ot} one=${t} held=${o} account=${n} onClose=${s} onDone=${c} />`:i`<${E} title="${t.secid} · ${t.name}" onClose=${s} onSubmit=${()=>{}}><${fe} one=${t} onMode=${r} /><//>`}function he({row:t,onOpen:o}){return i`<button class="row row-position" onClick=${o} aria-haspopup="dialog">
    <span class="row-name"><b>${t.secid}${t.side==="short"&&i` <i class="side">${e("portfolio.short")}</i>`}</b><small>${Ht(t.qty)}</small>
      ${t.priced_at&&i`<small class="old"><span aria-hidden="true">◷ </span>${e("portfolio.price.old",{when:O(t.priced_at,{withTime:!1})})}</small>`}</span>
    <span class="row-figures"><b>${_(t.value)}</b><small>${t.pnl===null?"":i`<${G} rub=${t.pnl} />`}</small></span>
    <span class="pill advice fill-none"><span aria-hidden="true">⊘ </span>${e(t.price===null?"portfolio.price.none":"portfolio.advice.none")}</span>
  </button>`}function nt({answer:t,held:o,account:n,onChanged:s}){let[a,l]=g(""),r=[...t.positions].sort((p,m)=>Math.abs(m.value_rub)-Math.abs(p.value_rub)),c=o.filter(p=>!r.some(m=>m.secid===p.secid)),$=r.find(p=>p.secid===a),u=o.find(p=>p.secid===a),d=()=>l(""),y=()=>{d(),s()};return i`<section aria-labelledby="positions-title">
    <h2 id="positions-title" class="section-title">${e("portfolio.positions",{n:r.length+c.length})}</h2>
    <div class="card list">${r.map(p=>i`<${ue} key=${p.secid} one=${p} onOpen=${()=>l(p.secid)} />`)}
      ${c.map(p=>i`<${he} key=${p.secid} row=${p} onOpen=${()=>l(p.secid)} />`)}</div>
    ${$&&u&&i`<${be} one=${$} held=${u} account=${n} onClose=${d} onChanged=${s} />`}
    ${!$&&u&&i`<${ot} one=${{secid:u.secid,side:u.side,price_rub:u.price??u.avg_price}} held=${u} account=${n} onClose=${d} onDone=${y} />`}
  </section>`}var ge=8;function ye(t){if(F(`stress.${t}`))return e(`stress.${t}`);let[o,n,s]=t.split("-");return s?`${s}.${n}.${o}`:`${n}.${o}`}function ve({spell:t,widest:o}){let[n,s]=g(!1),a=t.shares.filter($=>$.stand_in),l=t.shares.filter($=>$.move_frac===null),r=t.profit_rub===null?0:Math.min(Math.abs(t.profit_rub)/o,1)*100,c=e(t.name.split("-").length===3?"stress.day":"stress.month",{when:ye(t.name)});return i`<li class="spell"><button class="spell-head" aria-expanded=${String(n)} onClick=${()=>s(!n)}>
      <span class="grow">${c}<small>${e("stress.index",{move:t.index_move_frac===null?"\u2013":C(t.index_move_frac,{digits:1,signed:!0})})}</small></span>
      <span class="row-figures"><b class="text-${t.profit_rub<0?"down":"up"}">${t.profit_rub===null?"\u2013":`\u2248 ${_(t.profit_rub,{signed:!0})}`}</b><small>${C(t.profit_frac,{digits:1,signed:!0})}</small></span>
    </button>
    <div class="spell-bar" aria-hidden="true"><span class=${t.profit_rub<0?"fill-down":"fill-up"} style=${{width:`${r}%`}}></span></div>
    ${a.length>0&&i`<p class="fine"><span aria-hidden="true">◇ </span>${e("stress.stand",{n:a.length,count:f(a.length),of:f(t.shares.length)})}</p>`}
    ${l.length>0&&i`<p class="fine"><span aria-hidden="true">○ </span>${e("stress.unknown",{secids:l.map($=>$.secid).join(", ")})}</p>`}
    ${n&&i`<ul class="spell-shares">${t.shares.map($=>i`<li key=${$.secid}><b>${$.secid}</b><span class="grow fine">${$.stand_in?e(`stress.by.${$.stand_in}`):e("stress.by.own")}</span>
        <span>${$.move_frac===null?"\u2013":C($.move_frac,{digits:1,signed:!0})}</span><b>${_($.profit_rub,{signed:!0})}</b></li>`)}</ul>`}
  </li>`}function jt({stress:t}){if(!t.length)return null;let o=Math.max(...t.map(n=>Math.abs(n.profit_rub||0)),1);return i`<section class="card" aria-labelledby="stress-title"><h2 id="stress-title">${e("stress.title")}</h2>
    <p class="fine">${e("stress.how")}</p>
    <ul class="spells">${t.map(n=>i`<${ve} key=${n.name} spell=${n} widest=${o} />`)}</ul>
  </section>`}var Wt=t=>f(Number(t.toFixed(2))+0,2).replace("-","\u2212"),_e=t=>t>=.8?"hot":t>=.5?"warm":t<=-.3?"cold":"plain";function we({correlation:t}){let{secids:o,matrix:n}=t;return i`<div class="scroll-x" tabindex="0" role="region" aria-label=${e("risk.matrix")}><table class="matrix">
    <thead><tr><td></td>${o.map(s=>i`<th key=${s} scope="col">${s}</th>`)}</tr></thead>
    <tbody>${o.map((s,a)=>i`<tr key=${s}><th scope="row">${s}</th>${n[a].map((l,r)=>i`<td key=${o[r]} class="cell-${a===r?"self":_e(l)}">${a===r?"":Wt(l)}</td>`)}</tr>`)}</tbody></table></div>`}function zt({risk:t,count:o,liquidity:n}){if(!t)return null;let{concentration:s,correlation:a}=t,l=Et(a);return i`<section class="card" aria-labelledby="alike-title"><h2 id="alike-title">${e("risk.title")}</h2>
    <p>${e("risk.effective",{n:o,count:f(o),like:f(s.effective_positions,1)})}
      ${s.effective_bets!==null&&` ${e("risk.bets",{bets:f(s.effective_bets,1)})}`}</p>
    <p>${e("risk.drawdown",{fall:C(t.max_drawdown_frac,{digits:1}),since:O(t.first_day,{withTime:!1})})}
      ${t.beta!==null&&` ${e("risk.beta",{move:C(t.beta/100,{digits:2,signed:!0})})}`}</p>
    ${n.days_to_leave_all!==null&&i`<p>${n.days_to_leave_all<1?e("risk.leave.day"):e("risk.leave",{n:Math.ceil(n.days_to_leave_all)})}</p>`}
    ${l.length>0&&i`<p class="fine">${e("risk.pairs")} ${l.map(r=>`${r.a} \u2013 ${r.b} ${Wt(r.r)}`).join(", ")}</p>`}
    ${a.secids.length>1&&a.secids.length<=ge&&i`<${we} correlation=${a} />`}
  </section>`}var ke=t=>t.of===null?"":F(`sector.${t.of}`)?e(`sector.${t.of}`):t.of;function xe({one:t,unkept:o}){let n=t.limit==="cash",s=Math.max(t.now_frac,t.limit_frac,1e-9)*1.15,a=r=>`${Math.max(0,Math.min(r/s,1))*100}%`,l=e(n?"limits.least":"limits.most",{now:C(t.now_frac,{digits:1}),limit:C(t.limit_frac)});return i`<li><p class="limit-head"><span aria-hidden="true" class="text-${t.is_kept?"up":"down"}">${t.is_kept?"\u2713":"\u2715"}</span>
      <span class="grow">${F(`limits.${t.limit}`)?e(`limits.${t.limit}`):t.limit} <b>${ke(t)}</b><span class="unseen"> ${e(t.is_kept?"limits.kept":"limits.broken")}</span></span><span>${l}</span></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${t.is_kept?"fill-flat":"fill-down"}" style=${{width:a(t.now_frac)}}></div><div class="even-mark" style=${{left:a(t.limit_frac)}}></div></div>
    ${o&&i`<p class="fine">${e(`limits.why.${o.why}`)}</p>`}</li>`}function Vt({limits:t,unkept:o}){if(!t.length)return null;let n=s=>o.find(a=>a.limit===s.limit&&a.of===s.of);return i`<section class="card" aria-labelledby="limits-title"><h2 id="limits-title">${e("limits.title")}</h2>
    <ul class="limits">${t.map(s=>i`<${xe} key=${`${s.limit}|${s.of}`} one=${s} unkept=${n(s)} />`)}</ul>
  </section>`}function Se({trade:t}){return i`<li><span class="order-side text-${t.side==="BUY"?"up":"down"}" aria-hidden="true">${Y[t.side]}</span>
    <span class="grow"><b>${t.secid}</b>: ${e(`action.${t.side}.todo`)} ${e("call.size.lots",{n:t.lots,count:f(t.lots)})}
      <small>${e("call.size.shares",{n:t.shares,count:f(t.shares)})} × ${P(t.price_rub)}</small></span>
    <span class="row-figures"><b>${_(t.value_rub)}</b><small>${e("plan.cost",{sum:_(t.cost_rub,{digits:2})})}</small></span></li>`}function Yt({proposals:t,profile:o}){let{verdict:n,trades:s,swaps:a}=t;if(n===null)return null;let l=n==="no_change";return i`<section class="card plan ${l?"plan-calm":""}" aria-labelledby="plan-title" lang=${I.value}>
    <h2 id="plan-title"><span aria-hidden="true">${l?"\u2713 ":"\u21C4 "}</span>${e(`plan.${n}`)}</h2>
    <p class="fine">${e(`plan.${n}.how`,{profile:e(`profile.${o}`)})}</p>
    ${s.length>0&&i`<ul class="lines">${s.map(r=>i`<${Se} key=${r.secid} trade=${r} />`)}</ul>
      <p class="worth"><span>${e("plan.total",{n:t.lots,count:f(t.lots)})}</span><b>${_(t.cost_rub,{digits:2})}</b></p>
      <p class="fine">${e(t.is_fewest?"plan.fewest":"plan.best_found")}</p>`}
    ${a.length>0&&i`<ul class="lines">${a.map(r=>i`<li key=${r.leave}><span class="grow"><b>${r.leave} → ${r.enter}</b><small>${e("plan.swap",{gain:_(r.expected_gain_rub),cost:_(r.cost_rub,{digits:2})})}</small></span><b>${_(r.value_rub)}</b></li>`)}</ul>`}
  </section>`}var Kt="traderai.account",at=60,Gt=W(Number(localStorage.getItem(Kt))||0);function Qt(t){Gt.value=t,localStorage.setItem(Kt,String(t))}function qe({accounts:t,account:o,onNew:n}){return i`<div class="chips" role="group" aria-label=${e("portfolio.accounts")}>
    ${t.map(s=>i`<button key=${s.id} class="chip" aria-pressed=${String(s.id===o.id)} onClick=${()=>Qt(s.id)}>
        ${It(s)}${s.kind==="virtual"&&i` <b>${e("portfolio.kind.virtual.short")}</b>`}</button>`)}
    <button class="chip" onClick=${n} aria-label=${e("portfolio.account.title")}><span aria-hidden="true">+</span> ${e("portfolio.account.new")}</button>
  </div>`}function lt({account:t,onOpen:o}){let n=t&&t.kind==="virtual";return i`<div class="doors">
    <button class="button" onClick=${()=>o("add")}>${e(n?"portfolio.order":"portfolio.add")}</button>
    ${!n&&i`<button class="button button-quiet" onClick=${()=>o("import")}>${e("portfolio.import")}</button>`}
    ${!t&&i`<button class="button button-quiet" onClick=${()=>o("account")}>${e("portfolio.try")}</button>`}
  </div>`}function Ce({answer:t,market:o,held:n,account:s,onOpen:a}){let l=()=>a("changed"),r=ct(()=>Ot(t.positions,o),[t,o]),c={share:tt(t,"share"),sector:tt(t,"sector")};return i`<div class="two two-even"><div class="two-side">
      <${Pt} answer=${t} day=${r} account=${s} onAccount=${()=>a("edit")} />
      <${Tt} answer=${t} />
      <${nt} answer=${t} held=${n} account=${s} onChanged=${l} />
      <${lt} account=${s} onOpen=${a} />
      <${Dt} weights=${c} of=${t.weights_of} hasShort=${t.exposure.short_rub>0} />
    </div><div class="two-side">
      <${Yt} proposals=${t.proposals} profile=${t.profile} />
      <${Vt} limits=${t.proposals.limits} unkept=${t.proposals.unkept} />
      <${jt} stress=${t.stress} />
      <${zt} risk=${t.risk} count=${t.positions.length} liquidity=${t.liquidity} />
    </div></div>`}function Oe({account:t,onOpen:o,turn:n}){let s=t?`portfolio|${t.id}|${I.value}`:null,a=B(s&&`${s}|held`,u=>U("/positions",{account_id:t.id},u),at),l=!t||a.data&&!a.data.results.length,r={account_id:t?t.id:0,partial:!0},c=B(a.data&&!l?`${s}|said`:null,u=>z("/analyze_portfolio",{method:"POST",body:r,signal:u}),at);N(()=>{n&&(a.reload(),c.reload())},[n]);let $=B(l?null:`portfolio.market|${I.value}`,u=>dt({},u),at);if(l){let u=!!t&&t.kind==="virtual";return i`<${gt} title=${e("portfolio.empty")} text=${e(u?"portfolio.empty.virtual":"portfolio.empty.text")}>
        ${u&&t.cash!==null&&i`<p class="hero-figure">${_(t.cash)}</p>`}
        <${lt} account=${t} onOpen=${o} /><//>
      ${u&&i`<${st} account=${t} turn=${n} />`}`}return a.problem&&!a.data?i`<${K} problem=${a.problem} onRetry=${a.reload} />`:c.problem&&!c.data?i`${c.problem.code==="no_price"?i`<p class="note note-stale" role="status"><span aria-hidden="true">◷</span><span>${e("portfolio.unpriced")}</span></p>`:i`<${K} problem=${c.problem} onRetry=${c.reload} />`}
    <${nt} answer=${{positions:[]}} held=${a.data.results} account=${t} onChanged=${()=>o("changed")} /><${lt} account=${t} onOpen=${o} />`:c.data?i`${c.problem&&i`<${vt} problem=${c.problem} data=${c.data} onRetry=${c.reload} />`}
    <${Ce} answer=${c.data} market=${$.data} held=${a.data.results} account=${t} onOpen=${o} />
    ${t.kind==="virtual"&&i`<${st} account=${t} turn=${n} />`}`:i`<${X} heights=${[208,64,64,64,176]} />`}function Ee({open:t,secid:o,account:n,accounts:s,onClose:a,onChanged:l}){let r=c=>{c&&c.account&&Qt(c.account),a(),l()};return t==="account"?i`<${Ft} first=${!s.length} onClose=${a} onDone=${r} />`:t==="edit"?i`<${Mt} account=${n} onClose=${a} onDone=${r} />`:t==="add"?i`<${At} account=${n} secid=${o} onClose=${a} onDone=${r} />`:t==="import"?i`<${Nt} account=${n} onClose=${a} onDone=${r} />`:null}function Co({add:t=""}){let[o,n]=g(t?"add":""),[s,a]=g(0),{data:l,problem:r,loading:c,reload:$}=B("portfolio.accounts",h=>U("/accounts",{},h)),u=l?l.results:[],d=u.find(h=>h.id===Gt.value)||u[0]||null,y=()=>{a(s+1),$()},p=h=>h==="changed"?y():n(h),m=()=>{n(""),t&&V({tab:"portfolio"},{replace:!0})};return i`<main class="screen" id="main">
    <${bt} title=${e("portfolio.title")} />
    ${d&&i`<${qe} accounts=${u} account=${d} onNew=${()=>n("account")} />`}
    ${c&&i`<${X} heights=${[32,208,64,64,64]} />`}
    ${r&&!l&&i`<${K} problem=${r} onRetry=${$} />`}
    ${l&&i`<${Oe} key=${d?d.id:0} account=${d} onOpen=${p} turn=${s} />`}
    ${l&&i`<${Ee} open=${o} secid=${t} account=${d} accounts=${u} onClose=${m} onChanged=${y} />`}
  </main>`}export{Co as PortfolioScreen};
