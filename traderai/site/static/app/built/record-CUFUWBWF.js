import{a as N,b as J,c as Q}from"./chunk-3URO74BB.js";import{$ as G,B as u,D as m,E,O,W as j,b as f,ba as H,c as M,da as x,ea as S,f as B,fa as q,h as s,ha as F,ka as U,n as R,na as L,oa as K,pa as C,q as z,qa as Y,r,s as $,sa as Z,ua as D,va as v,x as b}from"./chunk-OFME77TP.js";var le="\xA0",ce=["signal","horizon","regime","month","strength","model_version"],V=12,p=e=>b(e,{digits:1}),y=e=>b(e);function _({low:e,high:t},n){return e===null||t===null?r("record.few"):`${n(e)}${le}\u2026 ${n(t)}`}function ie({value:e,low:t,high:n}){return e===null||t===null||n===null?"few":t>0?"gain":n<0?"loss":"unsure"}var de={gain:["\u25B2","up"],loss:["\u25BC","down"],unsure:["\u2248","flat"],few:["\u25CB","flat"]};function $e({record:e}){let t={replay:"replay",simulated:"simulated"}[e.source];return s`<span class="badges">
    ${t&&s`<${U} kind=${t} note=${t==="replay"?r("record.replay.why"):void 0} />`}
    <${U} kind=${e.proven?"proven":"paper"} label=${e.proven?r("record.proven"):void 0} note=${r(e.proven?"record.proven.why":"record.paper.why")} />
  </span>`}function X({record:e}){let{figures:t,told:n,level:c}=e,i=ie(t.expectancy_r),[d,o]=de[i],a=r("record.interval",{p:b(2*c-1)});return s`<section class="card call call-${o}">
    <${$e} record=${e} />
    <h2 class="record-verdict"><span aria-hidden="true">${d}</span> ${r(`record.verdict.${i}`)}</h2>
    <p class="fine">${r("record.of",{n:t.trades,count:$(t.trades),days:r("record.days",{n:t.days})})} ${a}</p>
    <dl class="figures">
      <${v} label=${r("record.mean")} value=${u(t.expectancy_r.value,2)} note=${_(t.expectancy_r,l=>u(l,2))} kind="figure-wide" />
      <${v} label=${r("record.hit")} value=${p(t.hit_rate.value)} note=${_(t.hit_rate,p)} />
      <${v} label=${r("record.needed")} value=${p(t.break_even)} />
      <${v} label=${r("record.total")} value=${u(t.total_r)} />
      <${v} label=${r("record.drawdown")} value=${u(-t.drawdown_r)} />
      <${v} label=${r("record.factor")} value=${$(t.profit_factor.value,2)} note=${_(t.profit_factor,l=>$(l,2))} kind="figure-wide" />
    </dl>
    <${P} rows=${e.base_rates} />
    <${W} told=${n} reasons=${e.void_reasons} />
  </section>`}function P({rows:e}){return e.length?s`<table class="grouped record-groups"><caption class="fine">${r("record.base")}</caption><thead><tr>
      <th scope="col"><span class="unseen">${r("record.by.signal")}</span></th><th scope="col" class="n">${r("record.hit.short")}</th><th scope="col" class="n">${r("record.mean.short")}</th></tr></thead>
    <tbody>${e.map(t=>s`<tr><th scope="row">${ae("signal",t.signal)}<small>${A(t.horizon)} · n = ${$(t.rows)}</small></th>
        <td class="n">${p(t.hit_rate)}</td><td class="n text-${S(t.mean_r)}">${u(t.mean_r,2)}</td></tr>`)}</tbody></table>`:null}function W({told:e,reasons:t}){let n=["traded","open","no_trade","void"].filter(i=>e[i]).map(i=>r(`record.told.${i}`,{n:$(e[i])})),c=t.map(i=>`${z(`play.void.${i.name}`)?r(`play.void.${i.name}`):i.name}: ${$(i.number)}`);return s`<p class="fine">${r("record.told",{n:$(e.total),parts:n.join(", ")})}
    ${e.withdrawn>0&&` ${r("record.withdrawn",{n:$(e.withdrawn)})}`}
    ${e.seen_by_gate>0&&` ${r("record.seen",{n:$(e.seen_by_gate)})}`}
    ${c.length>0&&` ${r("record.voids",{reasons:c.join(", ")})}`}</p>`}var g=e=>m(`${e}T12:00:00+03:00`,{withTime:!1});function ee({curve:e}){if(e.length<2)return s`<section class="card"><h2>${r("record.equity")}</h2><p class="fine">${r("record.equity.few")}</p></section>`;let t=e[e.length-1],n=e.some(a=>a.low!==null),c=e.map(a=>({y:a.r,...n&&{low:a.low??a.r,high:a.high??a.r},name:g(a.date)})),i=e.map(a=>({y:-a.drawdown_r,name:g(a.date)})),d=e.reduce((a,l)=>l.drawdown_r>a.drawdown_r?l:a,e[0]),o=a=>u(a,Math.abs(a)%1?1:0);return s`<section class="card"><h2>${r("record.equity")}</h2>
    <${N} points=${c} base=${0} format=${o} label=${r("record.equity.label",{r:u(t.r),first:g(e[0].date),last:g(t.date)})}
      table=${{heads:[r("record.day"),r("record.sum"),r("record.low"),r("record.high")],rows:e.map(a=>[g(a.date),u(a.r),u(a.low),u(a.high)])}} />
    <p class="fine">${r(n?"record.equity.key":"record.equity.nobands")}</p>
    <h3>${r("record.falls")}</h3>
    <${N} points=${i} base=${0} filled height=${120} format=${o} label=${r("record.falls.label",{r:u(-d.drawdown_r),when:g(d.date)})}
      table=${{heads:[r("record.day"),r("record.falls")],rows:e.map(a=>[g(a.date),u(-a.drawdown_r)])}} />
  </section>`}function te({groups:e}){return e.length?s`<section class="card"><h2>${r("record.confidence")}</h2>
    <ul class="rates">${e.map(t=>{let n=t.name.replace("-","\u2013"),{value:c,low:i,high:d}=t.hit_rate,o=r("record.confidence.label",{name:n,n:t.trades,hit:p(c),interval:_(t.hit_rate,p),needed:p(t.break_even)});return s`<li><div class="rate-head"><b>${n}</b><span class="fine">${r("record.trades",{n:t.trades,count:$(t.trades)})}</span><span class="grow"></span><b>${y(c)}</b></div>
        <${Q} rate=${c} low=${i??c} high=${d??c} needed=${t.break_even} label=${o} />
        <p class="fine">${_(t.hit_rate,y)} · ${r("record.needs",{needed:y(t.break_even)})}</p></li>`})}</ul>
    <p class="fine">${r("record.confidence.key")}</p></section>`:null}function re({rows:e}){let t=e.filter(a=>a.realised.value!==null);if(!t.length)return null;let n=t.map(({predicted:a,realised:l,trades:w})=>({x:a,y:l.value,low:l.low??l.value,high:l.high??l.value,n:w})),c={heads:[r("record.calibration.told"),r("record.calibration.came"),r("record.bounds"),"n"],rows:t.map(a=>[p(a.predicted),p(a.realised.value),_(a.realised,y),$(a.trades)])},i=t.reduce((a,l)=>a+l.trades,0),d=a=>t.reduce((l,w)=>l+a(w)*w.trades,0)/i,o=r("record.calibration.label",{told:p(d(a=>a.predicted)),came:p(d(a=>a.realised.value)),n:$(i)});return s`<section class="card"><h2>${r("record.calibration")}</h2>
    <p class="fine">${o}</p>
    <${J} dots=${n} format=${y} label=${o} names=${{x:r("record.calibration.told"),y:r("record.calibration.came")}} table=${c} />
    <p class="fine">${r("record.calibration.key")}</p></section>`}function A(e){let t=parseInt(e,10);return r(e.endsWith("min")?"record.minutes":e.endsWith("bars")?"play.bars":"horizon.days",{n:t})}function ae(e,t){if(e==="signal")return`${x[t]||""} ${r(`action.${t}`)}`;if(e==="horizon")return A(t);if(e==="month")return new Date(`${t}-15T00:00:00Z`).toLocaleDateString(R.value==="ru"?"ru-RU":"en-US",{month:"short",year:"numeric",timeZone:"UTC"}).replace(/ г\.$/,"");let n=e==="strength"?`record.strength.${t}`:`${e}.${t}`;return z(n)?r(n):t==="unknown"?r("play.unknown"):t}function se({groups:e}){let[t,n]=f("horizon"),[c,i]=f(!1),d=t==="month"?[...e[t]].reverse():e[t],o=c?d:d.slice(0,V);return s`<section class="card"><h2>${r("record.groups")}</h2>
    <div class="chips record-ways" role="group" aria-label=${r("record.groups")}>${ce.map(a=>s`<button class="chip" aria-pressed=${String(t===a)} onClick=${()=>n(a)}>${r(`record.by.${a}`)}</button>`)}</div>
    <div class="scroll" tabindex="0" role="region" aria-label=${r(`record.by.${t}`)}><table class="grouped record-groups"><thead><tr>
      <th scope="col">${r(`record.by.${t}`)}</th><th scope="col" class="n">${r("record.hit.short")}</th><th scope="col" class="n">${r("record.mean.short")}</th></tr></thead>
      <tbody>${o.map(a=>s`<tr><th scope="row">${ae(t,a.name)}<small>${r("record.trades",{n:a.trades,count:$(a.trades)})}</small></th>
          <td class="n">${y(a.hit_rate.value)}<small>${r("record.needs",{needed:y(a.break_even)})}</small></td>
          <td class="n"><span class="text-${S(a.expectancy_r.value)}">${u(a.expectancy_r.value,2)}</span><small>${_(a.expectancy_r,l=>$(l,2).replace("-","\u2212"))}</small></td></tr>`)}</tbody></table></div>
    ${!c&&d.length>V&&s`<button class="link" onClick=${()=>i(!0)}>${r("record.all_rows",{n:d.length})}</button>`}
  </section>`}function I({caveats:e}){return s`<section class="card"><h2>${r("record.caveats")}</h2>
    <ul class="caveats">${e.map(t=>s`<li key=${t.code}>${t.text}</li>`)}<li>${r("record.caveat.past")}</li></ul></section>`}var ue=["BUY","SELL","HOLD"],pe=20,me=300,he={take_profit:"\u2713",stop_loss:"\u2715",timeout:"\u25F7",no_trade:"\u25CF",void:"\u25CB",open:"\u2026"};function fe(e){let t=JSON.stringify(e),n={key:t,rows:null,next:"",problem:null,busy:!0},[c,i]=f(n),d=c.key===t?c:n,o=(a,l,w)=>{i({...l,busy:!0,problem:null}),O("/signals",{...e,told:"true",page_size:pe,cursor:a},w).then(h=>{let oe=h.next?new URL(h.next,window.location.href).searchParams.get("cursor"):"";i({key:t,rows:[...l.rows||[],...h.results],next:oe,problem:null,busy:!1,now:h.servedAt})},h=>h.name!=="AbortError"&&i({...l,problem:h,busy:!1}))};return M(()=>{let a=new AbortController,l=setTimeout(()=>o("",n,a.signal),e.secid?me:0);return()=>{clearTimeout(l),a.abort()}},[t]),{...d,more:()=>o(d.next,d),again:()=>o("",n)}}function be(e){if(!e.outcome)return{code:"open",words:r("record.end.open"),r:null};let t=e.outcome.result;return{code:t,words:r(`record.end.${t}`),r:t==="no_trade"||t==="void"?null:e.outcome.r}}function ve({row:e,now:t}){let n=be(e),c={ticker:e.secid,horizon:e.horizon},i=[A(e.horizon),e.confidence!==null&&`${e.confidence}/100`,e.probability!==null&&r("record.row.p",{p:b(e.probability),needed:b(e.break_even_probability)}),!e.proven&&r("badge.paper")];return s`<li class="said"><a href=${G(c)} onClick=${H(c)}>
    <span class="said-head"><b><span class="text-${q(e.signal)}"><span aria-hidden="true">${x[e.signal]}</span> ${r(`action.${e.signal}`)}</span> ${e.secid}</b>
      <span class="said-end"><small><span aria-hidden="true">${he[n.code]}</span> ${n.words}</small>${n.r!==null&&s` <b class="text-${S(n.r)}">${u(n.r)}</b>`}</span></span>
    <small>${m(e.as_of)} · ${E((t-Date.parse(e.as_of))/1e3)}</small>
    <small>${i.filter(Boolean).join(" \xB7 ")}</small>
  </a></li>`}function ne({source:e}){let[t,n]=f(""),[c,i]=f(""),d=c.trim().toUpperCase(),o=fe({source:e,signal:t,secid:d}),a=o.problem&&(o.problem.status===404||o.problem.status===422);return s`<section class="record-list"><h2>${r("record.list")}</h2>
    <p class="fine">${r("record.list.key")}</p>
    <div class="tools"><input class="search" type="search" placeholder=${r("record.list.search")} aria-label=${r("record.list.search")} value=${c} autocapitalize="characters" onInput=${l=>i(l.target.value)} /></div>
    <div class="chips" role="group" aria-label=${r("market.filter")}><button class="chip" aria-pressed=${String(!t)} onClick=${()=>n("")}>${r("market.all")}</button>
      ${ue.map(l=>s`<button class="chip tone-${q(l)}" aria-pressed=${String(t===l)} onClick=${()=>n(t===l?"":l)}>
        <span aria-hidden="true">${x[l]}</span> ${r(`action.${l}`)}</button>`)}</div>
    ${a&&s`<${C} title=${r("record.list.nothing")} text=${L(o.problem)} />`}
    ${o.problem&&!a&&!o.rows&&s`<${K} problem=${o.problem} onRetry=${o.again} />`}
    ${o.busy&&!o.rows&&s`<${Z} heights=${[72,72,72]} />`}
    ${o.rows&&o.rows.length===0&&s`<${C} title=${r("record.list.nothing")} text=${r("record.list.nothing.text")} />`}
    ${o.rows&&o.rows.length>0&&s`<ul class="card list saids">${o.rows.map(l=>s`<${ve} key=${l.id} row=${l} now=${o.now} />`)}</ul>`}
    ${o.problem&&o.rows&&s`<p class="field-error" role="alert">${L(o.problem)}</p>`}
    ${o.rows&&o.next&&s`<button class="button button-quiet" disabled=${o.busy} onClick=${o.more}>${r(o.busy?"state.loading":"record.list.more")}</button>`}
    ${o.rows&&o.rows.length>0&&!o.next&&s`<p class="fine record-end">${r("record.list.end",{n:o.rows.length})}</p>`}
  </section>`}var ge=["live","replay","simulated"],ye=7*86400,_e=300,k=B("live"),T=B(!1);function we(){return s`<div class="tools">
    <${D} label=${r("record.source")} value=${k.value} onChange=${e=>k.value=e} options=${ge.map(e=>[e,r(`record.source.${e}`)])} />
    <${D} label=${r("record.kind")} value=${T.value?"proven":"paper"} onChange=${e=>T.value=e==="proven"}
      options=${[["paper",r("record.kind.paper")],["proven",r("record.kind.proven")]]} />
  </div>
  <p class="fine">${r(`record.source.${k.value}.means`)}</p>`}function ke({record:e}){let t=e.told.total>0,n=e.said.reduce((d,o)=>d+o.number,0),c=e.told.no_trade>0?"held":t?"open":"",i=e.said.map(d=>`${r(`action.${d.name}`)}: ${$(d.number)}`).join(", ");return s`<${C} title=${r(c?`record.empty.${c}`:"record.empty")} text=${r(c?`record.empty.${c}.text`:e.proven?"record.empty.proven":"record.empty.text")}>
    ${n>0&&s`<p class="fine">${r("record.empty.said",{said:i})}</p>`}
    ${t&&s`<${W} told=${e.told} reasons=${e.void_reasons} />`}
    ${e.proven?s`<button class="button" onClick=${()=>T.value=!1}>${r("record.empty.paper")}</button>`:e.source==="live"&&s`<button class="button" onClick=${()=>k.value="replay"}>${r("record.empty.replay")}</button>`}
  <//>
  ${e.base_rates.length>0&&s`<section class="card"><h2>${r("record.empty.base")}</h2><${P} rows=${e.base_rates} /></section>`}`}function xe({record:e}){let t=e.told.last_at?(e.servedAt-Date.parse(e.told.last_at))/1e3:0;return e.source!=="live"||t<ye?null:s`<div class="note note-stale" role="status"><span aria-hidden="true">◷</span><span>${r("record.old",{when:m(e.told.last_at),ago:E(t)})}</span></div>`}function Se({record:e}){let{figures:t,told:n}=e;return s`<${xe} record=${e} />
    ${n.total>0&&s`<p class="fine">${r("record.span",{first:m(n.first_at,{withTime:!1}),last:m(n.last_at,{withTime:!1}),as_of:m(e.as_of)})}</p>`}
    ${!t&&s`<${ke} record=${e} />`}
    ${t&&s`<div class="record-grid">
      <${X} record=${e} />
      <${ee} curve=${e.curve} />
      <${te} groups=${e.groups.confidence} />
      <${re} rows=${e.calibration} />
      <${se} groups=${e.groups} />
      <${I} caveats=${e.caveats} />
    </div>`}
    ${!t&&e.caveats.length>0&&s`<${I} caveats=${e.caveats} />`}
    ${n.total>0&&s`<${ne} key=${e.source} source=${e.source} />`}`}function Ge(){let e=`track_record|${k.value}|${T.value}|${R.value}`,t=j(e,n=>O("/track_record",{source:k.value,proven:String(T.value)},n),_e);return s`<main class="screen record" id="main">
    <${F} title=${r("record.title")} withBack />
    <${we} />
    <${Y} from=${t} heights=${[260,240,200]}>${n=>s`<${Se} record=${n} />`}<//>
  </main>`}export{Ge as RecordScreen};
