import{a as le,f as ce,g as Y,h as $e,i as ue,j as pe,k as de,l as me}from"./chunk-DXK5FTUJ.js";import{k as fe}from"./chunk-HIHMN4Q4.js";import"./chunk-SC2AGQLB.js";import{$ as A,B as C,D as f,E,O,R as J,S as Q,T as V,U as X,W as v,aa as P,b as B,ba as N,c as j,d as G,da as R,e as F,ea as x,f as q,fa as L,ga as ee,h as r,i as Z,ia as ne,ka as te,la as se,ma as ae,n as _,oa as z,pa as re,q as y,qa as U,r as t,ra as ie,s as h,sa as T,ua as H,v as m,va as u,w as k,x as w,y as b,z as S,za as oe}from"./chunk-OFME77TP.js";var he=2*Math.PI*26,K=e=>e.action==="BUY"||e.action==="SELL";function He({value:e}){return r`<figure class="ring-box"><div class="ring" role="img" aria-label=${t("tile.confidence",{n:e})}>
    <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
      <circle class="ring-track" cx="32" cy="32" r="26" />
      <circle class="ring-value" cx="32" cy="32" r="26" stroke-dasharray=${`${he*e/100} ${he}`} />
    </svg>
    <span aria-hidden="true">${e}</span>
  </div><figcaption class="fine" aria-hidden="true">${t("call.confidence")}</figcaption></figure>`}function Ke({side:e,traded:n,decimals:s}){if(!e||e.breakEven===null||e.edge===null)return null;let a=(Number((e.p*100).toFixed(1))-Number((e.breakEven*100).toFixed(1)))/100,i=e.edge<=0?"none":n?"has":"untraded";return r`<div class="even">
    <div class="even-head"><span>${t(`call.p.${e.name}`)} <b>${b(e.p,1)}</b></span>
      <span>${t("call.needed")} <b>${w(e.breakEven,{digits:1})}</b></span></div>
    <div class="even-bar" role="img" aria-label=${t("call.even",{p:b(e.p,1),needed:w(e.breakEven,{digits:1})})}>
      <div class="even-fill ${i==="has"?"fill-up":"fill-flat"}" style=${{width:`${e.p*100}%`}}></div>
      <div class="even-mark" style=${{left:`${e.breakEven*100}%`}}></div>
    </div>
    <p class="even-note">${t(`call.edge.${i}`,{edge:S(a)})}</p>
    ${e.levels&&r`<p class="even-note">${t("call.p.levels",{target:h(e.levels.target,s),stop:m(e.levels.stop,s)})}</p>`}
  </div>`}function We({position:e}){if(!e)return null;if(!e.lots)return r`<${u} label=${t("call.size")} value=${t("call.size.none")} kind="figure-wide" />`;let n=t("call.size.shares",{n:e.shares,count:h(e.shares)});return r`<${u} label=${t("call.size")} value=${t("call.size.lots",{n:e.lots,count:h(e.lots)})}
    note=${t("call.size.risk",{shares:n,risk:k(e.risk_pct,{digits:2,signed:!1})})} kind="figure-wide" />`}function je({call:e,decimals:n}){if(!K(e))return null;let{entry:s}=e,a=o=>e.price&&o!==null?k((o/e.price-1)*100,{digits:1}):"",i=s.low===s.high?m(s.low,n):`${h(s.low,n)}\u2013${m(s.high,n)}`;return r`<dl class="figures">
    <${u} label=${t("call.entry")} value=${i} />
    <${u} label=${t("call.rr")} value=${typeof e.risk_reward=="number"?`1 : ${h(e.risk_reward,1)}`:"\u2013"} />
    <${u} label=${t("call.tp.long")} value=${m(e.take_profit,n)} note=${a(e.take_profit)} kind="mark-up" />
    <${u} label=${t("call.sl.long")} value=${m(e.stop_loss,n)} note=${a(e.stop_loss)} kind="mark-down" />
    <${u} label=${t("call.valid")} value=${f(e.valid_until)} note=${e.expired?t("call.expired"):""} kind="figure-wide" />
    <${We} position=${e.position} />
  </dl>`}function Ge({call:e}){return e.reasons.length?r`<ul class="reasons">${e.reasons.map(n=>r`<li><p>${y(`reason.${n}`)?t(`reason.${n}`):n}</p>
      ${!K(e)&&y(`change.${n}`)&&r`<p class="fine">${t("change.when",{what:t(`change.${n}`)})}</p>`}</li>`)}</ul>`:null}function ge({call:e,side:n,decimals:s}){let a=e.stale&&e.action!=="NO_TRADE",i=a?"old":L(e.action);return r`<section class="card call call-${i}" aria-labelledby="call-title">
    <div class="call-head">
      <div>
        <h2 id="call-title" class="call-action text-${i}"><span aria-hidden="true">${R[e.action]}</span> ${t(`action.${e.action}`)}</h2>
        <p class="sub">${a?t("call.was",{when:f(e.asOf)}):t(`action.${e.action}.means`)}</p>
      </div>
      ${typeof e.confidence=="number"&&r`<${He} value=${e.confidence} />`}
    </div>
    <${se} origin=${e.origin} />
    <${Ge} call=${e} />
    <${je} call=${e} decimals=${s} />
    <${Ke} side=${n} traded=${K(e)} decimals=${s} />
  </section>`}var be=5,qe=50,ve={tab:"record"},ye={take_profit:"\u2713",stop_loss:"\u2715",timeout:"\u25F7"};async function Ze(e,n,s){let a=await Promise.all(["BUY","SELL"].map(l=>O("/signals",{secid:e,horizon:n,signal:l,told:"true",page_size:qe},s))),i=Math.max(...a.filter(l=>l.next).map(l=>Date.parse(l.results.at(-1).as_of)),-1/0),o=l=>Date.parse(l.as_of)>=i,c=a.flatMap(l=>l.results).filter(o).sort((l,$)=>Date.parse($.as_of)-Date.parse(l.as_of));return{...a[0],results:c,isCut:a.some(l=>l.next)}}function xe(e,n){return v(`signals|${e}|${n}`,s=>Ze(e,n,s),300)}function _e(e){return e.map(n=>({time:Y(n.as_of),action:n.signal,text:n.outcome&&ye[n.outcome.result]||""})).reverse()}function Je({row:e}){let{outcome:n}=e;return n?n.r===null?r`<span class="row-figures"><b>–</b><small>${t(`past.${n.result}`)}</small></span>`:r`<span class="row-figures"><b class="text-${x(n.r)}">${C(n.r)}</b>
    <small><span aria-hidden="true">${ye[n.result]||""}</span> ${t(`past.${n.result}`)}, ${k(n.return_net*100,{digits:1})}</small></span>`:r`<span class="row-figures"><b>–</b><small>${t("past.open")}</small></span>`}function Qe({row:e}){return r`<li class="past-row"><span class="pill fill-${L(e.signal)}"><span aria-hidden="true">${R[e.signal]}</span> <span class="pill-word">${t(`action.${e.signal}`)}</span></span>
    <span class="row-name"><b>${f(e.as_of,{withZone:!1})}</b><small>${[e.confidence!==null&&t("past.confidence",{n:e.confidence}),e.source!=="live"&&t(`past.source.${e.source}`),!e.proven&&t("past.paper")].filter(Boolean).join(", ")}</small></span>
    <${Je} row=${e} /></li>`}function Se({past:e}){let[n,s]=B(!1);return r`<section class="card card-two"><h2>${t("past.title")}</h2>
    <${U} from=${e} heights=${[56,56,56]}>${a=>{let i=a.results,o=i.filter($=>$.outcome&&$.outcome.r!==null);if(!i.length)return r`<p class="fine">${t("past.none")}</p>`;let c=o.reduce(($,p)=>$+p.outcome.r,0)/o.length,l=o.filter($=>$.outcome.r>0).length;return r`<p>${o.length?t("past.sum",{n:o.length,won:l,mean:C(c)}):t("past.unended")}</p>
        <ul class="past">${(n?i:i.slice(0,be)).map($=>r`<${Qe} key=${$.id} row=${$} />`)}</ul>
        ${i.length>be&&r`<button class="link" aria-expanded=${String(n)} onClick=${()=>s(!n)}>${t(n?"explanation.less":"past.all",{n:i.length})}</button>`}
        <p class="fine">${a.isCut?t("past.cut",{n:i.length}):""} ${t("past.few")}</p>`}}<//>
  </section>`}var ke=(e,n)=>e.value===null?"\u2013":n(e.value),we=(e,n)=>e.low===null||e.high===null?t("model.few"):t("model.interval",{low:n(e.low),high:n(e.high)});function Ve(e){let[n,s]=B(!1);return j(()=>{let a=new IntersectionObserver(([i])=>i.isIntersecting&&s(!0),{rootMargin:"200px"});return a.observe(e.current),()=>a.disconnect()},[]),n}function Ce({call:e}){let n=G(null);return r`<div ref=${n}>${Ve(n)&&r`<${Xe} call=${e} />`}</div>`}function Xe({call:e}){let n=e.model?e.model.version:null,s={model_version:n,source:e.source,proven:e.proven?"true":"false",horizon:e.horizon},a=v(n&&`record|${Object.values(s).join("|")}`,p=>O("/track_record",s,p));if(a.loading)return r`<${T} heights=${[88]} />`;if(!a.data)return null;let{figures:i}=a.data,o=r`<a class="link" href=${A(ve)} onClick=${N(ve)}>${t("record.title")} <span aria-hidden="true">›</span></a>`;if(!i)return r`<p class="fine">${t(a.data.told.total?"model.untold":"model.silent")}</p>${o}`;let c=e.side==="short"?"SELL":"BUY",l=a.data.base_rates.find(p=>p.signal===c&&p.timeframe===e.timeframe&&p.horizon===e.horizon),$=t("horizon.days",{n:parseInt(e.horizon,10)});return r`<h3>${t("model.record",{n:i.trades,count:h(i.trades)})}</h3><dl class="figures">
    <${u} label=${t("model.hits")} value=${ke(i.hit_rate,p=>w(p,{digits:1}))} note=${we(i.hit_rate,p=>w(p))} />
    <${u} label=${t("model.needed")} value=${i.break_even===null?"\u2013":w(i.break_even,{digits:1})} />
    <${u} label=${t("model.expectancy")} value=${ke(i.expectancy_r,C)} note=${we(i.expectancy_r,C)} kind="figure-wide" />
  </dl>
  ${l&&r`<p class="fine">${t("past.base",{signal:t(`action.${c}`),horizon:$,hit:w(l.hit_rate,{digits:1}),r:C(l.mean_r),n:h(l.rows)})}</p>`}${o}`}var en=5e-4;function Ee({scenarios:e,decimals:n,horizon:s}){if(!e.length)return null;let a=Math.max(...e.map(c=>c.probability)),i=[...e].sort((c,l)=>(l.low??-1)-(c.low??-1)),o=({low:c,high:l})=>c===null?t("scenario.below",{high:m(l,n)}):l===null?t("scenario.above",{low:m(c,n)}):`${h(c,n)}\u2013${m(l,n)}`;return r`<section class="card"><h2>${t("scenario.title",{horizon:s})}</h2>
    <ul class="scenarios">${i.map(c=>r`<li><span class="scenario-name">${o(c)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{width:`${c.probability/a*100}%`}}></span></span>
        <b>${b(c.probability)}</b></li>`)}</ul></section>`}function Oe({call:e}){return typeof e.expected_return!="number"?null:r`<section class="card"><h2>${t("expect.title")}</h2><dl class="figures">
    <${u} label=${t("expect.return")} value=${w(e.expected_return,{digits:1,signed:!0})} />
    <${u} label=${t("expect.volatility")} value=${w(e.expected_volatility,{digits:1})} />
  </dl></section>`}function Re({regime:e}){if(!e)return null;let n=`regime.${e.name}`;return r`<section class="card"><h2>${t("regime.title")}</h2>
    <p class="lead">${y(n)?t(n):e.name} <small>${t("regime.sheet",{p:b(e.probability),since:f(e.since,{withTime:!1})})}</small></p>
    ${e.effect&&r`<p>${e.effect}</p>`}</section>`}function Le({text:e}){let[n,s]=B(()=>window.matchMedia("(min-width: 960px)").matches),a=e.split(/\n+/).filter(Boolean);if(!a.length)return null;let i=n?a:a.slice(0,3);return r`<section class="card card-wide"><h2>${t("explanation.title")}</h2>
    ${i.map(o=>r`<p>${o}</p>`)}
    ${a.length>3&&r`<button class="link" aria-expanded=${String(n)} onClick=${()=>s(!n)}>${t(n?"explanation.less":"explanation.more")}</button>`}
  </section>`}function Te({drivers:e,side:n}){if(!n||!e.some(a=>Math.abs(a.effect)>=en))return null;let s=Math.max(...e.map(a=>Math.abs(a.effect)),.001);return r`<section class="card"><h2>${t("drivers.title")}</h2>
    <p class="fine">${t(`drivers.${n}`)}</p>
    <ul class="drivers">${e.map(a=>r`<li><span class="driver-name">${y(`family.${a.family}`)?t(`family.${a.family}`):a.family}<small>${a.feature}</small></span>
        <span class="driver-bar" aria-hidden="true"><span class="driver-${x(a.effect)}" style=${{width:`${Math.abs(a.effect)/s*50}%`}}></span></span>
        <b class="text-${x(a.effect)}">${S(a.effect)}</b></li>`)}</ul></section>`}function Me({turns:e,price:n,decimals:s}){if(!e.length||!n)return null;let a=[...e].sort((i,o)=>o.price-i.price);return r`<section class="card"><h2>${t("level.title")}</h2>
    <ul class="turns">${a.map(i=>r`<li><span><b>${m(i.price,s)}</b> <small>${k((i.price/n-1)*100,{digits:1})}</small></span>
        <span class="fine">${t(`level.${i.kind}`)} · ${t("level.touches",{n:i.touches})}</span></li>`)}</ul></section>`}function Be({call:e}){let{model:n}=e;return r`<section class="card card-wide model"><h2>${t("model.title")}</h2>
    <dl class="figures">
      ${n?r`<${u} label=${t("model.version")} value=${n.version} kind="figure-wide figure-small" />
            <${u} label=${t("model.until")} value=${f(n.trained_until,{withTime:!1})} kind="figure-small" />`:r`<${u} label=${t("model.version")} value=${t("model.none")} kind="figure-wide" />`}
      <${u} label=${t("model.asof")} value=${f(e.dataAt)} note=${E(e.ageSeconds)} kind=${n?"figure-small":"figure-wide"} />
    </dl>
    ${n&&!e.proven&&r`<p class="fine">${t("badge.paper.why")}</p>`}
    <${Ce} call=${e} />
  </section>`}var nn=6,Ae=(e,n)=>n===null?"\u2013":e.unit==="pct"?k(n,{digits:1,signed:!1}):h(n,1),Ne=({value:e,peers:n})=>e!==null&&n>2;function tn({figure:e}){let{name:n,value:s,median:a,lower:i,peers:o}=e,c=Ne(e),l=c?i/(o-1)*100:0,$=c?t("company.place",{lower:i,peers:o-1,median:Ae(e,a)}):s===null?t("company.unknown"):"";return r`<div class="gauge">
    <dt>${n}</dt><dd><b>${Ae(e,s)}</b>
    ${c&&r`<div class="gauge-scale" aria-hidden="true"><span style=${{left:`${l}%`}}></span></div>`}
    <p class="fine">${$}${$&&e.known_at&&r`<br />`}${e.known_at&&r`${t("company.since",{period:e.period,when:f(e.known_at,{withTime:!1})})}`}</p></dd>
  </div>`}function ze({secid:e,sector:n,at:s}){let a=`/instruments/${encodeURIComponent(e)}/fundamentals`,{data:i}=v(`company|${e}|${s}|${_.value}`,o=>O(a,{at:s},o));return!i||i.results.every(o=>o.value===null)?null:r`<section class="card card-wide"><h2>${t("company.title")}</h2>
    <p class="fine">${n&&i.results.some(Ne)?t("company.beside",{sector:le(n).toLowerCase()}):t("company.known")}</p>
    <dl class="gauges">${i.results.map(o=>r`<${tn} key=${o.metric} figure=${o} />`)}</dl>
  </section>`}var sn=(e,n)=>(n-Date.parse(e))/1e3,an=e=>/^https?:\/\//i.test(e||"");function rn({news:e,servedAt:n}){let s=e.direction>0?"up":e.direction<0?"down":"flat",a=e.title.replace(/\*\*|__/g,"").trim(),i=an(e.url)?r`<a href=${e.url} target="_blank" rel="noopener noreferrer">${a}</a>`:a;return r`<li><span class="news-mark text-${s}" role="img" aria-label=${t(`news.${s}`)}>${{up:"\u25B2",down:"\u25BC",flat:"\u25CF"}[s]}</span>
    <span><span lang=${e.language||void 0}>${i}</span><small class="fine">${E(sn(e.published_at,n))} · ${e.source}${typeof e.score=="number"?` \xB7 ${t("news.score",{n:Math.round(e.score)})}`:""}</small></span></li>`}function De({secid:e}){let n=v(`news|${e}|${_.value}`,s=>O("/news",{secid:e,page_size:nn},s),300);return n.problem&&n.problem.status===404?null:r`<section class="card"><h2>${t("news.title")}</h2>
    <${U} from=${n} heights=${[48,48]}>${s=>s.results.length?r`<ul class="news">${s.results.map(a=>r`<${rn} key=${a.id} news=${a} servedAt=${s.servedAt} />`)}</ul>`:r`<p class="fine">${t("news.none")}</p>`}<//>
  </section>`}var Ie={long:"SELL",short:"BUY"},W=e=>y(`member.${e}`)?t(`member.${e}`):e;function on(e,n,s){if(e.reasons.includes("setup_absent"))return t("council.absent");let a=n==="long"?"short":"long";if(e.action===Ie[n])return t(`council.other.${a}`,{p:b(e[`p_${a}`])});let i=e[`p_${n}`]-s;return t("council.gap",{gap:S(i)})}function ln({vote:e,side:n,needed:s}){let a=e.reasons.includes("setup_absent"),i=e[`p_${n}`],o=t("council.bar",{name:W(e.strategy),p:b(i),needed:b(s)});return r`<li class="member ${a?"member-absent":""}">
    <div class="member-head"><b>${W(e.strategy)}</b><span class="text-${a?"old":L(e.action)}"><span aria-hidden="true">${R[e.action]}</span> ${t(a?"council.silent":`action.${e.action}`)}</span></div>
    <div class="even-bar" role="img" aria-label=${o}>
      <div class="even-fill ${!a&&i>s?"fill-up":"fill-flat"}" style=${{width:`${i*100}%`}}></div>
      <div class="even-mark" style=${{left:`${s*100}%`}}></div></div>
    <div class="member-foot fine"><span>${on(e,n,s)}</span><span>${b(i)}</span></div>
  </li>`}function Fe({call:e}){let{votes:n,side:s}=e,a=e.break_even_probabilities;if(!n.length||!s||!a)return null;let i=n.filter(l=>l.action===Ie[s]).map(l=>W(l.strategy)),o=n.filter(l=>!l.reasons.includes("setup_absent")),c=o.filter(l=>l.action===(s==="long"?"BUY":"SELL")).length;return r`<section class="card"><h2>${t("council.title")}</h2>
    <p>${t(`council.count.${s}`,{n:o.length,agree:c})} ${i.length>0&&r`<b>${t("council.against",{names:i.join(", ")})}</b>`}</p>
    <ul class="members">${n.map(l=>r`<${ln} key=${l.strategy} vote=${l} side=${s} needed=${a[s]} />`)}</ul>
    <p class="fine">${t("council.key",{needed:b(a[s])})}</p>
  </section>`}var Ue=["3d","5d","10d"],M="1h",cn=36e5,$n=7200,un=5*86400,pn=["10m","1h","4h","1d","1w"],D=q(M);function dn({session:e}){if(!e)return null;let n=e.code?"ticker.open":"ticker.closed",s=e.until?f(e.until):"";return r`<p class="sub session ${e.code?"session-open":""}">${t(e.code?`session.${e.code}`:"session.none")}${s&&`, ${t(n,{until:s})}`}</p>`}function mn({last:e,servedAt:n,session:s}){let a=Math.min(Date.parse(e.begin)+cn,n),i=(n-a)/1e3,o=i>(s&&s.code?$n:un);return r`<p class="sub ${o?"price-old":""}">${o&&r`<span aria-hidden="true">◷ </span>`}${t("ticker.priced",{when:f(new Date(a).toISOString()),ago:E(i)})}</p>`}function Ye({secid:e,facts:n,last:s,change:a}){let i=n&&(n[`name_${_.value}`]||n.name_ru);return r`<div class="ticker-head">
    <${ne} />
    <div class="grow"><${ee}>${e}<//><p class="sub">${i||""}</p></div>
    ${s&&r`<div class="quote"><b>${m(s.close,n.decimals)}</b>
      <span class="text-${x(a)}">${a===null?"":`${a>0?"\u25B2":a<0?"\u25BC":"\u25CF"} ${k(a)}`}</span></div>`}
    <${me} secid=${e} />
  </div>`}async function fn(e,n,s){let i=(await J({timeframe:M,sector:n},s)).results.find(o=>o.secid===e);return{percent:i?i.change_pct:null}}function hn(e,n){let s=n?_e(n.results):[];return e?{levels:e.action==="BUY"||e.action==="SELL"?{entry:e.entry,takeProfit:e.take_profit,stopLoss:e.stop_loss,days:parseInt(e.horizon,10)}:null,cone:e.cone,turns:e.levels,from:Y(e.asOf),marks:s}:{levels:null,cone:[],turns:[],from:0,marks:s}}var Pe=(e,n)=>v(n&&`candles|${e}|${n}`,s=>X(e,{timeframe:n,limit:300},s),60);function gn({secid:e,facts:n,call:s,past:a,from:i}){let o=D.value,{data:c,problem:l,loading:$,reload:p}=i,g=F(()=>c&&$e(c.candles),[c]),I=F(()=>hn(s,a),[s,a]);return r`<section class="card card-chart" aria-label=${t("chart.title")}>
      <${H} label=${t("chart.timeframe")} value=${o} onChange=${d=>D.value=d} options=${pn.map(d=>[d,t(`timeframe.${d}`)])} />
      ${$&&r`<${T} heights=${[320]} />`}
      ${l&&!c&&r`<${z} problem=${l} onRetry=${p} />`}
      ${g&&!g.length&&r`<${re} title=${t("chart.empty")} text=${t("chart.empty.text")} />`}
      ${g&&g.length>0&&r`<${fe} bars=${g} picture=${I} decimals=${n.decimals}
        label=${t("chart.label",{secid:e,n:g.length,bars:t(`timeframe.${o}.bars`),price:m(g[g.length-1].close,n.decimals)})} />`}
    </section>`}function bn({secid:e,call:n}){let s=n&&n.action==="SELL"?"SELL":"BUY",[a,i]=[{tab:"portfolio",add:e},{tab:"coach",ticker:e,side:s}];return r`<div class="actions"><a class="button button-quiet" href=${A(a)} onClick=${N(a)}>${t("ticker.add")}</a>
    ${Z?r`<${oe} text=${t("ticker.check")} onPress=${()=>P(i)} />`:r`<a class="button" href=${A(i)} onClick=${N(i)}>${t("ticker.check")}</a>`}</div>`}function vn({call:e,facts:n,past:s}){let{decimals:a}=n;return r`<div class="column-why"><${Le} text=${e.explanation} /></div>
  <div class="column-more">
    <${Te} drivers=${e.drivers} side=${e.side} />
    <${Me} turns=${e.levels} price=${e.price} decimals=${a} />
    <${Re} regime=${e.regime} />
    <${ze} secid=${n.secid} sector=${n.sector} at=${e.stale?e.asOf:""} />
    <${De} secid=${n.secid} />
    <${Se} past=${s} />
    <${Be} call=${e} />
  </div>`}function kn({said:e,call:n,facts:s,horizon:a}){return r`${n&&n.stale&&r`<${ae} ...${n} expired=${n.expired&&n.action!=="NO_TRADE"} session=${s.session} />`}
    ${e.loading&&r`<${T} heights=${[240,120]} />`}
    ${e.problem&&(e.data?r`<${ie} problem=${e.problem} data=${e.data} onRetry=${e.reload} />`:r`<${z} problem=${e.problem} onRetry=${e.reload} />`)}
    ${n&&r`<${ge} call=${n} side=${ue(n)} decimals=${s.decimals} />
      <${bn} secid=${s.secid} call=${n} />
      <${Fe} call=${n} />
      <${Ee} scenarios=${n.scenarios} decimals=${s.decimals} horizon=${a} />
      <${Oe} call=${n} />`}`}function wn({facts:e,horizon:n}){let{secid:s}=e,a=v(`analysis|${s}|${n}|${_.value}`,d=>Q({secid:s,timeframe:M,horizon:n},d),60),i=F(()=>a.data&&ce(a.data),[a.data]),o=xe(s,n),c=Pe(s,D.value),l=Pe(s,D.value===M?null:M),$=D.value===M?c:l,p=v(`change|${s}`,d=>fn(s,e.sector,d),60);v(pe.value?null:"watchlist",de);let g=$.data&&$.data.candles[$.data.candles.length-1],I=d=>t("horizon.days",{n:parseInt(d,10)});return r`<main class="screen ticker" id="main">
    <div class="column-main">
      <${Ye} secid=${s} facts=${e} last=${g} change=${p.data?p.data.percent:null} />
      <div class="ticker-state">${e.is_simulated?r`<${te} kind="simulated" />`:r`<${dn} session=${e.session} />`}
        ${g&&r`<${mn} last=${g} servedAt=${$.data.servedAt} session=${e.session} />`}</div>
      <${gn} secid=${s} facts=${e} call=${i} past=${o.data} from=${c} />
    </div>
    <div class="column-side">
      <${H} label=${t("market.horizon")} value=${n} onChange=${d=>P({ticker:s,horizon:d},{replace:!0})}
        options=${Ue.map(d=>[d,I(d)])} />
      <${kn} said=${a} call=${i} facts=${e} horizon=${I(n)} />
    </div>
    ${i&&r`<${vn} call=${i} facts=${e} past=${o} />`}
  </main>`}function lt({ticker:e,horizon:n}){let s=v(`instrument|${e}`,i=>V(e,i),300);if(s.data)return r`<${wn} facts=${s.data} horizon=${Ue.includes(n)?n:"5d"} />`;let a=s.problem&&(s.problem.status===404?r`<${z} problem=${s.problem} onRetry=${()=>P({tab:"market"})} action=${t("ticker.to_market")} />`:r`<${z} problem=${s.problem} onRetry=${s.reload} />`);return r`<main class="screen" id="main"><${Ye} secid=${e} facts=${null} />
    ${s.problem?a:r`<${T} heights=${[24,360,240]} />`}</main>`}export{lt as TickerScreen};
