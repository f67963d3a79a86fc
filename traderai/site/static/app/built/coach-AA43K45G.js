import{a as v,c as C,d as A,e as fe,f as be,g as O,h as Z,i as g,j as X,q as R}from"./chunk-DNTGU2U2.js";import{c as re}from"./chunk-ZS5JASIA.js";import{$ as V,A as m,D as x,N as J,O as M,V as K,W as P,_ as ce,aa as ue,b as h,c as te,ca as $e,d as le,da as de,f as N,ga as pe,h as l,k as ae,m as E,na as I,oa as Y,pa as me,q as H,r as t,ra as G,s as d,sa as j,ta as k,ua as w,v as F,va as he,w as se,ya as Q}from"./chunk-A3LVVLQG.js";var De=450,ve={ok:"\u2713",caution:"!",hard_warning:"\u2715"},Fe={ok:"up",caution:"caution",hard_warning:"down"},Le=["secid","qty","amount","price","stop"],L=N({secid:"",side:"BUY",qty:"",unit:"lots",price:"",stop:""});function Be(e){let s=v(e.qty);if(!e.secid||g(e.qty,{whole:!0})||g(e.price,{needed:!1})||g(e.stop,{needed:!1}))return null;let o={secid:e.secid,side:e.side,qty:s,qty_unit:e.unit},[a,n]=[v(e.price),v(e.stop)];return{...o,...a===null?{}:{price:a},...n===null?{}:{stop:n}}}function Ee(e,s){let o=e&&JSON.stringify(e),[a,n]=h({text:null,answer:null,problem:null}),i=le("");return te(()=>{if(!o)return;let r=new AbortController,c=setTimeout(()=>{J("/pre_trade_check",{method:"POST",body:JSON.parse(o),signal:r.signal}).then(u=>{r.signal.aborted||(n({text:o,answer:u,problem:null}),u.verdict!==i.current&&ae({ok:"success",caution:"warning",hard_warning:"error"}[u.verdict]),i.current=u.verdict)},u=>u.name!=="AbortError"&&!r.signal.aborted&&n({text:o,answer:null,problem:u}))},De);return()=>{clearTimeout(c),r.abort()}},[o,E.value,s]),{...a,isCurrent:a.text===o,asked:!!o}}function ye({label:e,loss:s,note:o="",none:a=""}){if(!s)return l`<${k} label=${e} value="–" note=${a} />`;let n=s.pct===null?"":t("check.of_capital",{pct:se(s.pct,{digits:2,signed:!1})});return l`<${k} label=${e} value=${m(-s.rub)} note=${[n,o].filter(Boolean).join(" \xB7 ")} kind=${s.rub>0?"mark-down":""} />`}function Me(e){if(!e)return"";let s=t("horizon.days",{n:e.days});return e.basis==="signal"?t("check.bad.signal",{days:s}):t("check.bad.history",{days:s,n:e.n_moves,count:d(e.n_moves)})}function Pe({size:e,unit:s,onTake:o}){if(!e)return null;if(!e.lots)return l`<${k} label=${t("check.sane")} value=${t("check.sane.none")} kind="figure-wide" />`;let a=l`${t("call.size.lots",{n:e.lots,count:d(e.lots)})}
    <button class="link inline" onClick=${()=>o(s==="lots"?e.lots:e.shares)}>${t("check.sane.take")}</button>`;return l`<${k} label=${t("check.sane")} value=${a} note=${t("call.size.shares",{n:e.shares,count:d(e.shares)})} kind="figure-wide" />`}function Ie({tilt:e}){let s=[e.losses_rub>0&&t("check.tilt.losses",{sum:m(e.losses_rub)}),e.losses_in_a_row>1&&t("check.tilt.row",{n:e.losses_in_a_row}),t("check.tilt.entries",{n:e.entries,usual:e.usual_entries===null?"\u2013":d(e.usual_entries,1)}),e.size_ratio!==null&&t("check.tilt.size",{ratio:d(e.size_ratio,1)})].filter(Boolean);return l`<div class="tilt"><p class="even-head"><span>${t("check.tilt")}</span><b>${t("check.tilt.score",{score:e.score})}</b></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${e.score>=60?"fill-down":"fill-flat"}" style=${{width:`${e.score}%`}}></div></div>
    <p class="fine">${s.join(" \xB7 ")}</p></div>`}function Ye({onTold:e}){let[s,o]=h(""),[a,n]=h({busy:!1,problem:null}),i=s?g(s):"";return l`<form class="card capital" onSubmit=${async c=>{if(c.preventDefault(),!g(s)){n({busy:!0,problem:null});try{await re({capital_rub:v(s)}),K("portfolio|"),Q(t("check.capital.told")),e()}catch(u){n({busy:!1,problem:u})}}}} novalidate>
    <h2>${t("check.capital")}</h2><p class="fine">${t("check.capital.why")}</p>
    <div class="field-pair"><${w} name="check-capital" label=${t("check.capital.label")} value=${s} onInput=${o} inputmode="decimal" suffix="₽" autocomplete="off"
      error=${i||C(a.problem,"capital_rub")||A(a.problem,["capital_rub"])} />
      <button class="button" disabled=${a.busy||!s||!!i}>${t("action.save")}</button></div>
  </form>`}function Ae({answer:e,isCurrent:s,unit:o,onTake:a}){let n=Fe[e.verdict],i=e.reasons.filter(r=>r.code!=="capital_unknown");return l`<section class="card verdict verdict-${n} ${s?"":"is-old"}" aria-busy=${String(!s)} aria-labelledby="verdict-title">
    <p class="verdict-head"><span class="verdict-mark" aria-hidden="true">${ve[e.verdict]}</span>
      <span><b id="verdict-title">${e.verdict_text}</b>
      <small>${t(`action.${e.side}`)} ${e.secid} · ${t("call.size.shares",{n:e.shares,count:d(e.shares)})} × ${F(e.price)}${e.price_is_given?"":` (${t("check.last")})`}</small></span></p>
    ${i.length>0&&l`<ul class="reasons">${i.map(r=>l`<li key=${r.code} class="level-${r.level}"><span aria-hidden="true">${ve[r.level]} </span><span class="unseen">${t(`check.level.${r.level}`)}: </span>${r.text}</li>`)}</ul>`}
    <dl class="figures">
      <${ye} label=${t("check.stop_loss")} loss=${e.loss_at_stop} none=${t("check.stop.none")} />
      <${ye} label=${t("check.bad")} loss=${e.loss_bad_case} note=${Me(e.loss_bad_case)} none=${t("check.bad.none")} />
      <${k} label=${t("form.worth")} value=${m(e.value)} note=${e.position_pct===null?"":t("check.of_capital",{pct:se(e.position_pct,{digits:1,signed:!1})})} />
      <${k} label=${t("check.cost")} value=${m(e.cost,{digits:2})} note=${t("check.cost.both")} />
      <${Pe} size=${e.sane_size} unit=${o} onTake=${a} />
    </dl>
    <${Ie} tilt=${e.tilt} />
    <p class="fine">${e.signal?t("check.signal",{action:t(`action.${e.signal.action}`)}):t("check.signal.none")}
      ${e.regime&&H(`regime.${e.regime}`)&&` \xB7 ${t("regime.chip",{name:t(`regime.${e.regime}`).toLowerCase()})}`}</p>
  </section>`}function Oe({form:e,set:s,share:o,problem:a}){let n=v(e.price)||o.last&&o.last.close,i=v(e.qty),r=o.facts?o.facts.lot_size:0,c=o.facts?o.facts.decimals:2,u=r&&i>0&&e.unit==="lots"?t("form.qty.lots",{count:d(i*r),n:i*r}):r?t("form.lot",{n:r,count:d(r)}):"";return l`<section class="card check-form" aria-label=${t("coach.view.check")}>
    <${O} name="check-secid" label=${t("form.share")} secid=${e.secid} onPick=${s("secid")} error=${o.problem&&t("field.unknown_ticker")||C(a,"secid")} />
    <${j} label=${t("form.side")} value=${e.side} onChange=${s("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <div class="field-pair"><${w} name="check-qty" label=${t("form.qty")} value=${e.qty} onInput=${s("qty")} inputmode="numeric" hint=${u} autocomplete="off"
        error=${e.qty&&g(e.qty,{whole:!0})||C(a,"qty","amount")} />
      <${j} label=${t("form.unit")} value=${e.unit} onChange=${s("unit")} options=${[["lots",t("unit.lots")],["shares",t("unit.shares")]]} /></div>
    <div class="field-two"><${w} name="check-price" label=${t("check.price")} value=${e.price} onInput=${s("price")} inputmode="decimal" suffix="₽" autocomplete="off"
        placeholder=${o.last?d(o.last.close,c):""} error=${g(e.price,{needed:!1})||C(a,"price")} />
      <${w} name="check-stop" label=${t("form.stop")} value=${e.stop} onInput=${s("stop")} inputmode="decimal" suffix="₽" autocomplete="off"
        error=${X(e.stop,n,e.side==="BUY")||C(a,"stop")} /></div>
    ${o.last&&!e.price&&l`<p class="fine">${t("form.last",{price:F(o.last.close,c),when:x(o.last.begin)})}</p>`}
  </section>`}function ge({ticker:e,side:s}){let[o,a]=h(0);te(()=>{e&&e!==L.value.secid&&(L.value={...L.value,secid:e,price:"",stop:"",side:s==="SELL"?"SELL":"BUY"})},[e]);let n=L.value,i=S=>_=>{let U=S==="secid"&&_!==n.secid?{price:"",stop:""}:{};L.value={...L.value,[S]:_,...U}},r=Z(n.secid),{answer:c,problem:u,isCurrent:$,asked:f}=Ee(Be(n),o),p=$?u:null,b=p&&A(p,Le);return l`<div class="two"><div class="two-side"><${Oe} form=${n} set=${i} share=${r} problem=${p} />
      ${c&&f&&c.capital===null&&l`<${Ye} onTold=${()=>a(o+1)} />`}</div>
    <div class="two-side" aria-live="polite">
      ${!f&&l`<section class="card state"><div class="state-mark" aria-hidden="true">?</div><h2>${t("check.empty")}</h2><p>${t("check.empty.text")}</p></section>`}
      ${f&&!c&&!p&&l`<${G} heights=${[96,176]} />`}
      ${f&&b&&l`<${I} problem=${p} onRetry=${()=>a(o+1)} />`}
      ${f&&c&&l`<${Ae} answer=${c} isCurrent=${$} unit=${n.unit} onTake=${S=>i("qty")(String(S))} />`}
    </div></div>`}var Re=30,We=["secid","qty","price","commission","traded_at","stop"],ze=e=>x(e).replace(/^.*, /,"");function Ne({trade:e}){let s={ticker:e.secid};return l`<li class="trade"><span class="order-side text-${e.side==="BUY"?"up":"down"}" aria-hidden="true">${$e[e.side]}</span>
    <span class="grow"><a href=${ce(s)} onClick=${ue(s)}>${e.secid}</a> ${t(`action.${e.side}.word`)} ${t("call.size.shares",{n:e.qty,count:d(e.qty)})} × ${F(e.price)}
      <small>${[ze(e.traded_at),`\u2116${e.id}`,H(`journal.origin.${e.origin}`)?t(`journal.origin.${e.origin}`):e.origin].join(" \xB7 ")}</small>
      ${(e.stop!==null||e.signal_id!==null)&&l`<small>${[e.stop!==null&&t("journal.stop",{price:F(e.stop)}),e.signal_id!==null&&t("journal.signal")].filter(Boolean).join(" \xB7 ")}</small>`}</span>
    <span class="row-figures"><b>${m(e.qty*e.price)}</b><small>${t("plan.cost",{sum:m(e.commission,{digits:2})})}</small></span></li>`}function He(e,s,o){let a=`journal|${e}|${s}|${o}`,n=P(a,$=>M("/actions",{account_id:e,secid:s,page_size:Re},$)),[i,r]=h({key:"",rows:[],next:null,busy:!1,problem:null}),c=i.key===a?i:{key:a,rows:[],next:n.data&&n.data.next,busy:!1,problem:null},u=async()=>{r({...c,busy:!0,problem:null});let $=new URL(c.next);try{let f=await J(`/actions${$.search}`);r({key:a,rows:[...c.rows,...f.results],next:f.next,busy:!1,problem:null})}catch(f){r({...c,busy:!1,problem:f})}};return{first:n,rows:n.data?[...n.data.results,...c.rows]:[],next:c.next,busy:c.busy,problem:c.problem,load:u}}function Je(e){let s=[];for(let o of e){let a=x(o.traded_at,{withTime:!1});(!s.length||s[s.length-1].day!==a)&&s.push({day:a,rows:[]}),s[s.length-1].rows.push(o)}return s}function Ke({accounts:e,account:s,onClose:o,onDone:a}){let[n,i]=h({secid:"",side:"BUY",qty:"",unit:"lots",at:"",stop:"",when:"",commission:""}),[r,c]=h(!1),{busy:u,problem:$,write:f}=fe(),p=Z(n.secid),b=q=>D=>i(B=>({...B,[q]:D})),S={secid:n.secid?"":t("field.required"),qty:g(n.qty,{whole:!0}),at:g(n.at),commission:n.commission&&v(n.commission)!==0?g(n.commission,{needed:!1}):"",stop:X(n.stop,v(n.at),n.side==="BUY")},_=(q,...D)=>r&&S[q]||C($,...D),U=async()=>{if(c(!0),Object.values(S).some(Boolean))return;let q=await f("POST","/actions",{account_id:s||(e[0]?e[0].id:void 0),secid:n.secid,side:n.side,qty:v(n.qty),qty_unit:n.unit,price:v(n.at),commission:v(n.commission)??void 0,stop:v(n.stop)??void 0,traded_at:n.when?`${n.when}:00+03:00`:void 0});q&&(Q([t("journal.told",{secid:n.secid}),...q.remarks.map(D=>D.text)].join(" ")),a())};return l`<${be} title=${t("journal.tell")} onClose=${o} onSubmit=${U} busy=${u} submit=${t("action.save")} problem=${A($,We)}>
    <${O} name="trade-secid" label=${t("form.share")} secid=${n.secid} onPick=${b("secid")} error=${p.problem&&t("field.unknown_ticker")||_("secid","secid")} />
    <${j} label=${t("form.side")} value=${n.side} onChange=${b("side")} options=${[["BUY",t("action.BUY")],["SELL",t("action.SELL")]]} />
    <div class="field-pair"><${w} name="trade-qty" label=${t("form.qty")} value=${n.qty} onInput=${b("qty")} inputmode="numeric" error=${_("qty","qty")} autocomplete="off" hint=${p.facts?t("form.lot",{n:p.facts.lot_size,count:d(p.facts.lot_size)}):""} />
      <${j} label=${t("form.unit")} value=${n.unit} onChange=${b("unit")} options=${[["lots",t("unit.lots")],["shares",t("unit.shares")]]} /></div>
    <div class="field-two"><${w} name="trade-price" label=${t("form.price")} value=${n.at} onInput=${b("at")} inputmode="decimal" suffix="₽" error=${_("at","price")} autocomplete="off" />
      <${w} name="trade-commission" label=${t("form.commission")} value=${n.commission} onInput=${b("commission")} inputmode="decimal" suffix="₽" error=${_("commission","commission")} autocomplete="off" /></div>
    <p class="fine">${t("form.commission.hint")}</p>
    <${w} name="trade-when" label=${t("form.when")} type="datetime-local" value=${n.when} onInput=${b("when")} hint=${t("form.when.hint")} error=${C($,"traded_at")} />
    <${w} name="trade-stop" label=${t("form.stop")} value=${n.stop} onInput=${b("stop")} inputmode="decimal" suffix="₽" hint=${t("form.stop.hint")} error=${_("stop","stop")} autocomplete="off" />
  <//>`}function Ve({accounts:e,account:s,secid:o,onAccount:a,onSecid:n}){return l`<div class="field-two journal-filter">
    <${O} name="journal-secid" label=${t("journal.share")} secid=${o} onPick=${n} />
    ${e.length>1&&l`<${he} name="journal-account" label=${t("portfolio.accounts")} value=${String(s||"")} onChange=${i=>a(Number(i))}
      options=${[["",t("journal.all")],...e.map(i=>[String(i.id),i.name])]} />`}
  </div>`}function ke(){let[e,s]=h(""),[o,a]=h(0),[n,i]=h(0),[r,c]=h(!1),u=P("portfolio.accounts",y=>M("/accounts",{},y)),$=u.data?u.data.results:[],f=$.filter(y=>y.kind==="real"),{first:p,rows:b,next:S,busy:_,problem:U,load:q}=He(o||"",e,n),D=()=>{c(!1);for(let y of["journal|","portfolio","report|"])K(y);i(n+1)},B=!!(e||o);return l`<div class="doors"><button class="button" onClick=${()=>c(!0)}>${t("journal.tell")}</button>
      <button class="button button-quiet" onClick=${()=>V({tab:"portfolio"})}>${t("portfolio.import")}</button></div>
    ${(b.length>0||B)&&l`<${Ve} accounts=${$} account=${o} secid=${e} onAccount=${a} onSecid=${s} />`}
    ${p.loading&&l`<${G} heights=${[64,64,64,64]} />`}
    ${p.problem&&!p.data&&l`<${I} problem=${p.problem} onRetry=${p.reload} />`}
    ${p.data&&!b.length&&l`<${Y} title=${t(B?"journal.nothing":"journal.empty")} text=${t(B?"journal.nothing.text":"journal.empty.text")} />`}
    ${Je(b).map(y=>l`<section key=${y.day} aria-label=${y.day}><h2 class="section-title">${y.day}</h2>
      <ul class="card list lines">${y.rows.map(ie=>l`<${Ne} key=${ie.id} trade=${ie} />`)}</ul></section>`)}
    ${U&&l`<${I} problem=${U} onRetry=${q} />`}
    ${S&&!U&&l`<button class="button button-quiet wide" disabled=${_} onClick=${q}>${t("journal.more")}</button>`}
    ${r&&l`<${Ke} accounts=${f} account=${f.some(y=>y.id===o)?o:0} onClose=${()=>c(!1)} onDone=${D} />`}`}var[z,T]=[320,96],W=e=>z/Math.max(e.length,1),we=(e,s)=>`${e}: ${s.map(o=>`${o.label} ${o.text}`).join(", ")}`;function _e({label:e,points:s,top:o}){let a=s.map((i,r)=>({...i,x:W(s)*(r+.5),y:i.value===null?null:T*(1-i.value/o)})),n=[[]];for(let i of a)i.y===null?n.push([]):n[n.length-1].push(`${i.x.toFixed(1)},${i.y.toFixed(1)}`);return l`<svg class="small-chart" viewBox="0 -16 ${z} ${T+36}" role="img" aria-label=${we(e,s)}>
    ${[0,.5,1].map(i=>l`<line key=${i} class="chart-grid" x1="0" x2=${z} y1=${T*i} y2=${T*i} />`)}
    ${n.filter(i=>i.length>1).map(i=>l`<polyline key=${i[0]} class="chart-line" points=${i.join(" ")} />`)}
    ${a.map(i=>l`<g key=${i.label}>${i.y!==null&&l`<circle class="chart-dot" cx=${i.x} cy=${i.y} r="4" /><text x=${i.x} y=${i.y-8} text-anchor="middle" class="chart-value">${i.text}</text>`}
        <text x=${i.x} y=${T+16} text-anchor="middle">${i.label}</text></g>`)}</svg>`}function xe({label:e,bars:s}){let[o,a]=[Math.max(0,...s.map(r=>r.value)),Math.min(0,...s.map(r=>r.value))],n=T/(o-a||1),i=o*n;return l`<svg class="small-chart" viewBox="0 -4 ${z} ${T+40}" role="img" aria-label=${we(e,s)}>
    ${s.map((r,c)=>{let u=Math.max(Math.abs(r.value)*n,1),$=W(s)*(c+.2);return l`<g key=${r.label}><rect class=${r.value<0?"bar-down":"bar-up"} x=${$.toFixed(1)} y=${(r.value<0?i:i-u).toFixed(1)} width=${(W(s)*.6).toFixed(1)} height=${u.toFixed(1)} rx="2"><title>${r.text}</title></rect>
        <text x=${(W(s)*(c+.5)).toFixed(1)} y=${T+16} text-anchor="middle">${r.label}</text>
        <text x=${(W(s)*(c+.5)).toFixed(1)} y=${T+32} text-anchor="middle" class="chart-value">${r.short}</text></g>`})}
    <line class="chart-zero" x1="0" x2=${z} y1=${i} y2=${i} /></svg>`}var ne=864e5,Ge={low:"!",medium:"!!",high:"!!!"};function Ce(e){let s=new Date(Date.UTC(e.getUTCFullYear(),e.getUTCMonth(),e.getUTCDate()));s.setUTCDate(s.getUTCDate()+4-(s.getUTCDay()||7));let o=Date.UTC(s.getUTCFullYear(),0,1);return`${s.getUTCFullYear()}-W${String(Math.ceil(((s-o)/ne+1)/7)).padStart(2,"0")}`}function oe(e,s){let[o,a]=e.split("-W").map(Number),n=new Date(Date.UTC(o,0,4)),i=n.getTime()+((a-1)*7-((n.getUTCDay()||7)-1)+7*s)*ne;return Ce(new Date(i))}var Se=()=>oe(Ce(new Date),-1),Te=e=>t("report.week.short",{n:Number(e.split("-W")[1])});function Qe(e){let[s,o]=[e.begins_at,e.ends_at].map(n=>new Date(`${n.slice(0,10)}T12:00:00Z`)),a=n=>x(n.toISOString(),{withTime:!1});return`${a(s)} \u2013 ${a(new Date(o-ne))}`}function Ze({week:e,isLast:s,report:o,onChoose:a}){return l`<div class="chooser"><button class="icon-button" onClick=${()=>a(oe(e,-1))} aria-label=${t("report.before")}><span aria-hidden="true">‹</span></button>
    <p class="grow" aria-live="polite"><b>${t("report.week",{n:Number(e.split("-W")[1]),year:e.slice(0,4)})}</b>${o&&l`<small>${Qe(o)}</small>`}</p>
    <button class="icon-button" disabled=${s} onClick=${()=>a(oe(e,1))} aria-label=${t("report.after")}><span aria-hidden="true">›</span></button></div>`}function Xe({report:e,weeks:s}){let{score:o,score_trend:a}=e,n=o===null?t("report.nothing"):a===null?t("report.trend.none"):null;return l`<section class="card score" aria-labelledby="score-title">
    <div class="score-head"><p class="score-figure">${o===null?"\u2013":l`${o}<small>/100</small>`}</p>
      <div class="grow"><h2 id="score-title">${t("report.score")}</h2>
        <p class="fine">${n||l`<b class="text-${de(a)}"><span aria-hidden="true">${a>0?"\u25B2":a<0?"\u25BC":"\u25CF"} </span>${t("report.trend",{points:`${a>0?"+":a<0?"\u2212":""}${d(Math.abs(a),1)}`})}</b>`}</p></div></div>
    ${s.length>1&&l`<${_e} label=${t("report.score.weeks")} top=${100} points=${s.map(i=>({label:Te(i.week),value:i.score,text:i.score===null?"\u2013":String(i.score)}))} />`}
  </section>`}var et=e=>t("report.decisions",{n:e.decisions,count:d(e.decisions),won:d(e.winners)});function tt({report:e}){let s=Math.max(Math.abs(e.followed.pnl_rub),Math.abs(e.own.pnl_rub),1),o=a=>{let n=e[a];return l`<li key=${a}><p class="even-head"><span>${t(`report.${a}`)}</span><${R} rub=${n.pnl_rub} /></p>
      <div class="even-bar" aria-hidden="true"><div class="even-fill ${n.pnl_rub<0?"fill-down":"fill-up"}" style=${{width:`${Math.abs(n.pnl_rub)/s*100}%`}}></div></div>
      <p class="fine">${et(n)}</p></li>`};return l`<section class="card" aria-labelledby="sides-title"><h2 id="sides-title">${t("report.sides")}</h2>
    <ul class="sides">${["followed","own"].map(o)}</ul>
    ${e.followed.decisions+e.own.decisions<20&&l`<p class="fine">${t("report.few")}</p>`}</section>`}function st({one:e}){let s=e.trade_ids.slice(0,8).map(o=>`\u2116${o}`).join(", ");return l`<li>${e.text}<small>${x(e.at)}${s&&` \xB7 ${t("report.trades",{ids:s+(e.trade_ids.length>8?" \u2026":"")})}`}${e.cost_rub>0?` \xB7 ${m(-e.cost_rub)}`:""}</small></li>`}function ot({one:e,total:s,first:o}){let a=e.cost_rub===0&&e.cost_alone_rub>0;return l`<details class="habit" open=${o}><summary>
      <span class="severity severity-${e.severity}" role="img" aria-label=${t(`report.severity.${e.severity}`)}>${Ge[e.severity]}</span>
      <span class="grow">${e.title} <small>×${e.count}</small></span>
      <b>${a?l`<small>${t("report.elsewhere",{sum:m(e.cost_alone_rub)})}</small>`:e.cost_rub>0?m(-e.cost_rub):m(0)}</b></summary>
    <div class="even-bar" aria-hidden="true"><div class="even-fill fill-down" style=${{width:`${s?e.cost_rub/s*100:0}%`}}></div></div>
    <ul class="findings">${e.findings.map((n,i)=>l`<${st} key=${i} one=${n} />`)}</ul></details>`}function nt({report:e}){return l`<section class="card" aria-labelledby="habits-title">
    <div class="card-head"><h2 id="habits-title">${t("report.habits")}</h2><b>${e.total_cost_rub>0?m(-e.total_cost_rub):m(0)}</b></div>
    <p class="fine">${t(e.mistakes.length?"report.habits.once":"report.habits.none")}</p>
    ${e.mistakes.map((s,o)=>l`<${ot} key=${s.kind} one=${s} total=${e.total_cost_rub} first=${o===0} />`)}</section>`}function qe({one:e,kind:s}){return e?l`<${k} label=${t(`report.${s}`)} value=${l`${e.secid} <${R} rub=${e.pnl_rub} />`}
    note=${[t(`action.${e.side}`),x(e.at),t(e.followed?"report.by_signal":"report.by_self"),...e.mistakes].join(" \xB7 ")} kind="figure-wide ${s==="best"?"mark-up":"mark-down"}" />`:null}function it({report:e}){let s=[...e.earlier,e];return l`<div class="two"><div class="two-side"><${Xe} report=${e} weeks=${s} />
    <section class="card"><h2>${t("report.result")}</h2>
      <dl class="figures"><${k} label=${t("report.result.week")} value=${l`<${R} rub=${e.pnl_rub} />`} note=${t("report.decisions.count",{n:e.decisions,count:d(e.decisions)})} />
        <${k} label=${t("report.closed")} value=${l`<${R} rub=${e.closed.pnl_rub} />`} note=${t("report.exits",{n:e.closed.exits,count:d(e.closed.exits),won:d(e.closed.winners)})} />
        <${qe} one=${e.best} kind="best" /><${qe} one=${e.worst} kind="worst" /></dl>
      ${s.length>1&&l`<p class="fine">${t("report.result.weeks")}</p><${xe} label=${t("report.result.weeks")} bars=${s.map(o=>({label:Te(o.week),value:o.pnl_rub,text:m(o.pnl_rub,{signed:!0}),short:m(o.pnl_rub,{signed:!0}).replace(/\s?₽/,"")}))} />`}
    </section>
    <${tt} report=${e} /></div>
    <div class="two-side"><${nt} report=${e} />
    <section class="card advice-card" aria-labelledby="advice-title"><h2 id="advice-title">${t("report.advice")}</h2><ol>${e.advice.slice(0,3).map(o=>l`<li key=${o.code}>${o.text}</li>`)}</ol></section>
    ${!e.capital_known&&l`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("report.capital")}</span></p>`}
    <p class="fine">${t("report.made",{when:x(e.made_at)})} · <a href="/app/report/?week=${e.week}&lang=${E.value}" target="_blank" rel="noopener">${t("report.print")}</a></p></div></div>`}function je(){let[e,s]=h(""),[o,a]=h(""),n=P(`report|${e}|${E.value}`,$=>M("/user_weekly_report",{week:e},$)),i=n.data;!e&&i&&i.week!==o&&a(i.week);let r=e||(i?i.week:Se()),c=$=>s($===o?"":$),u=i&&!i.decisions&&!i.closed.exits&&!i.mistakes.length&&!i.earlier.some($=>$.decisions);return l`<${Ze} week=${r} isLast=${!e||r>=(o||Se())} report=${i} onChoose=${c} />
    ${n.problem&&n.problem.code==="week_not_over"?l`<${Y} title=${t("report.not_over")} text=${t("report.not_over.text")} />`:u?l`<${Y} title=${t("report.empty")} text=${t("report.empty.text")} />`:l`<${me} from=${n} heights=${[176,120,96,176]}>${$=>l`<${it} report=${$} />`}<//>`}`}var ee=["check","week","journal"],Ue=N(ee[0]);function Ot({view:e="",ticker:s="",side:o=""}){let a=ee.includes(e)?e:s?ee[0]:Ue.value,n=i=>{Ue.value=i,V({tab:"coach",view:i},{replace:!0})};return l`<main class="screen coach" id="main">
    <${pe} title=${t("coach.title")} />
    <${j} label=${t("coach.view")} value=${a} onChange=${n} options=${ee.map(i=>[i,t(`coach.view.${i}`)])} />
    ${a==="check"&&l`<${ge} ticker=${s} side=${o} />`}
    ${a==="week"&&l`<${je} />`}
    ${a==="journal"&&l`<${ke} />`}
  </main>`}export{Ot as CoachScreen};
