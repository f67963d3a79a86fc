import{a as N,b as Z,c as J}from"./chunk-3URO74BB.js";import{$ as j,B as u,D as m,E as R,O,W as M,b as f,ba as G,c as I,da as x,ea as S,f as z,fa as q,h as s,ha as H,ka as U,n as E,na as L,oa as F,pa as C,q as B,qa as K,r,s as $,sa as Y,ua as D,va as v,x as b}from"./chunk-OFME77TP.js";var oe="\xA0",le=["signal","horizon","regime","month","strength","model_version"],Q=12,p=e=>b(e,{digits:1}),y=e=>b(e);function _({low:e,high:t},n){return e===null||t===null?r("record.few"):`${n(e)}${oe}\u2026 ${n(t)}`}function ce({value:e,low:t,high:n}){return e===null||t===null||n===null?"few":t>0?"gain":n<0?"loss":"unsure"}var ie={gain:["\u25B2","up"],loss:["\u25BC","down"],unsure:["\u2248","flat"],few:["\u25CB","flat"]};function de({record:e}){let t={replay:"replay",simulated:"simulated"}[e.source];return s`<span class="badges">
    ${t&&s`<${U} kind=${t} note=${t==="replay"?r("record.replay.why"):void 0} />`}
    <${U} kind=${e.proven?"proven":"paper"} label=${e.proven?r("record.proven"):void 0} note=${r(e.proven?"record.proven.why":"record.paper.why")} />
  </span>`}function V({record:e}){let{figures:t,told:n,level:i}=e,c=ce(t.expectancy_r),[d,o]=ie[c],a=r("record.interval",{p:b(2*i-1)});return s`<section class="card call call-${o}">
    <${de} record=${e} />
    <h2 class="record-verdict"><span aria-hidden="true">${d}</span> ${r(`record.verdict.${c}`)}</h2>
    <p class="fine">${r("record.of",{n:t.trades,count:$(t.trades),days:r("record.days",{n:t.days})})} ${a}</p>
    <dl class="figures">
      <${v} label=${r("record.mean")} value=${u(t.expectancy_r.value,2)} note=${_(t.expectancy_r,l=>u(l,2))} kind="figure-wide" />
      <${v} label=${r("record.hit")} value=${p(t.hit_rate.value)} note=${_(t.hit_rate,p)} />
      <${v} label=${r("record.needed")} value=${p(t.break_even)} />
      <${v} label=${r("record.total")} value=${u(t.total_r)} />
      <${v} label=${r("record.drawdown")} value=${u(-t.drawdown_r)} />
      <${v} label=${r("record.factor")} value=${$(t.profit_factor.value,2)} note=${_(t.profit_factor,l=>$(l,2))} kind="figure-wide" />
    </dl>
    <${$e} rows=${e.base_rates} />
    <${P} told=${n} reasons=${e.void_reasons} />
  </section>`}function $e({rows:e}){return e.length?s`<table class="grouped record-groups"><caption class="fine">${r("record.base")}</caption><thead><tr>
      <th scope="col"><span class="unseen">${r("record.by.signal")}</span></th><th scope="col" class="n">${r("record.hit.short")}</th><th scope="col" class="n">${r("record.mean.short")}</th></tr></thead>
    <tbody>${e.map(t=>s`<tr><th scope="row">${re("signal",t.signal)}<small>${A(t.horizon)} · n = ${$(t.rows)}</small></th>
        <td class="n">${p(t.hit_rate)}</td><td class="n text-${S(t.mean_r)}">${u(t.mean_r,2)}</td></tr>`)}</tbody></table>`:null}function P({told:e,reasons:t}){let n=["traded","open","no_trade","void"].filter(c=>e[c]).map(c=>r(`record.told.${c}`,{n:$(e[c])})),i=t.map(c=>`${B(`play.void.${c.name}`)?r(`play.void.${c.name}`):c.name}: ${$(c.number)}`);return s`<p class="fine">${r("record.told",{n:$(e.total),parts:n.join(", ")})}
    ${e.withdrawn>0&&` ${r("record.withdrawn",{n:$(e.withdrawn)})}`}
    ${e.seen_by_gate>0&&` ${r("record.seen",{n:$(e.seen_by_gate)})}`}
    ${i.length>0&&` ${r("record.voids",{reasons:i.join(", ")})}`}</p>`}var g=e=>m(`${e}T12:00:00+03:00`,{withTime:!1});function X({curve:e}){if(e.length<2)return s`<section class="card"><h2>${r("record.equity")}</h2><p class="fine">${r("record.equity.few")}</p></section>`;let t=e[e.length-1],n=e.some(a=>a.low!==null),i=e.map(a=>({y:a.r,...n&&{low:a.low??a.r,high:a.high??a.r},name:g(a.date)})),c=e.map(a=>({y:-a.drawdown_r,name:g(a.date)})),d=e.reduce((a,l)=>l.drawdown_r>a.drawdown_r?l:a,e[0]),o=a=>u(a,Math.abs(a)%1?1:0);return s`<section class="card"><h2>${r("record.equity")}</h2>
    <${N} points=${i} base=${0} format=${o} label=${r("record.equity.label",{r:u(t.r),first:g(e[0].date),last:g(t.date)})}
      table=${{heads:[r("record.day"),r("record.sum"),r("record.low"),r("record.high")],rows:e.map(a=>[g(a.date),u(a.r),u(a.low),u(a.high)])}} />
    <p class="fine">${r(n?"record.equity.key":"record.equity.nobands")}</p>
    <h3>${r("record.falls")}</h3>
    <${N} points=${c} base=${0} filled height=${120} format=${o} label=${r("record.falls.label",{r:u(-d.drawdown_r),when:g(d.date)})}
      table=${{heads:[r("record.day"),r("record.falls")],rows:e.map(a=>[g(a.date),u(-a.drawdown_r)])}} />
  </section>`}function ee({groups:e}){return e.length?s`<section class="card"><h2>${r("record.confidence")}</h2>
    <ul class="rates">${e.map(t=>{let n=t.name.replace("-","\u2013"),{value:i,low:c,high:d}=t.hit_rate,o=r("record.confidence.label",{name:n,n:t.trades,hit:p(i),interval:_(t.hit_rate,p),needed:p(t.break_even)});return s`<li><div class="rate-head"><b>${n}</b><span class="fine">${r("record.trades",{n:t.trades,count:$(t.trades)})}</span><span class="grow"></span><b>${y(i)}</b></div>
        <${J} rate=${i} low=${c??i} high=${d??i} needed=${t.break_even} label=${o} />
        <p class="fine">${_(t.hit_rate,y)} · ${r("record.needs",{needed:y(t.break_even)})}</p></li>`})}</ul>
    <p class="fine">${r("record.confidence.key")}</p></section>`:null}function te({rows:e}){let t=e.filter(a=>a.realised.value!==null);if(!t.length)return null;let n=t.map(({predicted:a,realised:l,trades:w})=>({x:a,y:l.value,low:l.low??l.value,high:l.high??l.value,n:w})),i={heads:[r("record.calibration.told"),r("record.calibration.came"),r("record.bounds"),"n"],rows:t.map(a=>[p(a.predicted),p(a.realised.value),_(a.realised,y),$(a.trades)])},c=t.reduce((a,l)=>a+l.trades,0),d=a=>t.reduce((l,w)=>l+a(w)*w.trades,0)/c,o=r("record.calibration.label",{told:p(d(a=>a.predicted)),came:p(d(a=>a.realised.value)),n:$(c)});return s`<section class="card"><h2>${r("record.calibration")}</h2>
    <p class="fine">${o}</p>
    <${Z} dots=${n} format=${y} label=${o} names=${{x:r("record.calibration.told"),y:r("record.calibration.came")}} table=${i} />
    <p class="fine">${r("record.calibration.key")}</p></section>`}function A(e){let t=parseInt(e,10);return r(e.endsWith("min")?"record.minutes":e.endsWith("bars")?"play.bars":"horizon.days",{n:t})}function re(e,t){if(e==="signal")return`${x[t]||""} ${r(`action.${t}`)}`;if(e==="horizon")return A(t);if(e==="month")return new Date(`${t}-15T00:00:00Z`).toLocaleDateString(E.value==="ru"?"ru-RU":"en-US",{month:"short",year:"numeric",timeZone:"UTC"}).replace(/ г\.$/,"");let n=e==="strength"?`record.strength.${t}`:`${e}.${t}`;return B(n)?r(n):t==="unknown"?r("play.unknown"):t}function ae({groups:e}){let[t,n]=f("horizon"),[i,c]=f(!1),d=t==="month"?[...e[t]].reverse():e[t],o=i?d:d.slice(0,Q);return s`<section class="card"><h2>${r("record.groups")}</h2>
    <div class="chips record-ways" role="group" aria-label=${r("record.groups")}>${le.map(a=>s`<button class="chip" aria-pressed=${String(t===a)} onClick=${()=>n(a)}>${r(`record.by.${a}`)}</button>`)}</div>
    <div class="scroll" tabindex="0" role="region" aria-label=${r(`record.by.${t}`)}><table class="grouped record-groups"><thead><tr>
      <th scope="col">${r(`record.by.${t}`)}</th><th scope="col" class="n">${r("record.hit.short")}</th><th scope="col" class="n">${r("record.mean.short")}</th></tr></thead>
      <tbody>${o.map(a=>s`<tr><th scope="row">${re(t,a.name)}<small>${r("record.trades",{n:a.trades,count:$(a.trades)})}</small></th>
          <td class="n">${y(a.hit_rate.value)}<small>${r("record.needs",{needed:y(a.break_even)})}</small></td>
          <td class="n"><span class="text-${S(a.expectancy_r.value)}">${u(a.expectancy_r.value,2)}</span><small>${_(a.expectancy_r,l=>$(l,2).replace("-","\u2212"))}</small></td></tr>`)}</tbody></table></div>
    ${!i&&d.length>Q&&s`<button class="link" onClick=${()=>c(!0)}>${r("record.all_rows",{n:d.length})}</button>`}
  </section>`}function W({caveats:e}){return s`<section class="card"><h2>${r("record.caveats")}</h2>
    <ul class="caveats">${e.map(t=>s`<li key=${t.code}>${t.text}</li>`)}<li>${r("record.caveat.past")}</li></ul></section>`}var ue=["BUY","SELL","HOLD"],pe=20,me=300,he={take_profit:"\u2713",stop_loss:"\u2715",timeout:"\u25F7",no_trade:"\u25CF",void:"\u25CB",open:"\u2026"};function fe(e){let t=JSON.stringify(e),n={key:t,rows:null,next:"",problem:null,busy:!0},[i,c]=f(n),d=i.key===t?i:n,o=(a,l,w)=>{c({...l,busy:!0,problem:null}),O("/signals",{...e,told:"true",page_size:pe,cursor:a},w).then(h=>{let ne=h.next?new URL(h.next,window.location.href).searchParams.get("cursor"):"";c({key:t,rows:[...l.rows||[],...h.results],next:ne,problem:null,busy:!1,now:h.servedAt})},h=>h.name!=="AbortError"&&c({...l,problem:h,busy:!1}))};return I(()=>{let a=new AbortController,l=setTimeout(()=>o("",n,a.signal),e.secid?me:0);return()=>{clearTimeout(l),a.abort()}},[t]),{...d,more:()=>o(d.next,d),again:()=>o("",n)}}function be(e){if(!e.outcome)return{code:"open",words:r("record.end.open"),r:null};let t=e.outcome.result;return{code:t,words:r(`record.end.${t}`),r:t==="no_trade"||t==="void"?null:e.outcome.r}}function ve({row:e,now:t}){let n=be(e),i={ticker:e.secid,horizon:e.horizon},c=[A(e.horizon),e.confidence!==null&&`${e.confidence}/100`,e.probability!==null&&r("record.row.p",{p:b(e.probability),needed:b(e.break_even_probability)}),!e.proven&&r("badge.paper")];return s`<li class="said"><a href=${j(i)} onClick=${G(i)}>
    <span class="said-head"><b><span class="text-${q(e.signal)}"><span aria-hidden="true">${x[e.signal]}</span> ${r(`action.${e.signal}`)}</span> ${e.secid}</b>
      <span class="said-end"><small><span aria-hidden="true">${he[n.code]}</span> ${n.words}</small>${n.r!==null&&s` <b class="text-${S(n.r)}">${u(n.r)}</b>`}</span></span>
    <small>${m(e.as_of)} · ${R((t-Date.parse(e.as_of))/1e3)}</small>
    <small>${c.filter(Boolean).join(" \xB7 ")}</small>
  </a></li>`}function se({source:e}){let[t,n]=f(""),[i,c]=f(""),d=i.trim().toUpperCase(),o=fe({source:e,signal:t,secid:d}),a=o.problem&&(o.problem.status===404||o.problem.status===422);return s`<section class="record-list"><h2>${r("record.list")}</h2>
    <p class="fine">${r("record.list.key")}</p>
    <div class="tools"><input class="search" type="search" placeholder=${r("record.list.search")} aria-label=${r("record.list.search")} value=${i} autocapitalize="characters" onInput=${l=>c(l.target.value)} /></div>
    <div class="chips" role="group" aria-label=${r("market.filter")}><button class="chip" aria-pressed=${String(!t)} onClick=${()=>n("")}>${r("market.all")}</button>
      ${ue.map(l=>s`<button class="chip tone-${q(l)}" aria-pressed=${String(t===l)} onClick=${()=>n(t===l?"":l)}>
        <span aria-hidden="true">${x[l]}</span> ${r(`action.${l}`)}</button>`)}</div>
    ${a&&s`<${C} title=${r("record.list.nothing")} text=${L(o.problem)} />`}
    ${o.problem&&!a&&!o.rows&&s`<${F} problem=${o.problem} onRetry=${o.again} />`}
    ${o.busy&&!o.rows&&s`<${Y} heights=${[72,72,72]} />`}
    ${o.rows&&o.rows.length===0&&s`<${C} title=${r("record.list.nothing")} text=${r("record.list.nothing.text")} />`}
    ${o.rows&&o.rows.length>0&&s`<ul class="card list saids">${o.rows.map(l=>s`<${ve} key=${l.id} row=${l} now=${o.now} />`)}</ul>`}
    ${o.problem&&o.rows&&s`<p class="field-error" role="alert">${L(o.problem)}</p>`}
    ${o.rows&&o.next&&s`<button class="button button-quiet" disabled=${o.busy} onClick=${o.more}>${r(o.busy?"state.loading":"record.list.more")}</button>`}
    ${o.rows&&o.rows.length>0&&!o.next&&s`<p class="fine record-end">${r("record.list.end",{n:o.rows.length})}</p>`}
  </section>`}var ge=["live","replay","simulated"],ye=7*86400,_e=300,k=z("live"),T=z(!1);function we(){return s`<div class="tools">
    <${D} label=${r("record.source")} value=${k.value} onChange=${e=>k.value=e} options=${ge.map(e=>[e,r(`record.source.${e}`)])} />
    <${D} label=${r("record.kind")} value=${T.value?"proven":"paper"} onChange=${e=>T.value=e==="proven"}
      options=${[["paper",r("record.kind.paper")],["proven",r("record.kind.proven")]]} />
  </div>
  <p class="fine">${r(`record.source.${k.value}.means`)}</p>`}function ke({record:e}){let t=e.told.total>0,n=e.said.reduce((c,d)=>c+d.number,0),i=e.said.map(c=>`${r(`action.${c.name}`)}: ${$(c.number)}`).join(", ");return s`<${C} title=${r(t?"record.empty.open":"record.empty")} text=${r(e.proven&&!t?"record.empty.proven":t?"record.empty.open.text":"record.empty.text")}>
    ${n>0&&s`<p class="fine">${r("record.empty.said",{said:i})}</p>`}
    ${t&&s`<${P} told=${e.told} reasons=${e.void_reasons} />`}
    ${e.proven?s`<button class="button" onClick=${()=>T.value=!1}>${r("record.empty.paper")}</button>`:e.source==="live"&&s`<button class="button" onClick=${()=>k.value="replay"}>${r("record.empty.replay")}</button>`}
  <//>`}function xe({record:e}){let t=e.told.last_at?(e.servedAt-Date.parse(e.told.last_at))/1e3:0;return e.source!=="live"||t<ye?null:s`<div class="note note-stale" role="status"><span aria-hidden="true">◷</span><span>${r("record.old",{when:m(e.told.last_at),ago:R(t)})}</span></div>`}function Se({record:e}){let{figures:t,told:n}=e;return s`<${xe} record=${e} />
    ${n.total>0&&s`<p class="fine">${r("record.span",{first:m(n.first_at,{withTime:!1}),last:m(n.last_at,{withTime:!1}),as_of:m(e.as_of)})}</p>`}
    ${!t&&s`<${ke} record=${e} />`}
    ${t&&s`<div class="record-grid">
      <${V} record=${e} />
      <${X} curve=${e.curve} />
      <${ee} groups=${e.groups.confidence} />
      <${te} rows=${e.calibration} />
      <${ae} groups=${e.groups} />
      <${W} caveats=${e.caveats} />
    </div>`}
    ${!t&&e.caveats.length>0&&s`<${W} caveats=${e.caveats} />`}
    ${n.total>0&&s`<${se} key=${e.source} source=${e.source} />`}`}function Ge(){let e=`track_record|${k.value}|${T.value}|${E.value}`,t=M(e,n=>O("/track_record",{source:k.value,proven:String(T.value)},n),_e);return s`<main class="screen record" id="main">
    <${H} title=${r("record.title")} withBack />
    <${we} />
    <${K} from=${t} heights=${[260,240,200]}>${n=>s`<${Se} record=${n} />`}<//>
  </main>`}export{Ge as RecordScreen};
