import{b as ie,c as z,d as oe,e as le,f as ce,h as $e,i as ue,j as pe}from"./chunk-M2DLYKEX.js";import{k as de}from"./chunk-6WUO6XO4.js";import"./chunk-PNADXKGI.js";import{$ as U,A as T,C as f,D as A,N as C,Q as Z,R as J,S as Q,T as I,V as h,Z as P,_ as D,b as L,ba as E,c as W,ca as y,d as j,da as R,e as N,ea as V,f as G,ga as X,h as r,i as q,ia as ee,ja as ne,ka as te,m as _,ma as B,na as se,oa as F,p as w,pa as ae,q as t,qa as O,r as v,ra as Y,sa as $,u as d,v as b,w as k,wa as re,x as g,y as S}from"./chunk-XDDM2FXL.js";var me=2*Math.PI*26,H=e=>e.action==="BUY"||e.action==="SELL";function Pe({value:e}){return r`<figure class="ring-box"><div class="ring" role="img" aria-label=${t("tile.confidence",{n:e})}>
    <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
      <circle class="ring-track" cx="32" cy="32" r="26" />
      <circle class="ring-value" cx="32" cy="32" r="26" stroke-dasharray=${`${me*e/100} ${me}`} />
    </svg>
    <span aria-hidden="true">${e}</span>
  </div><figcaption class="fine" aria-hidden="true">${t("call.confidence")}</figcaption></figure>`}function De({side:e,traded:n,decimals:s}){if(!e||e.breakEven===null||e.edge===null)return null;let a=(Number((e.p*100).toFixed(1))-Number((e.breakEven*100).toFixed(1)))/100,i=e.edge<=0?"none":n?"has":"untraded";return r`<div class="even">
    <div class="even-head"><span>${t(`call.p.${e.name}`)} <b>${g(e.p,1)}</b></span>
      <span>${t("call.needed")} <b>${k(e.breakEven,{digits:1})}</b></span></div>
    <div class="even-bar" role="img" aria-label=${t("call.even",{p:g(e.p,1),needed:k(e.breakEven,{digits:1})})}>
      <div class="even-fill ${i==="has"?"fill-up":"fill-flat"}" style=${{width:`${e.p*100}%`}}></div>
      <div class="even-mark" style=${{left:`${e.breakEven*100}%`}}></div>
    </div>
    <p class="even-note">${t(`call.edge.${i}`,{edge:S(a)})}</p>
    ${e.levels&&r`<p class="even-note">${t("call.p.levels",{target:v(e.levels.target,s),stop:d(e.levels.stop,s)})}</p>`}
  </div>`}function Ue({position:e}){if(!e)return null;if(!e.lots)return r`<${$} label=${t("call.size")} value=${t("call.size.none")} kind="figure-wide" />`;let n=t("call.size.shares",{n:e.shares,count:v(e.shares)});return r`<${$} label=${t("call.size")} value=${t("call.size.lots",{n:e.lots,count:v(e.lots)})}
    note=${t("call.size.risk",{shares:n,risk:b(e.risk_pct,{digits:2,signed:!1})})} kind="figure-wide" />`}function Ye({call:e,decimals:n}){if(!H(e))return null;let{entry:s}=e,a=o=>e.price&&o!==null?b((o/e.price-1)*100,{digits:1}):"",i=s.low===s.high?d(s.low,n):`${v(s.low,n)}\u2013${d(s.high,n)}`;return r`<dl class="figures">
    <${$} label=${t("call.entry")} value=${i} />
    <${$} label=${t("call.rr")} value=${typeof e.risk_reward=="number"?`1 : ${v(e.risk_reward,1)}`:"\u2013"} />
    <${$} label=${t("call.tp.long")} value=${d(e.take_profit,n)} note=${a(e.take_profit)} kind="mark-up" />
    <${$} label=${t("call.sl.long")} value=${d(e.stop_loss,n)} note=${a(e.stop_loss)} kind="mark-down" />
    <${$} label=${t("call.valid")} value=${f(e.valid_until)} note=${e.expired?t("call.expired"):""} kind="figure-wide" />
    <${Ue} position=${e.position} />
  </dl>`}function He({call:e}){return e.reasons.length?r`<ul class="reasons">${e.reasons.map(n=>r`<li><p>${w(`reason.${n}`)?t(`reason.${n}`):n}</p>
      ${!H(e)&&w(`change.${n}`)&&r`<p class="fine">${t("change.when",{what:t(`change.${n}`)})}</p>`}</li>`)}</ul>`:null}function fe({call:e,side:n,decimals:s}){let a=e.stale&&e.action!=="NO_TRADE",i=a?"old":R(e.action);return r`<section class="card call call-${i}" aria-labelledby="call-title">
    <div class="call-head">
      <div>
        <h2 id="call-title" class="call-action text-${i}"><span aria-hidden="true">${E[e.action]}</span> ${t(`action.${e.action}`)}</h2>
        <p class="sub">${a?t("call.was",{when:f(e.asOf)}):t(`action.${e.action}.means`)}</p>
      </div>
      ${typeof e.confidence=="number"&&r`<${Pe} value=${e.confidence} />`}
    </div>
    <${ne} origin=${e.origin} />
    <${He} call=${e} />
    <${Ye} call=${e} decimals=${s} />
    <${De} side=${n} traded=${H(e)} decimals=${s} />
  </section>`}var he=5,Ke=50,ve={take_profit:"\u2713",stop_loss:"\u2715",timeout:"\u25F7"};async function We(e,n,s){let a=await Promise.all(["BUY","SELL"].map(o=>C("/signals",{secid:e,horizon:n,signal:o,told:"true",page_size:Ke},s))),i=a.flatMap(o=>o.results).sort((o,l)=>Date.parse(l.as_of)-Date.parse(o.as_of));return{...a[0],results:i,isCut:a.some(o=>o.next)}}function ke(e,n){return h(`signals|${e}|${n}`,s=>We(e,n,s),300)}function we(e){return e.map(n=>({time:z(n.as_of),action:n.signal,text:n.outcome&&ve[n.outcome.result]||""})).reverse()}function je({row:e}){let{outcome:n}=e;return n?n.r===null?r`<span class="row-figures"><b>–</b><small>${t(`past.${n.result}`)}</small></span>`:r`<span class="row-figures"><b class="text-${y(n.r)}">${T(n.r)}</b>
    <small><span aria-hidden="true">${ve[n.result]||""}</span> ${t(`past.${n.result}`)}, ${b(n.return_net*100,{digits:1})}</small></span>`:r`<span class="row-figures"><b>–</b><small>${t("past.open")}</small></span>`}function Ge({row:e}){return r`<li class="past-row"><span class="pill fill-${R(e.signal)}"><span aria-hidden="true">${E[e.signal]}</span> <span class="pill-word">${t(`action.${e.signal}`)}</span></span>
    <span class="row-name"><b>${f(e.as_of,{withZone:!1})}</b><small>${[e.confidence!==null&&t("past.confidence",{n:e.confidence}),e.source!=="live"&&t(`past.source.${e.source}`),!e.proven&&t("past.paper")].filter(Boolean).join(", ")}</small></span>
    <${je} row=${e} /></li>`}function ye({past:e}){let[n,s]=L(!1);return r`<section class="card card-two"><h2>${t("past.title")}</h2>
    <${F} from=${e} heights=${[56,56,56]}>${a=>{let i=a.results,o=i.filter(u=>u.outcome&&u.outcome.r!==null);if(!i.length)return r`<p class="fine">${t("past.none")}</p>`;let l=o.reduce((u,m)=>u+m.outcome.r,0)/o.length,c=o.filter(u=>u.outcome.r>0).length;return r`<p>${o.length?t("past.sum",{n:o.length,won:c,mean:T(l)}):t("past.unended")}</p>
        <ul class="past">${(n?i:i.slice(0,he)).map(u=>r`<${Ge} key=${u.id} row=${u} />`)}</ul>
        ${i.length>he&&r`<button class="link" aria-expanded=${String(n)} onClick=${()=>s(!n)}>${t(n?"explanation.less":"past.all",{n:i.length})}</button>`}
        <p class="fine">${a.isCut?t("past.cut",{n:i.length}):""} ${t("past.few")}</p>`}}<//>
  </section>`}var ge=(e,n)=>e.value===null?"\u2013":n(e.value),be=(e,n)=>e.low===null||e.high===null?t("model.few"):t("model.interval",{low:n(e.low),high:n(e.high)});function qe(e){let[n,s]=L(!1);return W(()=>{let a=new IntersectionObserver(([i])=>i.isIntersecting&&s(!0),{rootMargin:"200px"});return a.observe(e.current),()=>a.disconnect()},[]),n}function xe({call:e}){let n=j(null);return r`<div ref=${n}>${qe(n)&&r`<${Ze} call=${e} />`}</div>`}function Ze({call:e}){let n=e.model?e.model.version:null,s={model_version:n,source:e.source,proven:e.proven?"true":"false",horizon:e.horizon},a=h(n&&`record|${Object.values(s).join("|")}`,o=>C("/track_record",s,o));if(a.loading)return r`<${O} heights=${[88]} />`;if(!a.data)return null;let{figures:i}=a.data;return i?r`<h3>${t("model.record",{n:i.trades})}</h3><dl class="figures">
    <${$} label=${t("model.hits")} value=${ge(i.hit_rate,o=>k(o,{digits:1}))} note=${be(i.hit_rate,o=>k(o))} />
    <${$} label=${t("model.needed")} value=${i.break_even===null?"\u2013":k(i.break_even,{digits:1})} />
    <${$} label=${t("model.expectancy")} value=${ge(i.expectancy_r,T)} note=${be(i.expectancy_r,T)} kind="figure-wide" />
  </dl>`:r`<p class="fine">${t("model.untold")}</p>`}var Je=5e-4;function _e({scenarios:e,decimals:n,horizon:s}){if(!e.length)return null;let a=Math.max(...e.map(l=>l.probability)),i=[...e].sort((l,c)=>(c.low??-1)-(l.low??-1)),o=({low:l,high:c})=>l===null?t("scenario.below",{high:d(c,n)}):c===null?t("scenario.above",{low:d(l,n)}):`${v(l,n)}\u2013${d(c,n)}`;return r`<section class="card"><h2>${t("scenario.title",{horizon:s})}</h2>
    <ul class="scenarios">${i.map(l=>r`<li><span class="scenario-name">${o(l)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{width:`${l.probability/a*100}%`}}></span></span>
        <b>${g(l.probability)}</b></li>`)}</ul></section>`}function Se({call:e}){return typeof e.expected_return!="number"?null:r`<section class="card"><h2>${t("expect.title")}</h2><dl class="figures">
    <${$} label=${t("expect.return")} value=${k(e.expected_return,{digits:1,signed:!0})} />
    <${$} label=${t("expect.volatility")} value=${k(e.expected_volatility,{digits:1})} />
  </dl></section>`}function Ce({regime:e}){if(!e)return null;let n=`regime.${e.name}`;return r`<section class="card"><h2>${t("regime.title")}</h2>
    <p class="lead">${w(n)?t(n):e.name} <small>${t("regime.sheet",{p:g(e.probability),since:f(e.since,{withTime:!1})})}</small></p>
    ${e.effect&&r`<p>${e.effect}</p>`}</section>`}function Ee({text:e}){let[n,s]=L(()=>window.matchMedia("(min-width: 960px)").matches),a=e.split(/\n+/).filter(Boolean);if(!a.length)return null;let i=n?a:a.slice(0,3);return r`<section class="card card-wide"><h2>${t("explanation.title")}</h2>
    ${i.map(o=>r`<p>${o}</p>`)}
    ${a.length>3&&r`<button class="link" aria-expanded=${String(n)} onClick=${()=>s(!n)}>${t(n?"explanation.less":"explanation.more")}</button>`}
  </section>`}function Re({drivers:e,side:n}){if(!n||!e.some(a=>Math.abs(a.effect)>=Je))return null;let s=Math.max(...e.map(a=>Math.abs(a.effect)),.001);return r`<section class="card"><h2>${t("drivers.title")}</h2>
    <p class="fine">${t(`drivers.${n}`)}</p>
    <ul class="drivers">${e.map(a=>r`<li><span class="driver-name">${w(`family.${a.family}`)?t(`family.${a.family}`):a.family}<small>${a.feature}</small></span>
        <span class="driver-bar" aria-hidden="true"><span class="driver-${y(a.effect)}" style=${{width:`${Math.abs(a.effect)/s*50}%`}}></span></span>
        <b class="text-${y(a.effect)}">${S(a.effect)}</b></li>`)}</ul></section>`}function Oe({turns:e,price:n,decimals:s}){if(!e.length||!n)return null;let a=[...e].sort((i,o)=>o.price-i.price);return r`<section class="card"><h2>${t("level.title")}</h2>
    <ul class="turns">${a.map(i=>r`<li><span><b>${d(i.price,s)}</b> <small>${b((i.price/n-1)*100,{digits:1})}</small></span>
        <span class="fine">${t(`level.${i.kind}`)} · ${t("level.touches",{n:i.touches})}</span></li>`)}</ul></section>`}function Le({call:e}){let{model:n}=e;return r`<section class="card card-wide model"><h2>${t("model.title")}</h2>
    <dl class="figures">
      ${n?r`<${$} label=${t("model.version")} value=${n.version} kind="figure-wide figure-small" />
            <${$} label=${t("model.until")} value=${f(n.trained_until,{withTime:!1})} kind="figure-small" />`:r`<${$} label=${t("model.version")} value=${t("model.none")} kind="figure-wide" />`}
      <${$} label=${t("model.asof")} value=${f(e.dataAt)} note=${A(e.ageSeconds)} kind=${n?"figure-small":"figure-wide"} />
    </dl>
    ${n&&!e.proven&&r`<p class="fine">${t("badge.paper.why")}</p>`}
    <${xe} call=${e} />
  </section>`}var Qe=6,Te=(e,n)=>n===null?"\u2013":e.unit==="pct"?b(n,{digits:1,signed:!1}):v(n,1);function Ve({figure:e}){let{name:n,value:s,median:a,lower:i,peers:o}=e,l=s!==null&&o>2,c=l?i/(o-1)*100:0,u=l?t("company.place",{lower:i,peers:o-1,median:Te(e,a)}):s===null?t("company.unknown"):"";return r`<div class="gauge">
    <dt>${n}</dt><dd><b>${Te(e,s)}</b>
    ${l&&r`<div class="gauge-scale" aria-hidden="true"><span style=${{left:`${c}%`}}></span></div>`}
    <p class="fine">${u}${u&&e.known_at&&r`<br />`}${e.known_at&&r`${t("company.since",{period:e.period,when:f(e.known_at,{withTime:!1})})}`}</p></dd>
  </div>`}function Me({secid:e,sector:n,at:s}){let a=`/instruments/${encodeURIComponent(e)}/fundamentals`,{data:i}=h(`company|${e}|${s}|${_.value}`,o=>C(a,{at:s},o));return!i||i.results.every(o=>o.value===null)?null:r`<section class="card card-wide"><h2>${t("company.title")}</h2>
    <p class="fine">${n?t("company.beside",{sector:ce(n).toLowerCase()}):t("company.known")}</p>
    <dl class="gauges">${i.results.map(o=>r`<${Ve} key=${o.metric} figure=${o} />`)}</dl>
  </section>`}var Xe=(e,n)=>(n-Date.parse(e))/1e3,en=e=>/^https?:\/\//i.test(e||"");function nn({news:e,servedAt:n}){let s=e.direction>0?"up":e.direction<0?"down":"flat",a=e.title.replace(/\*\*|__/g,"").trim(),i=en(e.url)?r`<a href=${e.url} target="_blank" rel="noopener noreferrer">${a}</a>`:a;return r`<li><span class="news-mark text-${s}" role="img" aria-label=${t(`news.${s}`)}>${{up:"\u25B2",down:"\u25BC",flat:"\u25CF"}[s]}</span>
    <span><span lang=${e.language||void 0}>${i}</span><small class="fine">${A(Xe(e.published_at,n))} · ${e.source}${typeof e.score=="number"?` \xB7 ${t("news.score",{n:Math.round(e.score)})}`:""}</small></span></li>`}function Ne({secid:e}){let n=h(`news|${e}|${_.value}`,s=>C("/news",{secid:e,page_size:Qe},s),300);return n.problem&&n.problem.status===404?null:r`<section class="card"><h2>${t("news.title")}</h2>
    <${F} from=${n} heights=${[48,48]}>${s=>s.results.length?r`<ul class="news">${s.results.map(a=>r`<${nn} key=${a.id} news=${a} servedAt=${s.servedAt} />`)}</ul>`:r`<p class="fine">${t("news.none")}</p>`}<//>
  </section>`}var Ae={long:"SELL",short:"BUY"},K=e=>w(`member.${e}`)?t(`member.${e}`):e;function tn(e,n,s){if(e.reasons.includes("setup_absent"))return t("council.absent");let a=n==="long"?"short":"long";if(e.action===Ae[n])return t(`council.other.${a}`,{p:g(e[`p_${a}`])});let i=e[`p_${n}`]-s;return t("council.gap",{gap:S(i)})}function sn({vote:e,side:n,needed:s}){let a=e.reasons.includes("setup_absent"),i=e[`p_${n}`],o=t("council.bar",{name:K(e.strategy),p:g(i),needed:g(s)});return r`<li class="member ${a?"member-absent":""}">
    <div class="member-head"><b>${K(e.strategy)}</b><span class="text-${a?"old":R(e.action)}"><span aria-hidden="true">${E[e.action]}</span> ${t(a?"council.silent":`action.${e.action}`)}</span></div>
    <div class="even-bar" role="img" aria-label=${o}>
      <div class="even-fill ${!a&&i>s?"fill-up":"fill-flat"}" style=${{width:`${i*100}%`}}></div>
      <div class="even-mark" style=${{left:`${s*100}%`}}></div></div>
    <div class="member-foot fine"><span>${tn(e,n,s)}</span><span>${g(i)}</span></div>
  </li>`}function Be({call:e}){let{votes:n,side:s}=e,a=e.break_even_probabilities;if(!n.length||!s||!a)return null;let i=n.filter(c=>c.action===Ae[s]).map(c=>K(c.strategy)),o=n.filter(c=>!c.reasons.includes("setup_absent")),l=o.filter(c=>c.action===(s==="long"?"BUY":"SELL")).length;return r`<section class="card"><h2>${t("council.title")}</h2>
    <p>${t(`council.count.${s}`,{n:o.length,agree:l})} ${i.length>0&&r`<b>${t("council.against",{names:i.join(", ")})}</b>`}</p>
    <ul class="members">${n.map(c=>r`<${sn} key=${c.strategy} vote=${c} side=${s} needed=${a[s]} />`)}</ul>
    <p class="fine">${t("council.key",{needed:g(a[s])})}</p>
  </section>`}var ze=["3d","5d","10d"],M="1h",an=["10m","1h","4h","1d","1w"],Fe=G(M);function rn({session:e}){if(!e)return null;let n=e.code?"ticker.open":"ticker.closed",s=e.until?f(e.until):"";return r`<p class="sub session ${e.code?"session-open":""}">${t(e.code?`session.${e.code}`:"session.none")}${s&&`, ${t(n,{until:s})}`}</p>`}function Ie({secid:e,facts:n,last:s,change:a}){let i=n&&(n[`name_${_.value}`]||n.name_ru);return r`<div class="ticker-head">
    <${X} />
    <div class="grow"><${V}>${e}<//><p class="sub">${i||""}</p></div>
    ${s&&r`<div class="quote"><b>${d(s.close,n.decimals)}</b>
      <span class="text-${y(a)}">${a===null?"":`${a>0?"\u25B2":a<0?"\u25BC":"\u25CF"} ${b(a)}`}</span></div>`}
    <${pe} secid=${e} />
  </div>`}async function on(e,n,s){let i=(await Z({timeframe:M,sector:n},s)).results.find(o=>o.secid===e);return{percent:i?i.change_pct:null}}function ln(e,n){let s=n?we(n.results):[];return e?{levels:e.action==="BUY"||e.action==="SELL"?{entry:e.entry,takeProfit:e.take_profit,stopLoss:e.stop_loss,days:parseInt(e.horizon,10)}:null,cone:e.cone,turns:e.levels,from:z(e.asOf),marks:s}:{levels:null,cone:[],turns:[],from:0,marks:s}}function cn({secid:e,facts:n,call:s,past:a}){let i=Fe.value,{data:o,problem:l,loading:c,reload:u}=h(`candles|${e}|${i}`,x=>I(e,{timeframe:i,limit:300},x),60),m=N(()=>o&&oe(o.candles),[o]),p=N(()=>ln(s,a),[s,a]);return r`<section class="card card-chart" aria-label=${t("chart.title")}>
      <${Y} label=${t("chart.timeframe")} value=${i} onChange=${x=>Fe.value=x} options=${an.map(x=>[x,t(`timeframe.${x}`)])} />
      ${c&&r`<${O} heights=${[320]} />`}
      ${l&&!o&&r`<${B} problem=${l} onRetry=${u} />`}
      ${m&&!m.length&&r`<${se} title=${t("chart.empty")} text=${t("chart.empty.text")} />`}
      ${m&&m.length>0&&r`<${de} bars=${m} picture=${p} decimals=${n.decimals}
        label=${t("chart.label",{secid:e,n:m.length,bars:t(`timeframe.${i}.bars`),price:d(m[m.length-1].close,n.decimals)})} />`}
    </section>`}function $n({secid:e,call:n}){let s=n&&n.action==="SELL"?"SELL":"BUY",[a,i]=[{tab:"portfolio",add:e},{tab:"coach",ticker:e,side:s}];return r`<div class="actions"><a class="button button-quiet" href=${P(a)} onClick=${U(a)}>${t("ticker.add")}</a>
    ${q?r`<${re} text=${t("ticker.check")} onPress=${()=>D(i)} />`:r`<a class="button" href=${P(i)} onClick=${U(i)}>${t("ticker.check")}</a>`}</div>`}function un({call:e,facts:n,past:s}){let{decimals:a}=n;return r`<div class="column-why"><${Ee} text=${e.explanation} /></div>
  <div class="column-more">
    <${Re} drivers=${e.drivers} side=${e.side} />
    <${Oe} turns=${e.levels} price=${e.price} decimals=${a} />
    <${Ce} regime=${e.regime} />
    <${Me} secid=${n.secid} sector=${n.sector} at=${e.stale?e.asOf:""} />
    <${Ne} secid=${n.secid} />
    <${ye} past=${s} />
    <${Le} call=${e} />
  </div>`}function pn({said:e,call:n,facts:s,horizon:a}){return r`${n&&n.stale&&r`<${te} ...${n} expired=${n.expired&&n.action!=="NO_TRADE"} />`}
    ${e.loading&&r`<${O} heights=${[240,120]} />`}
    ${e.problem&&(e.data?r`<${ae} problem=${e.problem} data=${e.data} onRetry=${e.reload} />`:r`<${B} problem=${e.problem} onRetry=${e.reload} />`)}
    ${n&&r`<${fe} call=${n} side=${le(n)} decimals=${s.decimals} />
      <${$n} secid=${s.secid} call=${n} />
      <${Be} call=${n} />
      <${_e} scenarios=${n.scenarios} decimals=${s.decimals} horizon=${a} />
      <${Se} call=${n} />`}`}function dn({facts:e,horizon:n}){let{secid:s}=e,a=h(`analysis|${s}|${n}|${_.value}`,p=>J({secid:s,timeframe:M,horizon:n},p),60),i=N(()=>a.data&&ie(a.data),[a.data]),o=ke(s,n),l=h(`candles|${s}|${M}`,p=>I(s,{timeframe:M,limit:300},p)),c=h(`change|${s}`,p=>on(s,e.sector,p),60);h($e.value?null:"watchlist",ue);let u=l.data&&l.data.candles[l.data.candles.length-1],m=p=>t("horizon.days",{n:parseInt(p,10)});return r`<main class="screen ticker" id="main">
    <div class="column-main">
      <${Ie} secid=${s} facts=${e} last=${u} change=${c.data?c.data.percent:null} />
      ${e.is_simulated?r`<${ee} kind="simulated" />`:r`<${rn} session=${e.session} />`}
      <${cn} secid=${s} facts=${e} call=${i} past=${o.data} />
    </div>
    <div class="column-side">
      <${Y} label=${t("market.horizon")} value=${n} onChange=${p=>D({ticker:s,horizon:p},{replace:!0})}
        options=${ze.map(p=>[p,m(p)])} />
      <${pn} said=${a} call=${i} facts=${e} horizon=${m(n)} />
    </div>
    ${i&&r`<${un} call=${i} facts=${e} past=${o} />`}
  </main>`}function Xn({ticker:e,horizon:n}){let s=h(`instrument|${e}`,a=>Q(e,a),300);return s.data?r`<${dn} facts=${s.data} horizon=${ze.includes(n)?n:"5d"} />`:r`<main class="screen" id="main"><${Ie} secid=${e} facts=${null} />
    ${s.problem?r`<${B} problem=${s.problem} onRetry=${s.reload} />`:r`<${O} heights=${[24,360,240]} />`}</main>`}export{Xn as TickerScreen};
