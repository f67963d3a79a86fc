import{a as ut,b as dt,c as F,d as M,e as L,f as D,i as mt,k as ft,l as bt,m as U,n as ht,o as z,p as gt,q as I,r as _t,s as vt,t as yt}from"./chunk-DNTGU2U2.js";import{$ as st,A as f,D as _,E as Z,N as P,O as T,R as tt,V as et,W as O,_ as it,aa as ot,b as m,c as G,ca as q,e as X,f as J,ga as nt,h as i,ja as at,m as v,na as A,oa as lt,pa as rt,q as y,qa as ct,r as e,ra as N,s as d,sa as $t,ta as k,ua as H,v as S,va as pt,w as Q,x as g,ya as E}from"./chunk-A3LVVLQG.js";var Ft="1000000";function kt({first:t,onClose:s,onDone:n}){let[o,a]=m({kind:t?"virtual":"real",name:"",capital:t?Ft:""}),[r,l]=m(!1),{busy:c,problem:$,write:u}=L(),b=h=>C=>a(R=>({...R,[h]:C})),w=o.kind==="virtual",p={name:o.name.trim()?"":e("field.required"),capital:mt(o.capital,{needed:w})},x=h=>r&&p[h]||F($,h),B=async()=>{if(l(!0),p.name||p.capital)return;let h=await u("POST","/accounts",{kind:o.kind,name:o.name.trim(),capital:ut(o.capital)});h&&(E(e("portfolio.account.made",{name:h.name})),n({account:h.id}))};return i`<${D} title=${e("portfolio.account.title")} onClose=${s} onSubmit=${B} busy=${c} submit=${e("portfolio.account.open")}
    problem=${M($,["name","capital"])}>
    <${$t} label=${e("portfolio.kind")} value=${o.kind} onChange=${b("kind")} options=${[["real",e("portfolio.kind.real")],["virtual",e("portfolio.kind.virtual")]]} />
    <p class="fine">${e(`portfolio.kind.${o.kind}.how`)}</p>
    <${H} name="account-name" label=${e("portfolio.account.name")} value=${o.name} onInput=${b("name")} maxlength="60" error=${x("name")} autocomplete="off" />
    <${H} name="account-capital" label=${e("portfolio.account.capital")} value=${o.capital} onInput=${b("capital")} inputmode="decimal" suffix="₽"
      hint=${e(w?"portfolio.account.capital.virtual":"portfolio.account.capital.real")} error=${x("capital")} autocomplete="off" />
  <//>`}var W=50;async function Lt(t){let s=new Uint8Array(await t.arrayBuffer());if(s[0]===255&&s[1]===254)return new TextDecoder("utf-16le").decode(s);if(s[0]===254&&s[1]===255)return new TextDecoder("utf-16be").decode(s);try{return new TextDecoder("utf-8",{fatal:!0}).decode(s)}catch{return new TextDecoder("windows-1251").decode(s)}}function It({row:t}){return i`<li class=${t.known?"is-known":""}><span class="row-number">${t.row}</span>
    <span class="grow"><b>${t.secid}</b> ${e(`action.${t.side}.word`)} ${e("call.size.shares",{n:t.qty,count:d(t.qty)})} × ${S(t.price)}
      <small>${_(t.traded_at)}${t.known?` \xB7 ${e("import.known")}`:""}</small>
      ${t.remarks.map(s=>i`<small key=${s.code}>${s.text}</small>`)}</span>
    <b>${f(t.qty*t.price)}</b></li>`}function Bt({row:t}){let s=y(`import.field.${t.field}`)?e(`import.field.${t.field}`):t.field;return i`<li><span class="row-number">${t.row}</span><span class="grow"><b>${s||e("import.row")}</b>
    <small>${dt(t,t.field)}</small></span></li>`}function wt({title:t,kind:s,mark:n,rows:o,row:a}){return o.length?i`<details class="import-rows import-${s}" open>
    <summary><span aria-hidden="true">${n} </span>${t}</summary>
    <ol>${o.slice(0,W).map(r=>i`<${a} key=${`${r.row}-${r.field||""}`} row=${r} />`)}</ol>
    ${o.length>W&&i`<p class="fine">${e("import.more",{count:d(o.length-W)})}</p>`}
  </details>`:null}function Nt({report:t}){let s=t.taken.filter(n=>!n.known);return i`<div class="import-report" aria-live="polite">
    <p><b>${e("import.rows",{n:t.rows,count:d(t.rows)})}</b> <span class="fine">${e("import.layout",{name:y(`import.layout.${t.layout}`)?e(`import.layout.${t.layout}`):t.layout})}</span></p>
    <${wt} title=${e("import.broken",{count:d(t.problems.length)})} kind="bad" mark="✕" rows=${t.problems} row=${Bt} />
    <${wt} title=${e("import.good",{count:d(s.length)})} kind="good" mark="✓" rows=${s} row=${It} />
    ${t.known>0&&i`<p class="fine">${e("import.again",{n:t.known,count:d(t.known)})}</p>`}
  </div>`}function Ht(t,s,n){let[o,a]=m({report:null,problem:null,busy:!1});return G(()=>{if(!t)return;let r=new AbortController;return a({report:null,problem:null,busy:!0}),P("/actions/import",{method:"POST",body:{content:t,dry_run:!0,...xt(s,n)},signal:r.signal}).then(l=>a({report:l,problem:null,busy:!1}),l=>l.name!=="AbortError"&&a({report:null,problem:l,busy:!1})),()=>r.abort()},[t,s]),o}var xt=(t,s)=>({qty_unit:t||void 0,account_id:s?s.id:void 0});function St({account:t,onClose:s,onDone:n}){let[o,a]=m({name:"",content:""}),[r,l]=m(""),{report:c,problem:$,busy:u}=Ht(o.content,r,t),{busy:b,problem:w,write:p}=L(),x=async C=>{let R=C.target.files[0];R&&a({name:R.name,content:await Lt(R)})},B=async()=>{let C=await p("POST","/actions/import",{content:o.content,dry_run:!1,...xt(r,t)});C&&(E(e("import.done",{n:C.added,count:d(C.added)})),n())},h=$&&(F($,"file","content")||M($,["file","content"]));return i`<${D} key=${v.value} title=${e("import.title")} onClose=${s} onSubmit=${B} busy=${b} disabled=${!c||!c.added}
    submit=${c&&c.added?e("import.send",{n:c.added,count:d(c.added)}):e("import.send.none")} problem=${M(w,[])}>
    <p class="fine">${e("import.how")}</p>
    <div class="field file"><label for="import-file" class="button button-quiet">${o.name||e("import.choose")}</label>
      <input id="import-file" type="file" class="unseen" accept=".csv,.txt,.tsv,text/csv,text/plain" onChange=${x} aria-describedby=${h?"import-wrong":void 0} />
      ${h&&i`<p class="field-error" id="import-wrong" role="alert">${h}</p>`}</div>
    <${pt} name="import-unit" label=${e("import.unit")} value=${r} onChange=${l} options=${[["",e("import.unit.file")],["shares",e("unit.shares")],["lots",e("unit.lots")]]} />
    ${u&&i`<p class="fine" role="status">${e("import.reading")}</p>`}
    ${c&&i`<${Nt} report=${c} />`}
  <//>`}var Ut={pending:"\u25F7",filled:"\u2713",refused:"\u2715"};function zt({order:t}){return i`<li><span class="order-side text-${t.side==="BUY"?"up":"down"}" aria-hidden="true">${q[t.side]}</span>
    <span class="grow"><b>${t.secid}</b>: ${e(`action.${t.side}.todo`)} ${e("call.size.shares",{n:t.qty,count:d(t.qty)})}
      <small>${_(t.ordered_at)}</small>${t.refusal_text&&i`<small>${t.refusal_text}</small>`}</span>
    <span class="state-word"><span aria-hidden="true">${Ut[t.state]||""} </span>${e(`orders.${t.state}`)}</span></li>`}function K({account:t,turn:s}){let n=O(`portfolio|${t.id}|orders|${v.value}|${s}`,o=>T("/orders",{account_id:t.id},o),60);return i`<section class="card" aria-labelledby="orders-title"><h2 id="orders-title">${e("orders.title")}</h2>
    <${rt} from=${n} heights=${[48]}>${o=>o.results.length?i`<ul class="lines">${o.results.map(a=>i`<${zt} key=${a.id} order=${a} />`)}</ul>`:i`<p class="fine">${e("orders.none")}</p>`}<//>
  </section>`}var Wt={ADD:"+",HOLD:"\u25CF",REDUCE:"\u2212",CLOSE:"\u2715"},Kt={ADD:"up",HOLD:"flat",REDUCE:"down",CLOSE:"down"};function Ct({action:t}){return i`<span class="pill advice fill-${Kt[t]}"><span aria-hidden="true">${Wt[t]}</span> ${e(`portfolio.advice.${t}`)}</span>`}var Ot=t=>e("call.size.shares",{n:t,count:d(t,Number.isInteger(t)?0:2)});function jt({one:t,onOpen:s}){return i`<button class="row row-position" onClick=${s} aria-haspopup="dialog">
    <span class="row-name"><b>${t.secid}${t.side==="short"&&i` <i class="side">${e("portfolio.short")}</i>`}</b>
      <small>${Ot(t.qty_shares)} · ${g(Math.abs(t.weight_frac),{digits:1})}</small>
      ${t.price_is_stale&&i`<small class="old"><span aria-hidden="true">◷ </span>${e("portfolio.price.old",{when:_(t.price_as_of,{withTime:!1})})}</small>`}</span>
    <span class="row-figures"><b>${f(t.value_rub)}</b><small>${t.pnl_rub===null?"\u2013":i`<${I} rub=${t.pnl_rub} />`}</small></span>
    <${Ct} action=${t.action} />
  </button>`}function Vt({signal:t}){if(!t)return null;let s=[e(`action.${t.action}`),t.confidence===null?"":e("tile.confidence",{n:t.confidence}),Z(t.data_age_seconds)];return i`<p class="fine signal-line">${e("portfolio.signal")}: ${s.filter(Boolean).join(" \xB7 ")}
    ${!t.proven&&["BUY","SELL","HOLD"].includes(t.action)&&i` <${at} kind="paper" />`}</p>`}function Yt({one:t}){let s=t.price_rub<1?4:2;return i`<dl class="figures">
    <${k} label=${e("portfolio.avg")} value=${S(t.avg_price_rub,s)} />
    <${k} label=${e("portfolio.price")} value=${S(t.price_rub,s)} note=${_(t.price_as_of)} />
    <${k} label=${e("portfolio.pnl")} value=${t.pnl_rub===null?"\u2013":i`<${I} rub=${t.pnl_rub} frac=${t.pnl_frac} digits=${1} />`} kind="figure-wide" />
    <${k} label=${e("portfolio.stop")} value=${t.stop_rub===null?e("portfolio.stop.none"):S(t.stop_rub,s)}
      note=${t.stop_distance_frac===null?"":t.stop_distance_frac<0?e("portfolio.stop.passed"):e("portfolio.stop.away",{away:g(t.stop_distance_frac,{digits:1})})} />
    <${k} label=${e("portfolio.risk.share")} value=${t.risk_share_frac===null?"\u2013":Q(t.risk_share_frac*100,{digits:0,signed:!1})} />
    <${k} label=${e("portfolio.exit")} value=${t.exit_days===null?e("portfolio.exit.never"):t.exit_days<1?e("portfolio.exit.day"):e("portfolio.exit.days",{n:Math.ceil(t.exit_days)})} />
    <${k} label=${e("portfolio.beta")} value=${t.beta===null?"\u2013":d(t.beta,2)} />
    ${t.dividend_ex_date&&i`<${k} label=${e("portfolio.dividend")} value=${_(t.dividend_ex_date,{withTime:!1})} kind="figure-wide" />`}
  </dl>`}function Gt({one:t,onMode:s}){return i`<p class="advice-head"><${Ct} action=${t.action} /><span class="fine">${y(`portfolio.basis.${t.basis}`)?e(`portfolio.basis.${t.basis}`):""}</span></p>
    <ul class="reasons">${t.reasons.map(n=>i`<li key=${n.code}>${n.text}</li>`)}</ul>
    <${Vt} signal=${t.signal} />
    <${Yt} one=${t} />
    <div class="doors">
      <button type="button" class="button button-quiet" onClick=${()=>s("edit")}>${e("portfolio.edit")}</button>
      <button type="button" class="button button-quiet" onClick=${()=>s("close")}>${e("portfolio.close")}</button>
      <a class="button button-quiet" href=${it({ticker:t.secid})} onClick=${ot({ticker:t.secid})}>${e("portfolio.chart")}</a>
      <button type="button" class="button button-quiet" onClick=${()=>st({tab:"coach",ticker:t.secid})}>${e("portfolio.check")}</button>
    </div>`}function Xt({one:t,held:s,account:n,onClose:o,onChanged:a}){let[r,l]=m("view"),c=()=>{o(),a()};return r==="edit"?i`<${bt} one=${t} held=${s} account=${n} onClose=${o} onDone=${c} />`:r==="close"?i`<${U} one=${t} held=${s} account=${n} onClose=${o} onDone=${c} />`:i`<${D} title="${t.secid} · ${t.name}" onClose=${o} onSubmit=${()=>{}}><${Gt} one=${t} onMode=${l} /><//>`}function Jt({row:t,onOpen:s}){return i`<button class="row row-position" onClick=${s} aria-haspopup="dialog">
    <span class="row-name"><b>${t.secid}</b><small>${Ot(t.qty)}</small></span>
    <span class="row-figures"><b>${f(t.value)}</b><small>${t.pnl===null?"":i`<${I} rub=${t.pnl} />`}</small></span>
    <span class="pill advice fill-none"><span aria-hidden="true">⊘ </span>${e(t.price===null?"portfolio.price.none":"portfolio.advice.none")}</span>
  </button>`}function j({answer:t,held:s,account:n,onChanged:o}){let[a,r]=m(""),l=[...t.positions].sort((p,x)=>Math.abs(x.value_rub)-Math.abs(p.value_rub)),c=s.filter(p=>!l.some(x=>x.secid===p.secid)),$=l.find(p=>p.secid===a),u=s.find(p=>p.secid===a),b=()=>r(""),w=()=>{b(),o()};return i`<section aria-labelledby="positions-title">
    <h2 id="positions-title" class="section-title">${e("portfolio.positions",{n:l.length+c.length})}</h2>
    <div class="card list">${l.map(p=>i`<${jt} key=${p.secid} one=${p} onOpen=${()=>r(p.secid)} />`)}
      ${c.map(p=>i`<${Jt} key=${p.secid} row=${p} onOpen=${()=>r(p.secid)} />`)}</div>
    ${$&&u&&i`<${Xt} one=${$} held=${u} account=${n} onClose=${b} onChanged=${o} />`}
    ${!$&&u&&i`<${U} one=${{secid:u.secid,side:u.side,price_rub:u.avg_price}} held=${u} account=${n} onClose=${b} onDone=${w} />`}
  </section>`}var Qt=8;function Zt(t){if(y(`stress.${t}`))return e(`stress.${t}`);let[s,n,o]=t.split("-");return o?`${o}.${n}.${s}`:`${n}.${s}`}function te({spell:t,widest:s}){let[n,o]=m(!1),a=t.shares.filter($=>$.stand_in),r=t.shares.filter($=>$.move_frac===null),l=t.profit_rub===null?0:Math.min(Math.abs(t.profit_rub)/s,1)*100,c=e(t.name.split("-").length===3?"stress.day":"stress.month",{when:Zt(t.name)});return i`<li class="spell"><button class="spell-head" aria-expanded=${String(n)} onClick=${()=>o(!n)}>
      <span class="grow">${c}<small>${e("stress.index",{move:t.index_move_frac===null?"\u2013":g(t.index_move_frac,{digits:1,signed:!0})})}</small></span>
      <span class="row-figures"><b class="text-${t.profit_rub<0?"down":"up"}">${t.profit_rub===null?"\u2013":`\u2248 ${f(t.profit_rub,{signed:!0})}`}</b><small>${g(t.profit_frac,{digits:1,signed:!0})}</small></span>
    </button>
    <div class="spell-bar" aria-hidden="true"><span class=${t.profit_rub<0?"fill-down":"fill-up"} style=${{width:`${l}%`}}></span></div>
    ${a.length>0&&i`<p class="fine"><span aria-hidden="true">◇ </span>${e("stress.stand",{n:a.length,count:d(a.length),of:d(t.shares.length)})}</p>`}
    ${r.length>0&&i`<p class="fine"><span aria-hidden="true">○ </span>${e("stress.unknown",{secids:r.map($=>$.secid).join(", ")})}</p>`}
    ${n&&i`<ul class="spell-shares">${t.shares.map($=>i`<li key=${$.secid}><b>${$.secid}</b><span class="grow fine">${$.stand_in?e(`stress.by.${$.stand_in}`):e("stress.by.own")}</span>
        <span>${$.move_frac===null?"\u2013":g($.move_frac,{digits:1,signed:!0})}</span><b>${f($.profit_rub,{signed:!0})}</b></li>`)}</ul>`}
  </li>`}function Dt({stress:t}){if(!t.length)return null;let s=Math.max(...t.map(n=>Math.abs(n.profit_rub||0)),1);return i`<section class="card" aria-labelledby="stress-title"><h2 id="stress-title">${e("stress.title")}</h2>
    <p class="fine">${e("stress.how")}</p>
    <ul class="spells">${t.map(n=>i`<${te} key=${n.name} spell=${n} widest=${s} />`)}</ul>
  </section>`}var Rt=t=>d(Number(t.toFixed(2))+0,2).replace("-","\u2212"),ee=t=>t>=.8?"hot":t>=.5?"warm":t<=-.3?"cold":"plain";function ie({correlation:t}){let{secids:s,matrix:n}=t;return i`<div class="scroll-x" tabindex="0" role="region" aria-label=${e("risk.matrix")}><table class="matrix">
    <thead><tr><td></td>${s.map(o=>i`<th key=${o} scope="col">${o}</th>`)}</tr></thead>
    <tbody>${s.map((o,a)=>i`<tr key=${o}><th scope="row">${o}</th>${n[a].map((r,l)=>i`<td key=${s[l]} class="cell-${a===l?"self":ee(r)}">${a===l?"":Rt(r)}</td>`)}</tr>`)}</tbody></table></div>`}function Tt({risk:t,count:s,liquidity:n}){if(!t)return null;let{concentration:o,correlation:a}=t,r=gt(a);return i`<section class="card" aria-labelledby="alike-title"><h2 id="alike-title">${e("risk.title")}</h2>
    <p>${e("risk.effective",{n:s,count:d(s),like:d(o.effective_positions,1)})}
      ${o.effective_bets!==null&&` ${e("risk.bets",{bets:d(o.effective_bets,1)})}`}</p>
    <p>${e("risk.drawdown",{fall:g(t.max_drawdown_frac,{digits:1}),since:_(t.first_day,{withTime:!1})})}
      ${t.beta!==null&&` ${e("risk.beta",{move:g(t.beta/100,{digits:2,signed:!0})})}`}</p>
    ${n.days_to_leave_all!==null&&i`<p>${n.days_to_leave_all<1?e("risk.leave.day"):e("risk.leave",{n:Math.ceil(n.days_to_leave_all)})}</p>`}
    ${r.length>0&&i`<p class="fine">${e("risk.pairs")} ${r.map(l=>`${l.a} \u2013 ${l.b} ${Rt(l.r)}`).join(", ")}</p>`}
    ${a.secids.length>1&&a.secids.length<=Qt&&i`<${ie} correlation=${a} />`}
  </section>`}var se=t=>t.of===null?"":y(`sector.${t.of}`)?e(`sector.${t.of}`):t.of;function oe({one:t,unkept:s}){let n=t.limit==="cash",o=Math.max(t.now_frac,t.limit_frac,1e-9)*1.15,a=l=>`${Math.max(0,Math.min(l/o,1))*100}%`,r=e(n?"limits.least":"limits.most",{now:g(t.now_frac,{digits:1}),limit:g(t.limit_frac)});return i`<li><p class="limit-head"><span aria-hidden="true" class="text-${t.is_kept?"up":"down"}">${t.is_kept?"\u2713":"\u2715"}</span>
      <span class="grow">${y(`limits.${t.limit}`)?e(`limits.${t.limit}`):t.limit} <b>${se(t)}</b><span class="unseen"> ${e(t.is_kept?"limits.kept":"limits.broken")}</span></span><span>${r}</span></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${t.is_kept?"fill-flat":"fill-down"}" style=${{width:a(t.now_frac)}}></div><div class="even-mark" style=${{left:a(t.limit_frac)}}></div></div>
    ${s&&i`<p class="fine">${e(`limits.why.${s.why}`)}</p>`}</li>`}function Mt({limits:t,unkept:s}){if(!t.length)return null;let n=o=>s.find(a=>a.limit===o.limit&&a.of===o.of);return i`<section class="card" aria-labelledby="limits-title"><h2 id="limits-title">${e("limits.title")}</h2>
    <ul class="limits">${t.map(o=>i`<${oe} key=${`${o.limit}|${o.of}`} one=${o} unkept=${n(o)} />`)}</ul>
  </section>`}function ne({trade:t}){return i`<li><span class="order-side text-${t.side==="BUY"?"up":"down"}" aria-hidden="true">${q[t.side]}</span>
    <span class="grow"><b>${t.secid}</b>: ${e(`action.${t.side}.todo`)} ${e("call.size.lots",{n:t.lots,count:d(t.lots)})}
      <small>${e("call.size.shares",{n:t.shares,count:d(t.shares)})} × ${S(t.price_rub)}</small></span>
    <span class="row-figures"><b>${f(t.value_rub)}</b><small>${e("plan.cost",{sum:f(t.cost_rub,{digits:2})})}</small></span></li>`}function Pt({proposals:t,profile:s}){let{verdict:n,trades:o,swaps:a}=t;if(n===null)return null;let r=n==="no_change";return i`<section class="card plan ${r?"plan-calm":""}" aria-labelledby="plan-title" lang=${v.value}>
    <h2 id="plan-title"><span aria-hidden="true">${r?"\u2713 ":"\u21C4 "}</span>${e(`plan.${n}`)}</h2>
    <p class="fine">${e(`plan.${n}.how`,{profile:e(`profile.${s}`)})}</p>
    ${o.length>0&&i`<ul class="lines">${o.map(l=>i`<${ne} key=${l.secid} trade=${l} />`)}</ul>
      <p class="worth"><span>${e("plan.total",{n:t.lots,count:d(t.lots)})}</span><b>${f(t.cost_rub,{digits:2})}</b></p>
      <p class="fine">${e(t.is_fewest?"plan.fewest":"plan.best_found")}</p>`}
    ${a.length>0&&i`<ul class="lines">${a.map(l=>i`<li key=${l.leave}><span class="grow"><b>${l.leave} → ${l.enter}</b><small>${e("plan.swap",{gain:f(l.expected_gain_rub),cost:f(l.cost_rub,{digits:2})})}</small></span><b>${f(l.value_rub)}</b></li>`)}</ul>`}
  </section>`}var qt="traderai.account",V=60,At=J(Number(localStorage.getItem(qt))||0);function Et(t){At.value=t,localStorage.setItem(qt,String(t))}function ae({accounts:t,account:s,onNew:n}){return i`<div class="chips" role="group" aria-label=${e("portfolio.accounts")}>
    ${t.map(o=>i`<button key=${o.id} class="chip" aria-pressed=${String(o.id===s.id)} onClick=${()=>Et(o.id)}>
        ${o.name}${o.kind==="virtual"&&i` <b>${e("portfolio.kind.virtual.short")}</b>`}</button>`)}
    <button class="chip" onClick=${n}><span aria-hidden="true">+</span> ${e("portfolio.account.new")}</button>
  </div>`}function Y({account:t,onOpen:s}){let n=t&&t.kind==="virtual";return i`<div class="doors">
    <button class="button" onClick=${()=>s("add")}>${e(n?"portfolio.order":"portfolio.add")}</button>
    ${!n&&i`<button class="button button-quiet" onClick=${()=>s("import")}>${e("portfolio.import")}</button>`}
    ${!t&&i`<button class="button button-quiet" onClick=${()=>s("account")}>${e("portfolio.try")}</button>`}
  </div>`}function le({answer:t,market:s,held:n,account:o,onOpen:a}){let r=()=>a("changed"),l=X(()=>ht(t.positions,s),[t,s]),c={share:z(t,"share"),sector:z(t,"sector")};return i`<div class="two two-even"><div class="two-side">
      <${_t} answer=${t} day=${l} account=${o} />
      <${vt} answer=${t} />
      <${j} answer=${t} held=${n} account=${o} onChanged=${r} />
      <${Y} account=${o} onOpen=${a} />
      <${yt} weights=${c} of=${t.weights_of} hasShort=${t.exposure.short_rub>0} />
    </div><div class="two-side">
      <${Pt} proposals=${t.proposals} profile=${t.profile} />
      <${Mt} limits=${t.proposals.limits} unkept=${t.proposals.unkept} />
      <${Dt} stress=${t.stress} />
      <${Tt} risk=${t.risk} count=${t.positions.length} liquidity=${t.liquidity} />
    </div></div>`}function re({account:t,onOpen:s,turn:n}){let o=t?`portfolio|${t.id}|${v.value}|${n}`:null,a=O(o&&`${o}|held`,u=>T("/positions",{account_id:t.id},u),V),r=!t||a.data&&!a.data.results.length,l={account_id:t?t.id:0,partial:!0},c=O(a.data&&!r?`${o}|said`:null,u=>P("/analyze_portfolio",{method:"POST",body:l,signal:u}),V),$=O(r?null:`portfolio.market|${v.value}`,u=>tt({},u),V);return r?i`<${lt} title=${e("portfolio.empty")} text=${e(t&&t.kind==="virtual"?"portfolio.empty.virtual":"portfolio.empty.text")}>
        <${Y} account=${t} onOpen=${s} /><//>
      ${t&&t.kind==="virtual"&&i`<${K} account=${t} turn=${n} />`}`:a.problem&&!a.data?i`<${A} problem=${a.problem} onRetry=${a.reload} />`:c.problem&&!c.data?i`<${A} problem=${c.problem} onRetry=${c.reload} />
    <${j} answer=${{positions:[]}} held=${a.data.results} account=${t} onChanged=${()=>s("changed")} /><${Y} account=${t} onOpen=${s} />`:c.data?i`${c.problem&&i`<${ct} problem=${c.problem} data=${c.data} onRetry=${c.reload} />`}
    <${le} answer=${c.data} market=${$.data} held=${a.data.results} account=${t} onOpen=${s} />
    ${t.kind==="virtual"&&i`<${K} account=${t} turn=${n} />`}`:i`<${N} heights=${[208,64,64,64,176]} />`}function ce({open:t,account:s,accounts:n,onClose:o,onChanged:a}){let r=l=>{l&&l.account&&Et(l.account),o(),a()};return t==="account"?i`<${kt} first=${!n.length} onClose=${o} onDone=${r} />`:t==="add"?i`<${ft} account=${s} onClose=${o} onDone=${r} />`:t==="import"?i`<${St} account=${s} onClose=${o} onDone=${r} />`:null}function Qe(){let[t,s]=m(""),[n,o]=m(0),{data:a,problem:r,loading:l,reload:c}=O("portfolio.accounts",p=>T("/accounts",{},p)),$=a?a.results:[],u=$.find(p=>p.id===At.value)||$[0]||null,b=()=>{et("portfolio|"),o(n+1),c()},w=p=>p==="changed"?b():s(p);return i`<main class="screen" id="main">
    <${nt} title=${e("portfolio.title")} />
    ${u&&i`<${ae} accounts=${$} account=${u} onNew=${()=>s("account")} />`}
    ${l&&i`<${N} heights=${[32,208,64,64,64]} />`}
    ${r&&!a&&i`<${A} problem=${r} onRetry=${c} />`}
    ${a&&i`<${re} key=${u?u.id:0} account=${u} onOpen=${w} turn=${n} />`}
    ${a&&i`<${ce} open=${t} account=${u} accounts=${$} onClose=${()=>s("")} onChanged=${b} />`}
  </main>`}export{Qe as PortfolioScreen};
