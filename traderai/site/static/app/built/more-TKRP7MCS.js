import{a as c,b as ee,c as M}from"./chunk-5S4V5V67.js";import{c as G,d as J}from"./chunk-SC2AGQLB.js";import{$ as Y,Aa as u,D as E,F as K,H as F,J as q,L as H,O as w,Q as L,W as x,b as i,ba as Z,d as B,h as n,ha as P,i as y,ja as p,ka as C,n as g,na as b,o as U,oa as V,q as j,qa as W,r as e,s as k,sa as Q,t as A,u as I,ua as _,va as T,wa as S,x as h,xa as X,ya as O}from"./chunk-OFME77TP.js";var R=(t,o)=>e("model.interval",{low:o(t.low),high:o(t.high)});function se({policy:t,horizon:o}){return n`<h3>${e("about.policy",{n:t.trades,horizon:o})}</h3><dl class="figures">
    <${T} label=${e("model.hits")} value=${h(t.hit_rate.value,{digits:1})} note=${R(t.hit_rate,a=>h(a))} />
    <${T} label=${e("about.net")} value=${h(t.net_expectancy.value,{digits:2,signed:!0})} note=${R(t.net_expectancy,a=>h(a,{digits:2,signed:!0}))} />
  </dl>`}var le=t=>e(`about.${t.side}`,{horizon:e("horizon.days",{n:parseInt(t.horizon,10)})});function ce({heads:t}){return t.length?n`<h3>${e("about.heads")}</h3><div class="table-box" role="region" tabindex="0" aria-label=${e("about.heads")}><table class="about-table"><caption class="fine">${e("about.heads.text")}</caption>
    <thead><tr><th scope="col">${e("about.what")}</th><th scope="col">${e("about.base")}</th><th scope="col">AUC</th><th scope="col">${e("about.rows")}</th></tr></thead>
    <tbody>${t.map(o=>n`<tr><th scope="row">${le(o)}</th><td>${h(o.base_rate,{digits:1})}</td>
      <td>${k(o.roc_auc.value,3)}<small>${R(o.roc_auc,a=>k(a,3))}</small></td><td>${k(o.rows)}</td></tr>`)}</tbody></table></div>`:null}function ue({model:t}){let o=t.policy.find(a=>a.horizon===null)||t.policy[0];return n`<section class="about-model">
    <h3 class="about-version">${t.version}</h3>
    <p class="badges"><${C} kind=${t.grade==="trade"?"proven":"paper"} />${t.is_simulated&&n`<${C} kind="simulated" />`}${t.silent&&n`<${C} kind="silent" />`}</p>
    <dl class="terms">
      <div><dt>${e("model.until")}</dt><dd>${E(t.trained_until,{withTime:!1})}</dd></div>
      <div><dt>${e("about.since")}</dt><dd>${E(t.serves_since,{withTime:!1})}</dd></div>
      <div><dt>${e("about.for")}</dt><dd>${t.timeframe}, ${t.horizons.join(", ")}</dd></div>
      ${t.checks.length>0&&n`<div><dt>${e("about.gate")}</dt><dd>${e("about.gate.passed",{n:t.checks.filter(a=>a.passed).length,of:t.checks.length})}</dd></div>`}
    </dl>
    ${o&&n`<${se} policy=${o} horizon=${o.horizon?e("horizon.days",{n:parseInt(o.horizon,10)}):e("about.all")} />`}
    <${ce} heads=${t.heads} />
  </section>`}function me(){let t=x(`models|${g.value}`,o=>w("/models",{},o));return n`<${W} from=${t} heights=${[96,96]}>${o=>o.results.length?o.results.map(a=>n`<${ue} key=${a.slot} model=${a} />`):n`<p>${e("about.none")}</p>`}<//>`}function te(){let[t,o]=i(""),a=()=>o("");return n`<section class="card" aria-labelledby="more-about"><h2 id="more-about">${e("more.about")}</h2>
    <ul class="menu">
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("model")}>${e("about.model")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("how")}>${e("about.how")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("legal")}>${e("about.legal")}<span aria-hidden="true">›</span></button></li>
      <li><a class="menu-item" href="/api/docs/" target="_blank" rel="noopener">${e("about.api")}<span aria-hidden="true">›</span></a></li>
    </ul>
    ${t==="model"&&n`<${p} title=${e("about.model")} onClose=${a}><p class="fine">${e("about.model.text")}</p><${me} /><//>`}
    ${t==="how"&&n`<${p} title=${e("about.how")} onClose=${a}>${["how.1","how.2","how.3","how.4"].map(r=>n`<p>${e(`about.${r}`)}</p>`)}<//>`}
    ${t==="legal"&&n`<${p} title=${e("about.legal")} onClose=${a}><p>${e("legal.notice")}</p><p>${e("about.legal.text")}</p><//>`}
  </section>`}function $e(t,o){let a=document.createElement("a");a.href=URL.createObjectURL(new Blob([o],{type:"application/json"})),a.download=t,a.click(),setTimeout(()=>URL.revokeObjectURL(a.href),1e4)}function de({username:t,onClose:o}){let[a,r]=i(""),[s,m]=i(""),[$,l]=i(!1),f=async v=>{if(v.preventDefault(),a.trim()!==t)return m(e("more.delete.wrong",{username:t}));l(!0);try{await L("DELETE","/me/data",{confirm:t}),H(),K.value="deleted"}catch(d){m(d.of("confirm")||b(d)),l(!1)}};return n`<${p} title=${e("more.delete")} onClose=${o}>
    <p>${e("more.delete.text")}</p>
    <form class="form" onSubmit=${f} novalidate>
      <${S} name="confirm" label=${e("more.delete.confirm",{username:t})} value=${a} onInput=${r} error=${s} autocomplete="off" autocapitalize="none" spellcheck=${!1} />
      <button class="button button-danger wide" disabled=${$||!a.trim()}>${e("more.delete.do")}</button>
    </form>
  <//>`}function pe({text:t,onClose:o}){let a=B(null),r=async()=>{a.current.select();try{await navigator.clipboard.writeText(t)}catch{document.execCommand("copy")}o(),u(e("more.export.copied"))};return n`<${p} title=${e("more.export")} onClose=${o}>
    <p>${e("more.export.copy.text")}</p>
    <textarea class="input export-text" ref=${a} readonly rows="8" aria-label=${e("more.export")} value=${t}></textarea>
    <button class="button wide" onClick=${r}>${e("more.export.copy")}</button>
  <//>`}function oe({username:t}){let[o,a]=i(!1),[r,s]=i(!1),[m,$]=i(""),l=async()=>{s(!0);try{let{servedAt:f,receivedAt:v,...d}=await w("/me/data"),N=JSON.stringify(d,null,2);$e("traderai.json",N),y?$(N):u(e("more.export.done"))}catch(f){u(b(f),"error")}s(!1)};return n`<section class="card" aria-labelledby="more-data"><h2 id="more-data">${e("more.data")}</h2>
    <p class="fine">${e("more.data.text")}</p>
    <div class="actions"><button class="button button-quiet" disabled=${r} onClick=${l}>${e("more.export")}</button>
      <button class="button button-quiet text-danger" onClick=${()=>a(!0)} aria-haspopup="dialog">${e("more.delete")}</button></div>
    ${m&&n`<${pe} text=${m} onClose=${()=>$("")} />`}
    ${o&&n`<${de} username=${t} onClose=${()=>a(!1)} />`}
  </section>`}function ae(){return n`<button class="button button-quiet wide" onClick=${async()=>{try{F()&&await L("DELETE","/auth/token"),await q()}catch(o){u(b(o),"error")}}}>${e("more.signout")}</button>`}var be=["","light","dark"],he=["cautious","balanced","bold"],D=["Europe/Kaliningrad","Europe/Moscow","Europe/Samara","Asia/Yekaterinburg","Asia/Omsk","Asia/Novosibirsk","Asia/Krasnoyarsk","Asia/Irkutsk","Asia/Yakutsk","Asia/Vladivostok","Asia/Magadan","Asia/Kamchatka","Asia/Almaty","Asia/Dubai","Europe/London","UTC"];async function z(t){try{await M(t),u(e("more.saved"))}catch(o){u(b(o),"error")}}async function fe(t){await U(t),c.value&&await z({language:t})}function ne(){let[t,o]=i(G()),a=r=>{J(r),o(r)};return n`<section class="card" aria-labelledby="more-look"><h2 id="more-look">${e("more.look")}</h2>
    <div class="setting"><span>${e("more.language")}</span>
      <${_} label=${e("more.language")} value=${g.value} onChange=${fe} options=${[["ru","\u0420\u0443\u0441\u0441\u043A\u0438\u0439"],["en","English"]]} /></div>
    ${y?n`<p class="fine">${e("more.theme.telegram")}</p>`:n`<div class="setting"><span>${e("more.theme")}</span>
          <${_} label=${e("more.theme")} value=${t} onChange=${a} options=${be.map(r=>[r,e(`more.theme.${r||"system"}`)])} /></div>`}
  </section>`}function ge(){let t=c.value.capital_rub,[o,a]=i(t===null?"":A(t)),[r,s]=i(""),[m,$]=i(!1),l=o.trim()?I(o):null;return n`<form onSubmit=${async v=>{if(v.preventDefault(),l!==null&&!(l>0))return s(e("more.capital.wrong"));$(!0),s("");try{await M({capital_rub:l}),a(l===null?"":A(l)),u(e("more.saved"))}catch(d){s(d.of("capital_rub")||b(d))}return $(!1)}} novalidate>
    <div class="field-row"><${S} name="capital" label=${e("more.capital")} hint=${e("more.capital.hint")} value=${o} onInput=${a} error=${r} suffix="₽" inputmode="decimal" autocomplete="off" placeholder=${e("more.capital.unknown")} />
      <button class="button" disabled=${m||l===t}>${e("action.save")}</button></div>
  </form>`}function re(){let{risk_profile:t,time_zone:o}=c.value,a=D.includes(o)?D:[o,...D];return n`<section class="card" aria-labelledby="more-money"><h2 id="more-money">${e("more.money")}</h2>
    <${ge} key=${`${c.value.capital_rub}|${g.value}`} />
    <div class="setting setting-tall"><span>${e("more.risk")}</span>
      <${_} label=${e("more.risk")} value=${t} onChange=${r=>z({risk_profile:r})} options=${he.map(r=>[r,e(`more.risk.${r}`)])} /></div>
    <p class="fine">${e(`more.risk.${t}.means`)}</p>
    <${X} name="zone" label=${e("more.zone")} value=${o} onChange=${r=>z({time_zone:r})} options=${a.map(r=>[r,ve(r)])} />
  </section>`}function ve(t){let o=t.split("/").pop(),a=j(`zone.${o}`)?e(`zone.${o}`):t;try{return`${a} \xB7 ${new Date().toLocaleTimeString("en-GB",{timeZone:t,hour:"2-digit",minute:"2-digit"})}`}catch{return a}}function ie(){let{notifications:t,telegram_linked:o}=c.value,a=r=>s=>z({notifications:{...t,[r]:s}});return n`<section class="card" aria-labelledby="more-notify"><h2 id="more-notify">${e("more.notify")}</h2>
    ${!o&&n`<p class="fine">${e("more.notify.unlinked")}</p>`}
    <${O} label=${e("more.notify.signals")} note=${e("more.notify.signals.note")} checked=${t.signals} onChange=${a("signals")} />
    <${O} label=${e("more.notify.report")} note=${e("more.notify.report.note")} checked=${t.weekly_report} onChange=${a("weekly_report")} />
  </section>`}function ye(){let{username:t,roles:o,telegram_linked:a}=c.value,r=[...(o||[]).map(s=>e(`role.${s}`)),a&&e("more.telegram")].filter(Boolean);return n`<section class="card who"><span class="avatar" aria-hidden="true">${t.slice(0,1).toUpperCase()}</span>
    <div><b>${t}</b><p class="sub">${r.join(" \xB7 ")}</p></div></section>`}function ke(){return n`<a class="card link-card" href=${Y({tab:"record"})} onClick=${Z({tab:"record"})}>
    <span class="grow"><b>${e("record.title")}</b><small class="fine">${e("more.record")}</small></span><span aria-hidden="true">›</span></a>`}function Ve(){let{problem:t,loading:o,reload:a}=x("me",ee),r=!!c.value;return n`<main class="screen screen-narrow" id="main">
    <${P} title=${e("more.title")} />
    ${r&&n`<${ye} />`}
    <${ke} />
    <${ne} />
    ${!r&&o&&n`<${Q} heights=${[88,240,120]} />`}
    ${!r&&t&&n`<${V} problem=${t} onRetry=${a} />`}
    ${r&&n`<${re} /><${ie} />`}
    <${te} />
    ${r&&n`<${oe} username=${c.value.username} />`}
    <${ae} />
  </main>`}export{Ve as MoreScreen};
