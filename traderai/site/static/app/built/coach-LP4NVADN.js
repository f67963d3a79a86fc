import{a as v,c as C,d as A,e as ge,f as we,g as X,h as y,i as ee,j as te,k as _e,l as xe,m as se,n as R,r as W}from"./chunk-ZLQEOLRJ.js";import{c as Se}from"./chunk-5S4V5V67.js";import{$ as Q,A as d,Aa as L,D as j,N as K,O as U,V as me,W as F,aa as V,b as m,ba as G,c as ne,d as ue,da as he,ea as be,f as H,h as l,ha as fe,i as $e,k as de,l as pe,n as O,na as ve,oa as I,pa as Y,q as J,qa as ye,r as t,s as p,sa as Z,ua as M,v as E,va as k,w as ie,wa as S,xa as ke}from"./chunk-OFME77TP.js";var Ee=450,Ce={ok:"\u2713",caution:"!",hard_warning:"\u2715"},Ie={ok:"up",caution:"caution",hard_warning:"down"},Ye=["secid","qty","amount","price","stop"],B=H({secid:"",side:"BUY",qty:"",unit:"lots",price:"",stop:""});function Ae(e){let s=v(e.qty);if(!e.secid||y(e.qty,{whole:!0})||y(e.price,{needed:!1})||y(e.stop,{needed:!1}))return null;let o={secid:e.secid,side:e.side,qty:s,qty_unit:e.unit},[a,n]=[v(e.price),v(e.stop)];return{...o,...a===null?{}:{price:a},...n===null?{}:{stop:n}}}function Re(e,s){let o=e&&JSON.stringify(e),[a,n]=m({text:null,answer:null,problem:null}),i=ue("");return ne(()=>{if(!o)return;let r=new AbortController,c=setTimeout(()=>{K("/pre_trade_check",{method:"POST",body:JSON.parse(o),signal:r.signal}).then($=>{r.signal.aborted||(n({text:o,answer:$,problem:null}),$.verdict!==i.current&&de({ok:"success",caution:"warning",hard_warning:"error"}[$.verdict]),i.current=$.verdict)},$=>$.name!=="AbortError"&&!r.signal.aborted&&n({text:o,answer:null,problem:$}))},Ee);return()=>{clearTimeout(c),r.abort()}},[o,O.value,s]),{...a,isCurrent:a.text===o,asked:!!o}}function Te({label:e,loss:s,note:o="",none:a=""}){if(!s)return l`<${k} label=${e} value="–" note=${a} />`;let n=s.pct===null?"":t("check.of_capital",{pct:ie(s.pct,{digits:2,signed:!1})});return l`<${k} label=${e} value=${d(-s.rub)} note=${[n,o].filter(Boolean).join(" \xB7 ")} kind=${s.rub>0?"mark-down":""} />`}function We(e){if(!e)return"";let s=t("horizon.days",{n:e.days});return e.basis==="signal"?t("check.bad.signal",{days:s}):t("check.bad.history",{days:s,n:e.n_moves,count:p(e.n_moves)})}function Ne({position_pct:e,capital:s,value:o}){if(e===null)return"";let a=Math.abs(e-100*o/s)>=.05;return t(a?"check.position":"check.of_capital",{pct:ie(e,{digits:1,signed:!1})})}function ze({size:e,unit:s,onTake:o}){if(!e)return null;if(!e.lots)return l`<${k} label=${t("check.sane")} value=${t("check.sane.none")} kind="figure-wide" />`;let a=l`${t("call.size.lots",{n:e.lots,count:p(e.lots)})}
    <button class="link inline" onClick=${()=>o(s==="lots"?e.lots:e.shares)}>${t("check.sane.take")}</button>`;return l`<${k} label=${t("check.sane")} value=${a} note=${t("call.size.shares",{n:e.shares,count:p(e.shares)})} kind="figure-wide" />`}function He({tilt:e}){let s=[e.losses_rub>0&&t("check.tilt.losses",{sum:d(e.losses_rub)}),e.losses_in_a_row>1&&t("check.tilt.row",{n:e.losses_in_a_row}),t(e.usual_entries===null?"check.tilt.entries.new":"check.tilt.entries",{n:e.entries,usual:p(e.usual_entries,1)}),e.size_ratio!==null&&t("check.tilt.size",{ratio:p(e.size_ratio,1)})].filter(Boolean);return l`<div class="tilt"><p class="even-head"><span>${t("check.tilt")}</span><b>${t("check.tilt.score",{score:e.score})}</b></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${e.score>=60?"fill-down":"fill-flat"}" style=${{width:`${e.score}%`}}></div></div>
    <p class="fine">${s.join(" \xB7 ")}</p></div>`}function Je({onTold:e}){let[s,o]=m(""),[a,n]=m({busy:!1,problem:null}),i=s?y(s):"";return l`<form class="card capital" onSubmit=${async c=>{if(c.preventDefault(),!y(s)){n({busy:!0,problem:null});try{await Se({capital_rub:v(s)}),me("portfolio|"),L(t("check.capital.told")),e()}catch($){n({busy:!1,problem:$})}}}} novalidate>
    <h2>${t("check.capital")}</h2><p class="fine">${t("check.capital.why")}</p>
    <div class="field-pair"><${S} name="check-capital" label=${t("check.capital.label")} value=${s} onInput=${o} inputmode="decimal" suffix="₽" autocomplete="off"
      error=${i||C(a.problem,"capital_rub")||A(a.problem,["capital_rub"])} />
      <button class="button" disabled=${a.busy||!s||!!i}>${t("action.save")}</button></div>
  </form>`}function Ke({answer:e,isCurrent:s,unit:o,onTake:a}){let n=Ie[e.verdict],i=e.reasons.filter(r=>r.code!=="capital_unknown");return l`<section class="card check-verdict verdict-${n} ${s?"":"is-old"}" aria-busy=${String(!s)} aria-labelledby="verdict-title">
    <p class="verdict-head"><span class="verdict-mark" aria-hidden="true">${Ce[e.verdict]}</span>
      <span><b id="verdict-title">${e.verdict_text}</b>
      <small>${t(`action.${e.side}`)} ${e.secid} · ${t("call.size.shares",{n:e.shares,count:p(e.shares)})} × ${E(e.price)}${e.price_is_given?"":` (${t("check.last")})`}</small></span></p>
    ${i.length>0&&l`<ul class="reasons">${i.map(r=>l`<li key=${r.code} class="level-${r.level}"><span aria-hidden="true">${Ce[r.level]} </span><span class="unseen">${t(`check.level.${r.level}`)}: </span>${r.text}</li>`)}</ul>`}
    <dl class="figures">
      <${Te} label=${t("check.stop_loss")} loss=${e.loss_at_stop} none=${t("check.stop.none")} />
      <${Te} label=${t("check.bad")} loss=${e.loss_bad_case} note=${We(e.loss_bad_case)} none=${t("check.bad.none")} />
      <${k} label=${t("form.worth")} value=${d(e.value)} note=${Ne(e)} />
      <${k} label=${t("check.cost")} value=${d(e.cost,{digits:2})} note=${t("check.cost.both")} />
      <${ze} size=${e.sane_size} unit=${o} onTake=${a} />
    </dl>
    <${He} tilt=${e.tilt} />
    ${e.capital!==null&&l`<p class="fine">${t("check.capital.used",{sum:d(e.capital)})}</p>`}
    <p class="fine">${e.signal?t("check.signal",{action:t(`action.${e.signal.action}`)}):t("check.signal.none")}
      ${e.regime&&J(`regime.${e.regime}`)&&` \xB7 ${t("regime.chip",{name:t(`regime.${e.regime}`).toLowerCase()})}`}</p>
  </section>`}function Qe({form:e,set:s,share:o,problem:a}){let n=v(e.price)||o.last&&o.last.close;return l`<section class="card check-form" aria-label=${t("coach.view.check")}>
    <${R} name="check-secid" label=${t("form.share")} secid=${e.secid} onPick=${s("secid")} error=${te(o)||C(a,"secid")} />
    <${M} label=${t("form.side")} value=${e.side} onChange=${s("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <${se} name="check-qty" value=${e.qty} onInput=${s("qty")} unit=${e.unit} onUnit=${s("unit")} facts=${o.facts}
      error=${e.qty&&y(e.qty,{whole:!0})||C(a,"qty","amount")} />
    <div class="field-two"><${S} name="check-price" label=${t("check.price")} value=${e.price} onInput=${s("price")} inputmode="decimal" suffix="₽" autocomplete="off"
        placeholder=${o.last?p(o.last.close,o.facts.decimals):""} error=${y(e.price,{needed:!1})||C(a,"price")} />
      <${S} name="check-stop" label=${t("form.stop")} value=${e.stop} onInput=${s("stop")} inputmode="decimal" suffix="₽" autocomplete="off"
        error=${ee(e.stop,n,e.side==="BUY")||C(a,"stop")} /></div>
    ${o.last&&!e.price&&l`<p class="fine">${_e(o)}</p>`}
  </section>`}function je({ticker:e,side:s}){let[o,a]=m(0);ne(()=>{e&&e!==B.value.secid&&(B.value={...B.value,secid:e,price:"",stop:"",side:s==="SELL"?"SELL":"BUY"})},[e]);let n=B.value,i=_=>g=>{let q=_==="secid"&&g!==n.secid?{price:"",stop:""}:{};B.value={...B.value,[_]:g,...q}},r=X(n.secid),{answer:c,problem:$,isCurrent:u,asked:h}=Re(Ae(n),o),b=u?$:null,f=b&&A(b,Ye);return l`<div class="two"><div class="two-side"><${Qe} form=${n} set=${i} share=${r} problem=${b} /></div>
    <div class="two-side"><div class="two-side" aria-live="polite">
      ${!h&&l`<section class="card state"><div class="state-mark" aria-hidden="true">?</div><h2>${t("check.empty")}</h2><p>${t("check.empty.text")}</p></section>`}
      ${h&&!c&&!b&&l`<${Z} heights=${[96,176]} />`}
      ${h&&f&&l`<${I} problem=${b} onRetry=${()=>a(o+1)} />`}
      ${h&&c&&l`<${Ke} answer=${c} isCurrent=${u} unit=${n.unit} onTake=${_=>i("qty")(String(_))} />`}
      </div>
      ${c&&h&&c.capital===null&&l`<${Je} onTold=${()=>a(o+1)} />`}
    </div></div>`}var Ve=30,Ge=["secid","qty","price","commission","traded_at","stop"],Ze=e=>j(e).replace(/^.*, /,"");function Xe({trade:e}){let s={ticker:e.secid};return l`<li class="trade"><span class="order-side text-${e.side==="BUY"?"up":"down"}" aria-hidden="true">${he[e.side]}</span>
    <span class="grow"><a href=${Q(s)} onClick=${G(s)}>${e.secid}</a> ${t(`action.${e.side}.word`)}
      <small>${t("call.size.shares",{n:e.qty,count:p(e.qty)})} × ${E(e.price)}</small>
      <small>${[Ze(e.traded_at),`\u2116${e.id}`,J(`journal.origin.${e.origin}`)?t(`journal.origin.${e.origin}`):e.origin].join(" \xB7 ")}</small>
      ${(e.stop!==null||e.signal_id!==null)&&l`<small>${[e.stop!==null&&t("journal.stop",{price:E(e.stop)}),e.signal_id!==null&&t("journal.signal")].filter(Boolean).join(" \xB7 ")}</small>`}</span>
    <span class="row-figures"><b>${d(e.qty*e.price)}</b><small>${t("plan.cost",{sum:d(e.commission,{digits:2})})}</small></span></li>`}function et(e,s,o){let a=`journal|${e}|${s}|${o}`,n=F(a,u=>U("/actions",{account_id:e,secid:s,page_size:Ve},u)),[i,r]=m({key:"",rows:[],next:null,busy:!1,problem:null}),c=i.key===a?i:{key:a,rows:[],next:n.data&&n.data.next,busy:!1,problem:null},$=async()=>{r({...c,busy:!0,problem:null});let u=new URL(c.next);try{let h=await K(`/actions${u.search}`);r({key:a,rows:[...c.rows,...h.results],next:h.next,busy:!1,problem:null})}catch(h){r({...c,busy:!1,problem:h})}};return{first:n,rows:n.data?[...n.data.results,...c.rows]:[],next:c.next,busy:c.busy,problem:c.problem,load:$}}function tt(e){let s=[];for(let o of e){let a=j(o.traded_at,{withTime:!1});(!s.length||s[s.length-1].day!==a)&&s.push({day:a,rows:[]}),s[s.length-1].rows.push(o)}return s}function st({accounts:e,account:s,onClose:o,onDone:a}){let[n,i]=m({secid:"",side:"BUY",qty:"",unit:"lots",at:"",stop:"",when:"",commission:""}),[r,c]=m(!1),{busy:$,problem:u,write:h}=ge(),b=X(n.secid),f=x=>D=>i(P=>({...P,[x]:D})),_={secid:n.secid?"":t("field.required"),qty:y(n.qty,{whole:!0}),at:y(n.at),commission:n.commission&&v(n.commission)!==0?y(n.commission,{needed:!1}):"",stop:ee(n.stop,v(n.at),n.side==="BUY")},g=(x,...D)=>r&&_[x]||C(u,...D),q=async()=>{if(c(!0),Object.values(_).some(Boolean))return;let x=await h("POST","/actions",{account_id:s||(e[0]?e[0].id:void 0),secid:n.secid,side:n.side,qty:v(n.qty),qty_unit:n.unit,price:v(n.at),commission:v(n.commission)??void 0,stop:v(n.stop)??void 0,traded_at:xe(n.when)});x&&(L([t("journal.told",{secid:n.secid}),...x.remarks.map(D=>D.text)].join(" ")),a())};return l`<${we} title=${t("journal.tell")} onClose=${o} onSubmit=${q} busy=${$} submit=${t("action.save")} problem=${A(u,Ge)}>
    <${R} name="trade-secid" label=${t("form.share")} secid=${n.secid} onPick=${f("secid")} error=${te(b)||g("secid","secid")} />
    <${M} label=${t("form.side")} value=${n.side} onChange=${f("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <${se} name="trade-qty" value=${n.qty} onInput=${f("qty")} unit=${n.unit} onUnit=${f("unit")} facts=${b.facts} error=${g("qty","qty")} />
    <div class="field-two"><${S} name="trade-price" label=${t("form.price")} value=${n.at} onInput=${f("at")} inputmode="decimal" suffix="₽" error=${g("at","price")} autocomplete="off" />
      <${S} name="trade-commission" label=${t("form.commission")} value=${n.commission} onInput=${f("commission")} inputmode="decimal" suffix="₽" error=${g("commission","commission")} autocomplete="off" /></div>
    <p class="fine">${t("form.commission.hint")}</p>
    <${S} name="trade-when" label=${t("form.when")} type="datetime-local" value=${n.when} onInput=${f("when")} hint=${t("form.when.hint")} error=${C(u,"traded_at")} />
    <${S} name="trade-stop" label=${t("form.stop")} value=${n.stop} onInput=${f("stop")} inputmode="decimal" suffix="₽" hint=${t("form.stop.hint")} error=${g("stop","stop")} autocomplete="off" />
  <//>`}function ot({accounts:e,account:s,secid:o,onAccount:a,onSecid:n}){return l`<div class="field-two journal-filter">
    <${R} name="journal-secid" label=${t("journal.share")} secid=${o} onPick=${n} />
    ${e.length>1&&l`<${ke} name="journal-account" label=${t("portfolio.accounts")} value=${String(s||"")} onChange=${i=>a(Number(i))}
      options=${[["",t("journal.all")],...e.map(i=>[String(i.id),i.name])]} />`}
  </div>`}function qe(){let[e,s]=m(""),[o,a]=m(0),[n,i]=m(0),[r,c]=m(!1),$=F("portfolio.accounts",w=>U("/accounts",{},w)),u=$.data?$.data.results:[],h=u.filter(w=>w.kind==="real"),{first:b,rows:f,next:_,busy:g,problem:q,load:x}=et(o||"",e,n),D=()=>{c(!1),i(n+1)},P=!!(e||o);return l`<div class="doors"><button class="button" onClick=${()=>c(!0)}>${t("journal.tell")}</button>
      <button class="button button-quiet" onClick=${()=>V({tab:"portfolio"})}>${t("portfolio.import")}</button></div>
    ${(f.length>0||P)&&l`<${ot} accounts=${u} account=${o} secid=${e} onAccount=${a} onSecid=${s} />`}
    ${b.loading&&l`<${Z} heights=${[64,64,64,64]} />`}
    ${b.problem&&!b.data&&l`<${I} problem=${b.problem} onRetry=${b.reload} />`}
    ${b.data&&!f.length&&l`<${Y} title=${t(P?"journal.nothing":"journal.empty")} text=${t(P?"journal.nothing.text":"journal.empty.text")} />`}
    ${tt(f).map(w=>l`<section key=${w.day} aria-label=${w.day}><h2 class="section-title">${w.day}</h2>
      <ul class="card list lines">${w.rows.map(ce=>l`<${Xe} key=${ce.id} trade=${ce} />`)}</ul></section>`)}
    ${q&&l`<${I} problem=${q} onRetry=${x} />`}
    ${_&&!q&&l`<button class="button button-quiet wide" disabled=${g} onClick=${x}>${t("journal.more")}</button>`}
    ${r&&l`<${st} accounts=${h} account=${h.some(w=>w.id===o)?o:0} onClose=${()=>c(!1)} onDone=${D} />`}`}var[z,T]=[320,96],N=e=>z/Math.max(e.length,1),De=(e,s)=>`${e}: ${s.map(o=>`${o.label} ${o.text}`).join(", ")}`;function Ue({label:e,points:s,top:o}){let a=s.map((i,r)=>({...i,x:N(s)*(r+.5),y:i.value===null?null:T*(1-i.value/o)})),n=[[]];for(let i of a)i.y===null?n.push([]):n[n.length-1].push(`${i.x.toFixed(1)},${i.y.toFixed(1)}`);return l`<svg class="small-chart" viewBox="0 -16 ${z} ${T+36}" role="img" aria-label=${De(e,s)}>
    ${[0,.5,1].map(i=>l`<line key=${i} class="chart-grid" x1="0" x2=${z} y1=${T*i} y2=${T*i} />`)}
    ${n.filter(i=>i.length>1).map(i=>l`<polyline key=${i[0]} class="chart-line" points=${i.join(" ")} />`)}
    ${a.map(i=>l`<g key=${i.label}>${i.y!==null&&l`<circle class="chart-dot" cx=${i.x} cy=${i.y} r="4" /><text x=${i.x} y=${i.y-8} text-anchor="middle" class="chart-value">${i.text}</text>`}
        <text x=${i.x} y=${T+16} text-anchor="middle">${i.label}</text></g>`)}</svg>`}function Fe({label:e,bars:s}){let[o,a]=[Math.max(0,...s.map(r=>r.value)),Math.min(0,...s.map(r=>r.value))],n=T/(o-a||1),i=o*n;return l`<svg class="small-chart" viewBox="0 -4 ${z} ${T+40}" role="img" aria-label=${De(e,s)}>
    ${s.map((r,c)=>{let $=r.value?Math.max(Math.abs(r.value)*n,1):0,u=N(s)*(c+.2);return l`<g key=${r.label}><rect class=${r.value<0?"bar-down":"bar-up"} x=${u.toFixed(1)} y=${(r.value<0?i:i-$).toFixed(1)} width=${(N(s)*.6).toFixed(1)} height=${$.toFixed(1)} rx="2"><title>${r.text}</title></rect>
        <text x=${(N(s)*(c+.5)).toFixed(1)} y=${T+16} text-anchor="middle">${r.label}</text>
        <text x=${(N(s)*(c+.5)).toFixed(1)} y=${T+32} text-anchor="middle" class="chart-value">${r.short}</text></g>`})}
    <line class="chart-zero" x1="0" x2=${z} y1=${i} y2=${i} /></svg>`}var ae=864e5,nt=3*36e5,it={low:"!",medium:"!!",high:"!!!"};function re(e){let s=new Date(Date.UTC(e.getUTCFullYear(),e.getUTCMonth(),e.getUTCDate()));s.setUTCDate(s.getUTCDate()+4-(s.getUTCDay()||7));let o=Date.UTC(s.getUTCFullYear(),0,1);return`${s.getUTCFullYear()}-W${String(Math.ceil(((s-o)/ae+1)/7)).padStart(2,"0")}`}function le(e,s){let[o,a]=e.split("-W").map(Number),n=new Date(Date.UTC(o,0,4)),i=n.getTime()+((a-1)*7-((n.getUTCDay()||7)-1)+7*s)*ae;return re(new Date(i))}var Me=()=>le(re(new Date),-1),Be=e=>t("report.week.short",{n:Number(e.split("-W")[1])});function lt(e){let[s,o]=[e.begins_at,e.ends_at].map(n=>new Date(`${n.slice(0,10)}T12:00:00Z`)),a=n=>j(n.toISOString(),{withTime:!1});return`${a(s)} \u2013 ${a(new Date(o-ae))}`}function at({week:e,isLast:s,report:o,onChoose:a}){return l`<div class="chooser"><button class="icon-button" onClick=${()=>a(le(e,-1))} aria-label=${t("report.before")}><span aria-hidden="true">‹</span></button>
    <p class="grow" aria-live="polite"><b>${t("report.week",{n:Number(e.split("-W")[1]),year:e.slice(0,4)})}</b>${o&&l`<small>${lt(o)}</small>`}</p>
    <button class="icon-button" disabled=${s} onClick=${()=>a(le(e,1))} aria-label=${t("report.after")}><span aria-hidden="true">›</span></button></div>`}function rt({report:e,weeks:s}){let{score:o,score_trend:a}=e,n=o===null?t("report.nothing"):a===null?t("report.trend.none"):null;return l`<section class="card score" aria-labelledby="score-title">
    <div class="score-head"><p class="score-figure">${o===null?"\u2013":l`${o}<small>/100</small>`}</p>
      <div class="grow"><h2 id="score-title">${t("report.score")}</h2>
        <p class="fine">${n||l`<b class="text-${be(a)}"><span aria-hidden="true">${a>0?"\u25B2":a<0?"\u25BC":"\u25CF"} </span>${t("report.trend",{points:`${a>0?"+":a<0?"\u2212":""}${p(Math.abs(a),1)}`})}</b>`}</p></div></div>
    ${s.length>1&&l`<${Ue} label=${t("report.score.weeks")} top=${100} points=${s.map(i=>({label:Be(i.week),value:i.score,text:i.score===null?"\u2013":String(i.score)}))} />`}
  </section>`}var ct=e=>t("report.decisions",{n:e.decisions,count:p(e.decisions),won:p(e.winners)});function ut({report:e}){let s=Math.max(Math.abs(e.followed.pnl_rub),Math.abs(e.own.pnl_rub),1),o=a=>{let n=e[a];return l`<li key=${a}><p class="even-head"><span>${t(`report.${a}`)}</span><${W} rub=${n.pnl_rub} /></p>
      <div class="even-bar" aria-hidden="true"><div class="even-fill ${n.pnl_rub<0?"fill-down":"fill-up"}" style=${{width:`${Math.abs(n.pnl_rub)/s*100}%`}}></div></div>
      <p class="fine">${ct(n)}</p></li>`};return l`<section class="card" aria-labelledby="sides-title"><h2 id="sides-title">${t("report.sides")}</h2>
    <ul class="sides">${["followed","own"].map(o)}</ul>
    ${e.followed.decisions+e.own.decisions<20&&l`<p class="fine">${t("report.few")}</p>`}</section>`}function $t({one:e}){let s=e.trade_ids.slice(0,8).map(o=>`\u2116${o}`).join(", ");return l`<li>${e.text}<small>${j(e.at)}${s&&` \xB7 ${t("report.trades",{ids:s+(e.trade_ids.length>8?" \u2026":"")})}`}${e.cost_rub>0?` \xB7 ${d(-e.cost_rub)}`:""}</small></li>`}function dt({one:e,total:s,first:o}){let a=e.cost_rub===0&&e.cost_alone_rub>0;return l`<details class="habit" open=${o}><summary>
      <span class="severity severity-${e.severity}" role="img" aria-label=${t(`report.severity.${e.severity}`)}>${it[e.severity]}</span>
      <span class="grow">${e.title} <small>×${e.count}</small></span>
      <b>${a?l`<small>${t("report.elsewhere",{sum:d(e.cost_alone_rub)})}</small>`:e.cost_rub>0?d(-e.cost_rub):d(0)}</b></summary>
    <div class="even-bar" aria-hidden="true"><div class="even-fill fill-down" style=${{width:`${s?e.cost_rub/s*100:0}%`}}></div></div>
    <ul class="findings">${e.findings.map((n,i)=>l`<${$t} key=${i} one=${n} />`)}</ul></details>`}function pt({report:e}){return l`<section class="card" aria-labelledby="habits-title">
    <div class="card-head"><h2 id="habits-title">${t("report.habits")}</h2><b>${e.total_cost_rub>0?d(-e.total_cost_rub):d(0)}</b></div>
    <p class="fine">${t(e.mistakes.length?"report.habits.once":"report.habits.none")}</p>
    ${e.mistakes.map((s,o)=>l`<${dt} key=${s.kind} one=${s} total=${e.total_cost_rub} first=${o===0} />`)}</section>`}function Le({one:e,kind:s}){return e?l`<${k} label=${t(`report.${s}`)} value=${l`${e.secid} <${W} rub=${e.pnl_rub} />`}
    note=${[t(`action.${e.side}`),j(e.at),t(e.followed?"report.by_signal":"report.by_self"),...e.mistakes].join(" \xB7 ")} kind="figure-wide ${s==="best"?"mark-up":"mark-down"}" />`:null}async function mt(e,s){if($e){e.preventDefault();try{pe((await U("/user_weekly_report",{week:s})).page_url)}catch(o){L(ve(o),"error")}}}function ht({report:e}){let s=[...e.earlier,e];return l`<div class="two"><div class="two-side"><${rt} report=${e} weeks=${s} />
    <section class="card"><h2>${t("report.result")}</h2>
      <dl class="figures"><${k} label=${t("report.result.week")} value=${l`<${W} rub=${e.pnl_rub} />`} note=${t("report.decisions.count",{n:e.decisions,count:p(e.decisions)})} />
        <${k} label=${t("report.closed")} value=${l`<${W} rub=${e.closed.pnl_rub} />`} note=${t("report.exits",{n:e.closed.exits,count:p(e.closed.exits),won:p(e.closed.winners)})} />
        <${Le} one=${e.best} kind="best" /><${Le} one=${e.worst} kind="worst" /></dl>
      ${s.length>1&&l`<p class="fine">${t("report.result.weeks")}</p><${Fe} label=${t("report.result.weeks")} bars=${s.map(o=>({label:Be(o.week),value:o.pnl_rub,text:d(o.pnl_rub,{signed:!0}),short:o.decisions?d(o.pnl_rub,{signed:!0}).replace(/\s?₽/,""):"\u2013"}))} />`}
    </section>
    <${ut} report=${e} /></div>
    <div class="two-side"><${pt} report=${e} />
    <section class="card advice-card" aria-labelledby="advice-title"><h2 id="advice-title">${t("report.advice")}</h2><ol>${e.advice.slice(0,3).map(o=>l`<li key=${o.code}>${o.text}</li>`)}</ol></section>
    ${!e.capital_known&&l`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("report.capital")}</span></p>`}
    <p class="fine">${t("report.made",{when:j(e.made_at)})} · <a href="/app/report/?week=${e.week}&lang=${O.value}" target="_blank" rel="noopener" onClick=${o=>mt(o,e.week)}>${t("report.print")}</a></p></div></div>`}function bt({week:e,onChoose:s}){let o=F("journal.newest",r=>U("/actions",{page_size:1},r)),a=o.data&&o.data.results[0],n=a&&re(new Date(Date.parse(a.traded_at)+nt)),i={tab:"coach",view:"journal"};return l`<${Y} title=${t("report.empty")} text=${t("report.empty.text")}><div class="ways-on">
    ${n&&n<e&&l`<button class="button" onClick=${()=>s(n)}>${t("report.empty.newest")}</button>`}
    <a class="link" href=${Q(i)} onClick=${G(i)}>${t("report.empty.journal")}</a></div><//>`}function Pe(){let[e,s]=m(""),[o,a]=m(""),n=F(`report|${e}|${O.value}`,u=>U("/user_weekly_report",{week:e},u)),i=n.data;!e&&i&&i.week!==o&&a(i.week);let r=e||(i?i.week:Me()),c=u=>s(u===o?"":u),$=i&&!i.decisions&&!i.closed.exits&&!i.mistakes.length&&!i.earlier.some(u=>u.decisions);return l`<${at} week=${r} isLast=${!e||r>=(o||Me())} report=${i} onChoose=${c} />
    ${n.problem&&n.problem.code==="week_not_over"?l`<${Y} title=${t("report.not_over")} text=${t("report.not_over.text")} />`:$?l`<${bt} week=${r} onChoose=${c} />`:l`<${ye} from=${n} heights=${[176,120,96,176]}>${u=>l`<${ht} report=${u} />`}<//>`}`}var oe=["check","week","journal"],Oe=H(oe[0]);function es({view:e="",ticker:s="",side:o=""}){let a=oe.includes(e)?e:s?oe[0]:Oe.value,n=i=>{Oe.value=i,V({tab:"coach",view:i},{replace:!0})};return l`<main class="screen coach" id="main">
    <${fe} title=${t("coach.title")} />
    <${M} label=${t("coach.view")} value=${a} onChange=${n} options=${oe.map(i=>[i,t(`coach.view.${i}`)])} />
    ${a==="check"&&l`<${je} ticker=${s} side=${o} />`}
    ${a==="week"&&l`<${Pe} />`}
    ${a==="journal"&&l`<${qe} />`}
  </main>`}export{es as CoachScreen};
