import{a as c,b as Q,c as O}from"./chunk-YFUFB3UQ.js";import{c as Y,d as Z}from"./chunk-PNADXKGI.js";import{$ as H,C as A,E as j,G as I,I as K,K as F,N as k,P as E,V as y,Z as q,b as i,fa as G,h as n,ha as b,i as N,ia as w,la as d,m as f,ma as J,n as R,oa as P,p as B,q as e,qa as V,r as v,ra as _,s as z,sa as L,t as U,ta as C,ua as W,va as T,w as p,xa as u}from"./chunk-XDDM2FXL.js";var M=(t,o)=>e("model.interval",{low:o(t.low),high:o(t.high)});function re({policy:t,horizon:o}){return n`<h3>${e("about.policy",{n:t.trades,horizon:o})}</h3><dl class="figures">
    <${L} label=${e("model.hits")} value=${p(t.hit_rate.value,{digits:1})} note=${M(t.hit_rate,a=>p(a))} />
    <${L} label=${e("about.net")} value=${p(t.net_expectancy.value,{digits:2,signed:!0})} note=${M(t.net_expectancy,a=>p(a,{digits:2,signed:!0}))} />
  </dl>`}var ie=t=>e(`about.${t.side}`,{horizon:e("horizon.days",{n:parseInt(t.horizon,10)})});function se({heads:t}){return t.length?n`<h3>${e("about.heads")}</h3><div class="table-box" role="region" tabindex="0" aria-label=${e("about.heads")}><table class="about-table"><caption class="fine">${e("about.heads.text")}</caption>
    <thead><tr><th scope="col">${e("about.what")}</th><th scope="col">${e("about.base")}</th><th scope="col">AUC</th><th scope="col">${e("about.rows")}</th></tr></thead>
    <tbody>${t.map(o=>n`<tr><th scope="row">${ie(o)}</th><td>${p(o.base_rate,{digits:1})}</td>
      <td>${v(o.roc_auc.value,3)}<small>${M(o.roc_auc,a=>v(a,3))}</small></td><td>${v(o.rows)}</td></tr>`)}</tbody></table></div>`:null}function le({model:t}){let o=t.policy.find(a=>a.horizon===null)||t.policy[0];return n`<section class="about-model">
    <h3 class="about-version">${t.version}</h3>
    <p class="badges"><${w} kind=${t.grade==="trade"?"proven":"paper"} />${t.is_simulated&&n`<${w} kind="simulated" />`}${t.silent&&n`<${w} kind="silent" />`}</p>
    <dl class="terms">
      <div><dt>${e("model.until")}</dt><dd>${A(t.trained_until,{withTime:!1})}</dd></div>
      <div><dt>${e("about.since")}</dt><dd>${A(t.serves_since,{withTime:!1})}</dd></div>
      <div><dt>${e("about.for")}</dt><dd>${t.timeframe}, ${t.horizons.join(", ")}</dd></div>
      ${t.checks.length>0&&n`<div><dt>${e("about.gate")}</dt><dd>${e("about.gate.passed",{n:t.checks.filter(a=>a.passed).length,of:t.checks.length})}</dd></div>`}
    </dl>
    ${o&&n`<${re} policy=${o} horizon=${o.horizon?e("horizon.days",{n:parseInt(o.horizon,10)}):e("about.all")} />`}
    <${se} heads=${t.heads} />
  </section>`}function ce(){let t=y(`models|${f.value}`,o=>k("/models",{},o));return n`<${P} from=${t} heights=${[96,96]}>${o=>o.results.length?o.results.map(a=>n`<${le} key=${a.slot} model=${a} />`):n`<p>${e("about.none")}</p>`}<//>`}function X(){let[t,o]=i(""),a=()=>o("");return n`<section class="card" aria-labelledby="more-about"><h2 id="more-about">${e("more.about")}</h2>
    <ul class="menu">
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("model")}>${e("about.model")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("how")}>${e("about.how")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${()=>o("legal")}>${e("about.legal")}<span aria-hidden="true">›</span></button></li>
      <li><a class="menu-item" href="/api/docs/" target="_blank" rel="noopener">${e("about.api")}<span aria-hidden="true">›</span></a></li>
    </ul>
    ${t==="model"&&n`<${b} title=${e("about.model")} onClose=${a}><p class="fine">${e("about.model.text")}</p><${ce} /><//>`}
    ${t==="how"&&n`<${b} title=${e("about.how")} onClose=${a}>${["how.1","how.2","how.3","how.4"].map(r=>n`<p>${e(`about.${r}`)}</p>`)}<//>`}
    ${t==="legal"&&n`<${b} title=${e("about.legal")} onClose=${a}><p>${e("legal.notice")}</p><p>${e("about.legal.text")}</p><//>`}
  </section>`}function ue(t,o){let a=document.createElement("a");a.href=URL.createObjectURL(new Blob([JSON.stringify(o,null,2)],{type:"application/json"})),a.download=t,a.click(),setTimeout(()=>URL.revokeObjectURL(a.href),1e4)}function me({username:t,onClose:o}){let[a,r]=i(""),[s,$]=i(""),[m,l]=i(!1),g=async x=>{if(x.preventDefault(),a.trim()!==t)return $(e("more.delete.wrong",{username:t}));l(!0);try{await E("DELETE","/me/data",{confirm:t}),F(),j.value="deleted"}catch(h){$(h.of("confirm")||d(h)),l(!1)}};return n`<${b} title=${e("more.delete")} onClose=${o}>
    <p>${e("more.delete.text")}</p>
    <form class="form" onSubmit=${g} novalidate>
      <${C} name="confirm" label=${e("more.delete.confirm",{username:t})} value=${a} onInput=${r} error=${s} autocomplete="off" autocapitalize="none" spellcheck=${!1} />
      <button class="button button-danger wide" disabled=${m||!a.trim()}>${e("more.delete.do")}</button>
    </form>
  <//>`}function ee({username:t}){let[o,a]=i(!1),[r,s]=i(!1),$=async()=>{s(!0);try{let{servedAt:m,receivedAt:l,...g}=await k("/me/data");ue("traderai.json",g),u(e("more.export.done"))}catch(m){u(d(m),"error")}s(!1)};return n`<section class="card" aria-labelledby="more-data"><h2 id="more-data">${e("more.data")}</h2>
    <p class="fine">${e("more.data.text")}</p>
    <div class="actions"><button class="button button-quiet" disabled=${r} onClick=${$}>${e("more.export")}</button>
      <button class="button button-quiet text-danger" onClick=${()=>a(!0)} aria-haspopup="dialog">${e("more.delete")}</button></div>
    ${o&&n`<${me} username=${t} onClose=${()=>a(!1)} />`}
  </section>`}function te(){return n`<button class="button button-quiet wide" onClick=${async()=>{try{I()&&await E("DELETE","/auth/token"),await K()}catch(o){u(d(o),"error")}}}>${e("more.signout")}</button>`}var de=["","light","dark"],$e=["cautious","balanced","bold"],D=["Europe/Kaliningrad","Europe/Moscow","Europe/Samara","Asia/Yekaterinburg","Asia/Omsk","Asia/Novosibirsk","Asia/Krasnoyarsk","Asia/Irkutsk","Asia/Yakutsk","Asia/Vladivostok","Asia/Magadan","Asia/Kamchatka","Asia/Almaty","Asia/Dubai","Europe/London","UTC"];async function S(t){try{await O(t),u(e("more.saved"))}catch(o){u(d(o),"error")}}async function pe(t){await R(t),c.value&&await S({language:t})}function oe(){let[t,o]=i(Y()),a=r=>{Z(r),o(r)};return n`<section class="card" aria-labelledby="more-look"><h2 id="more-look">${e("more.look")}</h2>
    <div class="setting"><span>${e("more.language")}</span>
      <${_} label=${e("more.language")} value=${f.value} onChange=${pe} options=${[["ru","\u0420\u0443\u0441\u0441\u043A\u0438\u0439"],["en","English"]]} /></div>
    ${N?n`<p class="fine">${e("more.theme.telegram")}</p>`:n`<div class="setting"><span>${e("more.theme")}</span>
          <${_} label=${e("more.theme")} value=${t} onChange=${a} options=${de.map(r=>[r,e(`more.theme.${r||"system"}`)])} /></div>`}
  </section>`}function be(){let t=c.value.capital_rub,[o,a]=i(t===null?"":z(t)),[r,s]=i(""),[$,m]=i(!1),l=o.trim()?U(o):null;return n`<form onSubmit=${async x=>{if(x.preventDefault(),l!==null&&!(l>0))return s(e("more.capital.wrong"));m(!0),s("");try{await O({capital_rub:l}),a(l===null?"":z(l)),u(e("more.saved"))}catch(h){s(h.of("capital_rub")||d(h))}return m(!1)}} novalidate>
    <div class="field-row"><${C} name="capital" label=${e("more.capital")} hint=${e("more.capital.hint")} value=${o} onInput=${a} error=${r} suffix="₽" inputmode="decimal" autocomplete="off" placeholder=${e("more.capital.unknown")} />
      <button class="button" disabled=${$||l===t}>${e("action.save")}</button></div>
  </form>`}function ae(){let{risk_profile:t,time_zone:o}=c.value,a=D.includes(o)?D:[o,...D];return n`<section class="card" aria-labelledby="more-money"><h2 id="more-money">${e("more.money")}</h2>
    <${be} key=${`${c.value.capital_rub}|${f.value}`} />
    <div class="setting setting-tall"><span>${e("more.risk")}</span>
      <${_} label=${e("more.risk")} value=${t} onChange=${r=>S({risk_profile:r})} options=${$e.map(r=>[r,e(`more.risk.${r}`)])} /></div>
    <p class="fine">${e(`more.risk.${t}.means`)}</p>
    <${W} name="zone" label=${e("more.zone")} value=${o} onChange=${r=>S({time_zone:r})} options=${a.map(r=>[r,he(r)])} />
  </section>`}function he(t){let o=t.split("/").pop(),a=B(`zone.${o}`)?e(`zone.${o}`):t;try{return`${a} \xB7 ${new Date().toLocaleTimeString("en-GB",{timeZone:t,hour:"2-digit",minute:"2-digit"})}`}catch{return a}}function ne(){let{notifications:t,telegram_linked:o}=c.value,a=r=>s=>S({notifications:{...t,[r]:s}});return n`<section class="card" aria-labelledby="more-notify"><h2 id="more-notify">${e("more.notify")}</h2>
    ${!o&&n`<p class="fine">${e("more.notify.unlinked")}</p>`}
    <${T} label=${e("more.notify.signals")} note=${e("more.notify.signals.note")} checked=${t.signals} onChange=${a("signals")} />
    <${T} label=${e("more.notify.report")} note=${e("more.notify.report.note")} checked=${t.weekly_report} onChange=${a("weekly_report")} />
  </section>`}function fe(){let{username:t,roles:o,telegram_linked:a}=c.value,r=[...(o||[]).map(s=>e(`role.${s}`)),a&&e("more.telegram")].filter(Boolean);return n`<section class="card who"><span class="avatar" aria-hidden="true">${t.slice(0,1).toUpperCase()}</span>
    <div><b>${t}</b><p class="sub">${r.join(" \xB7 ")}</p></div></section>`}function ge(){return n`<a class="card link-card" href=${q({tab:"record"})} onClick=${H({tab:"record"})}>
    <span class="grow"><b>${e("record.title")}</b><small class="fine">${e("more.record")}</small></span><span aria-hidden="true">›</span></a>`}function Ze(){let{problem:t,loading:o,reload:a}=y("me",Q),r=!!c.value;return n`<main class="screen screen-narrow" id="main">
    <${G} title=${e("more.title")} />
    ${r&&n`<${fe} />`}
    <${ge} />
    <${oe} />
    ${!r&&o&&n`<${V} heights=${[88,240,120]} />`}
    ${!r&&t&&n`<${J} problem=${t} onRetry=${a} />`}
    ${r&&n`<${ae} /><${ne} />`}
    <${X} />
    ${r&&n`<${ee} username=${c.value.username} />`}
    <${te} />
  </main>`}export{Ze as MoreScreen};
