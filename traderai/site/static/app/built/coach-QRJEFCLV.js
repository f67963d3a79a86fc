import{a as v,c as C,d as O,e as fe,f as ve,g as G,h as y,i as Z,j as X,k as ye,l as ge,m as ee,n as A,r as R}from"./chunk-WN2CNJER.js";import{c as ke}from"./chunk-YFUFB3UQ.js";import{$ as ue,C as q,M as J,N as M,U as ce,V as E,Z as $e,_ as K,b as m,ba as de,c as se,ca as pe,d as ae,f as z,fa as me,h as l,k as re,m as B,ma as I,na as Y,oa as he,p as H,q as t,qa as Q,r as d,ra as D,sa as g,ta as S,u as P,ua as be,v as oe,xa as V,z as p}from"./chunk-XDDM2FXL.js";var Pe=450,we={ok:"\u2713",caution:"!",hard_warning:"\u2715"},Me={ok:"up",caution:"caution",hard_warning:"down"},Ee=["secid","qty","amount","price","stop"],F=z({secid:"",side:"BUY",qty:"",unit:"lots",price:"",stop:""});function Ie(e){let s=v(e.qty);if(!e.secid||y(e.qty,{whole:!0})||y(e.price,{needed:!1})||y(e.stop,{needed:!1}))return null;let n={secid:e.secid,side:e.side,qty:s,qty_unit:e.unit},[a,o]=[v(e.price),v(e.stop)];return{...n,...a===null?{}:{price:a},...o===null?{}:{stop:o}}}function Ye(e,s){let n=e&&JSON.stringify(e),[a,o]=m({text:null,answer:null,problem:null}),i=ae("");return se(()=>{if(!n)return;let r=new AbortController,c=setTimeout(()=>{J("/pre_trade_check",{method:"POST",body:JSON.parse(n),signal:r.signal}).then(u=>{r.signal.aborted||(o({text:n,answer:u,problem:null}),u.verdict!==i.current&&re({ok:"success",caution:"warning",hard_warning:"error"}[u.verdict]),i.current=u.verdict)},u=>u.name!=="AbortError"&&!r.signal.aborted&&o({text:n,answer:null,problem:u}))},Pe);return()=>{clearTimeout(c),r.abort()}},[n,B.value,s]),{...a,isCurrent:a.text===n,asked:!!n}}function _e({label:e,loss:s,note:n="",none:a=""}){if(!s)return l`<${g} label=${e} value="–" note=${a} />`;let o=s.pct===null?"":t("check.of_capital",{pct:oe(s.pct,{digits:2,signed:!1})});return l`<${g} label=${e} value=${p(-s.rub)} note=${[o,n].filter(Boolean).join(" \xB7 ")} kind=${s.rub>0?"mark-down":""} />`}function Oe(e){if(!e)return"";let s=t("horizon.days",{n:e.days});return e.basis==="signal"?t("check.bad.signal",{days:s}):t("check.bad.history",{days:s,n:e.n_moves,count:d(e.n_moves)})}function Ae({size:e,unit:s,onTake:n}){if(!e)return null;if(!e.lots)return l`<${g} label=${t("check.sane")} value=${t("check.sane.none")} kind="figure-wide" />`;let a=l`${t("call.size.lots",{n:e.lots,count:d(e.lots)})}
    <button class="link inline" onClick=${()=>n(s==="lots"?e.lots:e.shares)}>${t("check.sane.take")}</button>`;return l`<${g} label=${t("check.sane")} value=${a} note=${t("call.size.shares",{n:e.shares,count:d(e.shares)})} kind="figure-wide" />`}function Re({tilt:e}){let s=[e.losses_rub>0&&t("check.tilt.losses",{sum:p(e.losses_rub)}),e.losses_in_a_row>1&&t("check.tilt.row",{n:e.losses_in_a_row}),t("check.tilt.entries",{n:e.entries,usual:e.usual_entries===null?"\u2013":d(e.usual_entries,1)}),e.size_ratio!==null&&t("check.tilt.size",{ratio:d(e.size_ratio,1)})].filter(Boolean);return l`<div class="tilt"><p class="even-head"><span>${t("check.tilt")}</span><b>${t("check.tilt.score",{score:e.score})}</b></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${e.score>=60?"fill-down":"fill-flat"}" style=${{width:`${e.score}%`}}></div></div>
    <p class="fine">${s.join(" \xB7 ")}</p></div>`}function We({onTold:e}){let[s,n]=m(""),[a,o]=m({busy:!1,problem:null}),i=s?y(s):"";return l`<form class="card capital" onSubmit=${async c=>{if(c.preventDefault(),!y(s)){o({busy:!0,problem:null});try{await ke({capital_rub:v(s)}),ce("portfolio|"),V(t("check.capital.told")),e()}catch(u){o({busy:!1,problem:u})}}}} novalidate>
    <h2>${t("check.capital")}</h2><p class="fine">${t("check.capital.why")}</p>
    <div class="field-pair"><${S} name="check-capital" label=${t("check.capital.label")} value=${s} onInput=${n} inputmode="decimal" suffix="₽" autocomplete="off"
      error=${i||C(a.problem,"capital_rub")||O(a.problem,["capital_rub"])} />
      <button class="button" disabled=${a.busy||!s||!!i}>${t("action.save")}</button></div>
  </form>`}function Ne({answer:e,isCurrent:s,unit:n,onTake:a}){let o=Me[e.verdict],i=e.reasons.filter(r=>r.code!=="capital_unknown");return l`<section class="card check-verdict verdict-${o} ${s?"":"is-old"}" aria-busy=${String(!s)} aria-labelledby="verdict-title">
    <p class="verdict-head"><span class="verdict-mark" aria-hidden="true">${we[e.verdict]}</span>
      <span><b id="verdict-title">${e.verdict_text}</b>
      <small>${t(`action.${e.side}`)} ${e.secid} · ${t("call.size.shares",{n:e.shares,count:d(e.shares)})} × ${P(e.price)}${e.price_is_given?"":` (${t("check.last")})`}</small></span></p>
    ${i.length>0&&l`<ul class="reasons">${i.map(r=>l`<li key=${r.code} class="level-${r.level}"><span aria-hidden="true">${we[r.level]} </span><span class="unseen">${t(`check.level.${r.level}`)}: </span>${r.text}</li>`)}</ul>`}
    <dl class="figures">
      <${_e} label=${t("check.stop_loss")} loss=${e.loss_at_stop} none=${t("check.stop.none")} />
      <${_e} label=${t("check.bad")} loss=${e.loss_bad_case} note=${Oe(e.loss_bad_case)} none=${t("check.bad.none")} />
      <${g} label=${t("form.worth")} value=${p(e.value)} note=${e.position_pct===null?"":t("check.of_capital",{pct:oe(e.position_pct,{digits:1,signed:!1})})} />
      <${g} label=${t("check.cost")} value=${p(e.cost,{digits:2})} note=${t("check.cost.both")} />
      <${Ae} size=${e.sane_size} unit=${n} onTake=${a} />
    </dl>
    <${Re} tilt=${e.tilt} />
    <p class="fine">${e.signal?t("check.signal",{action:t(`action.${e.signal.action}`)}):t("check.signal.none")}
      ${e.regime&&H(`regime.${e.regime}`)&&` \xB7 ${t("regime.chip",{name:t(`regime.${e.regime}`).toLowerCase()})}`}</p>
  </section>`}function ze({form:e,set:s,share:n,problem:a}){let o=v(e.price)||n.last&&n.last.close;return l`<section class="card check-form" aria-label=${t("coach.view.check")}>
    <${A} name="check-secid" label=${t("form.share")} secid=${e.secid} onPick=${s("secid")} error=${X(n)||C(a,"secid")} />
    <${D} label=${t("form.side")} value=${e.side} onChange=${s("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <${ee} name="check-qty" value=${e.qty} onInput=${s("qty")} unit=${e.unit} onUnit=${s("unit")} facts=${n.facts}
      error=${e.qty&&y(e.qty,{whole:!0})||C(a,"qty","amount")} />
    <div class="field-two"><${S} name="check-price" label=${t("check.price")} value=${e.price} onInput=${s("price")} inputmode="decimal" suffix="₽" autocomplete="off"
        placeholder=${n.last?d(n.last.close,n.facts.decimals):""} error=${y(e.price,{needed:!1})||C(a,"price")} />
      <${S} name="check-stop" label=${t("form.stop")} value=${e.stop} onInput=${s("stop")} inputmode="decimal" suffix="₽" autocomplete="off"
        error=${Z(e.stop,o,e.side==="BUY")||C(a,"stop")} /></div>
    ${n.last&&!e.price&&l`<p class="fine">${ye(n)}</p>`}
  </section>`}function xe({ticker:e,side:s}){let[n,a]=m(0);se(()=>{e&&e!==F.value.secid&&(F.value={...F.value,secid:e,price:"",stop:"",side:s==="SELL"?"SELL":"BUY"})},[e]);let o=F.value,i=_=>k=>{let j=_==="secid"&&k!==o.secid?{price:"",stop:""}:{};F.value={...F.value,[_]:k,...j}},r=G(o.secid),{answer:c,problem:u,isCurrent:$,asked:h}=Ye(Ie(o),n),b=$?u:null,f=b&&O(b,Ee);return l`<div class="two"><div class="two-side"><${ze} form=${o} set=${i} share=${r} problem=${b} /></div>
    <div class="two-side"><div class="two-side" aria-live="polite">
      ${!h&&l`<section class="card state"><div class="state-mark" aria-hidden="true">?</div><h2>${t("check.empty")}</h2><p>${t("check.empty.text")}</p></section>`}
      ${h&&!c&&!b&&l`<${Q} heights=${[96,176]} />`}
      ${h&&f&&l`<${I} problem=${b} onRetry=${()=>a(n+1)} />`}
      ${h&&c&&l`<${Ne} answer=${c} isCurrent=${$} unit=${o.unit} onTake=${_=>i("qty")(String(_))} />`}
      </div>
      ${c&&h&&c.capital===null&&l`<${We} onTold=${()=>a(n+1)} />`}
    </div></div>`}var He=30,Je=["secid","qty","price","commission","traded_at","stop"],Ke=e=>q(e).replace(/^.*, /,"");function Qe({trade:e}){let s={ticker:e.secid};return l`<li class="trade"><span class="order-side text-${e.side==="BUY"?"up":"down"}" aria-hidden="true">${de[e.side]}</span>
    <span class="grow"><a href=${$e(s)} onClick=${ue(s)}>${e.secid}</a> ${t(`action.${e.side}.word`)}
      <small>${t("call.size.shares",{n:e.qty,count:d(e.qty)})} × ${P(e.price)}</small>
      <small>${[Ke(e.traded_at),`\u2116${e.id}`,H(`journal.origin.${e.origin}`)?t(`journal.origin.${e.origin}`):e.origin].join(" \xB7 ")}</small>
      ${(e.stop!==null||e.signal_id!==null)&&l`<small>${[e.stop!==null&&t("journal.stop",{price:P(e.stop)}),e.signal_id!==null&&t("journal.signal")].filter(Boolean).join(" \xB7 ")}</small>`}</span>
    <span class="row-figures"><b>${p(e.qty*e.price)}</b><small>${t("plan.cost",{sum:p(e.commission,{digits:2})})}</small></span></li>`}function Ve(e,s,n){let a=`journal|${e}|${s}|${n}`,o=E(a,$=>M("/actions",{account_id:e,secid:s,page_size:He},$)),[i,r]=m({key:"",rows:[],next:null,busy:!1,problem:null}),c=i.key===a?i:{key:a,rows:[],next:o.data&&o.data.next,busy:!1,problem:null},u=async()=>{r({...c,busy:!0,problem:null});let $=new URL(c.next);try{let h=await J(`/actions${$.search}`);r({key:a,rows:[...c.rows,...h.results],next:h.next,busy:!1,problem:null})}catch(h){r({...c,busy:!1,problem:h})}};return{first:o,rows:o.data?[...o.data.results,...c.rows]:[],next:c.next,busy:c.busy,problem:c.problem,load:u}}function Ge(e){let s=[];for(let n of e){let a=q(n.traded_at,{withTime:!1});(!s.length||s[s.length-1].day!==a)&&s.push({day:a,rows:[]}),s[s.length-1].rows.push(n)}return s}function Ze({accounts:e,account:s,onClose:n,onDone:a}){let[o,i]=m({secid:"",side:"BUY",qty:"",unit:"lots",at:"",stop:"",when:"",commission:""}),[r,c]=m(!1),{busy:u,problem:$,write:h}=fe(),b=G(o.secid),f=x=>U=>i(L=>({...L,[x]:U})),_={secid:o.secid?"":t("field.required"),qty:y(o.qty,{whole:!0}),at:y(o.at),commission:o.commission&&v(o.commission)!==0?y(o.commission,{needed:!1}):"",stop:Z(o.stop,v(o.at),o.side==="BUY")},k=(x,...U)=>r&&_[x]||C($,...U),j=async()=>{if(c(!0),Object.values(_).some(Boolean))return;let x=await h("POST","/actions",{account_id:s||(e[0]?e[0].id:void 0),secid:o.secid,side:o.side,qty:v(o.qty),qty_unit:o.unit,price:v(o.at),commission:v(o.commission)??void 0,stop:v(o.stop)??void 0,traded_at:ge(o.when)});x&&(V([t("journal.told",{secid:o.secid}),...x.remarks.map(U=>U.text)].join(" ")),a())};return l`<${ve} title=${t("journal.tell")} onClose=${n} onSubmit=${j} busy=${u} submit=${t("action.save")} problem=${O($,Je)}>
    <${A} name="trade-secid" label=${t("form.share")} secid=${o.secid} onPick=${f("secid")} error=${X(b)||k("secid","secid")} />
    <${D} label=${t("form.side")} value=${o.side} onChange=${f("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <${ee} name="trade-qty" value=${o.qty} onInput=${f("qty")} unit=${o.unit} onUnit=${f("unit")} facts=${b.facts} error=${k("qty","qty")} />
    <div class="field-two"><${S} name="trade-price" label=${t("form.price")} value=${o.at} onInput=${f("at")} inputmode="decimal" suffix="₽" error=${k("at","price")} autocomplete="off" />
      <${S} name="trade-commission" label=${t("form.commission")} value=${o.commission} onInput=${f("commission")} inputmode="decimal" suffix="₽" error=${k("commission","commission")} autocomplete="off" /></div>
    <p class="fine">${t("form.commission.hint")}</p>
    <${S} name="trade-when" label=${t("form.when")} type="datetime-local" value=${o.when} onInput=${f("when")} hint=${t("form.when.hint")} error=${C($,"traded_at")} />
    <${S} name="trade-stop" label=${t("form.stop")} value=${o.stop} onInput=${f("stop")} inputmode="decimal" suffix="₽" hint=${t("form.stop.hint")} error=${k("stop","stop")} autocomplete="off" />
  <//>`}function Xe({accounts:e,account:s,secid:n,onAccount:a,onSecid:o}){return l`<div class="field-two journal-filter">
    <${A} name="journal-secid" label=${t("journal.share")} secid=${n} onPick=${o} />
    ${e.length>1&&l`<${be} name="journal-account" label=${t("portfolio.accounts")} value=${String(s||"")} onChange=${i=>a(Number(i))}
      options=${[["",t("journal.all")],...e.map(i=>[String(i.id),i.name])]} />`}
  </div>`}function Se(){let[e,s]=m(""),[n,a]=m(0),[o,i]=m(0),[r,c]=m(!1),u=E("portfolio.accounts",w=>M("/accounts",{},w)),$=u.data?u.data.results:[],h=$.filter(w=>w.kind==="real"),{first:b,rows:f,next:_,busy:k,problem:j,load:x}=Ve(n||"",e,o),U=()=>{c(!1),i(o+1)},L=!!(e||n);return l`<div class="doors"><button class="button" onClick=${()=>c(!0)}>${t("journal.tell")}</button>
      <button class="button button-quiet" onClick=${()=>K({tab:"portfolio"})}>${t("portfolio.import")}</button></div>
    ${(f.length>0||L)&&l`<${Xe} accounts=${$} account=${n} secid=${e} onAccount=${a} onSecid=${s} />`}
    ${b.loading&&l`<${Q} heights=${[64,64,64,64]} />`}
    ${b.problem&&!b.data&&l`<${I} problem=${b.problem} onRetry=${b.reload} />`}
    ${b.data&&!f.length&&l`<${Y} title=${t(L?"journal.nothing":"journal.empty")} text=${t(L?"journal.nothing.text":"journal.empty.text")} />`}
    ${Ge(f).map(w=>l`<section key=${w.day} aria-label=${w.day}><h2 class="section-title">${w.day}</h2>
      <ul class="card list lines">${w.rows.map(le=>l`<${Qe} key=${le.id} trade=${le} />`)}</ul></section>`)}
    ${j&&l`<${I} problem=${j} onRetry=${x} />`}
    ${_&&!j&&l`<button class="button button-quiet wide" disabled=${k} onClick=${x}>${t("journal.more")}</button>`}
    ${r&&l`<${Ze} accounts=${h} account=${h.some(w=>w.id===n)?n:0} onClose=${()=>c(!1)} onDone=${U} />`}`}var[N,T]=[320,96],W=e=>N/Math.max(e.length,1),Ce=(e,s)=>`${e}: ${s.map(n=>`${n.label} ${n.text}`).join(", ")}`;function Te({label:e,points:s,top:n}){let a=s.map((i,r)=>({...i,x:W(s)*(r+.5),y:i.value===null?null:T*(1-i.value/n)})),o=[[]];for(let i of a)i.y===null?o.push([]):o[o.length-1].push(`${i.x.toFixed(1)},${i.y.toFixed(1)}`);return l`<svg class="small-chart" viewBox="0 -16 ${N} ${T+36}" role="img" aria-label=${Ce(e,s)}>
    ${[0,.5,1].map(i=>l`<line key=${i} class="chart-grid" x1="0" x2=${N} y1=${T*i} y2=${T*i} />`)}
    ${o.filter(i=>i.length>1).map(i=>l`<polyline key=${i[0]} class="chart-line" points=${i.join(" ")} />`)}
    ${a.map(i=>l`<g key=${i.label}>${i.y!==null&&l`<circle class="chart-dot" cx=${i.x} cy=${i.y} r="4" /><text x=${i.x} y=${i.y-8} text-anchor="middle" class="chart-value">${i.text}</text>`}
        <text x=${i.x} y=${T+16} text-anchor="middle">${i.label}</text></g>`)}</svg>`}function qe({label:e,bars:s}){let[n,a]=[Math.max(0,...s.map(r=>r.value)),Math.min(0,...s.map(r=>r.value))],o=T/(n-a||1),i=n*o;return l`<svg class="small-chart" viewBox="0 -4 ${N} ${T+40}" role="img" aria-label=${Ce(e,s)}>
    ${s.map((r,c)=>{let u=Math.max(Math.abs(r.value)*o,1),$=W(s)*(c+.2);return l`<g key=${r.label}><rect class=${r.value<0?"bar-down":"bar-up"} x=${$.toFixed(1)} y=${(r.value<0?i:i-u).toFixed(1)} width=${(W(s)*.6).toFixed(1)} height=${u.toFixed(1)} rx="2"><title>${r.text}</title></rect>
        <text x=${(W(s)*(c+.5)).toFixed(1)} y=${T+16} text-anchor="middle">${r.label}</text>
        <text x=${(W(s)*(c+.5)).toFixed(1)} y=${T+32} text-anchor="middle" class="chart-value">${r.short}</text></g>`})}
    <line class="chart-zero" x1="0" x2=${N} y1=${i} y2=${i} /></svg>`}var ie=864e5,et={low:"!",medium:"!!",high:"!!!"};function De(e){let s=new Date(Date.UTC(e.getUTCFullYear(),e.getUTCMonth(),e.getUTCDate()));s.setUTCDate(s.getUTCDate()+4-(s.getUTCDay()||7));let n=Date.UTC(s.getUTCFullYear(),0,1);return`${s.getUTCFullYear()}-W${String(Math.ceil(((s-n)/ie+1)/7)).padStart(2,"0")}`}function ne(e,s){let[n,a]=e.split("-W").map(Number),o=new Date(Date.UTC(n,0,4)),i=o.getTime()+((a-1)*7-((o.getUTCDay()||7)-1)+7*s)*ie;return De(new Date(i))}var je=()=>ne(De(new Date),-1),Fe=e=>t("report.week.short",{n:Number(e.split("-W")[1])});function tt(e){let[s,n]=[e.begins_at,e.ends_at].map(o=>new Date(`${o.slice(0,10)}T12:00:00Z`)),a=o=>q(o.toISOString(),{withTime:!1});return`${a(s)} \u2013 ${a(new Date(n-ie))}`}function st({week:e,isLast:s,report:n,onChoose:a}){return l`<div class="chooser"><button class="icon-button" onClick=${()=>a(ne(e,-1))} aria-label=${t("report.before")}><span aria-hidden="true">‹</span></button>
    <p class="grow" aria-live="polite"><b>${t("report.week",{n:Number(e.split("-W")[1]),year:e.slice(0,4)})}</b>${n&&l`<small>${tt(n)}</small>`}</p>
    <button class="icon-button" disabled=${s} onClick=${()=>a(ne(e,1))} aria-label=${t("report.after")}><span aria-hidden="true">›</span></button></div>`}function ot({report:e,weeks:s}){let{score:n,score_trend:a}=e,o=n===null?t("report.nothing"):a===null?t("report.trend.none"):null;return l`<section class="card score" aria-labelledby="score-title">
    <div class="score-head"><p class="score-figure">${n===null?"\u2013":l`${n}<small>/100</small>`}</p>
      <div class="grow"><h2 id="score-title">${t("report.score")}</h2>
        <p class="fine">${o||l`<b class="text-${pe(a)}"><span aria-hidden="true">${a>0?"\u25B2":a<0?"\u25BC":"\u25CF"} </span>${t("report.trend",{points:`${a>0?"+":a<0?"\u2212":""}${d(Math.abs(a),1)}`})}</b>`}</p></div></div>
    ${s.length>1&&l`<${Te} label=${t("report.score.weeks")} top=${100} points=${s.map(i=>({label:Fe(i.week),value:i.score,text:i.score===null?"\u2013":String(i.score)}))} />`}
  </section>`}var nt=e=>t("report.decisions",{n:e.decisions,count:d(e.decisions),won:d(e.winners)});function it({report:e}){let s=Math.max(Math.abs(e.followed.pnl_rub),Math.abs(e.own.pnl_rub),1),n=a=>{let o=e[a];return l`<li key=${a}><p class="even-head"><span>${t(`report.${a}`)}</span><${R} rub=${o.pnl_rub} /></p>
      <div class="even-bar" aria-hidden="true"><div class="even-fill ${o.pnl_rub<0?"fill-down":"fill-up"}" style=${{width:`${Math.abs(o.pnl_rub)/s*100}%`}}></div></div>
      <p class="fine">${nt(o)}</p></li>`};return l`<section class="card" aria-labelledby="sides-title"><h2 id="sides-title">${t("report.sides")}</h2>
    <ul class="sides">${["followed","own"].map(n)}</ul>
    ${e.followed.decisions+e.own.decisions<20&&l`<p class="fine">${t("report.few")}</p>`}</section>`}function lt({one:e}){let s=e.trade_ids.slice(0,8).map(n=>`\u2116${n}`).join(", ");return l`<li>${e.text}<small>${q(e.at)}${s&&` \xB7 ${t("report.trades",{ids:s+(e.trade_ids.length>8?" \u2026":"")})}`}${e.cost_rub>0?` \xB7 ${p(-e.cost_rub)}`:""}</small></li>`}function at({one:e,total:s,first:n}){let a=e.cost_rub===0&&e.cost_alone_rub>0;return l`<details class="habit" open=${n}><summary>
      <span class="severity severity-${e.severity}" role="img" aria-label=${t(`report.severity.${e.severity}`)}>${et[e.severity]}</span>
      <span class="grow">${e.title} <small>×${e.count}</small></span>
      <b>${a?l`<small>${t("report.elsewhere",{sum:p(e.cost_alone_rub)})}</small>`:e.cost_rub>0?p(-e.cost_rub):p(0)}</b></summary>
    <div class="even-bar" aria-hidden="true"><div class="even-fill fill-down" style=${{width:`${s?e.cost_rub/s*100:0}%`}}></div></div>
    <ul class="findings">${e.findings.map((o,i)=>l`<${lt} key=${i} one=${o} />`)}</ul></details>`}function rt({report:e}){return l`<section class="card" aria-labelledby="habits-title">
    <div class="card-head"><h2 id="habits-title">${t("report.habits")}</h2><b>${e.total_cost_rub>0?p(-e.total_cost_rub):p(0)}</b></div>
    <p class="fine">${t(e.mistakes.length?"report.habits.once":"report.habits.none")}</p>
    ${e.mistakes.map((s,n)=>l`<${at} key=${s.kind} one=${s} total=${e.total_cost_rub} first=${n===0} />`)}</section>`}function Ue({one:e,kind:s}){return e?l`<${g} label=${t(`report.${s}`)} value=${l`${e.secid} <${R} rub=${e.pnl_rub} />`}
    note=${[t(`action.${e.side}`),q(e.at),t(e.followed?"report.by_signal":"report.by_self"),...e.mistakes].join(" \xB7 ")} kind="figure-wide ${s==="best"?"mark-up":"mark-down"}" />`:null}function ct({report:e}){let s=[...e.earlier,e];return l`<div class="two"><div class="two-side"><${ot} report=${e} weeks=${s} />
    <section class="card"><h2>${t("report.result")}</h2>
      <dl class="figures"><${g} label=${t("report.result.week")} value=${l`<${R} rub=${e.pnl_rub} />`} note=${t("report.decisions.count",{n:e.decisions,count:d(e.decisions)})} />
        <${g} label=${t("report.closed")} value=${l`<${R} rub=${e.closed.pnl_rub} />`} note=${t("report.exits",{n:e.closed.exits,count:d(e.closed.exits),won:d(e.closed.winners)})} />
        <${Ue} one=${e.best} kind="best" /><${Ue} one=${e.worst} kind="worst" /></dl>
      ${s.length>1&&l`<p class="fine">${t("report.result.weeks")}</p><${qe} label=${t("report.result.weeks")} bars=${s.map(n=>({label:Fe(n.week),value:n.pnl_rub,text:p(n.pnl_rub,{signed:!0}),short:p(n.pnl_rub,{signed:!0}).replace(/\s?₽/,"")}))} />`}
    </section>
    <${it} report=${e} /></div>
    <div class="two-side"><${rt} report=${e} />
    <section class="card advice-card" aria-labelledby="advice-title"><h2 id="advice-title">${t("report.advice")}</h2><ol>${e.advice.slice(0,3).map(n=>l`<li key=${n.code}>${n.text}</li>`)}</ol></section>
    ${!e.capital_known&&l`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("report.capital")}</span></p>`}
    <p class="fine">${t("report.made",{when:q(e.made_at)})} · <a href="/app/report/?week=${e.week}&lang=${B.value}" target="_blank" rel="noopener">${t("report.print")}</a></p></div></div>`}function Le(){let[e,s]=m(""),[n,a]=m(""),o=E(`report|${e}|${B.value}`,$=>M("/user_weekly_report",{week:e},$)),i=o.data;!e&&i&&i.week!==n&&a(i.week);let r=e||(i?i.week:je()),c=$=>s($===n?"":$),u=i&&!i.decisions&&!i.closed.exits&&!i.mistakes.length&&!i.earlier.some($=>$.decisions);return l`<${st} week=${r} isLast=${!e||r>=(n||je())} report=${i} onChoose=${c} />
    ${o.problem&&o.problem.code==="week_not_over"?l`<${Y} title=${t("report.not_over")} text=${t("report.not_over.text")} />`:u?l`<${Y} title=${t("report.empty")} text=${t("report.empty.text")} />`:l`<${he} from=${o} heights=${[176,120,96,176]}>${$=>l`<${ct} report=${$} />`}<//>`}`}var te=["check","week","journal"],Be=z(te[0]);function zt({view:e="",ticker:s="",side:n=""}){let a=te.includes(e)?e:s?te[0]:Be.value,o=i=>{Be.value=i,K({tab:"coach",view:i},{replace:!0})};return l`<main class="screen coach" id="main">
    <${me} title=${t("coach.title")} />
    <${D} label=${t("coach.view")} value=${a} onChange=${o} options=${te.map(i=>[i,t(`coach.view.${i}`)])} />
    ${a==="check"&&l`<${xe} ticker=${s} side=${n} />`}
    ${a==="week"&&l`<${Le} />`}
    ${a==="journal"&&l`<${Se} />`}
  </main>`}export{zt as CoachScreen};
